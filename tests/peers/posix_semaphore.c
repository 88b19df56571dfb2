/*
 * A C program that knows nothing of us, at one POSIX semaphore. One command a line, one line
 * back: `ok` or a value, or the name of the error number.
 *
 *   create NAME VALUE    open NAME    unlink NAME    value
 *   wait                 trywait      post COUNT
 */
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static sem_t *semaphore = SEM_FAILED;

static int answer(int result) {
  puts(result < 0 ? strerrorname_np(errno) : "ok");
  return 0;
}

static int use(sem_t *opened) {
  semaphore = opened;
  return answer(opened == SEM_FAILED ? -1 : 0);
}

static int post(long count) {
  for (long i = 0; i < count; i++) {
    if (sem_post(semaphore) < 0) return answer(-1);
    if (i % 50 == 49) usleep(2000); /* lets the waiters sleep */
  }
  return answer(0);
}

static int value(void) {
  int found;
  if (sem_getvalue(semaphore, &found) < 0) return answer(-1);
  return printf("%d\n", found);
}

static int obey(char *line) {
  char name[512];
  long n;
  if (sscanf(line, "create %511s %ld", name, &n) == 2)
    return use(sem_open(name, O_CREAT | O_EXCL, 0600, (unsigned)n));
  if (sscanf(line, "open %511s", name) == 1) return use(sem_open(name, 0));
  if (sscanf(line, "unlink %511s", name) == 1) return answer(sem_unlink(name));
  if (sscanf(line, "post %ld", &n) == 1) return post(n);
  if (strcmp(line, "wait\n") == 0) return answer(sem_wait(semaphore));
  if (strcmp(line, "trywait\n") == 0) return answer(sem_trywait(semaphore));
  if (strcmp(line, "value\n") == 0) return value();
  return printf("unknown command: %s", line);
}

int main(void) {
  char line[1024];
  setvbuf(stdout, NULL, _IOLBF, 0);
  puts("READY");
  while (fgets(line, sizeof line, stdin)) obey(line);
}
