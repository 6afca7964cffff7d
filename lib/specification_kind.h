/* SPDX-License-Identifier: MIT */
/*
 * What a sequential specification is made of: for those who implement one
 * (modelled.c, cell.c, tally.c, collection.c) and for specification.c alone.
 */
#ifndef PD_SPECIFICATION_KIND_H
#define PD_SPECIFICATION_KIND_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "intern.h"
#include "model.h"
#include "traits.h"

struct pd_specification;

/* As pd_specification_start and its neighbours in specification.h. */
struct pd_specification_kind {
	const char *name;
	bool direct;		/* a step is cheaper than a look at what is remembered */
	int32_t (*start)(struct pd_specification *, jv initial, jv key,
	    struct pd_error *);
	jv (*keys)(struct pd_specification *, jv command, struct pd_error *);
	int32_t (*action)(struct pd_specification *, jv command, jv events,
	    struct pd_error *);
	int32_t (*step)(struct pd_specification *, int32_t state, int32_t action,
	    struct pd_error *);
	jv (*state)(struct pd_specification *, int32_t state);
	jv (*expected)(struct pd_specification *, int32_t state, int32_t action);
	int32_t (*unseen)(struct pd_specification *, int32_t action);	/* or NULL */
};

extern const struct pd_specification_kind pd_modelled, pd_register,
    pd_cas_register, pd_kv, pd_counter, pd_set, pd_queue, pd_stack;

/* A remembered step. */
struct pd_transition {
	int32_t state, action, next;	/* state -1: free */
};

struct pd_specification {
	const struct pd_specification_kind *kind;
	struct pd_model *model;		/* of modelled ones */
	struct pd_interner values, states, actions;
	jv kept_states, kept_actions;	/* arrays by number, for modelled ones */
	size_t kept_bytes;		/* about what the kept states take */
	struct pd_traits *traits;	/* by action */
	size_t traits_room;
	struct pd_transition *transitions;
	size_t transition_slots, transition_count;
	bool judges;
};

/* An action of a type that is built in. */
enum pd_verb {
	PD_VERB_READ, PD_VERB_WRITE, PD_VERB_COMPARE_AND_SET, PD_VERB_DELETE,
	PD_VERB_ADD, PD_VERB_REMOVE, PD_VERB_CONTAINS, PD_VERB_TAKE,
};

enum pd_told {
	PD_TOLD_UNKNOWN,	/* whether it happened at all */
	PD_TOLD_NOTHING,	/* it happened, and what came of it does not matter */
	PD_TOLD_RESULT,
};

struct pd_builtin_action {
	int32_t verb, told;
	int32_t value, other;	/* of the command, by number in values */
	int64_t amount, result;	/* result: a truth, a sum, a value's or a list's number */
};

/* Intern an action by what tells it from others, and note its traits. */
int32_t pd_specification_intern(struct pd_specification *, const void *bytes,
    size_t length, struct pd_traits);

/* The same for a built-in one. */
int32_t pd_builtin_intern(struct pd_specification *,
    const struct pd_builtin_action *, struct pd_traits);
struct pd_builtin_action pd_builtin_action(const struct pd_specification *,
    int32_t action);

/* The keys of a type that has no parts: null. */
jv pd_builtin_no_keys(struct pd_specification *, jv command, struct pd_error *);

/* Is this the command's name? Letter case, '-' and '_' do not matter. */
bool pd_builtin_is(jv command, const char *name);

/* The error for a command that the type does not have. Returns PD_BROKEN. */
int32_t pd_builtin_refuse(const struct pd_specification *, jv command,
    const char *commands, struct pd_error *);

/* A field that a command or an answer must have: the value, or an invalid jv and
 * the error. The second looks at the first event that has the field. Borrow. */
jv pd_builtin_argument(const struct pd_specification *, jv command,
    const char *field, struct pd_error *);
jv pd_builtin_result(jv events, const char *field);

/* The same for a result without which the answer means nothing: an error. */
int32_t pd_builtin_without(const struct pd_specification *, jv command,
    const char *field, struct pd_error *);

/* The truth that was answered: 1, 0, or -1 when there is none or nobody knows;
 * PD_BROKEN with the error when there must be one, or it is something else; else
 * 0. */
int32_t pd_builtin_truth(const struct pd_specification *, jv command, jv events,
    const char *field, bool required, int *truth, struct pd_error *);

/* A value's number, which consumes it, and back. */
int32_t pd_builtin_value(struct pd_specification *, jv value);
jv pd_builtin_json(const struct pd_specification *, int32_t value);

#endif
