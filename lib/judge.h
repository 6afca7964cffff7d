/* SPDX-License-Identifier: MIT */
/*
 * One judge of a log: it folds events into the parts that are its own, and finds what
 * breaks a check. It has a model of its own, so that several can work at the same
 * time on different parts.
 */
#ifndef PD_JUDGE_H
#define PD_JUDGE_H

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "fold.h"
#include "model.h"
#include "parts.h"

/* An event of a log on its way. Between threads it goes as text: libjq counts
 * references without regard to threads. */
struct pd_happening {
	char *text;
	jv event;		/* invalid when another thread is to judge it */
	jv key;			/* until its part is known */
	uint64_t hash;		/* of the key */
	int64_t number;		/* in the order of folding, from 1; 0 before that is known */
	const char *file;
	long line;
	struct pd_log_part *part;
	int64_t spooled;
};

struct pd_finding {
	int64_t number;		/* of the event */
	int turn;		/* among those of one event */
	int64_t spooled;
	jv violation;		/* a record; invalid when it could not be judged */
	bool doubtful;		/* the state began anew, since the key's was given up */
	struct pd_error error;
};

struct pd_judge {
	struct pd_model *model;
	struct pd_fold first;	/* that has seen nothing */
	bool all;		/* go on after a violation */
	struct pd_happening **queue;
	int queued, room;
	struct pd_finding *findings;
	int found, finding_room;
	int64_t *fired;		/* by check, in parts that are gone */
	jv unfolded;		/* {type: times}: events that the model has no function for */
	const struct pd_happening *at;	/* being folded */
	struct jv_parser *parser;
};

int pd_judge_start(struct pd_judge *, const char *model, struct pd_error *);
void pd_judge_free(struct pd_judge *);

/* Take an event over, to be folded by pd_judge_work. */
void pd_judge_queue(struct pd_judge *, struct pd_happening *);

/* Fold what is queued, up to the first violation unless `all`. */
void pd_judge_work(struct pd_judge *);

/* Run the checks for the end of a part. */
void pd_judge_end(struct pd_judge *, struct pd_log_part *);

/* Forget the findings, whose values were taken. */
void pd_judge_clear(struct pd_judge *);

/* Count a part's checks as fired, since it is going to be freed. */
void pd_judge_dismiss(struct pd_judge *, const struct pd_log_part *);

void pd_happening_free(struct pd_happening *);

#endif
