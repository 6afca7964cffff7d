/* SPDX-License-Identifier: MIT */
/*
 * How good are the checks? The share of mutants that they killed, by command, by
 * operator and by field, and what survived. Equivalent mutants do not count.
 */
#ifndef PD_MUTATION_SCORE_H
#define PD_MUTATION_SCORE_H

#include <jv.h>
#include <stdint.h>

struct pd_mutation_score {
	int64_t mutants, killed, survived, equivalent;
	jv commands, operators, fields;	/* {name: {killed, survived, equivalent}} */
	jv killers;		/* {"check_failed sum": times} */
	jv readers;		/* {"Credited.amount": {check: true}}: that killed one */
	jv survivors;		/* {"Credited.amount": as in the mutation record} */
};

void pd_mutation_score_start(struct pd_mutation_score *);
void pd_mutation_score_free(struct pd_mutation_score *);

/* Count a mutant record, which is borrowed. */
void pd_mutation_score_add(struct pd_mutation_score *, jv mutant);

/* Killed mutants among those that are not equivalent, 0 to 1; 1 if there are none. */
double pd_mutation_score_value(const struct pd_mutation_score *);

/* What a mutant changes, for tables: "Credited.amount", or "Credited" for a whole
 * event. Borrows the mutant; the caller frees it. */
char *pd_mutation_subject(jv mutant);

/* The mutation record without type. */
jv pd_mutation_score_record(const struct pd_mutation_score *);

#endif
