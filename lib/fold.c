/* SPDX-License-Identifier: MIT */
#include "fold.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"

int
pd_fold_start(struct pd_fold *fold, struct pd_model *model,
    struct pd_error *error)
{
	size_t checks = (size_t)pd_model_checks(model);

	*fold = (struct pd_fold){
		.model = model,
		.matched = pd_allocate(checks, sizeof(*fold->matched)),
		.fired = pd_allocate(checks, sizeof(*fold->fired)),
		.due = pd_allocate(checks, sizeof(*fold->due)),
		.state = pd_model_init(model, error),
	};
	return jv_is_valid(fold->state) ? 0 : -1;
}

void
pd_fold_free(struct pd_fold *fold)
{
	jv_free(fold->state);
	free(fold->matched);
	free(fold->fired);
	free(fold->due);
	*fold = (struct pd_fold){.state = jv_invalid()};
}

void
pd_fold_copy(struct pd_fold *to, const struct pd_fold *from)
{
	size_t checks = (size_t)pd_model_checks(from->model);

	*to = (struct pd_fold){
		.model = from->model,
		.matched = pd_allocate(checks, sizeof(*to->matched)),
		.fired = pd_allocate(checks, sizeof(*to->fired)),
		.due = pd_allocate(checks, sizeof(*to->due)),
		.state = jv_copy(from->state),
	};
	memcpy(to->matched, from->matched, checks * sizeof(*to->matched));
	memcpy(to->fired, from->fired, checks * sizeof(*to->fired));
}

int
pd_fold_apply(struct pd_fold *fold, jv step, struct pd_error *error)
{
	fold->state = pd_model_fold(fold->model, fold->state, step, error);
	return jv_is_valid(fold->state) ? 0 : -1;
}

/* Tell what a check gave. Consumes the result. */
static int
tell(struct pd_fold *fold, int check, jv result, struct pd_error *error,
    pd_fold_checked *checked, void *context)
{
	jv message, data;

	fold->fired[check]++;
	enum pd_verdict verdict = pd_model_verdict(fold->model, check, result,
	    &message, &data, error);
	int answer = checked(context, check, verdict, message, data, error);
	jv_free(message);
	jv_free(data);
	return answer;
}

/* Tell the results of the first count of the checks that are due, or an invalid
 * jv: all at once costs less than one by one, but only one by one tells which of
 * them cannot be run. Consumes the results. */
static int
tell_due(struct pd_fold *fold, int count, jv step, jv results,
    pd_fold_checked *checked, void *context)
{
	struct pd_error error = PD_ERROR_INIT;
	bool all = jv_is_valid(results);
	int answer = 0;

	for (int i = 0; i < count && answer == 0; i++) {
		jv result;
		if (all) {
			result = jv_array_get(jv_copy(results), i);
		} else {
			jv one = pd_model_run_checks(fold->model, &fold->due[i], 1,
			    fold->state, step, &error);
			result = jv_is_valid(one) ? jv_array_get(one, 0) : one;
		}
		answer = tell(fold, fold->due[i], result, &error, checked, context);
	}
	jv_free(results);
	return answer;
}

/* Run the first count of the checks that are due. */
static int
run_due(struct pd_fold *fold, int count, jv step, pd_fold_checked *checked,
    void *context)
{
	struct pd_error error = PD_ERROR_INIT;

	if (count == 0)
		return 0;
	jv results = pd_model_run_checks(fold->model, fold->due, count,
	    fold->state, step, &error);
	return tell_due(fold, count, step, results, checked, context);
}

/* Note the checks that a step triggers as due. Returns how many. */
static int
find_due(struct pd_fold *fold, enum pd_step step, jv object)
{
	const char *type = pd_json_peek_string(object, "type", "");
	int checks = pd_model_checks(fold->model), count = 0;

	for (int i = 0; i < checks; i++) {
		const struct pd_trigger *trigger = pd_model_trigger(fold->model, i);
		if (trigger->when == PD_TRIGGER_EVERY &&
		    pd_trigger_matches(trigger, step == PD_STEP_COMMAND, type) &&
		    ++fold->matched[i] % trigger->every == 0)
			fold->due[count++] = i;
	}
	return count;
}

int
pd_fold_check(struct pd_fold *fold, enum pd_step step, jv object,
    pd_fold_checked *checked, void *context)
{
	return run_due(fold, find_due(fold, step, object), object, checked, context);
}

int
pd_fold_step(struct pd_fold *fold, enum pd_step step, jv object,
    pd_fold_checked *checked, void *context, struct pd_error *error)
{
	int count = find_due(fold, step, object);
	jv results;

	fold->state = pd_model_fold_and_check(fold->model, fold->state, object,
	    fold->due, count, &results, error);
	if (jv_is_valid(fold->state))
		return tell_due(fold, count, object, results, checked, context);
	jv_free(results);
	return -1;
}

int
pd_fold_check_at(struct pd_fold *fold, int when, pd_fold_checked *checked,
    void *context)
{
	int checks = pd_model_checks(fold->model), count = 0;

	for (int i = 0; i < checks; i++) {
		if ((int)pd_model_trigger(fold->model, i)->when == when)
			fold->due[count++] = i;
	}
	return run_due(fold, count, jv_null(), checked, context);
}

jv
pd_fold_fired(const struct pd_fold *fold)
{
	jv fired = jv_object();

	for (int i = 0; i < pd_model_checks(fold->model); i++)
		fired = pd_json_set_number(fired, pd_model_check_name(fold->model, i),
		    (double)fold->fired[i]);
	return fired;
}
