/*
 * System V queues and semaphores.
 *
 *   message SIZE          sends and receives, without waiting
 *   semaphore             down and up with undo, without waiting
 *   message-pingpong      two processes send and receive 64 bytes by turns
 *   semaphore-pingpong    two processes release and acquire by turns
 */
#include "measure.h"
#include <sys/msg.h>
#include <sys/sem.h>

static struct {
  long type;
  char text[8192];
} message = {1, ""};
static size_t size = 64;
static int queue, set;

static void put(long type, int flags) {
  message.type = type;
  if (msgsnd(queue, &message, size, flags) == -1) fail("msgsnd");
}

static void get(long type, int flags) {
  if (msgrcv(queue, &message, size, type, flags) == -1) fail("msgrcv");
}

static void operate(int index, int delta, int flags) {
  struct sembuf operation = {index, delta, flags};
  if (semop(set, &operation, 1) == -1) fail("semop");
}

static void play_message(long rounds) {
  while (rounds-- > 0) {
    put(1, IPC_NOWAIT);
    get(0, IPC_NOWAIT);
  }
}

static void play_semaphore(long rounds) {
  while (rounds-- > 0) {
    operate(0, -1, IPC_NOWAIT | SEM_UNDO);
    operate(0, 1, IPC_NOWAIT | SEM_UNDO);
  }
}

static void ping_message(long rounds) {
  while (rounds-- > 0) {
    put(1, 0);
    get(2, 0);
  }
}

static void pong_message(void) {
  for (;;) {
    get(1, 0);
    put(2, 0);
  }
}

static void ping_semaphore(long rounds) {
  while (rounds-- > 0) {
    operate(0, 1, 0);
    operate(1, -1, 0);
  }
}

static void pong_semaphore(void) {
  for (;;) {
    operate(0, -1, 0);
    operate(1, 1, 0);
  }
}

int main(int count, char **args) {
  if (count < 2) return fputs("sysv message SIZE | semaphore | ...-pingpong\n", stderr), 1;
  int is_message = strncmp(args[1], "message", 7) == 0, has_peer = strstr(args[1], "-") != NULL;
  if (count > 2) size = strtoul(args[2], NULL, 10);
  queue = msgget(IPC_PRIVATE, 0600);
  set = semget(IPC_PRIVATE, 2, 0600);
  if (queue == -1 || set == -1) fail("get");
  if (!has_peer) {
    operate(0, 1, 0);
    add_idle_thread();
    measure(is_message ? play_message : play_semaphore);
  } else {
    if (fork_peer() == 0) (is_message ? pong_message : pong_semaphore)();
    measure(is_message ? ping_message : ping_semaphore);
    kill(peer, SIGKILL);
  }
  msgctl(queue, IPC_RMID, NULL);
  semctl(set, 0, IPC_RMID);
  return 0;
}
