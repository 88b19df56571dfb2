/*
 * Shares memory with a test, knowing nothing of the library: KIND ROLE TARGET
 *
 * KIND: posix (TARGET a name), sysv (a key), file (a path), memfd (a path below /proc).
 * ROLE attach: says READY and the text it found, then writes the text of its next line at 100.
 * ROLE create: makes the object with the text "from C", says READY and where it is; says what
 * stands at 100 at its next line, and removes the object.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

enum { SIZE = 4096, REPLY_AT = 100 };

static const char *kind, *target;
static int id;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int is(const char *name) { return strcmp(kind, name) == 0; }

static char *map_fd(int fd) {
  if (fd == -1) die("open");
  char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) die("mmap");
  return memory;
}

static char *attach(void) {
  if (is("posix")) return map_fd(shm_open(target, O_RDWR, 0));
  if (!is("sysv")) return map_fd(open(target, O_RDWR));
  id = shmget(atoi(target), 0, 0);
  char *memory = shmat(id, NULL, 0);
  if (memory == (void *)-1) die("shmat");
  return memory;
}

static char *create(void) {
  if (is("sysv")) {
    id = shmget(atoi(target), SIZE, IPC_CREAT | IPC_EXCL | 0600);
    char *memory = shmat(id, NULL, 0);
    if (memory == (void *)-1) die("shmat");
    return memory;
  }
  int flags = O_RDWR | O_CREAT | O_EXCL;
  int fd = is("posix") ? shm_open(target, flags, 0600)
           : is("file") ? open(target, flags, 0600)
                        : memfd_create("from C", MFD_ALLOW_SEALING);
  if (fd == -1 || ftruncate(fd, SIZE) == -1) die("create");
  char path[64];
  if (is("memfd")) snprintf(path, sizeof path, "/proc/%d/fd/%d", getpid(), fd), target = strdup(path);
  return map_fd(fd);
}

static void detach(char *memory, int remove) {
  if (is("sysv")) {
    if (shmdt(memory) == -1) die("shmdt");
    if (remove && shmctl(id, IPC_RMID, NULL) == -1) die("shmctl");
  } else {
    if (munmap(memory, SIZE) == -1) die("munmap");
    if (remove && is("posix") && shm_unlink(target) == -1) die("shm_unlink");
  }
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  kind = argv[1], target = argv[3];
  int creates = strcmp(argv[2], "create") == 0;
  char *memory = creates ? create() : attach();
  if (creates) strcpy(memory, "from C");
  printf("READY %s\n", creates ? target : memory);
  fflush(stdout);
  char line[128];
  if (fgets(line, sizeof line, stdin) == NULL) return 1;
  line[strcspn(line, "\n")] = 0;
  if (creates) puts(memory + REPLY_AT);
  else strcpy(memory + REPLY_AT, line), puts("DONE");
  detach(memory, creates);
  return 0;
}
