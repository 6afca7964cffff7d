/* SPDX-License-Identifier: MIT */
/* pd-diff: where runs part ways, and what tells failing runs from passing ones. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "failure_file.h"
#include "json.h"
#include "program.h"
#include "reader.h"
#include "recorded.h"
#include "repetition.h"
#include "template.h"

enum {
	OPT_RUN = 256, OPT_WITH, OPT_FORMAT, OPT_COLOR, OPT_MAX_DIFFERENCES,
	OPT_MAX_LINE,
};

static const struct pd_option options[] = {
	{'m', "model", "FILE", "compare its states, too, and mind what it calls external"},
	{OPT_RUN, "run", "N", "this run of FILE; N.A for its attempt A"},
	{OPT_WITH, "with", "N", "with this run of FILE2, or of FILE if it is alone"},
	{OPT_FORMAT, "format", "NAME", "terminal, compact, markdown or json (terminal)"},
	{OPT_COLOR, "color", "WHEN", "auto, always or never (auto; NO_COLOR is minded)"},
	{OPT_MAX_DIFFERENCES, "max-differences", "N", "tell at most so many, count the rest (100)"},
	{OPT_MAX_LINE, "max-line", "SIZE", "the longest line that is read (16MiB)"},
	{0, NULL, NULL, NULL},
};

static const struct pd_program program = {
	.name = "pd-diff",
	.synopsis = "[-m MODEL] [--run N] [--with N] [--format NAME] [--color WHEN]\n"
	    "               [--max-differences N] [--max-line SIZE] FILE [FILE2]",
	.purpose = "Tell where runs part ways, and what tells failing runs from"
	    " passing ones.",
	.options = options,
};

struct settings {
	const char *model, *format;
	struct pd_run_choice run, with;
	enum pd_color color;
	int64_t max_differences;
	size_t max_line;
	char **files;
	int file_count;
};

/* A run that was chosen. */
struct chosen {
	struct pd_comparable run;
	const char *file;
	bool found;
};

struct session {
	const struct settings *settings;
	struct pd_model *model;
	struct pd_template *template;
	const char *file;	/* that is being read */
	struct pd_buffer lines;	/* of the present run */
	bool in_run, any_run;	/* in this file */
	bool trouble;		/* it was told */
	struct chosen left, right;	/* with one file: the first two runs */
	int64_t runs, other_plans;	/* runs met, and those not of the first's plan */
	struct pd_repetition group;	/* the runs of the first one's plan */
};

static void
parse_options(struct settings *settings, int argc, char **argv)
{
	static const char *const when[] = {"auto", "always", "never", NULL};
	const char *value;
	int option;

	*settings = (struct settings){.format = "terminal", .max_differences = 100,
		.max_line = PD_LINE_LIMIT};
	while ((option = pd_option_next(&program, argc, argv, &value)) != -1) {
		switch (option) {
		case 'm': settings->model = value; break;
		case OPT_RUN: settings->run = pd_option_run("run", value); break;
		case OPT_WITH: settings->with = pd_option_run("with", value); break;
		case OPT_FORMAT: settings->format = value; break;
		case OPT_COLOR: settings->color = (enum pd_color)pd_option_choice("color",
			    value, when); break;
		case OPT_MAX_DIFFERENCES: settings->max_differences =
			    pd_option_number("max-differences", value, 1, INT32_MAX); break;
		case OPT_MAX_LINE: settings->max_line = pd_option_size("max-line", value); break;
		}
	}
	settings->files = argv + optind;
	settings->file_count = argc - optind;
	if (settings->file_count < 1 || settings->file_count > 2)
		pd_usage_error("one file with runs is needed, or two");
	if (settings->file_count == 1 && settings->with.given && !settings->run.given)
		pd_usage_error("--with N needs --run N, too, or a second file");
}

static void
complain(struct session *session, const struct pd_error *error)
{
	pd_complain(error);
	session->trouble = true;
}

static void
choose(struct session *session, struct chosen *chosen,
    const struct pd_comparable *run)
{
	chosen->run = pd_comparable_copy(run);
	chosen->file = session->file;
	chosen->found = true;
}

static bool
same_plan(const struct pd_comparable *left, const struct pd_comparable *right)
{
	return jv_is_valid(left->plan) && jv_is_valid(right->plan) &&
	    jv_equal(jv_copy(left->plan), jv_copy(right->plan));
}

/* One file, and no two runs named: the first two, and those of the same plan
 * as the first. Takes the run over. */
static void
take_any(struct session *session, struct pd_comparable *run)
{
	session->runs++;
	if (!session->left.found)
		choose(session, &session->left, run);
	else if (!session->right.found)
		choose(session, &session->right, run);
	if (same_plan(&session->left.run, run)) {
		pd_repetition_add(&session->group, run);
	} else {
		session->other_plans++;
		pd_comparable_free(run);
	}
}

/* Takes the run over. */
static void
take_run(struct session *session, struct pd_comparable *run)
{
	const struct settings *settings = session->settings;
	bool first_file = session->file == settings->files[0];

	session->any_run = true;
	if (run->error.message[0] != '\0')
		complain(session, &run->error);
	if (settings->file_count == 1 && !settings->with.given) {
		if (pd_run_chosen(&settings->run, run->run, run->attempt))
			take_any(session, run);
		else
			pd_comparable_free(run);
		return;
	}
	if (!session->left.found && first_file && pd_run_chosen(&settings->run, run->run, run->attempt))
		choose(session, &session->left, run);
	if (!session->right.found && (!first_file || settings->file_count == 1) &&
	    pd_run_chosen(&settings->with, run->run, run->attempt))
		choose(session, &session->right, run);
	pd_comparable_free(run);
}

static void
finish_run(struct session *session)
{
	struct pd_recorded run;
	struct pd_error error = PD_ERROR_INIT;

	session->in_run = false;
	if (pd_recorded_parse(&run, session->lines.data, session->lines.length,
	    &error) == 0) {
		struct pd_comparable comparable;
		pd_comparable_make(&comparable, &run, session->model);
		take_run(session, &comparable);
	} else {
		snprintf(error.file, sizeof(error.file), "%s", session->file);
		pd_error_prefix(&error, "a run could not be read: ");
		complain(session, &error);
	}
	pd_recorded_free(&run);
}

/* A failure that follows its run tells the same again. */
static void
take_failure(struct session *session, const struct pd_record *record)
{
	struct pd_error error;
	jv failure = pd_record_parse(record, &error);
	struct pd_comparable comparable;
	struct pd_recorded run;

	if (!jv_is_valid(failure) || pd_failure_verify(failure, &error) != 0) {
		snprintf(error.file, sizeof(error.file), "%s", record->file);
		error.line = record->number;
		complain(session, &error);
	} else {
		pd_recorded_of_failure(&run, failure);
		pd_comparable_make(&comparable, &run, session->model);
		take_run(session, &comparable);
		pd_recorded_free(&run);
	}
	jv_free(failure);
}

static void
take_record(struct session *session, const struct pd_record *record,
    bool *runs_told)
{
	if (pd_record_is(record, "run_start")) {
		pd_buffer_clear(&session->lines);
		session->in_run = *runs_told = true;
	}
	if (pd_record_is(record, "failure") && !*runs_told)
		take_failure(session, record);
	if (!session->in_run)
		return;
	pd_buffer_append(&session->lines, record->line, record->length);
	pd_buffer_append(&session->lines, "\n", 1);
	if (pd_record_is(record, "run_end"))
		finish_run(session);
}

static void
read_file(struct session *session, char *const *file)
{
	struct pd_reader *reader = pd_reader_open(file, 1,
	    session->settings->max_line);
	struct pd_record record;
	struct pd_error error;
	enum pd_read result;
	bool runs_told = false;

	session->file = *file;
	session->any_run = session->in_run = false;
	while ((result = pd_reader_next(reader, &record, &error)) != PD_READ_END) {
		if (result == PD_READ_RECORD)
			take_record(session, &record, &runs_told);
		else
			complain(session, &error);
	}
	if (session->in_run || pd_reader_cut_off(reader)) {
		pd_error_at(&error, *file, 0, "the input was cut off");
		complain(session, &error);
	}
	if (!session->any_run && !session->trouble) {
		pd_error_at(&error, *file, 0, "there is no run in it");
		pd_error_hint(&error, "pd-exec writes runs; a failure file has one");
		complain(session, &error);
	}
	pd_reader_close(reader);
}

/* {file, run, attempt, status, failure} */
static jv
side(const struct pd_comparable *run, const char *file)
{
	jv result = pd_json_set_string(jv_object(), "file",
	    strcmp(file, "-") == 0 ? "<stdin>" : file);

	return jv_object_merge(result, pd_comparable_identity(run));
}

static jv
compare(const struct session *session, const struct pd_comparable *left,
    const char *left_file, const struct pd_comparable *right,
    const char *right_file, bool *same)
{
	struct pd_divergence divergence;
	jv record = pd_json_set_string(jv_object(), "type", "divergence");

	record = pd_json_set(record, "left", side(left, left_file));
	record = pd_json_set(record, "right", side(right, right_file));
	pd_divergence_find(&divergence, left, right,
	    session->settings->max_differences);
	*same = pd_divergence_none(&divergence);
	record = pd_divergence_describe(&divergence, record);
	pd_divergence_free(&divergence);
	return record;
}

/* Many runs of one plan. The second that was read stands for all when all are
 * the same. */
static jv
compare_group(const struct session *session, bool *same)
{
	const struct pd_comparable *left, *right;
	bool pair_same;

	pd_repetition_pair(&session->group, &left, &right);
	*same = left == NULL;
	if (left == NULL) {
		left = &session->left.run;
		right = &session->right.run;
	}
	return pd_repetition_describe(&session->group, compare(session, left,
	    session->file, right, session->file, &pair_same));
}

static void
name_selector(const struct pd_run_choice *selector, char *text, size_t size)
{
	if (!selector->given)
		snprintf(text, size, "the run");
	else if (selector->attempt > 0)
		snprintf(text, size, "run %" PRId64 ", attempt %" PRId64, selector->run,
		    selector->attempt);
	else
		snprintf(text, size, "run %" PRId64, selector->run);
}

/* Which run is missing; -1. */
static int
not_found(const struct session *session, struct pd_error *error)
{
	const struct settings *settings = session->settings;
	const struct pd_run_choice *missing = session->left.found ? &settings->with :
	    &settings->run;
	char text[80];

	name_selector(missing, text, sizeof(text));
	return pd_error_at(error, session->left.found ?
	    settings->files[settings->file_count - 1] : settings->files[0], 0,
	    "%s is not in it", text);
}

/* Are there runs that can be compared? Returns 0 or -1. */
static int
check_choice(const struct session *session, struct pd_error *error)
{
	const struct settings *settings = session->settings;

	if (settings->file_count == 2 || settings->with.given)
		return session->left.found && session->right.found ? 0 :
		    not_found(session, error);
	if (session->runs == 0)
		return not_found(session, error);
	if (session->runs == 1) {
		pd_error_at(error, session->file, 0, "there is one run only, and nothing to "
		    "compare it with");
		return pd_error_hint(error, "give a second file");
	}
	if (session->runs > 2 && session->other_plans > 0) {
		pd_error_at(error, session->file, 0, "there are %" PRId64 " runs of several "
		    "plans", session->runs);
		return pd_error_hint(error, "--run N --with N tells which two to compare, "
		    "--run N alone takes the attempts of one");
	}
	return 0;
}

static int
write_result(const struct session *session, jv record)
{
	const struct settings *settings = session->settings;
	struct pd_writer writer;
	struct pd_error error;
	int status = PD_EXIT_GOOD;

	pd_writer_open(&writer, STDOUT_FILENO);
	if (session->template == NULL) {
		pd_writer_record(&writer, record);
	} else if (pd_template_render(session->template, "divergence", record,
	    pd_template_style(settings->color, STDOUT_FILENO), &writer, &error) != 0) {
		pd_complain(&error);
		status = PD_EXIT_TROUBLE;
	}
	return pd_close_output(&writer, status);
}

static int
report(const struct session *session)
{
	bool same;
	bool grouped = session->runs > 2;
	struct pd_error error;

	if (check_choice(session, &error) != 0) {
		if (!session->trouble || session->runs > 0 || session->left.found)
			pd_complain(&error);
		return PD_EXIT_TROUBLE;
	}
	jv record = grouped ? compare_group(session, &same) : compare(session,
	    &session->left.run, session->left.file, &session->right.run,
	    session->right.file, &same);
	if (write_result(session, record) != PD_EXIT_GOOD)
		return PD_EXIT_TROUBLE;
	if (!same)
		return PD_EXIT_NO;
	return session->trouble ? PD_EXIT_TROUBLE : PD_EXIT_GOOD;
}

static void
open_template(struct session *session)
{
	struct pd_error error;

	if (strcmp(session->settings->format, "json") == 0)
		return;
	session->template = pd_template_open_for("divergence", session->settings->format, &error);
	if (session->template == NULL)
		pd_die(&error);
}

static void
close_session(struct session *session)
{
	if (session->left.found)
		pd_comparable_free(&session->left.run);
	if (session->right.found)
		pd_comparable_free(&session->right.run);
	pd_repetition_free(&session->group);
	pd_template_close(session->template);
	pd_model_close(session->model);
	pd_buffer_free(&session->lines);
}

int
main(int argc, char **argv)
{
	struct settings settings;
	struct session session = {.settings = &settings};

	pd_program_start();
	parse_options(&settings, argc, argv);
	open_template(&session);
	if (settings.model != NULL)
		session.model = pd_open_model(settings.model);
	pd_repetition_start(&session.group);
	for (int i = 0; i < settings.file_count; i++)
		read_file(&session, &settings.files[i]);
	int status = report(&session);
	close_session(&session);
	return status;
}
