/* SPDX-License-Identifier: MIT */
#include "spawn.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buffer.h"
#include "json.h"
#include "loop.h"

extern char **environ;

static int
make_pipe(int ends[2])
{
	if (pipe(ends) != 0)
		return -1;
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	return 0;
}

static void
close_pipe(int ends[2])
{
	for (int i = 0; i < 2; i++) {
		if (ends[i] >= 0)
			close(ends[i]);
	}
}

bool
pd_spawn_takes(jv value)
{
	if (jv_get_kind(value) != JV_KIND_STRING)
		return jv_get_kind(value) == JV_KIND_NUMBER;
	return strlen(jv_string_value(value)) ==
	    (size_t)jv_string_length_bytes(jv_copy(value));
}

static int
check_environment(jv changes, struct pd_error *error)
{
	int result = 0;

	if (jv_get_kind(changes) != JV_KIND_OBJECT)
		return 0;
	jv_object_foreach(changes, name, value) {
		bool good = jv_get_kind(value) == JV_KIND_NULL || pd_spawn_takes(value);
		if (!good || strchr(jv_string_value(name), '=') != NULL)
			result = pd_error_set(error, "env: %s cannot be set: a value is a "
			    "string, a number or null", jv_string_value(name));
		jv_free(name);
		jv_free(value);
	}
	return result;
}

/* Our environment with the changes, as posix_spawn wants it. The entries that
 * we made come first; owned counts them. */
static char **
make_environment(jv changes, size_t *owned)
{
	size_t count = 0, used = 0;

	while (environ[count] != NULL)
		count++;
	int more = jv_get_kind(changes) == JV_KIND_OBJECT ?
	    jv_object_length(jv_copy(changes)) : 0;
	char **result = pd_allocate(count + (size_t)more + 1, sizeof(*result));
	if (more > 0) {
		jv_object_foreach(changes, name, value) {
			jv text = jv_get_kind(value) == JV_KIND_STRING ? jv_copy(value) :
			    jv_dump_string(jv_copy(value), 0);
			if (jv_get_kind(value) != JV_KIND_NULL)
				result[used++] = pd_format("%s=%s",
				    jv_string_value(name), jv_string_value(text));
			jv_free(text);
			jv_free(name);
			jv_free(value);
		}
	}
	*owned = used;
	for (size_t i = 0; i < count; i++) {
		size_t length = strcspn(environ[i], "=");
		char *name = pd_format("%.*s", (int)length, environ[i]);
		if (more == 0 || !pd_json_has_peek(changes, name))
			result[used++] = environ[i];
		free(name);
	}
	return result;
}

/* A child must not inherit what we made of signals. */
static void
set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t defaults, none;

	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	sigaddset(&defaults, SIGINT);
	sigaddset(&defaults, SIGTERM);
	sigaddset(&defaults, SIGCHLD);
	posix_spawnattr_init(attributes);
	posix_spawnattr_setpgroup(attributes, 0);
	posix_spawnattr_setsigdefault(attributes, &defaults);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP |
	    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
}

static int
start(char *const *argv, char *const *environment, const char *directory,
    const int child_ends[3], pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;

	posix_spawn_file_actions_init(&actions);
	for (int i = 0; i < 3; i++) {
		if (child_ends[i] >= 0)
			posix_spawn_file_actions_adddup2(&actions, child_ends[i], i);
	}
	if (directory != NULL)
		posix_spawn_file_actions_addchdir_np(&actions, directory);
	set_attributes(&attributes);
	int failure = posix_spawnp(pid, argv[0], &actions, &attributes, argv,
	    environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return failure;
}

int
pd_spawn(char *const *argv, jv changes, const char *directory,
    bool take_errors, struct pd_child *child, struct pd_error *error)
{
	int input[2] = {-1, -1}, output[2] = {-1, -1}, errors[2] = {-1, -1};
	size_t owned;

	if (check_environment(changes, error) != 0)
		return -1;
	if (make_pipe(input) != 0 || make_pipe(output) != 0 ||
	    (take_errors && make_pipe(errors) != 0)) {
		pd_error_set(error, "cannot make a pipe: %s", strerror(errno));
		close_pipe(input);
		close_pipe(output);
		close_pipe(errors);
		return -1;
	}
	char **environment = make_environment(changes, &owned);
	/* No signal may end us between the start of a child and its guard. */
	sigset_t ending, before;
	sigemptyset(&ending);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGTERM);
	sigprocmask(SIG_BLOCK, &ending, &before);
	int failure = start(argv, environment, directory,
	    (const int[3]){input[0], output[1], errors[1]}, &child->pid);
	if (failure == 0)
		pd_loop_guard(child->pid);
	sigprocmask(SIG_SETMASK, &before, NULL);
	for (size_t i = 0; i < owned; i++)
		free(environment[i]);
	free(environment);
	if (failure != 0) {
		close_pipe(input);
		close_pipe(output);
		close_pipe(errors);
		pd_error_set(error, "cannot start '%s': %s", argv[0],
		    strerror(failure));
		if (failure == ENOENT)
			pd_error_hint(error, "is it installed and on PATH?");
		return -1;
	}
	close(input[0]);
	close(output[1]);
	if (take_errors)
		close(errors[1]);
	child->input = input[1];
	child->output = output[0];
	child->errors = errors[0];
	return 0;
}

void
pd_spawn_signal(pid_t pid, int number)
{
	if (kill(-pid, number) != 0)
		kill(pid, number);
}

static bool
wait_for(pid_t pid, int64_t grace, int *status)
{
	const struct timespec pause = {.tv_nsec = 2000000};

	for (int64_t waited = 0; waited <= grace; waited += 2000) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

static void
close_end(int *end)
{
	if (*end >= 0)
		close(*end);
	*end = -1;
}

int
pd_spawn_finish(struct pd_child *child, int64_t grace)
{
	int status = 0;

	close_end(&child->input);
	if (!wait_for(child->pid, grace, &status)) {
		pd_spawn_signal(child->pid, SIGTERM);
		if (!wait_for(child->pid, 500000, &status)) {
			pd_spawn_signal(child->pid, SIGKILL);
			waitpid(child->pid, &status, 0);
		}
	}
	/* What it started and left behind goes as well. */
	kill(-child->pid, SIGKILL);
	pd_loop_unguard(child->pid);
	close_end(&child->output);
	close_end(&child->errors);
	return status;
}

const char *
pd_spawn_status_text(int status, char *text, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(text, size, "killed by signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		snprintf(text, size, "exit status %d", WEXITSTATUS(status));
	return text;
}
