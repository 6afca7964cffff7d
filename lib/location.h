/* SPDX-License-Identifier: MIT */
/*
 * Where in the user's files the promise stands that a failure broke: the check, the
 * prediction, or what the adapter makes of the reply.
 */
#ifndef PD_LOCATION_H
#define PD_LOCATION_H

#include <jv.h>

struct pd_locations;

/* Files are read when they are first asked about, and kept. */
struct pd_locations *pd_locations_new(void);
void pd_locations_free(struct pd_locations *);

/* {file, line} for a failure record, which is borrowed; {file} when the line is not
 * known: the file is gone or has changed since the failure, or it has nothing of that
 * name; an invalid jv when the record names no file. */
jv pd_locations_find(struct pd_locations *, jv failure);

#endif
