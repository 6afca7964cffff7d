/* SPDX-License-Identifier: MIT */
/*
 * Patterns that text can be drawn from and matched against: a small part of
 * regular expressions. Letters stand for themselves; . is any printable ASCII
 * character; [a-z_] and [^a-z] are sets; \d \w \s are digits, word characters
 * and a blank, \n and \t a newline and a tab; before punctuation a \ takes
 * away its meaning; ( ) groups, | separates choices, ? * + {n} {n,} {n,m}
 * repeat. ^ at the start and $ at the end are allowed and mean nothing, for a
 * pattern always describes the whole text. Unbounded repeats draw at most 8
 * more than their minimum and match any number. What regular expressions know
 * beyond that is an error.
 */
#ifndef PD_PATTERN_H
#define PD_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "error.h"
#include "random.h"

/* The longest text that a pattern may give or match, in bytes. */
enum { PD_PATTERN_LIMIT = 10000 };

struct pd_pattern;

/* NULL on error. */
struct pd_pattern *pd_pattern_compile(const char *text, struct pd_error *);
void pd_pattern_free(struct pd_pattern *);

void pd_pattern_draw(const struct pd_pattern *, struct pd_random *,
    struct pd_buffer *);

/* The shortest text, of the first of all choices. */
void pd_pattern_simplest(const struct pd_pattern *, struct pd_buffer *);

/* Does it describe the whole text? */
bool pd_pattern_matches(const struct pd_pattern *, const char *text,
    size_t length);

#endif
