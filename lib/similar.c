/* SPDX-License-Identifier: MIT */
#include "similar.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "hash.h"
#include "json.h"
#include "recorded.h"

static const double alike = 0.8;	/* Jaccard indices from here on */

/* What many failures have in common. */
struct group {
	jv cause;		/* {kind, name} */
	jv types;		/* {type of a command: true} */
};

struct entry {
	size_t group;
	uint64_t plan;		/* from its fingerprint */
	char *place;
	long offset;		/* of its sequence in the store */
	size_t length;
};

struct pd_similar {
	struct group *groups;
	size_t group_count;
	jv numbers;		/* {canonical group: its number} */
	struct entry *entries;
	size_t count, capacity;
	FILE *store;
};

/* A file without name, which is gone with the process. */
static FILE *
open_store(struct pd_error *error)
{
	const char *folder = getenv("TMPDIR");
	char *path = pd_format("%s/pd-similar-XXXXXX",
	    folder != NULL && folder[0] == '/' ? folder : "/tmp");
	int descriptor = mkstemp(path);
	FILE *store = descriptor >= 0 ? fdopen(descriptor, "w+e") : NULL;

	if (store == NULL)
		pd_error_at(error, path, 0, "cannot store sequences: %s", strerror(errno));
	if (descriptor >= 0)
		unlink(path);
	free(path);
	return store;
}

struct pd_similar *
pd_similar_new(struct pd_error *error)
{
	FILE *store = open_store(error);

	if (store == NULL)
		return NULL;
	struct pd_similar *similar = pd_allocate(1, sizeof(*similar));
	similar->numbers = jv_object();
	similar->store = store;
	return similar;
}

void
pd_similar_free(struct pd_similar *similar)
{
	if (similar == NULL)
		return;
	for (size_t i = 0; i < similar->group_count; i++) {
		jv_free(similar->groups[i].cause);
		jv_free(similar->groups[i].types);
	}
	for (size_t i = 0; i < similar->count; i++)
		free(similar->entries[i].place);
	free(similar->groups);
	free(similar->entries);
	jv_free(similar->numbers);
	fclose(similar->store);
	free(similar);
}

static jv
add_types(jv types, const struct pd_items *items)
{
	for (size_t i = 0; i < items->count; i++)
		types = pd_json_set(types, pd_json_peek_string(items->list[i].command,
		    "type", ""), jv_true());
	return types;
}

/* What comes in every run, setup and teardown, makes no two of them alike. */
static jv
types_of(const struct pd_sequence *sequence)
{
	jv types = add_types(jv_object(), &sequence->prefix);

	for (size_t i = 0; i < sequence->branch_count; i++)
		types = add_types(types, &sequence->branches[i]);
	return add_types(types, &sequence->suffix);
}

static jv
cause_of(jv record)
{
	jv failure = pd_json_peek(record, "failure");
	jv cause = pd_json_set_string(pd_json_set_string(jv_object(), "kind",
	    pd_json_peek_string(failure, "kind", "")), "name",
	    pd_json_peek_string(failure, "name", ""));

	jv_free(failure);
	return cause;
}

static uint64_t
plan_number(const struct pd_sequence *sequence)
{
	char plan[PD_HASH_TEXT];

	pd_sequence_fingerprint(sequence, plan);
	return pd_hash_number(plan, strlen(plan));
}

/* The number of the group of these, which is a new one if need be. Consumes
 * both. */
static size_t
group_number(struct pd_similar *similar, jv cause, jv types)
{
	jv key = pd_json_canonical(JV_ARRAY(jv_copy(cause), jv_copy(types)));
	double known = pd_json_peek_number(similar->numbers, jv_string_value(key), -1);

	if (known >= 0) {
		jv_free(key);
		jv_free(cause);
		jv_free(types);
		return (size_t)known;
	}
	size_t number = similar->group_count++;
	similar->groups = pd_reallocate(similar->groups, similar->group_count,
	    sizeof(*similar->groups));
	similar->groups[number] = (struct group){cause, types};
	similar->numbers = jv_object_set(similar->numbers, key,
	    jv_number((double)number));
	return number;
}

static bool
is_known(const struct pd_similar *similar, size_t group, uint64_t plan)
{
	for (size_t i = 0; i < similar->count; i++)
		if (similar->entries[i].plan == plan && similar->entries[i].group == group)
			return true;
	return false;
}

static void
add_entry(struct pd_similar *similar, struct entry entry)
{
	if (similar->count == similar->capacity) {
		similar->capacity = similar->capacity == 0 ? 16 : similar->capacity * 2;
		similar->entries = pd_reallocate(similar->entries, similar->capacity,
		    sizeof(*similar->entries));
	}
	similar->entries[similar->count++] = entry;
}

/* Put a sequence at the end of the store. Returns 0 or -1. */
static int
store_sequence(struct pd_similar *similar, const struct pd_sequence *sequence,
    struct entry *entry, struct pd_error *error)
{
	struct pd_buffer text = PD_BUFFER_INIT;
	jv record = pd_sequence_record(sequence);
	int result = 0;

	pd_json_append_peek(&text, record);
	jv_free(record);
	if (fseek(similar->store, 0, SEEK_END) != 0 ||
	    (entry->offset = ftell(similar->store)) < 0 ||
	    fwrite(text.data, 1, text.length, similar->store) != text.length ||
	    fflush(similar->store) != 0)
		result = pd_error_set(error, "cannot store a sequence: %s",
		    strerror(errno));
	entry->length = text.length;
	pd_buffer_free(&text);
	return result;
}

int
pd_similar_add(struct pd_similar *similar, jv record, const char *place,
    struct pd_error *error)
{
	struct pd_sequence sequence;
	struct entry entry = {0};
	int result = pd_failure_sequence(record, &sequence, error);

	if (result == 0) {
		entry.plan = plan_number(&sequence);
		entry.group = group_number(similar, cause_of(record), types_of(&sequence));
		if (!is_known(similar, entry.group, entry.plan)) {
			result = store_sequence(similar, &sequence, &entry, error);
			entry.place = result == 0 ? pd_duplicate(place) : NULL;
			if (result == 0)
				add_entry(similar, entry);
		}
	}
	pd_sequence_free(&sequence);
	return result;
}

/* Does the Jaccard index of two sets of types make them alike? */
static bool
types_are_alike(jv a, jv b)
{
	int common = 0;
	int all = jv_object_length(jv_copy(a)) + jv_object_length(jv_copy(b));

	jv_object_foreach(a, type, present) {
		common += pd_json_has_peek(b, jv_string_value(type));
		jv_free(type);
		jv_free(present);
	}
	return common > 0 && common >= alike * (all - common);
}

/* By group: are its failures like those of this cause and these types? */
static bool *
alike_groups(const struct pd_similar *similar, jv cause, jv types)
{
	bool *result = pd_allocate(similar->group_count, sizeof(*result));

	for (size_t i = 0; i < similar->group_count; i++)
		result[i] = pd_same_failure(similar->groups[i].cause, cause) ||
		    types_are_alike(similar->groups[i].types, types);
	return result;
}

/* The plan of a part of a failure record; 0 when there is none. */
static uint64_t
plan_of(jv record, const char *part)
{
	struct pd_sequence sequence;
	struct pd_error ignored;
	uint64_t plan = 0;
	jv planned = pd_json_peek(record, part);

	if (!jv_is_valid(planned))
		return 0;
	if (pd_sequence_parse(&sequence, planned, &ignored) == 0)
		plan = plan_number(&sequence);
	pd_sequence_free(&sequence);
	return plan;
}

size_t
pd_similar_find(struct pd_similar *similar, jv record, size_t **found)
{
	struct pd_sequence sequence;
	struct pd_error ignored;
	uint64_t original = plan_of(record, "original"), shrunk = plan_of(record, "shrunk");
	size_t count = 0;

	pd_failure_sequence(record, &sequence, &ignored);
	jv cause = cause_of(record), types = types_of(&sequence);
	bool *wanted = alike_groups(similar, cause, types);
	*found = pd_allocate(similar->count, sizeof(**found));
	for (size_t i = 0; i < similar->count; i++) {
		const struct entry *entry = &similar->entries[i];
		if (wanted[entry->group] && entry->plan != original &&
		    entry->plan != shrunk)
			(*found)[count++] = i;
	}
	free(wanted);
	jv_free(cause);
	jv_free(types);
	pd_sequence_free(&sequence);
	return count;
}

const char *
pd_similar_place(const struct pd_similar *similar, size_t number)
{
	return similar->entries[number].place;
}

jv
pd_similar_cause_peek(const struct pd_similar *similar, size_t number)
{
	return similar->groups[similar->entries[number].group].cause;
}

int
pd_similar_sequence(struct pd_similar *similar, size_t number,
    struct pd_sequence *sequence, struct pd_error *error)
{
	const struct entry *entry = &similar->entries[number];
	char *text = pd_allocate(entry->length + 1, 1);
	jv record = jv_invalid();

	*sequence = (struct pd_sequence)PD_SEQUENCE_INIT;
	if (fseek(similar->store, entry->offset, SEEK_SET) == 0 &&
	    fread(text, 1, entry->length, similar->store) == entry->length)
		record = pd_json_parse(text, entry->length, error);
	else
		pd_error_set(error, "cannot read a stored sequence: %s", strerror(errno));
	free(text);
	return jv_is_valid(record) ? pd_sequence_parse(sequence, record, error) : -1;
}
