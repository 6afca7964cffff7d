/* SPDX-License-Identifier: MIT */
/*
 * Saving failures. A file appears under its name whole or not at all, and takes
 * no other's place. While it is written it is called .saving-XXXXXX; who is
 * killed then leaves that behind. A failure file is named for what it holds:
 * TIME-KIND-NAME-seedN.pd.json.
 */
#ifndef PD_FAILURE_SAVE_H
#define PD_FAILURE_SAVE_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"

/* Save into a directory, which is made if it is missing; saved_at says inside
 * when that was. Both times are microseconds since 1970. A name that is taken
 * gets a number. Files of the same kind, name and seed that were saved before
 * replace_before are removed once the new one is there; 0 is for none. Borrows
 * the record. The path, which the caller frees, or NULL. */
char *pd_failure_save(const char *directory, jv record, int64_t now,
    int64_t replace_before, struct pd_error *);

/* "KIND-NAME-seedN", what tells failures apart in names of files. Borrows the
 * record; the caller frees it. */
char *pd_failure_stem(jv record);

/* Is this a file that somebody who was saving left behind? What is still being
 * written is not. */
bool pd_failure_is_abandoned(const char *path);

#endif
