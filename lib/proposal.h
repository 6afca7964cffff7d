/* SPDX-License-Identifier: MIT */
/*
 * A model with more checks: a module that includes the model and adds to it, and
 * is compiled beside it without a trace in the model's folder.
 */
#ifndef PD_PROPOSAL_H
#define PD_PROPOSAL_H

#include "error.h"
#include "model.h"

/* Compile the text of a module that includes the model in the file (and may include
 * what is beside it). NULL on error. */
struct pd_model *pd_proposal_open(const char *model, const char *text,
    struct pd_error *);

#endif
