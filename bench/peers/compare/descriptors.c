/* Pipes, FIFOs and sockets. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "side.h"

/* For each side what it reads from and what it writes to. */
static int ins[2], outs[2];
static int in, out;

static void link_sides(int there[2], int back[2]) {
  ins[0] = there[0];
  outs[1] = there[1];
  ins[1] = back[0];
  outs[0] = back[1];
}

static void make_pipes(const char *name) {
  (void)name;
  int there[2], back[2];
  if (pipe2(there, O_CLOEXEC) < 0 || pipe2(back, O_CLOEXEC) < 0) fail("pipe2");
  link_sides(there, back);
}

static void open_fifo(const char *path, int ends[2]) {
  if (mkfifo(path, 0600) < 0) fail("mkfifo");
  int both = open(path, O_RDWR | O_CLOEXEC); /* so that no open waits for the other */
  ends[0] = open(path, O_RDONLY | O_CLOEXEC);
  ends[1] = open(path, O_WRONLY | O_CLOEXEC);
  if (ends[0] < 0 || ends[1] < 0) fail("open");
  close(both);
  unlink(path);
}

static void make_fifos(const char *name) {
  (void)name;
  char folder[] = "/tmp/deno-ipc-bench-XXXXXX", path[64];
  int there[2], back[2];
  if (mkdtemp(folder) == NULL) fail("mkdtemp");
  snprintf(path, sizeof path, "%s/fifo", folder);
  open_fifo(path, there);
  open_fifo(path, back);
  rmdir(folder);
  link_sides(there, back);
}

static void make_sockets(const char *name) {
  int type = strcmp(name, "stream") == 0      ? SOCK_STREAM
             : strcmp(name, "seqpacket") == 0 ? SOCK_SEQPACKET
                                              : SOCK_DGRAM;
  int pair[2];
  if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) < 0) fail("socketpair");
  ins[0] = outs[0] = pair[0];
  ins[1] = outs[1] = pair[1];
}

/* Whether a call that did nothing is to be tried again. */
static int waits(int fd, short events, const char *what) {
  if (errno == EAGAIN && is_async) wait_for(fd, events);
  else if (errno != EINTR) fail(what);
  return 1;
}

static void write_all(const void *data, size_t size) {
  for (size_t done = 0; done < size;) {
    ssize_t count = write(out, (const char *)data + done, size - done);
    if (count >= 0) done += count;
    else waits(out, POLLOUT, "write");
  }
}

static void read_all(void *into, size_t size) {
  for (size_t done = 0; done < size;) {
    ssize_t count = read(in, (char *)into + done, size - done);
    if (count == 0) exit(0); /* the other side has gone */
    if (count > 0) done += count;
    else waits(in, POLLIN, "read");
  }
}

static void send_message(const void *data, size_t size) {
  while (send(out, data, size, MSG_NOSIGNAL) < 0) waits(out, POLLOUT, "send");
}

static void receive_message(void *into, size_t size) {
  ssize_t count;
  while ((count = recv(in, into, size, 0)) < 0) waits(in, POLLIN, "recv");
  if (count == 0) exit(0); /* the other side has gone */
}

static void take_end(int is_near) {
  in = ins[!is_near];
  out = outs[!is_near];
  /* The ends of the other side go, for its death to be seen; those of a socket are one. */
  close(ins[is_near]);
  if (outs[is_near] != ins[is_near]) close(outs[is_near]);
  if (!is_async) return;
  fcntl(in, F_SETFL, fcntl(in, F_GETFL) | O_NONBLOCK);
  fcntl(out, F_SETFL, fcntl(out, F_GETFL) | O_NONBLOCK);
}

static struct channel byte_end(int is_near) {
  take_end(is_near);
  return (struct channel){.send = write_all, .receive = read_all};
}

static struct channel message_end(int is_near) {
  take_end(is_near);
  return (struct channel){.send = send_message, .receive = receive_message};
}

const struct mechanism DESCRIPTORS[] = {
    {"pipe", make_pipes, byte_end},
    {"fifo", make_fifos, byte_end},
    {"stream", make_sockets, byte_end},
    {"seqpacket", make_sockets, message_end},
    {"datagram", make_sockets, message_end},
    {NULL, NULL, NULL},
};
