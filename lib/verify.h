/* SPDX-License-Identifier: MIT */
/*
 * Is a fix real? A failure's sequences are executed again, as it failed and
 * shrunk, and so are its neighbours, which are the runs of the seeds next to
 * its own, and what failed like it. The verdict comes with the numbers behind
 * it, and where they prove nothing it says so instead.
 */
#ifndef PD_VERIFY_H
#define PD_VERIFY_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "model.h"
#include "runner.h"
#include "similar.h"

struct pd_verify_options {
	int64_t tries;		/* executions of each recorded sequence */
	int64_t variations;	/* neighbours */
	int64_t max_similar;
	int64_t max_time;	/* microseconds for each failure; 0 for no limit */
	bool allow_refused;	/* 401 and 403 that the recording did not have are well */
	bool compares;		/* the runner compares events with predictions */
};

/* Called after each execution. */
typedef void pd_verify_progress(void *context, int64_t executions);

struct pd_verifier {
	struct pd_model *model;
	struct pd_runner *runner;	/* NULL: none that is of use */
	struct pd_similar *similar;
	struct pd_verify_options options;
	pd_verify_progress *progress;
	void *context;
};

enum pd_fix {
	PD_FIX_VERIFIED, PD_FIX_STILL_FAILING, PD_FIX_PARTIAL, PD_FIX_FLAKY,
	PD_FIX_UNDECIDED,
};

/* Verify the fix of a failure record, which is borrowed. record is set to the
 * verification record in all cases. With PD_RUN_FAILED the error says why the
 * runner is of no use. */
enum pd_run_result pd_verify(const struct pd_verifier *, jv failure,
    enum pd_fix *, jv *record, struct pd_error *);

#endif
