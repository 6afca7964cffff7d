/* SPDX-License-Identifier: MIT */
/*
 * The latest run of a stream that is read: its lines, unparsed, of which a
 * failure record is made if the run failed and nobody made one.
 */
#ifndef PD_LATEST_H
#define PD_LATEST_H

#include <jv.h>
#include <stdbool.h>

#include "buffer.h"
#include "error.h"
#include "reader.h"

struct pd_latest {
	struct pd_buffer lines;
	bool ended;		/* what was taken last is its run_end */
};

#define PD_LATEST_INIT {.lines = PD_BUFFER_INIT}

/* Take a record that is no failure record; those that do not belong to a run
 * are not kept. */
void pd_latest_take(struct pd_latest *, const struct pd_record *);

/* The failure record of the run. Lines that cannot be read, as they were taken
 * by their types alone, are left out and told. Borrows the stream's header. */
typedef void pd_latest_trouble(void *context, const struct pd_error *);
jv pd_latest_failure(struct pd_latest *, jv header, pd_latest_trouble *,
    void *context);

void pd_latest_free(struct pd_latest *);

#endif
