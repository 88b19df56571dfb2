/*
 * Makes one object of each of the six kinds, uses it, and keeps what can be kept: the segment
 * attached, the shared memory mapped, the queue open and asked to notify, the semaphore open. Says
 * READY SHMID MSGID SEMID, and removes all when a line comes.
 * usage: make_objects NAME MODE
 */
#include <fcntl.h>
#include <mqueue.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/msg.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRY(call) \
	do { \
		if ((long)(call) == -1) { \
			perror(#call); \
			exit(1); \
		} \
	} while (0)

int main(int arguments, char **args)
{
	char *name = args[1];
	mode_t mode = strtol(args[2], NULL, 8);
	struct {
		long type;
		char text[5];
	} message = { 7, "hello" };
	struct sembuf give = { 1, 2, 0 };
	struct mq_attr limits = { 0, 4, 100, 0 };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGURG };
	int segment, queue, set, memory;
	char *bytes;
	mqd_t box;

	umask(0);
	TRY(segment = shmget(IPC_PRIVATE, 5000, IPC_CREAT | mode | 0600));
	TRY(bytes = shmat(segment, NULL, 0));
	strcpy(bytes, "made by C");
	TRY(queue = msgget(IPC_PRIVATE, IPC_CREAT | mode | 0600));
	TRY(msgsnd(queue, &message, sizeof(message.text), 0));
	TRY(set = semget(IPC_PRIVATE, 3, IPC_CREAT | mode | 0600));
	TRY(semop(set, &give, 1));
	TRY(memory = shm_open(name, O_CREAT | O_EXCL | O_RDWR, mode));
	TRY(ftruncate(memory, 3000));
	TRY(bytes = mmap(NULL, 3000, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0));
	strcpy(bytes, "made by C too");
	close(memory);
	TRY(box = mq_open(name, O_CREAT | O_EXCL | O_RDWR, mode, &limits));
	TRY(mq_notify(box, &event));
	TRY(mq_send(box, "urgent", 6, 3)); /* takes the notification away, and so it asks again */
	TRY(mq_notify(box, &event));
	TRY(sem_open(name, O_CREAT | O_EXCL, mode, 3) == SEM_FAILED ? -1 : 0);
	if (mode == 0) {
		struct shmid_ds status = { .shm_perm = { .uid = getuid(), .gid = getgid() } };
		struct msqid_ds box_status = {
			.msg_perm = { .uid = getuid(), .gid = getgid() },
			.msg_qbytes = 16384,
		};
		struct semid_ds set_status = { .sem_perm = { .uid = getuid(), .gid = getgid() } };
		TRY(shmctl(segment, IPC_SET, &status));
		TRY(msgctl(queue, IPC_SET, &box_status));
		TRY(semctl(set, 0, IPC_SET, &set_status));
	}
	printf("READY %d %d %d\n", segment, queue, set);
	fflush(stdout);
	getchar();
	TRY(shmctl(segment, IPC_RMID, NULL));
	TRY(msgctl(queue, IPC_RMID, NULL));
	TRY(semctl(set, 0, IPC_RMID));
	TRY(shm_unlink(name));
	TRY(mq_unlink(name));
	TRY(sem_unlink(name));
	return 0;
}
