/* SPDX-License-Identifier: MIT */
/*
 * Which checks read a field? Those that fail when it is something else: this is
 * found out by folding runs with the field changed, at some of the answers that have
 * it, and remembered. A subject is what a mutant changes (mutation_score.h).
 */
#ifndef PD_READING_H
#define PD_READING_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>

#include "mutated.h"

struct pd_reading {
	jv subjects;	/* {"Credited.amount": {checks: {check: true}, folded?, looks?, tries?}} */
};

#define PD_READING_INIT {jv_object()}

void pd_reading_free(struct pd_reading *);

/* It was seen that a check reads the subject; NULL that the model fails to fold it. */
void pd_reading_note(struct pd_reading *, const char *subject, const char *check);

/* Give a field of an answer's event, or the whole event if field is NULL, values that
 * it never has, unless that was done with the subject so many times. */
void pd_reading_look(struct pd_reading *, const char *subject, struct pd_mutated_run *,
    size_t answer, int index, const char *field, int most);

/* Give a field other values, an array, which is consumed, unless that was done with the
 * subject so many times. */
void pd_reading_try(struct pd_reading *, const char *subject, struct pd_mutated_run *,
    size_t answer, int index, const char *field, jv values, int most);

/* The checks that are known to read the subject, sorted. */
jv pd_reading_checks(const struct pd_reading *, const char *subject);

/* Was the model seen to fail when the subject is something else? */
bool pd_reading_folded(const struct pd_reading *, const char *subject);

#endif
