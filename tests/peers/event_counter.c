/*
 * A peer that has event counters as descriptors 3 and 4, and does one of:
 *
 *   echo N      N times: takes from 3, adds twice as much to 4
 *   signals N   sends N times SIGUSR2 to its parent, a millisecond apart, then adds 7 to 3
 *   signal N    N times: makes the kernel add 1 to 3, which no limit stops
 */
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

static eventfd_t take(int fd) {
  struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
  eventfd_t count;
  while (eventfd_read(fd, &count) != 0)
    poll(&poll_fd, 1, -1);
  return count;
}

/* A read that is over tells the counter: eventfd_signal() in the kernel. */
static int signal_once(aio_context_t context) {
  int fd = open("/proc/self/exe", O_RDONLY);
  char byte;
  struct iocb read_byte = {.aio_lio_opcode = IOCB_CMD_PREAD,
                           .aio_fildes = fd,
                           .aio_buf = (unsigned long)&byte,
                           .aio_nbytes = 1,
                           .aio_flags = IOCB_FLAG_RESFD,
                           .aio_resfd = 3};
  struct iocb *list[] = {&read_byte};
  struct io_event event;
  return syscall(SYS_io_submit, context, 1L, list) == 1 &&
         syscall(SYS_io_getevents, context, 1L, 1L, &event, NULL) == 1;
}

int main(int argc, char **argv) {
  if (argc != 3)
    return 2;
  int rounds = atoi(argv[2]);
  if (strcmp(argv[1], "echo") == 0) {
    while (rounds-- > 0)
      if (eventfd_write(4, 2 * take(3)) != 0)
        return 1;
    return 0;
  }
  if (strcmp(argv[1], "signal") == 0) {
    aio_context_t context = 0;
    if (syscall(SYS_io_setup, 1, &context) != 0)
      return 3;
    while (rounds-- > 0)
      if (!signal_once(context))
        return 1;
    return 0;
  }
  while (rounds-- > 0) {
    usleep(1000);
    kill(getppid(), SIGUSR2);
  }
  return eventfd_write(3, 7) == 0 ? 0 : 1;
}
