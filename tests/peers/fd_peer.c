/* Connects to a seqpacket listener; answers each message with as many descriptors as it brought. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { MOST = 253 };

static union {
  char bytes[CMSG_SPACE(MOST * sizeof(int))];
  struct cmsghdr align;
} control;

int main(int argc, char **argv) {
  (void)argc;
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, argv[1], sizeof(address.sun_path) - 1);
  if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == -1) return perror("connect"), 1;
  puts("READY");
  fflush(stdout);
  for (;;) {
    char data[16];
    struct iovec vector = {data, sizeof(data)};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof(control.bytes);
    ssize_t length = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    if (length <= 0) return 0;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header == NULL || header->cmsg_type != SCM_RIGHTS) return fputs("no fds\n", stderr), 1;
    int count = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    int fds[MOST];
    memcpy(fds, CMSG_DATA(header), count * sizeof(int));
    struct stat status;
    fstat(fds[count - 1], &status);
    printf("%d of size %ld\n", count, (long)status.st_size);
    fflush(stdout);
    vector.iov_base = "back";
    vector.iov_len = 4;
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    if (sendmsg(fd, &message, 0) != 4) return perror("sendmsg"), 1;
    for (int i = 0; i < count; i++) close(fds[i]);
  }
}
