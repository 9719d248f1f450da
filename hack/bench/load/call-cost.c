/*
 * What some calls cost this process: processor time in nanoseconds for each, by batches, as one line of JSON. Processor
 * time and not elapsed time, because other programs of the machine do not count in it. A batch is short, so that what
 * disturbs it disturbs few.
 *
 *	call-cost FILE
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "start-program.h"

#define BATCHES 21
#define OPENS 4000

static const char *file;

static double own(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

static double with_children(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return own() + (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e9 +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e3;
}

static void do_getpid(void)
{
	syscall(SYS_getpid);
}

static void do_open(void)
{
	int fd = open(file, O_RDONLY);

	if (fd < 0)
		err(1, "%s", file);
	close(fd);
}

static void measure(const char *name, void (*call)(void), double (*clock)(void), int batch)
{
	const struct timespec pause = { .tv_nsec = 10000000 };

	/* The first calls are unknown to the observer yet, and caches are cold. */
	for (int i = 0; i < batch; i++)
		call();
	printf("\"%s\":[", name);
	for (int i = 0; i < BATCHES; i++) {
		double start = clock();

		for (int j = 0; j < batch; j++)
			call();
		printf("%s%.1f", i ? "," : "", (clock() - start) / batch);
		/* For observers that write down each call: who reads there shall keep up, or what is lost costs less. */
		nanosleep(&pause, NULL);
	}
	printf("]");
}

int main(int count, char **arguments)
{
	cpu_set_t first;

	if (count != 2)
		errx(2, "usage: call-cost FILE");
	file = arguments[1];
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	sched_setaffinity(0, sizeof(first), &first);
	printf("{");
	measure("getpid", do_getpid, own, 20000);
	printf(",");
	measure("open", do_open, own, OPENS);
	printf(",");
	measure("exec", start_program, with_children, 10);
	/* How many there were, for observers that shall have seen each. */
	printf(",\"opens\":%d}\n", OPENS * (BATCHES + 1));
	return 0;
}
