/* SPDX-License-Identifier: MIT */
/* A run as its records tell it, and the failure record that is made of one. */
#ifndef PD_RECORDED_H
#define PD_RECORDED_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "runner.h"
#include "sequence.h"

enum { PD_FAILURE_FORMAT = 1 };	/* the format of failure records */

struct pd_recorded {
	jv start, end;		/* the run_start and run_end records, or invalid */
	jv commands, events, checks;	/* arrays of records */
	jv refs;		/* of a failure record: {token: value}; else invalid */
};

/* Read the lines of one run. Records of other types are left out. Returns 0 or
 * -1; it must be freed in both cases. */
int pd_recorded_parse(struct pd_recorded *, const char *lines, size_t length,
    struct pd_error *);
void pd_recorded_free(struct pd_recorded *);

/* The run that a failure record tells about, as far as it does: what it lacks
 * is the time that the run took and how often checks were run. Borrows the
 * record. */
void pd_recorded_of_failure(struct pd_recorded *, jv failure);

/* The ids of the commands that end a run: {id: true}. Borrows its run_start record,
 * which may be invalid. */
jv pd_teardown_ids(jv run_start);

/* What the tokens of the run's sequence stood for: {token: value}. */
jv pd_recorded_references(const struct pd_recorded *);

/* Execute a sequence and read its run. It must be freed in all cases; it is
 * empty unless the result is PD_RUN_DONE. */
enum pd_run_result pd_recorded_execute(struct pd_recorded *, struct pd_runner *,
    const struct pd_sequence *, struct pd_error *);

/* The failure of the run, {class, kind, ...}, or an invalid jv. */
jv pd_recorded_failure(const struct pd_recorded *);

/* Are two failures the same? Kind and name decide. Borrows both. */
int pd_same_failure(jv, jv);

/* Does the failure of this sequence count as the one that is looked for? If it is
 * the same; and where no order explained what branches saw, and this sequence has
 * none: one after another, the wrong answer is an event that was not predicted,
 * or fails a check. Borrows all. */
bool pd_stands_for(jv failure, jv wanted, const struct pd_sequence *);

/* What failures that are the same have in common, for tables: "KIND NAME", or
 * "KIND" for one without a name. Borrows the failure; the caller frees it. */
char *pd_failure_key(jv failure);

/* The failure record: self-contained, see pd-stream(5). The run tells what
 * happened; original is the sequence that failed first (consumed); header the
 * stream's header (borrowed, may be invalid); adapter who drove the system
 * (consumed, may be invalid); shrink the statistics (consumed, may be
 * invalid: then the sequence was not shrunk); reproduced whether it failed
 * again (invalid: nobody tried). */
jv pd_failure_record(const struct pd_recorded *, jv original, jv header,
    jv adapter, jv shrink, jv reproduced);

/* The sequence that a failure record is about: the shrunk one if there is one.
 * Borrows the record. Returns 0 or -1; free the sequence in both cases. */
int pd_failure_sequence(jv record, struct pd_sequence *, struct pd_error *);

#endif
