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
#include <stdint.h>

#include "error.h"
#include "fold.h"
#include "model.h"

/* Steps that belong together: a command with the events of its answer, or what
 * came without any command. */
struct pd_answered {
	char *id;		/* of the command, or NULL */
	jv command;		/* or invalid */
	jv events;		/* an array */
	jv source;		/* records: [command?, event...] as they were */
	bool compared;		/* with what was predicted, where that is asked for */
	struct pd_fold before;	/* as it was before the first of them */
};

struct pd_mutated_run {
	struct pd_model *model;
	bool conform;		/* predictions judge, too */
	int64_t run;
	jv start;		/* its run_start, or invalid */
	struct pd_answered *list;
	size_t count, room;
	jv teardown;		/* {id: true}: what follows is not judged */
	bool over;		/* teardown has begun */
	struct pd_fold after;	/* all of it, before the checks for the end */
	bool folded;		/* before and after are there */
};

enum pd_mutant_verdict { PD_MUTANT_KILLED, PD_MUTANT_SURVIVED, PD_MUTANT_EQUIVALENT };

struct pd_mutant_result {
	enum pd_mutant_verdict verdict;
	jv killer;		/* {kind, name?} if it was killed, else invalid */
	jv changes;		/* [path] of the state that it changed, if it survived */
};

/* Begin with a run_start record (consumed, may be invalid). */
void pd_mutated_run_start(struct pd_mutated_run *, struct pd_model *, bool conform,
    int64_t run, jv start);
void pd_mutated_run_free(struct pd_mutated_run *);

/* Add a command or event record, which is consumed, in the order of folding. */
void pd_mutated_run_add(struct pd_mutated_run *, const char *type, jv record);

/* Fold it as it is. Returns 0; 1 when it does not pass itself, failure is set to
 * {kind, name?} then. */
int pd_mutated_run_fold(struct pd_mutated_run *, jv *failure);

/* Judge the mutant of an answer. Borrows the mutant. */
struct pd_mutant_result pd_mutant_judge(struct pd_mutated_run *, size_t answer,
    jv mutant);
void pd_mutant_result_free(struct pd_mutant_result *);

/* The same with all of its checks to the end: {check: true} of those that fail, or an
 * invalid jv when the model itself fails. */
jv pd_mutated_run_failing(struct pd_mutated_run *);

/* All checks that fail with the mutant of an answer: {check: true}. The run must have
 * been folded, by either of those. Borrows the mutant. */
jv pd_mutant_killers(struct pd_mutated_run *, size_t answer, jv mutant);

/* Which checks read a field of an event of this answer? Those that fail when it has
 * other values or is missing: {check: true}. field NULL: the whole event. */
jv pd_mutant_readers(struct pd_mutated_run *, size_t answer, int index,
    const char *field);

#endif
