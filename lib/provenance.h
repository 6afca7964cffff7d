/* SPDX-License-Identifier: MIT */
/*
 * Where in a reply something stands that an adapter makes of it. The adapter is a
 * pure function, so it is asked again: with one part of the reply replaced by a
 * marker, what comes out shows where that part went.
 *
 * A place is {"in": "body", "path": [...]} for a reply in JSON, {"in": "header",
 * "name": ...}, or {"in": ...} with status, text, exit, stdout or stderr. With
 * "before" or "after" it is the text between the first occurrence of the one (or
 * the start) and the next of the other (or the end); "as": "number" says that
 * the text is read as one.
 */
#ifndef PD_PROVENANCE_H
#define PD_PROVENANCE_H

#include <jv.h>
#include <stdbool.h>

#include "adapter.h"
#include "hole.h"

/* What the adapter makes of a reply: an array of events and marks. Borrows both; an
 * invalid jv when it refuses the reply. A reply whose text was not recorded since
 * its body says the same gets it again. */
jv pd_provenance_interpret(struct pd_adapter *, jv command, jv reply);

/* The reply with another status. Consumes it. */
jv pd_provenance_with_status(jv reply, int status);

/* The place of a path of a reply, an invalid jv for what is none, as latencies. Borrows
 * it. */
jv pd_provenance_place(jv path);

/* The reply with another value at a path; its text follows its body. Borrows all. */
jv pd_provenance_replaced(jv reply, jv path, jv with);

/* Where the scalars of the outputs come from: [{output, at}], output a path in the
 * array that the adapter gave. Borrows all. */
jv pd_origins(struct pd_adapter *, jv command, jv reply, jv outputs);

/* The same without an adapter: parts of the reply that have the same name and
 * value. */
jv pd_origins_alike(jv reply, jv outputs);

/* The place that origins (borrowed) tell for a path of the outputs (borrowed), or
 * an invalid jv. */
jv pd_provenance_of(jv origins, jv path);

/* What stands at a place of a reply; an invalid jv when there is nothing. Borrows
 * both. */
jv pd_provenance_read(jv reply, jv place);

/* The parts of a reply that a follow's request is made of get holes, named
 * PREFIX_NAME. Returns the mark that the adapter gives for the reply with
 * markers, or an invalid jv; *captures becomes [{variable, at}]. Borrows all. */
jv pd_provenance_follow(struct pd_adapter *, jv command, jv reply,
    const char *prefix, struct pd_holes *, jv *captures);

#endif
