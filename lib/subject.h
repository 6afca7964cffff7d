/* SPDX-License-Identifier: MIT */
/*
 * What diagrams are drawn of: the runs of a stream one by one, each with what
 * was found out about it by later records, and verdicts on histories that no
 * run is told of. One run is held at a time.
 */
#ifndef PD_SUBJECT_H
#define PD_SUBJECT_H

#include <jv.h>
#include <stdbool.h>

#include "buffer.h"
#include "error.h"
#include "reader.h"

struct pd_subjects {
	struct pd_buffer lines;	/* of the run that is being read */
	bool in_run;
	jv model;		/* that the stream's header names, or invalid */
	jv held;		/* the subject that later records may add to, or invalid */
};

void pd_subjects_start(struct pd_subjects *);
void pd_subjects_free(struct pd_subjects *);

/* Take a record. Gives the subject that is complete by it, or an invalid jv;
 * its message is empty, or says what could not be read.
 *
 * A subject is {"type":"run", run, attempt, model, sequence, commands, events,
 * checks, status, failure, other_failures, state_before, state, linearization},
 * with the fields that are known; a failure record after its run takes its place,
 * and a linearization record is added to it. Any other linearization record is
 * a subject as it is. */
jv pd_subjects_take(struct pd_subjects *, const struct pd_record *,
    struct pd_error *);

/* At the end of the input: the last subject, or an invalid jv. A run that was
 * cut off is drawn as far as it goes; taken again until nothing comes. */
jv pd_subjects_last(struct pd_subjects *, struct pd_error *);

/* Did something go wrong in it: the run failed, or the history could not be
 * explained? Borrows the subject. */
bool pd_subject_failed(jv subject);

#endif
