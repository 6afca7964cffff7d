/* SPDX-License-Identifier: MIT */
/* Folders that output goes into. */
#ifndef PD_FOLDER_H
#define PD_FOLDER_H

#include "error.h"

/* Make a folder, and every missing one on the way, as mkdir -p does. One that is
 * there already is fine. Returns 0 or -1. */
int pd_folder_make(const char *path, struct pd_error *);

#endif
