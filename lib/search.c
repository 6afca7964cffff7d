/* SPDX-License-Identifier: MIT */
#include "search.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "loop.h"
#include "plan.h"
#include "recorded.h"

void
pd_search_start(struct pd_search *search, struct pd_model *model,
    struct pd_runner *runner, const struct pd_sequence *sequence, jv failure,
    const struct pd_search_options *options, struct pd_error *error)
{
	*search = (struct pd_search){.model = model, .runner = runner,
		.failure = failure, .options = options, .tried = jv_object(),
		.started = pd_loop_now(), .outcome = PD_RUN_DONE, .error = error};
	pd_sequence_copy(&search->best, sequence);
}

void
pd_slips_free(struct pd_slip *slips, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		pd_sequence_free(&slips[i].sequence);
		pd_buffer_free(&slips[i].lines);
		jv_free(slips[i].failure);
	}
	free(slips);
}

void
pd_search_free(struct pd_search *search)
{
	pd_slips_free(search->slipped, search->slipped_count);
	pd_sequence_free(&search->best);
	pd_buffer_free(&search->lines);
	free(search->failed_id);
	jv_free(search->tried);
}

/* One execution is kept for the confirmation that a cut off sequence needs. */
bool
pd_search_is_over(struct pd_search *search)
{
	const struct pd_search_options *options = search->options;

	if (search->stopped != NULL)
		return true;
	if (search->outcome == PD_RUN_INTERRUPTED)
		search->stopped = "interrupted";
	else if (search->outcome == PD_RUN_FAILED)
		search->stopped = "runner_failed";
	else if (options->max_time > 0 &&
	    pd_loop_now() - search->started >= options->max_time)
		search->stopped = "max_time";
	else if (options->max_runs > 0 &&
	    search->executions + search->unconfirmed >= options->max_runs)
		search->stopped = "max_runs";
	return search->stopped != NULL;
}

static void
drop_after(struct pd_items *items, size_t count)
{
	while (items->count > count) {
		struct pd_item *last = &items->list[--items->count];
		free(last->id);
		jv_free(last->command);
		jv_free(last->label);
	}
}

void
pd_search_cut_off(struct pd_sequence *sequence, const char *id)
{
	for (size_t i = 0; i < sequence->prefix.count; i++) {
		if (strcmp(sequence->prefix.list[i].id, id) != 0)
			continue;
		drop_after(&sequence->prefix, i + 1);
		for (size_t b = 0; b < sequence->branch_count; b++)
			pd_items_free(&sequence->branches[b]);
		sequence->branch_count = 0;
		drop_after(&sequence->suffix, 0);
		return;
	}
	for (size_t i = 0; i < sequence->suffix.count; i++) {
		if (strcmp(sequence->suffix.list[i].id, id) == 0)
			drop_after(&sequence->suffix, i + 1);
	}
	for (size_t b = 0; b < sequence->branch_count; b++) {
		for (size_t i = 0; i < sequence->branches[b].count; i++) {
			if (strcmp(sequence->branches[b].list[i].id, id) == 0)
				drop_after(&sequence->suffix, 0);
		}
	}
}

/* The candidate failed as wanted: it is the best now. Consumes it and lines. */
static void
accept(struct pd_search *search, struct pd_sequence *candidate,
    struct pd_buffer *lines, const char *id)
{
	pd_sequence_free(&search->best);
	search->best = *candidate;
	pd_buffer_free(&search->lines);
	search->lines = *lines;
	free(search->failed_id);
	search->failed_id = id != NULL ? pd_duplicate(id) : NULL;
	size_t length = pd_sequence_length(&search->best);
	if (id != NULL)
		pd_search_cut_off(&search->best, id);
	search->unconfirmed = pd_sequence_length(&search->best) < length;
}

/* It failed in another way, which may be another bug. Consumes the candidate
 * and lines. */
static void
keep_slip(struct pd_search *search, struct pd_sequence *candidate,
    struct pd_buffer *lines, jv failure)
{
	for (size_t i = 0; i < search->slipped_count; i++) {
		if (!pd_same_failure(search->slipped[i].failure, failure))
			continue;
		pd_sequence_free(candidate);
		pd_buffer_free(lines);
		return;
	}
	search->slipped = pd_reallocate(search->slipped, search->slipped_count + 1,
	    sizeof(*search->slipped));
	search->slipped[search->slipped_count++] = (struct pd_slip){
		.sequence = *candidate, .lines = *lines, .failure = jv_copy(failure)};
}

/* Sort an executed candidate, which is consumed with its lines, by how it
 * failed. */
static bool
judge(struct pd_search *search, struct pd_sequence *candidate,
    struct pd_buffer *lines, jv failure)
{
	bool failed = jv_is_valid(failure);

	if (failed && pd_same_failure(failure, search->failure)) {
		accept(search, candidate, lines, pd_json_peek_string(failure, "id", NULL));
		return true;
	}
	search->slips += failed;
	/* What our own candidate made impossible is no bug of the system's. */
	if (failed && search->options->keep_slips &&
	    strcmp(pd_json_peek_string(failure, "class", ""), "framework") != 0) {
		keep_slip(search, candidate, lines, failure);
	} else {
		pd_sequence_free(candidate);
		pd_buffer_free(lines);
	}
	return false;
}

bool
pd_search_execute(struct pd_search *search, struct pd_sequence *candidate)
{
	struct pd_buffer lines = PD_BUFFER_INIT;
	struct pd_recorded run;
	jv failure = jv_invalid();

	search->executions++;
	search->outcome = pd_runner_run(search->runner, candidate, &lines,
	    search->error);
	if (search->outcome == PD_RUN_DONE) {
		if (pd_recorded_parse(&run, lines.data, lines.length, search->error) == 0)
			failure = pd_recorded_failure(&run);
		pd_recorded_free(&run);
	}
	bool same = judge(search, candidate, &lines, failure);
	jv_free(failure);
	if (search->options->progress != NULL)
		search->options->progress(search->options->progress_context,
		    pd_sequence_length(&search->best), search->executions);
	return same;
}

bool
pd_search_note(struct pd_search *search, const struct pd_sequence *candidate)
{
	char plan[PD_HASH_TEXT];

	pd_sequence_fingerprint(candidate, plan);
	if (pd_json_has_peek(search->tried, plan))
		return true;
	search->tried = pd_json_set(search->tried, plan, jv_true());
	return false;
}

bool
pd_search_knows(const struct pd_search *search, struct pd_sequence *candidate)
{
	char plan[PD_HASH_TEXT];

	pd_sequence_fingerprint(candidate, plan);
	pd_sequence_free(candidate);
	return pd_json_has_peek(search->tried, plan);
}

/* Leave the item with this id out of the candidate, with what depends on it.
 * False when the command that fails would go. */
static bool
leave_out(const struct pd_search *search, struct pd_sequence *candidate,
    const char *id)
{
	struct pd_row row = pd_row_make(candidate);
	bool *keep = pd_allocate(row.count, sizeof(*keep));
	size_t failed = pd_search_failed_item(search, &row);
	size_t gone = pd_row_find(&row, id);

	for (size_t i = 0; i < row.count; i++)
		keep[i] = i != gone;
	pd_row_drop_dependents(&row, keep);
	bool possible = gone < row.count && (failed == row.count || keep[failed]);
	if (possible) {
		struct pd_sequence kept = pd_row_kept(candidate, keep);
		pd_sequence_free(candidate);
		*candidate = kept;
	}
	free(keep);
	pd_row_free(&row);
	return possible;
}

/* Make the candidate one that the model admits, if that is possible. */
static bool
make_admissible(struct pd_search *search, struct pd_sequence *candidate)
{
	for (;;) {
		const char *refused_id = NULL;
		struct pd_error error;
		int admitted = pd_plan_admits_sequence(search->model, candidate,
		    &refused_id, &error);
		if (admitted == 1)
			return true;
		if (admitted < 0 || refused_id == NULL ||
		    !leave_out(search, candidate, refused_id))
			return false;
	}
}

bool
pd_search_try(struct pd_search *search, struct pd_sequence *candidate)
{
	search->candidates++;
	if (pd_search_is_over(search)) {
		pd_sequence_free(candidate);
		return false;
	}
	size_t length = pd_sequence_length(candidate);
	bool known = pd_search_note(search, candidate);
	if (!known && !make_admissible(search, candidate)) {
		search->refused++;
		pd_sequence_free(candidate);
		return false;
	}
	if (!known && pd_sequence_length(candidate) < length)
		known = pd_search_note(search, candidate);
	if (known) {
		search->known++;
		pd_sequence_free(candidate);
		return false;
	}
	return pd_search_execute(search, candidate);
}

size_t
pd_search_failed_item(const struct pd_search *search, const struct pd_row *row)
{
	return search->failed_id != NULL ?
	    pd_row_find(row, search->failed_id) : row->count;
}
