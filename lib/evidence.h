/* SPDX-License-Identifier: MIT */
/*
 * Was anything tested? What runs did, added up, so that a stream in which
 * nothing was proved can be told from one in which all was well.
 */
#ifndef PD_EVIDENCE_H
#define PD_EVIDENCE_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "stream.h"

struct pd_evidence {
	int64_t runs;
	int64_t commands;	/* that were answered */
	int64_t events;
	int64_t answers;	/* that carried a status */
	int64_t judged;		/* answers that were compared with a prediction, or an
				 * order was found or refuted that explains them */
	int64_t fired;		/* checks that ran */
	jv refused;		/* {"404": times, "5xx": times}: see pd_evidence_answer */
};

void pd_evidence_start(struct pd_evidence *);
void pd_evidence_free(struct pd_evidence *);

/* Count an answer with this status, 0 for none: 401, 403, 404, 429 and 5xx
 * prove little. */
void pd_evidence_answer(struct pd_evidence *, int status);

/* Add what one run showed. */
void pd_evidence_add(struct pd_evidence *total, const struct pd_evidence *run);

/* Note which promise of testing was empty over all runs: no sequence, no
 * command, no event, every answer a refusal, no check of so many, nothing
 * compared. checking and conform tell what was asked for. */
void pd_evidence_note_empty(const struct pd_evidence *, bool checking,
    bool conform, int checks, struct pd_counts *);

#endif
