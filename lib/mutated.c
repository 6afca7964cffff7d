/* SPDX-License-Identifier: MIT */
#include "mutated.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"
#include "recorded.h"

void
pd_mutated_run_start(struct pd_mutated_run *run, struct pd_model *model,
    bool conform, int64_t number, jv start)
{
	*run = (struct pd_mutated_run){.model = model, .conform = conform,
		.run = number, .start = start, .teardown = pd_teardown_ids(start)};
}

void
pd_mutated_run_free(struct pd_mutated_run *run)
{
	for (size_t i = 0; i < run->count; i++) {
		struct pd_answered *answered = &run->list[i];
		free(answered->id);
		jv_free(answered->command);
		jv_free(answered->events);
		jv_free(answered->source);
		if (run->folded)
			pd_fold_free(&answered->before);
	}
	if (run->folded)
		pd_fold_free(&run->after);
	free(run->list);
	jv_free(run->start);
	jv_free(run->teardown);
	*run = (struct pd_mutated_run){.start = jv_invalid(), .teardown = jv_invalid()};
}

/* Commands of branches are judged by their order, and so is what comes after. */
static bool
is_compared(const struct pd_mutated_run *run, jv record_peek)
{
	jv sequence = pd_json_peek(run->start, "sequence"), branches;
	int count = pd_json_elements_peek(sequence, "branches", &branches);

	jv_free(branches);
	jv_free(sequence);
	return count == 0 && !pd_json_has_peek(record_peek, "branch");
}

static void
add_answered(struct pd_mutated_run *run, jv record_peek, jv command)
{
	const char *id = pd_json_peek_string(record_peek, "id", NULL);

	if (run->count == run->room) {
		run->room = run->room * 2 + 32;
		run->list = pd_reallocate(run->list, run->room, sizeof(*run->list));
	}
	run->list[run->count++] = (struct pd_answered){
		.id = id != NULL ? pd_duplicate(id) : NULL, .command = command,
		.events = jv_array(), .source = jv_array(),
		.compared = jv_is_valid(command) && is_compared(run, record_peek)};
}

static bool
is_answer(const struct pd_answered *answered, jv record_peek)
{
	const char *id = pd_json_peek_string(record_peek, "id", NULL);

	return jv_is_valid(answered->command) && answered->id != NULL && id != NULL &&
	    strcmp(answered->id, id) == 0 &&
	    strcmp(pd_json_peek_string(record_peek, "source", ""), "command") == 0;
}

void
pd_mutated_run_add(struct pd_mutated_run *run, const char *type, jv record)
{
	const char *id = pd_json_peek_string(record, "id", NULL);
	bool command = strcmp(type, "command") == 0;

	run->over = run->over || (id != NULL && pd_json_has_peek(run->teardown, id));
	if (run->over) {
		jv_free(record);
		return;
	}
	struct pd_answered *last = run->count > 0 ? &run->list[run->count - 1] : NULL;
	if (command || last == NULL || !is_answer(last, record))
		add_answered(run, record, command ? pd_json_peek(record, "command") :
		    jv_invalid());
	last = &run->list[run->count - 1];
	if (!command)
		last->events = jv_array_append(last->events, pd_json_peek(record, "event"));
	last->source = jv_array_append(last->source, record);
}

void
pd_mutated_run_copy(struct pd_mutated_run *copy, const struct pd_mutated_run *run,
    struct pd_model *model)
{
	pd_mutated_run_start(copy, model, run->conform, run->run, jv_copy(run->start));
	for (size_t i = 0; i < run->count; i++) {
		jv_array_foreach(run->list[i].source, j, record) {
			const char *type = pd_json_has_peek(record, "command") ? "command" :
			    "event";
			pd_mutated_run_add(copy, type, record);
		}
	}
}

const struct pd_fold *
pd_mutated_run_fold_at(const struct pd_mutated_run *run, size_t answer)
{
	return answer < run->count ? &run->list[answer].before : &run->after;
}
