/* Makes a POSIX object as C does, in two steps, with a pause between: NAME MILLISECONDS */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int fd = shm_open(argv[1], O_RDWR | O_CREAT | O_EXCL, 0600);
  if (fd == -1) return perror("shm_open"), 1;
  puts("READY");
  fflush(stdout);
  usleep(atoi(argv[2]) * 1000);
  if (ftruncate(fd, 4096) == -1) return perror("ftruncate"), 1;
  return 0;
}
