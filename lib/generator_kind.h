/* SPDX-License-Identifier: MIT */
/*
 * What a kind of generator is made of: for those who implement one
 * (number_generator.c, text_generator.c, choice_generator.c) and for generator.c
 * alone.
 */
#ifndef PD_GENERATOR_KIND_H
#define PD_GENERATOR_KIND_H

#include <jv.h>
#include <stdbool.h>

#include "error.h"
#include "possible.h"
#include "random.h"

/* As pd_generator_possible and its neighbours in generator.h. possible may assume
 * nothing about the generator but that it is an object; the others that it is
 * possible. All borrow it. */
struct pd_generator_kind {
	const char *name;
	const char *const *keys;
	enum pd_possible (*possible)(jv generator, struct pd_error *);
	jv (*draw)(jv generator, struct pd_random *, const char *key);
	bool (*admits)(jv generator, jv value);
	jv (*simplest)(jv generator, const char *key);
};

extern const struct pd_generator_kind pd_int_generator, pd_float_generator,
    pd_string_generator, pd_timestamp_generator, pd_pattern_generator,
    pd_mint_generator, pd_oneof_generator, pd_frequency_generator, pd_list_generator;

/* Say what is wrong with a generator, which is borrowed. */
enum pd_possible pd_generator_malformed(jv generator, struct pd_error *, const char *why);

bool pd_generator_has_number(jv generator, const char *key);

/* The bounds of a length, for strings and lists: min and max, up to a limit. */
enum pd_possible pd_generator_length_possible(jv generator, double limit,
    struct pd_error *);

/* The same, of a generator that is possible. */
void pd_generator_length_bounds(jv generator, int *minimum, int *maximum);

/* A length within them: often short, sometimes up to the maximum. */
int pd_generator_draw_length(struct pd_random *, int minimum, int maximum);

#endif
