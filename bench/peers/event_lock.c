/*
 * Event counters and file locks with nobody to wait for.
 *
 *   event     adds 1 to a counter, and takes it
 *   record    opens a file, takes and gives back an open-file-description lock, closes
 *   flock     the same with flock(2)
 */
#include "measure.h"
#include <fcntl.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/file.h>

static char path[] = "/tmp/lock-bench-XXXXXX";
static int event;

static void play_event(long rounds) {
  uint64_t count = 1;
  while (rounds-- > 0) {
    if (write(event, &count, sizeof count) != sizeof count) fail("write");
    if (read(event, &count, sizeof count) != sizeof count) fail("read");
  }
}

static void play_record(long rounds) {
  while (rounds-- > 0) {
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_SETLK, &lock) != 0) fail("lock");
    lock.l_type = F_UNLCK;
    if (fcntl(fd, F_OFD_SETLK, &lock) != 0 || close(fd) != 0) fail("unlock");
  }
}

static void play_flock(long rounds) {
  while (rounds-- > 0) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) fail("lock");
    if (flock(fd, LOCK_UN) != 0 || close(fd) != 0) fail("unlock");
  }
}

int main(int count, char **args) {
  if (count != 2) return fputs("event_lock event|record|flock\n", stderr), 1;
  if (close(mkstemp(path)) == -1) fail("mkstemp");
  event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  add_idle_thread();
  measure(strcmp(args[1], "event") == 0    ? play_event
          : strcmp(args[1], "record") == 0 ? play_record
                                           : play_flock);
  unlink(path);
  return 0;
}
