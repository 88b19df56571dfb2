/*
 * What our event counters and file locks do, in C: prints nanoseconds per round.
 *
 *   event N          N times: adds 1 to a counter, and takes it
 *   record N PATH    N times: opens a file, takes and gives back an open-file-description lock, closes
 *   flock N PATH     the same with flock(2)
 *
 * A second thread sleeps all the while, as the runtime's do: with one thread alone the kernel
 * spares the reference counts of descriptors (F33).
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

static void *sleep_on(void *unused) {
  pause();
  return unused;
}

static bool event_round(int fd) {
  uint64_t count = 1;
  return write(fd, &count, sizeof count) == sizeof count &&
         read(fd, &count, sizeof count) == sizeof count;
}

static bool record_round(const char *path) {
  int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  bool locked = fcntl(fd, F_OFD_SETLK, &lock) == 0;
  lock.l_type = F_UNLCK;
  return locked && fcntl(fd, F_OFD_SETLK, &lock) == 0 && close(fd) == 0;
}

static bool flock_round(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  return flock(fd, LOCK_EX | LOCK_NB) == 0 && flock(fd, LOCK_UN) == 0 && close(fd) == 0;
}

int main(int argc, char **argv) {
  if (argc < 3)
    return 2;
  pthread_t thread;
  if (pthread_create(&thread, NULL, sleep_on, NULL) != 0)
    return 3;
  int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  bool is_event = strcmp(argv[1], "event") == 0, is_record = strcmp(argv[1], "record") == 0;
  long rounds = atol(argv[2]);
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (long i = 0; i < rounds; i++)
    if (!(is_event ? event_round(fd) : is_record ? record_round(argv[3]) : flock_round(argv[3])))
      return 1;
  clock_gettime(CLOCK_MONOTONIC, &end);
  double ns = (end.tv_sec - start.tv_sec) * 1e9 + (end.tv_nsec - start.tv_nsec);
  printf("%.1f\n", ns / rounds);
  return 0;
}
