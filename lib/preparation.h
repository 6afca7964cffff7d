/* SPDX-License-Identifier: MIT */
/*
 * Before and after all runs: the injectors and the adapter are started, the system waited for
 * until it is healthy, setup_once sent; in the end teardown_once.
 */
#ifndef PD_PREPARATION_H
#define PD_PREPARATION_H

#include <stdbool.h>
#include <stdint.h>

#include "adapter.h"
#include "error.h"
#include "injection.h"
#include "loop.h"
#include "redact.h"

struct pd_preparation {
	struct pd_loop *loop;
	struct pd_adapter *adapter;
	struct pd_injection *injection;	/* or NULL */
	const struct pd_redaction *redaction;
	int64_t timeout;	/* of a request, microseconds */
	int64_t health_timeout;	/* for injectors to be ready, a coprocess's greeting,
				 * and health */
	bool begun;		/* the system is healthy: there is something to undo */
};

/* Both return 0 or -1; a signal cuts them short. */
int pd_preparation_begin(struct pd_preparation *, struct pd_error *);
int pd_preparation_finish(const struct pd_preparation *, struct pd_error *);

#endif
