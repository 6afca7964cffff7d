/* SPDX-License-Identifier: MIT */
/*
 * Shrinking: from a sequence that fails to the smallest one found that fails
 * in the same way (kind and name of the failure). What comes after the failure
 * is dropped first; then commands go (removal.h), less happens at the same time
 * (concurrency.h), arguments are reduced (reduction.h), commands whose amount another one can take over go
 * (amount.h), and others make way for simpler ones (replacement.h), again and
 * again until nothing changes any more.
 */
#ifndef PD_SHRINK_H
#define PD_SHRINK_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "error.h"
#include "model.h"
#include "recorded.h"
#include "runner.h"
#include "search.h"
#include "sequence.h"

struct pd_shrunk {
	struct pd_sequence sequence;
	struct pd_buffer lines;	/* records of its last failing execution */
	bool reproduced;	/* the original failed again at all */
	jv statistics;		/* as the failure record has them */
	struct pd_slip *slips;	/* with keep_slips */
	size_t slip_count;
};

/* Shrink. seen is the run that failed: its failure must come again. Returns what
 * pd_runner_run returns when it is not PD_RUN_DONE: even then the result holds
 * the best so far. It must be freed in all cases. */
enum pd_run_result pd_shrink(struct pd_model *, struct pd_runner *,
    const struct pd_sequence *, const struct pd_recorded *seen,
    const struct pd_search_options *,
    struct pd_shrunk *, struct pd_error *);

void pd_shrunk_free(struct pd_shrunk *);

#endif
