/* SPDX-License-Identifier: MIT */
/*
 * The arguments of a sequence's commands, each with the generator that the
 * model offers for it in the state where its command stands: what can be made
 * simpler, and how to write a simpler value back into the plan.
 */
#ifndef PD_ARGUMENT_H
#define PD_ARGUMENT_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>

#include "model.h"
#include "sequence.h"

struct pd_argument {
	char *id;		/* of the item */
	jv path;		/* in the item's command, quoted as a plan is */
	jv generator;
	jv tokens;		/* known before the command: for quoting */
};

struct pd_arguments {
	struct pd_argument *list;
	size_t count;
};

enum pd_arguments_depth {
	PD_ARGUMENTS_WHOLE,	/* as they stand in the model's entry */
	PD_ARGUMENTS_LEAVES,	/* what is in arrays and objects for itself, and only
				 * what a generator made */
	PD_ARGUMENTS_PARTS,	/* the same, and the arrays and objects that a generator
				 * made of them */
};

/* All arguments of a sequence, those of late commands first: early amounts
 * often only have to be large enough for later ones. */
struct pd_arguments pd_arguments_find(struct pd_model *,
    const struct pd_sequence *, enum pd_arguments_depth);
void pd_arguments_free(struct pd_arguments *);

/* Its item in a sequence, or NULL when it is not there any more. */
struct pd_item *pd_argument_item(const struct pd_sequence *,
    const struct pd_argument *);

/* What it is, as a model sees it; an invalid jv when its item is gone. */
jv pd_argument_value(const struct pd_sequence *, const struct pd_argument *);

/* The generator that is left when frequencies have chosen what made the value,
 * which is borrowed. It may be a constant. */
jv pd_argument_chosen(const struct pd_argument *, jv value);

/* Is the value, which is borrowed, a whole number that a generator of whole
 * numbers made? */
bool pd_argument_is_whole_number(const struct pd_argument *, jv value);

/* The values of all whole numbers, and how far each is above its simplest value
 * (0 for what is not above it); both 0 for what is no whole number. The arrays
 * have room for all arguments. */
void pd_arguments_measure(const struct pd_arguments *,
    const struct pd_sequence *, double *value, double *room);

/* Write a value, which is consumed, into the plan. Its item must be there. */
void pd_argument_set(struct pd_sequence *, const struct pd_argument *, jv value);

#endif
