/* SPDX-License-Identifier: MIT */
/*
 * Running a replay by the executing filter: in one go, as far as a command, or
 * from there on command by command as somebody says.
 */
#ifndef PD_STEPPING_H
#define PD_STEPPING_H

#include <jv.h>

#include "error.h"
#include "replay.h"
#include "runner.h"

enum pd_stepping_word { PD_STEPPING_NEXT, PD_STEPPING_ALL, PD_STEPPING_QUIT };

/* What to do now, before the command of a pause record, which is borrowed. All
 * steps before it have been told, and nothing is under way in the system. */
typedef enum pd_stepping_word pd_stepping_ask(void *context, jv pause);

struct pd_stepping {
	const char *to;		/* run so far without asking, or NULL */
	pd_stepping_ask *ask;	/* NULL: leave the run there */
	void *context;
	char at[64];		/* the command before which the run was left, or empty */
};

/* Execute the replay's sequence. PD_RUN_DONE means that the run ended or was
 * left. */
enum pd_run_result pd_stepping_run(struct pd_stepping *, struct pd_replay *,
    struct pd_runner *, struct pd_error *);

#endif
