/* SPDX-License-Identifier: MIT */
/*
 * What a model predicts for each command of a sequence that ran: events with
 * tokens in place of what only the system knows, in the states that the predicted
 * events give. Where branches ran at the same time there is a prediction for each
 * order of their commands.
 */
#ifndef PD_PREDICTED_H
#define PD_PREDICTED_H

#include <jv.h>

#include "error.h"
#include "model.h"
#include "sequence.h"

enum { PD_PREDICTED_ORDERS = 2000 };	/* of branches that are looked at */

struct pd_predictions {
	/* {id: [events]}: each command's predictions, different ones. An event list of
	 * null: the model does not say, or allows what was seen by a rule of its own. */
	jv alternatives;
	/* [{id: index}]: which of them go together. One without branches. */
	jv outcomes;
};

/* events are the run's event records, references what its tokens stood for; both
 * are borrowed. Returns 0; -1 with an error, also when branches have too many
 * orders. They must be freed in both cases. */
int pd_predict(struct pd_predictions *, struct pd_model *,
    const struct pd_sequence *, jv events, jv references, struct pd_error *);
void pd_predictions_free(struct pd_predictions *);

#endif
