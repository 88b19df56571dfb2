/*
 * A System V semaphore set as C sees it, told what to do by lines:
 *   op INDEX,DELTA,FLAGS ...   -> ok
 *   values                     -> VALUE ...
 *   waiters INDEX              -> FOR_INCREASE FOR_ZERO
 * A call that fails answers with the name of its error number.
 * usage: sysv_sem ID
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>

static void answer_op(int id, char *words)
{
	struct sembuf ops[1024];
	size_t count = 0;
	int index, delta, flags;

	for (char *word = strtok(words, " \n"); word != NULL; word = strtok(NULL, " \n")) {
		if (sscanf(word, "%i,%i,%i", &index, &delta, &flags) == 3)
			ops[count++] = (struct sembuf){index, delta, flags};
	}
	puts(semop(id, ops, count) == 0 ? "ok" : strerrorname_np(errno));
}

static void answer_values(int id)
{
	struct semid_ds status;
	unsigned short values[32000];

	semctl(id, 0, IPC_STAT, &status);
	semctl(id, 0, GETALL, values);
	for (unsigned long i = 0; i < status.sem_nsems; i++)
		printf("%hu ", values[i]);
	puts("");
}

int main(int count, char **args)
{
	int id = atoi(args[1]), index;
	static char line[1 << 16];

	setlinebuf(stdout);
	printf("READY %d\n", id);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (strncmp(line, "op ", 3) == 0)
			answer_op(id, line + 3);
		else if (sscanf(line, "waiters %d", &index) == 1)
			printf("%d %d\n", semctl(id, index, GETNCNT), semctl(id, index, GETZCNT));
		else
			answer_values(id);
	}
	return 0;
}
