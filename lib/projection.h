/* SPDX-License-Identifier: MIT */
/*
 * The projection of a run: what came of it so far, folded into the model's
 * state and judged. Steps are folded in the order in which they are given, and
 * the records of events and checks are written in that order, too. Failures are
 * noted; the first one is the run's. Nothing is sent from here.
 */
#ifndef PD_PROJECTION_H
#define PD_PROJECTION_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "call.h"
#include "conditions.h"
#include "error.h"
#include "evidence.h"
#include "fold.h"
#include "journal.h"
#include "model.h"
#include "redact.h"
#include "stream.h"

enum pd_check_mode {
	PD_CHECKS_HALT,		/* the first failing check ends the run */
	PD_CHECKS_RECORD,	/* the run goes on, and fails in the end */
	PD_CHECKS_LOG,		/* failing checks are told but fail nothing */
	PD_CHECKS_OFF,
};

/* Called for each failing check under PD_CHECKS_LOG. */
typedef void pd_projection_log(const char *text);

struct pd_projection_options {
	enum pd_check_mode checks;
	bool conform;		/* events must agree with the model's prediction */
	bool trace;		/* write passing checks and every run's state, too */
	const struct pd_redaction *redaction;
	pd_projection_log *log;
};

struct pd_projection {
	struct pd_model *model;
	const struct pd_projection_options *options;
	const struct pd_journal *journal;
	struct pd_fold fold;
	struct pd_conditions conditions;	/* over time, that are open */
	bool folding;		/* the state is good; false after a model error */
	bool judging;		/* false where nothing is judged, as in teardown */
	bool forgiving;		/* a model that fails loses the state, and that is all */
	bool deferring;		/* failures are kept for pd_projection_settle */
	bool stopping;		/* no further commands: failed or interrupted */
	bool terminated;	/* the model said that the run ends */
	struct pd_evidence evidence;	/* its events count the fold order, too */
	/* For the state before the command that failed, of which no more is kept
	 * than the latest few thousand steps: */
	jv steps;		/* [{id, step}]: what was folded */
	jv base, middle;	/* the states before them, and after the first half */
	jv failure, other_failures, deferred;
	struct pd_journal_place checking;
};

/* Of no command. */
#define PD_NOWHERE ((struct pd_journal_place){NULL, -1})

/* Begin with the model's first state. Model, options and journal are borrowed. A
 * model that fails is the run's failure; folding is false then. */
void pd_projection_start(struct pd_projection *, struct pd_model *,
    const struct pd_projection_options *, const struct pd_journal *);
void pd_projection_free(struct pd_projection *);

/* Note a failure. name may be NULL; data is consumed and may be invalid. */
void pd_projection_fail(struct pd_projection *, const char *kind,
    const char *name, const char *message, jv data, struct pd_journal_place);
void pd_projection_fail_error(struct pd_projection *, const char *kind,
    const char *name, const struct pd_error *, struct pd_journal_place);

/* Note a failure that is a record's already. Consumes it. */
void pd_projection_take_failure(struct pd_projection *, jv failure);

/* Stop deferring: what was noted meanwhile comes after all failures of now. */
void pd_projection_settle(struct pd_projection *);

/* Say how events differ from those predicted, and give the fields of the first one
 * that differ, without secrets; an invalid jv when it is not by its fields. */
jv pd_projection_describe(const struct pd_projection *, struct pd_buffer *,
    jv predicted, jv events);

/* What the model predicts for a command in the present state, where that is to be
 * compared: an invalid jv otherwise, and after a model that failed. Borrows it. */
jv pd_projection_predict(struct pd_projection *, jv command,
    struct pd_journal_place);

/* Count an answer, whatever it was. */
void pd_projection_count(struct pd_projection *, const struct pd_answer *);

/* Fold and write an event of this source; at is the time on the loop's clock when
 * it was seen. Borrows it. */
void pd_projection_event(struct pd_projection *, const char *source, jv event,
    int64_t at, struct pd_journal_place);

/* A repeated command was answered with these events at this time, the same as at
 * first or not: they are written, and not folded. Borrows them. */
void pd_projection_repeat(struct pd_projection *, jv events, int64_t at,
    struct pd_journal_place, int attempt, bool same);

/* An answered command: fold it and its events, all seen at this time, and compare them with what was
 * predicted (or invalid). injected are events that were folded before. Borrows all. */
void pd_projection_answer(struct pd_projection *, jv command, jv predicted,
    jv injected, jv events, int64_t at, struct pd_journal_place);

/* How often anything of the model's was asked whether it holds: the checks that
 * ran, and the conditions that were opened. */
int64_t pd_projection_fired(const struct pd_projection *);

/* How many checks and conditions the model has. */
int pd_projection_promises(const struct pd_model *);

/* It is so late now: conditions whose time is up have failed. */
void pd_projection_pass_time(struct pd_projection *, int64_t now);

/* Run the checks for the end of a run. */
void pd_projection_check_end(struct pd_projection *);

/* Note each check that no run ever triggered: fired is {check: times}, borrowed. */
void pd_projection_note_silent(const struct pd_model *, jv fired, struct pd_counts *);

/* The fields of a run_end record that the projection knows, added to it. */
jv pd_projection_run_end(struct pd_projection *, jv end, bool aborted);

#endif
