/*
 * A System V message queue as C sees it, told what to do by lines:
 *   send TYPE HEX          -> ok
 *   recv TYPE SIZE FLAGS   -> TYPE HEX
 *   stat                   -> MESSAGES BYTES LAST_SENDER LAST_RECEIVER
 * A call that fails answers with the name of its error number. HEX is "-" for no bytes.
 * usage: sysv_msg KEY | sysv_msg id ID
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>
#include <unistd.h>

static struct {
	long type;
	unsigned char text[1 << 20];
} message;

static int failed(long result)
{
	if (result != -1)
		return 0;
	puts(strerrorname_np(errno));
	return 1;
}

static void answer_send(int id, const char *hex)
{
	size_t size = 0;
	for (; *hex != '-' && sscanf(hex, "%2hhx", &message.text[size]) == 1; hex += 2)
		size++;
	if (!failed(msgsnd(id, &message, size, 0)))
		puts("ok");
}

static void answer_recv(int id, long type, size_t size, int flags)
{
	ssize_t got = msgrcv(id, &message, size, type, flags);
	if (failed(got))
		return;
	printf("%ld ", message.type);
	for (ssize_t i = 0; i < got; i++)
		printf("%02x", message.text[i]);
	puts(got == 0 ? "-" : "");
}

static void answer_stat(int id)
{
	struct msqid_ds status;
	if (!failed(msgctl(id, IPC_STAT, &status)))
		printf("%lu %lu %d %d\n", status.msg_qnum, status.__msg_cbytes, status.msg_lspid,
		       status.msg_lrpid);
}

int main(int count, char **args)
{
	int id = count == 3 ? atoi(args[2]) : msgget(atoi(args[1]), IPC_CREAT | 0600);
	static char line[1 << 20], hex[1 << 20];
	size_t size;
	int flags;

	setlinebuf(stdout);
	printf("READY %d\n", id);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (sscanf(line, "send %ld %s", &message.type, hex) == 2)
			answer_send(id, hex);
		else if (sscanf(line, "recv %ld %zu %i", &message.type, &size, &flags) == 3)
			answer_recv(id, message.type, size, flags);
		else
			answer_stat(id);
	}
	return 0;
}
