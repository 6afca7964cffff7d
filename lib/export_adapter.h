/* SPDX-License-Identifier: MIT */
/*
 * An adapter that is asked for plans of export: what it takes from the environment
 * must be found in requests, and must not get into a script.
 */
#ifndef PD_EXPORT_ADAPTER_H
#define PD_EXPORT_ADAPTER_H

#include "adapter.h"
#include "error.h"
#include "hole.h"
#include "loop.h"

/* Open it with markers in $ENV in place of values: of all variables that are set,
 * and of those that the adapter's text names. Adds their holes to environment. NULL
 * on error. */
struct pd_adapter *pd_export_adapter(struct pd_loop *, const char *path,
    struct pd_holes *environment, struct pd_error *);

#endif
