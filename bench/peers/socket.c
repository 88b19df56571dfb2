/*
 * Unix sockets.
 *
 *   together TYPE SIZE    one process sends and receives, without waiting
 *   pingpong TYPE SIZE    two processes send and receive by turns
 *   pour TYPE SIZE        one sends, the other receives; it confirms when it has everything
 *
 * TYPE "seqpacket-end" is a seqpacket whose receiver tells an empty message from the end, as ours
 * does: a timestamp comes with every message.
 */
#include "measure.h"
#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

static int here, there;
static size_t size;
static char *data;
static int flags, tells_end;

static void put(int fd, const void *bytes, size_t length) {
  for (size_t sent = 0; sent < length;) {
    ssize_t count = send(fd, (const char *)bytes + sent, length - sent, flags | MSG_NOSIGNAL);
    if (count <= 0) fail("send");
    sent += count;
  }
}

/* Whether count bytes are a message, be it empty, and not the end. */
static ssize_t get_message(int fd, void *bytes, size_t length, int *is_message) {
  char control[CMSG_SPACE(sizeof(struct timeval))];
  struct iovec vector = {bytes, length};
  struct msghdr message = {
      .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t count = recvmsg(fd, &message, flags);
  *is_message = message.msg_controllen > 0;
  return count;
}

static ssize_t get(int fd, void *bytes, size_t length) {
  int is_message = 0;
  ssize_t count =
      tells_end ? get_message(fd, bytes, length, &is_message) : recv(fd, bytes, length, flags);
  if (count < 0 || (count == 0 && !is_message)) fail("recv");
  return count;
}

static void together(long rounds) {
  while (rounds-- > 0) {
    put(here, data, size);
    get(there, data, size);
  }
}

static void ping(long rounds) {
  while (rounds-- > 0) {
    put(here, data, size);
    get(here, data, size);
  }
}

static void echo(void) {
  for (;;) put(there, data, get(there, data, size));
}

static void pour(long rounds) {
  uint64_t total = size * rounds;
  put(here, &total, sizeof total);
  while (rounds-- > 0) put(here, data, size);
  get(here, data, 1);
}

static void drain(void) {
  for (;;) {
    uint64_t left;
    get(there, &left, sizeof left);
    while (left > 0) left -= get(there, data, left < size ? left : size);
    put(there, "!", 1);
  }
}

static int type_of(const char *name) {
  if (strncmp(name, "seqpacket", strlen("seqpacket")) == 0) return SOCK_SEQPACKET;
  return strcmp(name, "datagram") == 0 ? SOCK_DGRAM : SOCK_STREAM;
}

int main(int count, char **args) {
  if (count != 4) {
    return fputs("socket together|pingpong|pour stream|seqpacket|seqpacket-end|datagram SIZE\n", stderr), 1;
  }
  int fds[2], is_pour = strcmp(args[1], "pour") == 0;
  size = strtoul(args[3], NULL, 10);
  data = calloc(1, size);
  if (socketpair(AF_UNIX, type_of(args[2]) | SOCK_CLOEXEC, 0, fds) == -1) fail("socketpair");
  tells_end = strcmp(args[2], "seqpacket-end") == 0;
  for (int i = 0; tells_end && i < 2; i++) {
    if (setsockopt(fds[i], SOL_SOCKET, SO_TIMESTAMP, &(int){1}, sizeof(int)) == -1) fail("option");
  }
  here = fds[0];
  there = fds[1];
  if (strcmp(args[1], "together") == 0) {
    flags = MSG_DONTWAIT;
    add_idle_thread();
    measure(together);
    return 0;
  }
  if (fork_peer() == 0) (is_pour ? drain : echo)();
  measure(is_pour ? pour : ping);
  return 0;
}
