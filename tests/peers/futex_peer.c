/*
 * Sleeps on and wakes words of a POSIX object, as any C program would: NAME COMMAND ARGS
 *
 * wait INDEX THREADS: says READY when so many threads are about to sleep while the word is 0,
 * and "woken" for each that was woken.
 * storm INDEX: wakes one waiter at a time, as often as it can; at its next line it says how
 * many it woke.
 * wake INDEX COUNT: wakes so many once the next line comes, and says how many it woke.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint32_t *word;

static long futex(int operation, uint32_t value) {
  return syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

static void *sleep_once(void *unused) {
  (void)unused;
  if (futex(FUTEX_WAIT, 0) == 0) puts("woken"), fflush(stdout);
  return NULL;
}

static int say_ready(void) {
  puts("READY");
  return fflush(stdout);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  int fd = shm_open(argv[1], O_RDWR, 0);
  char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (fd == -1 || memory == MAP_FAILED) return perror("open"), 1;
  word = (uint32_t *)memory + atoi(argv[3]);
  int number = argc > 4 ? atoi(argv[4]) : 0;
  char line[16];

  if (strcmp(argv[2], "wait") == 0) {
    pthread_t threads[64];
    for (int i = 0; i < number; i++) pthread_create(&threads[i], NULL, sleep_once, NULL);
    say_ready();
    for (int i = 0; i < number; i++) pthread_join(threads[i], NULL);
  } else if (strcmp(argv[2], "storm") == 0) {
    struct pollfd input = {.fd = 0, .events = POLLIN};
    long woken = 0;
    say_ready();
    while (poll(&input, 1, 0) == 0) woken += futex(FUTEX_WAKE, 1);
    printf("%ld\n", woken);
  } else {
    say_ready();
    if (fgets(line, sizeof line, stdin)) printf("%ld\n", futex(FUTEX_WAKE, number));
  }
  return 0;
}
