/*
 * Creates and removes objects of all six kinds at full speed until it is killed or SECONDS have
 * passed. Any call that fails ends it with 1: nobody who only looks may be in its way.
 * usage: churn PREFIX SECONDS
 */
#include <fcntl.h>
#include <mqueue.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MODE 0614 /* which nothing else has */

#define TRY(call) \
	do { \
		if ((long)(call) == -1) { \
			perror(#call); \
			exit(1); \
		} \
	} while (0)

static void system_v(void)
{
	int segment, queue, set;

	TRY(segment = shmget(IPC_PRIVATE, 5000, IPC_CREAT | MODE));
	TRY(queue = msgget(IPC_PRIVATE, IPC_CREAT | MODE));
	TRY(set = semget(IPC_PRIVATE, 3, IPC_CREAT | MODE));
	TRY(shmctl(segment, IPC_RMID, NULL));
	TRY(msgctl(queue, IPC_RMID, NULL));
	TRY(semctl(set, 0, IPC_RMID));
}

static void posix(const char *name)
{
	struct mq_attr limits = { 0, 2, 50, 0 };
	int memory;
	mqd_t queue;
	sem_t *semaphore;

	TRY(memory = shm_open(name, O_CREAT | O_EXCL | O_RDWR, MODE));
	TRY(ftruncate(memory, 3000));
	TRY(close(memory));
	TRY(memory = shm_open(name, O_RDWR, 0));
	TRY(close(memory));
	TRY(shm_unlink(name));
	TRY(queue = mq_open(name, O_CREAT | O_EXCL | O_RDWR, MODE, &limits));
	TRY(mq_close(queue));
	TRY(queue = mq_open(name, O_RDWR));
	TRY(mq_close(queue));
	TRY(mq_unlink(name));
	TRY((semaphore = sem_open(name, O_CREAT | O_EXCL, MODE, 7)) == SEM_FAILED ? -1 : 0);
	TRY(sem_close(semaphore));
	TRY(sem_unlink(name));
}

int main(int arguments, char **args)
{
	time_t end = time(NULL) + atoi(args[2]);
	unsigned long rounds = 0;
	char name[200];

	umask(0);
	puts("READY");
	fflush(stdout);
	while (time(NULL) < end) {
		snprintf(name, sizeof(name), "%s-%lu", args[1], rounds++ % 5);
		system_v();
		posix(name);
	}
	printf("%lu\n", rounds);
	return 0;
}
