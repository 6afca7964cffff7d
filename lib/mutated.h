/* SPDX-License-Identifier: MIT */
/*
 * A run whose answers are to be falsified: its steps by the command that they
 * answer, and the model's state before each of them once it was folded
 * (mutating.h).
 */
#ifndef PD_MUTATED_H
#define PD_MUTATED_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* Begin with a run_start record (consumed, may be invalid). */
void pd_mutated_run_start(struct pd_mutated_run *, struct pd_model *, bool conform,
    int64_t run, jv start);
void pd_mutated_run_free(struct pd_mutated_run *);

/* Add a command or event record, which is consumed, in the order of folding. */
void pd_mutated_run_add(struct pd_mutated_run *, const char *type, jv record);

/* The same run once more, for another model, not folded. */
void pd_mutated_run_copy(struct pd_mutated_run *copy, const struct pd_mutated_run *,
    struct pd_model *);

/* Of a folded run: the fold before an answer, or, one beyond the last, at its end. */
const struct pd_fold *pd_mutated_run_fold_at(const struct pd_mutated_run *,
    size_t answer);

#endif
