/* SPDX-License-Identifier: MIT */
/*
 * Generators: JSON that says what a value may be ({"$gen":"int","min":1,...}).
 * Any other JSON is a constant, but arrays and objects may hold generators.
 * Each kind knows how to draw a value, whether it could have made a given one,
 * and what its simplest value is. pd.jq has the functions that make them; the
 * kinds are listed in pd-model(5).
 */
#ifndef PD_GENERATOR_H
#define PD_GENERATOR_H

#include <jv.h>
#include <stdbool.h>

#include "error.h"
#include "possible.h"
#include "random.h"

/* No function here consumes a generator or a value. */

enum pd_possible pd_generator_possible(jv generator, struct pd_error *);

/* Draw a value from a possible generator. key names the value within its plan
 * ("c3.email") and goes into mint tokens. Strings come out as data: quoting
 * those that look like references is the caller's business. */
jv pd_generator_draw(jv generator, struct pd_random *, const char *key);

/* Could the generator have drawn this value? */
bool pd_generator_admits(jv generator, jv value);

/* The simplest value that it can draw. The key is as above. */
jv pd_generator_simplest(jv generator, const char *key);

/* Is it {"$gen":KIND}? Any kind when kind is NULL. */
bool pd_generator_is(jv generator, const char *kind);

/* The generator of the part of a value that a frequency's choice made: the
 * first choice that admits the value. The generator itself (a new reference)
 * when it is of another kind. */
jv pd_generator_chosen(jv generator, jv value);

#endif
