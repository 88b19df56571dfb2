/* Opens a FIFO as C programs do, says READY, and does as it is told, line by line:
 *   write TEXT   writes it and answers "wrote N"
 *   read         answers "read N TEXT", or "end"
 *   close        closes the FIFO and answers "closed"
 * Usage: fifo_peer PATH r|w [late]   "late": says READY before it opens, and "open" after */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
  char line[8192], data[8192];
  setvbuf(stdout, NULL, _IOLBF, 0);
  int late = argc > 3;
  if (late) puts("READY");
  int fd = open(argv[1], *argv[2] == 'r' ? O_RDONLY : O_WRONLY);
  if (fd == -1) err(1, "open");
  puts(late ? "open" : "READY");
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = 0;
    if (strncmp(line, "write ", 6) == 0) {
      printf("wrote %zd\n", write(fd, line + 6, strlen(line + 6)));
    } else if (strcmp(line, "read") == 0) {
      ssize_t count = read(fd, data, sizeof data);
      if (count == 0) puts("end");
      else printf("read %zd %.*s\n", count, (int)count, data);
    } else if (strcmp(line, "close") == 0) {
      close(fd);
      puts("closed");
    }
  }
  return 0;
}
