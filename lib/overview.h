/* SPDX-License-Identifier: MIT */
/*
 * What a stream of runs looks like from afar, for charts: how the runs ended in
 * the course of the stream, how long runs and commands took, how commands were
 * answered, what was covered. Memory does not grow with the stream, but for the
 * names in it (observe.h); a command costs two microseconds, since only the few
 * fields that count are looked up in its record (skim.h).
 */
#ifndef PD_OVERVIEW_H
#define PD_OVERVIEW_H

#include <jv.h>

#include "error.h"
#include "reader.h"

struct pd_overview;

struct pd_overview *pd_overview_new(void);
void pd_overview_free(struct pd_overview *);

/* Take a record: those of runs count, all but the run_end. Returns 0; or -1 when
 * the line is no record. */
int pd_overview_take(struct pd_overview *, const struct pd_record *,
    struct pd_error *);

/* A run ended. Borrows the run_end record. */
void pd_overview_end_run(struct pd_overview *, jv run_end);

/* What there was so far:
 *   course      {width, buckets: [[passed, failed, errors, aborted]]}: each bucket
 *               is so many runs in the order of the stream, the last one fewer
 *   durations   of runs, as pd_histogram_record tells them, in microseconds
 *   commands    [{name, outcomes: {OUTCOME: times}, answers: {"201": times},
 *               latency}], by name; latency is what the executor measured from
 *               call to return, pauses and repetitions included, of commands that
 *               were answered
 *   left_out    commands whose names were too many
 *   slowest     [{run, id, command, latency_us}], the slowest first
 *   answers     {total, refused: {STATUS: times}}, as the run_end records tell
 *   coverage    a coverage record, without arguments and states */
jv pd_overview_record(struct pd_overview *);

#endif
