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
	jv text = pd_json_canonical(key);
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

/* The keys of an operation: those of the command, within the part that its
 * record names. null: everything. */
static jv
keys_of(struct pd_specification *specification,
    const struct pd_operation *operation, struct pd_error *error)
{
	jv keys = pd_specification_keys(specification, operation->command, error);

	if (!jv_is_valid(keys) || !jv_is_valid(operation->key))
		return keys;
	if (jv_get_kind(keys) == JV_KIND_NULL) {
		jv_free(keys);
		return JV_ARRAY(jv_copy(operation->key));
	}
	jv within = jv_array();
	jv_array_foreach(keys, i, key) {
		within = jv_array_append(within, JV_ARRAY(jv_copy(operation->key), key));
	}
	jv_free(keys);
	return within;
}

/* Connect what belongs together. Returns 1 when all of it does, 0, or -1. */
static int
connect_all(struct grouping *grouping, struct pd_specification *specification,
    const struct pd_history *history, struct pd_error *error)
{
	for (size_t i = 0; i < history->count; i++) {
		jv keys = keys_of(specification, &history->list[i], error);
		if (!jv_is_valid(keys)) {
			jv_free(keys);
			return -1;
		}
		bool all = jv_get_kind(keys) == JV_KIND_NULL ||
		    jv_array_length(jv_copy(keys)) == 0;
		if (all) {
			jv_free(keys);
			return 1;
		}
		jv_array_foreach(keys, k, key) {
			take_key(grouping, i, key);
		}
		jv_free(keys);
	}
	return 0;
}

static void
add_operation(struct pd_part *part, size_t operation)
{
	if ((part->count & (part->count - 1)) == 0)
		part->operations = pd_reallocate(part->operations,
		    part->count == 0 ? 1 : 2 * part->count, sizeof(*part->operations));
	part->operations[part->count++] = operation;
}

/* The key of a part, if there is only one; it shares nothing with the history. */
static jv
key_of_part(struct pd_specification *specification,
    const struct pd_history *history, const struct pd_part *part)
{
	struct pd_error ignored;
	jv only = jv_invalid();

	for (size_t i = 0; i < part->count; i++) {
		jv keys = pd_specification_keys(specification,
		    history->list[part->operations[i]].command, &ignored);
		if (jv_get_kind(keys) == JV_KIND_NULL)
			keys = jv_is_valid(history->list[part->operations[i]].key) ?
			    JV_ARRAY(jv_copy(history->list[part->operations[i]].key)) : keys;
		bool one = jv_get_kind(keys) == JV_KIND_ARRAY &&
		    jv_array_length(jv_copy(keys)) == 1;
		jv key = one ? jv_array_get(keys, 0) : (jv_free(keys), jv_invalid());
		if (one && !jv_is_valid(only)) {
			only = key;
			continue;
		}
		one = one && jv_equal(jv_copy(only), jv_copy(key));
		jv_free(key);
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
divide(struct pd_partition *partition, struct grouping *grouping, bool whole,
    size_t count)
{
	size_t *numbers = pd_allocate(count + 1, sizeof(*numbers));

	partition->parts = pd_allocate(count + 1, sizeof(*partition->parts));
	for (size_t i = 0; i < count; i++) {
		size_t root = whole ? 0 : root_of(grouping, i);
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
	if (result >= 0)
		divide(partition, &grouping, result == 1, history->count);
	for (size_t i = 0; i < partition->count; i++)
		partition->parts[i].key = result == 1 ? jv_invalid() :
		    key_of_part(specification, history, &partition->parts[i]);
	free(grouping.parents);
	free(grouping.holders);
	pd_interner_free(&grouping.keys);
	return result < 0 ? -1 : 0;
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
