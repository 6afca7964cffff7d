/* SPDX-License-Identifier: MIT */
#include "filter.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "failure_file.h"
#include "json.h"
#include "origin.h"
#include "program.h"

enum {
	LAST_WORDS = 1000000,	/* for the input to end after a signal, microseconds */
};

void
pd_filter_option(struct pd_filter_settings *settings, int option,
    const char *value)
{
	static const char *const when[] = {"auto", "always", "never", NULL};

	switch (option) {
	case PD_OPTION_FORMAT: settings->format = value; break;
	case PD_OPTION_COLOR:
		settings->color = (enum pd_color)pd_option_choice("color", value, when);
		break;
	case PD_OPTION_MAX_LINE:
		settings->max_line = pd_option_size("max-line", value);
		break;
	case PD_OPTION_LINE_BUFFERED: settings->line_buffered = true; break;
	case PD_OPTION_PROGRESS: settings->progress = true; break;
	case 'q': settings->progress = false; break;
	}
}

int
pd_filter_command(int argc, char **argv, char ***command)
{
	int end = 1;

	while (end < argc && strcmp(argv[end], "--") != 0)
		end++;
	*command = end + 1 < argc ? argv + end + 1 : NULL;
	return end;
}

void
pd_filter_require(char *const *command)
{
	if (command == NULL)
		pd_usage_error("the command that executes sequences is missing: "
		    "-- pd-exec -m MODEL -a ADAPTER -u URL");
}

/* The template of the format, or NULL for records. */
static struct pd_template *
open_template(const struct pd_filter_settings *settings)
{
	const char *format = settings->format;
	struct pd_error error;

	if (format == NULL)
		format = isatty(STDOUT_FILENO) == 1 ? "terminal" : "json";
	if (strcmp(format, "json") == 0)
		return NULL;
	struct pd_template *template = pd_template_open_for(settings->result != NULL ?
	    settings->result : "failure", format, &error);
	if (template == NULL)
		pd_die(&error);
	return template;
}

void
pd_filter_open(struct pd_filter *filter,
    const struct pd_filter_settings *settings, int argc, char **argv, int end,
    char **command)
{
	struct pd_error error;

	*filter = (struct pd_filter){.settings = settings, .header = jv_invalid(),
		.argc = argc, .argv = argv, .template = open_template(settings)};
	filter->loop = pd_loop_new(&error);
	if (filter->loop == NULL)
		pd_die(&error);
	pd_loop_take_signals(filter->loop);
	if (command != NULL)
		filter->runner = pd_runner_new(filter->loop, command);
	filter->reader = pd_reader_open(argv + optind, end - optind, settings->max_line);
	pd_writer_open(&filter->writer, STDOUT_FILENO);
	filter->writer.line_buffered |= settings->line_buffered;
	pd_counts_start(&filter->counts);
}

void
pd_filter_pass(struct pd_filter *filter, const struct pd_record *record)
{
	if (filter->template == NULL)
		pd_writer_line(&filter->writer, record->line, record->length);
}

void
pd_filter_problem(struct pd_filter *filter, const struct pd_error *error,
    const char *what)
{
	char text[2560];

	pd_filter_clear_progress(filter);
	pd_complain(error);
	pd_counts_problem(&filter->counts, "%s: %s", what,
	    pd_error_text(error, text, sizeof(text)));
}

int
pd_filter_problems(const struct pd_filter *filter)
{
	return jv_array_length(jv_copy(filter->counts.problems));
}

void
pd_filter_tell_problems(const struct pd_filter *filter, int first)
{
	struct pd_error error;

	jv_array_foreach(filter->counts.problems, i, problem) {
		pd_error_set(&error, "%s", jv_string_value(problem));
		if (i >= first)
			pd_complain(&error);
		jv_free(problem);
	}
}

jv
pd_filter_parse(struct pd_filter *filter, const struct pd_record *record)
{
	struct pd_error error;
	jv value = pd_record_parse(record, &error);

	if (!jv_is_valid(value)) {
		filter->counts.rejected++;
		pd_filter_problem(filter, &error, "a line could not be read");
	}
	return value;
}

static void
take_header(struct pd_filter *filter, const struct pd_record *record)
{
	jv header = pd_filter_parse(filter, record);

	if (!jv_is_valid(header))
		return;
	jv_free(filter->header);
	filter->header = pd_stream_add_program(header, filter->argc, filter->argv);
	if (filter->template == NULL)
		pd_writer_record(&filter->writer, jv_copy(filter->header));
}

static void
take_end(struct pd_filter *filter, const struct pd_record *record)
{
	jv end = pd_filter_parse(filter, record);

	if (jv_is_valid(end))
		pd_counts_upstream(&filter->counts, end);
	jv_free(end);
}

static void
count_run(struct pd_filter *filter, const struct pd_record *record)
{
	jv end = pd_filter_parse(filter, record);

	if (jv_is_valid(end))
		pd_counts_run(&filter->counts, end);
	filter->run_failed = jv_is_valid(end) && pd_json_has_peek(end, "failure");
	jv_free(end);
}

static void
take_record(struct pd_filter *filter, const struct pd_record *record,
    pd_filter_take *take, void *context)
{
	if (pd_record_is(record, "stream")) {
		take_header(filter, record);
	} else if (pd_record_is(record, "end")) {
		take_end(filter, record);
	} else {
		if (!filter->hold &&
		    (filter->pass || !pd_record_is(record, "failure")))
			pd_filter_pass(filter, record);
		if (pd_record_is(record, "run_end") && !filter->judges)
			count_run(filter, record);
		take(context, record);
	}
}

static void
on_last_words(void *context)
{
	struct pd_filter *filter = context;

	filter->over = true;
}

/* Wait for more input, and after a signal not for long: it mostly came to
 * whoever writes the input, too, and then the end of its run is on the way. */
static void
wait_for_input(struct pd_filter *filter)
{
	struct pd_error error;

	pd_writer_flush(&filter->writer, &error);	/* told by the close */
	if (pd_loop_signal(filter->loop) != 0 && !filter->ending) {
		filter->ending = true;
		pd_loop_after(filter->loop, LAST_WORDS, on_last_words, filter);
	}
	if (pd_loop_turn_reading(filter->loop, filter->reader, &error) != 0)
		pd_die(&error);
}

void
pd_filter_process(struct pd_filter *filter, pd_filter_take *take, void *context)
{
	struct pd_record record;
	struct pd_error error;

	while (!filter->over && filter->writer.failure == 0) {
		switch (pd_reader_take(filter->reader, &record, &error)) {
		case PD_READ_RECORD:
			take_record(filter, &record, take, context);
			break;
		case PD_READ_ERROR:
			filter->counts.rejected++;
			pd_filter_problem(filter, &error, "a line could not be read");
			break;
		case PD_READ_WAIT:
			wait_for_input(filter);
			break;
		case PD_READ_END:
			pd_counts_input(&filter->counts, filter->reader);
			return;
		}
	}
}

/* Whoever takes records of runs, parsed. */
struct run_taker {
	struct pd_filter *filter;
	pd_filter_take_run *take;
	void *context;
};

static void
take_run_record(void *context, const struct pd_record *record)
{
	static const char *const types[] = {"run_start", "run_end", "command", "event"};
	const struct run_taker *taker = context;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!pd_record_is(record, types[i]))
			continue;
		jv value = pd_filter_parse(taker->filter, record);
		if (jv_is_valid(value) && pd_origin_is_folded(value))
			taker->take(taker->context, types[i], value);
		else
			jv_free(value);
	}
}

void
pd_filter_process_runs(struct pd_filter *filter, pd_filter_take_run *take, void *context)
{
	struct run_taker taker = {filter, take, context};

	pd_filter_process(filter, take_run_record, &taker);
}

jv
pd_filter_failure(struct pd_filter *filter, const struct pd_record *record)
{
	struct pd_error error;
	jv failure = pd_filter_parse(filter, record);

	if (jv_is_valid(failure) && pd_failure_verify(failure, &error) != 0) {
		snprintf(error.file, sizeof(error.file), "%s", record->file);
		error.line = record->number;
		filter->counts.rejected++;
		pd_filter_problem(filter, &error, "a failure could not be read");
		jv_free(failure);
		return jv_invalid();
	}
	return failure;
}

enum pd_run_result
pd_filter_execute(struct pd_filter *filter, const struct pd_sequence *sequence,
    struct pd_recorded *run)
{
	struct pd_error error = PD_ERROR_INIT;
	enum pd_run_result result = pd_recorded_execute(run, filter->runner, sequence,
	    &error);

	if (result == PD_RUN_FAILED)
		pd_filter_give_up(filter, &error);
	return result;
}

void
pd_filter_give_up(struct pd_filter *filter, const struct pd_error *error)
{
	pd_filter_problem(filter, error, "sequences could not be executed");
	pd_runner_free(filter->runner);
	filter->runner = NULL;
}

bool
pd_filter_interrupted(const struct pd_filter *filter)
{
	return pd_loop_signal(filter->loop) != 0 || filter->writer.failure != 0;
}

void
pd_filter_result(struct pd_filter *filter, jv record)
{
	struct pd_error error;

	pd_filter_clear_progress(filter);
	if (filter->template == NULL) {
		pd_writer_record(&filter->writer, record);
	} else {
		char *type = pd_duplicate(pd_json_peek_string(record, "type", ""));
		if (pd_template_render(filter->template, type, record,
		    pd_template_style(filter->settings->color, STDOUT_FILENO),
		    &filter->writer, &error) != 0)
			pd_filter_problem(filter, &error, "a result could not be shown");
		free(type);
	}
	pd_writer_flush(&filter->writer, &error);	/* told by the close */
}

void
pd_filter_progress(struct pd_filter *filter, const char *format, ...)
{
	va_list arguments;

	if (!filter->settings->progress)
		return;
	filter->shown = true;
	fputs("\r\033[K", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
}

void
pd_filter_clear_progress(struct pd_filter *filter)
{
	if (filter->shown)
		fputs("\r\033[K", stderr);
	filter->shown = false;
}

static int
exit_status(const struct pd_filter *filter, bool answer_no)
{
	int number = pd_loop_signal(filter->loop);

	if (number != 0)
		return 128 + number;
	if (answer_no)
		return PD_EXIT_NO;
	return jv_array_length(jv_copy(filter->counts.problems)) > 0 ?
	    PD_EXIT_TROUBLE : PD_EXIT_GOOD;
}

int
pd_filter_close(struct pd_filter *filter, bool answer_no)
{
	pd_filter_clear_progress(filter);
	pd_counts_close(&filter->counts);
	int status = exit_status(filter, answer_no);
	if (filter->template == NULL)
		pd_writer_record(&filter->writer, pd_stream_end(&filter->counts, status));
	pd_runner_free(filter->runner);
	pd_reader_close(filter->reader);
	pd_loop_free(filter->loop);
	pd_template_close(filter->template);
	pd_counts_free(&filter->counts);
	jv_free(filter->header);
	return pd_close_output(&filter->writer, status);
}
