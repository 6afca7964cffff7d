/* SPDX-License-Identifier: MIT */
#include "sequence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"
#include "reference.h"

void
pd_items_add(struct pd_items *items, const char *id, jv command, jv label)
{
	items->list = pd_reallocate(items->list, items->count + 1,
	    sizeof(*items->list));
	items->list[items->count++] = (struct pd_item){
		.id = pd_duplicate(id), .command = command, .label = label};
}

void
pd_items_move(struct pd_items *from, size_t first, size_t count,
    struct pd_items *to, size_t at)
{
	if (count == 0)
		return;
	to->list = pd_reallocate(to->list, to->count + count, sizeof(*to->list));
	memmove(to->list + at + count, to->list + at,
	    (to->count - at) * sizeof(*to->list));
	memcpy(to->list + at, from->list + first, count * sizeof(*to->list));
	to->count += count;
	from->count -= count;
	memmove(from->list + first, from->list + first + count,
	    (from->count - first) * sizeof(*from->list));
}

void
pd_items_free(struct pd_items *items)
{
	for (size_t i = 0; i < items->count; i++) {
		free(items->list[i].id);
		jv_free(items->list[i].command);
		jv_free(items->list[i].label);
	}
	free(items->list);
	*items = (struct pd_items){0};
}

void
pd_sequence_free(struct pd_sequence *sequence)
{
	pd_items_free(&sequence->setup);
	pd_items_free(&sequence->prefix);
	pd_items_free(&sequence->suffix);
	pd_items_free(&sequence->teardown);
	for (size_t i = 0; i < sequence->branch_count; i++)
		pd_items_free(&sequence->branches[i]);
	free(sequence->branches);
	*sequence = (struct pd_sequence)PD_SEQUENCE_INIT;
}

static void
copy_items(struct pd_items *to, const struct pd_items *from)
{
	for (size_t i = 0; i < from->count; i++)
		pd_items_add(to, from->list[i].id, jv_copy(from->list[i].command),
		    jv_copy(from->list[i].label));
}

void
pd_sequence_copy(struct pd_sequence *to, const struct pd_sequence *from)
{
	*to = (struct pd_sequence){.run = from->run, .seed = from->seed,
		.branch_count = from->branch_count};
	copy_items(&to->setup, &from->setup);
	copy_items(&to->prefix, &from->prefix);
	copy_items(&to->suffix, &from->suffix);
	copy_items(&to->teardown, &from->teardown);
	to->branches = pd_allocate(from->branch_count, sizeof(*to->branches));
	for (size_t i = 0; i < from->branch_count; i++)
		copy_items(&to->branches[i], &from->branches[i]);
}

size_t
pd_sequence_length(const struct pd_sequence *sequence)
{
	size_t length = sequence->setup.count + sequence->prefix.count +
	    sequence->suffix.count + sequence->teardown.count;

	for (size_t i = 0; i < sequence->branch_count; i++)
		length += sequence->branches[i].count;
	return length;
}

size_t
pd_sequence_commands(const struct pd_sequence *sequence)
{
	return pd_sequence_length(sequence) - sequence->setup.count -
	    sequence->teardown.count;
}

void
pd_sequence_tidy(struct pd_sequence *sequence)
{
	struct pd_items *prefix = &sequence->prefix, *suffix = &sequence->suffix;
	size_t kept = 0;

	if (sequence->branch_count == 0)
		return;
	for (size_t i = 0; i < sequence->branch_count; i++) {
		if (sequence->branches[i].count > 0)
			sequence->branches[kept++] = sequence->branches[i];
		else
			pd_items_free(&sequence->branches[i]);
	}
	sequence->branch_count = kept;
	if (kept > 1)
		return;
	if (kept == 1) {
		pd_items_move(&sequence->branches[0], 0, sequence->branches[0].count,
		    prefix, prefix->count);
		pd_items_free(&sequence->branches[0]);
		sequence->branch_count = 0;
	}
	pd_items_move(suffix, 0, suffix->count, prefix, prefix->count);
}

/*
 * Reading. known maps each id to the part in which it was defined; an item may
 * refer to known ids only.
 */
static int
check_references(jv command, const char *id, jv known, struct pd_error *error)
{
	jv ids = pd_reference_ids(jv_copy(command));
	int result = 0;

	jv_array_foreach(ids, i, target) {
		if (result == 0 && !pd_json_has_peek(known, jv_string_value(target))) {
			result = pd_error_set(error,
			    "command %s refers to %s, which does not come before it",
			    id, jv_string_value(target));
			pd_error_hint(error,
			    "data that starts with @ is written with two of them");
		}
		jv_free(target);
	}
	jv_free(ids);
	return result;
}

static int
parse_item(struct pd_items *items, jv item, jv *known, jv *taken,
    struct pd_error *error)
{
	const char *id = pd_json_peek_string(item, "id", NULL);
	jv command = pd_json_peek(item, "command");
	jv label = pd_json_peek(item, "label");
	int result = 0;

	if (id == NULL || pd_json_peek_string(command, "type", NULL) == NULL) {
		result = pd_error_set(error,
		    "an item of a sequence needs an id and a command with a type");
	} else if (pd_json_has_peek(*taken, id)) {
		result = pd_error_set(error, "the id %s occurs twice", id);
	} else {
		result = check_references(command, id, *known, error);
		*known = pd_json_set(*known, id, jv_true());
		*taken = pd_json_set(*taken, id, jv_true());
		pd_items_add(items, id, jv_copy(command), jv_copy(label));
	}
	jv_free(label);
	jv_free(command);
	jv_free(item);
	return result;
}

static int
parse_items(struct pd_items *items, jv array, jv *known, jv *taken,
    struct pd_error *error)
{
	int result = 0;

	if (!jv_is_valid(array) || jv_get_kind(array) == JV_KIND_NULL) {
		jv_free(array);
		return 0;
	}
	if (jv_get_kind(array) != JV_KIND_ARRAY) {
		jv_free(array);
		return pd_error_set(error, "a part of the sequence is not an array");
	}
	int count = jv_array_length(jv_copy(array));
	for (int i = 0; i < count && result == 0; i++)
		result = parse_item(items, jv_array_get(jv_copy(array), i),
		    known, taken, error);
	jv_free(array);
	return result;
}

/* A branch knows what came before the branches; what follows knows them all. */
static int
parse_branches(struct pd_sequence *sequence, jv array, jv *known, jv *taken,
    struct pd_error *error)
{
	int result = 0;
	int count = jv_get_kind(array) == JV_KIND_ARRAY ?
	    jv_array_length(jv_copy(array)) : 0;
	jv after = jv_copy(*known);

	sequence->branches = pd_allocate((size_t)count, sizeof(*sequence->branches));
	for (int i = 0; i < count && result == 0; i++) {
		jv inside = jv_copy(*known);
		sequence->branch_count++;
		result = parse_items(&sequence->branches[i],
		    jv_array_get(jv_copy(array), i), &inside, taken, error);
		after = jv_object_merge(after, inside);
	}
	jv_free(*known);
	*known = after;
	jv_free(array);
	return result;
}

/* A whole number from 0 to 2^53 - 1, or the fallback. */
static int64_t
small_number(jv record, const char *key, int64_t fallback)
{
	jv value = pd_json_peek(record, key);
	int64_t number;
	bool good = pd_json_integer_peek(value, &number) && number >= 0;

	jv_free(value);
	return good ? number : fallback;
}

int
pd_sequence_parse(struct pd_sequence *sequence, jv record,
    struct pd_error *error)
{
	jv known = jv_object(), taken = jv_object();

	*sequence = (struct pd_sequence)PD_SEQUENCE_INIT;
	sequence->run = small_number(record, "run", 1);
	sequence->seed = (uint64_t)small_number(record, "seed", 0);
	int result = 0;
	if (!pd_json_has_peek(record, "prefix"))
		result = pd_error_set(error, "a sequence needs a prefix");
	if (result == 0)
		result = parse_items(&sequence->setup, pd_json_peek(record, "setup"),
		    &known, &taken, error);
	if (result == 0)
		result = parse_items(&sequence->prefix, pd_json_peek(record, "prefix"),
		    &known, &taken, error);
	if (result == 0)
		result = parse_branches(sequence, pd_json_peek(record, "branches"),
		    &known, &taken, error);
	if (result == 0)
		result = parse_items(&sequence->suffix, pd_json_peek(record, "suffix"),
		    &known, &taken, error);
	if (result == 0)
		result = parse_items(&sequence->teardown,
		    pd_json_peek(record, "teardown"), &known, &taken, error);
	jv_free(known);
	jv_free(taken);
	jv_free(record);
	return result;
}

static jv
items_json(const struct pd_items *items, bool with_labels)
{
	jv array = jv_array_sized((int)items->count);

	for (size_t i = 0; i < items->count; i++) {
		const struct pd_item *item = &items->list[i];
		jv object = jv_object_set(pd_json_set_string(jv_object(), "id",
		    item->id), jv_string("command"), jv_copy(item->command));
		if (with_labels && jv_is_valid(item->label))
			object = pd_json_set(object, "label", jv_copy(item->label));
		array = jv_array_append(array, object);
	}
	return array;
}

static jv
add_parts(jv object, const struct pd_sequence *sequence, bool with_labels)
{
	if (sequence->setup.count > 0)
		object = pd_json_set(object, "setup",
		    items_json(&sequence->setup, with_labels));
	object = pd_json_set(object, "prefix",
	    items_json(&sequence->prefix, with_labels));
	if (sequence->branch_count > 0) {
		jv branches = jv_array();
		for (size_t i = 0; i < sequence->branch_count; i++)
			branches = jv_array_append(branches,
			    items_json(&sequence->branches[i], with_labels));
		object = pd_json_set(object, "branches", branches);
	}
	object = pd_json_set(object, "suffix",
	    items_json(&sequence->suffix, with_labels));
	if (sequence->teardown.count > 0)
		object = pd_json_set(object, "teardown",
		    items_json(&sequence->teardown, with_labels));
	return object;
}

void
pd_sequence_fingerprint(const struct pd_sequence *sequence,
    char text[PD_HASH_TEXT])
{
	pd_json_hash(add_parts(jv_object(), sequence, false), text);
}

jv
pd_sequence_record(const struct pd_sequence *sequence)
{
	char plan[PD_HASH_TEXT];
	jv record = pd_json_set_string(jv_object(), "type", "sequence");

	pd_sequence_fingerprint(sequence, plan);
	record = pd_json_set_number(record, "run", (double)sequence->run);
	record = pd_json_set_number(record, "seed", (double)sequence->seed);
	record = pd_json_set_string(record, "plan", plan);
	return add_parts(record, sequence, true);
}
