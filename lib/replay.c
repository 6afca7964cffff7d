/* SPDX-License-Identifier: MIT */
#include "replay.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "difference.h"
#include "json.h"
#include "origin.h"
#include "recorded.h"

/*
 * Beginning.
 */
static jv
plans_of(const struct pd_items *items, jv plans)
{
	for (size_t i = 0; i < items->count; i++)
		plans = pd_json_set(plans, items->list[i].id,
		    jv_copy(items->list[i].command));
	return plans;
}

static jv
all_plans(const struct pd_sequence *sequence)
{
	jv plans = plans_of(&sequence->setup, jv_object());

	plans = plans_of(&sequence->prefix, plans);
	for (size_t i = 0; i < sequence->branch_count; i++)
		plans = plans_of(&sequence->branches[i], plans);
	plans = plans_of(&sequence->suffix, plans);
	return plans_of(&sequence->teardown, plans);
}

/* The sequence that was asked for; whether the record tells of its run. */
static bool
is_told(jv failure, bool original)
{
	return !original || !pd_json_has_peek(failure, "shrunk");
}

static int
read_sequence(struct pd_replay *replay, jv failure, bool original,
    struct pd_error *error)
{
	if (is_told(failure, original))
		return pd_failure_sequence(failure, &replay->sequence, error);
	jv planned = pd_json_peek(failure, "original");
	if (jv_is_valid(planned))
		return pd_sequence_parse(&replay->sequence, planned, error);
	return pd_error_set(error, "the failure has no original sequence");
}

int
pd_replay_start(struct pd_replay *replay, struct pd_model *model, jv failure,
    bool original, pd_replay_tell *tell, void *context, struct pd_error *error)
{
	*replay = (struct pd_replay){.tell = tell, .context = context,
		.expected = pd_json_peek(failure, "failure"), .plans = jv_object(),
		.shown = jv_null(), .command = jv_invalid(), .events = jv_array(),
		.checks = jv_array(), .last_checks = jv_array(), .refusal = jv_invalid(), .end = jv_invalid()};
	pd_bindings_start(&replay->bindings, 0, "");
	int result = read_sequence(replay, failure, original, error);
	if (jv_get_kind(replay->expected) != JV_KIND_OBJECT && result == 0)
		result = pd_error_set(error, "the failure does not say what failed");
	pd_recording_read(&replay->recording, failure, model, &replay->sequence,
	    is_told(failure, original));
	if (pd_fold_start(&replay->fold, model, error) != 0)
		return -1;
	replay->folding = true;
	jv_free(replay->shown);
	replay->shown = jv_copy(replay->fold.state);
	jv_free(replay->plans);
	replay->plans = all_plans(&replay->sequence);
	return result;
}

void
pd_replay_free(struct pd_replay *replay)
{
	pd_sequence_free(&replay->sequence);
	pd_recording_free(&replay->recording);
	pd_bindings_free(&replay->bindings);
	pd_fold_free(&replay->fold);
	free(replay->nonce);
	jv_free(replay->expected);
	jv_free(replay->plans);
	jv_free(replay->shown);
	jv_free(replay->command);
	jv_free(replay->events);
	jv_free(replay->checks);
	jv_free(replay->last_checks);
	jv_free(replay->refusal);
	jv_free(replay->end);
}

static bool
has_item(const struct pd_items *items, const char *id)
{
	for (size_t i = 0; i < items->count; i++) {
		if (strcmp(items->list[i].id, id) == 0)
			return true;
	}
	return false;
}

enum pd_replay_part
pd_replay_part(const struct pd_replay *replay, const char *id)
{
	if (has_item(&replay->sequence.setup, id))
		return PD_REPLAY_SETUP;
	if (has_item(&replay->sequence.teardown, id))
		return PD_REPLAY_TEARDOWN;
	return pd_json_has_peek(replay->plans, id) ? PD_REPLAY_MAIN :
	    PD_REPLAY_NOWHERE;
}

/*
 * Steps.
 */
static void
fold(struct pd_replay *replay, jv step)
{
	if (replay->folding)
		replay->folding = pd_fold_apply(&replay->fold, step, &replay->error) == 0;
	jv_free(step);
}

/* The tokens of an object, which is consumed, with other values as far as there
 * are any. */
static jv
take_values(jv tokens, jv values_peek)
{
	jv result = jv_copy(tokens);

	jv_object_foreach(tokens, token, value) {
		jv other = jv_object_get(jv_copy(values_peek), jv_copy(token));
		jv_free(value);
		if (jv_is_valid(other))
			result = jv_object_set(result, token, other);
		else
			jv_free(token);
	}
	jv_free(tokens);
	return result;
}

/* What the command's tokens stood for, and the command with them, if there are
 * any. */
static jv
add_references(const struct pd_replay *replay, const char *id, jv step)
{
	jv planned = pd_json_peek(replay->plans, id);

	if (!jv_is_valid(planned))
		return step;
	jv references = pd_bindings_used(&replay->bindings, jv_copy(planned));
	/* Without a run of our own, what was minted is known from the file only. */
	if (replay->nonce == NULL)
		references = take_values(references, replay->recording.values);
	if (jv_object_length(jv_copy(references)) == 0) {
		jv_free(references);
		jv_free(planned);
		return step;
	}
	step = pd_json_set(step, "planned", planned);
	return pd_json_set(step, "refs", references);
}

static jv
copy_field(jv to, const char *name, jv from_peek)
{
	jv value = pd_json_peek(from_peek, name);

	return jv_is_valid(value) ? pd_json_set(to, name, value) : to;
}

static jv
make_step(const struct pd_replay *replay)
{
	const char *id = pd_json_peek_string(replay->command, "id", "");
	jv step = pd_json_set_string(jv_object(), "type", "step");

	step = pd_json_set_number(step, "run", (double)replay->sequence.run);
	step = pd_json_set_string(step, "id", id);
	step = copy_field(step, "branch", replay->command);
	step = copy_field(step, "command", replay->command);
	step = add_references(replay, id, step);
	step = copy_field(step, "outcome", replay->command);
	step = copy_field(step, "reason", replay->command);
	step = pd_json_set(step, "events", jv_copy(replay->events));
	if (replay->folding) {
		step = pd_json_set(step, "state", jv_copy(replay->fold.state));
		step = pd_json_set(step, "changes", pd_changes(replay->shown,
		    replay->fold.state));
	}
	step = pd_json_set(step, "checks", jv_copy(replay->checks));
	jv recorded = pd_recording_difference(&replay->recording, replay->command,
	    replay->events, &replay->bindings);
	return jv_is_valid(recorded) ? pd_json_set(step, "recorded", recorded) : step;
}

void
pd_replay_complete(struct pd_replay *replay)
{
	if (!jv_is_valid(replay->command))
		return;
	replay->steps++;
	replay->past |= strcmp(pd_json_peek_string(replay->command, "id", ""),
	    pd_json_peek_string(replay->expected, "id", "?")) == 0;
	replay->tell(replay->context, make_step(replay));
	jv_free(replay->shown);
	replay->shown = replay->folding ? jv_copy(replay->fold.state) : jv_null();
	jv_free(replay->command);
	jv_free(replay->events);
	jv_free(replay->checks);
	replay->command = jv_invalid();
	replay->events = jv_array();
	replay->checks = jv_array();
}

/*
 * Records.
 */
static void
take_command(struct pd_replay *replay, jv record)
{
	int status = pd_recording_refusal(&replay->recording, record);
	jv command = pd_json_peek(record, "command");

	pd_replay_complete(replay);
	replay->command = jv_copy(record);
	replay->exchanges |= pd_json_has_peek(record, "exchange");
	if (status != 0)
		pd_replay_refuse(replay, "%s was answered %d, which it was not when the "
		    "failure was recorded: are the credentials right?",
		    pd_json_peek_string(command, "type", "a command"), status);
	/* The executor folds what was answered. */
	if (strcmp(pd_json_peek_string(record, "outcome", ""), "ok") == 0)
		fold(replay, command);
	else
		jv_free(command);
}

static void
take_event(struct pd_replay *replay, jv record)
{
	const char *id = pd_json_peek_string(record, "id", NULL);
	jv event = pd_json_peek(record, "event");
	jv item = copy_field(jv_object(), "source", record);

	/* What a later command made visible ahead of its answer. */
	if (id != NULL && jv_is_valid(replay->command) &&
	    strcmp(id, pd_json_peek_string(replay->command, "id", "")) != 0)
		pd_replay_complete(replay);
	replay->events = jv_array_append(replay->events,
	    pd_json_set(item, "event", jv_copy(event)));
	if (id != NULL && pd_origin_is_answer(record))
		pd_bindings_add(&replay->bindings, id, jv_copy(event));
	if (pd_origin_is_folded(record))
		fold(replay, event);
	else
		jv_free(event);
}

static void
take_check(struct pd_replay *replay, jv record)
{
	jv check = copy_field(jv_object(), "check", record);

	check = copy_field(check, "pass", record);
	check = copy_field(check, "message", record);
	check = copy_field(check, "data", record);
	if (pd_json_has_peek(record, "id")) {
		replay->checks = jv_array_append(replay->checks, check);
	} else {
		pd_replay_complete(replay);
		replay->last_checks = jv_array_append(replay->last_checks, check);
	}
}

static void
take_start(struct pd_replay *replay, jv record)
{
	free(replay->nonce);
	replay->nonce = pd_duplicate(pd_json_peek_string(record, "nonce", ""));
	pd_bindings_free(&replay->bindings);
	pd_bindings_start(&replay->bindings, replay->sequence.seed, replay->nonce);
}

void
pd_replay_take(struct pd_replay *replay, jv record)
{
	const char *type = pd_json_peek_string(record, "type", "");

	if (strcmp(type, "command") == 0) {
		take_command(replay, record);
	} else if (strcmp(type, "event") == 0) {
		take_event(replay, record);
	} else if (strcmp(type, "check") == 0) {
		take_check(replay, record);
	} else if (strcmp(type, "run_start") == 0) {
		take_start(replay, record);
	} else if (strcmp(type, "pause") == 0) {
		pd_replay_complete(replay);
	} else if (strcmp(type, "run_end") == 0) {
		pd_replay_complete(replay);
		jv_free(replay->end);
		replay->end = jv_copy(record);
	}
	jv_free(record);
}

/*
 * The verdict.
 */
void
pd_replay_refuse(struct pd_replay *replay, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	if (jv_is_valid(replay->refusal))
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	replay->refusal = jv_string(text);
}

/* Has a command line an option, given whole or by its beginning, with this value
 * if that is not NULL? */
static bool
has_option(char *const *words, const char *option, size_t least,
    const char *value)
{
	for (; *words != NULL; words++) {
		size_t length = strcspn(*words, "=");
		if (length < least || strncmp(*words, option, length) != 0)
			continue;
		const char *given = (*words)[length] == '=' ? *words + length + 1 :
		    words[1];
		if (value == NULL || (given != NULL && strcmp(given, value) == 0))
			return true;
	}
	return false;
}

void
pd_replay_consider(struct pd_replay *replay, char *const *command)
{
	const char *kind = pd_json_peek_string(replay->expected, "kind", "");
	const char *slash = strrchr(command[0], '/');

	if (strcmp(slash != NULL ? slash + 1 : command[0], "pd-exec") != 0)
		return;
	if (strcmp(kind, "prediction_mismatch") == 0 &&
	    !has_option(command, "--conform", strlen("--co"), NULL))
		pd_replay_refuse(replay, "the failure came from --conform, which the "
		    "command after -- lacks");
	if (strcmp(kind, "check_failed") == 0 &&
	    (has_option(command, "--checks", strlen("--ch"), "off") ||
	    has_option(command, "--checks", strlen("--ch"), "log")))
		pd_replay_refuse(replay, "the failure came from a check, and the command "
		    "after -- fails nothing by its checks");
}

/* Was every answer a refusal, and not only of the kinds that the recording has?
 * Borrows the answers of the run_end. */
static bool
is_all_refused(const struct pd_replay *replay, jv answers)
{
	double refused = 0;
	bool news = false;
	jv counts = pd_json_peek(answers, "refused");

	if (jv_get_kind(counts) == JV_KIND_OBJECT) {
		jv_object_foreach(counts, status, count) {
			refused += jv_number_value(count);
			news = news || !pd_json_has_peek(replay->recording.statuses,
			    jv_string_value(status));
			jv_free(status);
			jv_free(count);
		}
	}
	jv_free(counts);
	return news && refused >= pd_json_peek_number(answers, "total", 0);
}

/* Were there refusals for lack of permission among answers that the records do
 * not show? Borrows the answers of the run_end. */
static bool
is_refused_unseen(const struct pd_replay *replay, jv answers)
{
	jv counts = pd_json_peek(answers, "refused");
	bool refused = !replay->exchanges && (pd_json_has_peek(counts, "401") ||
	    pd_json_has_peek(counts, "403"));

	jv_free(counts);
	return refused;
}

/* Is a failure that did not come back no proof, since nothing was tested that
 * could have brought it? The reason goes into text. */
static bool
proves_nothing(const struct pd_replay *replay, char *text, size_t size)
{
	jv answers = pd_json_peek(replay->end, "answers");
	jv fired = pd_json_peek(replay->end, "fired");
	const char *check = pd_json_peek_string(replay->expected, "name", "");

	text[0] = '\0';
	if (is_refused_unseen(replay, answers))
		snprintf(text, size, "commands were answered 401 or 403: are the "
		    "credentials right?");
	else if (is_all_refused(replay, answers))
		snprintf(text, size, "every one of %.0f answers was a refusal: is the "
		    "base URL right?", pd_json_peek_number(answers, "total", 0));
	else if (replay->steps == 0)
		snprintf(text, size, "no command was executed");
	else if (strcmp(pd_json_peek_string(replay->expected, "kind", ""),
	    "check_failed") == 0 && jv_is_valid(fired) &&
	    !pd_json_has_peek(fired, check))
		snprintf(text, size, "the model that judged has no check %s", check);
	jv_free(answers);
	jv_free(fired);
	return text[0] != '\0';
}

static bool
is_assertion(jv failure)
{
	return strcmp(pd_json_peek_string(failure, "class", ""), "assertion") == 0;
}

static enum pd_replay_result
judge_without_failure(const struct pd_replay *replay, char *reason, size_t size)
{
	if (!jv_is_valid(replay->end) ||
	    strcmp(pd_json_peek_string(replay->end, "status", ""), "pass") != 0)
		return replay->past ? PD_REPLAY_PASSED : PD_REPLAY_STOPPED;
	return proves_nothing(replay, reason, size) ? PD_REPLAY_ERROR :
	    PD_REPLAY_PASSED;
}

/* The verdict, and for PD_REPLAY_ERROR the reason if there is no failure that
 * says it. Borrows the failure. */
static enum pd_replay_result
judge(const struct pd_replay *replay, jv failure, char *reason, size_t size)
{
	bool refused = jv_is_valid(replay->refusal);

	reason[0] = '\0';
	if (jv_is_valid(failure) && pd_same_failure(failure, replay->expected) &&
	    (!refused || is_assertion(failure)))
		return PD_REPLAY_REPRODUCED;
	if (refused) {
		snprintf(reason, size, "%s", jv_string_value(replay->refusal));
		return PD_REPLAY_ERROR;
	}
	if (!jv_is_valid(failure))
		return judge_without_failure(replay, reason, size);
	return is_assertion(failure) ? PD_REPLAY_DIFFERENT : PD_REPLAY_ERROR;
}

enum pd_replay_result
pd_replay_judge(const struct pd_replay *replay)
{
	char reason[1024];
	jv failure = pd_json_peek(replay->end, "failure");
	enum pd_replay_result result = judge(replay, failure, reason, sizeof(reason));

	jv_free(failure);
	return result;
}

jv
pd_replay_record(const struct pd_replay *replay, const char *at)
{
	static const char *const names[] = {
		[PD_REPLAY_REPRODUCED] = "reproduced", [PD_REPLAY_PASSED] = "passed",
		[PD_REPLAY_DIFFERENT] = "different", [PD_REPLAY_ERROR] = "error",
		[PD_REPLAY_STOPPED] = "stopped",
	};
	char reason[1024];
	jv failure = pd_json_peek(replay->end, "failure");
	enum pd_replay_result result = judge(replay, failure, reason, sizeof(reason));
	jv record = pd_json_set_string(jv_object(), "type", "replay");

	record = pd_json_set_number(record, "run", (double)replay->sequence.run);
	record = pd_json_set_number(record, "seed", (double)replay->sequence.seed);
	record = pd_json_set(record, "expected", jv_copy(replay->expected));
	record = pd_json_set_string(record, "result", names[result]);
	if (jv_is_valid(failure))
		record = pd_json_set(record, "failure", jv_copy(failure));
	if (reason[0] != '\0')
		record = pd_json_set_string(record, "reason", reason);
	if (at == NULL)
		at = pd_json_peek_string(failure, "id", NULL);
	if (at != NULL)
		record = pd_json_set_string(record, "at", at);
	record = pd_json_set_number(record, "commands", (double)replay->steps);
	if (jv_array_length(jv_copy(replay->last_checks)) > 0)
		record = pd_json_set(record, "checks", jv_copy(replay->last_checks));
	jv_free(failure);
	return record;
}
