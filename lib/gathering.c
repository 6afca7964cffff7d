/* SPDX-License-Identifier: MIT */
#include "gathering.h"

#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "buffer.h"
#include "history.h"
#include "json.h"
#include "linearization.h"
#include "linearize.h"
#include "orders.h"
#include "plan.h"
#include "reference.h"
#include "unexplained.h"

enum {
	ORDERS_TRIED = 100,	/* when checks fail in the first that explains the answers */
};

struct pd_gathered {
	struct pd_journal_place place;
	jv command, injected, times;
	bool answered;
	struct pd_answer answer;
	const char *source;	/* of an event that is no answer's: command is null, and
				 * the answer's only event is this one; else NULL */
	int64_t seen;		/* when */
	jv repeats;		/* [{events, at, attempt, same}] */
};

void
pd_gathering_start(struct pd_gathering *gathering,
    struct pd_projection *projection, struct pd_specification *specification,
    const struct pd_gathering_options *options)
{
	*gathering = (struct pd_gathering){.projection = projection,
		.specification = specification, .options = options,
		.verdict = jv_invalid()};
	/* What the system answered before a command failed is judged first. */
	projection->deferring = true;
}

static void
forget_all(struct pd_gathering *gathering)
{
	for (size_t i = 0; i < gathering->count; i++) {
		struct pd_gathered *gathered = &gathering->list[i];
		jv_free(gathered->command);
		jv_free(gathered->injected);
		jv_free(gathered->times);
		jv_free(gathered->repeats);
		if (gathered->answered)
			pd_answer_free(&gathered->answer);
	}
	free(gathering->list);
	free(gathering->order);
	gathering->list = NULL;
	gathering->order = NULL;
	gathering->count = gathering->searched = gathering->explained = 0;
}

void
pd_gathering_free(struct pd_gathering *gathering)
{
	forget_all(gathering);
	jv_free(gathering->verdict);
}

void
pd_gathering_take(struct pd_gathering *gathering,
    struct pd_journal_place place, jv command, jv injected, jv times,
    struct pd_answer *answer)
{
	gathering->list = pd_reallocate(gathering->list, gathering->count + 1,
	    sizeof(*gathering->list));
	gathering->list[gathering->count++] = (struct pd_gathered){.place = place,
		.command = command, .injected = injected, .times = times,
		.repeats = jv_array(),
		.answered = answer != NULL,
		.answer = answer != NULL ? *answer : (struct pd_answer){0}};
}

void
pd_gathering_see(struct pd_gathering *gathering, struct pd_journal_place place,
    const char *source, jv event, int64_t at)
{
	int64_t now = pd_loop_now();
	struct pd_answer answer = {.outcome = PD_OUTCOME_OK, .events = JV_ARRAY(event),
		.exchanges = jv_array(), .data = jv_invalid(), .call_us = now,
		.return_us = now};

	pd_gathering_take(gathering, place, jv_null(), jv_array(), jv_array(), &answer);
	gathering->list[gathering->count - 1].source = source;
	gathering->list[gathering->count - 1].seen = at;
}

void
pd_gathering_repeat(struct pd_gathering *gathering, struct pd_journal_place place,
    jv events, int64_t at, int attempt, bool same)
{
	jv repeat = pd_json_set(jv_object(), "events", events);

	repeat = pd_json_set_number(repeat, "at", (double)at);
	repeat = pd_json_set_number(repeat, "attempt", attempt);
	repeat = pd_json_set(repeat, "same", jv_bool(same));
	for (size_t i = 0; i < gathering->count; i++) {
		struct pd_gathered *gathered = &gathering->list[i];
		if (gathered->source == NULL && gathered->place.id == place.id)
			gathered->repeats = jv_array_append(gathered->repeats, jv_copy(repeat));
	}
	jv_free(repeat);
}

static bool
is_known(const struct pd_gathered *gathered)
{
	return gathered->answered && gathered->answer.outcome == PD_OUTCOME_OK;
}

/* All that came of a command that was answered. */
static jv
events_of(const struct pd_gathered *gathered)
{
	return jv_array_concat(jv_copy(gathered->injected),
	    jv_copy(gathered->answer.events));
}

/* What stands for an event that is no answer's, for people. The caller frees it. */
static char *
event_name(const struct pd_gathered *gathered)
{
	jv event = jv_array_get(jv_copy(gathered->answer.events), 0);
	char *name = pd_duplicate(pd_json_peek_string(event, "type", ""));

	jv_free(event);
	return name;
}

/* The operations as the search sees them. */
static void
add_operation(struct pd_history *history, const struct pd_gathered *gathered,
    int64_t earliest)
{
	const struct pd_answer *answer = &gathered->answer;
	bool known = is_known(gathered);
	struct pd_operation operation = {
		.id = gathered->source == NULL ? pd_duplicate(gathered->place.id) :
		    event_name(gathered),
		.process = gathered->source != NULL ? jv_string("outside") :
		    gathered->place.branch >= 0 ? jv_number(gathered->place.branch) :
		    jv_string("suffix"),
		.called = answer->call_us > earliest ? answer->call_us : earliest,
		.returned = PD_NEVER, .command = jv_copy(gathered->command),
		.events = known ? events_of(gathered) : jv_invalid(), .key = jv_invalid()};

	if (known)
		operation.returned = answer->return_us > operation.called ?
		    answer->return_us : operation.called;
	pd_history_add(history, operation);
}

static void
make_history(const struct pd_gathering *gathering, struct pd_history *history)
{
	int64_t last = INT64_MIN;	/* when the latest answer came */

	*history = (struct pd_history)PD_HISTORY_INIT;
	for (size_t i = 0; i < gathering->count; i++) {
		/* The suffix comes after the branches, however coarse the clock. */
		bool after = gathering->list[i].source == NULL &&
		    gathering->list[i].place.branch < 0 && last != INT64_MIN;
		add_operation(history, &gathering->list[i], after ? last + 1 : INT64_MIN);
		int64_t returned = history->list[i].returned;
		if (returned != PD_NEVER && returned > last)
			last = returned;
	}
}

/* Take over an order, and put what is not in it behind. */
static void
set_order(struct pd_gathering *gathering, const size_t *order, size_t count)
{
	bool *placed = pd_allocate(gathering->count, sizeof(*placed));

	free(gathering->order);
	gathering->order = pd_allocate(gathering->count, sizeof(*gathering->order));
	gathering->explained = 0;
	for (size_t i = 0; i < count; i++) {
		gathering->order[gathering->explained++] = order[i];
		placed[order[i]] = true;
	}
	for (size_t i = 0, next = count; i < gathering->count; i++) {
		if (!placed[i])
			gathering->order[next++] = i;
	}
	free(placed);
}

/* What a command of unknown outcome did, when the order says that it took
 * effect: what the model predicts in that state. */
static jv
presume(const struct pd_gathering *gathering,
    const struct pd_gathered *gathered, jv state)
{
	struct pd_plan plan = {gathering->projection->model, jv_copy(state), jv_object(),
		jv_array()};
	jv command = pd_reference_quote(jv_copy(gathered->command), plan.tokens);
	int before = jv_array_length(jv_copy(gathered->injected));
	struct pd_error ignored;
	jv events = jv_array();

	if (pd_plan_apply(&plan, gathered->place.id, command, &ignored) == 0)
		events = jv_array_concat(events, jv_copy(plan.events));
	jv_free(command);
	pd_plan_free(&plan);
	/* The first of them were seen before the answer was given up. */
	int count = jv_array_length(jv_copy(events));
	return jv_array_slice(events, before < count ? before : count, count);
}

/*
 * Trying an order: do all checks hold in it?
 */
struct trial {
	struct pd_fold fold;
	bool checks, failed;
	bool over;		/* the model said that the run ends */
};

static int
on_trial_checked(void *context, int check, enum pd_verdict verdict, jv message,
    jv data, const struct pd_error *error)
{
	struct trial *trial = context;

	(void)check, (void)message, (void)data, (void)error;
	trial->failed = trial->failed || verdict != PD_CHECK_PASSED;
	return trial->failed;
}

static void
try_step(struct trial *trial, enum pd_step kind, jv step)
{
	struct pd_error ignored;

	if (trial->failed)
		return;
	trial->failed = pd_fold_apply(&trial->fold, step, &ignored) != 0;
	if (trial->checks && !trial->failed)
		pd_fold_check(&trial->fold, kind, step, on_trial_checked, trial);
}

static void
try_events(struct trial *trial, jv events)
{
	jv_array_foreach(events, i, event) {
		try_step(trial, PD_STEP_EVENT, event);
		jv_free(event);
	}
}

static void
try_operation(const struct pd_gathering *gathering, struct trial *trial,
    const struct pd_gathered *gathered, bool explained)
{
	struct pd_error ignored;

	try_events(trial, gathered->injected);
	if (gathered->source != NULL) {
		try_events(trial, gathered->answer.events);
	} else if (is_known(gathered)) {
		try_step(trial, PD_STEP_COMMAND, gathered->command);
		try_events(trial, gathered->answer.events);
		trial->over = trial->over || (!trial->failed &&
		    pd_model_terminates(gathering->projection->model, trial->fold.state,
		    gathered->command, gathered->answer.events, &ignored) > 0);
	} else if (explained && !trial->failed) {
		jv events = presume(gathering, gathered, trial->fold.state);
		try_events(trial, events);
		jv_free(events);
	}
}

/* Does everything hold in the present order, with the checks for the end of the
 * run when it is the whole of it? over, if not NULL, tells whether the model ends
 * the run in it. */
static bool
holds(const struct pd_gathering *gathering, bool whole, bool *over)
{
	struct trial trial = {.checks =
		gathering->projection->options->checks != PD_CHECKS_OFF};

	pd_fold_copy(&trial.fold, &gathering->projection->fold);
	for (size_t i = 0; i < gathering->count && !trial.failed; i++)
		try_operation(gathering, &trial, &gathering->list[gathering->order[i]],
		    i < gathering->explained);
	if (whole && trial.checks && !trial.failed &&
	    pd_fold_check_at(&trial.fold, PD_TRIGGER_SETTLED, on_trial_checked,
	    &trial) == 0)
		pd_fold_check_at(&trial.fold, PD_TRIGGER_END, on_trial_checked, &trial);
	if (over != NULL)
		*over = trial.over;
	pd_fold_free(&trial.fold);
	return !trial.failed;
}

/* Look for an order in which everything holds. */
struct choice {
	struct pd_gathering *gathering;
	bool whole, found, over;
	int tried;
};

static bool
on_order(void *context, const size_t *order, size_t count)
{
	struct choice *choice = context;

	set_order(choice->gathering, order, count);
	choice->found = holds(choice->gathering, choice->whole, &choice->over);
	return !choice->found && ++choice->tried < ORDERS_TRIED;
}

/* An order that was found explains the answers; take one that pleases the checks,
 * too, if there is one. False when there is none: the first stays. */
static bool
choose_order(struct pd_gathering *gathering, bool whole, bool *over)
{
	struct choice choice = {.gathering = gathering, .whole = whole};
	const struct pd_gathering_options *options = gathering->options;
	struct pd_bounds bounds = pd_bounds_start(options->timeout,
	    options->max_memory, options->interrupted, options->context);
	struct pd_history history;
	struct pd_error ignored;

	if (holds(gathering, whole, over))
		return true;
	if (!pd_specification_judges(gathering->specification))
		return false;	/* the order of the answers, and no other */
	size_t *first = gathering->order, explained = gathering->explained;
	gathering->order = NULL;
	make_history(gathering, &history);
	pd_orders_find(gathering->specification, &history,
	    gathering->projection->fold.state, &bounds, on_order, &choice, &ignored);
	pd_history_free(&history);
	if (choice.found) {
		free(first);
		if (over != NULL)
			*over = choice.over;
		return true;
	}
	free(gathering->order);
	gathering->order = first;
	gathering->explained = explained;
	return false;
}

/*
 * Folding and writing.
 */
static void
write_injected(struct pd_gathering *gathering, const struct pd_gathered *gathered)
{
	jv_array_foreach(gathered->injected, i, event) {
		jv time = jv_array_get(jv_copy(gathered->times), i);
		pd_projection_event(gathering->projection, "injected", event,
		    (int64_t)jv_number_value(time), gathered->place);
		jv_free(time);
		jv_free(event);
	}
}

static void
write_repeats(struct pd_gathering *gathering, const struct pd_gathered *gathered)
{
	jv_array_foreach(gathered->repeats, i, repeat) {
		jv events = pd_json_peek(repeat, "events");
		pd_projection_repeat(gathering->projection, events,
		    (int64_t)pd_json_peek_number(repeat, "at", 0), gathered->place,
		    (int)pd_json_peek_number(repeat, "attempt", 2),
		    pd_json_peek_bool(repeat, "same", true));
		jv_free(events);
		jv_free(repeat);
	}
}

static void
write_operation(struct pd_gathering *gathering,
    const struct pd_gathered *gathered, bool explained)
{
	struct pd_projection *projection = gathering->projection;
	const struct pd_answer *answer = &gathered->answer;

	if (gathered->source != NULL) {
		jv event = jv_array_get(jv_copy(answer->events), 0);
		pd_projection_event(projection, gathered->source, event, gathered->seen,
		    gathered->place);
		jv_free(event);
		return;
	}
	write_injected(gathering, gathered);
	if (!gathered->answered)
		return;
	pd_journal_command(projection->journal, gathered->place, gathered->command,
	    answer);
	if (is_known(gathered)) {
		pd_projection_answer(projection, gathered->command, jv_invalid(),
		    gathered->injected, answer->events, answer->return_us,
		    gathered->place);
		write_repeats(gathering, gathered);
	} else if (explained && projection->folding) {
		jv events = presume(gathering, gathered, projection->fold.state);
		jv_array_foreach(events, i, event) {
			pd_projection_event(projection, "presumed", event,
			    answer->return_us, gathered->place);
			jv_free(event);
		}
		jv_free(events);
	}
}

/* A failing check ends the judging, as it ends the run in other phases. */
static bool
is_judged(const struct pd_projection *projection)
{
	return projection->options->checks != PD_CHECKS_HALT ||
	    !jv_is_valid(projection->failure);
}

/* Fold and write all in the present order. Of what no order explains the state is
 * as good as the model can say, and nothing is judged. */
static void
write_all(struct pd_gathering *gathering, bool judged)
{
	struct pd_projection *projection = gathering->projection;

	for (size_t i = 0; i < gathering->count; i++) {
		const struct pd_gathered *gathered = &gathering->list[gathering->order[i]];
		bool explained = i < gathering->explained;
		projection->judging = judged && is_judged(projection) &&
		    (explained || !is_known(gathered));
		projection->forgiving = !judged || (!explained && is_known(gathered));
		write_operation(gathering, gathered, explained);
	}
	projection->judging = true;
	projection->forgiving = false;
	forget_all(gathering);
}

/*
 * When no order explains what was seen.
 */
static void
fail_unexplained(struct pd_gathering *gathering,
    const struct pd_history *history, const struct pd_linearization *found)
{
	struct pd_projection *projection = gathering->projection;
	size_t first = pd_unexplained_first(history, found);
	char *text = pd_unexplained_text(projection, history, found);

	pd_projection_fail(projection, "linearization", NULL, text,
	    pd_unexplained_data(history, found), first < gathering->count ?
	    gathering->list[first].place : PD_NOWHERE);
	free(text);
}

static void
fail_undecided(struct pd_gathering *gathering, const struct pd_linearization *found)
{
	struct pd_error error;

	if (gathering->options->interrupted(gathering->options->context))
		return;	/* the run is aborted */
	pd_error_set(&error, "whether some order of the branches explains what was seen "
	    "was not decided: %s", found->reason);
	pd_error_hint(&error, "--linearize-timeout gives the search more time, shorter "
	    "branches need less");
	pd_projection_fail_error(gathering->projection, "linearization_undecided", NULL,
	    &error, PD_NOWHERE);
}

/*
 * The search.
 */
static void
note_verdict(struct pd_gathering *gathering, const struct pd_linearization *found)
{
	jv verdict = pd_json_set_string(jv_object(), "verdict",
	    pd_linearization_verdict(found->verdict));

	verdict = pd_json_set_number(verdict, "operations", (double)gathering->count);
	jv_free(gathering->verdict);
	gathering->verdict = pd_json_set_number(verdict, "configurations",
	    (double)found->configurations);
}

/* The order of the answers, as far as there were any. */
static void
take_order_of_answers(struct pd_gathering *gathering)
{
	size_t *order = pd_allocate(gathering->count, sizeof(*order)), count = 0;

	for (size_t i = 0; i < gathering->count; i++) {
		if (is_known(&gathering->list[i]))
			order[count++] = i;
	}
	set_order(gathering, order, count);
	free(order);
}

/* What was found becomes the order; false when it is to be written as it is. */
static bool
take_result(struct pd_gathering *gathering, const struct pd_history *history,
    const struct pd_linearization *found, const struct pd_error *error)
{
	set_order(gathering, found->order, found->order_count);
	switch (found->verdict) {
	case PD_LINEARIZABLE:
		if (!pd_specification_judges(gathering->specification)) {
			take_order_of_answers(gathering);
			return true;
		}
		break;
	case PD_NOT_LINEARIZABLE:
		fail_unexplained(gathering, history, found);
		break;
	case PD_LINEARIZE_UNKNOWN:
		fail_undecided(gathering, found);
		take_order_of_answers(gathering);
		break;
	case PD_LINEARIZE_ERROR:
		pd_projection_fail_error(gathering->projection, "model_error", NULL, error,
		    PD_NOWHERE);
		take_order_of_answers(gathering);
		return false;
	}
	note_verdict(gathering, found);
	return found->verdict == PD_LINEARIZABLE;
}

/* Search an order of what was gathered up to now. When there is none everything
 * is written, and false returned. */
static bool
search(struct pd_gathering *gathering)
{
	struct pd_projection *projection = gathering->projection;
	const struct pd_gathering_options *options = gathering->options;
	struct pd_linearize_options limits = {.timeout = options->timeout,
		.max_memory = options->max_memory, .jobs = 1,
		.interrupted = options->interrupted, .context = options->context};
	struct pd_linearization found;
	struct pd_history history;
	struct pd_error error = PD_ERROR_INIT;

	pd_specification_forget(gathering->specification);
	make_history(gathering, &history);
	pd_linearize(&gathering->specification, &history, projection->fold.state, &limits,
	    &found, &error);
	bool explained = take_result(gathering, &history, &found, &error);
	bool decided = found.verdict == PD_NOT_LINEARIZABLE;
	gathering->searched = gathering->count;
	pd_linearization_free(&found);
	pd_history_free(&history);
	if (explained)
		return true;
	if (decided)
		projection->evidence.judged += (int64_t)gathering->count;
	projection->stopping = true;
	write_all(gathering, decided);
	return false;
}

static bool
has_failed(const struct pd_projection *projection)
{
	return !projection->folding || jv_is_valid(projection->failure);
}

void
pd_gathering_look(struct pd_gathering *gathering)
{
	struct pd_projection *projection = gathering->projection;
	bool over = false;

	if (gathering->count == 0 || projection->stopping || has_failed(projection))
		return;
	projection->deferring = false;
	if (search(gathering)) {
		if (!choose_order(gathering, false, &over) &&
		    projection->options->checks == PD_CHECKS_HALT)
			projection->stopping = true;
		projection->terminated = projection->terminated || over;
	}
	projection->deferring = true;
}

static void
find_and_write(struct pd_gathering *gathering)
{
	struct pd_projection *projection = gathering->projection;

	if (has_failed(projection)) {
		take_order_of_answers(gathering);
		write_all(gathering, true);
		return;
	}
	if (gathering->searched < gathering->count && !search(gathering))
		return;
	if (pd_specification_judges(gathering->specification))
		projection->evidence.judged += (int64_t)gathering->count;
	choose_order(gathering, true, NULL);
	write_all(gathering, true);
}

void
pd_gathering_finish(struct pd_gathering *gathering)
{
	gathering->projection->deferring = false;
	if (gathering->count > 0)
		find_and_write(gathering);
	pd_projection_settle(gathering->projection);
}

void
pd_gathering_leave(struct pd_gathering *gathering)
{
	gathering->projection->deferring = false;
	take_order_of_answers(gathering);
	write_all(gathering, false);
	pd_projection_settle(gathering->projection);
}
