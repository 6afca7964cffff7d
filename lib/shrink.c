/* SPDX-License-Identifier: MIT */
#include "shrink.h"

#include "amount.h"
#include "concurrency.h"
#include "counted.h"
#include "json.h"
#include "loop.h"
#include "reduction.h"
#include "removal.h"
#include "replacement.h"

enum { FEW_COMMANDS = 16 };	/* of which two at once are tried in any case */

/* See the original fail again, cut off after the failure if that is enough. */
static bool
reproduce(struct pd_search *search, const struct pd_sequence *original,
    const struct pd_recorded *seen)
{
	struct pd_sequence candidate;

	pd_sequence_copy(&candidate, original);
	pd_search_cut_off(&candidate, seen);
	pd_sequence_tidy(&candidate);
	pd_search_note(search, &candidate);
	if (pd_search_execute(search, &candidate))
		return true;
	pd_sequence_copy(&candidate, original);
	pd_sequence_tidy(&candidate);
	if (!pd_search_is_over(search) && !pd_search_note(search, &candidate))
		return pd_search_execute(search, &candidate);
	pd_sequence_free(&candidate);
	return false;
}

/* Less at the same time. A sequence without branches needs one execution where
 * others need many, so that comes first. */
static bool
reduce_concurrency(struct pd_search *search)
{
	bool any = pd_concurrency_line_up(search);

	any |= pd_removal_branches(search);
	return pd_concurrency_move_out(search) || any;
}

/* Arguments: what costs little and mostly is enough comes first. */
static bool
reduce_arguments(struct pd_search *search)
{
	if (search->options->strategy == PD_SHRINK_QUICK)
		return pd_reduction_each(search, PD_EFFORT_SIMPLEST);
	bool any = pd_reduction_all(search);
	any |= pd_reduction_each(search, PD_EFFORT_NEAR);
	any |= pd_reduction_equal(search);
	any |= pd_reduction_numbers(search);
	any |= pd_reduction_each(search, PD_EFFORT_FAR);
	any |= pd_reduction_numbers(search);
	return any;
}

/* What is only tried when nothing else helps any more. Pairs are few when few
 * commands are left. */
static bool
remove_stubborn(struct pd_search *search)
{
	return pd_amount_remove(search) || pd_amount_gather(search) ||
	    pd_counted_remove(search) || pd_replacement_try(search) ||
	    ((search->options->strategy == PD_SHRINK_EXHAUSTIVE ||
	    pd_sequence_length(&search->best) <= FEW_COMMANDS) &&
	    pd_removal_pairs(search));
}

static void
shrink_all(struct pd_search *search)
{
	bool changed = true;

	pd_concurrency_line_up(search);
	pd_removal_branches(search);
	pd_removal_guess(search);
	while (changed && !pd_search_is_over(search)) {
		changed = pd_removal_levels(search);
		changed |= reduce_concurrency(search);
		changed |= reduce_arguments(search);
		if (search->options->strategy == PD_SHRINK_QUICK)
			break;
		if (!changed)
			changed = remove_stubborn(search);
	}
}

/* The records must be those of the final sequence, not of one that was cut off
 * after its failure. It may be cut off once more. */
static void
confirm_cut(struct pd_search *search)
{
	bool failed = true;

	while (search->unconfirmed && failed && search->outcome == PD_RUN_DONE) {
		struct pd_sequence again;
		pd_sequence_copy(&again, &search->best);
		failed = pd_search_execute(search, &again);
	}
	if (search->unconfirmed)
		pd_search_take_back(search);
}

/* Execute the final sequence again, to see how often it fails: {runs, failed}, or
 * an invalid jv when nobody wants to know. */
static jv
confirm(struct pd_search *search)
{
	int wanted = search->best.branch_count > 0 ?
	    search->options->confirm_branches : search->options->confirm;
	int runs = 0, failed = 0;

	while (runs < wanted && search->outcome == PD_RUN_DONE) {
		bool same = pd_search_fails(search);
		if (search->outcome != PD_RUN_DONE)
			break;
		runs++;
		failed += same;
	}
	if (wanted == 0)
		return jv_invalid();
	return pd_json_set_number(pd_json_set_number(jv_object(), "runs", runs),
	    "failed", failed);
}

static jv
statistics(const struct pd_search *search, const struct pd_sequence *original)
{
	const struct {
		const char *name;
		int64_t value;
	} numbers[] = {
		{"candidates", search->candidates},
		{"executions", search->executions},
		{"refused", search->refused},
		{"remembered", search->known},
		{"slips", search->slips},
		{"original_commands", (int64_t)pd_sequence_commands(original)},
		{"shrunk_commands", (int64_t)pd_sequence_commands(&search->best)},
		{"duration_us", pd_loop_now() - search->started},
	};
	static const char *const strategies[] = {"quick", "thorough", "exhaustive"};
	jv result = pd_json_set_string(jv_object(), "strategy",
	    strategies[search->options->strategy]);

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		result = pd_json_set_number(result, numbers[i].name,
		    (double)numbers[i].value);
	return pd_json_set_string(result, "stopped",
	    search->stopped != NULL ? search->stopped : "minimal");
}

/* What the search found is the result's now. */
static void
take_result(struct pd_search *search, struct pd_shrunk *result)
{
	result->sequence = search->best;
	result->lines = search->lines;
	result->slips = search->slipped;
	result->slip_count = search->slipped_count;
	search->best = (struct pd_sequence)PD_SEQUENCE_INIT;
	search->lines = (struct pd_buffer)PD_BUFFER_INIT;
	search->slipped = NULL;
	search->slipped_count = 0;
}

enum pd_run_result
pd_shrink(struct pd_model *model, struct pd_runner *runner,
    const struct pd_sequence *original, const struct pd_recorded *seen,
    const struct pd_search_options *options, struct pd_shrunk *result,
    struct pd_error *error)
{
	struct pd_search search;
	jv failure = pd_recorded_failure(seen);
	jv confirmed = jv_invalid();

	*result = (struct pd_shrunk){0};
	pd_search_start(&search, model, runner, original, failure, options, error);
	jv_free(failure);
	result->reproduced = reproduce(&search, original, seen);
	if (result->reproduced) {
		shrink_all(&search);
		confirm_cut(&search);
		confirmed = confirm(&search);
	}
	result->statistics = statistics(&search, original);
	if (jv_is_valid(confirmed))
		result->statistics = pd_json_set(result->statistics, "confirmed",
		    confirmed);
	take_result(&search, result);
	pd_search_free(&search);
	return search.outcome;
}

void
pd_shrunk_free(struct pd_shrunk *result)
{
	pd_slips_free(result->slips, result->slip_count);
	pd_sequence_free(&result->sequence);
	pd_buffer_free(&result->lines);
	jv_free(result->statistics);
}
