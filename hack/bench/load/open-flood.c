/*
 * Opens files as fast as told, each of which is new to an observer: the same files are seen through many mounts, and a path
 * below another mount is another file. Says "ready", waits for a line, floods, writes one line of JSON, and ends with its
 * standard input. Nothing else happens in between: whoever counts events has an exact number to compare with.
 *
 *	open-flood FOLDER OPENS_PER_SECOND SECONDS CPU
 *
 * Needs a mount namespace of its own.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A tmpfs of so many small inodes is 25 MB. */
#define FILES 25000
/* So often is looked whether it is too early to go on. */
#define BATCH 100

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static void enter(const char *folder)
{
	if (mkdir(folder, 0700) || chdir(folder))
		err(1, "%s", folder);
}

static void make_files(void)
{
	char name[32];

	for (int i = 0; i < FILES; i++) {
		int fd;

		snprintf(name, sizeof(name), "files/f%d", i);
		fd = open(name, O_CREAT | O_WRONLY, 0600);
		if (fd < 0)
			err(1, "%s", name);
		close(fd);
	}
}

static void make_mounts(int mounts)
{
	char name[32];

	for (int i = 0; i < mounts; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		if (mkdir(name, 0700) || mount("files", name, NULL, MS_BIND, NULL))
			err(1, "%s", name);
	}
}

static void wait_until(double time)
{
	double left = time - now();
	struct timespec sleep = { .tv_nsec = left * 1e9 };

	/* Shorter ones take longer than they should. */
	if (left > 0.0005)
		nanosleep(&sleep, NULL);
}

static void flood(int opens, double per_second)
{
	double start = now();
	char name[32];

	for (int i = 0; i < opens; i++) {
		int fd;

		if (i % BATCH == 0)
			wait_until(start + i / per_second);
		snprintf(name, sizeof(name), "m%d/f%d", i / FILES, i % FILES);
		fd = open(name, O_RDONLY);
		if (fd < 0)
			err(1, "%s", name);
		close(fd);
	}
	printf("{\"opens\":%d,\"seconds\":%.3f}\n", opens, now() - start);
	fflush(stdout);
}

int main(int count, char **arguments)
{
	cpu_set_t cpu;
	int opens;
	char byte;

	if (count != 5)
		errx(2, "usage: open-flood FOLDER OPENS_PER_SECOND SECONDS CPU");
	opens = atoi(arguments[2]) * atoi(arguments[3]);
	CPU_ZERO(&cpu);
	CPU_SET(atoi(arguments[4]), &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	enter(arguments[1]);
	if (mkdir("files", 0700) || mount("tmpfs", "files", "tmpfs", 0, "size=64m"))
		err(1, "files");
	make_files();
	make_mounts((opens + FILES - 1) / FILES);
	printf("ready\n");
	fflush(stdout);
	if (read(0, &byte, 1) != 1)
		return 0;
	flood(opens, atof(arguments[2]));
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
