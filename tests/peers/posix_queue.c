/*
 * A C program that knows nothing of us, at one POSIX message queue. One command a line, one
 * line back: `ok` or a value, or the name of the error number.
 *
 *   create NAME MESSAGES BYTES    open NAME    unlink NAME    attributes
 *   send PRIORITY TEXT            receive      flood FIRST COUNT
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static mqd_t queue = -1;

static int answer(long result) {
  puts(result < 0 ? strerrorname_np(errno) : "ok");
  return 0;
}

static int create(const char *name, long messages, long bytes) {
  struct mq_attr limits = {.mq_maxmsg = messages, .mq_msgsize = bytes};
  return answer(queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &limits));
}

static int attributes(void) {
  struct mq_attr found;
  if (mq_getattr(queue, &found) < 0) return answer(-1);
  return printf("%ld %ld %ld\n", found.mq_maxmsg, found.mq_msgsize, found.mq_curmsgs);
}

static int receive(void) {
  static char text[1 << 16];
  unsigned priority;
  ssize_t length = mq_receive(queue, text, sizeof text, &priority);
  if (length < 0) return answer(-1);
  return printf("%u %.*s\n", priority, (int)length, text);
}

static int flood(long first, long count) {
  char text[32];
  for (long i = first; i < first + count; i++) {
    int length = sprintf(text, "%ld", i);
    if (mq_send(queue, text, length, i % 3) < 0) return answer(-1);
    if (i % 50 == 0) usleep(2000); /* lets the receivers wait */
  }
  return answer(0);
}

static int obey(char *line) {
  char name[512], text[512] = "";
  long a, b;
  if (sscanf(line, "create %511s %ld %ld", name, &a, &b) == 3) return create(name, a, b);
  if (sscanf(line, "open %511s", name) == 1) return answer(queue = mq_open(name, O_RDWR));
  if (sscanf(line, "unlink %511s", name) == 1) return answer(mq_unlink(name));
  if (sscanf(line, "send %ld %511[^\n]", &a, text) >= 1)
    return answer(mq_send(queue, text, strlen(text), a));
  if (sscanf(line, "flood %ld %ld", &a, &b) == 2) return flood(a, b);
  if (strcmp(line, "receive\n") == 0) return receive();
  if (strcmp(line, "attributes\n") == 0) return attributes();
  return printf("unknown command: %s", line);
}

int main(void) {
  char line[1024];
  setvbuf(stdout, NULL, _IOLBF, 0);
  puts("READY");
  while (fgets(line, sizeof line, stdin)) obey(line);
}
