/*
 * Attaches a segment in many processes: ID ORDER COUNT
 *
 * ORDER each: COUNT children attach. ORDER before: attaches, then forks COUNT children, who
 * inherit it. Says READY when all have; at its next line it lets the children go, says GONE,
 * and ends at the line after that.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  int id = atoi(argv[1]), count = atoi(argv[3]), ready[2];
  int before = strcmp(argv[2], "before") == 0;
  pid_t children[64];
  char line[16];
  if (pipe(ready) == -1 || count > 64) return 1;
  if (before && shmat(id, NULL, 0) == (void *)-1) return perror("shmat"), 1;
  for (int i = 0; i < count; i++) {
    children[i] = fork();
    if (children[i] == 0) {
      if (!before && shmat(id, NULL, 0) == (void *)-1) _exit(1);
      if (write(ready[1], "", 1) != 1) _exit(1);
      pause();
    }
  }
  for (int i = 0; i < count; i++)
    if (read(ready[0], line, 1) != 1) return 1;
  puts("READY");
  fflush(stdout);
  if (!fgets(line, sizeof line, stdin)) return 1;
  for (int i = 0; i < count; i++) kill(children[i], SIGKILL), waitpid(children[i], NULL, 0);
  puts("GONE");
  fflush(stdout);
  return fgets(line, sizeof line, stdin) ? 0 : 1;
}
