/* SPDX-License-Identifier: MIT */
/* pd-export: make a script of a failure that anybody can run. */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapter.h"
#include "buffer.h"
#include "export_adapter.h"
#include "export_plan.h"
#include "failure_file.h"
#include "failure_save.h"
#include "json.h"
#include "latest.h"
#include "loop.h"
#include "program.h"
#include "reader.h"
#include "recorded.h"
#include "template.h"

enum { OPT_ALL = 256, OPT_LIST, OPT_MAX_LINE, OPT_RUN, OPT_STDLIB };

static const struct pd_option options[] = {
	{'f', "format", "NAME", "curl, or any of --list, or a file of your own: ./mine.jq"},
	{OPT_LIST, "list", NULL, "list the formats"},
	{'o', "output", "FILE", "write there instead of to standard output"},
	{OPT_ALL, "all", "DIR", "write every failure in every format that can tell it, or in -f's"},
	{OPT_RUN, "run", "N", "take the failure of this run; N.A for its attempt A"},
	{'m', "model", "FILE", "the model; the failure's own by default"},
	{'a', "adapter", "FILE", "the adapter; the failure's own by default"},
	{OPT_STDLIB, "stdlib", NULL, "use nothing but the language's own library"},
	{OPT_MAX_LINE, "max-line", "SIZE", "the longest line that is read (16MiB)"},
	{0, NULL, NULL, NULL},
};

static const struct pd_program program = {
	.name = "pd-export",
	.synopsis = "[-f NAME] [-o FILE | --all DIR] [--run N] [-m MODEL.jq]\n"
	    "                 [-a ADAPTER.jq] [--stdlib] [--max-line SIZE] [FILE ...]\n"
	    "       pd-export --list",
	.purpose = "Make a script of a failure that anybody can run.",
	.options = options,
};

struct settings {
	const char *format, *output, *all;
	const char *model, *adapter;	/* or NULL: what the failure names */
	struct pd_run_choice run;
	bool stdlib;
	size_t max_line;
};

/* A format that is asked for. */
struct format {
	char *name;
	struct pd_template *template;
};

struct session {
	const struct settings *settings;
	struct pd_loop *loop;
	struct format *formats;
	size_t format_count;
	struct pd_latest latest;	/* the present run */
	bool pending;		/* it failed, and no failure record has come yet */
	jv header;
	jv names;		/* {file name: true}: of files written with --all */
	int64_t seen, exported, left_out;	/* failures */
	bool trouble;		/* it was told */
	/* What was opened for the failure before, and by which names. */
	struct pd_model *model;
	struct pd_adapter *adapter;
	struct pd_holes environment;	/* the adapter's */
	char *model_path, *adapter_path;
};

static void
parse_options(struct settings *settings, int argc, char **argv)
{
	const char *value;
	int option;

	*settings = (struct settings){.max_line = PD_LINE_LIMIT};
	while ((option = pd_option_next(&program, argc, argv, &value)) != -1) {
		switch (option) {
		case 'f': settings->format = value; break;
		case OPT_LIST: pd_list_formats(PD_EXPORT_FORMATS);
		case 'o': settings->output = value; break;
		case OPT_ALL: settings->all = value; break;
		case OPT_RUN: settings->run = pd_option_run("run", value); break;
		case 'm': settings->model = value; break;
		case 'a': settings->adapter = value; break;
		case OPT_STDLIB: settings->stdlib = true; break;
		case OPT_MAX_LINE: settings->max_line = pd_option_size("max-line", value); break;
		}
	}
	if (settings->all != NULL && settings->output != NULL)
		pd_usage_error("--all and --output exclude each other");
	if (settings->all != NULL && settings->all[0] == '\0')
		pd_usage_error("--all: the name of a directory is empty");
	if (settings->format == NULL && settings->all == NULL)
		settings->format = "curl";
}

static void
complain(struct session *session, const struct pd_error *error)
{
	pd_complain(error);
	session->trouble = true;
}

/*
 * The model and the adapter that a failure names.
 */

/* The file that a failure names under a key, or the one given; NULL when there is
 * none. Tells when it is not what it was then. */
static const char *
source_path(jv failure, const char *key, const char *given, jv *source)
{
	*source = pd_json_peek(failure, key);
	if (given != NULL)
		return given;
	const char *path = pd_json_peek_string(*source, "path", NULL);
	if (path != NULL && access(path, R_OK) != 0) {
		warnx("the %s '%s' is not there: what it would tell is missing (give it with -%c)",
		    key, path, key[0]);
		return NULL;
	}
	return path;
}

static void
compare_hash(const char *what, jv source, jv identity)
{
	const char *then = pd_json_peek_string(source, "sha256", NULL);

	if (then != NULL && strcmp(then, pd_json_peek_string(identity, "sha256", "")) != 0)
		warnx("the %s '%s' has changed since the failure was recorded", what,
		    pd_json_peek_string(identity, "path", "?"));
	jv_free(identity);
}

/* Is another file wanted than the one that is open? Notes it. */
static bool
is_another(char **open, const char *path)
{
	if (*open != NULL && path != NULL && strcmp(*open, path) == 0)
		return false;
	free(*open);
	*open = path != NULL ? pd_duplicate(path) : NULL;
	return true;
}

static void
open_model(struct session *session, jv failure)
{
	struct pd_error error;
	jv source;
	const char *path = source_path(failure, "model", session->settings->model, &source);

	if (is_another(&session->model_path, path)) {
		pd_model_close(session->model);
		session->model = path != NULL ? pd_model_open(path, &error) : NULL;
		if (path != NULL && session->model == NULL)
			complain(session, &error);
	}
	if (session->model != NULL)
		compare_hash("model", source, pd_model_identity(session->model));
	jv_free(source);
}

static void
open_adapter(struct session *session, jv failure)
{
	struct pd_error error;
	jv source;
	const char *path = source_path(failure, "adapter", session->settings->adapter,
	    &source);

	if (is_another(&session->adapter_path, path)) {
		pd_adapter_close(session->adapter);
		pd_holes_free(&session->environment);
		session->adapter = path == NULL ? NULL : pd_export_adapter(session->loop,
		    path, &session->environment, &error);
		if (path != NULL && session->adapter == NULL)
			complain(session, &error);
	}
	if (session->adapter != NULL)
		compare_hash("adapter", source, pd_adapter_identity(session->adapter));
	jv_free(source);
}

/*
 * Formats.
 */
static void
add_format(struct session *session, const char *name)
{
	struct pd_error error;
	struct pd_template *template = pd_template_open(PD_EXPORT_FORMATS, name, &error);

	if (template == NULL)
		pd_die(&error);
	session->formats = pd_reallocate(session->formats, session->format_count + 1,
	    sizeof(*session->formats));
	session->formats[session->format_count++] = (struct format){
		pd_duplicate(name), template};
	if (session->settings->stdlib && session->settings->format != NULL &&
	    !pd_json_peek_bool(pd_template_metadata_peek(template), "stdlib", false))
		pd_usage_error("the format '%s' has no form for --stdlib", name);
}

static void
open_formats(struct session *session)
{
	struct pd_error error;

	if (session->settings->format != NULL) {
		add_format(session, session->settings->format);
		return;
	}
	jv names = pd_template_names(PD_EXPORT_FORMATS, &error);
	if (!jv_is_valid(names))
		pd_die(&error);
	jv_array_foreach(names, i, name) {
		add_format(session, jv_string_value(name));
		jv_free(name);
	}
	jv_free(names);
}

static bool
has_word(jv list, jv word)
{
	bool found = false;

	if (jv_get_kind(list) == JV_KIND_ARRAY)
		jv_array_foreach(list, i, known) {
			found = found || jv_equal(known, jv_copy(word));
		}
	return found;
}

/* Why a format cannot tell this failure, for a message; false when it can. A format
 * says what it can: {"transports": [...], "concurrent": true, "polled": true}; without
 * the first all. */
static bool
is_refused(const struct format *format, jv plan, char *reason, size_t size)
{
	jv metadata = pd_template_metadata_peek(format->template);
	jv known = pd_json_peek(metadata, "transports");
	jv wanted = pd_json_peek(plan, "transports");
	bool refused = false;

	jv_array_foreach(wanted, i, transport) {
		if (!refused && jv_is_valid(known) && !has_word(known, transport)) {
			refused = true;
			snprintf(reason, size, "%s cannot express requests to a %s",
			    format->name, jv_string_value(transport));
		}
		jv_free(transport);
	}
	if (!refused && jv_is_valid(known) && pd_json_peek_bool(plan, "concurrent", false) &&
	    !pd_json_peek_bool(metadata, "concurrent", false)) {
		refused = true;
		snprintf(reason, size, "%s cannot send requests at the same time, and this "
		    "failure needs it", format->name);
	}
	if (!refused && jv_is_valid(known) && pd_json_peek_bool(plan, "polled", false) &&
	    !pd_json_peek_bool(metadata, "polled", false)) {
		refused = true;
		snprintf(reason, size, "%s cannot ask until time is up, and answers to polls "
		    "are where this failure was seen", format->name);
	}
	jv_free(wanted);
	jv_free(known);
	return refused;
}

/*
 * Writing.
 */

/* As a compiler makes what it writes executable: for those who may read it. */
static void
make_executable(int descriptor)
{
	struct stat status;

	if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode))
		fchmod(descriptor, status.st_mode | ((status.st_mode & 0444) >> 2));
}

/* What a format makes of a plan (borrowed), into a file or standard output. */
static void
write_format(struct session *session, const struct format *format, jv plan,
    const char *path)
{
	struct pd_writer writer;
	struct pd_error error;
	jv metadata = pd_template_metadata_peek(format->template);
	jv style = pd_json_set(jv_object(), "stdlib", jv_bool(session->settings->stdlib));
	jv lines = pd_template_call(format->template, "plan", jv_copy(plan), style, &error);

	if (!jv_is_valid(lines)) {
		jv_free(lines);
		complain(session, &error);
		return;
	}
	pd_open_output(&writer, path);
	jv_array_foreach(lines, i, line) {
		pd_writer_line(&writer, jv_string_value(line),
		    (size_t)jv_string_length_bytes(jv_copy(line)));
		jv_free(line);
	}
	jv_free(lines);
	if (path != NULL && strcmp(path, "-") != 0 &&
	    pd_json_peek_bool(metadata, "executable", false))
		make_executable(STDOUT_FILENO);
	if (pd_close_output(&writer, PD_EXIT_GOOD) != PD_EXIT_GOOD)
		session->trouble = true;
}

/* A name that no file of this call has: the failure's in the format's pattern, as
 * "test_{}.py". The caller frees it. */
static char *
file_name(struct session *session, const struct format *format, const char *stem)
{
	const char *pattern = pd_json_peek_string(pd_template_metadata_peek(
	    format->template), "file", NULL);
	char *own = pattern == NULL ? pd_format("{}.%s", format->name) :
	    pd_duplicate(pattern);
	const char *hole = strstr(own, "{}");
	size_t before = hole != NULL ? (size_t)(hole - own) : 0;
	char *name = NULL;

	for (int i = 1; name == NULL; i++) {
		char *number = i == 1 ? pd_duplicate("") : pd_format("-%d", i);
		name = pd_format("%.*s%s%s%s", (int)before, own, stem, number,
		    own + before + (hole != NULL ? 2 : 0));
		free(number);
		if (pd_json_has_peek(session->names, name)) {
			free(name);
			name = NULL;
		}
	}
	session->names = pd_json_set(session->names, name, jv_true());
	free(own);
	return name;
}

static void
write_all(struct session *session, jv failure, jv plan)
{
	const char *directory = session->settings->all;
	char *stem = pd_failure_stem(failure);
	char reason[512];
	int64_t written = 0;

	if (mkdir(directory, 0777) != 0 && errno != EEXIST)
		err(PD_EXIT_TROUBLE, "cannot make the directory '%s'", directory);
	for (size_t i = 0; i < session->format_count; i++) {
		const struct format *format = &session->formats[i];
		if (is_refused(format, plan, reason, sizeof(reason))) {
			warnx("left out: %s", reason);
			continue;
		}
		char *name = file_name(session, format, stem);
		char *path = pd_format("%s/%s", directory, name);
		write_format(session, format, plan, path);
		written++;
		free(path);
		free(name);
	}
	if (written == 0)
		session->trouble = true;
	free(stem);
}

static void
write_one(struct session *session, jv plan)
{
	struct pd_error error;
	char reason[512];

	if (is_refused(&session->formats[0], plan, reason, sizeof(reason))) {
		pd_error_set(&error, "%s", reason);
		pd_error_hint(&error, "--all DIR writes the formats that can");
		complain(session, &error);
	} else {
		write_format(session, &session->formats[0], plan, session->settings->output);
	}
}

static void
tell_warnings(jv plan)
{
	jv warnings = pd_json_peek(plan, "warnings");

	jv_array_foreach(warnings, i, text) {
		warnx("%s", jv_string_value(text));
		jv_free(text);
	}
	jv_free(warnings);
}

static void
export(struct session *session, jv failure)
{
	struct pd_error error;

	open_model(session, failure);
	open_adapter(session, failure);
	jv plan = pd_export_plan(failure, session->adapter, &session->environment,
	    session->model, &error);
	if (!jv_is_valid(plan)) {
		complain(session, &error);
	} else {
		tell_warnings(plan);
		if (session->settings->all != NULL)
			write_all(session, failure, plan);
		else
			write_one(session, plan);
	}
	jv_free(plan);
}

/* One is exported, or all of them. Consumes the failure record. */
static void
take_failure(struct session *session, jv failure)
{
	jv run = pd_json_peek(failure, "run");
	jv attempt = pd_json_peek(failure, "attempt");
	bool chosen = pd_run_chosen(&session->settings->run, run, attempt);

	jv_free(run);
	jv_free(attempt);
	session->seen++;
	if (chosen && (session->settings->all != NULL || session->exported == 0)) {
		session->exported++;
		export(session, failure);
	} else {
		session->left_out += chosen;
	}
	jv_free(failure);
}

/*
 * Reading.
 */
static void
note_bad_record(void *context, const struct pd_error *error)
{
	complain(context, error);
}

/* A run failed, and nobody made a failure record of it. */
static void
take_pending(struct session *session)
{
	if (!session->pending)
		return;
	session->pending = false;
	take_failure(session, pd_latest_failure(&session->latest, session->header,
	    note_bad_record, session));
}

/* Consumes the record. */
static void
take_failure_record(struct session *session, const struct pd_record *record, jv value)
{
	struct pd_error error;

	session->pending = false;
	if (pd_failure_verify(value, &error) == 0) {
		take_failure(session, value);
		return;
	}
	snprintf(error.file, sizeof(error.file), "%s", record->file);
	error.line = record->number;
	complain(session, &error);
	jv_free(value);
}

static void
take_record(struct session *session, const struct pd_record *record)
{
	struct pd_error error;
	bool failure = pd_record_is(record, "failure");
	bool header = pd_record_is(record, "stream");
	bool wanted = failure || header || pd_record_is(record, "run_end");
	jv value = wanted ? pd_record_parse(record, &error) : jv_invalid();

	if (wanted && !jv_is_valid(value)) {
		complain(session, &error);
		jv_free(value);
		return;
	}
	if (failure) {
		take_failure_record(session, record, value);
		return;
	}
	take_pending(session);
	pd_latest_take(&session->latest, record);
	session->pending = wanted && !header && pd_json_has_peek(value, "failure");
	if (header) {
		jv_free(session->header);
		session->header = value;
	} else {
		jv_free(value);
	}
}

static void
read_input(struct session *session, struct pd_reader *reader)
{
	struct pd_record record;
	struct pd_error error;
	enum pd_read result;

	while ((result = pd_reader_next(reader, &record, &error)) != PD_READ_END) {
		if (result == PD_READ_RECORD)
			take_record(session, &record);
		else
			complain(session, &error);
	}
	take_pending(session);
	if (pd_reader_cut_off(reader)) {
		pd_error_set(&error, "the input was cut off");
		complain(session, &error);
	}
}

static void
tell_missing(struct session *session)
{
	struct pd_error error;

	if (session->left_out > 0)
		warnx("%" PRId64 " more %s not exported (--run N takes that run's, --all DIR "
		    "every one)", session->left_out, session->left_out == 1 ? "failure" :
		    "failures");
	if (session->exported > 0 || session->trouble)
		return;
	pd_error_set(&error, session->seen > 0 ? "that run did not fail" :
	    "there is no failure to export");
	if (session->seen == 0)
		pd_error_hint(&error, "pd-shrink and pd-exec write failures, pd-report --save "
		    "keeps them");
	complain(session, &error);
}

static void
free_session(struct session *session)
{
	for (size_t i = 0; i < session->format_count; i++) {
		pd_template_close(session->formats[i].template);
		free(session->formats[i].name);
	}
	free(session->formats);
	pd_model_close(session->model);
	pd_adapter_close(session->adapter);
	pd_holes_free(&session->environment);
	free(session->model_path);
	free(session->adapter_path);
	pd_loop_free(session->loop);
	pd_latest_free(&session->latest);
	jv_free(session->header);
	jv_free(session->names);
}

int
main(int argc, char **argv)
{
	struct settings settings;
	struct session session = {.settings = &settings, .header = jv_invalid(),
		.latest = PD_LATEST_INIT, .names = jv_object(),
		.environment = PD_HOLES_INIT};
	struct pd_error error;

	pd_program_start();
	parse_options(&settings, argc, argv);
	open_formats(&session);
	session.loop = pd_loop_new(&error);
	if (session.loop == NULL)
		pd_die(&error);
	struct pd_reader *reader = pd_reader_open(argv + optind, argc - optind,
	    settings.max_line);
	read_input(&session, reader);
	tell_missing(&session);
	pd_reader_close(reader);
	free_session(&session);
	return session.trouble ? PD_EXIT_TROUBLE : PD_EXIT_GOOD;
}
