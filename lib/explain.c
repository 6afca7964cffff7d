/* SPDX-License-Identifier: MIT */
#include "explain.h"

#include <string.h>

#include "admission.h"
#include "buffer.h"
#include "difference.h"
#include "fold.h"
#include "isolate.h"
#include "json.h"
#include "origin.h"
#include "recorded.h"
#include "role.h"

enum { MOST_CHANGES = 100 };	/* of one command */

/*
 * What each command changed in the state: the lines of the run, folded in
 * their order.
 */
/* Where each place stands in a list of changes: {path: index}. */
static jv
index_changes(jv list)
{
	jv index = jv_object();

	jv_array_foreach(list, i, change) {
		index = jv_object_set(index, pd_json_peek(change, "path"), jv_number(i));
		jv_free(change);
	}
	return index;
}

/* Add a step's changes to those that the command made before: a place that
 * changed twice has its first and its last value. Consumes both. */
static jv
merge_changes(jv list, jv added)
{
	jv index = index_changes(list);

	jv_array_foreach(added, i, change) {
		int at = (int)pd_json_peek_number(index,
		    pd_json_peek_string(change, "path", ""), -1);
		if (at < 0) {
			list = jv_array_append(list, change);
			continue;
		}
		jv merged = jv_object_delete(jv_array_get(jv_copy(list), at),
		    jv_string("after"));
		if (pd_json_has_peek(change, "after"))
			merged = pd_json_set(merged, "after", pd_json_peek(change, "after"));
		list = jv_array_set(list, at, merged);
		jv_free(change);
	}
	jv_free(added);
	jv_free(index);
	return list;
}

/* The step that a record of a run is, or an invalid jv. Borrows the record. */
static jv
step_of(jv record)
{
	const char *type = pd_json_peek_string(record, "type", "");

	if ((strcmp(type, "command") != 0 && strcmp(type, "event") != 0) ||
	    !pd_origin_is_folded(record))
		return jv_invalid();
	return pd_json_peek(record, type);
}

/* Fold one line. Returns 0 or -1. */
static int
fold_line(struct pd_fold *fold, const char *line, size_t length, jv *changes)
{
	struct pd_error ignored;
	jv record = pd_json_parse(line, length, &ignored);
	const char *id = pd_json_peek_string(record, "id", NULL);
	jv step = step_of(record);
	int result = 0;

	if (jv_is_valid(step)) {
		jv before = jv_copy(fold->state);
		result = pd_fold_apply(fold, step, &ignored);
		if (result == 0 && id != NULL) {
			jv list = pd_json_peek(*changes, id);
			list = merge_changes(jv_is_valid(list) ? list : jv_array(),
			    pd_changes(before, fold->state));
			*changes = pd_json_set(*changes, id, list);
		}
		jv_free(before);
	}
	jv_free(step);
	jv_free(record);
	return result;
}

/* {command id: changes}, as far as the model can fold the run. */
static jv
changes_of(struct pd_model *model, const struct pd_buffer *lines)
{
	struct pd_fold fold;
	struct pd_error ignored;
	jv changes = jv_object();
	const char *line = lines->data, *end = lines->data + lines->length;
	int result = pd_fold_start(&fold, model, &ignored);

	while (line < end && result == 0) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		result = fold_line(&fold, line, (size_t)(newline - line), &changes);
		line = newline + 1;
	}
	pd_fold_free(&fold);
	return changes;
}

/*
 * Putting it together.
 */
/* What a command changed, as much of it as is worth telling. Consumes both. */
static jv
set_changes(jv command, jv list)
{
	int count = jv_array_length(jv_copy(list));

	if (count > MOST_CHANGES) {
		command = pd_json_set_number(command, "more_changes",
		    count - MOST_CHANGES);
		list = jv_array_slice(list, 0, MOST_CHANGES);
	}
	if (count > 0)
		return pd_json_set(command, "changes", list);
	jv_free(list);
	return command;
}

/* The commands with what they changed. */
static jv
add_changes(jv commands, jv changes)
{
	int count = jv_array_length(jv_copy(commands));

	for (int i = 0; i < count; i++) {
		jv command = jv_array_get(jv_copy(commands), i);
		jv list = pd_json_peek(changes, pd_json_peek_string(command, "id", ""));
		if (jv_is_valid(list))
			command = set_changes(command, list);
		commands = jv_array_set(commands, i, command);
	}
	jv_free(changes);
	return commands;
}

/* What has this role, as {id: true}. Borrows the commands. */
static jv
with_role(jv commands, const char *role)
{
	jv ids = jv_object();

	jv_array_foreach(commands, i, command) {
		if (strcmp(pd_json_peek_string(command, "role", ""), role) == 0)
			ids = pd_json_set(ids, pd_json_peek_string(command, "id", ""),
			    jv_true());
		jv_free(command);
	}
	return ids;
}

/* Of a command whose arguments matter, too: ".currency and .owner". */
static jv
arguments_of(jv isolated, const char *id)
{
	jv text = jv_invalid();

	jv_array_foreach(isolated, i, entry) {
		if (strcmp(pd_json_peek_string(entry, "id", ""), id) == 0) {
			const char *path = pd_json_peek_string(entry, "argument", "");
			text = jv_is_valid(text) ? jv_string_concat(text,
			    jv_string_fmt(" and %s", path)) : jv_string(path);
		}
		jv_free(entry);
	}
	return text;
}

/* A dependency whose arguments matter is context as well: it does not only
 * make something that others use. */
static jv
add_matters(jv commands, jv isolated)
{
	int count = jv_array_length(jv_copy(commands));

	for (int i = 0; i < count; i++) {
		jv command = jv_array_get(jv_copy(commands), i);
		jv text = arguments_of(isolated, pd_json_peek_string(command, "id", ""));
		if (jv_is_valid(text) && strcmp(pd_json_peek_string(command, "role", ""),
		    "dependency") == 0)
			command = pd_json_set(command, "reason", jv_string_fmt(
			    "%s; it is context as well: its %s matters, see below",
			    pd_json_peek_string(command, "reason", ""),
			    jv_string_value(text)));
		jv_free(text);
		commands = jv_array_set(commands, i, command);
	}
	return commands;
}

/* {fails: N, passes: N, ...}: what became of the variations. */
static jv
variations(const struct pd_trials *trials)
{
	static const char *const names[] = {
		[PD_TRIAL_FAILS] = "fails", [PD_TRIAL_PASSES] = "passes",
		[PD_TRIAL_DIFFERS] = "fails_differently",
		[PD_TRIAL_REFUSED] = "refused",
	};
	jv record = jv_object();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		record = pd_json_set_number(record, names[i], (double)trials->counts[i]);
	return record;
}

static jv
copy_field(jv to, jv from, const char *key)
{
	jv value = pd_json_peek(from, key);

	return jv_is_valid(value) ? pd_json_set(to, key, value) : to;
}

static jv
start_record(jv source, const struct pd_sequence *sequence, jv failure)
{
	char plan[PD_HASH_TEXT];
	jv record = pd_json_set_string(jv_object(), "type", "explanation");

	pd_sequence_fingerprint(sequence, plan);
	record = copy_field(record, source, "run");
	record = copy_field(record, source, "seed");
	record = pd_json_set_string(record, "plan", plan);
	record = pd_json_set(record, "shrunk",
	    jv_bool(pd_json_has_peek(source, "shrunk")));
	return pd_json_set(record, "failure", failure);
}

/* The first of the isolated arguments is the trigger, the others are beside it. */
static jv
add_trigger(jv record, jv isolated)
{
	int count = jv_array_length(jv_copy(isolated));

	if (count > 0)
		record = pd_json_set(record, "trigger", pd_json_set(
		    jv_array_get(jv_copy(isolated), 0), "others",
		    jv_array_slice(jv_copy(isolated), 1, count)));
	jv_free(isolated);
	return record;
}

static jv
finish_record(jv record, const struct pd_trials *trials)
{
	record = pd_json_set(record, "variations", variations(trials));
	record = pd_json_set_number(record, "executions", (double)trials->executions);
	record = pd_json_set_string(record, "stopped",
	    trials->stopped != NULL ? trials->stopped : "complete");
	if (jv_array_length(jv_copy(trials->skipped)) > 0)
		record = pd_json_set(record, "skipped", jv_copy(trials->skipped));
	return record;
}

/* Run all the variations. lines are those of the failing run. */
static jv
explain(struct pd_trials *trials, const struct pd_sequence *sequence, jv source,
    jv failure, const struct pd_buffer *lines)
{
	jv record = start_record(source, sequence, jv_copy(failure));
	jv commands = pd_roles(trials, sequence, failure);
	jv triggers = with_role(commands, "trigger");
	jv unneeded = with_role(commands, "unneeded");
	jv trigger = jv_array_get(jv_keys(jv_copy(triggers)), 0);
	jv isolated = pd_isolate(trials, sequence, jv_is_valid(trigger) ?
	    jv_string_value(trigger) : NULL, unneeded);

	commands = add_matters(commands, isolated);
	record = pd_json_set(record, "commands", add_changes(commands,
	    changes_of(trials->model, lines)));
	jv_free(trigger);
	jv_free(triggers);
	jv_free(unneeded);
	return add_trigger(record, isolated);
}

/* How the trials ended, when no limit did it. */
static enum pd_explained
ending(const struct pd_trials *trials)
{
	if (trials->stopped != NULL && strcmp(trials->stopped, "runner_failed") == 0)
		return PD_EXPLAIN_FAILED;
	if (trials->stopped != NULL && strcmp(trials->stopped, "interrupted") == 0)
		return PD_EXPLAIN_INTERRUPTED;
	return PD_EXPLAINED;
}

/* The run was to fail as before. Consumes the trial. */
static enum pd_explained
lost(const struct pd_trials *trials, struct pd_trial *trial, const char *when)
{
	enum pd_explained result = ending(trials);

	if (result == PD_EXPLAINED && trial->outcome == PD_TRIAL_UNKNOWN) {
		result = PD_EXPLAIN_INTERRUPTED;
	} else if (result == PD_EXPLAINED) {
		result = PD_EXPLAIN_LOST;
		if (trial->outcome == PD_TRIAL_PASSES)
			pd_error_set(trials->error, "%s, the sequence passed", when);
		else
			pd_error_set(trials->error, "%s, the sequence failed in another "
			    "way: %s", when,
			    pd_json_peek_string(trial->failure, "message", ""));
	}
	pd_trial_free(trial);
	return result;
}

/* See it fail, explain it, and see it fail once more: if it comes and goes by
 * itself, a variation that passed says nothing. */
static enum pd_explained
explain_sequence(struct pd_trials *trials, const struct pd_sequence *sequence,
    jv source, jv *explanation)
{
	struct pd_buffer lines = PD_BUFFER_INIT;
	struct pd_trial trial = pd_trials_execute(trials, sequence, &lines);
	enum pd_explained result = PD_EXPLAINED;

	if (trial.outcome != PD_TRIAL_FAILS) {
		result = lost(trials, &trial, "executed again");
	} else {
		*explanation = explain(trials, sequence, source, trial.failure, &lines);
		pd_trial_free(&trial);
		result = ending(trials);
		if (result == PD_EXPLAINED && trials->counts[PD_TRIAL_PASSES] > 0) {
			trial = pd_trials_execute(trials, sequence, &lines);
			if (trial.outcome != PD_TRIAL_FAILS)
				result = lost(trials, &trial, "executed once more in the end");
			else
				pd_trial_free(&trial);
		}
		*explanation = finish_record(*explanation, trials);
	}
	pd_buffer_free(&lines);
	return result;
}

/* The sequence of a record, if the model could have generated it: otherwise it
 * would refuse all variations as well. Returns 0 or -1. */
static int
open_sequence(struct pd_model *model, jv record, struct pd_sequence *sequence,
    struct pd_error *error)
{
	const char *id = NULL;

	if (pd_failure_sequence(record, sequence, error) != 0)
		return -1;
	if (pd_admits_sequence(model, sequence, &id, error) == 1)
		return 0;
	pd_error_prefix(error, "the model does not allow %s of the sequence itself: ",
	    id != NULL ? id : "a command");
	return pd_error_hint(error, "-m names the model that generated it, as it was then");
}

enum pd_explained
pd_explain(struct pd_model *model, struct pd_runner *runner, jv record,
    const struct pd_trial_limits *limits, pd_trial_progress *progress,
    void *progress_context, jv *explanation, struct pd_error *error)
{
	struct pd_sequence sequence;
	struct pd_trials trials;
	enum pd_explained result = PD_EXPLAIN_UNREADABLE;

	*explanation = jv_invalid();
	if (open_sequence(model, record, &sequence, error) == 0) {
		pd_trials_start(&trials, model, runner, pd_json_peek(record, "failure"),
		    limits, progress, progress_context, error);
		result = explain_sequence(&trials, &sequence, record, explanation);
		if (result == PD_EXPLAIN_LOST) {
			jv_free(*explanation);
			*explanation = jv_invalid();
		}
		pd_trials_free(&trials);
	}
	pd_sequence_free(&sequence);
	return result;
}
