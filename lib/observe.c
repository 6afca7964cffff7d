/* SPDX-License-Identifier: MIT */
#include "observe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"
#include "origin.h"

struct pd_branch_command {
	char *type;
	int branch;
	double called, returned;	/* microseconds */
};

enum {
	NEIGHBOURS = 256,	/* commands that one is held against: those of huge
				 * branches would be too many pairs */
};

void
pd_observer_start(struct pd_observer *observer, struct pd_coverage *coverage,
    struct pd_model *model)
{
	*observer = (struct pd_observer){.coverage = coverage, .model = model,
		.aliases = PD_ALIASES_INIT, .predicted = jv_invalid(),
		.failed = jv_object(), .fold = {.state = jv_invalid()}};
}

static void
set_text(char **text, const char *value)
{
	free(*text);
	*text = value != NULL ? pd_duplicate(value) : NULL;
}

/* Forget all that is of one run. */
static void
clear(struct pd_observer *observer)
{
	if (observer->model != NULL)
		pd_fold_free(&observer->fold);
	observer->folding = observer->in_run = false;
	pd_aliases_clear(&observer->aliases);
	jv_free(observer->predicted);
	observer->predicted = jv_invalid();
	jv_free(observer->failed);
	observer->failed = jv_object();
	set_text(&observer->id, NULL);
	set_text(&observer->previous, NULL);
	set_text(&observer->class, NULL);
	for (size_t i = 0; i < observer->branched_count; i++)
		free(observer->branched[i].type);
	observer->branched_count = 0;
}

void
pd_observer_free(struct pd_observer *observer)
{
	clear(observer);
	pd_aliases_free(&observer->aliases);
	jv_free(observer->failed);
	free(observer->branched);
}

static void
note(struct pd_observer *observer, struct pd_occurrence *entry)
{
	pd_occurrence_note(entry, 1, observer->moment);
}

/*
 * States.
 */
static int
note_class(struct pd_observer *observer, struct pd_error *error)
{
	if (!pd_model_classifies(observer->model))
		return 0;
	jv class = pd_model_classify(observer->model, observer->fold.state, error);
	if (!jv_is_valid(class))
		return -1;
	if (jv_get_kind(class) != JV_KIND_STRING)
		class = jv_dump_string(class, JV_PRINT_SORTED);
	note(observer, pd_coverage_name(observer->coverage, PD_CLASSES_COVERED,
	    jv_string_value(class)));
	if (observer->class != NULL)
		note(observer, pd_coverage_pair(observer->coverage,
		    PD_CLASS_TRANSITIONS_COVERED, observer->class, jv_string_value(class)));
	set_text(&observer->class, jv_string_value(class));
	jv_free(class);
	return 0;
}

static int
note_state(struct pd_observer *observer, struct pd_error *error)
{
	pd_sketch_note(&observer->coverage->states,
	    pd_digest(observer->fold.state, &observer->aliases), observer->moment);
	return note_class(observer, error);
}

/* The error tells which run it was. */
static int
stop_folding(struct pd_observer *observer, struct pd_error *error)
{
	observer->folding = false;
	return pd_error_prefix(error, "run %" PRId64 " cannot be folded: ",
	    observer->moment.run);
}

/* Fold a step, which is borrowed. */
static int
fold(struct pd_observer *observer, jv step, struct pd_error *error)
{
	if (!observer->folding || !pd_model_folds(observer->model,
	    pd_json_peek_string(step, "type", "")))
		return 0;
	if (pd_fold_apply(&observer->fold, step, error) != 0 ||
	    note_state(observer, error) != 0)
		return stop_folding(observer, error);
	return 0;
}

/* What an event has where only the system could know is a name that it gave
 * out. Borrows both. */
static void
note_names(struct pd_aliases *aliases, jv predicted, jv actual)
{
	if (jv_get_kind(predicted) != JV_KIND_OBJECT)
		return;
	if (pd_json_has_peek(predicted, "$external")) {
		pd_aliases_add(aliases, actual);
		return;
	}
	if (jv_get_kind(actual) != JV_KIND_OBJECT)
		return;
	jv_object_foreach(predicted, key, value) {
		if (jv_get_kind(value) == JV_KIND_OBJECT) {
			jv inner = pd_json_peek(actual, jv_string_value(key));
			note_names(aliases, value, inner);
			jv_free(inner);
		}
		jv_free(key);
		jv_free(value);
	}
}

/*
 * Runs.
 */
static void
note_branches(struct pd_observer *observer)
{
	uint64_t order = 0, seen = 0;
	char number[24];

	for (size_t i = 0; i < observer->branched_count; i++) {
		const struct pd_branch_command *command = &observer->branched[i];
		jv type = jv_string(command->type);
		seen |= UINT64_C(1) << (command->branch & 63);
		order = pd_digest_pair(order, pd_digest_pair(pd_digest(type,
		    &(struct pd_aliases)PD_ALIASES_INIT), (uint64_t)command->branch));
		jv_free(type);
	}
	pd_sketch_note(&observer->coverage->interleavings, order, observer->moment);
	snprintf(number, sizeof(number), "%d", __builtin_popcountll(seen));
	note(observer, pd_coverage_name(observer->coverage, PD_BRANCHES_COVERED, number));
}

/* Commands of different branches whose times overlap, in the order in which they
 * were folded. */
static void
note_concurrent(struct pd_observer *observer)
{
	for (size_t i = 0; i < observer->branched_count; i++) {
		const struct pd_branch_command *one = &observer->branched[i];
		for (size_t k = i + 1; k < observer->branched_count && k <= i + NEIGHBOURS; k++) {
			const struct pd_branch_command *other = &observer->branched[k];
			if (one->branch != other->branch && one->called <= other->returned &&
			    other->called <= one->returned)
				note(observer, pd_coverage_pair(observer->coverage,
				    PD_CONCURRENT_COVERED, one->type, other->type));
		}
	}
}

void
pd_observer_end(struct pd_observer *observer)
{
	struct pd_coverage *coverage = observer->coverage;

	if (!observer->in_run)
		return;
	coverage->unfinished++;
	if (observer->branched_count > 0) {
		note_branches(observer);
		note_concurrent(observer);
	}
	jv_object_foreach(observer->failed, check, value) {
		struct pd_occurrence *entry = pd_coverage_name(coverage, PD_CHECKS_COVERED,
		    jv_string_value(check));
		if (entry != NULL)
			entry->more++;
		jv_free(check);
		jv_free(value);
	}
	clear(observer);
}

static int
begin_run(struct pd_observer *observer, int64_t run, struct pd_error *error)
{
	struct pd_coverage *coverage = observer->coverage;

	pd_observer_end(observer);
	observer->in_run = true;
	observer->moment = (struct pd_moment){run, observer->moment.serial + 1};
	if (coverage->runs == 0 || run < coverage->first_run)
		coverage->first_run = run;
	if (coverage->runs == 0 || run > coverage->last_run)
		coverage->last_run = run;
	coverage->runs++;
	if (observer->model == NULL)
		return 0;
	observer->folding = true;
	if (pd_fold_start(&observer->fold, observer->model, error) != 0 ||
	    note_state(observer, error) != 0)
		return stop_folding(observer, error);
	return 0;
}

/*
 * Records.
 */

/* Commands of setup and teardown belong to every run: nobody chose them. */
static bool
is_chosen(const char *id)
{
	return id[0] != 's' && id[0] != 't';
}

static void
take_partition(void *context, const char *command, const char *argument,
    const char *partition)
{
	struct pd_observer *observer = context;

	note(observer, pd_coverage_partition(observer->coverage, command, argument,
	    partition));
}

static void
add_branched(struct pd_observer *observer, const struct pd_observed_command *command)
{
	if (observer->branched_count == observer->branched_room) {
		observer->branched_room = observer->branched_room == 0 ? 16 :
		    2 * observer->branched_room;
		observer->branched = pd_reallocate(observer->branched,
		    observer->branched_room, sizeof(*observer->branched));
	}
	observer->branched[observer->branched_count++] = (struct pd_branch_command){
		.type = pd_duplicate(command->type), .branch = command->branch,
		.called = command->called, .returned = command->returned};
}

void
pd_observe_command(struct pd_observer *observer,
    const struct pd_observed_command *command)
{
	struct pd_coverage *coverage = observer->coverage;

	coverage->commands += command->answered;
	if (command->type == NULL || !is_chosen(command->id))
		return;
	struct pd_occurrence *entry = pd_coverage_name(coverage, PD_COMMANDS_COVERED,
	    command->type);
	note(observer, entry);
	if (entry != NULL && !command->answered)
		entry->more++;
	if (observer->previous != NULL)
		note(observer, pd_coverage_pair(coverage, PD_TRANSITIONS_COVERED,
		    observer->previous, command->type));
	set_text(&observer->previous, command->type);
	if (command->branch >= 0)
		add_branched(observer, command);
}

/* Borrows both. */
static void
count_command(struct pd_observer *observer, jv record, jv command, bool answered)
{
	bool known = jv_get_kind(command) == JV_KIND_OBJECT;
	const struct pd_observed_command observed = {
		.id = pd_json_peek_string(record, "id", ""),
		.type = known ? pd_json_peek_string(command, "type", "") : NULL,
		.branch = (int)pd_json_peek_number(record, "branch", -1),
		.answered = answered,
		.called = pd_json_peek_number(record, "call_us", 0),
		.returned = pd_json_peek_number(record, "return_us", 0x1p53)};

	pd_observe_command(observer, &observed);
	if (known && is_chosen(observed.id))
		pd_boundaries_take(&observer->coverage->boundaries, command,
		    take_partition, observer);
}

static int
take_command(struct pd_observer *observer, jv record, struct pd_error *error)
{
	jv command = pd_json_peek(record, "command");
	bool answered = strcmp(pd_json_peek_string(record, "outcome", "ok"), "ok") == 0;
	struct pd_error ignored;
	int result = 0;

	count_command(observer, record, command, answered);
	set_text(&observer->id, pd_json_peek_string(record, "id", ""));
	observer->answered = 0;
	jv_free(observer->predicted);
	/* Where the prediction fails, names count as they are. */
	observer->predicted = observer->folding && answered ? pd_model_simulate(
	    observer->model, observer->fold.state, command, &ignored) : jv_invalid();
	if (answered)
		result = fold(observer, command, error);
	jv_free(command);
	return result;
}

static void
take_names(struct pd_observer *observer, jv record, jv event)
{
	if (!jv_is_valid(observer->predicted) || observer->id == NULL ||
	    strcmp(pd_json_peek_string(record, "id", ""), observer->id) != 0)
		return;
	jv predicted = jv_array_get(jv_copy(observer->predicted), observer->answered++);
	if (strcmp(pd_json_peek_string(predicted, "type", ""),
	    pd_json_peek_string(event, "type", "")) == 0)
		note_names(&observer->aliases, predicted, event);
	jv_free(predicted);
}

void
pd_observe_event(struct pd_observer *observer, const char *type)
{
	observer->coverage->events++;
	note(observer, pd_coverage_name(observer->coverage, PD_EVENTS_COVERED, type));
}

static int
take_event(struct pd_observer *observer, jv record, struct pd_error *error)
{
	jv event = pd_json_peek(record, "event");

	pd_observe_event(observer, pd_json_peek_string(event, "type", ""));
	int result = 0;
	if (pd_origin_is_answer(record))
		take_names(observer, record, event);
	if (pd_origin_is_folded(record))
		result = fold(observer, event, error);
	jv_free(event);
	return result;
}

static int
take_check(struct pd_observer *observer, jv record, struct pd_error *error)
{
	(void)error;
	if (!pd_json_peek_bool(record, "pass", true))
		observer->failed = pd_json_set(observer->failed,
		    pd_json_peek_string(record, "check", ""), jv_true());
	return 0;
}

static void
take_fired(struct pd_observer *observer, jv fired)
{
	jv_object_foreach(fired, name, times) {
		struct pd_occurrence *entry = pd_coverage_name(observer->coverage,
		    PD_CHECKS_COVERED, jv_string_value(name));
		/* Whoever counted the runs knew all checks that there are. */
		observer->coverage->sets[PD_CHECKS_COVERED].declared = true;
		if (entry != NULL)
			entry->declared = true;
		if (jv_number_value(times) > 0)
			pd_occurrence_note(entry, (int64_t)jv_number_value(times),
			    observer->moment);
		jv_free(name);
		jv_free(times);
	}
}

void
pd_observe_run_end(struct pd_observer *observer, jv record)
{
	struct pd_coverage *coverage = observer->coverage;
	const char *status = pd_json_peek_string(record, "status", "");
	jv fired = pd_json_peek(record, "fired"), cause = pd_json_peek(record, "failure");

	coverage->passed += strcmp(status, "pass") == 0;
	coverage->failed += strcmp(status, "fail") == 0;
	coverage->errors += strcmp(status, "error") == 0;
	coverage->aborted += strcmp(status, "aborted") == 0;
	if (jv_get_kind(fired) == JV_KIND_OBJECT)
		take_fired(observer, fired);
	if (strcmp(pd_json_peek_string(cause, "kind", ""), "check_failed") == 0)
		observer->failed = pd_json_set(observer->failed,
		    pd_json_peek_string(cause, "name", ""), jv_true());
	jv_free(fired);
	jv_free(cause);
	pd_observer_end(observer);
	coverage->unfinished--;
}

static int
take_run_end(struct pd_observer *observer, jv record, struct pd_error *error)
{
	(void)error;
	pd_observe_run_end(observer, record);
	return 0;
}

static int
take_run_start(struct pd_observer *observer, jv record, struct pd_error *error)
{
	return begin_run(observer, (int64_t)pd_json_peek_number(record, "run", 1), error);
}

int
pd_observe_run(struct pd_observer *observer, int64_t run, struct pd_error *error)
{
	if (observer->in_run && run == observer->moment.run)
		return 0;
	return begin_run(observer, run, error);
}

enum pd_observed
pd_observe(struct pd_observer *observer, const struct pd_record *record,
    struct pd_error *error)
{
	static const struct {
		const char *type;
		int (*take)(struct pd_observer *, jv, struct pd_error *);
	} types[] = {
		{"command", take_command}, {"event", take_event}, {"check", take_check},
		{"run_end", take_run_end}, {"run_start", take_run_start},
	};
	size_t i = 0, count = sizeof(types) / sizeof(types[0]);
	int result = 0;

	while (i < count && !pd_record_is(record, types[i].type))
		i++;
	if (i == count)
		return PD_OBSERVED;
	jv value = pd_record_parse(record, error);
	if (!jv_is_valid(value))
		return PD_OBSERVED_UNREAD;
	int64_t run = (int64_t)pd_json_peek_number(value, "run", 1);
	if (i < count - 1)
		result = pd_observe_run(observer, run, error);
	if (types[i].take(observer, value, error) != 0)
		result = -1;
	jv_free(value);
	return result == 0 ? PD_OBSERVED : PD_OBSERVED_UNFOLDED;
}
