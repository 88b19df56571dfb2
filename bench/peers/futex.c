/* Two processes wake each other by turns through futex words in shared memory. */
#include "measure.h"
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static atomic_int *ping, *pong;

static void wait_while(atomic_int *word, int value) {
  while (atomic_load(word) == value) syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

static void set(atomic_int *word, int value) {
  atomic_store(word, value);
  syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void serve(long rounds) {
  static int turn;
  for (; rounds > 0; rounds--, turn++) {
    set(ping, turn + 1);
    wait_while(pong, turn);
  }
}

static void answer(void) {
  for (int turn = 0;; turn++) {
    wait_while(ping, turn);
    set(pong, turn + 1);
  }
}

int main(void) {
  atomic_int *words =
      mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (words == MAP_FAILED) fail("mmap");
  ping = words;
  pong = words + 32;
  if (fork_peer() == 0) answer();
  measure(serve);
  return 0;
}
