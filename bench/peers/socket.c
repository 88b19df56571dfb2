/* The same measurements as bench/socket_bench.ts, in C: prints nanoseconds per operation.
 * A second thread stands idle, as Deno has several: descriptor calls then count references. */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void *idle(void *unused) {
  (void)unused;
  pause();
  return NULL;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e9 + time.tv_nsec;
}

static void start_idle(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, idle, NULL);
}

static void echo(int fd, size_t size, long rounds) {
  char *data = malloc(size);
  while (rounds-- > 0) {
    if (recv(fd, data, size, 0) <= 0) exit(1);
    if (send(fd, data, size, MSG_NOSIGNAL) <= 0) exit(1);
  }
}

static void ping(int fd, size_t size, long rounds) {
  char *data = calloc(1, size);
  while (rounds-- > 0) {
    if (send(fd, data, size, MSG_NOSIGNAL) <= 0) exit(1);
    if (recv(fd, data, size, 0) <= 0) exit(1);
  }
}

static void together(int fds[2], size_t size, long rounds) {
  char *data = calloc(1, size);
  while (rounds-- > 0) {
    if (send(fds[0], data, size, MSG_DONTWAIT | MSG_NOSIGNAL) <= 0) exit(1);
    if (recv(fds[1], data, size, MSG_DONTWAIT) <= 0) exit(1);
  }
}

static void pour(int fd, size_t size, long rounds) {
  char *data = calloc(1, size);
  for (; rounds > 0; rounds--)
    for (size_t sent = 0; sent < size;) {
      ssize_t count = send(fd, data + sent, size - sent, MSG_NOSIGNAL);
      if (count <= 0) exit(1);
      sent += count;
    }
}

static void drain(int fd, size_t size, long rounds) {
  char *data = malloc(size);
  for (size_t left = size * rounds; left > 0;) {
    ssize_t count = recv(fd, data, left < size ? left : size, 0);
    if (count <= 0) exit(1);
    left -= count;
  }
}

int main(int argc, char **argv) {
  if (argc != 5) return fputs("socket MODE TYPE SIZE ROUNDS\n", stderr), 1;
  int type = strcmp(argv[2], "seqpacket") == 0 ? SOCK_SEQPACKET : SOCK_STREAM;
  size_t size = strtoul(argv[3], NULL, 10);
  long rounds = strtol(argv[4], NULL, 10);
  int fds[2];
  if (socketpair(AF_UNIX, type, 0, fds) == -1) return perror("socketpair"), 1;
  int is_pingpong = strcmp(argv[1], "pingpong") == 0;
  double start;
  if (strcmp(argv[1], "together") == 0) {
    start_idle();
    together(fds, size, rounds);
    start = now();
    together(fds, size, rounds);
    printf("%f\n", (now() - start) / rounds);
    return 0;
  }
  if (fork() == 0) {
    start_idle();
    close(fds[0]);
    for (int i = 0; i < 2; i++) (is_pingpong ? echo : drain)(fds[1], size, rounds);
    _exit(0);
  }
  start_idle();
  close(fds[1]);
  void (*play)(int, size_t, long) = is_pingpong ? ping : pour;
  play(fds[0], size, rounds);
  start = now();
  play(fds[0], size, rounds);
  if (!is_pingpong) wait(NULL);
  printf("%f\n", (now() - start) / rounds);
  return 0;
}
