/* SPDX-License-Identifier: MIT */
/*
 * Looking at a model without any system: what is wrong with it, what it is
 * made of, whether it generates the same twice.
 */
#ifndef PD_INSPECT_H
#define PD_INSPECT_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "adapter.h"
#include "error.h"
#include "model.h"

/* One thing that is wrong; warnings may be meant so. The place and the hint
 * are in the error. */
typedef void pd_inspect_finding(void *context, bool warning,
    const struct pd_error *);

/* Look for what is wrong, with sequences of so many seeds generated to see
 * what happens, and the model's checks run on what it predicts itself. adapter
 * may be NULL. */
void pd_inspect(struct pd_model *, struct pd_adapter *, int64_t seeds,
    pd_inspect_finding *, void *context);

/* Does the model generate the same plan twice, at seeds first .. first+count-1?
 * Two evaluations of their own are compared, opened from the same file, the
 * second in another environment and at least a second later. Not for programs
 * with threads: the environment is changed for that time. Returns 1; 0 with the
 * first difference in the error; -1 on error. */
int pd_inspect_determinism(const char *path, uint64_t first, int64_t count,
    struct pd_error *);

#endif
