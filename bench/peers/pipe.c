/* The same measurements as bench/pipe_bench.ts, in C: prints nanoseconds per operation.
 * A second thread stands idle, as Deno has several: descriptor calls then count references. */

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

static void fail(const char *what) {
  perror(what);
  exit(1);
}

/* The reading end and the writing end of a pipe, or of a FIFO that has no name any more. */
static void open_ends(int is_fifo, int ends[2]) {
  if (!is_fifo) {
    if (pipe2(ends, O_CLOEXEC) == -1) fail("pipe2");
    return;
  }
  char folder[] = "/tmp/pipe-bench-XXXXXX", path[64];
  if (mkdtemp(folder) == NULL) fail("mkdtemp");
  snprintf(path, sizeof path, "%s/fifo", folder);
  if (mkfifo(path, 0600) == -1) fail("mkfifo");
  int both = open(path, O_RDWR);
  ends[0] = open(path, O_RDONLY);
  ends[1] = open(path, O_WRONLY);
  if (ends[0] == -1 || ends[1] == -1) fail("open");
  close(both);
  unlink(path);
  rmdir(folder);
}

static void together(int in, int out, size_t size, long rounds) {
  char *data = calloc(1, size);
  while (rounds-- > 0) {
    if (write(out, data, size) <= 0) fail("write");
    if (read(in, data, size) <= 0) fail("read");
  }
}

static void ping(int in, int out, size_t size, long rounds) {
  together(in, out, size, rounds);
}

static void echo(int in, int out, size_t size, long rounds) {
  char *data = calloc(1, size);
  while (rounds-- > 0) {
    if (read(in, data, size) <= 0) fail("read");
    if (write(out, data, size) <= 0) fail("write");
  }
}

static void pour(int in, int out, size_t size, long rounds) {
  char *data = calloc(1, size);
  (void)in;
  while (rounds-- > 0)
    for (size_t sent = 0; sent < size;) {
      ssize_t count = write(out, data + sent, size - sent);
      if (count <= 0) fail("write");
      sent += count;
    }
}

static void drain(int in, int out, size_t size, long rounds) {
  char *data = malloc(size);
  (void)out;
  for (size_t left = size * rounds; left > 0;) {
    ssize_t count = read(in, data, size);
    if (count <= 0) fail("read");
    left -= count;
  }
}

int main(int argc, char **argv) {
  if (argc != 5) return fputs("pipe MODE pipe|fifo SIZE ROUNDS\n", stderr), 1;
  int is_fifo = strcmp(argv[2], "fifo") == 0;
  size_t size = strtoul(argv[3], NULL, 10);
  long rounds = strtol(argv[4], NULL, 10);
  int there[2], back[2];
  open_ends(is_fifo, there);
  double start;
  if (strcmp(argv[1], "together") == 0) {
    fcntl(there[0], F_SETFL, O_NONBLOCK);
    fcntl(there[1], F_SETFL, O_NONBLOCK);
    start_idle();
    together(there[0], there[1], size, rounds);
    start = now();
    together(there[0], there[1], size, rounds);
    printf("%f\n", (now() - start) / rounds);
    return 0;
  }
  int is_pingpong = strcmp(argv[1], "pingpong") == 0;
  open_ends(is_fifo, back);
  if (fork() == 0) {
    start_idle();
    for (int i = 0; i < 2; i++) (is_pingpong ? echo : drain)(there[0], back[1], size, rounds);
    _exit(0);
  }
  start_idle();
  void (*play)(int, int, size_t, long) = is_pingpong ? ping : pour;
  play(back[0], there[1], size, rounds);
  start = now();
  play(back[0], there[1], size, rounds);
  if (!is_pingpong) wait(NULL);
  printf("%f\n", (now() - start) / rounds);
  return 0;
}
