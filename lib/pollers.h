/* SPDX-License-Identifier: MIT */
/*
 * Pollers: as long as a condition of the model is open, the commands that its
 * poll_NAME gives are sent again and again, beside the run's own, and the events
 * of their answers are added to the sightings. An answer that asks to try again has
 * no event; any other that is no answer is the pollers' failure.
 */
#ifndef PD_POLLERS_H
#define PD_POLLERS_H

#include <jv.h>
#include <stdint.h>

#include "adapter.h"
#include "conditions.h"
#include "error.h"
#include "loop.h"
#include "model.h"
#include "redact.h"
#include "sightings.h"

struct pd_pollers_options {
	struct pd_loop *loop;
	struct pd_model *model;
	struct pd_adapter *adapter;
	struct pd_sightings *sightings;
	const struct pd_redaction *redaction;
	int64_t timeout;	/* of a command, microseconds */
	int64_t run;		/* its number, for the adapter */
	int64_t epoch;		/* as in pd_call_options */
};

struct pd_poller;

struct pd_pollers {
	struct pd_pollers_options options;
	struct pd_poller *list;	/* linked */
	const char *kind;	/* of the failure, or NULL */
	char *name, *id;	/* of the command that failed, and of the one whose
				 * condition it was for; owned */
	struct pd_error error;
};

void pd_pollers_start(struct pd_pollers *, const struct pd_pollers_options *);

/* Start a poller for each window that has none, and end those whose window is
 * closed. The state (borrowed) is the present one. */
void pd_pollers_update(struct pd_pollers *, const struct pd_conditions *, jv state);

/* End them all. */
void pd_pollers_stop(struct pd_pollers *);

#endif
