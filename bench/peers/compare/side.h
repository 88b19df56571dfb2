/* What the files of the C program share. */
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* One end of a mechanism: see protocol.mjs. Messages have as many bytes as the receiver expects. */
struct channel {
  void (*send)(const void *data, size_t size);
  void (*receive)(void *into, size_t size);
  void (*configure)(size_t size, int is_one_way); /* or NULL */
  void (*rest)(void);                             /* or NULL */
};

/* A mechanism: makes what both sides share, before the fork; then the end of one of them. */
struct mechanism {
  const char *name;
  void (*make)(const char *name);
  struct channel (*end)(int is_near);
};

extern const struct mechanism DESCRIPTORS[], QUEUES[], MEMORIES[];

/* Whether to wait in poll(2) for what is not ready, as an event loop does, not in the call itself. */
extern int is_async;

enum { ORDER_BYTES = 24 };

void fail(const char *what);
void wait_for(int fd, short events);
