/* SPDX-License-Identifier: MIT */
#include "shrink.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "argument.h"
#include "generator.h"
#include "json.h"
#include "loop.h"
#include "plan.h"
#include "recorded.h"
#include "reference.h"
#include "simplify.h"

/*
 * The best sequence so far is looked at as one row of items: prefix, branches
 * and suffix. A candidate is the row with some items left out (keep) or with
 * one item's command replaced.
 */
struct row {
	struct pd_items **owner;	/* which list an item is in */
	size_t *index;			/* and where */
	jv *needs;			/* ids of the commands it refers to */
	size_t count;
};

struct shrinker {
	struct pd_model *model;
	struct pd_runner *runner;
	const struct pd_shrink_options *options;
	jv failure;
	struct pd_shrunk *result;	/* the best so far */
	char *failed_id;		/* where the best fails, or NULL: at the end */
	bool unconfirmed;		/* it was cut off since: its records are of a longer one */
	jv tried;			/* {fingerprint: true} */
	int64_t started;
	int64_t candidates, executions, refused, remembered, slips;
	enum pd_run_result outcome;	/* of the runner */
	struct pd_error *error;
	pd_shrink_progress *progress;
	void *progress_context;
	const char *stopped;		/* which budget is spent, or NULL */
};

static const char *const strategies[] = {"quick", "thorough", "exhaustive"};

static struct pd_sequence *
best(struct shrinker *shrinker)
{
	return &shrinker->result->sequence;
}

/* No more candidates: a budget is spent, or the runner is gone. One execution
 * is kept for the confirmation that a cut off sequence needs. */
static bool
is_over(void *context)
{
	struct shrinker *shrinker = context;
	const struct pd_shrink_options *options = shrinker->options;

	if (shrinker->stopped != NULL)
		return true;
	if (shrinker->outcome == PD_RUN_INTERRUPTED)
		shrinker->stopped = "interrupted";
	else if (shrinker->outcome == PD_RUN_FAILED)
		shrinker->stopped = "runner_failed";
	else if (options->max_time > 0 &&
	    pd_loop_now() - shrinker->started >= options->max_time)
		shrinker->stopped = "max_time";
	else if (options->max_runs > 0 &&
	    shrinker->executions + shrinker->unconfirmed >= options->max_runs)
		shrinker->stopped = "max_runs";
	return shrinker->stopped != NULL;
}

/*
 * Trying a candidate.
 */
static void
drop_after(struct pd_items *items, size_t count)
{
	while (items->count > count) {
		struct pd_item *last = &items->list[--items->count];
		free(last->id);
		jv_free(last->command);
		jv_free(last->label);
	}
}

/* Drop what comes after the item with this id: it was never executed. A
 * branch ends, the others stay, and the suffix goes. */
static void
truncate_after(struct pd_sequence *sequence, const char *id)
{
	for (size_t i = 0; i < sequence->prefix.count; i++) {
		if (strcmp(sequence->prefix.list[i].id, id) != 0)
			continue;
		drop_after(&sequence->prefix, i + 1);
		for (size_t b = 0; b < sequence->branch_count; b++)
			pd_items_free(&sequence->branches[b]);
		sequence->branch_count = 0;
		drop_after(&sequence->suffix, 0);
		return;
	}
	for (size_t i = 0; i < sequence->suffix.count; i++) {
		if (strcmp(sequence->suffix.list[i].id, id) == 0)
			drop_after(&sequence->suffix, i + 1);
	}
	for (size_t b = 0; b < sequence->branch_count; b++) {
		for (size_t i = 0; i < sequence->branches[b].count; i++) {
			if (strcmp(sequence->branches[b].list[i].id, id) == 0)
				drop_after(&sequence->suffix, 0);
		}
	}
}

/* The candidate failed as wanted: it is the best now. Consumes it and lines. */
static void
accept(struct shrinker *shrinker, struct pd_sequence *candidate,
    struct pd_buffer *lines, const char *id)
{
	pd_sequence_free(best(shrinker));
	*best(shrinker) = *candidate;
	pd_buffer_free(&shrinker->result->lines);
	shrinker->result->lines = *lines;
	free(shrinker->failed_id);
	shrinker->failed_id = id != NULL ? pd_duplicate(id) : NULL;
	size_t length = pd_sequence_length(best(shrinker));
	if (id != NULL)
		truncate_after(best(shrinker), id);
	shrinker->unconfirmed = pd_sequence_length(best(shrinker)) < length;
}

/* Execute the candidate. True when it fails as wanted, and then it has taken
 * the place of the best; it is freed otherwise. */
static bool
execute(struct shrinker *shrinker, struct pd_sequence *candidate)
{
	struct pd_buffer lines = PD_BUFFER_INIT;
	struct pd_recorded run;
	bool same = false;

	shrinker->executions++;
	shrinker->outcome = pd_runner_run(shrinker->runner, candidate, &lines,
	    shrinker->error);
	if (shrinker->outcome == PD_RUN_DONE) {
		int parsed = pd_recorded_parse(&run, lines.data, lines.length,
		    shrinker->error);
		jv failure = pd_recorded_failure(&run);
		same = parsed == 0 && pd_same_failure(failure, shrinker->failure);
		shrinker->slips += parsed == 0 && !same && jv_is_valid(failure);
		if (same)
			accept(shrinker, candidate, &lines,
			    pd_json_peek_string(failure, "id", NULL));
		jv_free(failure);
		pd_recorded_free(&run);
	}
	if (!same) {
		pd_buffer_free(&lines);
		pd_sequence_free(candidate);
	}
	if (shrinker->progress != NULL)
		shrinker->progress(shrinker->progress_context,
		    pd_sequence_length(best(shrinker)), shrinker->executions);
	return same;
}

/* Was it tried before? Notes that it is now. */
static bool
is_remembered(struct shrinker *shrinker, const struct pd_sequence *candidate)
{
	char plan[PD_HASH_TEXT];

	pd_sequence_fingerprint(candidate, plan);
	if (pd_json_has_peek(shrinker->tried, plan))
		return true;
	shrinker->tried = pd_json_set(shrinker->tried, plan, jv_true());
	return false;
}

/* Try a candidate, which is consumed: one that the model admits, that was not
 * tried before and that fails as wanted becomes the best. */
static bool
try_sequence(struct shrinker *shrinker, struct pd_sequence *candidate)
{
	struct pd_error error;

	shrinker->candidates++;
	if (is_over(shrinker)) {
		pd_sequence_free(candidate);
		return false;
	}
	if (is_remembered(shrinker, candidate)) {
		shrinker->remembered++;
		pd_sequence_free(candidate);
		return false;
	}
	if (pd_plan_admits_sequence(shrinker->model, candidate, NULL, &error) != 1) {
		shrinker->refused++;
		pd_sequence_free(candidate);
		return false;
	}
	return execute(shrinker, candidate);
}

/*
 * The row of items and what they need.
 */
static void
add_to_row(struct row *row, struct pd_items *items)
{
	for (size_t i = 0; i < items->count; i++) {
		row->owner[row->count] = items;
		row->index[row->count] = i;
		row->needs[row->count++] = pd_reference_ids(
		    jv_copy(items->list[i].command));
	}
}

static struct row
make_row(struct pd_sequence *sequence)
{
	size_t count = pd_sequence_length(sequence);
	struct row row = {
		.owner = pd_allocate(count, sizeof(*row.owner)),
		.index = pd_allocate(count, sizeof(*row.index)),
		.needs = pd_allocate(count, sizeof(*row.needs)),
	};

	add_to_row(&row, &sequence->prefix);
	for (size_t i = 0; i < sequence->branch_count; i++)
		add_to_row(&row, &sequence->branches[i]);
	add_to_row(&row, &sequence->suffix);
	return row;
}

static void
free_row(struct row *row)
{
	for (size_t i = 0; i < row->count; i++)
		jv_free(row->needs[i]);
	free(row->owner);
	free(row->index);
	free(row->needs);
}

static const struct pd_item *
row_item(const struct row *row, size_t i)
{
	return &row->owner[i]->list[row->index[i]];
}

static size_t
find_in_row(const struct row *row, const char *id)
{
	for (size_t i = 0; i < row->count; i++) {
		if (strcmp(row_item(row, i)->id, id) == 0)
			return i;
	}
	return row->count;
}

static bool
needs(const struct row *row, size_t item, const char *id)
{
	bool found = false;

	jv_array_foreach(row->needs[item], i, needed) {
		found = found || strcmp(jv_string_value(needed), id) == 0;
		jv_free(needed);
	}
	return found;
}

/* The item at which the best fails; the row's count when it fails at the end
 * or in its setup. */
static size_t
failed_item(const struct shrinker *shrinker, const struct row *row)
{
	return shrinker->failed_id != NULL ?
	    find_in_row(row, shrinker->failed_id) : row->count;
}

/* What needs something that is gone goes as well. Needed items come before
 * those that need them, so one pass is enough. */
static void
drop_dependents(const struct row *row, bool *keep)
{
	for (size_t i = 0; i < row->count; i++) {
		if (keep[i])
			continue;
		for (size_t j = i + 1; j < row->count; j++) {
			if (keep[j] && needs(row, j, row_item(row, i)->id))
				keep[j] = false;
		}
	}
}

static void
keep_items(struct pd_items *to, const struct pd_items *from, const bool *keep,
    size_t *at)
{
	for (size_t i = 0; i < from->count; i++, (*at)++) {
		if (keep[*at])
			pd_items_add(to, from->list[i].id, jv_copy(from->list[i].command),
			    jv_copy(from->list[i].label));
	}
}

/* A sequence without the items that are not kept. Branches that become empty
 * go; a single one that is left joins the prefix. */
static struct pd_sequence
kept_sequence(const struct pd_sequence *from, const bool *keep)
{
	struct pd_sequence all, kept;
	size_t at = 0;

	pd_sequence_copy(&all, from);
	kept = (struct pd_sequence){.run = all.run, .seed = all.seed,
		.setup = all.setup, .teardown = all.teardown,
		.branches = pd_allocate(all.branch_count, sizeof(*kept.branches))};
	all.setup = all.teardown = (struct pd_items){0};
	keep_items(&kept.prefix, &all.prefix, keep, &at);
	for (size_t i = 0; i < all.branch_count; i++) {
		struct pd_items *branch = &kept.branches[kept.branch_count];
		keep_items(branch, &all.branches[i], keep, &at);
		kept.branch_count += branch->count > 0;
	}
	if (kept.branch_count == 1) {
		for (size_t i = 0; i < kept.branches[0].count; i++) {
			const struct pd_item *item = &kept.branches[0].list[i];
			pd_items_add(&kept.prefix, item->id, jv_copy(item->command),
			    jv_copy(item->label));
		}
		pd_items_free(&kept.branches[0]);
		kept.branch_count = 0;
	}
	keep_items(&kept.suffix, &all.suffix, keep, &at);
	pd_sequence_free(&all);
	return kept;
}

/* Leave out the items that are not kept, with what depends on them, and with
 * whatever the model then no longer admits. The command that fails stays. */
static bool
try_without(struct shrinker *shrinker, const struct row *row, const bool *wanted)
{
	bool *keep = pd_allocate(row->count, sizeof(*keep));
	size_t failed = failed_item(shrinker, row);
	bool succeeded = false;

	memcpy(keep, wanted, row->count * sizeof(*keep));
	for (;;) {
		const char *refused_id = NULL;
		struct pd_error error;
		drop_dependents(row, keep);
		if (failed < row->count && !keep[failed])
			break;
		struct pd_sequence candidate = kept_sequence(best(shrinker), keep);
		int admitted = pd_plan_admits_sequence(shrinker->model, &candidate,
		    &refused_id, &error);
		size_t refused = refused_id != NULL ? find_in_row(row, refused_id) :
		    row->count;
		if (admitted == 1) {
			succeeded = try_sequence(shrinker, &candidate);
			break;
		}
		pd_sequence_free(&candidate);
		if (admitted < 0 || refused == row->count || refused == failed) {
			shrinker->candidates++;
			shrinker->refused++;
			break;
		}
		keep[refused] = false;
	}
	free(keep);
	return succeeded;
}

/*
 * Removing commands.
 */
/* Mark everything that an item needs, directly or not. */
static void
mark_needed(const struct row *row, size_t item, bool *marked)
{
	marked[item] = true;
	for (size_t i = item; i-- > 0;) {
		for (size_t j = i + 1; j <= item && !marked[i]; j++)
			marked[i] = marked[j] && needs(row, j, row_item(row, i)->id);
	}
}

/* First guesses: only what the failing command needs; only what has to do with
 * the same things. They rarely hurt and often do most of the work at once. */
static void
try_related(struct shrinker *shrinker)
{
	struct row row = make_row(best(shrinker));
	size_t failed = failed_item(shrinker, &row);
	bool *needed = pd_allocate(row.count, sizeof(*needed));
	bool *related = pd_allocate(row.count, sizeof(*related));

	if (failed < row.count) {
		mark_needed(&row, failed, needed);
		for (size_t i = 0; i < row.count; i++) {
			bool *marked = pd_allocate(row.count, sizeof(*marked));
			mark_needed(&row, i, marked);
			for (size_t j = 0; j < row.count; j++)
				related[i] = related[i] || (marked[j] && needed[j]);
			free(marked);
		}
		if (!try_without(shrinker, &row, needed))
			try_without(shrinker, &row, related);
	}
	free(needed);
	free(related);
	free_row(&row);
}

/* All commands that the model calls read-only. */
static void
try_without_reads(struct shrinker *shrinker)
{
	struct pd_error error;
	struct row row = make_row(best(shrinker));
	bool *keep = pd_allocate(row.count, sizeof(*keep));
	size_t failed = failed_item(shrinker, &row);
	bool any = false;
	jv state = pd_model_init(shrinker->model, &error);
	jv commands = jv_is_valid(state) ?
	    pd_model_commands(shrinker->model, state, &error) : jv_invalid();

	for (size_t i = 0; i < row.count; i++) {
		const struct pd_item *item = row_item(&row, i);
		jv entry = pd_json_peek(commands,
		    pd_json_peek_string(item->command, "type", ""));
		keep[i] = i == failed || !pd_json_peek_bool(entry, "read_only", false);
		any = any || !keep[i];
		jv_free(entry);
	}
	if (any)
		try_without(shrinker, &row, keep);
	jv_free(state);
	jv_free(commands);
	free(keep);
	free_row(&row);
}

/* Leave out size items that end before `end`. The row is made anew after each
 * success. Returns whether it was one. */
static bool
try_without_chunk(struct shrinker *shrinker, size_t end, size_t size)
{
	struct row row = make_row(best(shrinker));
	bool *keep = pd_allocate(row.count, sizeof(*keep));

	for (size_t i = 0; i < row.count; i++)
		keep[i] = i + size < end || i >= end;
	bool succeeded = try_without(shrinker, &row, keep);
	free(keep);
	free_row(&row);
	return succeeded;
}

static size_t
row_length(struct shrinker *shrinker)
{
	const struct pd_sequence *sequence = best(shrinker);

	return pd_sequence_length(sequence) - sequence->setup.count -
	    sequence->teardown.count;
}

/* Chunks of half the row, then of a quarter, down to single commands, from the
 * end to the front; again while single ones still go. */
static bool
remove_commands(struct shrinker *shrinker)
{
	bool any = false, again = true;
	size_t size = row_length(shrinker) / 2;

	while (size >= 1 && !is_over(shrinker)) {
		again = false;
		for (size_t end = row_length(shrinker); end >= 1;) {
			if (try_without_chunk(shrinker, end, size))
				any = again = true;
			if (is_over(shrinker))
				return any;
			size_t length = row_length(shrinker);
			end = end > size ? end - size : 0;
			end = end > length ? length : end;
		}
		if (size > 1)
			size /= 2;
		else if (!again || shrinker->options->strategy == PD_SHRINK_QUICK)
			break;
	}
	return any;
}

/* Two commands at once that cannot go one by one. */
static bool
remove_pairs(struct shrinker *shrinker)
{
	for (size_t i = row_length(shrinker); i-- > 1;) {
		for (size_t j = i; j-- > 0 && !is_over(shrinker);) {
			struct row row = make_row(best(shrinker));
			bool *keep = pd_allocate(row.count, sizeof(*keep));
			for (size_t k = 0; k < row.count; k++)
				keep[k] = k != i && k != j;
			bool succeeded = try_without(shrinker, &row, keep);
			free(keep);
			free_row(&row);
			if (succeeded)
				return true;
		}
	}
	return false;
}

/*
 * Simplifying arguments.
 */
struct attempt {
	struct shrinker *shrinker;
	const struct pd_argument *argument;
};

static bool
try_argument(void *context, jv value)
{
	struct attempt *attempt = context;
	struct pd_sequence candidate;

	if (pd_argument_item(best(attempt->shrinker), attempt->argument) == NULL) {
		jv_free(value);	/* a simpler value moved the failure forward */
		return false;
	}
	pd_sequence_copy(&candidate, best(attempt->shrinker));
	pd_argument_set(&candidate, attempt->argument, value);
	return try_sequence(attempt->shrinker, &candidate);
}

static bool
attempt_is_over(void *context)
{
	return is_over(((struct attempt *)context)->shrinker);
}

/* Simplify one argument of this item. */
static bool
simplify_argument(struct shrinker *shrinker, const struct pd_item *item,
    const struct pd_argument *argument)
{
	struct attempt attempt = {shrinker, argument};
	struct pd_simplify simplify = {.try_value = try_argument,
		.context = &attempt, .stopped = attempt_is_over,
		.quick = shrinker->options->strategy == PD_SHRINK_QUICK};
	jv name = pd_reference_unquote(jv_array_get(jv_copy(argument->path), 0));
	char *key = pd_format("%s.%s", item->id, jv_string_value(name));
	jv before = pd_argument_value(best(shrinker), argument);
	jv after = pd_simplify_value(&simplify, argument->generator,
	    jv_copy(before), key);
	bool changed = !jv_equal(before, after);

	jv_free(name);
	free(key);
	return changed;
}

static bool
simplify_arguments(struct shrinker *shrinker)
{
	struct pd_arguments arguments = pd_arguments_find(shrinker->model,
	    best(shrinker), PD_ARGUMENTS_WHOLE);
	bool any = false;

	for (size_t i = 0; i < arguments.count && !is_over(shrinker); i++) {
		const struct pd_argument *argument = &arguments.list[i];
		const struct pd_item *item = pd_argument_item(best(shrinker), argument);
		if (item != NULL)
			any |= simplify_argument(shrinker, item, argument);
	}
	pd_arguments_free(&arguments);
	return any;
}

static bool
is_whole_number(const struct pd_argument *argument, jv value)
{
	jv chosen = pd_argument_chosen(argument, value);
	bool result = jv_get_kind(value) == JV_KIND_NUMBER &&
	    pd_generator_is(chosen, "int");

	jv_free(chosen);
	return result;
}

/*
 * Values that are equal and only move together: a key that is written and
 * read, a currency that two commands must agree on, two equal elements.
 */
struct equals {
	struct shrinker *shrinker;
	const struct pd_arguments *arguments;
	const bool *member;
};

static bool
try_equals(void *context, jv value)
{
	struct equals *equals = context;
	struct pd_sequence candidate;
	bool whole = true;

	pd_sequence_copy(&candidate, best(equals->shrinker));
	for (size_t i = 0; i < equals->arguments->count; i++) {
		const struct pd_argument *argument = &equals->arguments->list[i];
		if (!equals->member[i])
			continue;
		whole = whole && pd_argument_item(&candidate, argument) != NULL;
		if (whole)
			pd_argument_set(&candidate, argument, jv_copy(value));
	}
	jv_free(value);
	if (whole)
		return try_sequence(equals->shrinker, &candidate);
	pd_sequence_free(&candidate);
	return false;
}

static bool
equals_are_over(void *context)
{
	return is_over(((struct equals *)context)->shrinker);
}

/* Simplify all arguments that equal the first of them. */
static bool
simplify_equals(struct shrinker *shrinker, const struct pd_arguments *arguments,
    size_t first, bool *member)
{
	struct equals equals = {shrinker, arguments, member};
	struct pd_simplify simplify = {.try_value = try_equals,
		.context = &equals, .stopped = equals_are_over};
	jv value = pd_argument_value(best(shrinker), &arguments->list[first]);
	size_t count = 0;

	for (size_t i = 0; i < arguments->count; i++) {
		jv other = pd_argument_value(best(shrinker), &arguments->list[i]);
		member[i] = jv_is_valid(other) && jv_equal(other, jv_copy(value));
		count += member[i];
	}
	/* Whole numbers have groups of their own, below. */
	if (!jv_is_valid(value) || count < 2 ||
	    is_whole_number(&arguments->list[first], value)) {
		jv_free(value);
		return false;
	}
	jv after = pd_simplify_value(&simplify, arguments->list[first].generator,
	    jv_copy(value), "");
	return !jv_equal(value, after);
}

static bool
simplify_together(struct shrinker *shrinker)
{
	struct pd_arguments arguments = pd_arguments_find(shrinker->model,
	    best(shrinker), PD_ARGUMENTS_LEAVES);
	bool *member = pd_allocate(arguments.count, sizeof(*member));
	bool any = false;

	for (size_t i = 0; i < arguments.count && !is_over(shrinker); i++)
		any |= simplify_equals(shrinker, &arguments, i, member);
	free(member);
	pd_arguments_free(&arguments);
	return any;
}

/*
 * Numbers that only move together: two amounts of which one must stay one more
 * than the other, a deposit and what it has to cover.
 */
struct numbers {
	struct shrinker *shrinker;
	const struct pd_arguments *arguments;
	size_t *which;		/* arguments in the group */
	double *value;		/* theirs before the move */
	size_t count;
	double step;		/* how far down they can all go */
};

/* How far an argument is above its simplest value; 0 for what is no whole
 * number above it. */
static double
height(const struct pd_argument *argument, jv value)
{
	double result = 0;

	if (is_whole_number(argument, value)) {
		jv chosen = pd_argument_chosen(argument, value);
		jv simplest = pd_generator_simplest(chosen, "");
		result = jv_number_value(value) - jv_number_value(simplest);
		jv_free(simplest);
		jv_free(chosen);
	}
	return result > 0 ? result : 0;
}

/* Lower the whole group so that it is `distance` above where it could go. */
static bool
try_lowered(void *context, double distance)
{
	struct numbers *group = context;
	struct pd_sequence candidate;

	pd_sequence_copy(&candidate, best(group->shrinker));
	for (size_t i = 0; i < group->count; i++) {
		const struct pd_argument *argument = &group->arguments->list[group->which[i]];
		if (pd_argument_item(&candidate, argument) == NULL) {
			pd_sequence_free(&candidate);
			return false;
		}
		pd_argument_set(&candidate, argument,
		    jv_number(group->value[i] - group->step + distance));
	}
	return try_sequence(group->shrinker, &candidate);
}

static bool
group_is_over(void *context)
{
	return is_over(((struct numbers *)context)->shrinker);
}

/* One step down tells whether they hang together at all. */
static bool
lower_group(struct numbers *group)
{
	if (group->count < 2 || group->step < 1)
		return false;
	if (!try_lowered(group, group->step - 1))
		return false;
	pd_simplify_distance(try_lowered, group, group_is_over, group->step - 1);
	return true;
}

static void
add_number(struct numbers *group, size_t argument, double value, double room)
{
	group->which[group->count] = argument;
	group->value[group->count++] = value;
	if (group->count == 1 || room < group->step)
		group->step = room;
}

/* Values and rooms of all whole numbers of the best sequence; 0 for others. */
static void
measure(struct shrinker *shrinker, const struct pd_arguments *arguments,
    double *value, double *room)
{
	for (size_t i = 0; i < arguments->count; i++) {
		const struct pd_argument *argument = &arguments->list[i];
		jv number = pd_argument_value(best(shrinker), argument);
		room[i] = height(argument, number);
		value[i] = is_whole_number(argument, number) ?
		    jv_number_value(number) : 0;
		jv_free(number);
	}
}

/* Groups worth a try: all numbers that are at least as large as one of them,
 * all equal ones, and every pair. True as soon as one could be lowered. */
static bool
try_groups(struct shrinker *shrinker, const struct pd_arguments *arguments,
    const double *value, const double *room)
{
	size_t count = arguments->count;
	struct numbers group = {.shrinker = shrinker, .arguments = arguments,
		.which = pd_allocate(count, sizeof(*group.which)),
		.value = pd_allocate(count, sizeof(*group.value))};
	bool lowered = false;

	for (size_t i = 0; i < count && !lowered; i++) {
		for (int equal = 0; equal < 2 && room[i] > 0 && !lowered; equal++) {
			group.count = 0;
			for (size_t j = 0; j < count; j++) {
				if (room[j] > 0 && (equal ? value[j] == value[i] :
				    value[j] >= value[i]))
					add_number(&group, j, value[j], room[j]);
			}
			lowered = lower_group(&group);
		}
	}
	for (size_t i = 0; i < count && !lowered; i++) {
		for (size_t j = i + 1; j < count && !lowered; j++) {
			if (room[i] == 0 || room[j] == 0)
				continue;
			group.count = 0;
			add_number(&group, i, value[i], room[i]);
			add_number(&group, j, value[j], room[j]);
			lowered = lower_group(&group);
		}
	}
	free(group.which);
	free(group.value);
	return lowered;
}

static bool
lower_together(struct shrinker *shrinker)
{
	struct pd_arguments arguments = pd_arguments_find(shrinker->model,
	    best(shrinker), PD_ARGUMENTS_LEAVES);
	double *value = pd_allocate(arguments.count, sizeof(*value));
	double *room = pd_allocate(arguments.count, sizeof(*room));
	bool any = false;

	do
		measure(shrinker, &arguments, value, room);
	while (!is_over(shrinker) &&
	    try_groups(shrinker, &arguments, value, room) && (any = true));
	free(value);
	free(room);
	pd_arguments_free(&arguments);
	return any;
}

/*
 * Removing a command whose amount another one takes over: where a sum counts,
 * one credit does what two did; what a debit took need not have come in.
 */
struct removal {
	const struct pd_arguments *arguments;
	const double *value, *room;
	size_t number;		/* the argument whose command goes */
};

static bool
is_same_place(const struct pd_sequence *sequence, const struct pd_argument *a,
    const struct pd_argument *b)
{
	const struct pd_item *first = pd_argument_item(sequence, a);
	const struct pd_item *second = pd_argument_item(sequence, b);

	return jv_equal(jv_copy(a->path), jv_copy(b->path)) &&
	    strcmp(pd_json_peek_string(first->command, "type", ""),
	    pd_json_peek_string(second->command, "type", "")) == 0;
}

/* What the generator that chose a number could have made of it at most. */
static double
largest(const struct pd_sequence *sequence, const struct pd_argument *argument)
{
	jv value = pd_argument_value(sequence, argument);
	jv chosen = pd_argument_chosen(argument, value);
	double result = pd_json_peek_number(chosen, "max", 0);

	jv_free(value);
	jv_free(chosen);
	return result;
}

/* Raise the same argument of other commands of this type, late ones first,
 * each as far as its generator goes. False when that is not enough. */
static bool
hand_over(struct pd_sequence *candidate, const struct removal *removal)
{
	const struct pd_argument *gone = &removal->arguments->list[removal->number];
	double left = removal->value[removal->number];

	for (size_t i = 0; i < removal->arguments->count && left > 0; i++) {
		const struct pd_argument *other = &removal->arguments->list[i];
		if (other->item == gone->item || removal->value[i] == 0 ||
		    !is_same_place(candidate, other, gone))
			continue;
		double raised = fmin(largest(candidate, other), removal->value[i] + left);
		left -= raised - removal->value[i];
		pd_argument_set(candidate, other, jv_number(raised));
	}
	return left <= 0;
}

/* The candidate without the command, and without what needs it. Consumes it. */
static bool
try_removal(struct shrinker *shrinker, struct pd_sequence *candidate,
    const struct removal *removal)
{
	struct row row = make_row(candidate);
	bool *keep = pd_allocate(row.count, sizeof(*keep));
	size_t failed = failed_item(shrinker, &row);
	bool succeeded = false;

	for (size_t i = 0; i < row.count; i++)
		keep[i] = i != removal->arguments->list[removal->number].item;
	drop_dependents(&row, keep);
	if (failed == row.count || keep[failed]) {
		struct pd_sequence kept = kept_sequence(candidate, keep);
		succeeded = try_sequence(shrinker, &kept);
	}
	free(keep);
	free_row(&row);
	pd_sequence_free(candidate);
	return succeeded;
}

/* Remove the command of this number, and let others have its amount: those of
 * its type take it over, or any one needs so much less. */
static bool
remove_amount(struct shrinker *shrinker, const struct removal *removal)
{
	const struct pd_argument *gone = &removal->arguments->list[removal->number];
	struct pd_sequence candidate;

	pd_sequence_copy(&candidate, best(shrinker));
	if (hand_over(&candidate, removal)) {
		if (try_removal(shrinker, &candidate, removal))
			return true;
	} else {
		pd_sequence_free(&candidate);
	}
	for (size_t i = 0; i < removal->arguments->count; i++) {
		const struct pd_argument *other = &removal->arguments->list[i];
		if (other->item == gone->item ||
		    removal->room[i] < removal->value[removal->number])
			continue;
		pd_sequence_copy(&candidate, best(shrinker));
		pd_argument_set(&candidate, other, jv_number(
		    removal->value[i] - removal->value[removal->number]));
		if (try_removal(shrinker, &candidate, removal))
			return true;
	}
	return false;
}

static bool
remove_one_amount(struct shrinker *shrinker)
{
	struct pd_arguments arguments = pd_arguments_find(shrinker->model,
	    best(shrinker), PD_ARGUMENTS_LEAVES);
	double *value = pd_allocate(arguments.count, sizeof(*value));
	double *room = pd_allocate(arguments.count, sizeof(*room));
	struct removal removal = {&arguments, value, room, 0};
	bool removed = false;

	measure(shrinker, &arguments, value, room);
	for (; removal.number < arguments.count && !removed && !is_over(shrinker);
	    removal.number++)
		removed = value[removal.number] > 0 &&
		    remove_amount(shrinker, &removal);
	free(value);
	free(room);
	pd_arguments_free(&arguments);
	return removed;
}

static bool
remove_amounts(struct shrinker *shrinker)
{
	bool any = false;

	while (!is_over(shrinker) && remove_one_amount(shrinker))
		any = true;
	return any;
}

/*
 * The whole.
 */
/* See the original fail again, cut off after the failure if that is enough. */
static bool
reproduce(struct shrinker *shrinker, const struct pd_sequence *original,
    const char *id)
{
	struct pd_sequence candidate;

	pd_sequence_copy(&candidate, original);
	if (id != NULL)
		truncate_after(&candidate, id);
	is_remembered(shrinker, &candidate);
	if (execute(shrinker, &candidate))
		return true;
	pd_sequence_copy(&candidate, original);
	if (!is_over(shrinker) && !is_remembered(shrinker, &candidate))
		return execute(shrinker, &candidate);
	pd_sequence_free(&candidate);
	return false;
}

static void
shrink_all(struct shrinker *shrinker)
{
	enum pd_strategy strategy = shrinker->options->strategy;
	bool changed = true;

	try_related(shrinker);
	try_without_reads(shrinker);
	while (changed && !is_over(shrinker)) {
		changed = remove_commands(shrinker);
		changed |= simplify_arguments(shrinker);
		if (strategy == PD_SHRINK_QUICK)
			break;
		changed |= simplify_together(shrinker);
		changed |= lower_together(shrinker);
		if (!changed)
			changed = remove_amounts(shrinker);
		if (!changed && strategy == PD_SHRINK_EXHAUSTIVE)
			changed = remove_pairs(shrinker);
	}
}

/* The records must be those of the final sequence, not of one that was cut off
 * after its failure. */
static void
confirm(struct shrinker *shrinker)
{
	struct pd_sequence again;

	if (shrinker->outcome != PD_RUN_DONE || !shrinker->unconfirmed)
		return;
	pd_sequence_copy(&again, best(shrinker));
	execute(shrinker, &again);
}

static jv
statistics(const struct shrinker *shrinker, const struct pd_sequence *original)
{
	const struct {
		const char *name;
		int64_t value;
	} numbers[] = {
		{"candidates", shrinker->candidates},
		{"executions", shrinker->executions},
		{"refused", shrinker->refused},
		{"remembered", shrinker->remembered},
		{"slips", shrinker->slips},
		{"original_commands", (int64_t)(original->prefix.count +
		    original->suffix.count)},
		{"shrunk_commands", (int64_t)(shrinker->result->sequence.prefix.count +
		    shrinker->result->sequence.suffix.count)},
		{"duration_us", pd_loop_now() - shrinker->started},
	};
	jv result = pd_json_set_string(jv_object(), "strategy",
	    strategies[shrinker->options->strategy]);

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		result = pd_json_set_number(result, numbers[i].name,
		    (double)numbers[i].value);
	return pd_json_set_string(result, "stopped",
	    shrinker->stopped != NULL ? shrinker->stopped : "minimal");
}

enum pd_run_result
pd_shrink(struct pd_model *model, struct pd_runner *runner,
    const struct pd_sequence *original, jv failure,
    const struct pd_shrink_options *options, pd_shrink_progress *progress,
    void *progress_context, struct pd_shrunk *result, struct pd_error *error)
{
	struct shrinker shrinker = {
		.model = model, .runner = runner, .options = options,
		.failure = failure, .result = result, .tried = jv_object(),
		.started = pd_loop_now(), .outcome = PD_RUN_DONE, .error = error,
		.progress = progress, .progress_context = progress_context,
	};

	*result = (struct pd_shrunk){.statistics = jv_invalid()};
	pd_sequence_copy(&result->sequence, original);
	result->reproduced = reproduce(&shrinker, original,
	    pd_json_peek_string(failure, "id", NULL));
	if (result->reproduced) {
		shrink_all(&shrinker);
		confirm(&shrinker);
	}
	result->statistics = statistics(&shrinker, original);
	free(shrinker.failed_id);
	jv_free(shrinker.tried);
	return shrinker.outcome;
}

void
pd_shrunk_free(struct pd_shrunk *result)
{
	pd_sequence_free(&result->sequence);
	pd_buffer_free(&result->lines);
	jv_free(result->statistics);
}
