/*
 * Pipes and FIFOs.
 *
 *   together KIND SIZE    one process writes and reads, without waiting
 *   pingpong KIND SIZE    two processes write and read by turns
 *   pour KIND SIZE        one writes, the other reads; it confirms when it has everything
 */
#include "measure.h"
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>

static int in, out;
static size_t size;
static char *data;

/* The reading end and the writing end of a pipe, or of a FIFO that has no name any more. */
static void open_ends(int is_fifo, int ends[2]) {
  if (!is_fifo) {
    if (pipe2(ends, O_CLOEXEC) == -1) fail("pipe2");
    return;
  }
  char folder[] = "/tmp/pipe-bench-XXXXXX", path[64];
  if (mkdtemp(folder) == NULL) fail("mkdtemp");
  snprintf(path, sizeof path, "%s/fifo", folder);
  if (mkfifo(path, 0600) == -1) fail("mkfifo");
  int both = open(path, O_RDWR);
  ends[0] = open(path, O_RDONLY);
  ends[1] = open(path, O_WRONLY);
  if (ends[0] == -1 || ends[1] == -1) fail("open");
  close(both);
  unlink(path);
  rmdir(folder);
}

static void put(const void *bytes, size_t length) {
  for (size_t sent = 0; sent < length;) {
    ssize_t count = write(out, (const char *)bytes + sent, length - sent);
    if (count <= 0) fail("write");
    sent += count;
  }
}

static ssize_t get(void *bytes, size_t length) {
  ssize_t count = read(in, bytes, length);
  if (count <= 0) fail("read");
  return count;
}

static void ping(long rounds) {
  while (rounds-- > 0) {
    put(data, size);
    get(data, size);
  }
}

static void echo(void) {
  for (;;) put(data, get(data, size));
}

static void pour(long rounds) {
  uint64_t total = size * rounds;
  put(&total, sizeof total);
  while (rounds-- > 0) put(data, size);
  get(data, 1);
}

static void drain(void) {
  for (;;) {
    uint64_t left;
    get(&left, sizeof left);
    while (left > 0) left -= get(data, left < size ? left : size);
    put("!", 1);
  }
}

int main(int count, char **args) {
  if (count != 4) return fputs("pipe together|pingpong|pour pipe|fifo SIZE\n", stderr), 1;
  int is_fifo = strcmp(args[2], "fifo") == 0, is_pour = strcmp(args[1], "pour") == 0;
  size = strtoul(args[3], NULL, 10);
  data = calloc(1, size);
  int there[2], back[2];
  open_ends(is_fifo, there);
  open_ends(is_fifo, back);
  in = there[0];
  out = there[1];
  if (strcmp(args[1], "together") == 0) {
    fcntl(in, F_SETFL, O_NONBLOCK);
    fcntl(out, F_SETFL, O_NONBLOCK);
    add_idle_thread();
    measure(ping);
    return 0;
  }
  if (fork_peer() == 0) {
    out = back[1];
    (is_pour ? drain : echo)();
  }
  in = back[0];
  measure(is_pour ? pour : ping);
  return 0;
}
