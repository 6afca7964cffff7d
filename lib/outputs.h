/* SPDX-License-Identifier: MIT */
/*
 * Where a report goes: formats of share/pd/report, each with a file of its own,
 * all fed from one reading of the stream. Not every format has words for every
 * record, so each keeps count of what it has told. What a format says of itself
 * in its metadata, beside the description:
 *   extension  of files that are named for it: report.EXTENSION
 *   held       true: nothing is written before the summary, which gets all lines
 *              of the other functions as $o.held and makes the document of them
 *   locations  true: failures get $o.location, where the broken promise stands
 *   overview   true: the summary gets $o.overview, see overview.h
 *   retraced   true: failures get $o.retraced, see retrace.h
 *   files      names of files beside the format, which gets them as $o.files
 *   also       {format, append_to, limit}: if the environment variable append_to
 *              is set, this format goes to the end of the file that it names, with
 *              no more than limit bytes; $o.left_out tells how many failures
 *              found no room
 */
#ifndef PD_OUTPUTS_H
#define PD_OUTPUTS_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "template.h"

struct pd_outputs;

/* Called before something is written to standard output, which a line of progress at
 * the same terminal may be in the way of. */
typedef void pd_outputs_writing(void *context);

/* Hears of a record that a format could not tell, and left out. */
typedef void pd_outputs_trouble(void *context, const struct pd_error *);

struct pd_outputs *pd_outputs_new(pd_outputs_writing *, void *context);

/* Close the files. Returns 0; or -1 when not all could be written, and the error
 * is that of the first of them. */
int pd_outputs_close(struct pd_outputs *, struct pd_error *);

/* Add formats: NAME or NAME=FILE, several separated by commas, "-" being standard
 * output. Returns 0 or -1. */
int pd_outputs_add(struct pd_outputs *, const char *list, struct pd_error *);

/* Load the formats and open their files. Those without one of their own go to path:
 * a file for a single one; a folder, which is made if it is missing, for several,
 * or if it is one or ends with a slash; NULL for standard output, which takes one.
 * Returns 0 or -1. */
int pd_outputs_open(struct pd_outputs *, const char *path, enum pd_color,
    struct pd_error *);

size_t pd_outputs_count(const struct pd_outputs *);

/* Does any format ask for what takes time, by this fact of its metadata? Does any have
 * words for this type of record? */
bool pd_outputs_want(const struct pd_outputs *, const char *fact);
bool pd_outputs_know(const struct pd_outputs *, const char *type);

/* Begin every document. Returns 0 or -1. */
int pd_outputs_header(struct pd_outputs *, struct pd_error *);

/* Tell a failure; key says which are the same, style what formats are told beside the
 * record. Consumes both. */
void pd_outputs_failure(struct pd_outputs *, const char *key, jv failure, jv style,
    pd_outputs_trouble *, void *context);

/* Tell another record, or only count it where the format has no words for it.
 * Consumes it; it is not looked at when no format knows the type. */
void pd_outputs_result(struct pd_outputs *, const char *type, jv record,
    pd_outputs_trouble *, void *context);

/* End every document with the summary, to which each gets what it has told itself:
 * failures {KEY: times}, results and unshown {TYPE: times}. The overview, which may be
 * invalid, is for those that ask for it. Consumes both. Returns 0 or -1. */
int pd_outputs_summary(struct pd_outputs *, jv summary, jv overview,
    struct pd_error *);

#endif
