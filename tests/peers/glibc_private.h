/* Where glibc keeps what its headers do not name, found by watching it change. */
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* Offset of the first 32-bit word that differs, or -1. */
static inline long first_difference(const void *a, const void *b, size_t size) {
  for (size_t at = 0; at < size; at += 4)
    if (memcmp((const char *)a + at, (const char *)b + at, 4) != 0) return (long)at;
  return -1;
}

static inline sem_t new_semaphore(int shared, unsigned value) {
  sem_t semaphore;
  memset(&semaphore, 0, sizeof semaphore);
  sem_init(&semaphore, shared, value);
  return semaphore;
}

static inline long sem_value_offset(void) {
  sem_t one = new_semaphore(1, 1), two = new_semaphore(1, 2);
  return first_difference(&one, &two, sizeof one);
}

static inline long sem_private_offset(void) {
  sem_t shared = new_semaphore(1, 1), private = new_semaphore(0, 1);
  return first_difference(&shared, &private, sizeof shared);
}

static inline void *wait_once(void *semaphore) {
  sem_wait(semaphore);
  return NULL;
}

static inline long sem_nwaiters_offset(void) {
  static sem_t semaphore;
  pthread_t waiter;
  long offset;
  semaphore = new_semaphore(1, 0);
  sem_t before = semaphore;
  pthread_create(&waiter, NULL, wait_once, &semaphore);
  while ((offset = first_difference(&before, &semaphore, sizeof before)) == -1) usleep(1000);
  sem_post(&semaphore);
  pthread_join(waiter, NULL);
  return offset;
}
