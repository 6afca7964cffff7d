/* SPDX-License-Identifier: MIT */
/*
 * Answers that keep one out of a system, 401 and 403: which of them a failure's
 * recording has, and whether a run was kept out where the recording was not.
 */
#ifndef PD_REFUSAL_H
#define PD_REFUSAL_H

#include <jv.h>
#include <stdbool.h>

enum { PD_REFUSALS = 2 };

struct pd_refusals {
	bool recorded[PD_REFUSALS];	/* by status: the recording has such an answer */
	bool has_answers;	/* the recording has answers at all */
};

/* Read what the commands of a failure record were answered. Borrows it. */
struct pd_refusals pd_refusals_of(jv failure);

/* Was a run, whose run_end record is borrowed, kept out? Of a sequence whose
 * answers are recorded, a single refusal that is not among them says so; of
 * another only that all answers are refusals. */
bool pd_refusals_new(const struct pd_refusals *, jv run_end,
    bool has_recording);

#endif
