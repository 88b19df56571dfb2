/* The C side of bench/futex_pingpong.ts: two processes wake each other by turns through futex
 * words in shared memory. Prints nanoseconds per round trip. Each process keeps a second, idle
 * thread, as a Deno process does. */
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void *idle(void *unused) {
  for (;;) pause();
  return unused;
}

static void wait_while(atomic_int *word, int value) {
  while (atomic_load(word) == value) syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

static void set(atomic_int *word, int value) {
  atomic_store(word, value);
  syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void serve(atomic_int *ping, atomic_int *pong, int from, int to) {
  for (int i = from; i < to; i++) {
    set(ping, i + 1);
    wait_while(pong, i);
  }
}

static void answer(atomic_int *ping, atomic_int *pong, int rounds) {
  for (int i = 0; i < rounds; i++) {
    wait_while(ping, i);
    set(pong, i + 1);
  }
}

int main(int argc, char **argv) {
  int warm_up = atoi(argv[1]), rounds = atoi(argv[2]);
  atomic_int *words =
      mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  atomic_int *ping = words, *pong = words + 32;
  pid_t child = fork();
  pthread_t thread;
  pthread_create(&thread, NULL, idle, NULL);
  if (child == 0) {
    answer(ping, pong, warm_up + rounds);
    _exit(0);
  }
  serve(ping, pong, 0, warm_up);
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  serve(ping, pong, warm_up, warm_up + rounds);
  clock_gettime(CLOCK_MONOTONIC, &end);
  printf("%f\n", ((end.tv_sec - start.tv_sec) * 1e9 + end.tv_nsec - start.tv_nsec) / rounds);
  waitpid(child, NULL, 0);
  return 0;
}
