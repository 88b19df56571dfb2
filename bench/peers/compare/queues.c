/* POSIX and System V message queues. */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>
#include <unistd.h>

#include "side.h"

enum { LONGEST_BYTES = 8192, THERE = 1, BACK = 2 };

static mqd_t queues[2], from, to;
static int queue, received_type, sent_type;
static char whole[LONGEST_BYTES];
static struct {
  long type;
  char text[LONGEST_BYTES];
} message;

static void make_posix(const char *unused) {
  (void)unused;
  for (int i = 0; i < 2; i++) {
    char name[64];
    snprintf(name, sizeof name, "/deno-ipc-bench-c-%d-%d", getpid(), i);
    struct mq_attr limits = {.mq_maxmsg = 10, .mq_msgsize = LONGEST_BYTES};
    int flags = O_RDWR | O_CREAT | O_EXCL | (is_async ? O_NONBLOCK : 0);
    queues[i] = mq_open(name, flags, 0600, &limits);
    if (queues[i] < 0) fail("mq_open");
    mq_unlink(name);
  }
}

static void send_posix(const void *data, size_t size) {
  while (mq_send(to, data, size, 0) < 0) {
    if (errno == EAGAIN) wait_for(to, POLLOUT);
    else if (errno != EINTR) fail("mq_send");
  }
}

static void receive_posix(void *into, size_t size) {
  while (mq_receive(from, whole, sizeof whole, NULL) < 0) {
    if (errno == EAGAIN) wait_for(from, POLLIN);
    else if (errno != EINTR) fail("mq_receive");
  }
  if (size == ORDER_BYTES) memcpy(into, whole, size); /* payloads are used where they are */
}

static struct channel posix_end(int is_near) {
  to = queues[!is_near];
  from = queues[is_near];
  return (struct channel){.send = send_posix, .receive = receive_posix};
}

static void make_sysv(const char *unused) {
  (void)unused;
  queue = msgget(IPC_PRIVATE, 0600);
  if (queue < 0) fail("msgget");
}

static void send_sysv(const void *data, size_t size) {
  message.type = sent_type;
  memcpy(message.text, data, size);
  while (msgsnd(queue, &message, size, 0) < 0)
    if (errno != EINTR) fail("msgsnd");
}

static void receive_sysv(void *into, size_t size) {
  while (msgrcv(queue, &message, size, received_type, 0) < 0)
    if (errno != EINTR) fail("msgrcv");
  memcpy(into, message.text, size);
}

static void remove_queue(void) {
  msgctl(queue, IPC_RMID, NULL);
}

static struct channel sysv_end(int is_near) {
  sent_type = is_near ? THERE : BACK;
  received_type = is_near ? BACK : THERE;
  if (is_near) atexit(remove_queue);
  return (struct channel){.send = send_sysv, .receive = receive_sysv};
}

const struct mechanism QUEUES[] = {
    {"posix-queue", make_posix, posix_end},
    {"sysv-queue", make_sysv, sysv_end},
    {NULL, NULL, NULL},
};
