/* SPDX-License-Identifier: MIT */
#include "inspect.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "generate.h"
#include "json.h"
#include "random.h"
#include "reference.h"
#include "text.h"

enum { LONGEST = 50 };	/* commands of a sample, as pd-gen draws them */

struct inspection {
	struct pd_model *model;
	struct pd_adapter *adapter;
	pd_inspect_finding *finding;
	void *context;
	jv commands;		/* {name: reason} of the first state's table; true once possible */
	jv events;		/* {type: true}: predicted in some sample */
	const char *path;	/* the model's file */
};

static void
tell(struct inspection *inspection, bool warning, const struct pd_error *error)
{
	inspection->finding(inspection->context, warning, error);
}

/* The keys of an object as an array of C strings, which belong to it. */
static const char **
key_list(jv object, size_t *count)
{
	jv keys = jv_keys(jv_copy(object));
	const char **list;

	*count = (size_t)jv_array_length(jv_copy(keys));
	list = pd_allocate(*count, sizeof(*list));
	for (size_t i = 0; i < *count; i++) {
		jv key = jv_array_get(jv_copy(keys), (int)i);
		list[i] = jv_string_value(key);	/* kept alive by the object */
		jv_free(key);
	}
	jv_free(keys);
	return list;
}

static void
hint_nearest(struct pd_error *error, const char *name, jv known)
{
	size_t count;
	const char **names = key_list(known, &count);
	const char *nearest = pd_nearest(name, names, count);

	if (nearest != NULL)
		pd_error_hint(error, "did you mean '%s'?", nearest);
	free(names);
}

/*
 * Sampling: generate, and note what was possible and what was predicted.
 */
static int
note_candidates(struct inspection *inspection, struct pd_plan *plan,
    struct pd_error *error)
{
	struct pd_candidate *candidates;
	int count = pd_candidates(plan, &candidates, error);

	for (int i = 0; i < count; i++) {
		const char *name = candidates[i].name;
		if (candidates[i].possible)
			inspection->commands = pd_json_set(inspection->commands, name, jv_true());
		else if (pd_json_kind_peek(inspection->commands, name) != JV_KIND_TRUE)
			inspection->commands = pd_json_set_string(inspection->commands,
			    name, candidates[i].reason);
	}
	if (count >= 0)
		pd_candidates_free(candidates, count);
	return count < 0 ? -1 : 0;
}

static void
note_events(struct inspection *inspection, jv events)
{
	jv_array_foreach(events, i, event) {
		inspection->events = pd_json_set(inspection->events,
		    pd_json_peek_string(event, "type", ""), jv_true());
		jv_free(event);
	}
}

static int
walk(struct inspection *inspection, const struct pd_sequence *sequence,
    struct pd_error *error)
{
	const struct pd_items *parts[] = {&sequence->setup, &sequence->prefix,
		&sequence->teardown};
	struct pd_plan plan;
	int result = pd_plan_start(&plan, inspection->model, error);

	for (int part = 0; part < 3; part++) {
		for (size_t i = 0; i < parts[part]->count && result == 0; i++) {
			const struct pd_item *item = &parts[part]->list[i];
			result = part == 1 ? note_candidates(inspection, &plan, error) : 0;
			if (result == 0)
				result = pd_plan_apply(&plan, item->id, item->command, error);
			if (result == 0)
				note_events(inspection, plan.events);
		}
	}
	pd_plan_free(&plan);
	return result;
}

static bool
sample(struct inspection *inspection, int64_t seeds)
{
	const struct pd_generate_options options = {1, LONGEST};

	for (int64_t i = 0; i < seeds; i++) {
		struct pd_sequence sequence;
		struct pd_error error;
		uint64_t seed = pd_seed_derive(0, "inspect", (uint64_t)i);
		int result = pd_generate(inspection->model, seed, &options, &sequence, &error);
		if (result == 0)
			result = walk(inspection, &sequence, &error);
		pd_sequence_free(&sequence);
		if (result != 0) {
			if (error.file[0] == '\0')
				snprintf(error.file, sizeof(error.file), "%s", inspection->path);
			tell(inspection, false, &error);
			return false;
		}
	}
	return true;
}

/*
 * What the samples showed.
 */
static void
check_commands(struct inspection *inspection)
{
	size_t count;
	const char **names = key_list(inspection->commands, &count);
	struct pd_error error;

	for (size_t i = 0; i < count; i++) {
		const char *reason = pd_json_peek_string(inspection->commands, names[i], NULL);
		if (reason != NULL) {
			pd_error_at(&error, inspection->path, 0,
			    "command %s was never possible: %s", names[i], reason);
			tell(inspection, true, &error);
		}
		if (!pd_model_predicts(inspection->model, names[i])) {
			pd_error_at(&error, inspection->path, 0,
			    "command %s has no simulate_%s: it changes nothing that is "
			    "generated after it", names[i], names[i]);
			pd_error_hint(&error, "read-only commands may go without; --conform "
			    "cannot judge it");
			tell(inspection, true, &error);
		}
		if (inspection->adapter != NULL &&
		    !pd_adapter_knows(inspection->adapter, names[i])) {
			pd_error_at(&error, inspection->path, 0,
			    "the adapter cannot send command %s", names[i]);
			pd_error_hint(&error, "it needs request_%s and events_%s($c), or the "
			    "catch-alls request and events($c)", names[i], names[i]);
			tell(inspection, false, &error);
		}
	}
	free(names);
}

static void
check_events(struct inspection *inspection)
{
	size_t count;
	const char **names = key_list(inspection->events, &count);

	for (size_t i = 0; i < count; i++) {
		struct pd_error error;
		if (pd_model_folds(inspection->model, names[i]))
			continue;
		pd_error_at(&error, inspection->path, 0,
		    "event %s is predicted, but there is no on_%s", names[i], names[i]);
		pd_error_hint(&error, "def on_%s($e): .; says that it changes nothing",
		    names[i]);
		tell(inspection, true, &error);
	}
	free(names);
}

/* Functions that are named for something that does not exist. */
struct naming {
	struct inspection *inspection;
	const char *prefix;
	int arity;
	jv known;
	const char *what;
};

static void
check_name(void *context, const char *rest, int arity, const char *file, long line)
{
	const struct naming *naming = context;
	struct pd_error error;

	if (arity != naming->arity) {
		pd_error_at(&error, file, line,
		    "%s%s takes %d arguments, so it is never called", naming->prefix,
		    rest, arity);
		pd_error_hint(&error, "%s%s must take %d", naming->prefix, rest,
		    naming->arity);
		tell(naming->inspection, true, &error);
	} else if (naming->what != NULL && !pd_json_has_peek(naming->known, rest)) {
		pd_error_at(&error, file, line, "%s%s: there is no %s %s",
		    naming->prefix, rest, naming->what, rest);
		hint_nearest(&error, rest, naming->known);
		tell(naming->inspection, true, &error);
	}
}

static void
check_names(struct inspection *inspection)
{
	jv both = jv_object_merge(jv_copy(inspection->commands),
	    jv_copy(inspection->events));
	const struct naming namings[] = {
		{inspection, "simulate_", 1, inspection->commands, "command"},
		{inspection, "label_", 1, inspection->commands, "command"},
		{inspection, "legal_", 2, inspection->commands, "command"},
		{inspection, "on_", 1, both, "command or predicted event"},
		{inspection, "check_", 1, both, NULL},
	};

	for (size_t i = 0; i < sizeof(namings) / sizeof(namings[0]); i++) {
		struct naming naming = namings[i];
		pd_model_functions(inspection->model, naming.prefix, check_name, &naming);
	}
	jv_free(both);
}

static void
check_triggers(struct inspection *inspection)
{
	jv known = jv_object_merge(jv_copy(inspection->commands),
	    jv_copy(inspection->events));

	for (int i = 0; i < pd_model_checks(inspection->model); i++) {
		const struct pd_trigger *trigger = pd_model_trigger(inspection->model, i);
		if (trigger->when != PD_TRIGGER_EVERY || trigger->of != PD_OF_NAMES)
			continue;
		jv_array_foreach(trigger->names, j, name) {
			struct pd_error error;
			if (!pd_json_has_peek(known, jv_string_value(name))) {
				pd_error_at(&error, inspection->path, 1,
				    "the trigger of check %s names %s, which is neither a "
				    "command nor a predicted event",
				    pd_model_check_name(inspection->model, i),
				    jv_string_value(name));
				hint_nearest(&error, jv_string_value(name), known);
				tell(inspection, true, &error);
			}
			jv_free(name);
		}
	}
	if (pd_model_checks(inspection->model) == 0) {
		struct pd_error error;
		pd_error_at(&error, inspection->path, 0, "the model has no check");
		pd_error_hint(&error, "without one, only pd-exec --conform judges");
		tell(inspection, true, &error);
	}
	jv_free(known);
}

void
pd_inspect(struct pd_model *model, struct pd_adapter *adapter, int64_t seeds,
    pd_inspect_finding *finding, void *context)
{
	jv identity = pd_model_identity(model);
	struct inspection inspection = {.model = model, .adapter = adapter,
		.finding = finding, .context = context, .commands = jv_object(),
		.events = jv_object(),
		.path = pd_json_peek_string(identity, "path", "")};

	if (sample(&inspection, seeds)) {
		check_commands(&inspection);
		check_events(&inspection);
		check_names(&inspection);
		check_triggers(&inspection);
	}
	jv_free(inspection.commands);
	jv_free(inspection.events);
	jv_free(identity);
}

/*
 * Determinism.
 */
/* The path of the first leaf at which two values differ. */
static char *
first_difference(jv a, jv b)
{
	if (jv_get_kind(a) == jv_get_kind(b) &&
	    (jv_get_kind(a) == JV_KIND_OBJECT || jv_get_kind(a) == JV_KIND_ARRAY)) {
		jv keys = jv_keys(jv_copy(a));
		int count = jv_array_length(jv_copy(keys));
		char *inner = NULL;
		for (int i = 0; i < count && inner == NULL; i++) {
			jv key = jv_array_get(jv_copy(keys), i);
			jv left = jv_get(jv_copy(a), jv_copy(key));
			jv right = jv_get(jv_copy(b), jv_copy(key));
			if (!jv_equal(jv_copy(left), jv_copy(right))) {
				char *rest = first_difference(left, right);
				char *name = pd_json_excerpt(jv_copy(key), 60);
				inner = pd_format("[%s]%s", name, rest);
				free(name);
				free(rest);
			}
			jv_free(left);
			jv_free(right);
			jv_free(key);
		}
		jv_free(keys);
		if (inner != NULL)
			return inner;
	}
	char *left = pd_json_excerpt(jv_is_valid(a) ? jv_copy(a) : jv_null(), 60);
	char *right = pd_json_excerpt(jv_is_valid(b) ? jv_copy(b) : jv_null(), 60);
	char *text = pd_format(": %s, then %s", left, right);
	free(left);
	free(right);
	return text;
}

static int
compare_plans(struct pd_model *models[2], uint64_t seed, struct pd_error *error)
{
	const struct pd_generate_options options = {1, LONGEST};
	struct pd_sequence sequences[2];
	jv records[2] = {jv_invalid(), jv_invalid()};
	int result = 1;

	for (int i = 0; i < 2; i++) {
		if (pd_generate(models[i], seed, &options, &sequences[i], error) != 0)
			result = -1;
		records[i] = pd_sequence_record(&sequences[i]);
		pd_sequence_free(&sequences[i]);
	}
	if (result == 1 && !jv_equal(jv_copy(records[0]), jv_copy(records[1]))) {
		jv plain[2];
		for (int i = 0; i < 2; i++)
			plain[i] = jv_object_delete(jv_copy(records[i]), jv_string("plan"));
		char *where = first_difference(plain[0], plain[1]);
		pd_error_set(error, "seed %" PRIu64 " gives two different plans: %s",
		    seed, where);
		pd_error_hint(error, "a model must not look at now, input or $ENV");
		free(where);
		jv_free(plain[0]);
		jv_free(plain[1]);
		result = 0;
	}
	jv_free(records[0]);
	jv_free(records[1]);
	return result;
}

int
pd_inspect_determinism(const char *path, uint64_t first, int64_t count,
    struct pd_error *error)
{
	struct pd_model *models[2] = {pd_model_open(path, error), NULL};
	int result = 1;

	models[1] = models[0] != NULL ? pd_model_open(path, error) : NULL;
	if (models[1] == NULL)
		result = -1;
	for (int64_t i = 0; i < count && result == 1; i++)
		result = compare_plans(models, first + (uint64_t)i, error);
	pd_model_close(models[0]);
	pd_model_close(models[1]);
	return result;
}
