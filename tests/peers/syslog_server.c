/* A syslog server: prints facility, severity and text of each datagram. */

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static const char *const SEVERITIES[] = {"emerg", "alert", "crit", "err",
                                         "warning", "notice", "info", "debug"};

int main(int argc, char **argv) {
  (void)argc;
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, argv[1], sizeof(address.sun_path) - 1);
  if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == -1) return perror("bind"), 1;
  puts("READY");
  fflush(stdout);
  for (;;) {
    char line[2048];
    ssize_t length = recv(fd, line, sizeof(line) - 1, 0);
    if (length < 0) return perror("recv"), 1;
    line[length] = 0;
    int priority, start = 0;
    if (length == 0) puts("empty");
    else if (sscanf(line, "<%d>%n", &priority, &start) == 1 && priority / 8 == 1)
      printf("user.%s %s\n", SEVERITIES[priority % 8], line + start);
    else printf("? %s\n", line);
    fflush(stdout);
  }
}
