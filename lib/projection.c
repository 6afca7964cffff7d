/* SPDX-License-Identifier: MIT */
#include "projection.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "conform.h"
#include "json.h"
#include "loop.h"

/*
 * Failures.
 */
static const char *
class_of(const char *kind)
{
	static const struct {
		const char *kind, *class;
	} classes[] = {
		{"check_failed", "assertion"}, {"prediction_mismatch", "assertion"},
		{"adapter_error", "execution"}, {"unexpected_reply", "execution"},
		{"command_timeout", "execution"}, {"settle_timeout", "execution"},
		{"injector_failed", "execution"},
		{"linearization", "assertion"}, {"poll_timeout", "assertion"},
		{"idempotency_violation", "assertion"}, {"unmatched_request", "assertion"},
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (strcmp(classes[i].kind, kind) == 0)
			return classes[i].class;
	}
	return "framework";
}

enum {
	STEPS_KEPT = 4096,	/* at least, for the state before a failure; twice at most */
};

static void
add_failure(struct pd_projection *projection, jv failure)
{
	if (!jv_is_valid(projection->failure))
		projection->failure = failure;
	else
		projection->other_failures =
		    jv_array_append(projection->other_failures, failure);
}

void
pd_projection_fail(struct pd_projection *projection, const char *kind,
    const char *name, const char *message, jv data, struct pd_journal_place place)
{
	jv failure = pd_json_set_string(jv_object(), "class", class_of(kind));

	failure = pd_json_set_string(failure, "kind", kind);
	if (name != NULL)
		failure = pd_json_set_string(failure, "name", name);
	failure = pd_json_set_string(failure, "message", message);
	if (jv_is_valid(data))
		failure = pd_json_set(failure, "data",
		    pd_redact(projection->options->redaction, data));
	if (place.id != NULL)
		failure = pd_json_set_string(failure, "id", place.id);
	if (place.branch >= 0)
		failure = pd_json_set_number(failure, "branch", place.branch);
	pd_projection_take_failure(projection, failure);
}

void
pd_projection_take_failure(struct pd_projection *projection, jv failure)
{
	if (projection->deferring)
		projection->deferred = jv_array_append(projection->deferred, failure);
	else
		add_failure(projection, failure);
}

void
pd_projection_settle(struct pd_projection *projection)
{
	projection->deferring = false;
	jv_array_foreach(projection->deferred, i, failure) {
		projection->stopping = true;
		add_failure(projection, failure);
	}
	jv_free(projection->deferred);
	projection->deferred = jv_array();
}

void
pd_projection_fail_error(struct pd_projection *projection, const char *kind,
    const char *name, const struct pd_error *error, struct pd_journal_place place)
{
	char text[2560];

	pd_projection_fail(projection, kind, name,
	    pd_error_text(error, text, sizeof(text)), jv_invalid(), place);
}

/* A model that failed has lost the state: nothing more can be folded. */
static void
fail_model(struct pd_projection *projection, const struct pd_error *error,
    struct pd_journal_place place)
{
	projection->folding = false;
	if (projection->forgiving)
		return;
	projection->stopping = true;
	pd_projection_fail_error(projection, "model_error", NULL, error, place);
}

/*
 * Folding and checking.
 */
static void
write_check(const struct pd_projection *projection, const char *name, bool pass,
    jv message, jv data)
{
	pd_journal_check(projection->journal, projection->checking, name, pass, message,
	    data, projection->evidence.events);
}

static void
log_check(struct pd_projection *projection, const char *name, jv message)
{
	const char *id = projection->checking.id;
	char *text = pd_format("run %" PRId64 "%s%s: check %s failed%s%s",
	    projection->journal->run, id != NULL ? ", command " : "",
	    id != NULL ? id : "", name, jv_is_valid(message) ? ": " : "",
	    jv_is_valid(message) ? jv_string_value(message) : "");

	projection->options->log(text);
	free(text);
}

static int
on_checked(void *context, int check, enum pd_verdict verdict, jv message,
    jv data, const struct pd_error *error)
{
	struct pd_projection *projection = context;
	const struct pd_projection_options *options = projection->options;
	const char *name = pd_model_check_name(projection->model, check);

	if (verdict == PD_CHECK_ERROR) {
		fail_model(projection, error, projection->checking);
		return 1;
	}
	if (verdict == PD_CHECK_PASSED) {
		if (options->trace)
			write_check(projection, name, true, jv_invalid(), jv_invalid());
		return 0;
	}
	write_check(projection, name, false, message, data);
	if (options->checks == PD_CHECKS_LOG) {
		log_check(projection, name, message);
		return 0;
	}
	char *text = jv_is_valid(message) ? pd_duplicate(jv_string_value(message)) :
	    pd_format("check %s does not hold", name);
	pd_projection_fail(projection, "check_failed", name, text, jv_copy(data),
	    projection->checking);
	free(text);
	if (options->checks == PD_CHECKS_RECORD)
		return 0;
	projection->stopping = true;
	return 1;
}

/* Keep the step. When there are too many, the older half goes. */
static void
note_step(struct pd_projection *projection, jv step, struct pd_journal_place place)
{
	jv noted = pd_json_set(jv_object(), "step", jv_copy(step));
	int count = jv_array_length(jv_copy(projection->steps));

	if (count == STEPS_KEPT && !jv_is_valid(projection->middle)) {
		projection->middle = jv_copy(projection->fold.state);
	} else if (count == 2 * STEPS_KEPT) {
		jv kept = jv_array();
		for (int i = STEPS_KEPT; i < count; i++)
			kept = jv_array_append(kept,
			    jv_array_get(jv_copy(projection->steps), i));
		jv_free(projection->steps);
		projection->steps = kept;
		jv_free(projection->base);
		projection->base = projection->middle;
		projection->middle = jv_copy(projection->fold.state);
	}
	if (place.id != NULL)
		noted = pd_json_set_string(noted, "id", place.id);
	projection->steps = jv_array_append(projection->steps, noted);
}

/*
 * Conditions over time.
 */
static bool
is_judged(const struct pd_projection *projection)
{
	return projection->options->checks != PD_CHECKS_OFF && projection->judging;
}

static jv
window_data(const struct pd_projection *projection, const struct pd_window *window)
{
	const struct pd_condition *condition = pd_model_condition(projection->model,
	    window->condition);
	jv data = pd_json_set(jv_object(), "after", jv_copy(window->step));

	data = pd_json_set_number(data, "timeout_ms", (double)condition->timeout / 1000);
	return jv_is_valid(window->data) ?
	    pd_json_set(data, "last", jv_copy(window->data)) : data;
}

static void
fail_window(struct pd_projection *projection, const struct pd_window *window)
{
	const struct pd_condition *condition = pd_model_condition(projection->model,
	    window->condition);
	bool told = jv_is_valid(window->message);
	char *text = pd_format("%s did not come true within %g s of %s%s%s",
	    condition->name, (double)condition->timeout / 1e6,
	    pd_json_peek_string(window->step, "type", "?"), told ? ": " : "",
	    told ? jv_string_value(window->message) : "");

	projection->checking = (struct pd_journal_place){window->id, window->branch};
	if (projection->options->checks == PD_CHECKS_LOG) {
		jv message = jv_string(text);
		log_check(projection, condition->name, message);
		jv_free(message);
	} else {
		pd_projection_fail(projection, "poll_timeout", condition->name, text,
		    window_data(projection, window), projection->checking);
		projection->stopping |= projection->options->checks == PD_CHECKS_HALT;
	}
	projection->checking = PD_NOWHERE;
	free(text);
}

void
pd_projection_pass_time(struct pd_projection *projection, int64_t now)
{
	struct pd_window window;

	while (is_judged(projection) && !projection->stopping &&
	    pd_conditions_overdue(&projection->conditions, now, &window)) {
		fail_window(projection, &window);
		pd_window_free(&window);
	}
}

/* Fold a command or event and run the checks that it triggers. */
static void
take_step(struct pd_projection *projection, enum pd_step kind, jv step, int64_t at,
    struct pd_journal_place place)
{
	struct pd_error error;

	note_step(projection, step, place);
	if (pd_fold_apply(&projection->fold, step, &error) != 0) {
		fail_model(projection, &error, place);
		return;
	}
	if (!is_judged(projection))
		return;
	projection->checking = place;
	pd_fold_check(&projection->fold, kind, step, on_checked, projection);
	if (projection->folding && !projection->stopping &&
	    pd_conditions_step(&projection->conditions, kind == PD_STEP_COMMAND, step,
	    projection->fold.state, at, place, &error) != 0)
		fail_model(projection, &error, place);
}

void
pd_projection_event(struct pd_projection *projection, const char *source,
    jv event, int64_t at, struct pd_journal_place place)
{
	projection->evidence.events++;
	pd_journal_event(projection->journal, place, source, event, at,
	    projection->evidence.events);
	if (projection->folding)
		take_step(projection, PD_STEP_EVENT, event, at, place);
}

void
pd_projection_repeat(struct pd_projection *projection, jv events, int64_t at,
    struct pd_journal_place place, int attempt, bool same)
{
	projection->evidence.judged++;
	jv_array_foreach(events, i, event) {
		pd_journal_repeat(projection->journal, place, event, at,
		    ++projection->evidence.events, attempt, same);
		jv_free(event);
	}
}

/*
 * Conformance: what was seen against what the model predicted.
 */
static void
describe_difference(struct pd_buffer *text, const char *field, jv pair)
{
	if (jv_get_kind(pair) == JV_KIND_OBJECT) {
		char *expected = pd_json_excerpt(pd_json_peek(pair, "expected"), 80);
		char *seen = pd_json_excerpt(pd_json_peek(pair, "seen"), 80);
		pd_buffer_format(text, ", %s: expected %s, got %s", field, expected, seen);
		free(expected);
		free(seen);
	} else {
		pd_buffer_format(text, ", %s, which is kept secret", field);
	}
	jv_free(pair);
}

jv
pd_projection_describe(const struct pd_projection *projection,
    struct pd_buffer *text, jv predicted, jv events)
{
	jv first = jv_array_get(jv_copy(predicted), 0);
	jv seen = jv_array_get(jv_copy(events), 0);
	const char *expected_type = pd_json_peek_string(first, "type", "no event");
	const char *seen_type = pd_json_peek_string(seen, "type", "no event");
	jv fields = jv_invalid();

	if (strcmp(expected_type, seen_type) != 0) {
		pd_buffer_format(text, "expected %s, got %s", expected_type, seen_type);
	} else if (jv_is_valid(first)) {
		fields = pd_redact(projection->options->redaction,
		    pd_conform_differences(first, seen));
		pd_buffer_format(text, "%s differs from the prediction", seen_type);
		jv_object_foreach(fields, key, pair) {
			describe_difference(text, jv_string_value(key), pair);
			jv_free(key);
		}
	} else {
		pd_buffer_text(text, "other events than predicted");
	}
	jv_free(first);
	jv_free(seen);
	return fields;
}

static void
mismatch(struct pd_projection *projection, jv command, jv predicted, jv events,
    struct pd_journal_place place)
{
	jv data = pd_json_set(jv_object(), "expected", jv_copy(predicted));
	struct pd_buffer text = PD_BUFFER_INIT;
	jv fields = pd_projection_describe(projection, &text, predicted, events);

	data = pd_json_set(data, "seen", jv_copy(events));
	if (jv_is_valid(fields))
		data = pd_json_set(data, "fields", fields);
	pd_projection_fail(projection, "prediction_mismatch",
	    pd_json_peek_string(command, "type", NULL), text.data, data, place);
	projection->stopping = true;
	pd_buffer_free(&text);
}

jv
pd_projection_predict(struct pd_projection *projection, jv command,
    struct pd_journal_place place)
{
	struct pd_error error;

	if (!projection->options->conform || !projection->folding ||
	    !projection->judging ||
	    !pd_model_predicts(projection->model,
	    pd_json_peek_string(command, "type", "")))
		return jv_invalid();
	jv predicted = pd_model_simulate(projection->model, projection->fold.state,
	    command, &error);
	if (!jv_is_valid(predicted))
		fail_model(projection, &error, place);
	return predicted;
}

/*
 * A command's answer.
 */
void
pd_projection_count(struct pd_projection *projection,
    const struct pd_answer *answer)
{
	int count = jv_array_length(jv_copy(answer->exchanges));
	jv exchange = jv_array_get(jv_copy(answer->exchanges), count - 1);
	jv reply = pd_json_peek(exchange, "reply");

	if (answer->outcome == PD_OUTCOME_OK)
		projection->evidence.commands++;
	pd_evidence_answer(&projection->evidence,
	    (int)pd_json_peek_number(reply, "status", 0));
	jv_free(reply);
	jv_free(exchange);
}

static void
ask_whether_over(struct pd_projection *projection, jv command, jv events,
    struct pd_journal_place place)
{
	struct pd_error error = PD_ERROR_INIT;
	int ends = pd_model_terminates(projection->model, projection->fold.state,
	    command, events, &error);

	if (ends < 0)
		fail_model(projection, &error, place);
	else if (ends > 0)
		projection->terminated = true;
}

void
pd_projection_answer(struct pd_projection *projection, jv command, jv predicted,
    jv injected, jv events, int64_t at, struct pd_journal_place place)
{
	struct pd_error error = PD_ERROR_INIT;
	bool judge = jv_is_valid(predicted) && projection->judging;
	/* What was made visible before the answer was predicted, too. */
	jv all = jv_array_concat(jv_copy(injected), jv_copy(events));
	/* The model's own rule where it has one, the prediction otherwise. */
	int legal = judge && projection->folding ? pd_model_legal(projection->model,
	    projection->fold.state, command, all, &error) : PD_NO_RULE;

	if (projection->folding)
		take_step(projection, PD_STEP_COMMAND, command, at, place);
	jv_array_foreach(events, i, event) {
		pd_projection_event(projection, "command", event, at, place);
		jv_free(event);
	}
	if (judge && !projection->stopping) {
		projection->evidence.judged++;
		if (legal < 0)
			fail_model(projection, &error, place);
		else if (legal == 0 ||
		    (legal == PD_NO_RULE && !pd_conforms(predicted, all)))
			mismatch(projection, command, predicted, all, place);
	}
	jv_free(all);
	if (!projection->stopping && projection->folding && projection->judging)
		ask_whether_over(projection, command, events, place);
}

/*
 * The run as a whole.
 */
void
pd_projection_start(struct pd_projection *projection, struct pd_model *model,
    const struct pd_projection_options *options, const struct pd_journal *journal)
{
	struct pd_error error;

	*projection = (struct pd_projection){.model = model, .options = options,
		.journal = journal, .judging = true, .steps = jv_array(),
		.failure = jv_invalid(), .other_failures = jv_array(),
		.base = jv_invalid(), .middle = jv_invalid(),
		.deferred = jv_array(), .checking = PD_NOWHERE};
	pd_evidence_start(&projection->evidence);
	pd_conditions_start(&projection->conditions, model);
	projection->folding = pd_fold_start(&projection->fold, model, &error) == 0;
	projection->base = jv_copy(projection->fold.state);
	if (!projection->folding)
		fail_model(projection, &error, PD_NOWHERE);
}

void
pd_projection_free(struct pd_projection *projection)
{
	pd_fold_free(&projection->fold);
	pd_conditions_free(&projection->conditions);
	pd_evidence_free(&projection->evidence);
	jv_free(projection->steps);
	jv_free(projection->base);
	jv_free(projection->middle);
	jv_free(projection->failure);
	jv_free(projection->other_failures);
	jv_free(projection->deferred);
}

void
pd_projection_check_end(struct pd_projection *projection)
{
	projection->checking = PD_NOWHERE;
	if (!projection->folding || projection->stopping ||
	    projection->options->checks == PD_CHECKS_OFF)
		return;
	if (pd_fold_check_at(&projection->fold, PD_TRIGGER_SETTLED, on_checked,
	    projection) == 0)
		pd_fold_check_at(&projection->fold, PD_TRIGGER_END, on_checked,
		    projection);
}

/* The state before the command that failed: everything before its first step,
 * folded again. An invalid jv when there is no such step. */
static jv
state_before(struct pd_projection *projection)
{
	struct pd_error ignored;
	const char *failed = pd_json_peek_string(projection->failure, "id", NULL);

	if (failed == NULL)
		return jv_invalid();
	jv state = jv_copy(projection->base);
	int count = jv_array_length(jv_copy(projection->steps));
	for (int i = 0; i < count && jv_is_valid(state); i++) {
		jv noted = jv_array_get(jv_copy(projection->steps), i);
		jv step = pd_json_peek(noted, "step");
		bool before = strcmp(pd_json_peek_string(noted, "id", ""), failed) != 0;
		if (before)
			state = pd_model_fold(projection->model, state, step, &ignored);
		jv_free(step);
		jv_free(noted);
		if (!before)
			break;
	}
	return state;
}

static const char *
status_of(const struct pd_projection *projection, bool aborted)
{
	if (jv_is_valid(projection->failure)) {
		const char *class = pd_json_peek_string(projection->failure, "class", "");
		if (strcmp(class, "assertion") == 0)
			return "fail";
		return aborted ? "aborted" : "error";
	}
	return aborted ? "aborted" : "pass";
}

static jv
add_states(struct pd_projection *projection, jv end)
{
	const struct pd_redaction *redaction = projection->options->redaction;
	bool failed = jv_is_valid(projection->failure);
	jv before = failed ? state_before(projection) : jv_invalid();

	if (jv_is_valid(before))
		end = pd_json_set(end, "state_before", pd_redact(redaction, before));
	if ((failed || projection->options->trace) && projection->folding)
		end = pd_json_set(end, "state",
		    pd_redact(redaction, jv_copy(projection->fold.state)));
	return end;
}

int64_t
pd_projection_fired(const struct pd_projection *projection)
{
	int64_t fired = pd_conditions_opened(&projection->conditions);

	for (int i = 0; i < pd_model_checks(projection->model); i++)
		fired += projection->fold.fired[i];
	return fired;
}

int
pd_projection_promises(const struct pd_model *model)
{
	return pd_model_checks(model) + pd_model_conditions(model);
}

void
pd_projection_note_silent(const struct pd_model *model, jv fired,
    struct pd_counts *counts)
{
	for (int i = 0; i < pd_model_checks(model); i++) {
		const char *name = pd_model_check_name(model, i);
		if (pd_json_peek_number(fired, name, 0) == 0)
			pd_counts_problem(counts, "check %s was never triggered", name);
	}
}

jv
pd_projection_run_end(struct pd_projection *projection, jv end, bool aborted)
{
	const struct pd_evidence *evidence = &projection->evidence;

	end = pd_json_set_string(end, "status", status_of(projection, aborted));
	if (jv_is_valid(projection->failure))
		end = pd_json_set(end, "failure", jv_copy(projection->failure));
	if (jv_array_length(jv_copy(projection->other_failures)) > 0)
		end = pd_json_set(end, "other_failures",
		    jv_copy(projection->other_failures));
	end = pd_json_set_number(end, "commands", (double)evidence->commands);
	end = pd_json_set_number(end, "events", (double)evidence->events);
	end = pd_json_set(end, "fired", pd_fold_fired(&projection->fold));
	if (pd_model_conditions(projection->model) > 0)
		end = pd_json_set(end, "conditions",
		    pd_conditions_counts(&projection->conditions));
	if (evidence->answers > 0)
		end = pd_json_set(end, "answers", pd_json_set(pd_json_set_number(
		    jv_object(), "total", (double)evidence->answers), "refused",
		    jv_copy(evidence->refused)));
	end = pd_json_set_number(end, "duration_us",
	    (double)(pd_loop_now() - projection->journal->started));
	return add_states(projection, end);
}
