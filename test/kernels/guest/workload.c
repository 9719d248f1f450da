/*
 * What the scenarios observe: a static program, so that its system calls are the ones written here and no others.
 *
 *	workload enter CGROUPS WHAT [ARGUMENT...]	moves itself into the cgroups (separated by colons), executes itself
 *	workload WHAT [ARGUMENT...]			does it; a step that fails unexpectedly ends it with status 1
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "uring.h"

#define MUST(call)                                                                                                     \
	({                                                                                                             \
		long result = (call);                                                                                  \
		if (result < 0) {                                                                                      \
			perror(#call);                                                                                 \
			exit(1);                                                                                       \
		}                                                                                                      \
		result;                                                                                                \
	})

static void write_to(const char *path, const char *text)
{
	int fd = MUST(open(path, O_WRONLY));

	MUST(write(fd, text, strlen(text)));
	close(fd);
}

static void enter(char *cgroups)
{
	char path[512];

	for (char *each = strtok(cgroups, ":"); each; each = strtok(NULL, ":")) {
		snprintf(path, sizeof(path), "%s/cgroup.procs", each);
		write_to(path, "0");
	}
}

static void open_files(const char *folder)
{
	struct open_how how = {.flags = O_RDONLY};

	MUST(chdir(folder));
	MUST(open("present", O_RDONLY));
	MUST(open("present", O_WRONLY | O_APPEND));
	MUST(open("made", O_CREAT | O_RDWR, 0600));
	MUST(open("link", O_RDONLY));
	MUST(syscall(SYS_openat2, AT_FDCWD, "./folder/../present-too", &how, sizeof(how)));
	if (open("absent", O_RDONLY) >= 0)
		exit(1);
	MUST(setresuid(1000, 1000, 1000));
	if (open("forbidden", O_RDONLY) >= 0 || errno != EACCES)
		exit(1);
}

static void use_sockets(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(8080)};
	struct sockaddr_in6 nobody = {.sin6_family = AF_INET6, .sin6_port = htons(81), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int server = MUST(socket(AF_INET, SOCK_STREAM, 0)), client = MUST(socket(AF_INET, SOCK_STREAM, 0));
	int refused = MUST(socket(AF_INET6, SOCK_STREAM, 0)), on = 1;

	/* The connection of the round before may still be in TIME_WAIT. */
	MUST(setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
	MUST(bind(server, (void *)&address, sizeof(address)));
	MUST(listen(server, 1));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	MUST(connect(client, (void *)&address, sizeof(address)));
	MUST(accept4(server, NULL, NULL, 0));
	if (connect(refused, (void *)&nobody, sizeof(nobody)) == 0 || errno != ECONNREFUSED)
		exit(1);
}

/* One question over UDP, answered by itself. */
static void ask_dns(void)
{
	static const char question[] = "\0\7\1\0\0\1\0\0\0\0\0\0\4name\7example\0\0\1\0";
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(53)}, peer;
	int server = MUST(socket(AF_INET, SOCK_DGRAM, 0)), client = MUST(socket(AF_INET, SOCK_DGRAM, 0));
	socklen_t size = sizeof(peer);
	char message[512];
	long length;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	MUST(bind(server, (void *)&address, sizeof(address)));
	MUST(sendto(client, question, sizeof(question), 0, (void *)&address, sizeof(address)));
	length = MUST(recvfrom(server, message, sizeof(message), 0, (void *)&peer, &size));
	message[2] |= 0x80;
	MUST(sendto(server, message, length, 0, (void *)&peer, size));
	MUST(recvfrom(client, message, sizeof(message), 0, (void *)&peer, &size));
}

static void make_processes(void)
{
	int status;

	if (MUST(fork()) == 0)
		_exit(3);
	MUST(wait(&status));
	if (MUST(fork()) == 0)
		raise(SIGKILL);
	MUST(wait(&status));
	if (MUST(vfork()) == 0) {
		execl("/proc/self/exe", "again", "nothing", (char *)NULL);
		_exit(1);
	}
	MUST(wait(&status));
}

static void create_files(const char *folder, const char *prefix, int count)
{
	char name[64];

	MUST(chdir(folder));
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%s%d", prefix, i);
		close(MUST(open(name, O_CREAT | O_WRONLY, 0600)));
	}
}

int main(int count, char **arguments)
{
	char *what = count > 1 ? arguments[1] : "";

	if (strcmp(what, "enter") == 0 && count > 3) {
		enter(arguments[2]);
		arguments[2] = arguments[0];
		execv("/proc/self/exe", arguments + 2);
		perror("execv");
		return 1;
	}
	if (strcmp(what, "nothing") == 0)
		return 0;
	else if (strcmp(what, "open") == 0 && count > 2)
		open_files(arguments[2]);
	else if (strcmp(what, "sockets") == 0)
		use_sockets();
	else if (strcmp(what, "dns") == 0)
		ask_dns();
	else if (strcmp(what, "processes") == 0)
		make_processes();
	else if (strcmp(what, "create") == 0 && count > 4)
		create_files(arguments[2], arguments[3], atoi(arguments[4]));
	else if (strcmp(what, "uring") == 0 && count > 2)
		MUST(uring_open(arguments[2]));
	else
		return 2;
	return 0;
}
