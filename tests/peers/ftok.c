/* Prints the key of a path and a project id: PATH ID */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  printf("%d\n", (int)ftok(argv[1], atoi(argv[2])));
  return 0;
}
