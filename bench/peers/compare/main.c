/* The C program that bench:compare runs beside the others: `main MECHANISM blocking|async|spinning`.
 * The protocol is that of protocol.mjs. Each side keeps a second, idle thread, as Deno has several:
 * the kernel then counts references to descriptors, which costs C as much as Deno. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "side.h"

enum { END, ROUND_TRIP, ONE_WAY };
enum { LARGEST_BYTES = 4 << 20, MOST_SLICES = 1 << 20 };

int is_async;
static struct channel channel;
static char data[LARGEST_BYTES], into[LARGEST_BYTES];
static double times[MOST_SLICES];

void fail(const char *what) {
  perror(what);
  exit(1);
}

void wait_for(int fd, short events) {
  struct pollfd wanted = {.fd = fd, .events = events};
  while (poll(&wanted, 1, -1) < 0)
    if (errno != EINTR) fail("poll");
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e9 + time.tv_nsec;
}

static double cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e9 +
         (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e3;
}

static void *idle(void *unused) {
  for (;;) pause();
  return unused;
}

static void add_idle_thread(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, idle, NULL) != 0) fail("pthread_create");
}

static void say(double first, double second, double third) {
  double order[] = {first, second, third};
  channel.send(order, sizeof order);
}

static double hear(double order[3]) {
  double none[3];
  if (order == NULL) order = none;
  channel.receive(order, ORDER_BYTES);
  return order[0];
}

static void configure(size_t size, int is_one_way) {
  if (channel.configure != NULL) channel.configure(size, is_one_way);
}

static void answer(void) {
  for (;;) {
    double order[3];
    if (channel.rest != NULL) channel.rest();
    int question = hear(order);
    size_t size = order[1];
    if (question == END) return;
    say(cpu(), 0, 0);
    configure(size, question == ONE_WAY);
    for (long left = order[2]; left > 0; left--) {
      channel.receive(into, size);
      if (question == ROUND_TRIP) channel.send(into, size);
    }
    configure(ORDER_BYTES, 0);
    say(cpu(), 0, 0);
  }
}

static int compare(const void *a, const void *b) {
  double difference = *(const double *)a - *(const double *)b;
  return (difference > 0) - (difference < 0);
}

static void measure(int question, size_t size, int slices, int per_slice) {
  say(question, size, (double)slices * per_slice);
  double far_before = hear(NULL), cpu_before = cpu();
  configure(size, question == ONE_WAY);
  double start = now();
  for (int slice = 0; slice < slices; slice++) {
    for (int i = 0; i < per_slice; i++) {
      channel.send(data, size);
      if (question == ROUND_TRIP) channel.receive(into, size);
    }
    times[slice] = now();
  }
  configure(ORDER_BYTES, 0);
  double far_after = hear(NULL), elapsed = now() - start;
  double used = cpu() - cpu_before + far_after - far_before;
  for (int slice = slices - 1; slice >= 0; slice--)
    times[slice] = (times[slice] - (slice > 0 ? times[slice - 1] : start)) / per_slice;
  qsort(times, slices, sizeof *times, compare);
  printf("%f %f %f %f\n", elapsed, times[(int)(0.5 * (slices - 1))],
         times[(int)(0.99 * (slices - 1))], used);
  fflush(stdout);
}

static const struct mechanism *find(const char *name) {
  const struct mechanism *tables[] = {DESCRIPTORS, QUEUES, MEMORIES};
  for (int i = 0; i < 3; i++)
    for (const struct mechanism *found = tables[i]; found->name != NULL; found++)
      if (strcmp(found->name, name) == 0) return found;
  fprintf(stderr, "no mechanism %s\n", name);
  exit(2);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  is_async = strcmp(argv[2], "async") == 0;
  const struct mechanism *mechanism = find(argv[1]);
  mechanism->make(argv[1]);
  memset(data, 1, sizeof data);
  memset(into, 2, sizeof into);
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) prctl(PR_SET_PDEATHSIG, SIGKILL);
  add_idle_thread();
  channel = mechanism->end(child != 0);
  configure(ORDER_BYTES, 0);
  if (child == 0) {
    answer();
    _exit(0);
  }
  printf("READY %d %d\n", getpid(), child);
  fflush(stdout);
  int question, slices, per_slice;
  size_t size;
  while (scanf("%d %zu %d %d", &question, &size, &slices, &per_slice) == 4)
    measure(question, size, slices, per_slice);
  say(END, 0, 0);
  waitpid(child, NULL, 0);
  return 0;
}
