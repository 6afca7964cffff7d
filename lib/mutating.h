/* SPDX-License-Identifier: MIT */
/*
 * Judging mutants of a recorded run: is a lie in one answer noticed? The run is
 * folded once, and the model's state kept before each answer, so that a mutant
 * costs no more than the folding from its answer to the first check that fails.
 * Where its state comes to be that of the run again, the rest would go as before
 * and is not folded.
 */
#ifndef PD_MUTATING_H
#define PD_MUTATING_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>

#include "mutated.h"

enum pd_mutant_verdict { PD_MUTANT_KILLED, PD_MUTANT_SURVIVED, PD_MUTANT_EQUIVALENT };

struct pd_mutant_result {
	enum pd_mutant_verdict verdict;
	jv killer;		/* {kind, name?} if it was killed, else invalid */
	jv changes;		/* [path] of the state that it changed, if it survived */
};

/* Fold a run as it is, and keep the folds. Returns 0; 1 when it does not pass itself,
 * failure is set to {kind, name?} then. */
int pd_mutated_run_fold(struct pd_mutated_run *, jv *failure);

/* The same with all of its checks to the end: {check: true} of those that fail, or an
 * invalid jv when the model itself fails. */
jv pd_mutated_run_failing(struct pd_mutated_run *);

/* Judge the mutant of an answer of a folded run. Borrows the mutant. */
struct pd_mutant_result pd_mutant_judge(struct pd_mutated_run *, size_t answer,
    jv mutant);
void pd_mutant_result_free(struct pd_mutant_result *);

/* All checks that fail with the mutant of an answer: {check: true}. *unfolded, if
 * unfolded is not NULL, is set to true when the model itself fails, and left alone
 * otherwise. Borrows the mutant. */
jv pd_mutant_killers(struct pd_mutated_run *, size_t answer, jv mutant, bool *unfolded);

/* Which checks read a field of an event of this answer? Those that fail when it has
 * other values or is missing: {check: true}. field NULL: the whole event. unfolded is
 * as of pd_mutant_killers. */
jv pd_mutant_readers(struct pd_mutated_run *, size_t answer, int index,
    const char *field, bool *unfolded);

#endif
