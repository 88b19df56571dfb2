/*
 * Signals with values, from and to a program that knows nothing of the library.
 *   send PID SIGNAL COUNT   waits for a line, then queues 0, 1, ... COUNT - 1
 *   receive COUNT           prints each signal that comes: number, code, pid, uid, value
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fail(const char *what) {
  perror(what);
  return 1;
}

static int send_all(pid_t pid, int signal, int count) {
  printf("READY\n");
  fflush(stdout);
  if (getchar() == EOF) return 1;
  for (int i = 0; i < count; i++) {
    while (sigqueue(pid, signal, (union sigval){.sival_int = i}) == -1) {
      if (errno != EAGAIN) return fail("sigqueue");
      sched_yield(); /* too many are pending */
    }
  }
  return 0;
}

static int receive_all(int count) {
  sigset_t set;
  siginfo_t info;
  sigfillset(&set);
  sigdelset(&set, SIGCONT);
  sigprocmask(SIG_BLOCK, &set, NULL);
  printf("READY\n");
  fflush(stdout);
  while (count-- > 0) {
    while (sigwaitinfo(&set, &info) == -1)
      if (errno != EINTR) return fail("sigwaitinfo"); /* stopped and continued */
    printf("%d %d %d %d %d %p\n", info.si_signo, info.si_code, info.si_pid, info.si_uid,
           info.si_value.sival_int, info.si_value.sival_ptr);
    fflush(stdout);
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 5 && strcmp(argv[1], "send") == 0)
    return send_all(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]));
  if (argc == 3 && strcmp(argv[1], "receive") == 0) return receive_all(atoi(argv[2]));
  return 2;
}
