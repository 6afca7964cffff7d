/* SPDX-License-Identifier: MIT */
/*
 * Judging runs from their records: commands and events are folded in the order
 * of the records, by the same projection that judged them when they were
 * executed (projection.h), and the verdict that the model gives now is written
 * in place of the one that the records had. What no folding can find out, as
 * that a command was not answered or that no order explains the branches, is
 * kept as it was recorded.
 *
 * A run between run_start and run_end is held until its end: its run_end tells
 * what cannot be judged again. Commands and events that stand alone are a run of
 * their own, judged as they come; another run number begins another run.
 */
#ifndef PD_REJUDGE_H
#define PD_REJUDGE_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "evidence.h"
#include "journal.h"
#include "model.h"
#include "projection.h"
#include "writer.h"

/* Gets each run_end record, which is borrowed, after it was written. */
typedef void pd_rejudge_done(void *context, jv run_end);

struct pd_rejudge_line {
	enum {
		PD_LINE_OTHER, PD_LINE_COMMAND, PD_LINE_EVENT, PD_LINE_CHECK,
	} kind;
	jv record;		/* of a command or event; else invalid */
	size_t start, length;	/* of its text, without the newline */
};

struct pd_rejudge {
	struct pd_model *model;
	const struct pd_projection_options *options;
	struct pd_writer *writer;
	pd_rejudge_done *done;
	void *context;
	struct pd_evidence evidence;	/* of all runs */
	jv redacted;		/* {"Opened.pin": true}: secrets in what was folded */

	/* The run in hand, and its lines that are still to be judged. */
	enum { PD_REJUDGE_NONE, PD_REJUDGE_ALONE, PD_REJUDGE_HELD } mode;
	struct pd_rejudge_line *lines;
	size_t count, room;
	struct pd_buffer text;
	jv start, end;		/* its records, or invalid */
	jv failures;		/* those that are kept, and not placed yet */
	jv teardown;		/* {id: true}: commands that are not judged */
	jv secrets;		/* as redacted, of this run */
	enum { PD_PART_MAIN, PD_PART_MERGED, PD_PART_TEARDOWN } part;
	bool merges;		/* branches stand in an order that was searched */
	bool skipped;		/* it went on after the failure that ends it now */
	bool aborted;
	int64_t last;		/* when the latest step was seen */
	struct pd_journal journal;
	struct pd_projection projection;
	jv injected;		/* what the next command made visible before its answer */
	char *injector;		/* its id, or NULL */
	jv before;		/* the state before that */
};

/* All are borrowed. */
void pd_rejudge_start(struct pd_rejudge *, struct pd_model *,
    const struct pd_projection_options *, struct pd_writer *, pd_rejudge_done *,
    void *context);
void pd_rejudge_free(struct pd_rejudge *);

/* Take a record of a run with its line. Consumes the record, which must be valid
 * for run_start, run_end, command and event; of others only the line counts, and
 * it is passed on in its place. */
void pd_rejudge_take(struct pd_rejudge *, const char *type, jv record,
    const char *line, size_t length);

/* The input ended: judge what is in hand. A run without its run_end was cut off
 * and counts as aborted. */
void pd_rejudge_finish(struct pd_rejudge *);

#endif
