/* SPDX-License-Identifier: MIT */
/*
 * Text and values with holes, for what is to be sent again: where an id of the
 * system stood, there is a variable. The holes are found by markers, values that
 * stand nowhere else: a function that makes a request of a command is given
 * markers in place of ids, and the request shows where they went.
 *
 * Text with holes is an array of parts: strings as they are, and {variable} or
 * {environment}, with "encode":"uri" where it is percent-encoded. A value with holes
 * is one of
 *   {"constant": any JSON}, without a hole in it,
 *   {"variable": name}, or {"environment": name} for what only the environment
 *     knows, the whole value,
 *   {"text": parts}, {"array": [value]}, {"object": [[parts, value]]}.
 */
#ifndef PD_HOLE_H
#define PD_HOLE_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>

struct pd_hole {
	char *variable;
	jv marker;
	char *text, *encoded;	/* of the marker: in text, and percent-encoded */
	bool environment;	/* its variable is one of the environment */
	bool word;		/* in text it counts only as a word of its own */
};

struct pd_holes {
	struct pd_hole *list;
	size_t count;
};

#define PD_HOLES_INIT {NULL, 0}

/* A name for a variable, PREFIX_REST as far as letters and digits go, that none of
 * the holes has. The caller frees it. */
char *pd_holes_name(const struct pd_holes *, const char *prefix,
    const char *rest);

/* A hole for a value like this one (borrowed), a string or a number. Returns its
 * marker, of the same type. */
jv pd_holes_add(struct pd_holes *, const char *variable, jv like);

/* A hole for a secret, text that a variable of the environment holds. */
jv pd_holes_add_environment(struct pd_holes *, const char *variable);

/* A hole wherever this value (borrowed) stands: for want of markers. */
void pd_holes_add_value(struct pd_holes *, const char *variable, jv value);
void pd_holes_copy(struct pd_holes *to, const struct pd_holes *from);
void pd_holes_free(struct pd_holes *);

/* Text and values with their holes. Consume them. */
jv pd_holes_text(const struct pd_holes *, jv text);
jv pd_holes_value(const struct pd_holes *, jv value);

/* The parts as text when there is no hole in them, else an invalid jv. Borrows
 * them. */
jv pd_holes_constant(jv parts);

/* Could a text that has values in place of the holes be this one? Borrows both. */
bool pd_holes_match(jv parts, jv text);

/* The names of the variables in text or a value with holes, each once, in an
 * array; likewise those of the environment. Borrow it. */
jv pd_holes_variables(jv with_holes);
jv pd_holes_environment(jv with_holes);

#endif
