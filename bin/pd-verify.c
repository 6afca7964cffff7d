/* SPDX-License-Identifier: MIT */
/* pd-verify: tell whether the fix of a failure is real. */
#include <dirent.h>
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failure_file.h"
#include "filter.h"
#include "json.h"
#include "program.h"
#include "similar.h"
#include "text.h"
#include "verify.h"

enum {
	OPT_TRIES = 256, OPT_VARIATIONS, OPT_SIMILAR, OPT_MAX_SIMILAR, OPT_MAX_TIME,
	OPT_ALLOW_REFUSED,
};

static const struct pd_option options[] = {
	{'m', "model", "FILE", "the model that generated the sequences"},
	{OPT_TRIES, "tries", "N", "executions of the original and of the shrunk sequence (3)"},
	{OPT_VARIATIONS, "variations", "N", "runs of the seeds next to the failure's (10)"},
	{OPT_SIMILAR, "similar", "DIR", "try the failures saved there that are like it, too"},
	{OPT_MAX_SIMILAR, "max-similar", "N", "but at most so many (100)"},
	{OPT_MAX_TIME, "max-time", "TIME", "for each failure (0: no limit)"},
	{OPT_ALLOW_REFUSED, "allow-refused", NULL, "answers 401 and 403 may be new: the fix is just that"},
	PD_FILTER_TEXT_OPTIONS,
	PD_FILTER_PROGRESS_OPTIONS,
	PD_FILTER_STREAM_OPTIONS,
	{0, NULL, NULL, NULL},
};

static const struct pd_program program = {
	.name = "pd-verify",
	.synopsis = "-m MODEL [--tries N] [--variations N] [--similar DIR]\n"
	    "                 [--max-similar N] [--max-time TIME] [--allow-refused]\n"
	    "                 [--format NAME] [--color WHEN] [-q] [--progress]\n"
	    "                 [--max-line SIZE] [--line-buffered]\n"
	    "                 [FILE ...] -- COMMAND ...",
	.purpose = "Tell whether the fix of a failure is real"
	    " (COMMAND executes sequences, as pd-exec does).",
	.options = options,
};

struct settings {
	struct pd_filter_settings filter;
	const char *model, *similar;
	struct pd_verify_options verify;
	char **command;
};

struct session {
	const struct settings *settings;
	struct pd_filter filter;
	struct pd_verifier verifier;
	int64_t failures;
	bool refuted;		/* a verdict other than verified */
};

static void
set_option(struct settings *settings, int option, const char *value)
{
	const int64_t most = 1000000;

	switch (option) {
	case 'm': settings->model = value; break;
	case OPT_TRIES:
		settings->verify.tries = pd_option_number("tries", value, 1, most);
		break;
	case OPT_VARIATIONS:
		settings->verify.variations = pd_option_number("variations", value, 0, most);
		break;
	case OPT_SIMILAR: settings->similar = value; break;
	case OPT_MAX_SIMILAR:
		settings->verify.max_similar = pd_option_number("max-similar", value, 0, most);
		break;
	case OPT_MAX_TIME:
		settings->verify.max_time = pd_option_duration("max-time", value);
		break;
	case OPT_ALLOW_REFUSED: settings->verify.allow_refused = true; break;
	default: pd_filter_option(&settings->filter, option, value);
	}
}

/* Does the executing filter compare events with predictions? One that is not
 * pd-exec is trusted to execute as it did when the failure was found. */
static bool
compares(char *const *command)
{
	bool is_ours = false;

	for (; *command != NULL; command++) {
		const char *slash = strrchr(*command, '/');
		is_ours |= strcmp(slash != NULL ? slash + 1 : *command, "pd-exec") == 0;
		if (strlen(*command) > strlen("--co") && pd_starts_with("--conform", *command))
			return true;
	}
	return !is_ours;
}

static int
parse_options(struct settings *settings, int argc, char **argv)
{
	const char *value;
	int option;

	*settings = (struct settings){.filter = PD_FILTER_SETTINGS, .filter.result = "verification",
		.verify = {.tries = 3, .variations = 10, .max_similar = 100}};
	int end = pd_filter_command(argc, argv, &settings->command);
	while ((option = pd_option_next(&program, end, argv, &value)) != -1)
		set_option(settings, option, value);
	pd_filter_require(settings->command);
	settings->verify.compares = compares(settings->command);
	return end;
}

/*
 * What failed alike: saved in a folder, or anywhere in the input.
 */
static int
is_failure_file(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name), suffix = strlen(PD_FAILURE_SUFFIX);

	return length > suffix &&
	    strcmp(entry->d_name + length - suffix, PD_FAILURE_SUFFIX) == 0;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void
add_file(struct session *session, const char *path)
{
	struct pd_error error;
	jv record = pd_failure_load(path, &error);

	if (!jv_is_valid(record) ||
	    pd_similar_add(session->verifier.similar, record, path, &error) != 0)
		pd_filter_problem(&session->filter, &error, "a similar failure is left out");
	jv_free(record);
}

static void
add_folder(struct session *session, const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_failure_file, by_name);

	if (count < 0)
		err(PD_EXIT_TROUBLE, "--similar %s", folder);
	for (int i = 0; i < count; i++) {
		char *path = pd_format("%s/%s", folder, entries[i]->d_name);
		add_file(session, path);
		free(path);
		free(entries[i]);
	}
	free(entries);
}

static void
add_record(struct session *session, jv record, const char *file, long line)
{
	struct pd_error ignored;
	char *place = pd_format("%s:%ld", file, line);

	/* What cannot be remembered is told when its own turn comes. */
	pd_similar_add(session->verifier.similar, record, place, &ignored);
	free(place);
}

/* The failures of a file are known before the first is verified, so that the
 * order of the input does not matter. Errors are told by the reading proper. */
static void
add_operand(struct session *session, char *path)
{
	struct pd_record line;
	struct pd_error ignored;
	struct stat status;
	enum pd_read read;

	if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
		return;
	struct pd_reader *reader = pd_reader_open(&path, 1,
	    session->settings->filter.max_line);
	while ((read = pd_reader_next(reader, &line, &ignored)) != PD_READ_END) {
		if (read != PD_READ_RECORD || !pd_record_is(&line, "failure"))
			continue;
		jv record = pd_record_parse(&line, &ignored);
		if (jv_is_valid(record) && pd_failure_verify(record, &ignored) == 0)
			add_record(session, record, line.file, line.number);
		jv_free(record);
	}
	pd_reader_close(reader);
}

static void
open_similar(struct session *session, char **argv, int end)
{
	struct pd_error error;

	session->verifier.similar = pd_similar_new(&error);
	if (session->verifier.similar == NULL)
		pd_die(&error);
	for (int i = optind; i < end; i++)
		add_operand(session, argv[i]);
	if (session->settings->similar != NULL)
		add_folder(session, session->settings->similar);
}

static void
show_progress(void *context, int64_t executions)
{
	struct session *session = context;

	pd_filter_progress(&session->filter, "verifying failure %" PRId64 ": %" PRId64
	    " executions", session->failures, executions);
}

static void
note_verdict(struct session *session, const struct pd_record *line,
    enum pd_fix fix, jv record)
{
	if (fix == PD_FIX_UNDECIDED) {
		pd_counts_problem(&session->filter.counts, "%s:%ld: undecided: %s",
		    line->file, line->number, pd_json_peek_string(record, "reason", ""));
		pd_filter_clear_progress(&session->filter);
		warnx("%s:%ld: undecided: %s", line->file, line->number,
		    pd_json_peek_string(record, "reason", ""));
	} else if (fix != PD_FIX_VERIFIED) {
		session->refuted = true;
	}
}

static void
verify(struct session *session, const struct pd_record *line, jv failure)
{
	struct pd_error error;
	enum pd_fix fix;
	jv record;

	add_record(session, failure, line->file, line->number);
	session->verifier.runner = session->filter.runner;
	if (pd_verify(&session->verifier, failure, &fix, &record, &error) == PD_RUN_FAILED)
		pd_filter_give_up(&session->filter, &error);
	note_verdict(session, line, fix, record);
	pd_filter_result(&session->filter, record);
}

static void
take_record(void *context, const struct pd_record *line)
{
	struct session *session = context;

	if (!pd_record_is(line, "failure") || pd_loop_signal(session->filter.loop) != 0)
		return;
	session->failures++;
	jv failure = pd_filter_failure(&session->filter, line);
	if (jv_is_valid(failure))
		verify(session, line, failure);
	jv_free(failure);
}

static void
note_empty(const struct session *session, struct pd_counts *counts)
{
	if (session->failures == 0 &&
	    jv_array_length(jv_copy(counts->problems)) == 0) {
		pd_counts_problem(counts, "the input had no failure");
		warnx("the input had no failure (pd-shrink makes failure records of "
		    "failed runs, pd-report --save keeps them in files)");
	}
}

int
main(int argc, char **argv)
{
	struct settings settings;
	struct session session = {.settings = &settings};

	pd_program_start();
	int end = parse_options(&settings, argc, argv);
	session.verifier = (struct pd_verifier){.model = pd_open_model(settings.model),
		.options = settings.verify, .progress = show_progress, .context = &session};
	pd_filter_open(&session.filter, &settings.filter, argc, argv, end,
	    settings.command);
	session.filter.pass = true;
	open_similar(&session, argv, end);
	pd_filter_process(&session.filter, take_record, &session);
	note_empty(&session, &session.filter.counts);
	int status = pd_filter_close(&session.filter, session.refuted);
	pd_similar_free(session.verifier.similar);
	pd_model_close(session.verifier.model);
	return status;
}
