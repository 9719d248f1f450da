/*
 * A container at work: each second one program is started and the rest of the rate are opens of files that were not opened
 * before.
 *
 *	distinct-events FOLDER EVENTS_PER_SECOND SECONDS
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "start-program.h"

/* fork, exec, exit */
#define EVENTS_OF_A_PROGRAM 3

static void open_file(int number)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "file-%d", number);
	fd = open(name, O_RDONLY);
	if (fd < 0)
		err(1, "%s", name);
	close(fd);
}

int main(int count, char **arguments)
{
	struct timespec next;
	int opens, seconds, number = 0;

	if (count != 4)
		errx(2, "usage: distinct-events FOLDER EVENTS_PER_SECOND SECONDS");
	if (chdir(arguments[1]))
		err(1, "%s", arguments[1]);
	opens = atoi(arguments[2]) - EVENTS_OF_A_PROGRAM;
	seconds = atoi(arguments[3]);
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (int second = 0; second < seconds; second++) {
		start_program();
		for (int i = 0; i < opens; i++) {
			next.tv_nsec += 1000000000 / opens;
			if (next.tv_nsec >= 1000000000) {
				next.tv_nsec -= 1000000000;
				next.tv_sec++;
			}
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
			open_file(number++);
		}
	}
	return 0;
}
