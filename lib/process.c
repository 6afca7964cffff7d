/* SPDX-License-Identifier: MIT */
#include "process.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "buffer.h"
#include "json.h"
#include "spawn.h"

struct pd_process {
	struct pd_loop *loop;
	struct pd_child child;
	struct pd_buffer input;
	struct pd_buffer output, errors;
	pd_process_done *done;
	void *context;
	int64_t started;
	bool ended;		/* the child was waited for */
	bool cancelled;
	int status;
};

static void
close_watched(struct pd_process *process, int *descriptor)
{
	if (*descriptor < 0)
		return;
	pd_loop_watch(process->loop, *descriptor, 0, NULL, NULL);
	close(*descriptor);
	*descriptor = -1;
}

static void
release(struct pd_process *process)
{
	close_watched(process, &process->child.input);
	close_watched(process, &process->child.output);
	close_watched(process, &process->child.errors);
	pd_buffer_free(&process->input);
	pd_buffer_free(&process->output);
	pd_buffer_free(&process->errors);
	free(process);
}

static jv
make_reply(const struct pd_process *process)
{
	jv reply = jv_object();

	if (WIFSIGNALED(process->status))
		reply = pd_json_set_number(reply, "signal", WTERMSIG(process->status));
	reply = pd_json_set_number(reply, "exit", WIFSIGNALED(process->status) ?
	    128 + WTERMSIG(process->status) : WEXITSTATUS(process->status));
	reply = pd_json_set(reply, "stdout", jv_string_sized(process->output.data,
	    (int)process->output.length));
	reply = pd_json_set(reply, "stderr", jv_string_sized(process->errors.data,
	    (int)process->errors.length));
	return pd_json_set_number(reply, "latency_us",
	    (double)(pd_loop_now() - process->started));
}

/* Finished when the child has ended and its output was read to the end. What
 * it left running in the background may hold the output open: that is not
 * waited for once the child is gone and nothing more is there to read. */
static void
finish_if_complete(struct pd_process *process)
{
	if (!process->ended || process->cancelled ||
	    process->child.output >= 0 || process->child.errors >= 0)
		return;
	jv reply = make_reply(process);
	pd_process_done *done = process->done;
	void *context = process->context;
	release(process);
	done(context, reply, NULL);
}

static void
too_much(struct pd_process *process)
{
	struct pd_error error;
	pd_process_done *done = process->done;
	void *context = process->context;

	pd_error_set(&error, "the program wrote more than %zu MiB",
	    PD_PROCESS_OUTPUT_LIMIT >> 20);
	pd_process_cancel(process);
	done(context, jv_invalid(), &error);
}

static void
on_output(void *context, int descriptor, short events)
{
	struct pd_process *process = context;
	bool is_output = descriptor == process->child.output;
	struct pd_buffer *buffer = is_output ? &process->output : &process->errors;
	char chunk[1 << 14];

	(void)events;
	ssize_t got = read(descriptor, chunk, sizeof(chunk));
	if (got > 0) {
		pd_buffer_append(buffer, chunk, (size_t)got);
		if (buffer->length > PD_PROCESS_OUTPUT_LIMIT)
			too_much(process);
		return;
	}
	if (got < 0 && (errno == EINTR || (errno == EAGAIN && !process->ended)))
		return;
	close_watched(process, is_output ? &process->child.output :
	    &process->child.errors);
	finish_if_complete(process);
}

static void
on_input(void *context, int descriptor, short events)
{
	struct pd_process *process = context;

	(void)events;
	ssize_t wrote = write(descriptor, process->input.data,
	    process->input.length);
	if (wrote > 0)
		pd_buffer_consume(&process->input, (size_t)wrote);
	/* A program may end without reading its input: no error (EPIPE). */
	if (process->input.length == 0 ||
	    (wrote < 0 && errno != EAGAIN && errno != EINTR))
		close_watched(process, &process->child.input);
}

static void
on_ended(void *context, int status)
{
	struct pd_process *process = context;

	process->ended = true;
	process->status = status;
	if (process->cancelled) {
		release(process);
		return;
	}
	/* Read what is there; EAGAIN then means that nothing more will come
	 * from the program itself. */
	int *outputs[] = {&process->child.output, &process->child.errors};
	for (int i = 0; i < 2; i++) {
		struct pd_buffer *buffer = i == 0 ? &process->output : &process->errors;
		char chunk[1 << 14];
		ssize_t got = 0;
		while (*outputs[i] >= 0 && buffer->length < PD_PROCESS_OUTPUT_LIMIT &&
		    (got = read(*outputs[i], chunk, sizeof(chunk))) > 0)
			pd_buffer_append(buffer, chunk, (size_t)got);
		close_watched(process, outputs[i]);
	}
	/* The child itself is gone: its number may be another's by now. */
	kill(-process->child.pid, SIGKILL);
	finish_if_complete(process);
}

static char **
make_argv(jv array, struct pd_error *error)
{
	int count = jv_get_kind(array) == JV_KIND_ARRAY ?
	    jv_array_length(jv_copy(array)) : 0;
	char **argv = pd_allocate((size_t)count + 1, sizeof(*argv));
	bool good = count > 0;

	for (int i = 0; i < count; i++) {
		jv word = jv_array_get(jv_copy(array), i);
		good = good && pd_spawn_takes(word);
		jv text = jv_get_kind(word) == JV_KIND_STRING ? word :
		    jv_dump_string(word, 0);
		argv[i] = pd_duplicate(jv_string_value(text));
		jv_free(text);
	}
	if (good)
		return argv;
	for (int i = 0; i < count; i++)
		free(argv[i]);
	free(argv);
	pd_error_set(error, "argv must be an array of strings (without NUL) and numbers");
	return NULL;
}

static void
watch_all(struct pd_process *process)
{
	struct pd_child *child = &process->child;
	int ends[] = {child->input, child->output, child->errors};

	for (int i = 0; i < 3; i++)
		fcntl(ends[i], F_SETFL, O_NONBLOCK);
	pd_loop_watch(process->loop, child->output, POLLIN, on_output, process);
	pd_loop_watch(process->loop, child->errors, POLLIN, on_output, process);
	if (process->input.length > 0)
		pd_loop_watch(process->loop, child->input, POLLOUT, on_input, process);
	else
		close_watched(process, &child->input);
	pd_loop_child(process->loop, child->pid, on_ended, process);
}

struct pd_process *
pd_process_start(struct pd_loop *loop, jv request, pd_process_done *done,
    void *context, struct pd_error *error)
{
	jv words = pd_json_peek(request, "argv");
	char **argv = make_argv(words, error);

	jv_free(words);
	if (argv == NULL) {
		jv_free(request);
		return NULL;
	}
	struct pd_process *process = pd_allocate(1, sizeof(*process));
	*process = (struct pd_process){.loop = loop, .done = done,
		.context = context, .started = pd_loop_now()};
	jv input = pd_json_peek(request, "stdin");
	if (jv_get_kind(input) == JV_KIND_STRING)
		pd_buffer_append(&process->input, jv_string_value(input),
		    (size_t)jv_string_length_bytes(jv_copy(input)));
	jv environment = pd_json_peek(request, "env");
	int result = pd_spawn(argv, environment,
	    pd_json_peek_string(request, "cwd", NULL), true, &process->child, error);
	for (char **word = argv; *word != NULL; word++)
		free(*word);
	free(argv);
	jv_free(environment);
	jv_free(input);
	jv_free(request);
	if (result != 0) {
		pd_buffer_free(&process->input);
		free(process);
		return NULL;
	}
	pd_buffer_text(&process->output, "");
	pd_buffer_text(&process->errors, "");
	watch_all(process);
	return process;
}

void
pd_process_cancel(struct pd_process *process)
{
	process->cancelled = true;
	close_watched(process, &process->child.input);
	close_watched(process, &process->child.output);
	close_watched(process, &process->child.errors);
	pd_spawn_signal(process->child.pid, SIGKILL);
	/* The loop still waits for the child and then frees the rest. */
}
