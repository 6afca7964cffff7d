/* SPDX-License-Identifier: MIT */
/*
 * All injectors of a pd-exec, and what becomes of their lines. A line that is a
 * JSON object or array is a payload as it is, any other is {"text": LINE}; the
 * injector's map, or else the model's to_event, makes events of a payload, or
 * skips it. What comes of it is added to the sightings. Mocks are among them: they
 * are told what happens, and what they write are records of requests, whose events
 * are sightings, too.
 */
#ifndef PD_INJECTION_H
#define PD_INJECTION_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "loop.h"
#include "model.h"
#include "sightings.h"

struct pd_injection;

struct pd_injection_options {
	const char *name;	/* for messages, or NULL: the program's */
	const char *command;	/* a line for sh */
	const char *ready;	/* a regular expression as of jq, or NULL */
	const char *map;	/* as of pd-forensics(1), or NULL */
	bool mock;		/* it speaks the protocol of pd-mock(1) */
	bool strict;		/* a mock: unmatched requests are failures */
	int64_t timeout;	/* a mock: to take a line, microseconds */
};

/* Loop, model and sightings are borrowed. NULL on error. */
struct pd_injection *pd_injection_new(struct pd_loop *, struct pd_model *,
    const struct pd_injection_options *, size_t count, struct pd_sightings *,
    struct pd_error *);
void pd_injection_free(struct pd_injection *);

/* A run begins: the times of payloads count from this on the loop's clock. */
void pd_injection_count_from(struct pd_injection *, int64_t epoch);

/* Start them all. They are ready when pd_injection_ready gives 1; 0 means not yet,
 * -1 that one failed. */
int pd_injection_start(struct pd_injection *, struct pd_error *);
int pd_injection_ready(const struct pd_injection *, struct pd_error *);

/* Injectors wait when many sightings do; go on with those, if few do now. */
void pd_injection_resume(struct pd_injection *);

/* Read all that they have written up to now. */
void pd_injection_read(struct pd_injection *);

/* Has one failed, or could a payload not be turned into events? Then the kind of
 * failure and the injector's name; NULL if all is well. */
const char *pd_injection_failed(const struct pd_injection *, const char **name,
    struct pd_error *);

/*
 * For mocks. Nothing happens where there is none.
 */

/* Tell them of something: an object with a type, which is consumed. Returns a number
 * to ask by, which grows. */
int64_t pd_injection_tell(struct pd_injection *, jv line);

/* The model's state is this (borrowed), if it was another one before. */
void pd_injection_tell_state(struct pd_injection *, jv state);

/* Have all taken what was told by this number, or failed? */
bool pd_injection_has_taken(const struct pd_injection *, int64_t ask);
bool pd_injection_has_mocks(const struct pd_injection *);

/* What they were asked since this was called before: an array of records of
 * requests, with at_us on the loop's clock and the name of the mock. */
jv pd_injection_requests(struct pd_injection *);

#endif
