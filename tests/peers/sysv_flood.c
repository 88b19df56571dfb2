/*
 * Sends COUNT messages to queue ID, in bursts with pauses of random length. Each is its number,
 * four bytes, under type 1 + number % 3.
 * usage: sysv_flood ID COUNT
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/msg.h>
#include <unistd.h>

int main(int arguments, char **args)
{
	int id = atoi(args[1]);
	uint32_t count = atoi(args[2]);
	struct {
		long type;
		uint32_t number;
	} message;

	setlinebuf(stdout);
	puts("READY");
	if (getchar() == EOF)
		return 1;
	for (message.number = 0; message.number < count; message.number++) {
		message.type = 1 + message.number % 3;
		if (msgsnd(id, &message, sizeof(message.number), 0) == -1) {
			perror("msgsnd");
			return 1;
		}
		if (rand() % 10 == 0)
			usleep(rand() % 300);
	}
	puts("sent");
	return 0;
}
