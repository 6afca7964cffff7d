/* SPDX-License-Identifier: MIT */
#include "partition.h"

#include <stdlib.h>

#include "buffer.h"
#include "intern.h"
#include "json.h"

/* Sets of operations that are connected (Galler and Fischer, 1964). */
struct grouping {
	size_t *parents;	/* by operation */
	struct pd_interner keys;
	size_t *holders;	/* by key: an operation that touches it */
	size_t holder_room, holder_count;
};

static size_t
root_of(struct grouping *grouping, size_t operation)
{
	while (grouping->parents[operation] != operation) {
		size_t parent = grouping->parents[operation];
		grouping->parents[operation] = grouping->parents[parent];
		operation = grouping->parents[operation];
	}
	return operation;
}

/* The first operation of a set is its root. */
static void
connect(struct grouping *grouping, size_t a, size_t b)
{
	a = root_of(grouping, a);
	b = root_of(grouping, b);
	if (a < b)
		grouping->parents[b] = a;
	else
		grouping->parents[a] = b;
}

/* Connect an operation with all others of this key. Consumes the key. */
static void
take_key(struct grouping *grouping, size_t operation, jv key)
{
	jv text = pd_json_identity(key);
	size_t number = (size_t)pd_intern(&grouping->keys, jv_string_value(text),
	    (size_t)jv_string_length_bytes(jv_copy(text)));

	jv_free(text);
	if (number < grouping->holder_count) {
		connect(grouping, operation, grouping->holders[number]);
		return;
	}
	if (number >= grouping->holder_room) {
		grouping->holder_room = number < 16 ? 32 : 2 * number;
		grouping->holders = pd_reallocate(grouping->holders,
		    grouping->holder_room, sizeof(*grouping->holders));
	}
	grouping->holders[number] = operation;
	grouping->holder_count = number + 1;
}

/* What the record of an operation calls its part, as text; "" for nothing. */
static jv
name_of(const struct pd_operation *operation)
{
	return jv_is_valid(operation->key) ?
	    pd_json_identity(jv_copy(operation->key)) : jv_string("");
}

/* Operations of one named part are connected by the keys of their commands; by
 * the name alone once one of them touches all of the part. */
static int
connect_by_keys(struct grouping *grouping,
    struct pd_specification *specification, const struct pd_history *history,
    jv *whole, struct pd_error *error)
{
	for (size_t i = 0; i < history->count; i++) {
		jv keys = pd_specification_keys(specification, history->list[i].command, error);
		jv name = name_of(&history->list[i]);
		if (!jv_is_valid(keys)) {
			jv_free(name);
			jv_free(keys);
			return -1;
		}
		if (jv_get_kind(keys) == JV_KIND_NULL || jv_array_length(jv_copy(keys)) == 0) {
			*whole = jv_object_set(*whole, jv_copy(name), jv_true());
		} else {
			jv_array_foreach(keys, k, key) {
				take_key(grouping, i, JV_ARRAY(jv_copy(name), key));
			}
		}
		jv_free(name);
		jv_free(keys);
	}
	return 0;
}

static int
connect_all(struct grouping *grouping, struct pd_specification *specification,
    const struct pd_history *history, struct pd_error *error)
{
	jv whole = jv_object();
	int result = connect_by_keys(grouping, specification, history, &whole, error);

	for (size_t i = 0; i < history->count && result == 0; i++) {
		jv name = name_of(&history->list[i]);
		if (pd_json_has_peek(whole, jv_string_value(name)))
			take_key(grouping, i, name);
		else
			jv_free(name);
	}
	jv_free(whole);
	return result;
}

static void
add_operation(struct pd_part *part, size_t operation)
{
	if ((part->count & (part->count - 1)) == 0)
		part->operations = pd_reallocate(part->operations,
		    part->count == 0 ? 1 : 2 * part->count, sizeof(*part->operations));
	part->operations[part->count++] = operation;
}

/* The keys of a command, or the name of its part where they say nothing. */
static jv
keys_or_name(struct pd_specification *specification,
    const struct pd_operation *operation)
{
	struct pd_error ignored;
	jv keys = pd_specification_keys(specification, operation->command, &ignored);

	if (jv_get_kind(keys) == JV_KIND_ARRAY)
		return keys;
	jv_free(keys);
	return jv_is_valid(operation->key) ? JV_ARRAY(jv_copy(operation->key)) : jv_null();
}

/* The key of a part, if there is only one; it shares nothing with the history. */
static jv
key_of_part(struct pd_specification *specification,
    const struct pd_history *history, const struct pd_part *part)
{
	jv only = jv_invalid();

	for (size_t i = 0; i < part->count; i++) {
		jv keys = keys_or_name(specification, &history->list[part->operations[i]]);
		bool one = jv_get_kind(keys) == JV_KIND_ARRAY &&
		    jv_array_length(jv_copy(keys)) == 1;
		jv key = one ? jv_array_get(keys, 0) : (jv_free(keys), jv_invalid());
		one = one && (i == 0 || jv_equal(jv_copy(only), jv_copy(key)));
		jv_free(only);
		only = key;
		if (!one) {
			jv_free(only);
			return jv_invalid();
		}
	}
	jv key = pd_json_apart(only);
	jv_free(only);
	return key;
}

static void
divide(struct pd_partition *partition, struct grouping *grouping, size_t count)
{
	size_t *numbers = pd_allocate(count + 1, sizeof(*numbers));

	partition->parts = pd_allocate(count + 1, sizeof(*partition->parts));
	for (size_t i = 0; i < count; i++) {
		size_t root = root_of(grouping, i);
		if (root == i)
			numbers[i] = partition->count++;
		add_operation(&partition->parts[numbers[root]], i);
	}
	free(numbers);
}

int
pd_partition(struct pd_partition *partition,
    struct pd_specification *specification, const struct pd_history *history,
    struct pd_error *error)
{
	struct grouping grouping = {.keys = PD_INTERNER_INIT,
		.parents = pd_allocate(history->count + 1, sizeof(size_t))};

	*partition = (struct pd_partition){0};
	for (size_t i = 0; i < history->count; i++)
		grouping.parents[i] = i;
	int result = connect_all(&grouping, specification, history, error);
	if (result == 0)
		divide(partition, &grouping, history->count);
	for (size_t i = 0; i < partition->count; i++)
		partition->parts[i].key = key_of_part(specification, history,
		    &partition->parts[i]);
	free(grouping.parents);
	free(grouping.holders);
	pd_interner_free(&grouping.keys);
	return result;
}

void
pd_partition_free(struct pd_partition *partition)
{
	for (size_t i = 0; i < partition->count; i++) {
		free(partition->parts[i].operations);
		jv_free(partition->parts[i].key);
	}
	free(partition->parts);
	*partition = (struct pd_partition){0};
}
