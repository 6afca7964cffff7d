/* SPDX-License-Identifier: MIT */
/*
 * Failures in files of their own. A failure file is one line: the failure
 * record (pd-stream(5)) with the SHA-256 of its canonical form, so that it is
 * a stream that every program reads, and damage is seen years later. Its name
 * tells what it is: TIME-KIND-NAME-seedN.pd.json.
 */
#ifndef PD_FAILURE_FILE_H
#define PD_FAILURE_FILE_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "error.h"

#define PD_FAILURE_SUFFIX ".pd.json"

/* Is this a failure record, of a format that is known, and does it agree with
 * its sha256 if it has one? Returns 0 or -1; borrows the record. */
int pd_failure_verify(jv record, struct pd_error *);

/* The record with its sha256 made anew. Consumes it. */
jv pd_failure_seal(jv record);

/* Read a file. The line may have been laid out over several by an editor. An
 * invalid jv on error, which names the file. */
jv pd_failure_load(const char *path, struct pd_error *);

/* Save into a directory, which is made if it is missing, under a name made of
 * the time and the record; saved_at says the same inside. The file appears
 * whole or not at all, and takes no other's place: a name that is taken gets a
 * number. With replace, earlier files of the same kind, name and seed are
 * removed afterwards. Borrows the record. The path, which the caller frees, or
 * NULL. */
char *pd_failure_save(const char *directory, jv record, time_t now,
    bool replace, struct pd_error *);

#endif
