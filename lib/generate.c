/* SPDX-License-Identifier: MIT */
#include "generate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "generator.h"
#include "json.h"
#include "random.h"
#include "reference.h"

/* Which arguments leave nothing to choose from. */
static void
name_impossible(struct pd_candidate *candidate)
{
	struct pd_error ignored;
	size_t used = 0;

	candidate->reason[0] = '\0';
	jv_object_foreach(candidate->generators, name, generator) {
		if (pd_generator_possible(generator, &ignored) == PD_IMPOSSIBLE &&
		    used < sizeof(candidate->reason) - 1) {
			char *text = pd_json_excerpt(jv_copy(generator), 80);
			used += (size_t)snprintf(candidate->reason + used,
			    sizeof(candidate->reason) - used,
			    "%snothing to choose for %s from %s", used > 0 ? "; " : "",
			    jv_string_value(name), text);
			free(text);
		}
		jv_free(name);
		jv_free(generator);
	}
}

/* What the entry says without a look at its generators. */
static void
read_entry(struct pd_candidate *candidate, jv entry)
{
	jv arguments = pd_json_peek(entry, "args");

	candidate->generators = jv_get_kind(arguments) == JV_KIND_OBJECT ?
	    arguments : (jv_free(arguments), jv_object());
	candidate->weight = pd_json_peek_number(entry, "weight", 1);
	candidate->possible = false;
	if (!pd_json_peek_bool(entry, "when", true))
		snprintf(candidate->reason, sizeof(candidate->reason), "`when` is false");
	else if (candidate->weight <= 0)
		snprintf(candidate->reason, sizeof(candidate->reason), "weight is 0");
	else
		candidate->possible = true;
}

/* Can all its arguments be drawn? Only asked of what is possible so far. */
static int
judge_arguments(struct pd_plan *plan, struct pd_candidate *candidate,
    struct pd_error *error)
{
	enum pd_possible possible = pd_generator_possible(candidate->generators, error);

	if (possible == PD_MALFORMED) {
		pd_error_prefix(error, "commands/0: %s: ", candidate->name);
		pd_model_place_commands(plan->model, error);
		return -1;
	}
	candidate->possible = possible == PD_POSSIBLE;
	if (!candidate->possible)
		name_impossible(candidate);
	return 0;
}

/* The entries of the command table, in the order of their names. */
static int
read_entries(struct pd_plan *plan, struct pd_candidate **result,
    struct pd_error *error)
{
	jv commands = pd_model_commands(plan->model, plan->state, error);

	if (!jv_is_valid(commands))
		return -1;
	jv names = jv_keys(jv_copy(commands));	/* sorted: no hash order leaks */
	int count = jv_array_length(jv_copy(names));
	struct pd_candidate *candidates = pd_allocate((size_t)count,
	    sizeof(*candidates));
	for (int i = 0; i < count; i++) {
		jv name = jv_array_get(jv_copy(names), i);
		jv entry = jv_object_get(jv_copy(commands), jv_copy(name));
		candidates[i].name = pd_duplicate(jv_string_value(name));
		read_entry(&candidates[i], entry);
		jv_free(entry);
		jv_free(name);
	}
	jv_free(names);
	jv_free(commands);
	*result = candidates;
	return count;
}

int
pd_candidates(struct pd_plan *plan, struct pd_candidate **result,
    struct pd_error *error)
{
	int count = read_entries(plan, result, error);

	for (int i = 0; i < count; i++) {
		if ((*result)[i].possible &&
		    judge_arguments(plan, &(*result)[i], error) != 0) {
			pd_candidates_free(*result, count);
			return -1;
		}
	}
	return count;
}

void
pd_candidates_free(struct pd_candidate *candidates, int count)
{
	for (int i = 0; i < count; i++) {
		free(candidates[i].name);
		jv_free(candidates[i].generators);
	}
	free(candidates);
}

static struct pd_candidate *
draw_by_weight(struct pd_candidate *candidates, int count,
    struct pd_random *random)
{
	struct pd_candidate *chosen = NULL;
	double total = 0;

	for (int i = 0; i < count; i++)
		total += candidates[i].possible ? candidates[i].weight : 0;
	if (total <= 0)
		return NULL;
	double at = pd_random_unit(random) * total;
	for (int i = 0; i < count; i++) {
		if (!candidates[i].possible)
			continue;
		chosen = &candidates[i];
		if (at < candidates[i].weight)
			break;
		at -= candidates[i].weight;
	}
	return chosen;
}

/* Choose one of the possible by weight. Looking into generators costs, so it
 * is done to the one that is drawn; if it cannot be, the others are drawn from
 * again, which comes to the same chances. 1, 0 when none is possible, -1. */
static int
choose(struct pd_plan *plan, struct pd_candidate *candidates, int count,
    struct pd_random *random, struct pd_candidate **chosen,
    struct pd_error *error)
{
	do {
		*chosen = draw_by_weight(candidates, count, random);
		if (*chosen == NULL)
			return 0;
		if (judge_arguments(plan, *chosen, error) != 0)
			return -1;
	} while (!(*chosen)->possible);
	return 1;
}

struct minted {
	const char *start;	/* how tokens that were minted here begin */
	jv *tokens;
};

static jv
note_minted(jv string, void *context)
{
	struct minted *minted = context;
	const char *text = jv_string_value(string);
	size_t length = strlen(minted->start);

	if (strncmp(text, minted->start, length) == 0 &&
	    (text[length] == ':' || text[length] == '.'))
		*minted->tokens = jv_object_set(*minted->tokens, jv_copy(string), jv_true());
	return string;
}

/* Draw a value for a plan: data quoted, tokens as they are. What is minted,
 * wherever in the value, is a token from the moment it is drawn: its key, which
 * is this value's and no other's, tells it from data. */
static jv
draw_value(jv generator, struct pd_random *random, const char *key, jv tokens)
{
	char *start = pd_format("@mint.%s", key);
	jv known = jv_copy(tokens);
	struct minted minted = {start, &known};

	for (char *colon = start; (colon = strchr(colon, ':')) != NULL;)
		*colon = ';';
	jv value = pd_json_map_strings(pd_generator_draw(generator, random, key),
	    note_minted, &minted);
	value = pd_reference_quote(value, known);
	jv_free(known);
	free(start);
	return value;
}

static jv
draw_command(const struct pd_candidate *candidate, const char *id,
    struct pd_random *random, jv tokens)
{
	jv command = pd_json_set_string(jv_object(), "type", candidate->name);
	jv names = jv_keys(jv_copy(candidate->generators));
	int count = jv_array_length(jv_copy(names));

	for (int i = 0; i < count; i++) {
		jv name = jv_array_get(jv_copy(names), i);
		jv generator = jv_object_get(jv_copy(candidate->generators), jv_copy(name));
		char *key = pd_format("%s.%s", id, jv_string_value(name));
		command = jv_object_set(command, name,
		    draw_value(generator, random, key, tokens));
		free(key);
		jv_free(generator);
	}
	jv_free(names);
	return command;
}

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

static int
add_item(struct pd_plan *plan, struct pd_items *items, const char *id,
    jv command, struct pd_error *error)
{
	if (pd_json_is_deep_peek(command)) {
		pd_error_set(error, "command %s %s is nested more than %d deep", id,
		    pd_json_peek_string(command, "type", ""), PD_JSON_DEPTH);
		jv_free(command);
		return -1;
	}
	jv seen = pd_reference_unquote(jv_copy(command));
	jv label = pd_model_label(plan->model, plan->state, seen, error);
	jv_free(seen);
	pd_items_add(items, id, command, label);
	if (!jv_is_valid(label) && error->message[0] != '\0')
		return -1;
	return pd_plan_apply(plan, id, command, error);
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
		return add_item(plan, items, id, type_first(
		    draw_value(command, random, id, plan->tokens)), error);
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

/* One more command. Returns 1, 0 when the run ends here, -1 on error. */
static int
add_drawn(struct pd_plan *plan, struct pd_sequence *sequence,
    struct pd_random *random, struct pd_error *error)
{
	struct pd_candidate *candidates;
	struct pd_items *items = &sequence->prefix;
	char id[32];

	struct pd_candidate *chosen;
	int count = read_entries(plan, &candidates, error);
	if (count < 0)
		return -1;
	int found = choose(plan, candidates, count, random, &chosen, error);
	if (found <= 0) {
		if (found == 0 && items->count == 0)
			found = nothing_possible(plan, candidates, count, error);
		pd_candidates_free(candidates, count);
		return found;
	}
	snprintf(id, sizeof(id), "c%zu", items->count + 1);
	jv command = draw_command(chosen, id, random, plan->tokens);
	pd_candidates_free(candidates, count);
	if (add_item(plan, items, id, command, error) != 0)
		return -1;
	jv seen = pd_reference_unquote(jv_copy(items->list[items->count - 1].command));
	int ends = pd_plan_terminates(plan, seen, error);
	jv_free(seen);
	return ends < 0 ? -1 : !ends;
}

int
pd_generate(struct pd_model *model, uint64_t seed,
    const struct pd_generate_options *options, struct pd_sequence *sequence,
    struct pd_error *error)
{
	struct pd_random length_numbers, numbers, fixed;
	struct pd_plan plan;
	int more = 1;

	*sequence = (struct pd_sequence)PD_SEQUENCE_INIT;
	*error = (struct pd_error)PD_ERROR_INIT;
	sequence->seed = seed;
	pd_random_seed(&length_numbers, seed, "length");
	pd_random_seed(&numbers, seed, "commands");
	pd_random_seed(&fixed, seed, "fixed");
	size_t wanted = (size_t)options->minimum + (size_t)pd_random_below(
	    &length_numbers, (uint64_t)(options->maximum - options->minimum) + 1);
	int result = pd_plan_start(&plan, model, error);
	if (result == 0)
		result = add_fixed(&plan, &sequence->setup, "s",
		    pd_model_setup(model, plan.state, error), &fixed, error);
	while (result == 0 && more == 1 && sequence->prefix.count < wanted)
		more = add_drawn(&plan, sequence, &numbers, error);
	if (result == 0 && more >= 0)
		result = add_fixed(&plan, &sequence->teardown, "t",
		    pd_model_teardown(model, plan.state, error), &fixed, error);
	pd_plan_free(&plan);
	return more < 0 ? -1 : result;
}
