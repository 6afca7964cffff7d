/* SPDX-License-Identifier: MIT */
/*
 * From the lines of a log to the events of a model. A map is a jq module with a
 * function map/0 that gets a line (as JSON, or as text when its metadata say
 * {"input": "text"}) and gives events, nothing, or skip(reason). Several maps follow
 * one another: each gets what the one before it gives.
 */
#ifndef PD_MAPPING_H
#define PD_MAPPING_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct pd_mapping;

struct pd_mapping_options {
	const char *const *maps;	/* files (with / or ending in .jq) or names of share/pd/maps */
	int count;
	const char *pattern;	/* a regular expression whose named groups are the maps' input; or NULL */
	const char *split;	/* a jq expression for the key of an event; or NULL */
	const char *order;	/* and one for its place; or NULL */
};

/* NULL on error. */
struct pd_mapping *pd_mapping_open(const struct pd_mapping_options *,
    struct pd_error *);
void pd_mapping_close(struct pd_mapping *);

/* What became of a line: any number of events, and of reasons why something of it
 * is none. All values are the callee's. key and place are null without an
 * expression. */
struct pd_mapping_taker {
	void (*event)(void *context, jv event, jv key, jv place);
	void (*skip)(void *context, jv reason);
	void *context;
};

/* Returns 0, or -1 when the line cannot be read or mapped: nothing was taken then
 * but what the line gave before. */
int pd_mapping_line(struct pd_mapping *, const char *line, size_t length,
    const struct pd_mapping_taker *, struct pd_error *);

/* The same for a value in place of a line, which is consumed; does the first map
 * want text? */
int pd_mapping_value(struct pd_mapping *, jv value, const struct pd_mapping_taker *,
    struct pd_error *);
bool pd_mapping_wants_text(const struct pd_mapping *);

/* The ready-made maps: [{name, description}], or an invalid jv. */
jv pd_mapping_list(struct pd_error *);

#endif
