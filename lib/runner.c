/* SPDX-License-Identifier: MIT */
#include "runner.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "reader.h"
#include "spawn.h"

enum {
	GRACE = 2000000,	/* for the filter's own teardown, microseconds */
};

struct pd_runner {
	struct pd_loop *loop;
	char *const *argv;
	struct pd_child child;
	struct pd_reader *reader;
	bool running;
	bool readable;
};

struct pd_runner *
pd_runner_new(struct pd_loop *loop, char *const *argv)
{
	struct pd_runner *runner = pd_allocate(1, sizeof(*runner));

	runner->loop = loop;
	runner->argv = argv;
	return runner;
}

static int
stop(struct pd_runner *runner)
{
	runner->running = false;
	pd_reader_close(runner->reader);
	runner->reader = NULL;
	return pd_spawn_finish(&runner->child, GRACE);
}

void
pd_runner_free(struct pd_runner *runner)
{
	if (runner == NULL)
		return;
	if (runner->running)
		stop(runner);
	free(runner);
}

static int
start(struct pd_runner *runner, struct pd_error *error)
{
	if (pd_spawn(runner->argv, jv_invalid(), NULL, false, &runner->child,
	    error) != 0)
		return -1;
	runner->running = true;
	runner->reader = pd_reader_open_descriptor(runner->child.output,
	    runner->argv[0]);
	return 0;
}

/* Write it all. A filter that has ended gives EPIPE, as SIGPIPE is ignored
 * meanwhile. */
static int
write_all(int descriptor, const char *bytes, size_t length)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
	size_t done = 0;

	sigaction(SIGPIPE, &ignore, &before);
	while (done < length) {
		ssize_t wrote = write(descriptor, bytes + done, length - done);
		if (wrote > 0)
			done += (size_t)wrote;
		else if (wrote < 0 && errno != EINTR)
			break;
	}
	sigaction(SIGPIPE, &before, NULL);
	return done == length ? 0 : -1;
}

static void
on_readable(void *context, int descriptor, short events)
{
	struct pd_runner *runner = context;

	(void)descriptor;
	(void)events;
	runner->readable = true;
}

/* Wait for output: 1, 0 when a signal came, -1 on error. */
static int
wait_readable(struct pd_runner *runner, struct pd_error *error)
{
	int result = 0;

	runner->readable = false;
	pd_loop_watch(runner->loop, runner->child.output, POLLIN, on_readable, runner);
	while (result == 0 && !runner->readable && pd_loop_signal(runner->loop) == 0)
		result = pd_loop_turn(runner->loop, error);
	pd_loop_watch(runner->loop, runner->child.output, 0, NULL, NULL);
	return result != 0 ? -1 : pd_loop_signal(runner->loop) == 0;
}

static enum pd_run_result
ended_early(struct pd_runner *runner, struct pd_error *error)
{
	char status[64];

	pd_spawn_status_text(stop(runner), status, sizeof(status));
	pd_error_set(error, "'%s' ended in the middle of a run (%s)",
	    runner->argv[0], status);
	pd_error_hint(error, "what it said is above");
	return PD_RUN_FAILED;
}

static enum pd_run_result
interrupted(struct pd_runner *runner)
{
	pd_spawn_signal(runner->child.pid, SIGTERM);
	stop(runner);
	return PD_RUN_INTERRUPTED;
}

/* Read the records of one run. started tells whether anything of it came. */
static enum pd_run_result
read_run(struct pd_runner *runner, struct pd_buffer *lines, bool *started,
    struct pd_error *error)
{
	struct pd_record record;

	for (;;) {
		int ready;
		switch (pd_reader_take(runner->reader, &record, error)) {
		case PD_READ_RECORD:
			if (pd_record_is(&record, "run_start"))
				*started = true;
			if (!*started)
				continue;	/* the header */
			pd_buffer_append(lines, record.line, record.length);
			pd_buffer_append(lines, "\n", 1);
			if (pd_record_is(&record, "run_end"))
				return PD_RUN_DONE;
			break;
		case PD_READ_WAIT:
			ready = wait_readable(runner, error);
			if (ready < 0)
				return PD_RUN_FAILED;
			if (ready == 0)
				return interrupted(runner);
			pd_reader_fill(runner->reader);
			break;
		case PD_READ_END:
			return ended_early(runner, error);
		default:
			stop(runner);
			return PD_RUN_FAILED;
		}
	}
}

enum pd_run_result
pd_runner_run(struct pd_runner *runner, const struct pd_sequence *sequence,
    struct pd_buffer *lines, struct pd_error *error)
{
	struct pd_buffer request = PD_BUFFER_INIT;
	jv record = pd_sequence_record(sequence);
	enum pd_run_result result = PD_RUN_FAILED;
	bool fresh = !runner->running;

	pd_json_append_peek(&request, record);
	pd_buffer_text(&request, "\n");
	jv_free(record);
	for (int attempt = 0; attempt < 2; attempt++) {
		bool started = false;
		if (!runner->running && start(runner, error) != 0)
			break;
		pd_buffer_clear(lines);
		if (write_all(runner->child.input, request.data, request.length) == 0)
			result = read_run(runner, lines, &started, error);
		else
			result = ended_early(runner, error);
		/* One that ended after its earlier run, as --stop-on-failure asks
		 * it to, is started again; a fresh one that ends is broken. */
		if (result != PD_RUN_FAILED || fresh || started)
			break;
		fresh = true;
	}
	pd_buffer_free(&request);
	return result;
}
