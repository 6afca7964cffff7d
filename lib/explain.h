/* SPDX-License-Identifier: MIT */
/*
 * Explaining a failure: what each command of its sequence is there for
 * (role.h), which change of one argument makes it go away (isolate.h), and
 * what each command changed in the model's state.
 */
#ifndef PD_EXPLAIN_H
#define PD_EXPLAIN_H

#include <jv.h>

#include "error.h"
#include "model.h"
#include "runner.h"
#include "trial.h"

enum pd_explained {
	PD_EXPLAINED,
	PD_EXPLAIN_UNREADABLE,	/* the record has no sequence that the model allows */
	PD_EXPLAIN_LOST,	/* the failure did not come back, at first or in the end */
	PD_EXPLAIN_INTERRUPTED,
	PD_EXPLAIN_FAILED,	/* the runner is of no use */
};

/* Explain a failure record, which is borrowed. explanation gets the record for
 * it, or an invalid jv: always when the failure was lost, and when it was not
 * even seen to fail before the work ended. The error says why when it was not
 * explained. */
enum pd_explained pd_explain(struct pd_model *, struct pd_runner *, jv record,
    const struct pd_trial_limits *, pd_trial_progress *, void *progress_context,
    jv *explanation, struct pd_error *);

#endif
