/* SPDX-License-Identifier: MIT */
/*
 * What was seen of the system outside of the answers to a run's commands, from an
 * injector or a poll, and waits to be folded: a queue in the order of arrival.
 */
#ifndef PD_SIGHTINGS_H
#define PD_SIGHTINGS_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace.h"

struct pd_sighting {
	const char *source;	/* as records have it; a constant */
	jv event;
	int64_t at;		/* when it was seen, on the loop's clock */
	char *id;		/* of the command that it belongs to, or NULL: not known */
	char trace_id[PD_TRACE_ID];	/* of the trace that it belongs to, or empty */
};

struct pd_sightings {
	struct pd_sighting *list;
	size_t first, count, room;
};

#define PD_SIGHTINGS_INIT {0}

/* Add one, which is consumed. */
void pd_sightings_add(struct pd_sightings *, struct pd_sighting);

/* When the first one was seen; INT64_MAX if there is none. */
int64_t pd_sightings_next(const struct pd_sightings *);

/* Take the first one, which there must be; its event and id are the caller's. */
struct pd_sighting pd_sightings_take(struct pd_sightings *);

/* Forget all. Returns how many there were. */
size_t pd_sightings_clear(struct pd_sightings *);
void pd_sightings_free(struct pd_sightings *);

#endif
