/* SPDX-License-Identifier: MIT */
/*
 * Counting coverage from the records of runs, as they come: commands and the
 * pairs of them in the order in which they were folded, which is that of their
 * records; events, checks, arguments; with a model to fold by, the states after
 * each step and their classes. Names that the system gave out, which are what
 * the model predicts as external, count in states by their order in the run.
 * Memory does not grow with the run, but for the commands of its branches.
 */
#ifndef PD_OBSERVE_H
#define PD_OBSERVE_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "coverage.h"
#include "digest.h"
#include "error.h"
#include "fold.h"
#include "model.h"
#include "reader.h"

struct pd_branch_command;

struct pd_observer {
	struct pd_coverage *coverage;
	struct pd_model *model;	/* to fold by, or NULL */
	struct pd_moment moment;	/* the present run */
	bool in_run;
	bool folding;		/* and its state is known */
	struct pd_fold fold;
	struct pd_aliases aliases;
	jv predicted;		/* of the present command: events, or invalid */
	int answered;		/* events of it that have come */
	char *id;		/* of it */
	char *previous;		/* type of the command before it, or NULL */
	char *class;		/* of the state, or NULL */
	jv failed;		/* {check: true} in this run */
	struct pd_branch_command *branched;
	size_t branched_count, branched_room;
};

/* The coverage and the model are borrowed; model may be NULL. */
void pd_observer_start(struct pd_observer *, struct pd_coverage *,
    struct pd_model *);
void pd_observer_free(struct pd_observer *);

enum pd_observed {
	PD_OBSERVED,
	PD_OBSERVED_UNREAD,	/* the line is no record; the error says why */
	PD_OBSERVED_UNFOLDED,	/* the model failed, as the error says: the states of the
				 * rest of this run are not counted */
};

/* Take a record; others than those of runs are of no interest. */
enum pd_observed pd_observe(struct pd_observer *, const struct pd_record *, struct pd_error *);

/*
 * The same by parts, for whoever has read the records already. Arguments are not
 * counted then, and no state is folded.
 */
struct pd_observed_command {
	const char *id;
	const char *type;	/* or NULL: the record does not tell */
	int branch;		/* or -1 */
	bool answered;
	double called, returned;	/* microseconds from the start of the run */
};

/* What follows belongs to this run, which begins unless it is the present one.
 * Returns 0, or -1 when the model failed. */
int pd_observe_run(struct pd_observer *, int64_t run, struct pd_error *);
void pd_observe_command(struct pd_observer *, const struct pd_observed_command *);
void pd_observe_event(struct pd_observer *, const char *type);

/* Borrows the run_end record. */
void pd_observe_run_end(struct pd_observer *, jv run_end);

/* The input ended: so does a run that has no run_end. */
void pd_observer_end(struct pd_observer *);

#endif
