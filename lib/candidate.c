/* SPDX-License-Identifier: MIT */
#include "candidate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "generator.h"
#include "json.h"
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

int
pd_candidates_read(struct pd_plan *plan, struct pd_candidate **result,
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
	int count = pd_candidates_read(plan, result, error);

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

/* Looking into generators costs, so it is done to the one that is drawn; if it
 * cannot be, the others are drawn from again, which comes to the same chances. */
int
pd_candidates_choose(struct pd_plan *plan, struct pd_candidate *candidates,
    int count, struct pd_random *random, struct pd_candidate **chosen,
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

/* What is minted, wherever in the value, is a token from the moment it is
 * drawn: its key, which is this value's and no other's, tells it from data. */
jv
pd_candidate_draw_value(jv generator, struct pd_random *random,
    const char *key, jv tokens)
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

jv
pd_candidate_draw(const struct pd_candidate *candidate, const char *id,
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
		    pd_candidate_draw_value(generator, random, key, tokens));
		free(key);
		jv_free(generator);
	}
	jv_free(names);
	return command;
}
