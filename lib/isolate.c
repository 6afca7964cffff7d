/* SPDX-License-Identifier: MIT */
#include "isolate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "argument.h"
#include "generator.h"
#include "json.h"
#include "path.h"
#include "reference.h"

enum side { BELOW, ABOVE, SIDES };

enum rank { RANK_NUMBER, RANK_CHOICE, RANK_OTHER };

/* An argument under variation. */
struct candidate {
	struct isolation *isolation;
	const struct pd_argument *argument;
	const char *id;
	bool is_trigger;
	size_t order;
	jv value;
	jv generator;		/* the one that made it */
	bool skipped;		/* not all of its values were tried */

	/* Of a number: in steps of 1 / scale, 0 for no distance that passes. */
	double scale, least, most;
	double distance[SIDES];
	enum side side;		/* the one being looked into */

	/* Of others: the first value that passes. */
	jv passes_with;
	jv change;		/* how it differs, in words */
	enum rank rank;
	double relative;
};

struct isolation {
	struct pd_trials *trials;
	const struct pd_sequence *sequence;
	struct candidate *list;
	size_t count;
};

/* Does the run pass with this value? Consumes it. */
static bool
passes_with(struct candidate *candidate, jv value)
{
	struct isolation *isolation = candidate->isolation;
	struct pd_sequence variation;

	if (!pd_generator_admits(candidate->argument->generator, value) ||
	    jv_equal(jv_copy(value), jv_copy(candidate->value))) {
		jv_free(value);
		return false;
	}
	pd_sequence_copy(&variation, isolation->sequence);
	pd_argument_set(&variation, candidate->argument, value);
	struct pd_trial trial = pd_trials_try(isolation->trials, &variation);
	bool passes = trial.outcome == PD_TRIAL_PASSES;
	candidate->skipped |= trial.outcome == PD_TRIAL_UNKNOWN;
	pd_trial_free(&trial);
	pd_sequence_free(&variation);
	return passes;
}

/* The same, and note it with the words for the change, which are consumed as
 * well, if it is the first. */
static bool
try_other(struct candidate *candidate, enum rank rank, jv value, jv change)
{
	bool passes = passes_with(candidate, jv_copy(value));

	if (passes && !jv_is_valid(candidate->passes_with)) {
		candidate->rank = rank;
		candidate->passes_with = value;
		candidate->change = change;
	} else {
		jv_free(value);
		jv_free(change);
	}
	return passes;
}

/*
 * Numbers.
 */
static bool
is_number(const struct candidate *candidate)
{
	return jv_get_kind(candidate->value) == JV_KIND_NUMBER &&
	    (pd_generator_is(candidate->generator, "int") ||
	    pd_generator_is(candidate->generator, "float"));
}

/* The bounds of all numbers that a generator can draw. */
static void
widen(struct candidate *candidate, jv generator)
{
	if (pd_generator_is(generator, "frequency")) {
		jv choices = pd_json_peek(generator, "choices");
		jv_array_foreach(choices, i, choice) {
			jv chosen = jv_array_get(choice, 1);
			widen(candidate, chosen);
			jv_free(chosen);
		}
		jv_free(choices);
	} else if (pd_generator_is(generator, "int") ||
	    pd_generator_is(generator, "float")) {
		candidate->least = fmin(candidate->least,
		    pd_json_peek_number(generator, "min", 0));
		candidate->most = fmax(candidate->most,
		    pd_json_peek_number(generator, "max", 0));
	}
}

/* In which steps a number is looked into: those of its last decimal. */
static double
scale_of(const struct candidate *candidate)
{
	double value = jv_number_value(candidate->value), scale = 1;

	if (pd_generator_is(candidate->generator, "float")) {
		while (scale < 1e6 && round(value * scale) / scale != value)
			scale *= 10;
	}
	return scale;
}

static double
number_at(const struct candidate *candidate, enum side side, double distance)
{
	double steps = round(jv_number_value(candidate->value) * candidate->scale);

	return (side == BELOW ? steps - distance : steps + distance) /
	    candidate->scale;
}

static bool
passes_at(struct candidate *candidate, double distance)
{
	return passes_with(candidate,
	    jv_number(number_at(candidate, candidate->side, distance)));
}

/* How far there are numbers on the side. */
static double
room(const struct candidate *candidate)
{
	double value = jv_number_value(candidate->value);

	return floor((candidate->side == BELOW ? value - candidate->least :
	    candidate->most - value) * candidate->scale);
}

static bool
is_stopped(const struct candidate *candidate)
{
	return candidate->isolation->trials->stopped != NULL;
}

/* Farther and farther until it passes, and then back to the nearest. */
static void
look_far(struct candidate *candidate)
{
	double most = room(candidate), failing = 1, distance = 1;
	bool passes = false;

	while (!passes && distance < most && !is_stopped(candidate)) {
		failing = distance;
		distance = fmin(2 * distance, most);
		passes = passes_at(candidate, distance);
	}
	while (passes && distance - failing > 1 && !is_stopped(candidate)) {
		double middle = floor(failing + (distance - failing) / 2);
		if (passes_at(candidate, middle))
			distance = middle;
		else
			failing = middle;
	}
	if (passes)
		candidate->distance[candidate->side] = distance;
	candidate->skipped |= is_stopped(candidate);
}

static void
look_into_number(struct candidate *candidate, bool far)
{
	for (enum side side = BELOW; side < SIDES; side++) {
		candidate->side = side;
		if (candidate->distance[side] > 0 || room(candidate) < 1)
			continue;
		if (far)
			look_far(candidate);
		else if (passes_at(candidate, 1))
			candidate->distance[side] = 1;
	}
}

/*
 * Values that are not numbers.
 */
static bool
is_reference(const struct candidate *candidate, jv value)
{
	return jv_get_kind(value) == JV_KIND_STRING &&
	    pd_json_has_peek(candidate->argument->tokens, jv_string_value(value));
}

/* Every other value of the list; how many of them pass. */
static void
try_choices(struct candidate *candidate)
{
	jv values = pd_json_peek(candidate->generator, "values");
	bool refers = is_reference(candidate, candidate->value);
	int others = 0, passing = 0;

	jv_array_foreach(values, i, value) {
		if (!jv_equal(jv_copy(value), jv_copy(candidate->value))) {
			others++;
			passing += try_other(candidate, refers ? RANK_OTHER : RANK_CHOICE,
			    jv_copy(value), jv_invalid());
		}
		jv_free(value);
	}
	jv_free(values);
	if (passing == 0)
		return;
	const char *what = refers ? "reference" : "choice";
	candidate->change = others == 1 ? jv_string_fmt("the other %s", what) :
	    jv_string_fmt("%d of %d other %ss", passing, others, what);
}

/* The simplest value of each choice of a frequency but the one that made it. */
static void
try_alternatives(struct candidate *candidate)
{
	struct pd_error ignored;
	jv choices = pd_json_peek(candidate->argument->generator, "choices");

	jv_array_foreach(choices, i, choice) {
		jv generator = jv_array_get(choice, 1);
		if (!pd_generator_admits(generator, candidate->value) &&
		    pd_generator_possible(generator, &ignored) == PD_POSSIBLE) {
			char *key = pd_format("%s.%d", candidate->id, i);
			try_other(candidate, RANK_CHOICE,
			    pd_generator_simplest(generator, key),
			    jv_string("another choice"));
			free(key);
		}
		jv_free(generator);
	}
	jv_free(choices);
}

/* The same length of the plainest character. */
static jv
plain_text(jv generator, int length)
{
	jv plain = jv_array_get(jv_string_explode(jv_string(pd_json_peek_string(
	    generator, "alphabet", "a"))), 0);
	jv points = jv_array();

	for (int i = 0; i < length; i++)
		points = jv_array_append(points, jv_copy(plain));
	jv_free(plain);
	return jv_string_implode(points);
}

static void
try_texts(struct candidate *candidate)
{
	jv points = jv_string_explode(jv_copy(candidate->value));
	int length = jv_array_length(jv_copy(points));

	if (length > 0) {
		try_other(candidate, RANK_OTHER,
		    jv_string_implode(jv_array_slice(points, 0, length - 1)),
		    jv_string("one character shorter"));
		try_other(candidate, RANK_OTHER, jv_string(""), jv_string("empty"));
		try_other(candidate, RANK_OTHER,
		    plain_text(candidate->generator, length),
		    jv_string("plain characters"));
	} else {
		jv_free(points);
	}
	try_other(candidate, RANK_OTHER,
	    pd_generator_simplest(candidate->generator, ""),
	    jv_string("the simplest value"));
}

static void
try_times(struct candidate *candidate)
{
	try_other(candidate, RANK_OTHER, pd_json_peek(candidate->generator, "from"),
	    jv_string("the earliest time"));
	try_other(candidate, RANK_OTHER, pd_json_peek(candidate->generator, "to"),
	    jv_string("the latest time"));
}

static void
try_shorter_lists(struct candidate *candidate)
{
	int length = jv_array_length(jv_copy(candidate->value));

	for (int i = 0; i < length; i++)
		try_other(candidate, RANK_OTHER, jv_array_concat(
		    jv_array_slice(jv_copy(candidate->value), 0, i),
		    jv_array_slice(jv_copy(candidate->value), i + 1, length)),
		    jv_string_fmt("without element %d", i));
}

/*
 * All of them.
 */
/* What is nearest to an argument's value, in the first round, and what is not,
 * in the second: a limit had better spare those than these. */
static void
look_into(struct candidate *candidate, bool far)
{
	if (is_number(candidate))
		look_into_number(candidate, far);
	if (far)
		return;
	if (pd_generator_is(candidate->generator, "oneof"))
		try_choices(candidate);
	else if (pd_generator_is(candidate->generator, "string") ||
	    pd_generator_is(candidate->generator, "pattern"))
		try_texts(candidate);
	else if (pd_generator_is(candidate->generator, "timestamp"))
		try_times(candidate);
	else if (pd_generator_is(candidate->generator, "list"))
		try_shorter_lists(candidate);
	if (pd_generator_is(candidate->argument->generator, "frequency"))
		try_alternatives(candidate);
}

static jv
path_text(const struct candidate *candidate)
{
	jv path = pd_reference_unquote(jv_copy(candidate->argument->path));
	jv text = pd_path_text(path);

	jv_free(path);
	return text;
}

static void
add_candidate(struct isolation *isolation, const struct pd_argument *argument,
    const char *trigger, jv unneeded)
{
	struct candidate *candidate = &isolation->list[isolation->count];
	const char *id = pd_argument_item(isolation->sequence, argument)->id;

	if (pd_json_has_peek(unneeded, id))
		return;
	*candidate = (struct candidate){.isolation = isolation, .argument = argument,
		.id = id, .is_trigger = trigger != NULL && strcmp(id, trigger) == 0,
		.order = isolation->count++,
		.value = pd_argument_value(isolation->sequence, argument),
		.least = INFINITY, .most = -INFINITY,
		.passes_with = jv_invalid(), .change = jv_invalid()};
	candidate->generator = pd_argument_chosen(argument, candidate->value);
	widen(candidate, argument->generator);
	if (is_number(candidate))
		candidate->scale = scale_of(candidate);
}

/* Numbers have their nearest value on either side; say which is nearer. */
static void
settle_number(struct candidate *candidate)
{
	double below = candidate->distance[BELOW], above = candidate->distance[ABOVE];

	if (below == 0 && above == 0)
		return;
	enum side side = below > 0 && (above == 0 || below <= above) ? BELOW : ABOVE;
	double distance = candidate->distance[side] / candidate->scale;
	jv_free(candidate->passes_with);
	jv_free(candidate->change);
	candidate->rank = RANK_NUMBER;
	candidate->passes_with = jv_number(number_at(candidate, side,
	    candidate->distance[side]));
	candidate->change = jv_number(side == BELOW ? -distance : distance);
	candidate->relative = distance /
	    fmax(fabs(jv_number_value(candidate->value)), 1 / candidate->scale);
}

static int
compare(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->relative < b->relative || a->relative > b->relative)
		return a->relative < b->relative ? -1 : 1;
	if (a->is_trigger != b->is_trigger)
		return a->is_trigger ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

static jv
candidate_record(const struct candidate *candidate)
{
	static const char *const names[SIDES] = {"below", "above"};
	jv record = pd_json_set_string(jv_object(), "id", candidate->id);

	record = pd_json_set(record, "argument", path_text(candidate));
	record = pd_json_set(record, "value", jv_copy(candidate->value));
	record = pd_json_set(record, "passes_with", jv_copy(candidate->passes_with));
	record = pd_json_set(record, "change", jv_copy(candidate->change));
	for (enum side side = BELOW; side < SIDES; side++) {
		if (candidate->distance[side] > 0)
			record = pd_json_set_number(record, names[side],
			    number_at(candidate, side, candidate->distance[side]));
	}
	return record;
}

/* Those of the trigger first. */
static void
look_into_all(struct isolation *isolation, bool far)
{
	for (int others = 0; others < 2; others++) {
		for (size_t i = 0; i < isolation->count; i++) {
			if (isolation->list[i].is_trigger != others)
				look_into(&isolation->list[i], far);
		}
	}
}

jv
pd_isolate(struct pd_trials *trials, const struct pd_sequence *sequence,
    const char *trigger, jv unneeded)
{
	struct pd_arguments arguments = pd_arguments_find(trials->model, sequence,
	    PD_ARGUMENTS_PARTS);
	struct isolation isolation = {trials, sequence,
		pd_allocate(arguments.count, sizeof(*isolation.list)), 0};
	jv records = jv_array();

	for (size_t i = 0; i < arguments.count; i++)
		add_candidate(&isolation, &arguments.list[i], trigger, unneeded);
	look_into_all(&isolation, false);
	look_into_all(&isolation, true);
	for (size_t i = 0; i < isolation.count; i++)
		settle_number(&isolation.list[i]);
	qsort(isolation.list, isolation.count, sizeof(*isolation.list), compare);
	for (size_t i = 0; i < isolation.count; i++) {
		struct candidate *candidate = &isolation.list[i];
		if (jv_is_valid(candidate->passes_with))
			records = jv_array_append(records, candidate_record(candidate));
		if (candidate->skipped)
			pd_trials_skip(trials, jv_string_concat(jv_string_fmt("%s ",
			    candidate->id), path_text(candidate)));
		jv_free(candidate->value);
		jv_free(candidate->generator);
		jv_free(candidate->passes_with);
		jv_free(candidate->change);
	}
	free(isolation.list);
	pd_arguments_free(&arguments);
	return records;
}
