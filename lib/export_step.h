/* SPDX-License-Identifier: MIT */
/*
 * One command of a failure, as an export does it again: its requests with holes,
 * what of the replies is kept, when to ask again, and what is known of the last
 * reply. All is worked out of the recorded exchange and the adapter's functions.
 */
#ifndef PD_EXPORT_STEP_H
#define PD_EXPORT_STEP_H

#include <jv.h>
#include <stdbool.h>

#include "adapter.h"
#include "assertion.h"
#include "error.h"
#include "hole.h"
#include "sequence.h"

/* What all steps have in common. */
struct pd_export_sources {
	struct pd_adapter *adapter;	/* NULL: there is none to ask */
	const char *base_url;		/* or NULL */
	jv references;		/* {token: value} */
	struct pd_holes tokens;	/* each token with its variable */
	const struct pd_holes *environment;	/* what the adapter knows of it, borrowed */
	jv warnings;		/* [text] */
};

struct pd_export_step {
	const struct pd_item *item;
	jv command;		/* as it was sent */
	jv arguments;		/* the same with holes */
	jv requests;		/* [{request, keep, again?}], see export_plan.json */
	struct pd_observation seen;	/* of the last reply; what it points to is here: */
	jv reply, outputs, origins;
	jv pieces;		/* by event: {request: index, prefix: path in its outputs} */
	jv exchanges;		/* by request: {origins, outputs, reply} of its last reply */
};

/* Work out a step. record is its command record, events those that it gave;
 * both are borrowed. An error is one of the adapter. */
void pd_export_step_make(struct pd_export_step *, struct pd_export_sources *,
    const struct pd_item *, jv record, jv events);
/* The command is sent once more, as it was: its key, too. The reply to that is what
 * must be right; what others need is kept of the first. */
void pd_export_step_repeat(struct pd_export_step *);

void pd_export_step_free(struct pd_export_step *);

/* Keep what a token stands for, which an event of this step bound. */
void pd_export_step_keep(struct pd_export_step *, struct pd_export_sources *,
    const char *token);

/* Requests of a hook: {request, keep: []} each. Consumes them. */
jv pd_export_hook(struct pd_export_sources *, jv requests, jv redacted);

#endif
