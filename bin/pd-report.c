/* SPDX-License-Identifier: MIT */
/* pd-report: tell people what a stream of runs showed. */
#include <err.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "loop.h"
#include "outputs.h"
#include "program.h"
#include "reader.h"
#include "report.h"

enum {
	OPT_FORMAT = 256, OPT_LIST, OPT_COLOR, OPT_PROGRESS, OPT_ALLOW_VACUOUS,
	OPT_MAX_LINE, OPT_SAVE, OPT_SAVE_ALL, OPT_OVERWRITE,
};

static const struct pd_option options[] = {
	{OPT_FORMAT, "format", "LIST", "NAME or NAME=FILE, ...: terminal, junit, any of --list"},
	{OPT_LIST, "list", NULL, "list the formats"},
	{'m', "model", "FILE", "the model that folds states (html; the one that is recorded)"},
	{'o', "output", "PATH", "a file for one format, a folder for several"},
	{OPT_SAVE, "save", "DIR", "save failures that are told in full as files there"},
	{OPT_SAVE_ALL, "save-all", NULL, "save every failure"},
	{OPT_OVERWRITE, "overwrite", NULL, "replace files of the same kind, name and seed"},
	{OPT_COLOR, "color", "WHEN", "auto, always or never (auto; NO_COLOR is minded)"},
	{'q', "quiet", NULL, "no progress"},
	{OPT_PROGRESS, "progress", NULL, "progress even if standard error is no terminal"},
	{OPT_ALLOW_VACUOUS, "allow-vacuous", NULL, "do not mind if nothing was tested"},
	{OPT_MAX_LINE, "max-line", "SIZE", "the longest line that is read (16MiB)"},
	{0, NULL, NULL, NULL},
};

static const struct pd_program program = {
	.name = "pd-report",
	.synopsis = "[--format LIST] [-o PATH] [-m MODEL]\n"
	    "                 [--save DIR [--save-all] [--overwrite]] [--color WHEN] [-q]\n"
	    "                 [--progress] [--allow-vacuous] [--max-line SIZE] [FILE ...]\n"
	    "       pd-report --list",
	.purpose = "Tell people what a stream of runs showed.",
	.options = options,
};

struct session {
	struct pd_report_settings settings;
	struct pd_outputs *outputs;
	struct pd_report *report;
	const char *output, *model;
	enum pd_color color;
	size_t max_line;
	bool progress;
	bool terminal;		/* standard error is one */
	int64_t progress_at;	/* when progress was shown; 0 for never */
};

static void
clear_progress(void *context)
{
	const struct session *session = context;

	if (session->terminal && session->progress_at > 0)
		fprintf(stderr, "\r\033[K");
}

/* One line that is written over at a terminal, a line a second elsewhere. */
static void
show_progress(struct session *session)
{
	const struct pd_counts *counts = pd_report_counts(session->report);
	int64_t now = pd_loop_now();

	if (!session->progress ||
	    now - session->progress_at < (session->terminal ? 100000 : 1000000))
		return;
	session->progress_at = now;
	fprintf(stderr, "%s%" PRId64 " runs, %" PRId64 " failed, %" PRId64
	    " commands%s", session->terminal ? "\r\033[K" : "", counts->runs,
	    counts->failed + counts->errors, counts->commands,
	    session->terminal ? "" : "\n");
}

static void
tell_trouble(void *context, const struct pd_error *error)
{
	clear_progress(context);
	pd_complain(error);
}

/* An option about saving failures; false when it is another. */
static bool
take_saving(struct pd_report_settings *settings, int option, const char *value)
{
	switch (option) {
	case OPT_SAVE: settings->save = value; return true;
	case OPT_SAVE_ALL: return settings->save_all = true;
	case OPT_OVERWRITE: return settings->overwrite = true;
	default: return false;
	}
}

static void
check_saving(const struct pd_report_settings *settings)
{
	if (settings->save != NULL && settings->save[0] == '\0')
		pd_usage_error("--save: the name of a directory is empty");
	if (settings->save == NULL && (settings->save_all || settings->overwrite))
		pd_usage_error("--%s needs --save DIR",
		    settings->save_all ? "save-all" : "overwrite");
}

static void
add_formats(struct session *session, const char *list)
{
	struct pd_error error;

	if (pd_outputs_add(session->outputs, list, &error) != 0)
		pd_usage_error("--format: %s", error.message);
}

static void
parse_options(struct session *session, int argc, char **argv)
{
	static const char *const when[] = {"auto", "always", "never", NULL};
	const char *value;
	int option;

	while ((option = pd_option_next(&program, argc, argv, &value)) != -1) {
		if (take_saving(&session->settings, option, value))
			continue;
		switch (option) {
		case OPT_FORMAT: add_formats(session, value); break;
		case OPT_LIST: pd_list_formats(PD_REPORT_FORMATS);
		case 'm': session->model = value; break;
		case 'o': session->output = value; break;
		case OPT_COLOR: session->color = (enum pd_color)pd_option_choice("color",
			    value, when); break;
		case 'q': session->progress = false; break;
		case OPT_PROGRESS: session->progress = true; break;
		case OPT_ALLOW_VACUOUS: session->settings.allow_vacuous = true; break;
		case OPT_MAX_LINE: session->max_line = pd_option_size("max-line", value); break;
		}
	}
	check_saving(&session->settings);
	if (session->output != NULL && session->output[0] == '\0')
		pd_usage_error("--output: the name is empty");
	if (pd_outputs_count(session->outputs) == 0)
		add_formats(session, "terminal");
}

static void
open_report(struct session *session)
{
	struct pd_error error;

	if (session->model != NULL)
		session->settings.model = pd_open_model(session->model);
	if (pd_outputs_open(session->outputs, session->output, session->color, &error) != 0)
		pd_die(&error);
	/* Who closes standard output early does not mean the files. */
	if (pd_outputs_count(session->outputs) > 1)
		signal(SIGPIPE, SIG_IGN);
	session->report = pd_report_open(&session->settings, session->outputs, &error);
	if (session->report == NULL)
		pd_die(&error);
}

static void
process_input(struct session *session, struct pd_reader *reader)
{
	struct pd_record record;
	struct pd_error error;
	enum pd_read result;

	while ((result = pd_reader_next(reader, &record, &error)) != PD_READ_END) {
		if (result != PD_READ_RECORD) {
			pd_report_bad_line(session->report, &error);
			continue;
		}
		pd_report_take(session->report, &record);
		if (pd_record_is(&record, "run_end"))
			show_progress(session);
	}
}

/* The exit status. */
static int
finish(struct session *session, const struct pd_reader *reader, int signal_number)
{
	struct pd_error error;
	int status = pd_report_finish(session->report, reader, signal_number, &error);

	if (status < 0)
		pd_die(&error);
	pd_report_close(session->report);
	pd_model_close(session->settings.model);
	if (pd_outputs_close(session->outputs, &error) != 0) {
		pd_complain(&error);
		status = PD_EXIT_TROUBLE;
	}
	return status;
}

int
main(int argc, char **argv)
{
	struct session session = {.max_line = PD_LINE_LIMIT,
		.terminal = isatty(STDERR_FILENO) == 1, .settings = {
		.clock = pd_wall_clock, .trouble = tell_trouble, .context = &session}};
	struct pd_error error;

	pd_program_start();
	session.progress = session.terminal;
	session.outputs = pd_outputs_new(clear_progress, &session);
	parse_options(&session, argc, argv);
	/* An interrupt ends those before us; what they still say is reported. */
	struct pd_loop *loop = pd_loop_new(&error);
	if (loop == NULL)
		pd_die(&error);
	pd_loop_take_signals(loop);
	open_report(&session);
	struct pd_reader *reader = pd_reader_open(argv + optind, argc - optind,
	    session.max_line);
	process_input(&session, reader);
	int status = finish(&session, reader, pd_loop_signal(loop));
	pd_reader_close(reader);
	pd_loop_free(loop);
	return status;
}
