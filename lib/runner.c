/* SPDX-License-Identifier: MIT */
#include "runner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
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
	bool ready;
	bool crashed;		/* the latest child was ended by a signal */
	struct pd_buffer request;	/* the line of the run in hand */
	bool sent;		/* to the child that is running */
	bool started;		/* something of the run has come */
	bool fresh;		/* the child was started for this run */
	int64_t ends;		/* run_end records seen */
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
	pd_buffer_free(&runner->request);
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
	fcntl(runner->child.input, F_SETFL,
	    fcntl(runner->child.input, F_GETFL) | O_NONBLOCK);
	return 0;
}

static void
on_ready(void *context, int descriptor, short events)
{
	struct pd_runner *runner = context;

	(void)descriptor;
	(void)events;
	runner->ready = true;
}

/* Wait until the descriptor is ready: 1, 0 when a signal came, -1 on error. */
static int
wait_for(struct pd_runner *runner, int descriptor, short events,
    struct pd_error *error)
{
	int result = 0;

	runner->ready = false;
	pd_loop_watch(runner->loop, descriptor, events, on_ready, runner);
	while (result == 0 && !runner->ready && pd_loop_signal(runner->loop) == 0)
		result = pd_loop_turn(runner->loop, error);
	pd_loop_watch(runner->loop, descriptor, 0, NULL, NULL);
	return result != 0 ? -1 : pd_loop_signal(runner->loop) == 0;
}

/* Write as much as the filter takes at once; one that has ended gives EPIPE,
 * as SIGPIPE is ignored meanwhile. */
static ssize_t
write_some(int descriptor, const char *bytes, size_t length)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;

	sigaction(SIGPIPE, &ignore, &before);
	ssize_t wrote = write(descriptor, bytes, length);
	sigaction(SIGPIPE, &before, NULL);
	return wrote < 0 && (errno == EINTR || errno == EAGAIN) ? 0 : wrote;
}

/* Write it all: 1, 0 when a signal came, -1 when the filter takes no more. */
static int
write_all(struct pd_runner *runner, const char *bytes, size_t length,
    struct pd_error *error)
{
	int ready = 1;

	while (length > 0 && ready == 1) {
		ready = wait_for(runner, runner->child.input, POLLOUT, error);
		ssize_t wrote = ready == 1 ?
		    write_some(runner->child.input, bytes, length) : 0;
		if (wrote < 0)
			return -1;
		bytes += wrote;
		length -= (size_t)wrote;
	}
	return ready;
}

static enum pd_run_result
ended_early(struct pd_runner *runner, struct pd_error *error)
{
	char status[64];
	int wait_status = stop(runner);

	runner->crashed = WIFSIGNALED(wait_status);
	pd_spawn_status_text(wait_status, status, sizeof(status));
	pd_error_set(error, "'%s' ended in the middle of a run (%s)",
	    runner->argv[0], status);
	pd_error_hint(error, "what it said is above");
	return PD_RUN_FAILED;
}

/* Something like cat: it would never come to a run's end. */
static enum pd_run_result
does_not_execute(struct pd_runner *runner, struct pd_error *error)
{
	stop(runner);
	pd_error_set(error, "'%s' passes sequences on instead of executing them",
	    runner->argv[0]);
	pd_error_hint(error, "what comes after -- must be like "
	    "'pd-exec -m MODEL -a ADAPTER -u URL'");
	return PD_RUN_FAILED;
}

static enum pd_run_result
interrupted(struct pd_runner *runner)
{
	pd_spawn_signal(runner->child.pid, SIGTERM);
	stop(runner);
	return PD_RUN_INTERRUPTED;
}

/* A run_end: of the run, or of an attempt that another one follows. */
static enum pd_run_result
end_attempt(struct pd_runner *runner, const struct pd_record *record,
    struct pd_error *error)
{
	jv end = pd_record_parse(record, error);

	if (!jv_is_valid(end)) {
		stop(runner);
		return PD_RUN_FAILED;
	}
	bool again = pd_json_peek_bool(end, "again", false);
	jv_free(end);
	runner->ends++;
	return again ? PD_RUN_AGAIN : PD_RUN_DONE;
}

/* Read the next record of the run. */
static enum pd_run_result
read_record(struct pd_runner *runner, struct pd_record *record,
    struct pd_error *error)
{
	for (;;) {
		int ready;
		switch (pd_reader_take(runner->reader, record, error)) {
		case PD_READ_RECORD:
			if (pd_record_is(record, "sequence"))
				return does_not_execute(runner, error);
			if (pd_record_is(record, "run_start"))
				runner->started = true;
			if (!runner->started)
				continue;	/* the header */
			return pd_record_is(record, "run_end") ?
			    end_attempt(runner, record, error) : PD_RUN_RECORD;
		case PD_READ_WAIT:
			ready = wait_for(runner, runner->child.output, POLLIN, error);
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

static enum pd_run_result
send_line(struct pd_runner *runner, const struct pd_buffer *line,
    struct pd_error *error)
{
	switch (write_all(runner, line->data, line->length, error)) {
	case 1:
		return PD_RUN_DONE;
	case 0:
		return interrupted(runner);
	default:
		return ended_early(runner, error);
	}
}

/* The sequence goes to a child, if it has not, and its run's next record comes. */
static enum pd_run_result
exchange(struct pd_runner *runner, struct pd_record *record,
    struct pd_error *error)
{
	if (!runner->running && start(runner, error) != 0) {
		runner->fresh = true;	/* there is no sense in trying again */
		return PD_RUN_FAILED;
	}
	if (!runner->sent) {
		enum pd_run_result result = send_line(runner, &runner->request, error);
		if (result != PD_RUN_DONE)
			return result;
		runner->sent = true;
	}
	return read_record(runner, record, error);
}

static void
begin(struct pd_runner *runner, jv record)
{
	pd_buffer_clear(&runner->request);
	pd_json_append_peek(&runner->request, record);
	pd_buffer_text(&runner->request, "\n");
	jv_free(record);
	runner->sent = runner->started = false;
	runner->fresh = !runner->running;
}

void
pd_runner_begin(struct pd_runner *runner, const struct pd_sequence *sequence,
    bool paced)
{
	jv record = pd_sequence_record(sequence);

	begin(runner, paced ? pd_json_set(record, "paced", jv_true()) : record);
}

enum pd_run_result
pd_runner_next(struct pd_runner *runner, struct pd_record *record,
    struct pd_error *error)
{
	if (pd_loop_signal(runner->loop) != 0 && !runner->sent)
		return PD_RUN_INTERRUPTED;
	enum pd_run_result result = exchange(runner, record, error);
	/* One that ended after its earlier run, as --stop-on-failure asks it to, is
	 * started again; a fresh one that ends is broken. */
	if (result == PD_RUN_FAILED && !runner->fresh && !runner->started &&
	    !runner->crashed) {
		runner->fresh = true;
		runner->sent = false;
		result = exchange(runner, record, error);
	}
	return result;
}

enum pd_run_result
pd_runner_send(struct pd_runner *runner, jv record, struct pd_error *error)
{
	struct pd_buffer line = PD_BUFFER_INIT;

	pd_json_append_peek(&line, record);
	pd_buffer_text(&line, "\n");
	jv_free(record);
	enum pd_run_result result = send_line(runner, &line, error);
	pd_buffer_free(&line);
	return result;
}

void
pd_runner_leave(struct pd_runner *runner)
{
	if (runner->running)
		interrupted(runner);
}

enum pd_run_result
pd_runner_run(struct pd_runner *runner, const struct pd_sequence *sequence,
    struct pd_buffer *lines, struct pd_error *error)
{
	return pd_runner_run_record(runner, pd_sequence_record(sequence), lines, error);
}

enum pd_run_result
pd_runner_run_record(struct pd_runner *runner, jv sequence, struct pd_buffer *lines,
    struct pd_error *error)
{
	struct pd_record record;
	enum pd_run_result result;

	pd_buffer_clear(lines);
	begin(runner, sequence);
	do {
		result = pd_runner_next(runner, &record, error);
		if (result == PD_RUN_RECORD || result == PD_RUN_DONE) {
			pd_buffer_append(lines, record.line, record.length);
			pd_buffer_append(lines, "\n", 1);
		} else if (result == PD_RUN_AGAIN) {
			pd_buffer_clear(lines);
		}
	} while (result == PD_RUN_RECORD || result == PD_RUN_AGAIN);
	return result;
}

int64_t
pd_runner_ends(const struct pd_runner *runner)
{
	return runner->ends;
}
