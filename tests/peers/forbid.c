/*
 * Runs a command under a seccomp filter, as a container's: each named call fails with an error
 * number. MSG_COPY stands for msgrcv with that flag.
 * usage: forbid ERRNO CALL,CALL... COMMAND...
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *name;
	int number;
} CALLS[] = {
	{ "shmctl", SYS_shmctl },
	{ "msgctl", SYS_msgctl },
	{ "semctl", SYS_semctl },
	{ "mq_open", SYS_mq_open },
	{ "io_uring_setup", SYS_io_uring_setup },
	{ "MSG_COPY", SYS_msgrcv },
};

int main(int arguments, char **args)
{
	struct sock_filter code[64];
	unsigned action = SECCOMP_RET_ERRNO | (atoi(args[1]) & SECCOMP_RET_DATA);
	int at = 0;

	for (char *call = strtok(args[2], ","); call != NULL; call = strtok(NULL, ",")) {
		for (size_t i = 0; i < sizeof(CALLS) / sizeof(CALLS[0]); i++) {
			int flagged = strcmp(call, "MSG_COPY") == 0;
			if (strcmp(call, CALLS[i].name) != 0)
				continue;
			code[at++] = (struct sock_filter)BPF_STMT(
				BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
			code[at++] = (struct sock_filter)BPF_JUMP(
				BPF_JMP | BPF_JEQ | BPF_K, CALLS[i].number, 0, flagged ? 3 : 1);
			if (flagged) {
				code[at++] = (struct sock_filter)BPF_STMT(
					BPF_LD | BPF_W | BPF_ABS,
					offsetof(struct seccomp_data, args[4]));
				code[at++] = (struct sock_filter)BPF_JUMP(
					BPF_JMP | BPF_JSET | BPF_K, MSG_COPY, 0, 1);
			}
			code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
		}
	}
	code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { at, code };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1) {
		perror("prctl");
		return 1;
	}
	execvp(args[3], args + 3);
	perror(args[3]);
	return 1;
}
