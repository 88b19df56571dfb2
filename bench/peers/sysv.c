/*
 * What bench/sysv_pairs.ts measures, in C: prints nanoseconds per operation. A second, idle thread
 * makes the kernel count references as it must for Deno, which has many.
 *
 * usage: sysv message SIZE | semaphore | message-pingpong | semaphore-pingpong, then WARM_UP ROUNDS
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct {
	long type;
	char text[8192];
} message = {1, ""};
static int size, warm_up, rounds, queue, set;

static void *idle(void *nothing)
{
	pause();
	return nothing;
}

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

static void message_once(void)
{
	msgsnd(queue, &message, size, IPC_NOWAIT);
	msgrcv(queue, &message, size, 0, IPC_NOWAIT);
}

static void operate(int index, int delta, int flags)
{
	struct sembuf operation = {index, delta, flags};
	semop(set, &operation, 1);
}

static void semaphore_once(void)
{
	operate(0, -1, IPC_NOWAIT | SEM_UNDO);
	operate(0, 1, IPC_NOWAIT | SEM_UNDO);
}

static void message_ping(void)
{
	message.type = 1;
	msgsnd(queue, &message, 64, 0);
	msgrcv(queue, &message, 64, 2, 0);
}

static void message_pong(void)
{
	msgrcv(queue, &message, 64, 1, 0);
	message.type = 2;
	msgsnd(queue, &message, 64, 0);
}

static void semaphore_ping(void)
{
	operate(0, 1, 0);
	operate(1, -1, 0);
}

static void semaphore_pong(void)
{
	operate(0, -1, 0);
	operate(1, 1, 0);
}

static void repeat(void (*once)(void), int times)
{
	for (int i = 0; i < times; i++)
		once();
}

static void measure(void (*once)(void), void (*peer)(void))
{
	pthread_t thread;
	pid_t child = peer == NULL ? 0 : fork();

	pthread_create(&thread, NULL, idle, NULL);
	if (peer != NULL && child == 0) {
		repeat(peer, warm_up + rounds);
		exit(0);
	}
	repeat(once, warm_up);
	double start = now();
	repeat(once, rounds);
	printf("%f\n", (now() - start) / rounds);
	if (peer != NULL)
		waitpid(child, NULL, 0);
}

int main(int count, char **args)
{
	const char *what = args[1];

	size = strcmp(what, "message") == 0 ? atoi(args[2]) : 0;
	warm_up = atoi(args[count - 2]);
	rounds = atoi(args[count - 1]);
	queue = msgget(IPC_PRIVATE, 0600);
	set = semget(IPC_PRIVATE, 2, 0600);
	if (strcmp(what, "message") == 0) {
		measure(message_once, NULL);
	} else if (strcmp(what, "semaphore") == 0) {
		operate(0, 1, 0);
		measure(semaphore_once, NULL);
	} else if (strcmp(what, "message-pingpong") == 0) {
		measure(message_ping, message_pong);
	} else {
		measure(semaphore_ping, semaphore_pong);
	}
	msgctl(queue, IPC_RMID, NULL);
	semctl(set, 0, IPC_RMID);
	return 0;
}
