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

struct session {
	const struct settings *settings;
	struct pd_loop *loop;
	struct pd_template *template;	/* of -f; NULL with --all alone */
	struct pd_latest latest;	/* the present run */
	bool pending;		/* it failed, and no failure record has come yet */
	jv header;
	int64_t exported, left_out;
	bool trouble;
	/* What was opened for the failure before, and by which names. */
	struct pd_model *model;
	struct pd_adapter *adapter;
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
		struct pd_adapter_options adapter = {.path = path};
		pd_adapter_close(session->adapter);
		session->adapter = path != NULL ?
		    pd_adapter_open(session->loop, &adapter, &error) : NULL;
		if (path != NULL && session->adapter == NULL)
			complain(session, &error);
	}
	if (session->adapter != NULL)
		compare_hash("adapter", source, pd_adapter_identity(session->adapter));
	jv_free(source);
}

/*
 * Writing.
 */

/* Write a failure's plan to a file, or to standard output. Borrows the plan. */
static void
export_to(struct session *session, struct pd_template *template, jv plan,
    const char *path)
{
	struct pd_writer writer;
	struct pd_error error;
	jv style = pd_json_set(jv_object(), "stdlib", jv_bool(session->settings->stdlib));

	pd_open_output(&writer, path);
	if (pd_template_render(template, "plan", jv_copy(plan), style, &writer, &error) != 0)
		complain(session, &error);
	if (pd_close_output(&writer, PD_EXIT_GOOD) != PD_EXIT_GOOD)
		session->trouble = true;
	if (path != NULL && pd_json_peek_bool(pd_template_metadata_peek(template),
	    "executable", false) && chmod(path, 0777) != 0)
		warn("cannot make '%s' executable", path);
}

/* Consumes the failure record. */
static void
take_failure(struct session *session, jv failure)
{
	struct pd_error error;

	if (session->exported > 0) {
		session->left_out++;
		jv_free(failure);
		return;
	}
	session->exported++;
	open_model(session, failure);
	open_adapter(session, failure);
	jv plan = pd_export_plan(failure, session->adapter, session->model, &error);
	if (jv_is_valid(plan))
		export_to(session, session->template, plan, session->settings->output);
	else
		complain(session, &error);
	jv_free(plan);
	jv_free(failure);
}

static void
note_bad_record(void *context, const struct pd_error *error)
{
	complain(context, error);
}

static void
take_pending(struct session *session)
{
	if (!session->pending)
		return;
	session->pending = false;
	take_failure(session, pd_latest_failure(&session->latest, session->header,
	    note_bad_record, session));
}

static void
take_record(struct session *session, const struct pd_record *record)
{
	struct pd_error error;
	bool failure = pd_record_is(record, "failure");
	bool wanted = failure || pd_record_is(record, "run_end") ||
	    pd_record_is(record, "stream");
	jv value = wanted ? pd_record_parse(record, &error) : jv_invalid();

	if (wanted && !jv_is_valid(value)) {
		complain(session, &error);
	} else if (failure) {
		session->pending = false;
		if (pd_failure_verify(value, &error) == 0)
			take_failure(session, jv_copy(value));
		else
			complain(session, &error);
	} else {
		take_pending(session);
		pd_latest_take(&session->latest, record);
		session->pending = pd_json_has_peek(value, "failure");
		if (pd_record_is(record, "stream")) {
			jv_free(session->header);
			session->header = jv_copy(value);
		}
	}
	jv_free(value);
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
}

int
main(int argc, char **argv)
{
	struct settings settings;
	struct session session = {.settings = &settings, .header = jv_invalid(),
		.latest = PD_LATEST_INIT};
	struct pd_error error;

	pd_program_start();
	parse_options(&settings, argc, argv);
	session.loop = pd_loop_new(&error);
	session.template = pd_template_open(PD_EXPORT_FORMATS, settings.format, &error);
	if (session.template == NULL)
		pd_die(&error);
	struct pd_reader *reader = pd_reader_open(argv + optind, argc - optind,
	    settings.max_line);
	read_input(&session, reader);
	pd_reader_close(reader);
	return session.trouble ? PD_EXIT_TROUBLE : PD_EXIT_GOOD;
}
