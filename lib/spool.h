/* SPDX-License-Identifier: MIT */
/*
 * Events kept on disk, each chained to the one before it of its own kind, so that
 * those of one kind can be had back without reading the rest. The file has no name
 * and is gone with the program; it lies in TMPDIR.
 */
#ifndef PD_SPOOL_H
#define PD_SPOOL_H

#include <jv.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"

struct pd_spool {
	int descriptor;
	int64_t written;	/* bytes in the file; more wait in the buffer */
	struct pd_buffer buffer;
};

enum { PD_SPOOL_NONE = -1 };

/* Returns 0 or -1. */
int pd_spool_open(struct pd_spool *, struct pd_error *);
void pd_spool_close(struct pd_spool *);

/* Add an event's text (borrowed) after the one at `previous`, or PD_SPOOL_NONE. Returns
 * where it is, or -1 on error. */
int64_t pd_spool_add(struct pd_spool *, int64_t previous, const char *event,
    struct pd_error *);

/* All events of a chain up to this one, oldest first: an array, or an invalid jv. */
jv pd_spool_chain(struct pd_spool *, int64_t last, struct pd_error *);

#endif
