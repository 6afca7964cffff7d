/* SPDX-License-Identifier: MIT */
#include "intern.h"

#include <stdlib.h>
#include <string.h>

void
pd_interner_free(struct pd_interner *interner)
{
	pd_buffer_free(&interner->bytes);
	free(interner->ends);
	free(interner->slots);
	*interner = (struct pd_interner)PD_INTERNER_INIT;
}

/* FNV-1a (Fowler, Noll, Vo), and a last mixing since low bits choose the slot. */
static uint64_t
hash(const void *bytes, size_t length)
{
	const unsigned char *at = bytes;
	uint64_t value = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < length; i++)
		value = (value ^ at[i]) * UINT64_C(0x100000001b3);
	return value ^ value >> 32;
}

const char *
pd_interned(const struct pd_interner *interner, int32_t number, size_t *length)
{
	size_t start = number == 0 ? 0 : interner->ends[number - 1];

	*length = interner->ends[number] - start;
	return interner->bytes.data + start;
}

/* The slot of a string, or the free one where it belongs. */
static size_t
find(const struct pd_interner *interner, const void *bytes, size_t length)
{
	size_t mask = interner->slot_count - 1;
	size_t slot = (size_t)hash(bytes, length) & mask;

	for (; interner->slots[slot] != 0; slot = (slot + 1) & mask) {
		size_t found;
		const char *text = pd_interned(interner, interner->slots[slot] - 1, &found);
		if (found == length && memcmp(text, bytes, length) == 0)
			break;
	}
	return slot;
}

static void
grow(struct pd_interner *interner)
{
	size_t length;

	interner->slot_count = interner->slot_count == 0 ? 64 : 2 * interner->slot_count;
	free(interner->slots);
	interner->slots = pd_allocate(interner->slot_count, sizeof(*interner->slots));
	for (size_t i = 0; i < interner->count; i++) {
		const char *text = pd_interned(interner, (int32_t)i, &length);
		interner->slots[find(interner, text, length)] = (int32_t)i + 1;
	}
}

int32_t
pd_intern(struct pd_interner *interner, const void *bytes, size_t length)
{
	if (2 * interner->count >= interner->slot_count)
		grow(interner);
	size_t slot = find(interner, bytes, length);
	if (interner->slots[slot] != 0)
		return interner->slots[slot] - 1;
	if (interner->count == interner->room) {
		interner->room = interner->room == 0 ? 32 : 2 * interner->room;
		interner->ends = pd_reallocate(interner->ends, interner->room,
		    sizeof(*interner->ends));
	}
	pd_buffer_append(&interner->bytes, bytes, length);
	interner->ends[interner->count] = interner->bytes.length;
	interner->slots[slot] = (int32_t)++interner->count;
	return (int32_t)interner->count - 1;
}

int32_t
pd_intern_known(const struct pd_interner *interner, const void *bytes,
    size_t length)
{
	return interner->slot_count == 0 ? -1 :
	    interner->slots[find(interner, bytes, length)] - 1;
}

size_t
pd_interner_memory(const struct pd_interner *interner)
{
	return interner->bytes.capacity + interner->room * sizeof(*interner->ends) +
	    2 * interner->slot_count * sizeof(*interner->slots);
}
