/* SPDX-License-Identifier: MIT */
#include "rejudge.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "loop.h"
#include "origin.h"
#include "recorded.h"

/*
 * The lines of the run in hand.
 */
static void
add_line(struct pd_rejudge *rejudge, int kind, jv record, const char *line,
    size_t length)
{
	if (rejudge->count == rejudge->room) {
		rejudge->room = rejudge->room * 2 + 64;
		rejudge->lines = pd_reallocate(rejudge->lines, rejudge->room,
		    sizeof(*rejudge->lines));
	}
	rejudge->lines[rejudge->count++] = (struct pd_rejudge_line){kind, record,
		rejudge->text.length, length};
	pd_buffer_append(&rejudge->text, line, length);
	pd_buffer_append(&rejudge->text, "\n", 1);
}

static void
forget_lines(struct pd_rejudge *rejudge)
{
	for (size_t i = 0; i < rejudge->count; i++)
		jv_free(rejudge->lines[i].record);
	rejudge->count = 0;
	pd_buffer_clear(&rejudge->text);
}

static void
pass_line(struct pd_rejudge *rejudge, const struct pd_rejudge_line *line)
{
	if (line->kind != PD_LINE_CHECK)	/* checks are made anew */
		pd_writer_line(rejudge->writer, rejudge->text.data + line->start,
		    line->length);
}

static struct pd_journal_place
place_of(jv record_peek)
{
	return (struct pd_journal_place){
		pd_json_peek_string(record_peek, "id", NULL),
		(int)pd_json_peek_number(record_peek, "branch", -1)};
}

/*
 * Failures that are kept.
 */
static bool
is_judged_again(jv failure_peek)
{
	static const char *const kinds[] = {"check_failed", "prediction_mismatch",
		"poll_timeout", "model_error"};
	const char *kind = pd_json_peek_string(failure_peek, "kind", "");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kind, kinds[i]) == 0)
			return true;
	}
	return false;
}

static void
keep_failures(struct pd_rejudge *rejudge)
{
	jv first = pd_json_peek(rejudge->end, "failure");
	jv others = pd_json_peek(rejudge->end, "other_failures");

	if (jv_get_kind(others) != JV_KIND_ARRAY) {
		jv_free(others);
		others = jv_array();
	}
	jv all = jv_is_valid(first) ? jv_array_concat(JV_ARRAY(first), others) : others;
	jv_free(rejudge->failures);
	rejudge->failures = jv_array();
	jv_array_foreach(all, i, failure) {
		if (is_judged_again(failure))
			jv_free(failure);
		else
			rejudge->failures = jv_array_append(rejudge->failures, failure);
	}
	jv_free(all);
}

/* Take the first kept failure with this kind, name and id out; NULL means any.
 * An invalid jv when there is none. */
static jv
take_kept(struct pd_rejudge *rejudge, const char *kind, const char *name,
    const char *id)
{
	jv left = jv_array(), found = jv_invalid();

	jv_array_foreach(rejudge->failures, i, failure) {
		bool fits = !jv_is_valid(found) && (kind == NULL ||
		    strcmp(pd_json_peek_string(failure, "kind", ""), kind) == 0) &&
		    (name == NULL ||
		    strcmp(pd_json_peek_string(failure, "name", ""), name) == 0) &&
		    (id == NULL || strcmp(pd_json_peek_string(failure, "id", ""), id) == 0);
		if (fits)
			found = failure;
		else
			left = jv_array_append(left, failure);
	}
	jv_free(rejudge->failures);
	rejudge->failures = left;
	return found;
}

/* It ends the run, as it did. */
static void
put_kept(struct pd_rejudge *rejudge, jv failure)
{
	rejudge->projection.stopping = true;
	pd_projection_take_failure(&rejudge->projection, failure);
}

static bool
is_teardown(const struct pd_rejudge *rejudge, const char *id)
{
	return id != NULL && pd_json_has_peek(rejudge->teardown, id);
}

static bool
is_of_teardown(const struct pd_rejudge *rejudge, jv failure_peek)
{
	return strcmp(pd_json_peek_string(failure_peek, "name", ""),
	    "teardown_each") == 0 ||
	    is_teardown(rejudge, pd_json_peek_string(failure_peek, "id", NULL));
}

/* Of those that no record stands for: what came before teardown, or all. */
static void
put_rest(struct pd_rejudge *rejudge, bool all)
{
	jv rest = rejudge->failures;

	rejudge->failures = jv_array();
	jv_array_foreach(rest, i, failure) {
		if (all || !is_of_teardown(rejudge, failure))
			put_kept(rejudge, failure);
		else
			rejudge->failures = jv_array_append(rejudge->failures, failure);
	}
	jv_free(rest);
}

/* A command that was not answered. */
static void
put_unanswered(struct pd_rejudge *rejudge, jv record, const char *outcome,
    struct pd_journal_place place)
{
	jv failure = place.id != NULL ? take_kept(rejudge, NULL, NULL, place.id) :
	    jv_invalid();

	if (jv_is_valid(failure)) {
		put_kept(rejudge, failure);
		return;
	}
	jv command = pd_json_peek(record, "command");
	pd_projection_fail(&rejudge->projection,
	    strcmp(outcome, "error") == 0 ? "adapter_error" : "command_timeout",
	    pd_json_peek_string(command, "type", NULL),
	    pd_json_peek_string(record, "reason", "the command was not answered"),
	    jv_invalid(), place);
	rejudge->projection.stopping = true;
	jv_free(command);
}

/*
 * The parts of a run.
 */
static bool
is_undecided(const struct pd_rejudge *rejudge)
{
	return !pd_json_has_peek(rejudge->end, "linearization");
}

static bool
has_kept(const struct pd_rejudge *rejudge, const char *kind)
{
	bool found = false;

	jv_array_foreach(rejudge->failures, i, failure) {
		found = found ||
		    strcmp(pd_json_peek_string(failure, "kind", ""), kind) == 0;
		jv_free(failure);
	}
	return found;
}

/* The branches of a run that is held stand in the order in which they were
 * merged, unless nobody searched for one. */
static bool
is_merged(const struct pd_rejudge *rejudge)
{
	return rejudge->aborted || !is_undecided(rejudge) ||
	    has_kept(rejudge, "linearization") ||
	    has_kept(rejudge, "linearization_undecided");
}

static void
begin_merged(struct pd_rejudge *rejudge)
{
	jv failure = take_kept(rejudge, "linearization", NULL, NULL);

	rejudge->part = PD_PART_MERGED;
	if (!jv_is_valid(failure))
		failure = take_kept(rejudge, "linearization_undecided", NULL, NULL);
	if (jv_is_valid(failure))
		put_kept(rejudge, failure);
}

/* Was the command among those that the order explained? */
static bool
is_explained(jv failure_peek, const char *id)
{
	jv data = pd_json_peek(failure_peek, "data"), prefix;
	int count = pd_json_elements_peek(data, "prefix", &prefix);
	bool found = false;

	for (int i = 0; i < count; i++) {
		jv other = jv_array_get(jv_copy(prefix), i);
		found = found || (id != NULL && jv_get_kind(other) == JV_KIND_STRING &&
		    strcmp(jv_string_value(other), id) == 0);
		jv_free(other);
	}
	jv_free(prefix);
	jv_free(data);
	return found;
}

/* What the merge judged when the run was executed is judged now: of what no order
 * explains, nothing. */
static void
judge_as_merged(struct pd_rejudge *rejudge, struct pd_journal_place place)
{
	struct pd_projection *projection = &rejudge->projection;
	const char *kind = pd_json_peek_string(projection->failure, "kind", "");
	bool halted = rejudge->options->checks == PD_CHECKS_HALT &&
	    jv_is_valid(projection->failure);

	projection->forgiving = strcmp(kind, "linearization_undecided") == 0 ||
	    (rejudge->aborted && is_undecided(rejudge)) ||
	    (strcmp(kind, "linearization") == 0 &&
	    !is_explained(projection->failure, place.id));
	projection->judging = !halted && !projection->forgiving;
}

static void
end_merged(struct pd_rejudge *rejudge)
{
	struct pd_projection *projection = &rejudge->projection;

	pd_projection_settle(projection);
	projection->judging = true;
	projection->forgiving = false;
}

/* All but teardown is over: the checks for the end. */
static void
end_main(struct pd_rejudge *rejudge)
{
	struct pd_projection *projection = &rejudge->projection;

	if (rejudge->part == PD_PART_TEARDOWN)
		return;
	if (rejudge->part == PD_PART_MERGED)
		end_merged(rejudge);
	rejudge->part = PD_PART_TEARDOWN;
	/* It came after conditions that were open. */
	jv unresolved = projection->conditions.count > 0 && projection->judging ?
	    take_kept(rejudge, "ref_unresolved", NULL, NULL) : jv_invalid();
	put_rest(rejudge, false);
	projection->stopping |= rejudge->aborted;
	/* The run waited for conditions that were open. */
	pd_projection_pass_time(projection, (int64_t)pd_json_peek_number(rejudge->end,
	    "duration_us", (double)rejudge->last));
	if (jv_is_valid(unresolved))
		put_kept(rejudge, unresolved);
	pd_projection_check_end(projection);
	projection->judging = false;
}

static void
enter_part(struct pd_rejudge *rejudge, struct pd_journal_place place)
{
	if (is_teardown(rejudge, place.id))
		end_main(rejudge);
	else if (rejudge->part == PD_PART_MAIN && place.branch >= 0 && rejudge->merges)
		begin_merged(rejudge);
	if (rejudge->part == PD_PART_MERGED)
		judge_as_merged(rejudge, place);
}

/* Nothing is folded after the failure that ends the run, though it went on: what
 * was merged was folded as a whole, and teardown always. */
static bool
is_skipped(struct pd_rejudge *rejudge)
{
	if (rejudge->part == PD_PART_MAIN && rejudge->projection.stopping)
		rejudge->skipped = true;
	return rejudge->skipped;
}

/*
 * Steps.
 */
static void
note_secrets(struct pd_rejudge *rejudge, jv object, const char *text, size_t length)
{
	if (memmem(text, length, "[redacted]", 10) == NULL ||
	    jv_get_kind(object) != JV_KIND_OBJECT)
		return;
	jv_object_foreach(object, key, value) {
		jv shown = jv_dump_string(value, 0);
		char *name = pd_format("%s.%s", pd_json_peek_string(object, "type", ""),
		    jv_string_value(key));
		if (strstr(jv_string_value(shown), "\"[redacted]\"") != NULL)
			rejudge->secrets = pd_json_set(rejudge->secrets, name, jv_true());
		free(name);
		jv_free(shown);
		jv_free(key);
	}
}

static jv
object_of(struct pd_rejudge *rejudge, const struct pd_rejudge_line *line,
    const char *field)
{
	jv object = pd_json_peek(line->record, field);

	note_secrets(rejudge, object, rejudge->text.data + line->start, line->length);
	return object;
}

static void
forget_injected(struct pd_rejudge *rejudge)
{
	jv_free(rejudge->injected);
	jv_free(rejudge->before);
	free(rejudge->injector);
	rejudge->injected = jv_array();
	rejudge->before = jv_invalid();
	rejudge->injector = NULL;
}

/* Events that a command makes visible come before it, and are compared with what
 * was predicted before them. */
static void
note_injected(struct pd_rejudge *rejudge, const struct pd_rejudge_line *line,
    jv event)
{
	const char *id = pd_json_peek_string(line->record, "id", NULL);

	if (!rejudge->options->conform || id == NULL || strcmp("injected",
	    pd_json_peek_string(line->record, "source", "")) != 0)
		return;
	if (rejudge->injector == NULL || strcmp(rejudge->injector, id) != 0) {
		forget_injected(rejudge);
		rejudge->injector = pd_duplicate(id);
		rejudge->before = jv_copy(rejudge->projection.fold.state);
	}
	rejudge->injected = jv_array_append(rejudge->injected, jv_copy(event));
}

static void
judge_event(struct pd_rejudge *rejudge, const struct pd_rejudge_line *line)
{
	struct pd_journal_place place = place_of(line->record);
	const char *text = rejudge->text.data + line->start;

	enter_part(rejudge, place);
	if (!pd_origin_is_folded(line->record) || is_skipped(rejudge)) {
		pass_line(rejudge, line);
		return;
	}
	jv event = object_of(rejudge, line, "event");
	note_injected(rejudge, line, event);
	rejudge->last = (int64_t)pd_json_peek_number(line->record, "at_us",
	    (double)rejudge->last);
	/* What belongs to an answer may be told before others that came earlier. */
	if (rejudge->part == PD_PART_MAIN && !pd_origin_is_answer(line->record))
		pd_projection_pass_time(&rejudge->projection, rejudge->last);
	rejudge->journal.recorded = &text;
	pd_projection_event(&rejudge->projection, "", event, rejudge->last, place);
	jv_free(event);
}

static jv
predict(struct pd_rejudge *rejudge, jv command, struct pd_journal_place place)
{
	struct pd_projection *projection = &rejudge->projection;
	bool injected = rejudge->injector != NULL && place.id != NULL &&
	    strcmp(rejudge->injector, place.id) == 0;

	if (!injected)
		forget_injected(rejudge);
	if (place.branch >= 0 || rejudge->part == PD_PART_MERGED)
		return jv_invalid();
	jv now = projection->fold.state;
	if (injected)
		projection->fold.state = rejudge->before;
	jv predicted = pd_projection_predict(projection, command, place);
	projection->fold.state = now;
	return predicted;
}

/* The answer that the command's lines tell: its events, with their lines after
 * one another in text. Returns the index after the last of them. */
static size_t
read_answer(struct pd_rejudge *rejudge, size_t at, struct pd_answer *answer,
    struct pd_buffer *text)
{
	const struct pd_rejudge_line *command = &rejudge->lines[at];
	const char *id = pd_json_peek_string(command->record, "id", "");
	size_t next = at + 1;

	*answer = (struct pd_answer){.outcome = PD_OUTCOME_OK, .events = jv_array()};
	if (pd_json_elements_peek(command->record, "exchange", &answer->exchanges) == 0) {
		jv_free(answer->exchanges);
		answer->exchanges = jv_array();
	}
	for (; next < rejudge->count; next++) {
		const struct pd_rejudge_line *line = &rejudge->lines[next];
		if (line->kind == PD_LINE_CHECK)
			continue;
		if (line->kind != PD_LINE_EVENT ||
		    strcmp(pd_json_peek_string(line->record, "id", "?"), id) != 0 ||
		    strcmp(pd_json_peek_string(line->record, "source", ""), "command") != 0)
			break;
		answer->events = jv_array_append(answer->events,
		    object_of(rejudge, line, "event"));
		pd_buffer_append(text, rejudge->text.data + line->start, line->length + 1);
	}
	return next;
}

static size_t
judge_command(struct pd_rejudge *rejudge, size_t at)
{
	const struct pd_rejudge_line *line = &rejudge->lines[at];
	const char *outcome = pd_json_peek_string(line->record, "outcome", "ok");
	struct pd_journal_place place = place_of(line->record);
	struct pd_projection *projection = &rejudge->projection;
	struct pd_buffer text = PD_BUFFER_INIT;
	struct pd_answer answer;

	enter_part(rejudge, place);
	pass_line(rejudge, line);
	if (is_skipped(rejudge))
		return at + 1;
	size_t next = read_answer(rejudge, at, &answer, &text);
	const char *lines = text.data;
	rejudge->journal.recorded = &lines;
	rejudge->last = (int64_t)pd_json_peek_number(line->record, "return_us",
	    (double)rejudge->last);
	if (rejudge->part == PD_PART_MAIN)
		pd_projection_pass_time(projection, (int64_t)pd_json_peek_number(
		    line->record, "call_us", 0));
	jv command = object_of(rejudge, line, "command");
	jv predicted = predict(rejudge, command, place);
	if (strcmp(outcome, "ok") == 0) {
		pd_projection_count(projection, &answer);
		pd_projection_answer(projection, command, predicted, rejudge->injected,
		    answer.events, rejudge->last, place);
	} else {
		answer.outcome = PD_OUTCOME_ERROR;
		pd_projection_count(projection, &answer);
		projection->deferring = rejudge->part == PD_PART_MERGED;
		put_unanswered(rejudge, line->record, outcome, place);
		projection->deferring = false;
	}
	forget_injected(rejudge);
	jv_free(predicted);
	jv_free(command);
	pd_answer_free(&answer);
	pd_buffer_free(&text);
	return next;
}

static void
judge_lines(struct pd_rejudge *rejudge)
{
	for (size_t i = 0; i < rejudge->count;) {
		if (rejudge->lines[i].kind == PD_LINE_COMMAND) {
			i = judge_command(rejudge, i);
			continue;
		}
		if (rejudge->lines[i].kind == PD_LINE_EVENT)
			judge_event(rejudge, &rejudge->lines[i]);
		else
			pass_line(rejudge, &rejudge->lines[i]);
		i++;
	}
	forget_lines(rejudge);
}

/*
 * Runs.
 */

/* Begin to judge the run in hand, as far as it is known. */
static void
begin_run(struct pd_rejudge *rejudge, int64_t number)
{
	rejudge->journal = (struct pd_journal){.writer = rejudge->writer,
		.redaction = rejudge->options->redaction, .run = number};
	rejudge->part = PD_PART_MAIN;
	rejudge->skipped = false;
	rejudge->last = 0;
	rejudge->secrets = jv_object();
	rejudge->teardown = pd_teardown_ids(rejudge->start);
	rejudge->merges = is_merged(rejudge);
	pd_projection_start(&rejudge->projection, rejudge->model, rejudge->options,
	    &rejudge->journal);
	jv failure = take_kept(rejudge, "setup_failed", "setup_each", NULL);
	if (jv_is_valid(failure))
		put_kept(rejudge, failure);
}

static jv
verdict_of(jv run_end_peek)
{
	jv verdict = pd_json_set_string(jv_object(), "status",
	    pd_json_peek_string(run_end_peek, "status", ""));
	jv failure = pd_json_peek(run_end_peek, "failure");

	return jv_is_valid(failure) ? pd_json_set(verdict, "failure", failure) : verdict;
}

/* The verdict that the records had, if it is another. */
static jv
add_recorded(const struct pd_rejudge *rejudge, jv end)
{
	jv was = verdict_of(rejudge->end), is = verdict_of(end);
	jv failed_then = pd_json_peek(was, "failure"), fails = pd_json_peek(is, "failure");
	bool same = strcmp(pd_json_peek_string(was, "status", ""),
	    pd_json_peek_string(is, "status", "")) == 0 &&
	    jv_is_valid(failed_then) == jv_is_valid(fails) &&
	    (!jv_is_valid(fails) || pd_same_failure(failed_then, fails));

	jv_free(failed_then);
	jv_free(fails);
	jv_free(is);
	if (!same && jv_is_valid(rejudge->end))
		return pd_json_set(end, "recorded", was);
	jv_free(was);
	return end;
}

static jv
copy_field(jv to, const char *name, jv from_peek)
{
	jv value = pd_json_peek(from_peek, name);

	return jv_is_valid(value) ? pd_json_set(to, name, value) : to;
}

static jv
make_end(struct pd_rejudge *rejudge)
{
	jv end = pd_json_set_string(jv_object(), "type", "run_end");

	end = pd_json_set_number(end, "run", (double)rejudge->journal.run);
	end = pd_json_set_number(end, "attempt",
	    pd_json_peek_number(rejudge->start, "attempt", 1));
	end = pd_projection_run_end(&rejudge->projection, end, rejudge->aborted);
	end = pd_json_set_number(end, "duration_us", (double)rejudge->last);
	end = copy_field(end, "duration_us", rejudge->end);
	end = copy_field(end, "linearization", rejudge->end);
	if (strcmp(pd_json_peek_string(end, "status", ""), "pass") == 0)
		end = copy_field(end, "again", rejudge->end);
	if (jv_object_length(jv_copy(rejudge->secrets)) > 0)
		end = pd_json_set(end, "redacted", jv_keys(jv_copy(rejudge->secrets)));
	return add_recorded(rejudge, end);
}

static void
add_evidence(struct pd_rejudge *rejudge)
{
	struct pd_evidence *shown = &rejudge->projection.evidence;

	shown->fired += pd_projection_fired(&rejudge->projection);
	if (shown->commands == 0)
		shown->commands = shown->events;	/* which stand for themselves */
	pd_evidence_add(&rejudge->evidence, shown);
}

static void
forget_run(struct pd_rejudge *rejudge)
{
	rejudge->redacted = jv_object_merge(rejudge->redacted, rejudge->secrets);
	pd_projection_free(&rejudge->projection);
	jv_free(rejudge->teardown);
	jv_free(rejudge->start);
	jv_free(rejudge->end);
	jv_free(rejudge->failures);
	forget_injected(rejudge);
	rejudge->start = rejudge->end = jv_invalid();
	rejudge->failures = jv_array();
	rejudge->aborted = false;
	rejudge->mode = PD_REJUDGE_NONE;
}

/* Judge what is left of the run in hand, whose projection has begun. */
static void
end_run(struct pd_rejudge *rejudge)
{
	judge_lines(rejudge);
	end_main(rejudge);
	put_rest(rejudge, true);
	jv end = make_end(rejudge);
	pd_writer_record(rejudge->writer, jv_copy(end));
	add_evidence(rejudge);
	rejudge->done(rejudge->context, end);
	jv_free(end);
	forget_run(rejudge);
}

/* Judge the run that was held. */
static void
end_held(struct pd_rejudge *rejudge)
{
	keep_failures(rejudge);
	rejudge->aborted = !jv_is_valid(rejudge->end) || strcmp("aborted",
	    pd_json_peek_string(rejudge->end, "status", "")) == 0;
	begin_run(rejudge, (int64_t)pd_json_peek_number(rejudge->start, "run", 1));
	end_run(rejudge);
}

static void
take_start(struct pd_rejudge *rejudge, jv record, const char *line, size_t length)
{
	pd_rejudge_finish(rejudge);
	rejudge->mode = PD_REJUDGE_HELD;
	rejudge->start = record;
	add_line(rejudge, PD_LINE_OTHER, jv_invalid(), line, length);
}

static void
take_end(struct pd_rejudge *rejudge, jv record)
{
	if (rejudge->mode == PD_REJUDGE_NONE)	/* a run of no step */
		begin_run(rejudge, (int64_t)pd_json_peek_number(record, "run", 1));
	jv_free(rejudge->end);
	rejudge->end = record;
	if (rejudge->mode == PD_REJUDGE_HELD)
		end_held(rejudge);
	else
		pd_rejudge_finish(rejudge);
}

/* Of a run without run_start: judge what came before, as far as it is complete. */
static void
prepare_alone(struct pd_rejudge *rejudge, int kind, jv record)
{
	int64_t number = (int64_t)pd_json_peek_number(record, "run", 1);

	if (rejudge->mode == PD_REJUDGE_ALONE && number != rejudge->journal.run)
		pd_rejudge_finish(rejudge);
	if (rejudge->mode == PD_REJUDGE_NONE)
		begin_run(rejudge, number);
	rejudge->mode = PD_REJUDGE_ALONE;
	bool answer = kind == PD_LINE_EVENT && rejudge->count > 0 &&
	    strcmp(pd_json_peek_string(record, "source", ""), "command") == 0;
	if (!answer)
		judge_lines(rejudge);
}

static void
take_step(struct pd_rejudge *rejudge, int kind, jv record, const char *line,
    size_t length)
{
	if (rejudge->mode != PD_REJUDGE_HELD)
		prepare_alone(rejudge, kind, record);
	add_line(rejudge, kind, record, line, length);
	if (rejudge->mode == PD_REJUDGE_ALONE && rejudge->lines[0].kind == PD_LINE_EVENT)
		judge_lines(rejudge);
}

void
pd_rejudge_take(struct pd_rejudge *rejudge, const char *type, jv record,
    const char *line, size_t length)
{
	if (strcmp(type, "command") == 0) {
		take_step(rejudge, PD_LINE_COMMAND, record, line, length);
	} else if (strcmp(type, "event") == 0) {
		take_step(rejudge, PD_LINE_EVENT, record, line, length);
	} else if (strcmp(type, "run_start") == 0) {
		take_start(rejudge, record, line, length);
	} else if (strcmp(type, "run_end") == 0) {
		take_end(rejudge, record);
	} else {
		jv_free(record);
		bool check = strcmp(type, "check") == 0;
		add_line(rejudge, check ? PD_LINE_CHECK : PD_LINE_OTHER, jv_invalid(), line,
		    length);
		if (rejudge->mode == PD_REJUDGE_NONE || (!check &&
		    rejudge->mode == PD_REJUDGE_ALONE))
			judge_lines(rejudge);
	}
}

void
pd_rejudge_finish(struct pd_rejudge *rejudge)
{
	if (rejudge->mode == PD_REJUDGE_HELD)
		end_held(rejudge);
	else if (rejudge->mode == PD_REJUDGE_ALONE)
		end_run(rejudge);
}

void
pd_rejudge_start(struct pd_rejudge *rejudge, struct pd_model *model,
    const struct pd_projection_options *options, struct pd_writer *writer,
    pd_rejudge_done *done, void *context)
{
	*rejudge = (struct pd_rejudge){.model = model, .options = options,
		.writer = writer, .done = done, .context = context,
		.redacted = jv_object(), .start = jv_invalid(), .end = jv_invalid(),
		.failures = jv_array(), .injected = jv_array(), .before = jv_invalid()};
	pd_evidence_start(&rejudge->evidence);
}

void
pd_rejudge_free(struct pd_rejudge *rejudge)
{
	forget_lines(rejudge);
	free(rejudge->lines);
	pd_buffer_free(&rejudge->text);
	pd_evidence_free(&rejudge->evidence);
	jv_free(rejudge->redacted);
	jv_free(rejudge->start);
	jv_free(rejudge->end);
	jv_free(rejudge->failures);
	forget_injected(rejudge);
	jv_free(rejudge->injected);
}
