/* SPDX-License-Identifier: MIT */
/*
 * A jq expression that the user gives as an option. A plain path, .a.b, is followed
 * without running jq.
 */
#ifndef PD_EXPRESSION_H
#define PD_EXPRESSION_H

#include <jv.h>

#include "error.h"

struct pd_expression;

/* NULL on error. */
struct pd_expression *pd_expression_open(const char *text, struct pd_error *);
void pd_expression_close(struct pd_expression *);

/* Its first output on a value, which is borrowed: null when it gives none, an
 * invalid jv on error. */
jv pd_expression_of(struct pd_expression *, jv value, struct pd_error *);

#endif
