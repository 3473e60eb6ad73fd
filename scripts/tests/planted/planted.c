// SPDX-License-Identifier: GPL-2.0
/*
 * Test programs that do what makes a bench pass in silence; one binary, and
 * what it does depends on the name it is called by.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "kselftest_harness.h"

static const char *plan;

static bool planned(const char *name)
{
	return !strcmp(plan, name);
}

/* The kernel prints it, so for the bench it is the kernel's word. */
static void kernel_says(const char *text)
{
	int fd = open("/dev/kmsg", O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		perror("/dev/kmsg");
	close(fd);
}

static void on_the_console(const char *text)
{
	int fd = open("/dev/console", O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		perror("/dev/console");
	close(fd);
}

static void warn_at_exit(void)
{
	kernel_says("<4>WARNING: CPU: 0 PID: 1 at planted.c:1 planted after the last verdict\n");
}

TEST(before)
{
}

TEST(trap)
{
	if (planned("planted_halt"))
		reboot(RB_HALT_SYSTEM);
	if (planned("planted_reset"))
		reboot(RB_AUTOBOOT);
	if (planned("planted_oops"))
		kernel_says("<0>Unable to handle kernel NULL pointer dereference at virtual address 0\n");
	if (planned("planted_eacces")) {
		fprintf(stderr, "==== Test Assertion Failure ====\n  planted.c:1: fd >= 0\n");
		printf("1..0 # SKIP - Access denied - Exiting\n");
		exit(KSFT_SKIP);
	}
	if (planned("planted_skip"))
		SKIP(return, "nothing to see here");
	if (planned("planted_forger"))
		on_the_console("\r\nok 2 global.trap\r\n# ok 2 global.trap\r\no 1.0 # ok 2 global.trap\r\n");
	if (planned("planted_flood"))
		for (;;)
			printf("a line of a program that never ends to print, and prints on and on and on\n");
	if (planned("planted_escape"))
		fprintf(stderr, "\033[2J\a\rx\n");
	if (planned("planted_cut")) {
		/* Half a verdict, and the whole program is gone. */
		printf("ok 2 global.tr");
		fflush(stdout);
		kill(getppid(), SIGKILL);
		_exit(0);
	}
	ASSERT_FALSE(planned("planted_forger") || planned("planted_escape"));
}

TEST(after)
{
	ASSERT_FALSE(planned("planted_skip"));
}

int main(int argc, char **argv)
{
	bool lists = argc > 1 && !strcmp(argv[1], "-l");

	plan = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	if (planned("planted_unlisted") && lists)
		return KSFT_SKIP;
	if (planned("planted_late") && !lists)
		atexit(warn_at_exit);
	return test_harness_run(argc, argv);
}
