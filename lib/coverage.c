/* SPDX-License-Identifier: MIT */
#include "coverage.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "growth.h"
#include "json.h"

enum { MOST_FIELDS = 3, MOST_NAME = 4096 };

/* How a dimension stands in the record. */
static const struct dimension {
	const char *name;
	const char *fields[MOST_FIELDS];	/* of an item, the parts of its name */
	const char *more;	/* what else is counted of each, or NULL */
} dimensions[PD_DIMENSIONS] = {
	[PD_COMMANDS_COVERED] = {"command", {"name"}, "unanswered"},
	[PD_TRANSITIONS_COVERED] = {"transition", {"from", "to"}, NULL},
	[PD_EVENTS_COVERED] = {"event", {"name"}, NULL},
	[PD_CHECKS_COVERED] = {"check", {"name"}, "failed"},
	[PD_PARTITIONS_COVERED] = {"partition", {"command", "argument", "partition"}, NULL},
	[PD_CLASSES_COVERED] = {"state_class", {"name"}, NULL},
	[PD_CLASS_TRANSITIONS_COVERED] = {"state_class_transition", {"from", "to"}, NULL},
	[PD_BRANCHES_COVERED] = {"branches", {"name"}, NULL},
	[PD_CONCURRENT_COVERED] = {"concurrent", {"from", "to"}, NULL},
};

void
pd_coverage_start(struct pd_coverage *coverage, size_t bound)
{
	*coverage = (struct pd_coverage){.model = jv_invalid(),
		.boundaries = PD_BOUNDARIES_INIT};
	pd_sketch_start(&coverage->states, bound);
	pd_sketch_start(&coverage->interleavings, bound);
}

void
pd_coverage_free(struct pd_coverage *coverage)
{
	for (int i = 0; i < PD_DIMENSIONS; i++)
		pd_occurrences_free(&coverage->sets[i]);
	pd_sketch_free(&coverage->states);
	pd_sketch_free(&coverage->interleavings);
	pd_boundaries_free(&coverage->boundaries);
	jv_free(coverage->model);
}

/*
 * Names: parts with a NUL between them.
 */
static struct pd_occurrence *
find_parts(struct pd_coverage *coverage, enum pd_dimension dimension,
    const char *const *parts, int count)
{
	char name[MOST_NAME];
	size_t length = 0;

	for (int i = 0; i < count; i++) {
		size_t part = strlen(parts[i]), room = MOST_NAME / MOST_FIELDS - 1;
		if (part > room)
			part = room;
		memcpy(name + length, parts[i], part);
		length += part;
		if (i + 1 < count)
			name[length++] = '\0';
	}
	return pd_occurrences_find(&coverage->sets[dimension], name, length);
}

struct pd_occurrence *
pd_coverage_name(struct pd_coverage *coverage, enum pd_dimension dimension,
    const char *name)
{
	return find_parts(coverage, dimension, &name, 1);
}

struct pd_occurrence *
pd_coverage_pair(struct pd_coverage *coverage, enum pd_dimension dimension,
    const char *from, const char *to)
{
	return find_parts(coverage, dimension, (const char *const[]){from, to}, 2);
}

struct pd_occurrence *
pd_coverage_partition(struct pd_coverage *coverage, const char *command,
    const char *argument, const char *partition)
{
	return find_parts(coverage, PD_PARTITIONS_COVERED,
	    (const char *const[]){command, argument, partition}, 3);
}

int64_t
pd_coverage_left_out(const struct pd_coverage *coverage)
{
	int64_t left_out = 0;

	for (int i = 0; i < PD_DIMENSIONS; i++)
		left_out += coverage->sets[i].left_out;
	return left_out;
}

/*
 * What there is to be exercised.
 */
struct declaring {
	struct pd_coverage *coverage;
	jv own;		/* {command: true}: those of setup and teardown */
};

static void
declare(struct pd_coverage *coverage, enum pd_dimension dimension,
    const char *name)
{
	pd_occurrences_declare(&coverage->sets[dimension], name, strlen(name));
}

static void
declare_partition(void *context, const char *command, const char *argument,
    const char *partition)
{
	struct pd_occurrence *entry = pd_coverage_partition(context, command,
	    argument, partition);

	if (entry != NULL)
		entry->declared = true;
}

static void
declare_command(void *context, const char *rest, int arity, const char *file,
    long line)
{
	struct declaring *declaring = context;

	(void)file;
	(void)line;
	if (arity == 1 && !pd_json_has_peek(declaring->own, rest))
		declare(declaring->coverage, PD_COMMANDS_COVERED, rest);
}

static void
declare_event(void *context, const char *rest, int arity, const char *file,
    long line)
{
	struct declaring *declaring = context;
	const struct pd_occurrences *commands =
	    &declaring->coverage->sets[PD_COMMANDS_COVERED];

	(void)file;
	(void)line;
	if (arity == 1 && !pd_json_has_peek(declaring->own, rest) &&
	    pd_intern_known(&commands->names, rest, strlen(rest)) < 0)
		declare(declaring->coverage, PD_EVENTS_COVERED, rest);
}

/* The model's commands in its first state: those that are not possible yet
 * stand there, too, but what they may choose from does not. */
static int
declare_entries(struct pd_coverage *coverage, jv entries)
{
	coverage->sets[PD_PARTITIONS_COVERED].declared = true;
	jv_object_foreach(entries, name, entry) {
		jv arguments = pd_json_peek(entry, "args");
		declare(coverage, PD_COMMANDS_COVERED, jv_string_value(name));
		if (jv_get_kind(arguments) == JV_KIND_OBJECT)
			pd_boundaries_read(&coverage->boundaries, jv_string_value(name),
			    arguments, declare_partition, coverage);
		jv_free(arguments);
		jv_free(name);
		jv_free(entry);
	}
	return 0;
}

/* {type: true} of the commands that belong to every run. Consumes them. */
static jv
note_types(jv types, jv commands)
{
	jv_array_foreach(commands, i, command) {
		types = pd_json_set(types, pd_json_peek_string(command, "type", ""), jv_true());
		jv_free(command);
	}
	jv_free(commands);
	return types;
}

static void
declare_classes(struct pd_coverage *coverage, struct pd_model *model)
{
	jv classes = pd_model_state_classes(model);

	if (jv_is_valid(classes)) {
		jv_array_foreach(classes, i, class) {
			declare(coverage, PD_CLASSES_COVERED, jv_string_value(class));
			jv_free(class);
		}
	}
	jv_free(classes);
}

static int
declare_functions(struct pd_coverage *coverage, struct pd_model *model, jv state,
    struct pd_error *error)
{
	jv setup = pd_model_setup(model, state, error);
	jv teardown = jv_is_valid(setup) ? pd_model_teardown(model, state, error) :
	    jv_invalid();

	if (!jv_is_valid(teardown)) {
		jv_free(setup);
		return -1;
	}
	struct declaring declaring = {coverage,
		note_types(note_types(jv_object(), setup), teardown)};
	pd_model_functions(model, "simulate_", declare_command, &declaring);
	pd_model_functions(model, "on_", declare_event, &declaring);
	jv_free(declaring.own);
	return 0;
}

int
pd_coverage_declare(struct pd_coverage *coverage, struct pd_model *model,
    struct pd_error *error)
{
	jv state = pd_model_init(model, error);
	int result = -1;

	if (!jv_is_valid(state))
		return -1;
	jv entries = pd_model_commands(model, state, error);
	if (jv_is_valid(entries)) {
		declare_entries(coverage, entries);
		result = declare_functions(coverage, model, state, error);
	}
	for (int i = 0; i < pd_model_checks(model); i++)
		declare(coverage, PD_CHECKS_COVERED, pd_model_check_name(model, i));
	declare_classes(coverage, model);
	jv_free(coverage->model);
	coverage->model = jv_object_delete(pd_model_identity(model), jv_string("path"));
	jv_free(entries);
	jv_free(state);
	return result;
}

/*
 * The record.
 */
static struct pd_run_range
range_of(const struct pd_coverage *coverage)
{
	return (struct pd_run_range){coverage->runs, coverage->first_run,
		coverage->last_run};
}

/* Set the parts of an item's name. */
static jv
set_name(jv item, const struct dimension *dimension, const char *name,
    size_t length)
{
	for (int i = 0; i < MOST_FIELDS && dimension->fields[i] != NULL; i++) {
		const char *end = memchr(name, '\0', length);
		size_t part = end != NULL ? (size_t)(end - name) : length;
		item = pd_json_set(item, dimension->fields[i],
		    jv_string_sized(name, (int)part));
		name += part + (end != NULL);
		length -= part + (end != NULL);
	}
	return item;
}

static jv
item_of(const struct dimension *dimension, const struct pd_occurrences *set,
    int32_t number)
{
	const struct pd_occurrence *entry = &set->list[number];
	size_t length;
	const char *name = pd_interned(&set->names, number, &length);
	jv item = set_name(jv_object(), dimension, name, length);

	item = pd_json_set_number(item, "times", (double)entry->times);
	item = pd_json_set_number(item, "runs", (double)entry->runs);
	if (entry->times > 0)
		item = pd_json_set_number(item, "first", (double)entry->first);
	if (entry->more > 0)
		item = pd_json_set_number(item, dimension->more, (double)entry->more);
	if (set->declared && !entry->declared)
		item = pd_json_set(item, "undeclared", jv_true());
	return item;
}

static jv
items_of(const struct dimension *dimension, const struct pd_occurrences *set)
{
	int32_t *sorted = pd_occurrences_sorted(set);
	jv items = jv_array();

	for (size_t i = 0; i < set->names.count; i++) {
		const struct pd_occurrence *entry = &set->list[sorted[i]];
		if (entry->times > 0 || entry->declared)
			items = jv_array_append(items, item_of(dimension, set, sorted[i]));
	}
	free(sorted);
	return items;
}

static bool
is_declared(const struct pd_occurrences *set, const char *name, size_t length)
{
	int32_t number = pd_intern_known(&set->names, name, length);

	return number >= 0 && set->list[number].declared;
}

/* Pairs of commands are there to be met when both commands are. */
static void
declare_pairs(struct pd_coverage *coverage)
{
	struct pd_occurrences *pairs = &coverage->sets[PD_TRANSITIONS_COVERED];
	const struct pd_occurrences *commands = &coverage->sets[PD_COMMANDS_COVERED];

	pairs->declared = commands->declared;
	for (size_t i = 0; i < pairs->names.count; i++) {
		size_t length;
		const char *name = pd_interned(&pairs->names, (int32_t)i, &length);
		size_t first = strlen(name);
		pairs->list[i].declared = pairs->declared &&
		    is_declared(commands, name, first) &&
		    is_declared(commands, name + first + 1, length - first - 1);
	}
}

static jv
set_total(struct pd_coverage *coverage, enum pd_dimension dimension, jv object)
{
	const struct pd_occurrences *set = &coverage->sets[dimension];
	double seen = 0, total = 0;

	for (size_t i = 0; i < set->names.count; i++) {
		total += set->list[i].declared;
		seen += set->list[i].declared && set->list[i].times > 0;
	}
	if (!set->declared)
		return object;
	if (dimension == PD_TRANSITIONS_COVERED) {
		const struct pd_occurrences *commands = &coverage->sets[PD_COMMANDS_COVERED];
		double count = 0;
		for (size_t i = 0; i < commands->names.count; i++)
			count += commands->list[i].declared;
		total = count * count;
	}
	object = pd_json_set_number(object, "covered", seen);
	object = pd_json_set_number(object, "total", total);
	/* Rounded down: 100 means all. */
	return total == 0 ? object : pd_json_set_number(object, "percent",
	    floor(1000 * seen / total) / 10);
}

static jv
dimension_of(struct pd_coverage *coverage, enum pd_dimension dimension,
    struct pd_growth *sum)
{
	const struct pd_occurrences *set = &coverage->sets[dimension];
	struct pd_run_range range = range_of(coverage);
	struct pd_growth growth = {0};

	pd_growth_add_set(&growth, set, &range);
	if (dimension != PD_BRANCHES_COVERED)
		pd_growth_add_set(sum, set, &range);
	jv object = pd_json_set_number(jv_object(), "seen", (double)growth.seen);
	object = set_total(coverage, dimension, object);
	object = pd_growth_fields(&growth, 1, object);
	return pd_json_set(object, "items", items_of(&dimensions[dimension], set));
}

static jv
sample_of(const struct pd_sketch *sketch)
{
	jv sample = jv_array();

	for (size_t i = 0; i < sketch->count; i++) {
		const struct pd_sketched *entry = &sketch->list[i];
		sample = jv_array_append(sample, JV_ARRAY(
		    jv_string_fmt("%016" PRIx64, entry->hash),
		    jv_number((double)entry->seen.times),
		    jv_number((double)entry->seen.runs),
		    jv_number((double)entry->seen.first)));
	}
	return sample;
}

static jv
sketch_of(const struct pd_coverage *coverage, struct pd_sketch *sketch)
{
	struct pd_run_range range = range_of(coverage);
	struct pd_growth growth = {0};
	double error;

	pd_sketch_settle(sketch);
	double distinct = pd_sketch_distinct(sketch, &error);
	pd_growth_add_sketch(&growth, sketch, &range);
	jv object = pd_json_set_number(jv_object(), "seen", distinct);
	object = pd_json_set(object, "exact", jv_bool(!sketch->let_go));
	if (sketch->let_go)
		object = pd_json_set_number(object, "error", floor(error * 1e6 + 0.5) / 1e6);
	object = pd_json_set_number(object, "times", (double)sketch->times);
	object = pd_growth_fields(&growth, sketch->count == 0 ? 1 :
	    distinct / (double)sketch->count, object);
	object = pd_json_set_number(object, "bound", (double)sketch->bound);
	return pd_json_set(object, "sample", sample_of(sketch));
}

static jv
runs_of(const struct pd_coverage *coverage)
{
	jv runs = pd_json_set_number(jv_object(), "total", (double)coverage->runs);

	runs = pd_json_set_number(runs, "passed", (double)coverage->passed);
	runs = pd_json_set_number(runs, "failed", (double)coverage->failed);
	runs = pd_json_set_number(runs, "errors", (double)coverage->errors);
	runs = pd_json_set_number(runs, "aborted", (double)coverage->aborted);
	runs = pd_json_set_number(runs, "unfinished", (double)coverage->unfinished);
	if (coverage->runs == 0)
		return runs;
	runs = pd_json_set_number(runs, "first", (double)coverage->first_run);
	return pd_json_set_number(runs, "last", (double)coverage->last_run);
}

jv
pd_coverage_record(struct pd_coverage *coverage)
{
	struct pd_run_range range = range_of(coverage);
	struct pd_growth sum = {0};
	jv record = pd_json_set_string(jv_object(), "type", "coverage");

	declare_pairs(coverage);
	if (jv_is_valid(coverage->model))
		record = pd_json_set(record, "model", jv_copy(coverage->model));
	record = pd_json_set(record, "runs", runs_of(coverage));
	record = pd_json_set_number(record, "commands", (double)coverage->commands);
	record = pd_json_set_number(record, "events", (double)coverage->events);
	for (int i = 0; i < PD_DIMENSIONS; i++) {
		/* What no run had, and nobody said there is, goes without saying. */
		if (coverage->sets[i].names.count == 0 && i >= PD_CLASSES_COVERED)
			continue;
		record = pd_json_set(record, dimensions[i].name,
		    dimension_of(coverage, (enum pd_dimension)i, &sum));
	}
	if (coverage->states.times > 0)
		record = pd_json_set(record, "state", sketch_of(coverage, &coverage->states));
	if (coverage->interleavings.times > 0)
		record = pd_json_set(record, "interleaving",
		    sketch_of(coverage, &coverage->interleavings));
	return pd_json_set(record, "growth", pd_growth_summary(&sum, &range));
}

/*
 * Reading records back.
 */
static int64_t
number_of(jv object, const char *key)
{
	return (int64_t)pd_json_peek_number(object, key, 0);
}

/* Is it a count that can be added up? */
static bool
is_count(jv object, const char *key, double least)
{
	double value = pd_json_peek_number(object, key, -1);

	return value >= least && value < 0x1p53 && value == floor(value);
}

static bool
merge_item(struct pd_coverage *coverage, int dimension, jv item)
{
	const char *parts[MOST_FIELDS];
	int count = 0;

	for (; count < MOST_FIELDS && dimensions[dimension].fields[count] != NULL; count++) {
		parts[count] = pd_json_peek_string(item,
		    dimensions[dimension].fields[count], NULL);
		if (parts[count] == NULL)
			return false;
	}
	if (!is_count(item, "times", 0) || !is_count(item, "runs", 0))
		return false;
	struct pd_occurrence *entry = find_parts(coverage, (enum pd_dimension)dimension,
	    parts, count);
	if (entry == NULL)
		return true;
	entry->declared = entry->declared || (coverage->sets[dimension].declared &&
	    !pd_json_has_peek(item, "undeclared"));
	if (number_of(item, "times") > 0)
		pd_occurrence_add(entry, number_of(item, "times"), number_of(item, "runs"),
		    number_of(item, "first"));
	if (dimensions[dimension].more != NULL)
		entry->more += number_of(item, dimensions[dimension].more);
	return true;
}

static bool
merge_dimension(struct pd_coverage *coverage, int dimension, jv object)
{
	jv items;
	int count = pd_json_elements_peek(object, "items", &items);
	bool good = true;

	if (pd_json_has_peek(object, "total"))
		coverage->sets[dimension].declared = true;
	for (int i = 0; i < count && good; i++) {
		jv item = jv_array_get(jv_copy(items), i);
		good = merge_item(coverage, dimension, item);
		jv_free(item);
	}
	jv_free(items);
	return good;
}

/* [hash, times, runs, first] */
static bool
merge_sketched(struct pd_sketch *sketch, jv entry)
{
	double numbers[4] = {0};
	uint64_t hash = 0;
	bool good = jv_get_kind(entry) == JV_KIND_ARRAY;

	for (int i = 0; i < 4 && good; i++) {
		jv value = jv_array_get(jv_copy(entry), i);
		if (i == 0)
			good = jv_get_kind(value) == JV_KIND_STRING &&
			    sscanf(jv_string_value(value), "%16" SCNx64, &hash) == 1;
		else if ((good = jv_get_kind(value) == JV_KIND_NUMBER))
			numbers[i] = jv_number_value(value);
		jv_free(value);
	}
	struct pd_occurrence *seen = good ? pd_sketch_find(sketch, hash) : NULL;
	if (seen != NULL)
		pd_occurrence_add(seen, (int64_t)numbers[1], (int64_t)numbers[2],
		    (int64_t)numbers[3]);
	return good;
}

static bool
merge_sketch(struct pd_sketch *sketch, jv object)
{
	jv sample;
	int count = pd_json_elements_peek(object, "sample", &sample);
	bool good = is_count(object, "bound", PD_SKETCH_LEAST);

	if (good)
		pd_sketch_lower(sketch, (size_t)number_of(object, "bound"));
	for (int i = 0; i < count && good; i++) {
		jv entry = jv_array_get(jv_copy(sample), i);
		good = merge_sketched(sketch, entry);
		jv_free(entry);
	}
	sketch->times += number_of(object, "times");
	sketch->let_go = sketch->let_go || !pd_json_peek_bool(object, "exact", true);
	jv_free(sample);
	return good;
}

static bool
merge_runs(struct pd_coverage *coverage, jv runs)
{
	static const char *const needed[] = {"total", "passed", "failed", "errors",
		"aborted", "unfinished"};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (!is_count(runs, needed[i], 0))
			return false;
	}
	int64_t total = number_of(runs, "total");
	int64_t first = number_of(runs, "first"), last = number_of(runs, "last");
	if (total > 0 && (coverage->runs == 0 || first < coverage->first_run))
		coverage->first_run = first;
	if (total > 0 && (coverage->runs == 0 || last > coverage->last_run))
		coverage->last_run = last;
	coverage->runs += total;
	coverage->passed += number_of(runs, "passed");
	coverage->failed += number_of(runs, "failed");
	coverage->errors += number_of(runs, "errors");
	coverage->aborted += number_of(runs, "aborted");
	coverage->unfinished += number_of(runs, "unfinished");
	return true;
}

/* Add the object of this name, if it is there. */
static bool
merge_part(struct pd_coverage *coverage, jv record, const char *name,
    int dimension, struct pd_sketch *sketch)
{
	jv object = pd_json_peek(record, name);
	bool good = true;

	if (jv_is_valid(object))
		good = sketch != NULL ? merge_sketch(sketch, object) :
		    merge_dimension(coverage, dimension, object);
	jv_free(object);
	return good;
}

static int
check_model(struct pd_coverage *coverage, jv record, struct pd_error *error)
{
	jv model = pd_json_peek(record, "model");
	bool first = coverage->runs == 0 && !jv_is_valid(coverage->model);
	bool same = jv_is_valid(model) == jv_is_valid(coverage->model) &&
	    strcmp(pd_json_peek_string(model, "sha256", ""),
	    pd_json_peek_string(coverage->model, "sha256", "")) == 0;

	if (first) {
		jv_free(coverage->model);
		coverage->model = model;
		return 0;
	}
	jv_free(model);
	if (same)
		return 0;
	pd_error_set(error, "the coverage was counted with another model than those before");
	return pd_error_hint(error, "count all parts with the same -m MODEL, or all without");
}

int
pd_coverage_merge(struct pd_coverage *coverage, jv record,
    struct pd_error *error)
{
	if (check_model(coverage, record, error) != 0)
		return -1;
	jv runs = pd_json_peek(record, "runs");
	bool good = merge_runs(coverage, runs);
	jv_free(runs);
	for (int i = 0; i < PD_DIMENSIONS && good; i++)
		good = merge_part(coverage, record, dimensions[i].name, i, NULL);
	good = good && merge_part(coverage, record, "state", 0, &coverage->states) &&
	    merge_part(coverage, record, "interleaving", 0, &coverage->interleavings);
	if (!good) {
		pd_error_set(error, "the coverage record is damaged");
		return pd_error_hint(error, "pd-cover wrote it in one line, see pd-stream(5)");
	}
	coverage->commands += number_of(record, "commands");
	coverage->events += number_of(record, "events");
	return 0;
}
