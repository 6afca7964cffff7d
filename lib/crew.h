/* SPDX-License-Identifier: MIT */
/*
 * A crew of threads that do the same work at the same time, each on its share, and
 * then wait. The caller is one of them. Between two works nothing runs, so that what
 * the threads left behind can be used without locks.
 */
#ifndef PD_CREW_H
#define PD_CREW_H

#include "error.h"

struct pd_crew;

/* Called with the number of the thread, 0 being the caller's own. */
typedef void pd_crew_work(void *context, int number);

/* size - 1 threads that wait. NULL on error. */
struct pd_crew *pd_crew_new(int size, struct pd_error *);
void pd_crew_free(struct pd_crew *);

/* Do the work on all, and wait until all have done it. */
void pd_crew_do(struct pd_crew *, pd_crew_work *, void *context);

#endif
