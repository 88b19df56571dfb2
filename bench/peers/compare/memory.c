/* Messages through shared memory: the ring of ring.mjs, and four ways to wait at a gate. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "side.h"

enum { GATES = 4, WORDS_BYTES = 4096, AREA_BYTES = 16 << 20, MOST_SLOTS = 64 };

/* A gate counts what the other side has posted; `wait` takes one. Words stand on their own lines. */
struct words {
  _Alignas(256) atomic_int count;
  sem_t semaphore;
};
struct gate {
  struct words *words;
  int taken; /* of a count, or what is left of an event counter */
  int fd;
};

/* One direction, seen from one of its ends. */
struct lane {
  char *area;
  struct gate *items, *space;
  size_t size;
  int slots, next, has_flow;
  int owed; /* slots that the receiver has not said to be free again */
};

static struct gate gates[GATES];
static struct lane lanes[2], *out, *back;
static char *memory;
static void (*post)(struct gate *gate);
static void (*wait_at)(struct gate *gate);

/* Counts in steps of 2; the lowest bit says that the other side sleeps. Both in one word, because the
 * kernel compares it: a bit that was cleared in the last moment ends the sleep. */
enum { SLEEPS = 1, ONE = 2 };

static void post_futex(struct gate *gate) {
  int old = atomic_load(&gate->words->count);
  while (!atomic_compare_exchange_weak(&gate->words->count, &old, (old + ONE) & ~SLEEPS));
  if (old & SLEEPS) syscall(SYS_futex, &gate->words->count, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void wait_futex(struct gate *gate) {
  for (;;) {
    int seen = gate->taken;
    atomic_compare_exchange_strong(&gate->words->count, &seen, gate->taken | SLEEPS);
    if ((seen & ~SLEEPS) != gate->taken) break;
    syscall(SYS_futex, &gate->words->count, FUTEX_WAIT, gate->taken | SLEEPS, NULL, NULL, 0);
  }
  gate->taken += ONE;
}

static void post_spin(struct gate *gate) {
  atomic_fetch_add(&gate->words->count, 1);
}

static void wait_spin(struct gate *gate) {
  while (atomic_load(&gate->words->count) == gate->taken);
  gate->taken++;
}

static void rest_spin(void) {
  while (atomic_load(&gates[0].words->count) == gates[0].taken) usleep(1000);
}

static void post_semaphore(struct gate *gate) {
  sem_post(&gate->words->semaphore);
}

static void wait_semaphore(struct gate *gate) {
  while (sem_wait(&gate->words->semaphore) < 0)
    if (errno != EINTR) fail("sem_wait");
}

static void post_event(struct gate *gate) {
  uint64_t one = 1;
  if (write(gate->fd, &one, sizeof one) != sizeof one) fail("write");
}

static void wait_event(struct gate *gate) {
  uint64_t count;
  while (gate->taken == 0) {
    if (read(gate->fd, &count, sizeof count) == sizeof count) gate->taken = count;
    else if (errno == EAGAIN) wait_for(gate->fd, POLLIN);
    else if (errno != EINTR) fail("read");
  }
  gate->taken--;
}

static void configure_lane(struct lane *lane, size_t size, int has_flow) {
  for (; has_flow && lane->owed > 0; lane->owed--) wait_at(lane->space); /* they are there */
  lane->size = size;
  lane->slots = AREA_BYTES / size < MOST_SLOTS ? AREA_BYTES / size : MOST_SLOTS;
  lane->next = 0;
  lane->has_flow = has_flow;
}

static char *slot(struct lane *lane) {
  char *found = lane->area + lane->next * lane->size;
  if (++lane->next == lane->slots) lane->next = 0;
  return found;
}

static void configure(size_t size, int is_one_way) {
  configure_lane(&lanes[0], size, is_one_way); /* the second carries answers: never two at a time */
  configure_lane(&lanes[1], size, 0);
}

static void send_slot(const void *data, size_t size) {
  if (out->has_flow) {
    if (out->owed == out->slots) wait_at(out->space);
    else out->owed++;
  }
  memcpy(slot(out), data, size);
  post(out->items);
}

static void receive_slot(void *into, size_t size) {
  wait_at(back->items);
  memcpy(into, slot(back), size);
  if (back->has_flow) post(back->space);
}

static void make_memory(const char *name) {
  int flags = MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE;
  memory = mmap(NULL, WORDS_BYTES + 2 * AREA_BYTES, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (memory == MAP_FAILED) fail("mmap");
  for (int i = 0; i < GATES; i++) {
    gates[i].words = (struct words *)memory + i;
    if (sem_init(&gates[i].words->semaphore, 1, 0) < 0) fail("sem_init");
    gates[i].fd = eventfd(0, EFD_CLOEXEC | (is_async ? EFD_NONBLOCK : 0));
  }
  for (int i = 0; i < 2; i++) {
    lanes[i].area = memory + WORDS_BYTES + i * AREA_BYTES;
    lanes[i].items = &gates[2 * i];
    lanes[i].space = &gates[2 * i + 1];
  }
  post = strcmp(name, "futex") == 0       ? post_futex
         : strcmp(name, "spin") == 0      ? post_spin
         : strcmp(name, "semaphore") == 0 ? post_semaphore
                                          : post_event;
  wait_at = strcmp(name, "futex") == 0       ? wait_futex
            : strcmp(name, "spin") == 0      ? wait_spin
            : strcmp(name, "semaphore") == 0 ? wait_semaphore
                                             : wait_event;
}

static struct channel memory_end(int is_near) {
  out = &lanes[!is_near];
  back = &lanes[is_near];
  return (struct channel){
      .send = send_slot,
      .receive = receive_slot,
      .configure = configure,
      .rest = wait_at == wait_spin ? rest_spin : NULL,
  };
}

const struct mechanism MEMORIES[] = {
    {"futex", make_memory, memory_end},
    {"semaphore", make_memory, memory_end},
    {"eventfd", make_memory, memory_end},
    {"spin", make_memory, memory_end},
    {NULL, NULL, NULL},
};
