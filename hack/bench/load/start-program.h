/* Starts a small program and waits for its end. */
#ifndef START_PROGRAM_H
#define START_PROGRAM_H

#include <err.h>
#include <spawn.h>
#include <sys/wait.h>

static void start_program(void)
{
	char *const arguments[] = { "/bin/true", NULL }, *const environment[] = { NULL };
	pid_t pid;

	if (posix_spawn(&pid, arguments[0], NULL, NULL, arguments, environment))
		errx(1, "cannot start %s", arguments[0]);
	if (waitpid(pid, NULL, 0) != pid)
		err(1, "waitpid");
}

#endif
