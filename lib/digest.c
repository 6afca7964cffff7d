/* SPDX-License-Identifier: MIT */
#include "digest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"

/* The finalizer of SplitMix64 (Steele, Lea and Flood, Fast Splittable
 * Pseudorandom Number Generators, OOPSLA 2014). */
static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

uint64_t
pd_digest_pair(uint64_t one, uint64_t other)
{
	return mix(mix(one + UINT64_C(0x9e3779b97f4a7c15)) + other);
}

/* FNV-1a (Fowler, Noll, Vo), mixed. */
static uint64_t
text_number(const char *text, size_t length)
{
	uint64_t value = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < length; i++)
		value = (value ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	return mix(value ^ length << 48);
}

static uint64_t
string_number(jv string)
{
	return text_number(jv_string_value(string),
	    (size_t)jv_string_length_bytes(jv_copy(string)));
}

/*
 * Aliases.
 */
static struct pd_alias *
find(const struct pd_aliases *aliases, uint64_t of)
{
	size_t mask = aliases->slot_count - 1, slot = (size_t)of & mask;

	while (aliases->slots[slot].of != 0 && aliases->slots[slot].of != of)
		slot = (slot + 1) & mask;
	return &aliases->slots[slot];
}

static void
grow(struct pd_aliases *aliases)
{
	struct pd_aliases larger = {.slot_count = aliases->slot_count == 0 ? 64 :
		2 * aliases->slot_count, .count = aliases->count};

	larger.slots = pd_allocate(larger.slot_count, sizeof(*larger.slots));
	for (size_t i = 0; i < aliases->slot_count; i++) {
		if (aliases->slots[i].of != 0)
			*find(&larger, aliases->slots[i].of) = aliases->slots[i];
	}
	free(aliases->slots);
	*aliases = larger;
}

static void
add_text(struct pd_aliases *aliases, uint64_t of)
{
	if (2 * aliases->count >= aliases->slot_count)
		grow(aliases);
	struct pd_alias *alias = find(aliases, of);
	if (alias->of != 0)
		return;
	alias->of = of;
	alias->to = mix(++aliases->count);
}

void
pd_aliases_add(struct pd_aliases *aliases, jv name)
{
	if (jv_get_kind(name) == JV_KIND_STRING) {
		add_text(aliases, string_number(name));
	} else if (jv_get_kind(name) == JV_KIND_NUMBER) {
		/* As a key it is text. */
		jv text = jv_dump_string(jv_copy(name), 0);
		add_text(aliases, string_number(text));
		jv_free(text);
	}
}

void
pd_aliases_clear(struct pd_aliases *aliases)
{
	if (aliases->count > 0)
		memset(aliases->slots, 0, aliases->slot_count * sizeof(*aliases->slots));
	aliases->count = 0;
}

void
pd_aliases_free(struct pd_aliases *aliases)
{
	free(aliases->slots);
	*aliases = (struct pd_aliases)PD_ALIASES_INIT;
}

static uint64_t
alias_number(jv string, const struct pd_aliases *aliases)
{
	uint64_t number = string_number(string);

	if (aliases->count == 0)
		return number;
	const struct pd_alias *alias = find(aliases, number);
	return alias->of != 0 ? alias->to : number;
}

/*
 * Values. Each kind begins with a number of its own.
 */
enum { SALT_NUMBER = 1, SALT_LARGE, SALT_STRING, SALT_ARRAY, SALT_OBJECT, SALT_KIND };

/* Beyond 2^53 a double is not all that a number was. */
static uint64_t
number_number(jv number)
{
	double value = jv_number_value(number);
	uint64_t bits;

	if (fabs(value) >= 0x1p53 && jv_number_has_literal(number)) {
		jv text = jv_dump_string(jv_copy(number), 0);
		bits = pd_digest_pair(SALT_LARGE, string_number(text));
		jv_free(text);
		return bits;
	}
	value += 0.0;	/* -0 is 0 */
	memcpy(&bits, &value, sizeof(bits));
	return pd_digest_pair(SALT_NUMBER, bits);
}

static uint64_t
array_number(jv array, const struct pd_aliases *aliases)
{
	uint64_t number = SALT_ARRAY;

	jv_array_foreach(array, i, value) {
		number = pd_digest_pair(number, pd_digest(value, aliases));
		jv_free(value);
	}
	return mix(number);
}

/* A sum, so that the order of the keys does not matter. */
static uint64_t
object_number(jv object, const struct pd_aliases *aliases)
{
	uint64_t sum = SALT_OBJECT;

	jv_object_foreach(object, key, value) {
		sum += pd_digest_pair(alias_number(key, aliases), pd_digest(value, aliases));
		jv_free(key);
		jv_free(value);
	}
	return pd_digest_pair(SALT_OBJECT, sum);
}

uint64_t
pd_digest(jv value, const struct pd_aliases *aliases)
{
	switch (jv_get_kind(value)) {
	case JV_KIND_NUMBER:
		return number_number(value);
	case JV_KIND_STRING:
		return pd_digest_pair(SALT_STRING, alias_number(value, aliases));
	case JV_KIND_ARRAY:
		return array_number(value, aliases);
	case JV_KIND_OBJECT:
		return object_number(value, aliases);
	default:
		return pd_digest_pair(SALT_KIND, (uint64_t)jv_get_kind(value));
	}
}
