/*
 * What every program here does with its rounds: it reads how many to play, plays them, answers with
 * the nanoseconds that one took by the clock, and of CPU time, its peer's included, and reads on.
 * A second thread sleeps all the while, as those of the Deno runtime do: with one thread alone the
 * kernel spares the reference counts of descriptors (F33).
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static inline void fail(const char *what) {
  perror(what);
  exit(1);
}

static inline void *sleep_on(void *unused) {
  for (;;) pause();
  return unused;
}

static inline void add_idle_thread(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, sleep_on, NULL) != 0) fail("pthread_create");
}

static pid_t peer;

/* 0 in the peer, which ends with us. Both have their idle thread. */
static inline pid_t fork_peer(void) {
  peer = fork();
  if (peer == -1) fail("fork");
  if (peer == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == -1) fail("prctl");
  add_idle_thread();
  return peer;
}

static inline double read_clock(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1e9 + time.tv_nsec;
}

static inline double cpu_time(void) {
  clockid_t clock;
  double time = read_clock(CLOCK_PROCESS_CPUTIME_ID);
  if (peer > 0 && clock_getcpuclockid(peer, &clock) == 0) time += read_clock(clock);
  return time;
}

static inline void measure(void (*play)(long rounds)) {
  for (long rounds; scanf("%ld", &rounds) == 1;) {
    double cpu = cpu_time(), start = read_clock(CLOCK_MONOTONIC);
    play(rounds);
    double wall = read_clock(CLOCK_MONOTONIC) - start;
    printf("%.2f %.2f\n", wall / rounds, (cpu_time() - cpu) / rounds);
    fflush(stdout);
  }
}
