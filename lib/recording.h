/* SPDX-License-Identifier: MIT */
/*
 * What a failure record tells of its run, command by command, to hold another
 * run of the same sequence against. The system gives out new ids each time, so
 * values are compared by what they stand for: two are the same if the same
 * token was bound to the one then and to the other now.
 */
#ifndef PD_RECORDING_H
#define PD_RECORDING_H

#include <jv.h>
#include <stdbool.h>

#include "error.h"
#include "model.h"
#include "reference.h"
#include "sequence.h"

struct pd_recording {
	bool comparable;	/* it tells of the sequence that runs now */
	jv commands;		/* {id: command record} */
	jv events;		/* {id: [{source, event}]} */
	jv tokens;		/* all that the run can bind: an array */
	jv values;		/* {token: what it was bound to} */
	jv refusals;		/* {"Type status": true}: answers with 401 and 403 */
	jv statuses;		/* {"404": true}: answers with 401, 403, 404, 429, "5xx" */
};

/* Read a failure record, which is borrowed. The model says what the sequence's
 * commands can bind; comparable whether this is the sequence that was recorded. */
void pd_recording_read(struct pd_recording *, jv failure, struct pd_model *,
    const struct pd_sequence *, bool comparable);
void pd_recording_free(struct pd_recording *);

/* Where the recording differs from what came of a command now: {outcome?,
 * events?} with what it has instead; an invalid jv when it agrees or tells
 * nothing of the command. events are [{source, event}]; all are borrowed. */
jv pd_recording_difference(const struct pd_recording *, jv command, jv events,
    const struct pd_bindings *);

/* Was a command's answer a refusal for lack of permission, 401 or 403, that no
 * command of its type had in the recording? Its status, or 0. Borrows the
 * command record. */
int pd_recording_refusal(const struct pd_recording *, jv command);

/* The status of the last reply in a command record; 0 when there is none.
 * Borrows it. */
int pd_recording_status(jv command);

#endif
