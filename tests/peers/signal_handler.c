/*
 * Installs a signal handler given as machine code, and prints what it does.
 * Arguments: the bytes in hexadecimal, the offset of the entry, the descriptor and the address of
 * the data that the code has in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_CODE 4096
#define THREADS 4
#define SIGNALS_PER_THREAD 1000

struct data {
  atomic_int is_live;
  atomic_int lost;
  void *next;
};

static int reader;
static volatile siginfo_t seen;
static volatile int seen_signal, seen_context, seen_count;

static void previous(int signal, siginfo_t *info, void *context) {
  seen_signal = signal;
  seen = *info;
  seen_context = context != NULL;
  seen_count++;
}

static void require(int condition, const char *what) {
  if (condition) return;
  printf("FAILED: %s (errno %d)\n", what, errno);
  exit(1);
}

/* Records that wait in the pipe; the last one goes to `info`. */
static int records(siginfo_t *info) {
  int count = 0;
  ssize_t length;
  while ((length = read(reader, info, sizeof *info)) > 0) {
    require(length == sizeof *info, "a record is whole");
    count++;
  }
  return count;
}

static void queue(int value) {
  errno = 1234;
  require(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = value}) == 0, "sigqueue");
  require(errno == 1234, "errno is kept");
}

static void *storm(void *unused) {
  for (int i = 0; i < SIGNALS_PER_THREAD; i++) pthread_kill(pthread_self(), SIGRTMIN);
  return unused;
}

int main(int argc, char **argv) {
  require(argc == 5, "four arguments");
  int writer = atoi(argv[3]);
  size_t length = strlen(argv[1]) / 2;
  void *wanted = (void *)strtoul(argv[4], NULL, 0);
  struct data *data = mmap(wanted, 4096, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  require(data == wanted, "the data is where the code looks for it");
  unsigned char *code =
      mmap(NULL, MAX_CODE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (size_t i = 0; i < length; i++) sscanf(argv[1] + 2 * i, "%2hhx", &code[i]);
  require(mprotect(code, MAX_CODE, PROT_READ | PROT_EXEC) == 0, "mprotect");

  int ends[2];
  require(pipe2(ends, O_NONBLOCK) == 0, "pipe2");
  reader = ends[0];
  require(dup2(ends[1], writer) == writer, "dup2");

  data->is_live = 1;
  data->next = code; /* returns */
  struct sigaction action = {.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
  *(void **)&action.sa_sigaction = code + atoi(argv[2]);
  require(sigaction(SIGRTMIN, &action, NULL) == 0, "sigaction");

  siginfo_t info;
  queue(42);
  require(records(&info) == 1, "one signal, one record");
  require(info.si_signo == SIGRTMIN && info.si_code == SI_QUEUE, "signal and code");
  require(info.si_pid == getpid() && info.si_value.sival_int == 42, "pid and value");
  printf("writes what it is given\n");

  *(void (**)(int, siginfo_t *, void *))&data->next = previous;
  queue(43);
  require(records(&info) == 1 && info.si_value.sival_int == 43, "it writes");
  require(seen_count == 1 && seen_signal == SIGRTMIN && seen_context, "it goes on");
  require(seen.si_value.sival_int == 43, "with the same siginfo");
  printf("goes on to the handler before it\n");

  data->is_live = 0;
  queue(44);
  require(records(&info) == 0 && seen_count == 2, "it only goes on");
  require(seen.si_value.sival_int == 44, "with the same siginfo");
  printf("writes nothing when it is not live\n");

  data->is_live = 1;
  int sent = 0;
  while (data->lost == 0) queue(sent++);
  queue(sent++);
  queue(sent++);
  require(data->lost == 3, "three are lost");
  require(records(&info) == sent - 3 && info.si_value.sival_int == sent - 4, "the rest is there");
  require(seen_count == 2 + sent, "it goes on with a full pipe");
  printf("counts what finds the pipe full\n");

  data->lost = 0;
  data->next = code;
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, storm, NULL);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  require(records(&info) + data->lost == THREADS * SIGNALS_PER_THREAD, "all are counted");
  printf("loses no count on four threads\n");
}
