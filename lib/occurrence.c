/* SPDX-License-Identifier: MIT */
#include "occurrence.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"

void
pd_occurrences_free(struct pd_occurrences *set)
{
	pd_interner_free(&set->names);
	free(set->list);
	*set = (struct pd_occurrences){.names = PD_INTERNER_INIT};
}

static struct pd_occurrence *
find_known(struct pd_occurrences *set, const void *name, size_t length)
{
	int32_t number = pd_intern_known(&set->names, name, length);

	if (number < 0)
		set->left_out++;
	return number < 0 ? NULL : &set->list[number];
}

struct pd_occurrence *
pd_occurrences_find(struct pd_occurrences *set, const void *name, size_t length)
{
	size_t count = set->names.count;

	if (count == PD_OCCURRENCES_LIMIT)
		return find_known(set, name, length);
	int32_t number = pd_intern(&set->names, name, length);
	if (set->names.count == count)
		return &set->list[number];
	if (count == set->room) {
		set->room = set->room == 0 ? 32 : 2 * set->room;
		set->list = pd_reallocate(set->list, set->room, sizeof(*set->list));
	}
	set->list[number] = (struct pd_occurrence){0};
	return &set->list[number];
}

void
pd_occurrences_declare(struct pd_occurrences *set, const void *name,
    size_t length)
{
	struct pd_occurrence *entry = pd_occurrences_find(set, name, length);

	set->declared = true;
	if (entry != NULL)
		entry->declared = true;
}

void
pd_occurrence_add(struct pd_occurrence *entry, int64_t times, int64_t runs,
    int64_t first)
{
	if (entry->times == 0 || first < entry->first)
		entry->first = first;
	entry->times += times;
	entry->runs += runs;
}

void
pd_occurrence_note(struct pd_occurrence *entry, int64_t times,
    struct pd_moment moment)
{
	if (entry == NULL)
		return;
	pd_occurrence_add(entry, times, entry->serial != moment.serial, moment.run);
	entry->serial = moment.serial;
}

struct ordered {
	const char *name;
	size_t length;
	int32_t number;
};

static int
by_name(const void *a, const void *b)
{
	const struct ordered *one = a, *other = b;
	size_t shared = one->length < other->length ? one->length : other->length;
	int order = memcmp(one->name, other->name, shared);

	if (order != 0)
		return order;
	return (one->length > other->length) - (one->length < other->length);
}

int32_t *
pd_occurrences_sorted(const struct pd_occurrences *set)
{
	size_t count = set->names.count;
	struct ordered *names = pd_allocate(count, sizeof(*names));
	int32_t *numbers = pd_allocate(count, sizeof(*numbers));

	for (size_t i = 0; i < count; i++) {
		names[i].number = (int32_t)i;
		names[i].name = pd_interned(&set->names, (int32_t)i, &names[i].length);
	}
	if (count > 0)
		qsort(names, count, sizeof(*names), by_name);
	for (size_t i = 0; i < count; i++)
		numbers[i] = names[i].number;
	free(names);
	return numbers;
}
