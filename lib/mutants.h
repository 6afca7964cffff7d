/* SPDX-License-Identifier: MIT */
/*
 * From the records of runs to the mutants of their answers: runs are taken in as
 * they come, those that passed and pass by the model are handed on, and of each
 * answer of them all mutants are made, or some are drawn by a seed.
 */
#ifndef PD_MUTANTS_H
#define PD_MUTANTS_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model.h"
#include "mutated.h"

/* Gets a run that passes, folded, and owns it. */
typedef void pd_mutants_take(void *context, struct pd_mutated_run *);

struct pd_mutants_options {
	bool conform;		/* predictions judge, too */
	uint64_t seed;		/* what is drawn depends on it, the run and the answer alone */
	int64_t sample;		/* mutants of each answer; 0 for all */
};

struct pd_mutants {
	struct pd_model *model;
	struct pd_mutants_options options;
	pd_mutants_take *take;
	void *context;
	int64_t runs;		/* that were taken in; of these */
	int64_t failed;		/* were recorded as such, or cut off, and */
	int64_t unfit;		/* do not pass by the model though they are recorded so */
	struct pd_mutated_run run;	/* in hand */
	bool open;
	bool started;		/* by a run_start record */
	jv answers, types;	/* see pd_mutation_scene: of all runs that pass so far */
};

/* Model and context are borrowed. */
void pd_mutants_start(struct pd_mutants *, struct pd_model *,
    const struct pd_mutants_options *, pd_mutants_take *, void *context);
void pd_mutants_free(struct pd_mutants *);

/* Take in a run_start, command, event or run_end record, which is consumed. Steps
 * before any run_start are a run of their own, another number begins another one.
 * For those who hand on records: mutants is the struct pd_mutants. */
void pd_mutants_take_record(void *mutants, const char *type, jv record);

/* The input ended: so does a run of steps that stand alone. One that was started
 * was cut off. */
void pd_mutants_end(struct pd_mutants *);

/* Visit the mutants of a run's answers, in order, until one visit returns nonzero.
 * The mutant is borrowed. */
typedef int pd_mutants_visit(void *context, struct pd_mutated_run *, size_t answer,
    jv mutant);
void pd_mutants_each(const struct pd_mutants *, struct pd_mutated_run *,
    pd_mutants_visit *, void *context);

#endif
