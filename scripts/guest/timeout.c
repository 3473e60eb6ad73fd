// SPDX-License-Identifier: GPL-2.0
/*
 * timeout(1) as far as kselftest's runner uses it: "timeout [--foreground] SECONDS
 * COMMAND...", with exit status 124 when the time is up. Busybox has one that
 * knows neither --foreground nor that status, and without /usr/bin/timeout the
 * runner waits for a hung test for ever.
 *
 * The command gets a session of its own and all of that is killed: the kselftest
 * harness puts each case into a process group of its own, so killing the
 * command's group would leave the hung case behind, with the runner's pipe open.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMED_OUT	124
#define FAILED		125

static volatile sig_atomic_t expired;

/* SIGTERM comes from an outer timeout whose time is up. */
static void expire(int signal)
{
	expired = 1;
}

static int session_of(const char *pid)
{
	char path[300], stat[512], *end;
	int session = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return -1;
	/* The command's name stands in brackets and may hold anything. */
	if (fgets(stat, sizeof(stat), file) && (end = strrchr(stat, ')')))
		sscanf(end + 1, " %*c %*d %*d %d", &session);
	fclose(file);
	return session;
}

static void kill_session(pid_t session)
{
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	kill(session, SIGKILL);
	if (!proc)
		return;
	while ((entry = readdir(proc)))
		if (atoi(entry->d_name) > 0 && session_of(entry->d_name) == session)
			kill(atoi(entry->d_name), SIGKILL);
	closedir(proc);
}

int main(int argc, char **argv)
{
	/* No SA_RESTART: the alarm has to end the wait. */
	struct sigaction action = { .sa_handler = expire };
	int foreground, status;
	unsigned int seconds;
	pid_t child;

	foreground = argc > 1 && !strcmp(argv[1], "--foreground");
	argv += foreground;
	argc -= foreground;
	if (argc < 3 || (seconds = strtoul(argv[1], NULL, 10)) == 0) {
		fprintf(stderr, "usage: timeout [--foreground] SECONDS COMMAND [ARGUMENT...]\n");
		return FAILED;
	}

	child = fork();
	if (child < 0) {
		fprintf(stderr, "timeout: cannot fork: %s\n", strerror(errno));
		return FAILED;
	}
	if (!child) {
		if (!foreground)
			setsid();
		execvp(argv[2], argv + 2);
		fprintf(stderr, "timeout: cannot run %s: %s\n", argv[2], strerror(errno));
		_exit(errno == ENOENT ? 127 : 126);
	}

	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	alarm(seconds);
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return FAILED;
		if (expired && foreground)
			kill(child, SIGTERM);
		else if (expired)
			kill_session(child);
	}
	if (expired)
		return TIMED_OUT;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
