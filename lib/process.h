/* SPDX-License-Identifier: MIT */
/* Programs that run once, on the event loop: standard input given, standard
 * output and error collected. */
#ifndef PD_PROCESS_H
#define PD_PROCESS_H

#include <jv.h>

#include "error.h"
#include "loop.h"

#define PD_PROCESS_OUTPUT_LIMIT ((size_t)16 << 20)

struct pd_process;

/* Called once: with {exit, signal?, stdout, stderr, latency_us}, which it
 * consumes, or with an invalid jv when the output went over the limit. The
 * process is gone then. */
typedef void pd_process_done(void *context, jv reply, const struct pd_error *);

/* Start {argv: [...], stdin?: text, env?: {}, cwd?: path}. Consumes the
 * request. NULL on error. */
struct pd_process *pd_process_start(struct pd_loop *, jv request,
    pd_process_done *, void *context, struct pd_error *);

/* Kill it and all that it started; done is not called. */
void pd_process_cancel(struct pd_process *);

#endif
