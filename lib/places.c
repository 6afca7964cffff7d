/* SPDX-License-Identifier: MIT */
#include "places.h"

#include <stdlib.h>

#include "buffer.h"

uint64_t
pd_mix(uint64_t value)
{
	value += UINT64_C(0x9e3779b97f4a7c15);
	value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
	return value ^ value >> 31;
}

struct pd_place
pd_place_mark(size_t number)
{
	return (struct pd_place){pd_mix(2 * number), pd_mix(2 * number + 1)};
}

struct pd_place
pd_place_combine(struct pd_place a, struct pd_place b)
{
	return (struct pd_place){a.high ^ b.high, a.low ^ b.low};
}

void
pd_places_free(struct pd_places *places)
{
	free(places->places);
	free(places->values);
	*places = (struct pd_places)PD_PLACES_INIT;
}

static bool
is_free(struct pd_place place)
{
	return place.high == 0 && place.low == 0;
}

static size_t
find(const struct pd_places *places, struct pd_place place)
{
	size_t mask = places->slots - 1;
	size_t slot = (size_t)place.low & mask;

	for (;; slot = (slot + 1) & mask) {
		struct pd_place found = places->places[slot];
		if (is_free(found) || (found.high == place.high && found.low == place.low))
			return slot;
	}
}

static void
grow(struct pd_places *places)
{
	struct pd_places old = *places;

	places->slots = old.slots == 0 ? 256 : 2 * old.slots;
	places->places = pd_allocate(places->slots, sizeof(*places->places));
	places->values = pd_allocate(places->slots, sizeof(*places->values));
	for (size_t i = 0; i < old.slots; i++) {
		if (is_free(old.places[i]))
			continue;
		size_t slot = find(places, old.places[i]);
		places->places[slot] = old.places[i];
		places->values[slot] = old.values[i];
	}
	free(old.places);
	free(old.values);
}

uint32_t *
pd_places_enter(struct pd_places *places, struct pd_place place, bool *fresh)
{
	if (4 * places->count >= 3 * places->slots)
		grow(places);
	size_t slot = find(places, place);
	*fresh = is_free(places->places[slot]);
	if (*fresh) {
		places->places[slot] = place;
		places->count++;
	}
	return &places->values[slot];
}

const uint32_t *
pd_places_look(const struct pd_places *places, struct pd_place place)
{
	if (places->slots == 0)
		return NULL;
	size_t slot = find(places, place);
	return is_free(places->places[slot]) ? NULL : &places->values[slot];
}

size_t
pd_places_memory(const struct pd_places *places)
{
	/* With the table of twice the size into which it will be copied. */
	return 3 * places->slots * (sizeof(*places->places) + sizeof(*places->values));
}
