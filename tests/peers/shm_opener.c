/*
 * Opens a POSIX object again and again and looks at its size at once: NAME SIZE
 * At its next line it says how often it saw the object, and how often half-made.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  long size = atol(argv[2]), seen = 0, half = 0;
  struct pollfd input = {.fd = 0, .events = POLLIN};
  puts("READY");
  fflush(stdout);
  while (poll(&input, 1, 0) == 0) {
    for (int i = 0; i < 100; i++) {
      int fd = shm_open(argv[1], O_RDWR, 0);
      if (fd == -1) continue;
      struct stat status;
      seen++;
      if (fstat(fd, &status) == -1 || status.st_size != size) half++;
      close(fd);
    }
  }
  printf("%ld %ld\n", seen, half);
  return 0;
}
