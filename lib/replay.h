/* SPDX-License-Identifier: MIT */
/*
 * Replaying a failure: its sequence runs again, and the records of the run, as
 * they come, are told step by step: each command with its events, the state
 * that the model folds of them, what changed in it, and the checks. Where the
 * records come from is not known here: from the executing filter, or from the
 * failure record itself.
 */
#ifndef PD_REPLAY_H
#define PD_REPLAY_H

#include <jv.h>
#include <stdbool.h>

#include "error.h"
#include "fold.h"
#include "model.h"
#include "recording.h"
#include "reference.h"
#include "sequence.h"

/* Gets each step record (pd-stream(5)), which it consumes. */
typedef void pd_replay_tell(void *context, jv step);

struct pd_replay {
	struct pd_sequence sequence;	/* that is replayed */
	jv expected;		/* the failure's cause */
	struct pd_recording recording;
	pd_replay_tell *tell;
	void *context;
	jv plans;		/* {id: command, as planned} */
	char *nonce;		/* of the run, once it has started */
	struct pd_bindings bindings;
	struct pd_fold fold;
	bool folding;		/* the state is good; false after a model error */
	struct pd_error error;	/* which is this */
	jv shown;		/* the state after the step told last */
	jv command, events, checks;	/* of the step that is coming together */
	jv last_checks;		/* those at the end, of no command */
	bool past;		/* the command that failed then has been told */
	int64_t steps;		/* told */
	bool exchanges;		/* the commands tell their replies */
	jv refusal;		/* why the answers do not count, a text, or invalid */
	jv end;			/* the run_end record, or invalid */
};

/* Begin with a failure record, which is borrowed: with its shrunk sequence, or
 * with the original. Returns 0 or -1; it must be freed in both cases. */
int pd_replay_start(struct pd_replay *, struct pd_model *, jv failure,
    bool original, pd_replay_tell *, void *context, struct pd_error *);
void pd_replay_free(struct pd_replay *);

/* Where a command stands in the sequence. */
enum pd_replay_part {
	PD_REPLAY_NOWHERE, PD_REPLAY_SETUP, PD_REPLAY_TEARDOWN,
	PD_REPLAY_MAIN,		/* prefix, branches, suffix: what a paced run waits for */
};

enum pd_replay_part pd_replay_part(const struct pd_replay *, const char *id);

/* Look at the command that is to execute: a pd-exec that does not judge by what
 * failed then cannot show the failure. What else it may be is not known. */
void pd_replay_consider(struct pd_replay *, char *const *command);

/* Take the next record of the run, which is consumed. A step is told when it is
 * complete: when the next one begins. */
void pd_replay_take(struct pd_replay *, jv record);

/* Nothing more will come of the step in hand: tell it. */
void pd_replay_complete(struct pd_replay *);

/* What the replay came to. */
enum pd_replay_result {
	PD_REPLAY_REPRODUCED,	/* the failure came back */
	PD_REPLAY_PASSED,	/* it did not */
	PD_REPLAY_DIFFERENT,	/* the system broke another promise */
	PD_REPLAY_ERROR,	/* the sequence could not be run */
	PD_REPLAY_STOPPED,	/* it was left before the failure could come */
};

/* Say why this run proves nothing, whatever comes of it. The first reason holds. */
void pd_replay_refuse(struct pd_replay *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* After the run, or after it was left (then there is no run_end). */
enum pd_replay_result pd_replay_judge(const struct pd_replay *);

/* The replay record of it. at is the id of the command before which the run was
 * left, or NULL. */
jv pd_replay_record(const struct pd_replay *, const char *at);

#endif
