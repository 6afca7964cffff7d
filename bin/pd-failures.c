/* SPDX-License-Identifier: MIT */
/* pd-failures: list, show, check and delete saved failures. */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failure_file.h"
#include "failure_list.h"
#include "json.h"
#include "program.h"
#include "template.h"
#include "text.h"
#include "writer.h"

enum {
	OPT_FORMAT = 256, OPT_COLOR, OPT_NEWEST, OPT_OLDEST, OPT_SEED, OPT_KIND,
	OPT_NAME, OPT_MODEL, OPT_LIMIT, OPT_OLDER_THAN, OPT_FORCE, OPT_REPAIR,
};

static const struct pd_option options[] = {
	{OPT_NEWEST, "newest", NULL, "the newest first (default)"},
	{OPT_OLDEST, "oldest", NULL, "the oldest first"},
	{OPT_KIND, "kind", "KIND", "only failures of this kind, like check_failed"},
	{OPT_NAME, "name", "NAME", "only of this check or command"},
	{OPT_SEED, "seed", "N", "only of the run with this seed"},
	{OPT_MODEL, "model", "NAME", "only of this model"},
	{OPT_OLDER_THAN, "older-than", "TIME", "only those saved longer ago: 12h, 30d"},
	{OPT_LIMIT, "limit", "N", "only the first N of these"},
	{'r', "recursive", NULL, "directories with all below them"},
	{OPT_FORMAT, "format", "NAME", "terminal, compact, markdown or json (terminal)"},
	{OPT_COLOR, "color", "WHEN", "auto, always or never (auto; NO_COLOR is minded)"},
	{OPT_REPAIR, "repair", NULL, "check: remove what interrupted saves left behind"},
	{'n', "dry-run", NULL, "delete: only say what would be deleted"},
	{OPT_FORCE, "force", NULL, "delete: files that are no failures as well"},
	{0, NULL, NULL, NULL},
};

static const struct pd_program program = {
	.name = "pd-failures",
	.synopsis = "list [SELECTION] [-r] [--format NAME] [FILE|DIR ...]\n"
	    "       pd-failures show [SELECTION] [-r] [--format NAME] [--color WHEN] [FILE|DIR ...]\n"
	    "       pd-failures check [-r] [--repair] [--format NAME] [FILE|DIR ...]\n"
	    "       pd-failures delete [SELECTION] [-r] [-n] [--force] [--format NAME] [FILE|DIR ...]",
	.purpose = "List, show, check and delete saved failures.",
	.options = options,
};

struct settings {
	struct pd_failure_selection selection;
	const char *format;
	enum pd_color color;
	bool recursive, dry_run, force, repair;
	char **operands;
	int operand_count;
	char *default_operand[1];
};

struct session {
	const struct settings *settings;
	struct pd_failure_list list;
	struct pd_template *template;	/* NULL: records are written */
	struct pd_writer writer;
	bool any_directory;		/* not all operands are files */
	bool trouble;
};

static void
complain(struct session *session, const struct pd_error *error)
{
	session->trouble = true;
	pd_complain(error);
}

/* What a record is in the format that is wanted. Consumes record and style. */
static void
write_result(struct session *session, const char *function, jv record, jv style)
{
	struct pd_error error;

	if (session->template == NULL) {
		jv_free(style);
		pd_writer_record(&session->writer, record);
	} else if (pd_template_render(session->template, function, record, style,
	    &session->writer, &error) != 0) {
		complain(session, &error);
	}
}

static jv
style_of(const struct session *session)
{
	return pd_template_style(session->settings->color, STDOUT_FILENO);
}

static void
write_entry(struct session *session, const struct pd_failure_entry *entry)
{
	write_result(session, "failure_file", jv_copy(entry->record),
	    style_of(session));
}

static size_t
count_bad(const struct pd_failure_list *list)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += !pd_failure_is_readable(&list->entries[i]);
	return count;
}

/* Keep what is selected. False if that is nothing, which is told. */
static bool
select_entries(struct session *session)
{
	size_t read = session->list.count, bad = count_bad(&session->list);

	pd_failure_list_select(&session->list, &session->settings->selection);
	if (bad > 0)
		warnx("%zu of %zu files %s no failure that can be read: pd-failures check "
		    "says why", bad, read, bad == 1 ? "is" : "are");
	if (session->list.count > 0)
		return true;
	session->trouble = true;
	if (read == 0)
		warnx("no failure file found; pd-report --save DIR makes them");
	else
		warnx("none of %zu failure file%s is selected", read, read == 1 ? "" : "s");
	return false;
}

/*
 * list
 */
static int
list_failures(struct session *session)
{
	if (!select_entries(session))
		return PD_EXIT_TROUBLE;
	jv files = jv_array();
	for (size_t i = 0; i < session->list.count; i++) {
		if (session->template == NULL)
			write_entry(session, &session->list.entries[i]);
		else
			files = jv_array_append(files,
			    jv_copy(session->list.entries[i].record));
	}
	if (session->template != NULL)
		write_result(session, "failure_files", jv_copy(files), style_of(session));
	jv_free(files);
	return session->trouble ? PD_EXIT_TROUBLE : PD_EXIT_GOOD;
}

/*
 * show
 */
static void
show_failure(struct session *session, const char *path, size_t number)
{
	struct pd_error error;
	jv failure = pd_failure_load(path, &error);

	if (!jv_is_valid(failure)) {
		complain(session, &error);
		return;
	}
	/* Each is a document of its own, while in pd-report's the second follows a
	 * comma. */
	if (strcmp(session->settings->format, "json") == 0)
		number = 1;
	jv style = pd_json_set_number(style_of(session), "number", (double)number);
	style = pd_json_set_number(style, "again", 0);
	write_result(session, "failure", failure,
	    pd_json_set_string(style, "saved", path));
}

static int
show_failures(struct session *session)
{
	pd_failure_list_select(&session->list, &session->settings->selection);
	for (size_t i = 0; i < session->list.count; i++)
		show_failure(session, session->list.entries[i].path, i + 1);
	if (session->list.count == 0) {
		warnx("no failure file is selected");
		session->trouble = true;
	}
	return session->trouble ? PD_EXIT_TROUBLE : PD_EXIT_GOOD;
}

/*
 * check
 */
static void
repair(struct session *session)
{
	struct pd_failure_list *list = &session->list;

	for (size_t i = 0; i < list->abandoned_count; i++) {
		if (!session->settings->repair) {
			warnx("%s: left behind by a save that was interrupted (--repair "
			    "removes it)", list->abandoned[i]);
		} else if (unlink(list->abandoned[i]) == 0) {
			warnx("%s: removed", list->abandoned[i]);
		} else {
			warn("%s", list->abandoned[i]);
			session->trouble = true;
		}
	}
}

static int
check_files(struct session *session)
{
	const struct pd_failure_selection all = {.order = PD_FAILURE_BY_PATH, .seed = -1};
	size_t bad = count_bad(&session->list), count = session->list.count;

	pd_failure_list_select(&session->list, &all);
	for (size_t i = 0; i < count; i++)
		write_entry(session, &session->list.entries[i]);
	repair(session);
	if (bad > 0) {
		warnx("%zu of %zu files %s not ok", bad, count, bad == 1 ? "is" : "are");
		return PD_EXIT_NO;
	}
	if (count == 0 && (!session->settings->repair || session->list.abandoned_count == 0)) {
		warnx("no failure file found: nothing is checked");
		session->trouble = true;
	}
	return session->trouble ? PD_EXIT_TROUBLE : PD_EXIT_GOOD;
}

/*
 * delete
 */
/* Devices, pipes and sockets are never deleted, a link is instead of what it
 * leads to. */
static bool
may_be_deleted(const struct pd_failure_entry *entry, bool force)
{
	struct stat status;

	if (lstat(entry->path, &status) != 0) {
		warn("%s", entry->path);
	} else if (!S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode)) {
		warnx("%s: not deleted: it is no regular file", entry->path);
	} else if (!pd_failure_is_readable(entry) && !force) {
		warnx("%s: not deleted: %s: %s (--force deletes it)", entry->path,
		    pd_failure_condition_word(entry->condition),
		    pd_json_peek_string(entry->record, "reason", ""));
	} else {
		return true;
	}
	return false;
}

static void
delete_file(struct session *session, struct pd_failure_entry *entry)
{
	const struct settings *settings = session->settings;

	if (!may_be_deleted(entry, settings->force)) {
		session->trouble = true;
		return;
	}
	if (!settings->dry_run && unlink(entry->path) != 0) {
		warn("%s", entry->path);
		session->trouble = true;
		return;
	}
	entry->record = pd_json_set(entry->record, "deleted",
	    jv_bool(!settings->dry_run));
	write_entry(session, entry);
}

static int
delete_files(struct session *session)
{
	const struct pd_failure_selection *selection = &session->settings->selection;

	if (session->any_directory && !pd_failure_selection_narrows(selection))
		pd_usage_error("delete: which of them? Give files, or --kind, --name, --seed, "
		    "--model, --older-than or --limit");
	pd_failure_list_select(&session->list, selection);
	for (size_t i = 0; i < session->list.count; i++)
		delete_file(session, &session->list.entries[i]);
	if (session->list.count == 0) {
		warnx("nothing is selected, and nothing was deleted");
		session->trouble = true;
	}
	return session->trouble ? PD_EXIT_TROUBLE : PD_EXIT_GOOD;
}

static const struct verb {
	const char *name;
	int (*run)(struct session *);
	const char *function;	/* that the format must have */
	bool selects;
} verbs[] = {
	{"list", list_failures, "failure_files", true},
	{"show", show_failures, "failure", true},
	{"check", check_files, "failure_file", false},
	{"delete", delete_files, "failure_file", true},
};

enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static void
parse_option(struct settings *settings, int option, const char *value,
    char saved_before[PD_FAILURE_TIME])
{
	static const char *const when[] = {"auto", "always", "never", NULL};
	struct pd_failure_selection *selection = &settings->selection;

	switch (option) {
	case OPT_NEWEST: selection->order = PD_FAILURE_NEWEST; break;
	case OPT_OLDEST: selection->order = PD_FAILURE_OLDEST; break;
	case OPT_KIND: selection->kind = value; break;
	case OPT_NAME: selection->name = value; break;
	case OPT_MODEL: selection->model = value; break;
	case OPT_SEED: selection->seed = (int64_t)pd_option_seed("seed", value); break;
	case OPT_LIMIT:
		selection->limit = (size_t)pd_option_number("limit", value, 1, 1000000000);
		break;
	case OPT_OLDER_THAN:
		pd_failure_time(pd_wall_clock() - pd_option_duration("older-than", value), saved_before);
		selection->saved_before = saved_before;
		break;
	case 'r': settings->recursive = true; break;
	case OPT_FORMAT: settings->format = value; break;
	case OPT_COLOR:
		settings->color = (enum pd_color)pd_option_choice("color", value, when);
		break;
	case 'n': settings->dry_run = true; break;
	case OPT_FORCE: settings->force = true; break;
	case OPT_REPAIR: settings->repair = true; break;
	}
}

/* An option that a verb does not know would be minded by nobody. */
static void
refuse_options_of_others(const struct settings *settings, const struct verb *verb)
{
	if (!verb->selects && (pd_failure_selection_narrows(&settings->selection) ||
	    settings->selection.order != PD_FAILURE_NEWEST))
		pd_usage_error("%s takes all files: it does not select", verb->name);
	if (settings->repair && verb->run != check_files)
		pd_usage_error("--repair is for check");
	if ((settings->dry_run || settings->force) && verb->run != delete_files)
		pd_usage_error("--%s is for delete", settings->force ? "force" : "dry-run");
}

/* Without operands: the directory that PD_FAILURES names, or one of the usual
 * name. */
static void
set_default_operand(struct settings *settings)
{
	static char usual[] = "failures";
	char *named = getenv("PD_FAILURES");
	bool is_named = named != NULL && named[0] != '\0';

	if (!is_named && access(usual, F_OK) != 0)
		pd_usage_error("no FILE or DIR is given, PD_FAILURES is not set, and there is "
		    "no directory '%s' here", usual);
	settings->default_operand[0] = is_named ? named : usual;
	settings->operands = settings->default_operand;
	settings->operand_count = 1;
}

static void
read_operands(struct session *session)
{
	const struct settings *settings = session->settings;
	struct pd_error error;
	struct stat status;

	for (int i = 0; i < settings->operand_count; i++) {
		const char *path = settings->operands[i];
		if (pd_failure_list_add(&session->list, path, settings->recursive,
		    &error) != 0)
			complain(session, &error);
		session->any_directory |= stat(path, &status) == 0 && S_ISDIR(status.st_mode);
	}
}

static void
open_format(struct session *session, const struct verb *verb)
{
	const char *format = session->settings->format;
	struct pd_error error;

	if (strcmp(format, "json") == 0 && verb->run != show_failures)
		return;
	session->template = pd_template_open_for(verb->function, format, &error);
	if (session->template == NULL)
		pd_die(&error);
}

int
main(int argc, char **argv)
{
	struct settings settings = {.selection = PD_FAILURE_SELECTION_INIT,
		.format = "terminal"};
	struct session session = {.settings = &settings, .list = PD_FAILURE_LIST_INIT};
	char saved_before[PD_FAILURE_TIME];
	const char *value;
	int option;

	pd_program_start();
	while ((option = pd_option_next(&program, argc, argv, &value)) != -1)
		parse_option(&settings, option, value, saved_before);
	if (optind == argc)
		pd_usage_error("what to do is missing: list, show, check or delete");
	const struct verb *verb = &verbs[pd_verb_choice(argv[optind++], verbs, VERBS, sizeof(verbs[0]))];
	refuse_options_of_others(&settings, verb);
	settings.operands = argv + optind;
	settings.operand_count = argc - optind;
	if (settings.operand_count == 0)
		set_default_operand(&settings);
	open_format(&session, verb);
	pd_writer_open(&session.writer, STDOUT_FILENO);
	read_operands(&session);
	int status = verb->run(&session);
	pd_template_close(session.template);
	pd_failure_list_free(&session.list);
	return pd_close_output(&session.writer, status);
}
