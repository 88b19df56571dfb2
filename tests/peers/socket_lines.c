/*
 * Unix sockets as C has them.
 * usage: socket_lines dgram|seqpacket recv|send PATH
 * recv: binds, says READY, and prints each message in hexadecimal, "-" for an empty one, and "end"
 * when a connection has ended. send: connects, says READY, sends each line of its input as a
 * message and answers with its size.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char message[1 << 18];

static void print_messages(int fd, int ends)
{
	ssize_t size;
	while ((size = recv(fd, message, sizeof(message), 0)) > 0 || (size == 0 && !ends)) {
		for (ssize_t i = 0; i < size; i++)
			printf("%02x", (unsigned char)message[i]);
		puts(size == 0 ? "-" : "");
	}
	if (size == -1)
		err(1, "recv");
	puts("end");
}

int main(int count, char **args)
{
	int is_packets = count == 4 && strcmp(args[1], "seqpacket") == 0;
	int fd = socket(AF_UNIX, is_packets ? SOCK_SEQPACKET : SOCK_DGRAM, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	setlinebuf(stdout);
	strncpy(address.sun_path, args[3], sizeof(address.sun_path) - 1);
	if (strcmp(args[2], "recv") == 0) {
		if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == -1)
			err(1, "bind");
		if (is_packets && listen(fd, 1) == -1)
			err(1, "listen");
		puts("READY");
		if (!is_packets)
			print_messages(fd, 0);
		for (;;) {
			int connection = accept(fd, NULL, NULL);
			print_messages(connection, 1);
			close(connection);
		}
	}
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == -1)
		err(1, "connect");
	puts("READY");
	while (fgets(message, sizeof(message), stdin) != NULL)
		printf("%zd\n", send(fd, message, strcspn(message, "\n"), 0));
	return 0;
}
