/* SPDX-License-Identifier: MIT */
#include "sightings.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"

static void
make_room(struct pd_sightings *sightings)
{
	if (sightings->first > 0) {
		memmove(sightings->list, sightings->list + sightings->first,
		    sightings->count * sizeof(*sightings->list));
		sightings->first = 0;
	}
	if (sightings->count < sightings->room / 2)
		return;
	sightings->room = 2 * sightings->room + 64;
	sightings->list = pd_reallocate(sightings->list, sightings->room,
	    sizeof(*sightings->list));
}

void
pd_sightings_add(struct pd_sightings *sightings, struct pd_sighting sighting)
{
	if (sightings->first + sightings->count == sightings->room)
		make_room(sightings);
	sightings->list[sightings->first + sightings->count++] = sighting;
}

int64_t
pd_sightings_next(const struct pd_sightings *sightings)
{
	return sightings->count > 0 ? sightings->list[sightings->first].at : INT64_MAX;
}

struct pd_sighting
pd_sightings_take(struct pd_sightings *sightings)
{
	sightings->count--;
	return sightings->list[sightings->first++];
}

size_t
pd_sightings_clear(struct pd_sightings *sightings)
{
	size_t count = sightings->count;

	while (sightings->count > 0) {
		struct pd_sighting sighting = pd_sightings_take(sightings);
		jv_free(sighting.event);
		free(sighting.id);
	}
	sightings->first = 0;
	return count;
}

void
pd_sightings_free(struct pd_sightings *sightings)
{
	pd_sightings_clear(sightings);
	free(sightings->list);
	*sightings = (struct pd_sightings)PD_SIGHTINGS_INIT;
}
