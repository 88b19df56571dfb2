/*
 * POSIX queues and semaphores.
 *
 *   queue SIZE            sends and receives, without waiting
 *   semaphore             acquires and releases, without waiting
 *   queue-pingpong SIZE   two processes send and receive by turns
 *   semaphore-pingpong    two processes release and acquire by turns
 */
#include "measure.h"
#include <fcntl.h>
#include <mqueue.h>
#include <semaphore.h>

static mqd_t queues[2];
static sem_t *semaphores[2];
static size_t size = 64;
static char data[8192];

static const char *next_name(void) {
  static char name[64];
  static int count;
  snprintf(name, sizeof name, "/deno-ipc-bench-c-%d-%d", getpid(), count++);
  return name;
}

static mqd_t make_queue(void) {
  const char *name = next_name();
  struct mq_attr limits = {.mq_maxmsg = 4, .mq_msgsize = size};
  mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &limits);
  if (queue == -1) fail("mq_open");
  mq_unlink(name);
  return queue;
}

static sem_t *make_semaphore(unsigned value) {
  const char *name = next_name();
  sem_t *semaphore = sem_open(name, O_CREAT | O_EXCL, 0600, value);
  if (semaphore == SEM_FAILED) fail("sem_open");
  sem_unlink(name);
  return semaphore;
}

static void put(mqd_t queue) {
  if (mq_send(queue, data, size, 0) == -1) fail("mq_send");
}

static void get(mqd_t queue) {
  unsigned priority;
  if (mq_receive(queue, data, size, &priority) == -1) fail("mq_receive");
}

static void play_queue(long rounds) {
  struct timespec past = {0};
  unsigned priority;
  while (rounds-- > 0) {
    if (mq_timedsend(queues[0], data, size, 0, &past) == -1) fail("mq_timedsend");
    if (mq_timedreceive(queues[0], data, size, &priority, &past) == -1) fail("mq_timedreceive");
  }
}

static void play_semaphore(long rounds) {
  while (rounds-- > 0) {
    if (sem_trywait(semaphores[1]) == -1) fail("sem_trywait");
    if (sem_post(semaphores[1]) == -1) fail("sem_post");
  }
}

static void ping_queue(long rounds) {
  while (rounds-- > 0) {
    put(queues[0]);
    get(queues[1]);
  }
}

static void pong_queue(void) {
  for (;;) {
    get(queues[0]);
    put(queues[1]);
  }
}

static void ping_semaphore(long rounds) {
  while (rounds-- > 0) {
    sem_post(semaphores[0]);
    sem_wait(semaphores[1]);
  }
}

static void pong_semaphore(void) {
  for (;;) {
    sem_wait(semaphores[0]);
    sem_post(semaphores[1]);
  }
}

int main(int count, char **args) {
  if (count < 2) return fputs("posix queue SIZE | semaphore | ...-pingpong\n", stderr), 1;
  int is_queue = strncmp(args[1], "queue", 5) == 0, has_peer = strstr(args[1], "-") != NULL;
  if (count > 2) size = strtoul(args[2], NULL, 10);
  for (int i = 0; i < 2; i++) {
    if (is_queue) queues[i] = make_queue();
    else semaphores[i] = make_semaphore(!has_peer);
  }
  if (!has_peer) {
    add_idle_thread();
    measure(is_queue ? play_queue : play_semaphore);
    return 0;
  }
  if (fork_peer() == 0) (is_queue ? pong_queue : pong_semaphore)();
  measure(is_queue ? ping_queue : ping_semaphore);
  return 0;
}
