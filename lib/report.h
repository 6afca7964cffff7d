/* SPDX-License-Identifier: MIT */
/*
 * A report of a stream of runs: what is read is counted, failures are told as soon
 * as they are known, from a failure record if somebody made one and from the run's
 * own records otherwise, and saved where that is asked for; what other programs
 * found out is told where it stands; and a summary ends it. Lines of runs that
 * passed are never kept for longer than the run.
 */
#ifndef PD_REPORT_H
#define PD_REPORT_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "model.h"
#include "outputs.h"
#include "reader.h"
#include "stream.h"

struct pd_report;

struct pd_report_settings {
	struct pd_model *model;	/* that folds failures, or NULL; see retrace.h */
	const char *save;	/* a folder for failures, or NULL */
	bool save_all, overwrite;
	bool allow_vacuous;
	int64_t (*clock)(void);	/* microseconds since 1970 */
	/* Told of what is missing in the report, at once; its summary says so, too. */
	void (*trouble)(void *context, const struct pd_error *);
	void *context;
};

/* Begin a report, with the headers of its outputs. Outputs and settings must outlive
 * it. NULL on error. */
struct pd_report *pd_report_open(const struct pd_report_settings *,
    struct pd_outputs *, struct pd_error *);
void pd_report_close(struct pd_report *);

/* Take a record, or a line that could not be read. */
void pd_report_take(struct pd_report *, const struct pd_record *);
void pd_report_bad_line(struct pd_report *, const struct pd_error *);

/* What there was so far. */
const struct pd_counts *pd_report_counts(const struct pd_report *);

/* After the last line: write the summary. number is that of the signal that ended the
 * work, or 0. The exit status, or -1 on error. */
int pd_report_finish(struct pd_report *, const struct pd_reader *, int number,
    struct pd_error *);

#endif
