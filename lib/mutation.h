/* SPDX-License-Identifier: MIT */
/*
 * Mutants: small lies in what a system answered, by which a model's checks are
 * tested. One is an object that says what is changed:
 *
 *   {operator, change, index, event, field?, from?, to?}
 *
 * operator is the kind of change, change its name within the kind, index which
 * event of the answer, event that one's type. The kinds follow the mutation
 * operators for data and messages in Offutt and Xu, "Generating test cases for web
 * services using data perturbation" (2004).
 */
#ifndef PD_MUTATION_H
#define PD_MUTATION_H

#include <jv.h>
#include <stdbool.h>

/* What an answer can be confused with. All are borrowed. */
struct pd_mutation_scene {
	jv command;		/* that was answered, or invalid */
	jv state;		/* after the answer: its keys are what references name */
	jv earlier;		/* events of the run before the answer, an array */
	jv answers;		/* {COMMAND: {EVENT: {command, events}}}, seen in any run */
	jv types;		/* {EVENT: true}, seen in any run */
	bool first, last;	/* no answer comes before it, or after */
};

/* All mutants of an answer, an array of events, which is borrowed: an array. No two
 * change the same thing to the same value. */
jv pd_mutations(jv events, const struct pd_mutation_scene *);

/* The answer of the mutant; its events are consumed. Of one that comes too early
 * or too late it is the same. An invalid jv when the answer has no such event. */
jv pd_mutation_apply(jv mutant_peek, jv events);

/* The same for a live answer, in which values may be others than those that the mutant
 * was made from: what is done to a value is done to the one that is there. An
 * invalid jv, too, when that would change nothing. */
jv pd_mutation_apply_live(jv mutant_peek, jv events);

/* The message of the failure of a run whose live answer gave no room for its mutant. */
#define PD_MUTATION_NO_ROOM "the answer has nothing that the mutant can change"

/* Can it be applied to a live answer? Not what takes values from elsewhere in the
 * run, whose ids are others then. */
bool pd_mutation_is_live(jv mutant_peek);

/* Where the answer goes: before the command before, behind the answer after, or
 * where it was. */
enum pd_mutation_place { PD_MUTATION_HERE, PD_MUTATION_EARLY, PD_MUTATION_LATE };
enum pd_mutation_place pd_mutation_place(jv mutant_peek);

#endif
