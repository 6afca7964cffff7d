/* SPDX-License-Identifier: MIT */
/* A run as its records tell it, and the failure record that is made of one. */
#ifndef PD_RECORDED_H
#define PD_RECORDED_H

#include <jv.h>
#include <stddef.h>

#include "error.h"

struct pd_recorded {
	jv start, end;		/* the run_start and run_end records, or invalid */
	jv commands, events, checks;	/* arrays of records */
};

/* Read the lines of one run. Records of other types are left out. Returns 0 or
 * -1; it must be freed in both cases. */
int pd_recorded_parse(struct pd_recorded *, const char *lines, size_t length,
    struct pd_error *);
void pd_recorded_free(struct pd_recorded *);

/* The failure of the run, {class, kind, ...}, or an invalid jv. */
jv pd_recorded_failure(const struct pd_recorded *);

/* Are two failures the same? Kind and name decide. Borrows both. */
int pd_same_failure(jv, jv);

/* The failure record: self-contained, see pd-stream(5). The run tells what
 * happened; original is the sequence that failed first (consumed); header the
 * stream's header (borrowed, may be invalid); adapter who drove the system
 * (consumed, may be invalid); shrink the statistics (consumed, may be
 * invalid: then the sequence was not shrunk); reproduced whether it failed
 * again (invalid: nobody tried). */
jv pd_failure_record(const struct pd_recorded *, jv original, jv header,
    jv adapter, jv shrink, jv reproduced);

#endif
