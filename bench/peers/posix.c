/* The C side of bench/posix_pairs.ts: `posix WHAT WARM_UP ROUNDS [BYTES]`. Prints nanoseconds per
 * round. Each process keeps a second, idle thread, as a Deno process does: descriptors then cost
 * a reference count. */
#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char buffer[8192];
static mqd_t queues[2];
static sem_t *semaphores[2];
static size_t bytes;

static void *idle(void *unused) {
  for (;;) pause();
  return unused;
}

static void add_idle_thread(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, idle, NULL);
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static mqd_t make_queue(void) {
  char name[64];
  static int count;
  sprintf(name, "/deno-ipc-bench-c-%d-%d", getpid(), count++);
  struct mq_attr limits = {.mq_maxmsg = 4, .mq_msgsize = bytes};
  mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &limits);
  if (queue == -1) fail("mq_open");
  mq_unlink(name);
  return queue;
}

static sem_t *make_semaphore(unsigned value) {
  char name[64];
  static int count;
  sprintf(name, "/deno-ipc-bench-c-%d-%d", getpid(), count++);
  sem_t *semaphore = sem_open(name, O_CREAT | O_EXCL, 0600, value);
  if (semaphore == SEM_FAILED) fail("sem_open");
  sem_unlink(name);
  return semaphore;
}

static void send_and_receive(int rounds) {
  struct timespec past = {0};
  unsigned priority;
  for (int i = 0; i < rounds; i++) {
    if (mq_timedsend(queues[0], buffer, bytes, 0, &past) < 0) fail("mq_timedsend");
    if (mq_timedreceive(queues[0], buffer, bytes, &priority, &past) < 0) fail("mq_timedreceive");
  }
}

static void acquire_and_release(int rounds) {
  for (int i = 0; i < rounds; i++) {
    if (sem_trywait(semaphores[0]) < 0) fail("sem_trywait");
    if (sem_post(semaphores[0]) < 0) fail("sem_post");
  }
}

static void serve_queue(int rounds) {
  unsigned priority;
  for (int i = 0; i < rounds; i++) {
    if (mq_send(queues[0], buffer, bytes, 0) < 0) fail("mq_send");
    if (mq_receive(queues[1], buffer, bytes, &priority) < 0) fail("mq_receive");
  }
}

static void answer_queue(int rounds) {
  unsigned priority;
  for (int i = 0; i < rounds; i++) {
    if (mq_receive(queues[0], buffer, bytes, &priority) < 0) fail("mq_receive");
    if (mq_send(queues[1], buffer, bytes, 0) < 0) fail("mq_send");
  }
}

static void serve_semaphore(int rounds) {
  for (int i = 0; i < rounds; i++) {
    sem_post(semaphores[0]);
    sem_wait(semaphores[1]);
  }
}

static void answer_semaphore(int rounds) {
  for (int i = 0; i < rounds; i++) {
    sem_wait(semaphores[0]);
    sem_post(semaphores[1]);
  }
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  const char *what = argv[1];
  int warm_up = atoi(argv[2]), rounds = atoi(argv[3]);
  bytes = argc > 4 ? atoi(argv[4]) : 64;
  void (*run)(int) = strcmp(what, "queue") == 0      ? send_and_receive
                     : strcmp(what, "semaphore") == 0 ? acquire_and_release
                     : strcmp(what, "queue-pong") == 0 ? serve_queue
                                                       : serve_semaphore;
  if (strncmp(what, "queue", 5) == 0) {
    queues[0] = make_queue();
    queues[1] = make_queue();
  } else {
    semaphores[0] = make_semaphore(strcmp(what, "semaphore") == 0);
    semaphores[1] = make_semaphore(0);
  }
  pid_t child = strstr(what, "-pong") ? fork() : -1;
  add_idle_thread();
  if (child == 0) {
    (run == serve_queue ? answer_queue : answer_semaphore)(warm_up + rounds);
    _exit(0);
  }
  run(warm_up);
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  run(rounds);
  clock_gettime(CLOCK_MONOTONIC, &end);
  printf("%f\n", ((end.tv_sec - start.tv_sec) * 1e9 + end.tv_nsec - start.tv_nsec) / rounds);
  if (child > 0) waitpid(child, NULL, 0);
  return 0;
}
