/* SPDX-License-Identifier: MIT */
/*
 * A run that is being executed, as those see it who execute it together, and nobody
 * else: executor.c leads it through its phases, lane.c sends commands and takes
 * their answers, repeating.c repeats them, outside.c looks after what is seen
 * beside answers, and after time, telling.c tells mocks of it all, pacing.c turns
 * the loop.
 */
#ifndef PD_EXECUTION_H
#define PD_EXECUTION_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adapter.h"
#include "awaiting.h"
#include "call.h"
#include "entries.h"
#include "evidence.h"
#include "executor_options.h"
#include "gathering.h"
#include "injection.h"
#include "journal.h"
#include "pace.h"
#include "pollers.h"
#include "preparation.h"
#include "projection.h"
#include "reference.h"
#include "repeats.h"
#include "sequence.h"
#include "sightings.h"
#include "specification.h"
#include "trace.h"

enum pd_phase {
	PHASE_RESET, PHASE_SETUP_EACH, PHASE_SETUP, PHASE_PREFIX, PHASE_BRANCHES, PHASE_SUFFIX,
	PHASE_SETTLE, PHASE_CHECKS, PHASE_TEARDOWN, PHASE_TEARDOWN_EACH, PHASE_DONE,
};

struct pd_run;

/* A row of commands that are executed one after another. Phases but the
 * branches have one. */
struct pd_lane {
	struct pd_run *run;
	const struct pd_items *items;
	size_t next;
	int branch;		/* its number, or -1 */
	struct pd_call *call;
	struct pd_repeats *repeats;	/* once it was answered */
	jv first;		/* all events of its first answer */
	int64_t called;		/* when it was sent */
	int64_t told;		/* not sent yet: mocks have to take this first; else 0 */
	jv command;		/* under way, references resolved */
	jv predicted;		/* its events, or invalid */
	jv injected, times;	/* what it made visible before its answer, and when: arrays */
	struct pd_timer *delay;	/* before it is sent */
	int64_t waits;		/* paced: its place in the queue, from 1; 0 if it does not */
};

struct pd_run {
	struct pd_executor *executor;
	const struct pd_sequence *sequence;
	size_t first_branch;	/* to be started */
	char nonce[17];
	struct pd_trace trace;	/* what its trace ids are made of */
	struct pd_journal journal;
	enum pd_phase phase;
	struct pd_lane *lanes;
	size_t lane_count, lanes_busy;
	struct pd_pace pace;
	bool paced;		/* it was so in the beginning */
	int64_t waited;		/* places in the queue given out */
	bool asked;		/* the first in it has been told, and waits for an answer */
	jv hooks;		/* requests of the present phase, still to be sent */
	struct pd_call *hook;
	struct pd_projection projection;
	const jv *mutant;	/* borrowed, or NULL */
	struct pd_bindings bindings;
	struct pd_gathering gathering;
	bool gathers;		/* answers are gathered, and not folded yet */
	struct pd_awaiting awaiting;
	struct pd_pollers pollers;
	struct pd_timer *wake;	/* when a condition's time is up, or the grace is over */
	int64_t wakes;		/* when that is */
	int64_t told;		/* to mocks, the latest; 0 for nothing */
	int64_t settled;	/* until then events from outside are waited for */
	int64_t attempt;
	bool aborted;
	bool reached;		/* at least one connection was made */
	bool unreachable;
	int64_t deadline;	/* of an aborted run */
};

/* The latest executions that are over, a ring. */
enum { PD_PAST = 64 };
struct pd_past {
	struct {
		uint64_t seed;
		char nonce[17];
	} list[PD_PAST];
	size_t count;		/* ever */
};

struct pd_executor {
	struct pd_loop *loop;
	struct pd_model *model;
	struct pd_adapter *adapter;
	struct pd_writer *writer;
	struct pd_executor_options options;
	jv attempts;		/* {run: how often it was executed} */
	struct pd_entries entries;	/* of the model's commands */
	struct pd_preparation preparation;
	struct pd_specification *specification;	/* once a run had branches, or NULL */
	struct pd_gathering_options gathering;
	struct pd_evidence evidence;	/* of all runs */
	struct pd_injection *injection;	/* or NULL */
	struct pd_sightings sightings;
	size_t strays;
	struct pd_past past;	/* executions whose late telemetry is known as theirs */
	bool may_repeat;	/* a command was answered that may be repeated */
	int unreachable;
	const char *broken;	/* who failed, in words, or NULL */
};

/*
 * executor.c
 */

/* Go on to the next phase. */
void pd_run_advance(struct pd_run *);

/* A signal, or nobody who reads or paces: leave what is under way and tear down. */
void pd_run_abort(struct pd_run *);

/* What an aborted run has left for its teardown, microseconds. */
int64_t pd_run_time_left(const struct pd_run *);

/*
 * lane.c
 */

/* Execute these rows of commands at the same time, or go on at once if there are
 * none. */
void pd_lanes_start(struct pd_run *, const struct pd_items *, size_t count);
void pd_lanes_free(struct pd_run *);

/* Whose turn it is: the command that is under way or comes next. */
struct pd_journal_place pd_lane_place(const struct pd_lane *);

/* Send the next command, or end the lane if it is over. */
void pd_lane_go_on(struct pd_lane *);

/* Mocks know of the command that comes next: send it to the system. */
void pd_lane_send(struct pd_lane *);

/* Give the command under way up. */
void pd_lane_leave(struct pd_lane *);

/* The command under way got no answer: the run fails. */
void pd_lane_fail_answer(struct pd_lane *, const struct pd_answer *);

/* All is done for the command under way: go on with the next one. */
void pd_lane_finish_command(struct pd_lane *);

/* What the model says about a command; how it is sent. The key in the context is
 * the caller's, the rest is borrowed. */
const struct pd_entry *pd_lane_entry(struct pd_run *, jv command);
struct pd_command_context pd_lane_context(const struct pd_lane *,
    const struct pd_entry *);
struct pd_call_options pd_lane_call_options(const struct pd_run *,
    const struct pd_entry *);

/*
 * repeating.c
 */

/* Send the answered command again, if it is one that stutters; it is finished then.
 * False if it is not. */
bool pd_lane_repeat(struct pd_lane *);

/*
 * outside.c
 */

/* Is any command under way? */
bool pd_outside_is_under_way(const struct pd_run *);

/* Fold what was seen up to now, unless a command is under way since before that. */
void pd_outside_look(struct pd_run *);

/* Conditions whose time is up have failed, if nothing can make them true any more:
 * no command is under way. */
void pd_outside_pass_time(struct pd_run *);

/* The run is over: telemetry of it that comes later belongs to none. */
void pd_outside_end(const struct pd_run *);

/* Drop what was seen: it belongs to no run. */
void pd_outside_drop(struct pd_executor *);

/* Is there nothing more to wait for at the end of a run? */
bool pd_outside_has_settled(const struct pd_run *);

/* To be called after each turn of the loop. */
void pd_outside_attend(struct pd_run *);

/* What mocks were asked in this run is written; who looks outside and has failed
 * fails the run. */
void pd_outside_note(struct pd_run *);

/*
 * telling.c
 */

/* Mocks begin anew. */
void pd_telling_start(struct pd_run *);

/* Have they taken all that they were told? */
bool pd_telling_is_over(const struct pd_run *);

/* The lane's command comes next. False if it need not wait until mocks know it. */
bool pd_telling_command(struct pd_lane *);

/* An event, which is borrowed, was seen. */
void pd_telling_event(struct pd_run *, struct pd_journal_place, const char *source,
    jv event);

/* Send the commands that mocks know by now. After each turn of the loop. */
void pd_telling_attend(struct pd_run *);

/*
 * pacing.c
 */

/* Turn the loop once, or, in a paced run in which a command waits, hear what is
 * said. Returns 0 or -1. */
int pd_pacing_turn(struct pd_run *, struct pd_error *);

#endif
