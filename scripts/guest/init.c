// SPDX-License-Identifier: GPL-2.0
/*
 * Process 1 of the emulated host: runs the installed selftests and reports on
 * a virtio-serial port of its own, or on a machine's second serial port, so that
 * nothing the kernel or a guest prints on the console can be taken for a verdict.
 *
 * Every line on that port is "KIND SECONDS TEXT", SECONDS being CLOCK_MONOTONIC
 * of this machine:
 *
 *	h  init is up; TEXT is the kernel release
 *	p  a program that will run: its name
 *	l  a case that will run: "PROGRAM CASE"
 *	u  a case that was not asked for, or is done: "PROGRAM CASE"
 *	n  a program that should list its cases, and lists none: its name
 *	o  a line that run_kselftest.sh wrote
 *	c  the last line of it, cut in the middle
 *	r  run_kselftest.sh starts, for one case alone: "PROGRAM CASE"
 *	x  run_kselftest.sh ended; TEXT is its status
 *	b  nothing happened for a second, but this machine is alive
 *	g  what the kernel counted of one of its files: "FILE.gcda OCTETS"
 *	e  init could not do something
 *	q  the power is about to be switched off
 *
 * What to run stands in files that the bench adds to the initramfs:
 *
 *	/bench/programs  a line each: "PROGRAM HARNESS", HARNESS being 1 if the
 *			 program is built on the kselftest harness and so can
 *			 list its cases
 *	/bench/patterns  shell patterns over PROGRAM.CASE; none: all cases
 *	/bench/done      PROGRAM.CASE names that have their verdict already
 *	/bench/careful	 if it is there, each case runs alone: what a program prints
 *			 takes its time to get here, so only this tells which case
 *			 ran when the machine died or the kernel complained
 *	/bench/env       KEY=value lines for the tests
 *	/bench/port	 the terminal to report on, where there is no virtio-serial
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/kvm.h>
#include <poll.h>
#include <pty.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define PORT_NAME	"ktap"
#define INSTALLED	"/kselftest"
#define MAX_LINE	(64 * 1024)
#define MAX_ITEMS	4096

struct list {
	char *item[MAX_ITEMS];
	int count;
};

static struct list patterns, done;
static int port = -1, kmsg = -1;

static void report(char kind, const char *format, ...)
{
	static char line[MAX_LINE + 64];
	struct timespec now;
	size_t length, sent = 0;
	va_list args;

	clock_gettime(CLOCK_MONOTONIC, &now);
	length = snprintf(line, sizeof(line), "%c %lld.%06ld ", kind,
			  (long long)now.tv_sec, now.tv_nsec / 1000);
	va_start(args, format);
	length += vsnprintf(line + length, sizeof(line) - length - 1, format, args);
	va_end(args);
	if (length > sizeof(line) - 2)
		length = sizeof(line) - 2;
	line[length++] = '\n';

	while (sent < length) {
		ssize_t n = write(port, line + sent, length - sent);

		if (n < 0 && errno != EINTR)
			break;
		if (n > 0)
			sent += n;
	}
}

/*
 * A mark among the kernel's own words. The console keeps the order of what is
 * written there, so it tells what ran when the kernel complained; the time in it
 * relates the kernel's clock to this one.
 */
static void mark(const char *format, ...)
{
	struct timespec now;
	char text[700];
	va_list args;
	int length;

	if (kmsg < 0)
		kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	clock_gettime(CLOCK_MONOTONIC, &now);
	length = snprintf(text, sizeof(text), "bench: %lld.%06ld ",
			  (long long)now.tv_sec, now.tv_nsec / 1000);
	va_start(args, format);
	vsnprintf(text + length, sizeof(text) - length, format, args);
	va_end(args);
	if (kmsg < 0 || write(kmsg, text, strlen(text)) < 0)
		report('e', "cannot mark the console: %s", strerror(errno));
}

static void power_off(void)
{
	report('q', "power off");
	tcdrain(port);
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static void give_up(const char *what, const char *which)
{
	if (port >= 0)
		report('e', "%s %s: %s", what, which, strerror(errno));
	else
		fprintf(stderr, "init: %s %s: %s\n", what, which, strerror(errno));
	power_off();
}

static void mount_on(const char *type, const char *where)
{
	mkdir(where, 0755);
	if (mount(type, where, type, 0, NULL) && errno != EBUSY)
		give_up("cannot mount", where);
}

static void mount_all(void)
{
	mount_on("devtmpfs", "/dev");
	mount_on("proc", "/proc");
	mount_on("sysfs", "/sys");
	mount_on("tmpfs", "/tmp");
	mount_on("devpts", "/dev/pts");
	/* A kernel without one, or one that keeps it to itself, has no such folder. */
	if (!access("/sys/kernel/debug", F_OK))
		mount_on("debugfs", "/sys/kernel/debug");
	if (!access("/sys/kernel/tracing", F_OK))
		mount_on("tracefs", "/sys/kernel/tracing");

	/* devtmpfs leaves these to user space; the runner opens /dev/stdout. */
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
}

/*
 * The first VM patches KVM's preemption notifiers into the scheduler's code, and the
 * last one takes them out. QEMU 7.2 can lose that race with a CPU that it
 * translates the same code for: vCPUs are then scheduled without being loaded or
 * put, and Linux warns or hangs. A VM that outlives all tests leaves nothing to patch.
 */
static void keep_a_vm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (kvm >= 0)
		ioctl(kvm, KVM_CREATE_VM, 0);
}

static void add(struct list *list, const char *text)
{
	if (list->count == MAX_ITEMS) {
		errno = E2BIG;
		give_up("too many entries:", text);
	}
	list->item[list->count++] = strdup(text);
}

static void read_lines(const char *path, struct list *list)
{
	FILE *file = fopen(path, "re");
	char line[1024];

	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0])
			add(list, line);
	}
	fclose(file);
}

static int open_port(void)
{
	char path[300], name[64];
	struct dirent *entry;
	DIR *ports = opendir("/sys/class/virtio-ports");

	if (!ports)
		return -1;
	while ((entry = readdir(ports))) {
		FILE *file;

		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", entry->d_name);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (!fgets(name, sizeof(name), file))
			name[0] = '\0';
		fclose(file);
		name[strcspn(name, "\n")] = '\0';
		if (strcmp(name, PORT_NAME))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		closedir(ports);
		return open(path, O_RDWR | O_CLOEXEC);
	}
	closedir(ports);
	return -1;
}

static int open_terminal(const char *name)
{
	struct termios raw;
	char path[300];
	int terminal;

	snprintf(path, sizeof(path), "/dev/%s", name);
	terminal = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (terminal < 0 || tcgetattr(terminal, &raw))
		give_up("cannot report on", path);
	cfmakeraw(&raw);
	tcsetattr(terminal, TCSANOW, &raw);
	return terminal;
}

/* The name of a port arrives from the device some time after its probe. */
static void wait_for_port(void)
{
	const struct timespec step = { .tv_nsec = 5 * 1000 * 1000 };
	struct list terminal = { .count = 0 };
	int tries;

	read_lines("/bench/port", &terminal);
	if (terminal.count) {
		port = open_terminal(terminal.item[0]);
		return;
	}
	for (tries = 0; tries < 2000 && port < 0; tries++) {
		port = open_port();
		if (port < 0)
			nanosleep(&step, NULL);
	}
	if (port < 0)
		give_up("no virtio-serial port named", PORT_NAME);
}

/* Is this case asked for, and has no earlier boot given it a verdict? */
static int wanted(const char *program, const char *name)
{
	char full[512];
	int i;

	snprintf(full, sizeof(full), "%s.%s", program, name);
	for (i = 0; i < done.count; i++)
		if (!strcmp(done.item[i], full))
			return 0;
	for (i = 0; i < patterns.count; i++)
		if (!fnmatch(patterns.item[i], full, 0))
			return 1;
	return !patterns.count;
}

/*
 * The harness prints its fixtures, their variants and their tests as three
 * columns side by side: row n holds the n-th variant and the n-th test of a
 * fixture, and the cases are every variant with every test. A word longer than
 * its column pushes the rest of the row.
 */
struct fixture {
	char name[256];
	struct list variants, tests;
};

static char *column(char **rest, size_t width)
{
	char *start = *rest;
	size_t length = strcspn(start, " \n");
	size_t step = (length > width ? length : width) + 1;

	*rest = strlen(start) < step ? start + strlen(start) : start + step;
	start[length] = '\0';
	return start;
}

static void take_row(struct fixture *fixture, char *row)
{
	char *name, *variant, *test;

	name = column(&row, 20);
	variant = column(&row, 25);
	test = column(&row, 1);
	if (*name)
		snprintf(fixture->name, sizeof(fixture->name), "%s", name);
	if (*variant)
		add(&fixture->variants, variant);
	if (*test)
		add(&fixture->tests, test);
}

static void name_cases(struct fixture *fixture, struct list *cases)
{
	char name[512];
	int v, t;

	for (v = 0; v < fixture->variants.count || v == 0; v++) {
		for (t = 0; t < fixture->tests.count; t++) {
			if (fixture->variants.count)
				snprintf(name, sizeof(name), "%s.%s.%s", fixture->name,
					 fixture->variants.item[v], fixture->tests.item[t]);
			else
				snprintf(name, sizeof(name), "%s.%s", fixture->name,
					 fixture->tests.item[t]);
			add(cases, name);
		}
	}
	memset(fixture, 0, sizeof(*fixture));
}

/* All programs list at once: starting one takes longer than reading what it says. */
static FILE *start_listing(const char *program)
{
	int channel[2];
	pid_t child;

	if (pipe2(channel, O_CLOEXEC))
		give_up("cannot list the cases of", program);
	child = fork();
	if (child < 0)
		give_up("cannot list the cases of", program);
	if (!child) {
		dup2(open("/dev/null", O_RDONLY), 0);
		dup2(channel[1], 1);
		dup2(channel[1], 2);
		execl(program, program, "-l", NULL);
		_exit(127);
	}
	close(channel[1]);
	return fdopen(channel[0], "r");
}

static void read_listing(FILE *listing, struct list *cases)
{
	static struct fixture fixture;
	char line[1024];

	while (fgets(line, sizeof(line), listing)) {
		if (!strncmp(line, "# FIXTURE", 9))
			continue;
		if (!strncmp(line, "-----", 5))
			name_cases(&fixture, cases);
		else
			take_row(&fixture, line);
	}
	name_cases(&fixture, cases);
	fclose(listing);
}

/* The runner takes a program's arguments from a variable named after it. */
static void set_arguments(const char *program, const char *arguments)
{
	char name[256];
	char *c;

	snprintf(name, sizeof(name), "KSELFTEST_%s_ARGS", program);
	for (c = name; *c; c++) {
		if (*c >= 'a' && *c <= 'z')
			*c -= 'a' - 'A';
		else if (!(*c >= 'A' && *c <= 'Z') && !(*c >= '0' && *c <= '9'))
			*c = '_';
	}
	setenv(name, arguments, 1);
}

static void run(struct list *tests);

static void run_alone(const char *program, const char *name)
{
	struct list test = { .count = 0 };
	char text[512];

	snprintf(text, sizeof(text), "-r %s", name);
	set_arguments(program, *name ? text : "");
	snprintf(text, sizeof(text), "kvm:%s", program);
	add(&test, text);
	mark("begin %s %s", program, name);
	report('r', "%s %s", program, name);
	run(&test);
	mark("end");
	free(test.item[0]);
}

/* Returns the number of the program's cases that are to run. */
static int choose(const char *program, FILE *listing, struct list *wanted_cases)
{
	static char arguments[MAX_ITEMS * 64];
	struct list cases = { .count = 0 };
	size_t length = 0;
	int i;

	if (listing)
		read_listing(listing, &cases);
	if (listing && !cases.count)
		report('n', "%s", program);
	if (!cases.count) {
		/* Run all of it, and what it says will show. */
		if (wanted(program, ""))
			add(wanted_cases, "");
		return wanted_cases->count;
	}

	for (i = 0; i < cases.count; i++) {
		if (!wanted(program, cases.item[i])) {
			report('u', "%s %s", program, cases.item[i]);
			continue;
		}
		length += snprintf(arguments + length, sizeof(arguments) - length,
				   " -r %s", cases.item[i]);
		if (length >= sizeof(arguments)) {
			errno = E2BIG;
			give_up("too many cases in", program);
		}
		add(wanted_cases, cases.item[i]);
	}
	if (wanted_cases->count && wanted_cases->count < cases.count)
		set_arguments(program, arguments);
	for (i = 0; i < cases.count; i++)
		free(cases.item[i]);
	return wanted_cases->count;
}

static void run_shell(char **arguments)
{
	execv("/bin/sh", arguments);
	fprintf(stderr, "init: cannot start /bin/sh: %s\n", strerror(errno));
	_exit(127);
}

/*
 * A terminal, not a pipe: the runner's sed, which marks a program's lines, holds
 * back what it writes to a pipe, and would take it along when the machine dies.
 */
static pid_t start_runner(char **arguments, int *output)
{
	struct termios raw;
	int slave;
	pid_t child;

	if (openpty(output, &slave, NULL, NULL, NULL))
		give_up("cannot make a terminal for", "run_kselftest.sh");
	tcgetattr(slave, &raw);
	cfmakeraw(&raw);
	tcsetattr(slave, TCSANOW, &raw);
	fcntl(*output, F_SETFD, FD_CLOEXEC);

	child = fork();
	if (child < 0)
		give_up("cannot start", "run_kselftest.sh");
	if (!child) {
		setsid();
		dup2(open("/dev/null", O_RDONLY), 0);
		dup2(slave, 1);
		dup2(slave, 2);
		close(slave);
		run_shell(arguments);
	}
	close(slave);
	return child;
}

/* Forward whole lines only: a line without its end may be half a verdict. */
static void forward(int output)
{
	static char line[MAX_LINE];
	size_t length = 0;

	for (;;) {
		struct pollfd ready = { .fd = output, .events = POLLIN };
		char buffer[4096];
		ssize_t n, i;

		if (poll(&ready, 1, 1000) == 0) {
			report('b', "alive");
			continue;
		}
		n = read(output, buffer, sizeof(buffer));
		if (n < 0 && errno == EINTR)
			continue;
		/* EIO: the last process that had the terminal open is gone. */
		if (n <= 0)
			break;
		for (i = 0; i < n; i++) {
			if (buffer[i] == '\n') {
				report('o', "%.*s", (int)length, line);
				length = 0;
			} else if (length < sizeof(line)) {
				line[length++] = buffer[i];
			}
		}
	}
	if (length)
		report('c', "%.*s", (int)length, line);
}

/* The runner runs all that is listed as installed. A -t would cost it three forks for each. */
static void list_as_installed(const struct list *tests)
{
	FILE *file = fopen(INSTALLED "/kselftest-list.txt", "we");
	int i;

	for (i = 0; file && i < tests->count; i++)
		fprintf(file, "%s\n", tests->item[i]);
	if (!file || fclose(file))
		give_up("cannot write", INSTALLED "/kselftest-list.txt");
}

static void run(struct list *tests)
{
	/* The base gives a program 120 s, all its cases together; a busy machine takes that. */
	static char *arguments[] = { "sh", INSTALLED "/run_kselftest.sh", "-o", "900", NULL };
	int output, status = 0;
	pid_t runner;

	list_as_installed(tests);
	runner = start_runner(arguments, &output);
	forward(output);
	close(output);
	while (waitpid(runner, &status, 0) < 0 && errno == EINTR)
		;
	report('x', "%d", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/*
 * A kernel that counts how often its lines are run (gcov) has a file in debugfs
 * for each of its objects, in folders named like those of the build.
 */
static void report_profile(const char *folder)
{
	static char octets[MAX_LINE - 512], path[4096];
	struct dirent *entry;
	DIR *files = opendir(folder);

	while (files && (entry = readdir(files))) {
		unsigned char buffer[4096];
		size_t length = 0;
		ssize_t n, i;
		int file;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (entry->d_type == DT_DIR) {
			char *inner = strdup(path);

			report_profile(inner);
			free(inner);
			continue;
		}
		if (fnmatch("*.gcda", entry->d_name, 0))
			continue;
		file = open(path, O_RDONLY | O_CLOEXEC);
		while ((n = read(file, buffer, sizeof(buffer))) > 0)
			for (i = 0; i < n && length + 3 < sizeof(octets); i++)
				length += sprintf(octets + length, "%02x", buffer[i]);
		close(file);
		if (n < 0 || length + 3 >= sizeof(octets))
			report('e', "cannot bring out %s: %s", path, n < 0 ? strerror(errno) : "it is too long");
		else
			report('g', "%s %s", entry->d_name, octets);
	}
	if (files)
		closedir(files);
}

static void take_program(const char *program, FILE *listing, int careful, struct list *together)
{
	struct list cases = { .count = 0 };
	char test[512];
	int i;

	if (!choose(program, listing, &cases))
		return;
	if (!careful) {
		report('p', "%s", program);
		snprintf(test, sizeof(test), "kvm:%s", program);
		add(together, test);
	}
	for (i = 0; i < cases.count; i++) {
		if (careful)
			run_alone(program, cases.item[i]);
		else if (*cases.item[i])
			report('l', "%s %s", program, cases.item[i]);
		free(cases.item[i]);
	}
}

int main(void)
{
	struct list programs = { .count = 0 }, env = { .count = 0 }, together = { .count = 0 };
	int i, careful = !access("/bench/careful", F_OK);
	static FILE *listings[MAX_ITEMS];
	struct utsname kernel;

	mount_all();
	wait_for_port();
	uname(&kernel);
	report('h', "%s", kernel.release);
	if (access("/usr/bin/timeout", X_OK))
		report('e', "no /usr/bin/timeout: the runner would wait for a hung test for ever");

	setenv("PATH", "/usr/bin:/bin", 1);
	setenv("HOME", "/tmp", 1);
	read_lines("/bench/env", &env);
	for (i = 0; i < env.count; i++)
		putenv(env.item[i]);
	read_lines("/bench/patterns", &patterns);
	read_lines("/bench/done", &done);
	read_lines("/bench/programs", &programs);

	keep_a_vm();
	if (chdir(INSTALLED "/kvm"))
		give_up("cannot enter", INSTALLED "/kvm");
	for (i = 0; i < programs.count; i++) {
		char *harness = strchr(programs.item[i], ' ');

		*harness++ = '\0';
		listings[i] = *harness == '1' ? start_listing(programs.item[i]) : NULL;
	}
	for (i = 0; i < programs.count; i++)
		take_program(programs.item[i], listings[i], careful, &together);
	if (together.count) {
		mark("begin");
		run(&together);
		mark("end");
	}
	report_profile("/sys/kernel/debug/gcov");
	power_off();
}
