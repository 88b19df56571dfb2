/*
 * Locks a file for its whole life, and knows nothing of us:
 *
 *   hold KIND PATH MODE [START LENGTH]   says READY when it has the lock; ends with its input
 *   try KIND PATH MODE [START LENGTH]    says "locked" or "busy"
 *   signals KIND PATH N                  locks, adds 1 to the event counter 3, sends N times
 *                                        SIGUSR2 to its parent, a millisecond apart, and ends
 *
 * KIND is record (open file description), process (classic fcntl) or flock; MODE is exclusive
 * or shared.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <unistd.h>

static int lock(int fd, const char *kind, bool shared, bool waits, off_t start, off_t length) {
  if (strcmp(kind, "flock") == 0)
    return flock(fd, (shared ? LOCK_SH : LOCK_EX) | (waits ? 0 : LOCK_NB));
  struct flock range = {
      .l_type = shared ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
  if (strcmp(kind, "process") == 0)
    return fcntl(fd, waits ? F_SETLKW : F_SETLK, &range);
  return fcntl(fd, waits ? F_OFD_SETLKW : F_OFD_SETLK, &range);
}

int main(int argc, char **argv) {
  if (argc < 5)
    return 2;
  const char *action = argv[1], *kind = argv[2];
  int fd = open(argv[3], O_RDWR | O_CREAT, 0600);
  if (fd == -1)
    return 3;
  if (strcmp(action, "signals") == 0) {
    if (lock(fd, kind, false, true, 0, 0) != 0 || eventfd_write(3, 1) != 0)
      return 4;
    for (int rounds = atoi(argv[4]); rounds > 0; rounds--) {
      usleep(1000);
      kill(getppid(), SIGUSR2);
    }
    return 0;
  }
  bool shared = strcmp(argv[4], "shared") == 0, waits = strcmp(action, "hold") == 0;
  off_t start = argc > 6 ? atoll(argv[5]) : 0, length = argc > 6 ? atoll(argv[6]) : 0;
  if (lock(fd, kind, shared, waits, start, length) != 0) {
    if (errno != EAGAIN && errno != EACCES)
      return 4;
    puts("busy");
    return 0;
  }
  puts(waits ? "READY" : "locked");
  fflush(stdout);
  while (waits && getchar() != EOF)
    ;
  return 0;
}
