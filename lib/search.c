/* SPDX-License-Identifier: MIT */
#include "search.h"

#include <stdlib.h>
#include <string.h>

#include "admission.h"
#include "json.h"
#include "loop.h"

void
pd_search_start(struct pd_search *search, struct pd_model *model,
    struct pd_runner *runner, const struct pd_sequence *sequence, jv failure,
    const struct pd_search_options *options, struct pd_error *error)
{
	*search = (struct pd_search){.model = model, .runner = runner,
		.failure = jv_copy(failure), .options = options, .tried = jv_object(),
		.started = pd_loop_now(), .outcome = PD_RUN_DONE, .error = error};
	pd_sequence_copy(&search->best, sequence);
}

static bool
is_linearization(jv failure)
{
	return strcmp(pd_json_peek_string(failure, "kind", ""), "linearization") == 0;
}

void
pd_slips_free(struct pd_slip *slips, size_t count)
{
	for (size_t i = 0; i < count; i++) {
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
	jv_free(search->failure);
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

/* The place of the item with this id; the count when there is none. */
static size_t
find_item(const struct pd_items *items, const char *id)
{
	size_t i = 0;

	while (i < items->count && strcmp(items->list[i].id, id) != 0)
		i++;
	return i;
}

static bool
was_sent(const struct pd_recorded *run, const char *id)
{
	bool found = false;

	jv_array_foreach(run->commands, i, command) {
		found = found || strcmp(pd_json_peek_string(command, "id", ""), id) == 0;
		jv_free(command);
	}
	return found;
}

/* Late items that the run never sent, but not the first so many. */
static void
drop_unsent(struct pd_items *items, size_t count, const struct pd_recorded *run)
{
	while (items->count > count &&
	    !was_sent(run, items->list[items->count - 1].id))
		drop_after(items, items->count - 1);
}

static void
cut_off_prefix(struct pd_sequence *sequence, size_t count)
{
	drop_after(&sequence->prefix, count);
	for (size_t b = 0; b < sequence->branch_count; b++)
		pd_items_free(&sequence->branches[b]);
	sequence->branch_count = 0;
	drop_after(&sequence->suffix, 0);
}

/* The other branches ran at the same time, whatever their records say. */
static void
cut_off_branches(struct pd_sequence *sequence, const char *id,
    const struct pd_recorded *run)
{
	size_t place = find_item(&sequence->suffix, id);

	if (place < sequence->suffix.count) {
		drop_unsent(&sequence->suffix, place + 1, run);
		return;
	}
	for (size_t b = 0; b < sequence->branch_count; b++) {
		struct pd_items *branch = &sequence->branches[b];
		place = find_item(branch, id);
		if (place < branch->count) {
			drop_unsent(branch, place + 1, run);
			drop_unsent(&sequence->suffix, 0, run);
		}
	}
}

void
pd_search_cut_off(struct pd_sequence *sequence, const struct pd_recorded *run)
{
	jv failure = pd_recorded_failure(run);
	const char *id = pd_json_peek_string(failure, "id", NULL);

	if (id != NULL) {
		size_t place = find_item(&sequence->prefix, id);
		if (place < sequence->prefix.count) {
			if (!is_linearization(failure))
				cut_off_prefix(sequence, place + 1);
		} else if (sequence->branch_count > 0) {
			cut_off_branches(sequence, id, run);
		} else {
			place = find_item(&sequence->suffix, id);
			drop_after(&sequence->suffix, place + 1);
		}
	}
	jv_free(failure);
}

/* The candidate, which is borrowed, failed as wanted: it is the best now. Consumes
 * the lines. */
static void
accept(struct pd_search *search, const struct pd_sequence *candidate,
    struct pd_buffer *lines, const struct pd_recorded *run)
{
	jv failure = pd_recorded_failure(run);
	const char *id = pd_json_peek_string(failure, "id", NULL);

	pd_sequence_free(&search->best);
	pd_sequence_copy(&search->best, candidate);
	pd_buffer_free(&search->lines);
	search->lines = *lines;
	free(search->failed_id);
	search->failed_id = id != NULL ? pd_duplicate(id) : NULL;
	jv_free(search->failure);
	search->failure = failure;
	size_t length = pd_sequence_length(&search->best);
	pd_search_cut_off(&search->best, run);
	search->unconfirmed = pd_sequence_length(&search->best) < length;
}

/* It failed in another way, which may be another bug. Consumes the lines. */
static void
keep_slip(struct pd_search *search, struct pd_buffer *lines, jv failure)
{
	for (size_t i = 0; i < search->slipped_count; i++) {
		if (!pd_same_failure(search->slipped[i].failure, failure))
			continue;
		pd_buffer_free(lines);
		return;
	}
	search->slipped = pd_reallocate(search->slipped, search->slipped_count + 1,
	    sizeof(*search->slipped));
	search->slipped[search->slipped_count++] = (struct pd_slip){
		.lines = *lines, .failure = jv_copy(failure)};
}

/* Sort an executed candidate, which is borrowed, by how it failed. Consumes its
 * lines. */
static bool
judge(struct pd_search *search, const struct pd_sequence *candidate,
    struct pd_buffer *lines, const struct pd_recorded *run)
{
	jv failure = pd_recorded_failure(run);
	bool failed = jv_is_valid(failure);
	bool wanted = failed && pd_stands_for(failure, search->failure, candidate);

	search->slips += failed && !wanted;
	if (wanted) {
		accept(search, candidate, lines, run);
	} else if (failed && search->options->keep_slips &&
	    /* What our own candidate made impossible is no bug of the system's. */
	    strcmp(pd_json_peek_string(failure, "class", ""), "framework") != 0) {
		keep_slip(search, lines, failure);
	} else {
		pd_buffer_free(lines);
	}
	jv_free(failure);
	return wanted;
}

/* Execute once. The run is empty unless it was executed to its end. */
static void
execute(struct pd_search *search, const struct pd_sequence *sequence,
    struct pd_buffer *lines, struct pd_recorded *run)
{
	int64_t before = pd_runner_ends(search->runner);

	search->outcome = pd_runner_run(search->runner, sequence, lines,
	    search->error);
	bool done = search->outcome == PD_RUN_DONE;
	search->executions += pd_runner_ends(search->runner) - before + !done;
	if (pd_recorded_parse(run, lines->data, done ? lines->length : 0,
	    search->error) != 0)
		search->outcome = PD_RUN_FAILED;
}

static bool
execute_once(struct pd_search *search, const struct pd_sequence *candidate)
{
	struct pd_buffer lines = PD_BUFFER_INIT;
	struct pd_recorded run;

	execute(search, candidate, &lines, &run);
	bool wanted = judge(search, candidate, &lines, &run);
	pd_recorded_free(&run);
	if (search->options->progress != NULL)
		search->options->progress(search->options->progress_context,
		    pd_sequence_length(&search->best), search->executions);
	return wanted;
}

/* The branch that is sent first mostly is ahead, and a race may want another one
 * to be. */
static void
rotate_branches(struct pd_sequence *candidate)
{
	struct pd_items first = candidate->branches[0];

	memmove(candidate->branches, candidate->branches + 1,
	    (candidate->branch_count - 1) * sizeof(first));
	candidate->branches[candidate->branch_count - 1] = first;
}

bool
pd_search_execute(struct pd_search *search, struct pd_sequence *candidate)
{
	int tries = candidate->branch_count > 0 ? search->options->tries : 1;
	bool wanted = execute_once(search, candidate);

	for (int i = 1; i < tries && !wanted && !pd_search_is_over(search); i++) {
		rotate_branches(candidate);
		pd_search_note(search, candidate);
		wanted = execute_once(search, candidate);
	}
	pd_sequence_free(candidate);
	return wanted;
}

bool
pd_search_fails(struct pd_search *search)
{
	struct pd_buffer lines = PD_BUFFER_INIT;
	struct pd_recorded run;

	execute(search, &search->best, &lines, &run);
	jv failure = pd_recorded_failure(&run);
	bool same = jv_is_valid(failure) && pd_same_failure(failure, search->failure);
	jv_free(failure);
	pd_recorded_free(&run);
	pd_buffer_free(&lines);
	return same;
}

void
pd_search_take_back(struct pd_search *search)
{
	struct pd_recorded run;
	struct pd_sequence whole;

	if (pd_recorded_parse(&run, search->lines.data, search->lines.length,
	    search->error) == 0 && pd_sequence_parse(&whole,
	    pd_json_peek(run.start, "sequence"), search->error) == 0) {
		pd_sequence_free(&search->best);
		search->best = whole;
	}
	pd_recorded_free(&run);
	search->unconfirmed = false;
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

/* A command of one branch may refer to one of another, which stands before it in
 * the row, but not in time. */
static bool
may_refer(const struct pd_sequence *candidate)
{
	struct pd_sequence parsed = PD_SEQUENCE_INIT;
	struct pd_error error;
	bool result = candidate->branch_count == 0 ||
	    pd_sequence_parse(&parsed, pd_sequence_record(candidate), &error) == 0;

	pd_sequence_free(&parsed);
	return result;
}

/* Make the candidate one that the model admits, if that is possible. */
static bool
make_admissible(struct pd_search *search, struct pd_sequence *candidate)
{
	while (may_refer(candidate)) {
		const char *refused_id = NULL;
		struct pd_error error;
		int admitted = pd_admits_sequence(search->model, candidate,
		    &refused_id, &error);
		if (admitted == 1)
			return true;
		if (admitted < 0 || refused_id == NULL ||
		    !leave_out(search, candidate, refused_id))
			return false;
	}
	return false;
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
	return search->failed_id != NULL && search->best.branch_count == 0 ?
	    pd_row_find(row, search->failed_id) : row->count;
}
