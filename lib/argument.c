/* SPDX-License-Identifier: MIT */
#include "argument.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "generator.h"
#include "json.h"
#include "plan.h"
#include "reference.h"
#include "text.h"

static void
add_argument(struct pd_arguments *arguments, const struct pd_argument *argument)
{
	arguments->list = pd_reallocate(arguments->list, arguments->count + 1,
	    sizeof(*arguments->list));
	arguments->list[arguments->count++] = (struct pd_argument){
		.id = pd_duplicate(argument->id), .path = jv_copy(argument->path),
		.generator = jv_copy(argument->generator),
		.tokens = jv_copy(argument->tokens)};
}

static void add_leaves(struct pd_arguments *, enum pd_arguments_depth,
    const struct pd_argument *, jv value);

/* The leaves of value[key]. Consumes key and generator. */
static void
add_part(struct pd_arguments *arguments, enum pd_arguments_depth depth,
    const struct pd_argument *whole, jv key, jv generator, jv value)
{
	jv part = jv_get(jv_copy(value), jv_copy(key));
	struct pd_argument argument = {.id = whole->id, .generator = generator,
		.path = jv_array_append(jv_copy(whole->path), jv_get_kind(key) ==
		JV_KIND_STRING ? pd_reference_quote(key, whole->tokens) : key),
		.tokens = whole->tokens};

	add_leaves(arguments, depth, &argument, part);
	jv_free(argument.path);
	jv_free(generator);
	jv_free(part);
}

jv
pd_argument_chosen(const struct pd_argument *argument, jv value)
{
	jv generator = jv_copy(argument->generator);

	while (pd_generator_is(generator, "frequency")) {
		jv chosen = pd_generator_chosen(generator, value);
		jv_free(generator);
		generator = chosen;
	}
	return generator;
}

static void
add_fields(struct pd_arguments *arguments, enum pd_arguments_depth depth,
    const struct pd_argument *whole, jv generator, jv value)
{
	jv keys = jv_keys(jv_copy(generator));

	jv_array_foreach(keys, i, key) {
		add_part(arguments, depth, whole, key,
		    jv_get(jv_copy(generator), jv_copy(key)), value);
	}
	jv_free(keys);
}

static void
add_elements(struct pd_arguments *arguments, enum pd_arguments_depth depth,
    const struct pd_argument *whole, jv list, jv value)
{
	int length = jv_array_length(jv_copy(value));

	for (int i = 0; i < length; i++)
		add_part(arguments, depth, whole, jv_number(i), pd_json_peek(list, "of"),
		    value);
}

/* The parts of a value that are no arrays or objects themselves, and at the
 * depth that asks for them those that are. */
static void
add_leaves(struct pd_arguments *arguments, enum pd_arguments_depth depth,
    const struct pd_argument *whole, jv value)
{
	jv chosen = pd_argument_chosen(whole, value);
	jv_kind kind = jv_get_kind(chosen);
	bool is_list = pd_generator_is(chosen, "list");
	bool has_fields = !pd_generator_is(chosen, NULL) &&
	    (kind == JV_KIND_OBJECT || kind == JV_KIND_ARRAY);

	if (pd_generator_is(whole->generator, NULL) &&
	    (depth == PD_ARGUMENTS_PARTS || !(is_list || has_fields)))
		add_argument(arguments, whole);
	if (is_list)
		add_elements(arguments, depth, whole, chosen, value);
	else if (has_fields)
		add_fields(arguments, depth, whole, chosen, value);
	jv_free(chosen);
}

static void
add_arguments(struct pd_arguments *arguments, enum pd_arguments_depth depth,
    char *id, jv command, jv entry, jv tokens)
{
	jv generators = pd_json_peek(entry, "args");
	jv data = pd_reference_unquote(jv_copy(command));
	jv names = jv_get_kind(generators) == JV_KIND_OBJECT ?
	    jv_keys(jv_copy(generators)) : jv_array();

	jv_array_foreach(names, i, name) {
		jv value = jv_object_get(jv_copy(data), jv_copy(name));
		struct pd_argument argument = {.id = id, .tokens = tokens,
			.generator = jv_object_get(jv_copy(generators), jv_copy(name)),
			.path = JV_ARRAY(pd_reference_quote(name, tokens))};
		if (depth == PD_ARGUMENTS_WHOLE)
			add_argument(arguments, &argument);
		else
			add_leaves(arguments, depth, &argument, value);
		jv_free(argument.path);
		jv_free(argument.generator);
		jv_free(value);
	}
	jv_free(names);
	jv_free(generators);
	jv_free(data);
}

static void
reverse(struct pd_arguments *arguments)
{
	for (size_t i = 0; i < arguments->count / 2; i++) {
		struct pd_argument first = arguments->list[i];
		arguments->list[i] = arguments->list[arguments->count - 1 - i];
		arguments->list[arguments->count - 1 - i] = first;
	}
}

/* Those of the commands of a list, each in the state that it meets. */
static int
add_items(struct pd_arguments *arguments, enum pd_arguments_depth depth,
    struct pd_plan *plan, const struct pd_items *items)
{
	struct pd_error error;
	int result = 0;

	for (size_t i = 0; i < items->count && result == 0; i++) {
		const struct pd_item *item = &items->list[i];
		jv commands = pd_model_commands(plan->model, plan->state, &error);
		jv entry = pd_json_peek(commands,
		    pd_json_peek_string(item->command, "type", ""));
		add_arguments(arguments, depth, item->id, item->command, entry, plan->tokens);
		jv_free(entry);
		jv_free(commands);
		result = pd_plan_apply(plan, item->id, item->command, &error);
	}
	return result;
}

struct pd_arguments
pd_arguments_find(struct pd_model *model, const struct pd_sequence *sequence,
    enum pd_arguments_depth depth)
{
	struct pd_arguments arguments = {0};
	struct pd_plan plan;
	struct pd_error error;

	int result = pd_plan_start(&plan, model, &error);
	if (result == 0)
		result = pd_plan_apply_items(&plan, &sequence->setup, &error);
	if (result == 0)
		result = add_items(&arguments, depth, &plan, &sequence->prefix);
	for (size_t i = 0; i < sequence->branch_count && result == 0; i++)
		result = add_items(&arguments, depth, &plan, &sequence->branches[i]);
	if (result == 0)
		add_items(&arguments, depth, &plan, &sequence->suffix);
	pd_plan_free(&plan);
	reverse(&arguments);
	return arguments;
}

void
pd_arguments_free(struct pd_arguments *arguments)
{
	for (size_t i = 0; i < arguments->count; i++) {
		free(arguments->list[i].id);
		jv_free(arguments->list[i].path);
		jv_free(arguments->list[i].generator);
		jv_free(arguments->list[i].tokens);
	}
	free(arguments->list);
}

static struct pd_item *
find_item(const struct pd_items *items, const char *id)
{
	for (size_t i = 0; i < items->count; i++) {
		if (strcmp(items->list[i].id, id) == 0)
			return &items->list[i];
	}
	return NULL;
}

struct pd_item *
pd_argument_item(const struct pd_sequence *sequence,
    const struct pd_argument *argument)
{
	struct pd_item *item = find_item(&sequence->prefix, argument->id);

	for (size_t i = 0; i < sequence->branch_count && item == NULL; i++)
		item = find_item(&sequence->branches[i], argument->id);
	return item != NULL ? item : find_item(&sequence->suffix, argument->id);
}

jv
pd_argument_value(const struct pd_sequence *sequence,
    const struct pd_argument *argument)
{
	const struct pd_item *item = pd_argument_item(sequence, argument);

	if (item == NULL)
		return jv_invalid();
	return pd_reference_unquote(jv_getpath(jv_copy(item->command),
	    jv_copy(argument->path)));
}

struct minted {
	char *start;		/* how the tokens that the command mints begin */
	jv known;
};

static jv
note_minted(jv string, void *context)
{
	struct minted *minted = context;

	if (pd_starts_with(jv_string_value(string), minted->start))
		minted->known = jv_object_set(minted->known, jv_copy(string), jv_true());
	return string;
}

/* Write a value into a plan: what the command itself mints is a token, too. */
static jv
quote_for(const char *id, const struct pd_argument *argument, jv value)
{
	struct minted minted = {.start = pd_format("@mint.%s.", id),
		.known = jv_copy(argument->tokens)};

	value = pd_json_map_strings(value, note_minted, &minted);
	value = pd_reference_quote(value, minted.known);
	free(minted.start);
	jv_free(minted.known);
	return value;
}

void
pd_argument_set(struct pd_sequence *sequence, const struct pd_argument *argument,
    jv value)
{
	struct pd_item *item = pd_argument_item(sequence, argument);

	item->command = jv_setpath(item->command, jv_copy(argument->path),
	    quote_for(item->id, argument, value));
}

bool
pd_argument_is_whole_number(const struct pd_argument *argument, jv value)
{
	jv chosen = pd_argument_chosen(argument, value);
	bool result = jv_get_kind(value) == JV_KIND_NUMBER &&
	    pd_generator_is(chosen, "int");

	jv_free(chosen);
	return result;
}

static double
above_simplest(const struct pd_argument *argument, jv number)
{
	jv chosen = pd_argument_chosen(argument, number);
	jv simplest = pd_generator_simplest(chosen, "");
	double result = jv_number_value(number) - jv_number_value(simplest);

	jv_free(simplest);
	jv_free(chosen);
	return result > 0 ? result : 0;
}

void
pd_arguments_measure(const struct pd_arguments *arguments,
    const struct pd_sequence *sequence, double *value, double *room)
{
	for (size_t i = 0; i < arguments->count; i++) {
		const struct pd_argument *argument = &arguments->list[i];
		jv number = pd_argument_value(sequence, argument);
		bool whole = pd_argument_is_whole_number(argument, number);
		value[i] = whole ? jv_number_value(number) : 0;
		room[i] = whole ? above_simplest(argument, number) : 0;
		jv_free(number);
	}
}
