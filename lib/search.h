/* SPDX-License-Identifier: MIT */
/*
 * The search for a smaller sequence that fails in the same way: the best so
 * far, what was tried, what is left to spend. The passes (removal.h,
 * together.h, amount.h, replacement.h) propose candidates; here they are
 * judged. A candidate that the model could not have generated is refused
 * without touching the system, and none is executed twice.
 */
#ifndef PD_SEARCH_H
#define PD_SEARCH_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"
#include "model.h"
#include "recorded.h"
#include "row.h"
#include "runner.h"
#include "sequence.h"

enum pd_strategy {
	PD_SHRINK_QUICK,	/* one pass of each kind; may miss reductions */
	PD_SHRINK_THOROUGH,	/* until no single command can go and no argument be simpler */
	PD_SHRINK_EXHAUSTIVE,	/* until no two commands can go, either */
};

/* What is told while it works, for progress. */
typedef void pd_search_progress(void *context, size_t commands, int64_t executions);

struct pd_search_options {
	enum pd_strategy strategy;
	int64_t max_time;	/* microseconds, 0 for no limit */
	int64_t max_runs;	/* executions, 0 for no limit */
	bool keep_slips;	/* keep candidates that fail in another way */
	int tries;		/* executions of a candidate with branches, until it fails */
	int confirm;		/* executions of the final sequence, to see how often it fails */
	int confirm_branches;	/* the same if it has branches */
	pd_search_progress *progress;
	void *progress_context;
};

/* A candidate that failed in another way. */
struct pd_slip {
	struct pd_buffer lines;	/* records of its execution */
	jv failure;
};

struct pd_search {
	struct pd_model *model;
	struct pd_runner *runner;
	const struct pd_search_options *options;
	jv failure;			/* what must come again */
	struct pd_sequence best;
	struct pd_buffer lines;		/* records of its last failing execution */
	char *failed_id;		/* where it fails, or NULL: at the end */
	bool unconfirmed;		/* it was cut off since: its records are of a longer one */
	jv tried;			/* {fingerprint: true} */
	struct pd_slip *slipped;	/* the first of each kind and name, with keep_slips */
	size_t slipped_count;
	int64_t started;
	int64_t candidates, executions, refused, known, slips;
	enum pd_run_result outcome;	/* of the runner */
	struct pd_error *error;
	const char *stopped;		/* why it must end, or NULL */
};

/* Begin with a sequence and its failure (borrowed), which is the best until one
 * is accepted. */
void pd_search_start(struct pd_search *, struct pd_model *, struct pd_runner *,
    const struct pd_sequence *, jv failure, const struct pd_search_options *,
    struct pd_error *);
void pd_search_free(struct pd_search *);
void pd_slips_free(struct pd_slip *, size_t count);

/* No more candidates: a budget is spent, or the runner is gone. */
bool pd_search_is_over(struct pd_search *);

/* Try a candidate, which is consumed. Commands that the model does not admit in
 * it are left out, with what refers to them; without the command that fails it
 * is refused. One that was not tried before and that fails as wanted becomes the
 * best, cut off after the failure. */
bool pd_search_try(struct pd_search *, struct pd_sequence *);

/* Execute without asking whether it is worth it; true as above. One with branches
 * is executed until it fails, as often as the options say, each time with another
 * branch in front. */
bool pd_search_execute(struct pd_search *, struct pd_sequence *);

/* Execute the best once more, only to see whether it fails. */
bool pd_search_fails(struct pd_search *);

/* The best that was cut off did not fail any more: it is again the longer one
 * that its records are of. */
void pd_search_take_back(struct pd_search *);

/* Was it tried before? The first notes that it is now, the second consumes it. */
bool pd_search_note(struct pd_search *, const struct pd_sequence *);
bool pd_search_knows(const struct pd_search *, struct pd_sequence *);

/* Drop what the run, which failed, never came to. Of branches and suffix that is
 * only what was not sent: the order in which commands took effect, and so the
 * one that fails, is found when all of them have been answered. */
void pd_search_cut_off(struct pd_sequence *, const struct pd_recorded *);

/* The item of a row of the best's items at which the best fails, which must
 * stay; the row's count when it fails at the end or in its setup, or has branches:
 * then it may fail elsewhere the next time. */
size_t pd_search_failed_item(const struct pd_search *, const struct pd_row *);

#endif
