/* SPDX-License-Identifier: MIT */
#include "generate.h"

#include <stdio.h>
#include <stdlib.h>

#include "buffer.h"
#include "candidate.h"
#include "generator.h"
#include "json.h"
#include "plan.h"
#include "random.h"
#include "reference.h"

static int
nothing_possible(struct pd_plan *plan, struct pd_candidate *candidates,
    int count, struct pd_error *error)
{
	char *state = pd_json_excerpt(jv_copy(plan->state), 300);
	struct pd_buffer reasons = PD_BUFFER_INIT;

	pd_buffer_text(&reasons, "");
	for (int i = 0; i < count; i++)
		pd_buffer_format(&reasons, "%s%s: %s", i > 0 ? "; " : "",
		    candidates[i].name, candidates[i].reason);
	pd_error_set(error, "no command is possible in the state %s", state);
	pd_error_hint(error, "%s", count > 0 ? reasons.data : "`commands` is empty");
	pd_buffer_free(&reasons);
	free(state);
	return -1;
}

/* The type of a command stands first, so that it can be seen without parsing. */
static jv
type_first(jv command)
{
	jv first = pd_json_set(jv_object(), "type", pd_json_peek(command, "type"));

	return jv_object_merge(first, command);
}

/* Setup and teardown commands are given by the model; generators in them are
 * drawn from numbers of their own. */
static int
add_fixed_item(struct pd_plan *plan, struct pd_items *items, const char *id,
    jv command, struct pd_random *random, struct pd_error *error)
{
	switch (pd_generator_possible(command, error)) {
	case PD_MALFORMED:
		return pd_error_prefix(error, "command %s: ", id);
	case PD_IMPOSSIBLE:
		return pd_error_set(error, "command %s can draw nothing", id);
	default:
		return pd_plan_add(plan, items, id, type_first(
		    pd_candidate_draw_value(command, random, id, plan->tokens)), error);
	}
}

static int
add_fixed(struct pd_plan *plan, struct pd_items *items, const char *prefix,
    jv commands, struct pd_random *random, struct pd_error *error)
{
	int result = 0;

	if (!jv_is_valid(commands))
		return -1;
	int count = jv_array_length(jv_copy(commands));
	for (int i = 0; i < count && result == 0; i++) {
		jv command = jv_array_get(jv_copy(commands), i);
		char *id = pd_format("%s%d", prefix, i + 1);
		result = add_fixed_item(plan, items, id, command, random, error);
		free(id);
		jv_free(command);
	}
	jv_free(commands);
	return result;
}

/* A sequence that is drawn. */
struct drawing {
	const struct pd_generate_options *options;
	struct pd_sequence *sequence;
	struct pd_plan plan;
	struct pd_random commands, branches;
	size_t wanted;		/* commands in prefix, branches and suffix */
	size_t number;		/* of the latest command */
	struct pd_interleaving *after;	/* the branches, or NULL when there are none */
};

/* Draw a command that only the present state has to admit: 1, 0 when nothing is
 * possible, -1. */
static int
draw_linear(struct drawing *drawing, const char *id, struct pd_error *error)
{
	struct pd_plan *plan = &drawing->plan;
	struct pd_items *items = &drawing->sequence->prefix;
	struct pd_candidate *candidates, *chosen;
	int count = pd_candidates_read(plan, &candidates, error);

	if (count < 0)
		return -1;
	int found = pd_candidates_choose(plan, candidates, count,
	    &drawing->commands, &chosen, error);
	if (found == 0 && items->count == 0)
		found = nothing_possible(plan, candidates, count, error);
	jv command = found == 1 ? pd_candidate_draw(chosen, id, &drawing->commands,
	    plan->tokens) : jv_invalid();
	pd_candidates_free(candidates, count);
	if (found == 1 && pd_plan_add(plan, items, id, command, error) != 0)
		return -1;
	return found;
}

/* One more command. Returns 1, 0 when the run ends here, -1 on error. */
static int
add_drawn(struct drawing *drawing, struct pd_error *error)
{
	struct pd_sequence *sequence = drawing->sequence;
	struct pd_items *items = drawing->after != NULL ? &sequence->suffix :
	    &sequence->prefix;
	char id[32];

	snprintf(id, sizeof(id), "c%zu", drawing->number + 1);
	int found = drawing->after == NULL ? draw_linear(drawing, id, error) :
	    pd_branching_follow(&drawing->plan, drawing->after, items, id,
	    &drawing->commands, error);
	if (found <= 0)
		return found;
	drawing->number++;
	jv seen = pd_reference_unquote(jv_copy(items->list[items->count - 1].command));
	int ends = pd_plan_terminates(&drawing->plan, seen, error);
	jv_free(seen);
	return ends < 0 ? -1 : !ends;
}

static size_t
drawn(const struct drawing *drawing)
{
	return pd_sequence_length(drawing->sequence) - drawing->sequence->setup.count;
}

/* Do branches begin here? */
static bool
is_fork(struct drawing *drawing)
{
	const struct pd_branching_options *options = &drawing->options->branching;

	return options->probability > 0 && drawing->after == NULL &&
	    drawing->sequence->prefix.count >= (size_t)options->prefix &&
	    drawing->wanted - drawn(drawing) >= 2 &&
	    pd_random_unit(&drawing->branches) < options->probability;
}

/* Branches, if at least two have commands: the plan goes on in the state that
 * they leave when they run one after the other. Returns 1, 0 or -1. */
static int
add_branches(struct drawing *drawing, struct pd_error *error)
{
	struct pd_sequence *sequence = drawing->sequence;
	int result = pd_branching_draw(&drawing->plan, &drawing->options->branching,
	    sequence->seed, &drawing->branches, drawing->wanted - drawn(drawing),
	    &drawing->number, sequence, &drawing->after, error);

	for (size_t i = 0; i < sequence->branch_count && result == 1; i++)
		if (pd_plan_apply_items(&drawing->plan, &sequence->branches[i], error) != 0)
			result = -1;
	return result;
}

/* Prefix, branches and suffix. Returns 0 or -1. */
static int
draw_all(struct drawing *drawing, struct pd_error *error)
{
	int more = 1;

	while (more == 1 && drawn(drawing) < drawing->wanted) {
		int forked = is_fork(drawing) ? add_branches(drawing, error) : 0;
		more = forked != 0 ? forked : add_drawn(drawing, error);
	}
	return more < 0 ? -1 : 0;
}

int
pd_generate(struct pd_model *model, uint64_t seed,
    const struct pd_generate_options *options, struct pd_sequence *sequence,
    struct pd_error *error)
{
	struct drawing drawing = {.options = options, .sequence = sequence};
	struct pd_random length_numbers, fixed;

	*sequence = (struct pd_sequence)PD_SEQUENCE_INIT;
	*error = (struct pd_error)PD_ERROR_INIT;
	sequence->seed = seed;
	pd_random_seed(&length_numbers, seed, "length");
	pd_random_seed(&drawing.commands, seed, "commands");
	pd_random_seed(&drawing.branches, seed, "branches");
	pd_random_seed(&fixed, seed, "fixed");
	drawing.wanted = (size_t)options->minimum + (size_t)pd_random_below(
	    &length_numbers, (uint64_t)(options->maximum - options->minimum) + 1);
	int result = pd_plan_start(&drawing.plan, model, error);
	if (result == 0)
		result = add_fixed(&drawing.plan, &sequence->setup, "s",
		    pd_model_setup(model, drawing.plan.state, error), &fixed, error);
	if (result == 0)
		result = draw_all(&drawing, error);
	if (result == 0)
		result = add_fixed(&drawing.plan, &sequence->teardown, "t",
		    pd_model_teardown(model, drawing.plan.state, error), &fixed, error);
	pd_interleaving_free(drawing.after);
	pd_plan_free(&drawing.plan);
	return result;
}
