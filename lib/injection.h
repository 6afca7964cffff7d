/* SPDX-License-Identifier: MIT */
/*
 * All injectors of a pd-exec, and what becomes of their lines. A line that is a
 * JSON object or array is a payload as it is, any other is {"text": LINE}; the
 * injector's map, or else the model's to_event, makes events of a payload, or
 * skips it. What comes of it is added to the sightings.
 */
#ifndef PD_INJECTION_H
#define PD_INJECTION_H

#include <stdbool.h>
#include <stddef.h>

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
};

/* Loop, model and sightings are borrowed. NULL on error. */
struct pd_injection *pd_injection_new(struct pd_loop *, struct pd_model *,
    const struct pd_injection_options *, size_t count, struct pd_sightings *,
    struct pd_error *);
void pd_injection_free(struct pd_injection *);

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

#endif
