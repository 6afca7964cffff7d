/* SPDX-License-Identifier: MIT */
#include "distinction.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "difference.h"
#include "hash.h"
#include "json.h"

enum group { PASSING, FAILING, GROUPS };

struct value {
	char *text;		/* JSON */
	int64_t runs[GROUPS];
};

enum kind {
	STEP, EVENT,		/* not ranked: whether others could be seen at all */
	OUTCOME, ORDER, EVENTS, EVENT_FIELD, STATE, LATENCY,
};

struct field {
	enum kind kind;
	char *id, *event, *path;	/* the latter two may be NULL */
	char *command;		/* its type, "" without a command */
	int number;
	size_t parent;		/* the step or event; itself if it is a step */
	double place;		/* its step's place in the run */
	int64_t runs[GROUPS];	/* in which it was seen */
	struct value *values;
	size_t count;
	int64_t other[GROUPS];	/* values beyond the limit */
};

struct pd_distinction {
	struct field *fields;
	size_t count;
	jv index;		/* {key: place in fields} */
	int64_t runs[GROUPS];
};

struct pd_distinction *
pd_distinction_new(void)
{
	struct pd_distinction *distinction = pd_allocate(1, sizeof(*distinction));

	distinction->index = jv_object();
	return distinction;
}

void
pd_distinction_free(struct pd_distinction *distinction)
{
	if (distinction == NULL)
		return;
	for (size_t i = 0; i < distinction->count; i++) {
		struct field *field = &distinction->fields[i];
		for (size_t j = 0; j < field->count; j++)
			free(field->values[j].text);
		free(field->values);
		free(field->id);
		free(field->command);
		free(field->event);
		free(field->path);
	}
	free(distinction->fields);
	jv_free(distinction->index);
	free(distinction);
}

/*
 * Counting. context is where a run is counted at the moment.
 */
struct counting {
	struct pd_distinction *distinction;
	enum group group;
	const struct pd_comparable_step *step;
	size_t place;
	size_t parent;
	enum kind kind;
	const char *event;
	int number;
};

/* The field of what is counted at a path, or NULL when there are too many. */
static struct field *
field_of(const struct counting *counting, const char *path)
{
	struct pd_distinction *distinction = counting->distinction;
	char *key = pd_format("%d\n%s\n%s\n%d\n%s", counting->kind,
	    counting->step->id, counting->event != NULL ? counting->event : "",
	    counting->number, path != NULL ? path : "");
	double found = pd_json_peek_number(distinction->index, key, -1);

	if (found < 0 && distinction->count < PD_FIELDS_LIMIT) {
		found = (double)distinction->count;
		distinction->index = pd_json_set_number(distinction->index, key, found);
		distinction->fields = pd_reallocate(distinction->fields,
		    distinction->count + 1, sizeof(struct field));
		distinction->fields[distinction->count++] = (struct field){
			.kind = counting->kind, .id = pd_duplicate(counting->step->id),
			.command = pd_duplicate(pd_json_peek_string(
			    counting->step->command, "type", "")),
			.event = counting->event != NULL ?
			    pd_duplicate(counting->event) : NULL,
			.path = path != NULL ? pd_duplicate(path) : NULL,
			.number = counting->number, .parent = counting->parent,
			.place = (double)counting->place};
	}
	free(key);
	return found < 0 ? NULL : &distinction->fields[(size_t)found];
}

/* What is too long is told by its beginning and its hash. */
static char *
value_text(jv value)
{
	struct pd_buffer text = PD_BUFFER_INIT;
	char hash[PD_HASH_TEXT];

	jv canonical = pd_json_canonical(jv_copy(value));
	pd_buffer_text(&text, jv_string_value(canonical));
	jv_free(canonical);
	if (text.length <= PD_VALUE_TEXT_LIMIT)
		return text.data;
	pd_hash(text.data, text.length, hash);
	char *excerpt = pd_json_excerpt(jv_copy(value), 100);
	jv cut = jv_string_fmt("%s (sha256 %.12s)", excerpt, hash);
	pd_buffer_clear(&text);
	pd_json_append_peek(&text, cut);
	jv_free(cut);
	free(excerpt);
	return text.data;
}

static void
count_value(struct field *field, enum group group, jv value)
{
	char *text = value_text(value);
	size_t i = 0;

	while (i < field->count && strcmp(field->values[i].text, text) != 0)
		i++;
	if (i == PD_VALUES_LIMIT) {
		field->other[group]++;
	} else {
		if (i == field->count) {
			field->values = pd_reallocate(field->values, ++field->count,
			    sizeof(struct value));
			field->values[i] = (struct value){.text = text};
			text = NULL;
		}
		field->values[i].runs[group]++;
	}
	free(text);
}

/* Borrows the value. Returns the field's place, or that of the parent. */
static size_t
count(const struct counting *counting, enum kind kind, const char *path, jv value)
{
	struct counting here = *counting;

	here.kind = kind;
	struct field *field = field_of(&here, path);
	if (field == NULL)
		return counting->parent;
	field->runs[counting->group]++;
	if (jv_is_valid(value))
		count_value(field, counting->group, value);
	return (size_t)(field - counting->distinction->fields);
}

static void
count_leaf(void *context, const char *path, jv leaf)
{
	const struct counting *counting = context;

	if (strcmp(path, ".type") != 0)
		count(counting, counting->kind, path, leaf);
}

/* What a step changed in the state; what it removed is what is missing. */
static void
count_change(void *context, const char *path, jv before, jv after)
{
	(void)before;
	if (jv_is_valid(after))
		pd_leaves(path, after, count_leaf, context);
}

static void
count_events(struct counting *counting, jv events)
{
	jv types = jv_array(), seen = jv_object();
	size_t step = counting->parent;

	jv_array_foreach(events, i, event) {
		const char *type = pd_json_peek_string(event, "type", "");
		counting->event = type;
		counting->number = (int)pd_json_peek_number(seen, type, 0);
		counting->parent = count(counting, EVENT, NULL, jv_invalid());
		counting->kind = EVENT_FIELD;
		pd_leaves(".", event, count_leaf, counting);
		counting->parent = step;
		types = jv_array_append(types, jv_string(type));
		seen = pd_json_set_number(seen, type, counting->number + 1);
		counting->event = NULL;
		jv_free(event);
	}
	counting->number = 0;
	count(counting, EVENTS, NULL, types);
	jv_free(types);
	jv_free(seen);
}

/* Times are classes by their order of magnitude. */
static jv
latency_class(int64_t microseconds)
{
	static const char *const classes[] = {"below 100 us", "100 us to 1 ms",
		"1 to 10 ms", "10 to 100 ms", "100 ms to 1 s", "above 1 s"};
	size_t class = 0;

	for (int64_t limit = 100; class < 5 && microseconds >= limit; limit *= 10)
		class++;
	return jv_string(classes[class]);
}

static void
count_step(struct counting *counting, const char *earlier)
{
	const struct pd_comparable_step *step = counting->step;
	jv before = jv_string(earlier);

	counting->parent = count(counting, STEP, NULL, jv_invalid());
	if (jv_is_valid(step->outcome))
		count(counting, OUTCOME, NULL, step->outcome);
	if (step->id[0] != '\0')
		count(counting, ORDER, NULL, before);
	count_events(counting, step->events);
	if (jv_is_valid(step->before) && jv_is_valid(step->state)) {
		counting->kind = STATE;
		pd_differences(step->before, step->state, count_change, counting);
	}
	if (step->latency >= 0) {
		jv class = latency_class(step->latency);
		count(counting, LATENCY, NULL, class);
		jv_free(class);
	}
	jv_free(before);
}

void
pd_distinction_add(struct pd_distinction *distinction,
    const struct pd_comparable *run, bool failing)
{
	struct counting counting = {.distinction = distinction,
		.group = failing ? FAILING : PASSING};

	distinction->runs[counting.group]++;
	for (size_t i = 0; i < run->count; i++) {
		counting.step = &run->steps[i];
		counting.place = i;
		counting.parent = distinction->count;	/* a new step is its own */
		count_step(&counting, i > 0 ? run->steps[i - 1].id : "");
	}
}

/*
 * Ranking.
 */
struct ranked {
	const struct field *field;
	int64_t absent[GROUPS];	/* runs that came to the field, without it */
	double score;
	bool decides;		/* every run has it, and no value is in both groups */
	bool scoped;		/* every run has a value of its own */
};

/* Bits of information in which of several things it is, by their numbers. */
static double
information(const int64_t *numbers, size_t count)
{
	int64_t all = 0;
	double bits = 0;

	for (size_t i = 0; i < count; i++)
		all += numbers[i];
	for (size_t i = 0; i < count; i++) {
		double share = (double)numbers[i] / (double)(all > 0 ? all : 1);
		bits -= numbers[i] > 0 ? share * log2(share) : 0;
	}
	return bits;
}

/* The field's values as numbers of runs in both groups: those told apart, the
 * others together, and missing ones. */
static size_t
tabulate(const struct ranked *ranked, int64_t table[][GROUPS])
{
	const struct field *field = ranked->field;
	size_t count = 0;

	for (; count < field->count; count++)
		memcpy(table[count], field->values[count].runs, sizeof(table[count]));
	memcpy(table[count++], field->other, sizeof(field->other));
	memcpy(table[count++], ranked->absent, sizeof(ranked->absent));
	return count;
}

static void
measure(struct ranked *ranked, const int64_t runs[GROUPS])
{
	int64_t table[PD_VALUES_LIMIT + 2][GROUPS];
	int64_t totals[PD_VALUES_LIMIT + 3], groups[GROUPS] = {0};
	size_t count = tabulate(ranked, table);
	double all = (double)(runs[PASSING] + runs[FAILING]), known = 0, rest = 0;

	for (size_t i = 0; i < count; i++) {
		totals[i] = table[i][PASSING] + table[i][FAILING];
		groups[PASSING] += table[i][PASSING];
		groups[FAILING] += table[i][FAILING];
		known += (double)totals[i];
	}
	for (size_t i = 0; i < count; i++)
		rest += (double)totals[i] / known * information(table[i], GROUPS);
	totals[count] = (int64_t)(all - known);
	double own = information(totals, count + 1);
	if (known == 0 || own == 0)
		return;
	double ratio = (information(groups, GROUPS) - rest) * known / all / own;
	ranked->score = floor(ratio * 1000 + 0.5) / 1000;
	ranked->decides = rest <= 0 && known >= all;
}

/* More values than one, a missing one and those beyond the limit included. */
static bool
varies(const struct ranked *ranked)
{
	int64_t table[PD_VALUES_LIMIT + 2][GROUPS];
	size_t count = tabulate(ranked, table), used = 0;

	for (size_t i = 0; i < count; i++)
		used += table[i][PASSING] + table[i][FAILING] > 0;
	return used > 1;
}

static struct ranked
rank(const struct pd_distinction *distinction, const struct field *field)
{
	const struct field *parent = &distinction->fields[field->parent];
	struct ranked ranked = {.field = field};
	int64_t seen = field->runs[PASSING] + field->runs[FAILING];

	for (int i = 0; i < GROUPS; i++)
		ranked.absent[i] = parent->runs[i] - field->runs[i];
	ranked.scoped = seen > 2 && ((int64_t)field->count == seen ||
	    field->other[PASSING] + field->other[FAILING] > 0);
	if (distinction->runs[PASSING] > 0 && distinction->runs[FAILING] > 0)
		measure(&ranked, distinction->runs);
	return ranked;
}

static int
by_rank(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;

	if ((a->field->kind == LATENCY) != (b->field->kind == LATENCY))
		return a->field->kind == LATENCY ? 1 : -1;
	if (a->scoped != b->scoped && (a->score < 1 || b->score < 1))
		return a->scoped ? 1 : -1;
	if (a->score < b->score || a->score > b->score)
		return a->score < b->score ? 1 : -1;
	if (a->field->place < b->field->place || a->field->place > b->field->place)
		return a->field->place < b->field->place ? -1 : 1;
	if (a->field->kind != b->field->kind)
		return a->field->kind < b->field->kind ? -1 : 1;
	return a->field < b->field ? -1 : 1;
}

/* Fields that say something about the groups, or vary if there is but one. */
static struct ranked *
rank_all(const struct pd_distinction *distinction, size_t *count)
{
	struct ranked *list = pd_allocate(distinction->count + 1, sizeof(*list));
	bool groups = distinction->runs[PASSING] > 0 && distinction->runs[FAILING] > 0;
	bool separated = !groups;

	*count = 0;
	for (size_t i = 0; i < distinction->count; i++) {
		const struct field *field = &distinction->fields[i];
		if (field->kind == STEP || field->kind == EVENT)
			continue;
		struct ranked ranked = rank(distinction, field);
		if (groups ? ranked.score > 0 : varies(&ranked))
			list[(*count)++] = ranked;
		separated = separated || (ranked.decides && !ranked.scoped &&
		    field->kind != LATENCY);
	}
	qsort(list, *count, sizeof(*list), by_rank);
	while (separated && *count > 0 && list[*count - 1].field->kind == LATENCY)
		(*count)--;
	return list;
}

static jv
add_value(jv values, const char *text, int64_t runs)
{
	struct pd_error ignored;
	jv entry = jv_object();

	if (runs == 0) {
		jv_free(entry);
		return values;
	}
	if (text != NULL)
		entry = pd_json_set(entry, "value", pd_json_parse(text, strlen(text),
		    &ignored));
	return jv_array_append(values, pd_json_set_number(entry, "runs", (double)runs));
}

/* [{value?, runs}] of a group, missing ones last; values beyond the limit are
 * only counted. */
static jv
group_values(const struct ranked *ranked, enum group group)
{
	const struct field *field = ranked->field;
	jv values = jv_array();

	for (size_t i = 0; i < field->count; i++)
		values = add_value(values, field->values[i].text,
		    field->values[i].runs[group]);
	if (field->other[group] > 0)
		values = jv_array_append(values, pd_json_set_number(pd_json_set(
		    jv_object(), "other", jv_true()), "runs",
		    (double)field->other[group]));
	return add_value(values, NULL, ranked->absent[group]);
}

static jv
describe(const struct ranked *ranked)
{
	static const char *const names[] = {[OUTCOME] = "outcome", [ORDER] = "order",
		[EVENTS] = "events", [EVENT_FIELD] = "event", [STATE] = "state",
		[LATENCY] = "latency"};
	const struct field *field = ranked->field;
	jv record = pd_json_set_string(jv_object(), "kind", names[field->kind]);

	if (field->id[0] != '\0')
		record = pd_json_set_string(record, "id", field->id);
	if (field->command[0] != '\0')
		record = pd_json_set_string(record, "command", field->command);
	if (field->event != NULL) {
		record = pd_json_set_string(record, "event", field->event);
		record = pd_json_set_number(record, "n", field->number);
	}
	if (field->path != NULL)
		record = pd_json_set_string(record, "path", field->path);
	record = pd_json_set_number(record, "score", ranked->score);
	if (ranked->scoped)
		record = pd_json_set(record, "run_scoped", jv_true());
	record = pd_json_set(record, "passing", group_values(ranked, PASSING));
	return pd_json_set(record, "failing", group_values(ranked, FAILING));
}

jv
pd_distinction_fields(const struct pd_distinction *distinction, int64_t *more)
{
	size_t count;
	struct ranked *list = rank_all(distinction, &count);
	jv fields = jv_array();

	for (size_t i = 0; i < count && i < PD_FIELDS_SHOWN; i++)
		fields = jv_array_append(fields, describe(&list[i]));
	*more = count > PD_FIELDS_SHOWN ? (int64_t)count - PD_FIELDS_SHOWN : 0;
	free(list);
	return fields;
}
