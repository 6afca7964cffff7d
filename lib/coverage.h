/* SPDX-License-Identifier: MIT */
/*
 * What runs exercised: counts that are taken from records (observe.h), written
 * as a coverage record, and read back from such records and added up. All is
 * kept so that the sum over parts of a stream gives the record of the whole
 * stream, byte for byte.
 */
#ifndef PD_COVERAGE_H
#define PD_COVERAGE_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "boundary.h"
#include "error.h"
#include "model.h"
#include "occurrence.h"
#include "sketch.h"

/* What is counted by name. */
enum pd_dimension {
	PD_COMMANDS_COVERED,
	PD_TRANSITIONS_COVERED,	/* a command, and the one folded next */
	PD_EVENTS_COVERED,
	PD_CHECKS_COVERED,
	PD_PARTITIONS_COVERED,	/* of arguments */
	PD_CLASSES_COVERED,	/* of states */
	PD_CLASS_TRANSITIONS_COVERED,
	PD_BRANCHES_COVERED,	/* how many branches a run had */
	PD_CONCURRENT_COVERED,	/* commands that ran at the same time, as folded */
	PD_DIMENSIONS,
};

struct pd_coverage {
	jv model;		/* {name, sha256}, or invalid */
	struct pd_occurrences sets[PD_DIMENSIONS];
	struct pd_sketch states, interleavings;
	struct pd_boundaries boundaries;
	int64_t runs, passed, failed, errors, aborted, unfinished;
	int64_t first_run, last_run;
	int64_t commands, events;	/* that were answered, and seen */
};

/* bound: how many states and interleavings are kept. */
void pd_coverage_start(struct pd_coverage *, size_t bound);
void pd_coverage_free(struct pd_coverage *);

/* Read from a model what there is to be exercised. Returns 0 or -1. */
int pd_coverage_declare(struct pd_coverage *, struct pd_model *, struct pd_error *);

/* The entry of a name in a dimension, or of a pair; see pd_occurrences_find. Of
 * names of more than 1,300 bytes the beginning counts. */
struct pd_occurrence *pd_coverage_name(struct pd_coverage *, enum pd_dimension,
    const char *name);
struct pd_occurrence *pd_coverage_pair(struct pd_coverage *, enum pd_dimension,
    const char *from, const char *to);
struct pd_occurrence *pd_coverage_partition(struct pd_coverage *,
    const char *command, const char *argument, const char *partition);

/* Names that were left out because there were too many, in all dimensions. */
int64_t pd_coverage_left_out(const struct pd_coverage *);

/* The record. */
jv pd_coverage_record(struct pd_coverage *);

/* Add a coverage record, which is borrowed. Returns 0; or -1 when it is of
 * another model, and nothing was added, or damaged, and some of it is missing. */
int pd_coverage_merge(struct pd_coverage *, jv record, struct pd_error *);

#endif
