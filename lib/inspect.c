/* SPDX-License-Identifier: MIT */
#include "inspect.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "buffer.h"
#include "candidate.h"
#include "fold.h"
#include "generate.h"
#include "json.h"
#include "random.h"
#include "reference.h"
#include "source.h"
#include "text.h"

enum {
	LONGEST = 50,		/* commands of a sample, as pd-gen draws them */
	BATCH = 100,		/* plans that are held to be compared */
};

struct inspection {
	struct pd_model *model;
	struct pd_adapter *adapter;
	pd_inspect_finding *finding;
	void *context;
	jv commands;		/* {name: reason} of the first state's table; true once sent */
	jv events;		/* {type: command}: predicted in some sample */
	jv told;		/* {function: true}: what need not be told again */
	uint64_t seed;		/* of the present sample */
	const char *path;	/* the model's file */
};

/* A function to look for, and the place where it was found. */
struct place {
	const char *prefix, *rest;
	long line;
	char file[512];
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

static void
note_place(void *context, const char *rest, int arity, const char *file, long line)
{
	struct place *place = context;

	(void)arity;
	if (strcmp(rest, place->rest) != 0 || place->line != 0)
		return;
	place->line = line;
	snprintf(place->file, sizeof(place->file), "%s", file);
}

/* Say that an error lies in the function PREFIX REST, or else in the model's
 * commands. */
static void
place_at(const struct inspection *inspection, struct pd_error *error,
    const char *prefix, const char *rest)
{
	struct place place = {.prefix = prefix, .rest = rest};

	pd_model_functions(inspection->model, place.prefix, note_place, &place);
	if (place.line == 0) {
		place.prefix = "commands";
		place.rest = "";
		pd_model_functions(inspection->model, place.prefix, note_place, &place);
	}
	snprintf(error->file, sizeof(error->file), "%s", place.file);
	error->line = place.line;
}

/*
 * Sampling: generate, note what was possible and what was predicted, and let
 * the model judge its own predictions.
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
note_events(struct inspection *inspection, const char *command, jv events)
{
	jv_array_foreach(events, i, event) {
		inspection->events = pd_json_set_string(inspection->events,
		    pd_json_peek_string(event, "type", ""), command);
		jv_free(event);
	}
}

/* Tell once that a function condemns what the model itself predicts. */
static void
tell_condemned(struct inspection *inspection, const char *prefix,
    const char *rest, const char *text)
{
	struct pd_error error;
	char *name = pd_format("%s%s", prefix, rest);

	if (!pd_json_has_peek(inspection->told, name)) {
		pd_error_set(&error, "%s fails on what the model itself predicts: %s",
		    name, text);
		pd_error_hint(&error, "pd-gen --run-seed %" PRIu64 " draws it; what only "
		    "the system knows is a token there", inspection->seed);
		place_at(inspection, &error, prefix, rest);
		tell(inspection, true, &error);
		inspection->told = pd_json_set(inspection->told, name, jv_true());
	}
	free(name);
}

static int
take_verdict(void *context, int check, enum pd_verdict verdict, jv message,
    jv data, const struct pd_error *error)
{
	struct inspection *inspection = context;

	(void)data;
	if (verdict != PD_CHECK_PASSED)
		tell_condemned(inspection, "check_",
		    pd_model_check_name(inspection->model, check),
		    verdict == PD_CHECK_ERROR ? error->message :
		    jv_get_kind(message) == JV_KIND_STRING ? jv_string_value(message) :
		    "it is not true");
	return 0;
}

/* Would the model's own rule have allowed the answer that it predicts? */
static void
judge_legal(struct inspection *inspection, const struct pd_fold *fold,
    jv command, jv events)
{
	const char *name = pd_json_peek_string(command, "type", "");
	struct pd_error error;
	int legal = pd_model_legal(inspection->model, fold->state, command, events,
	    &error);

	if (legal == 0 || legal == -1)
		tell_condemned(inspection, "legal_", name, legal == 0 ?
		    "it is not legal" : error.message);
}

/* Feed a command and its events through the checks, as pd-exec would. */
static int
judge(struct inspection *inspection, struct pd_fold *fold, jv quoted,
    jv events, struct pd_error *error)
{
	jv command = pd_reference_unquote(jv_copy(quoted));

	judge_legal(inspection, fold, command, events);
	int result = pd_fold_apply(fold, command, error);
	if (result == 0)
		pd_fold_check(fold, PD_STEP_COMMAND, command, take_verdict, inspection);
	int count = jv_array_length(jv_copy(events));
	for (int i = 0; i < count && result == 0; i++) {
		jv event = jv_array_get(jv_copy(events), i);
		result = pd_fold_apply(fold, event, error);
		if (result == 0)
			pd_fold_check(fold, PD_STEP_EVENT, event, take_verdict, inspection);
		jv_free(event);
	}
	jv_free(command);
	return result;
}

/* What setup and teardown send need not stand in the table of commands. */
static int
walk_item(struct inspection *inspection, struct pd_plan *plan,
    struct pd_fold *fold, const struct pd_item *item, bool drawn,
    struct pd_error *error)
{
	const char *name = pd_json_peek_string(item->command, "type", "");

	if (drawn && note_candidates(inspection, plan, error) != 0)
		return -1;
	if (!drawn)
		inspection->commands = pd_json_set(inspection->commands, name, jv_true());
	if (pd_plan_apply(plan, item->id, item->command, error) != 0)
		return -1;
	note_events(inspection, name, plan->events);
	return judge(inspection, fold, item->command, plan->events, error);
}

/* Nothing is judged in teardown, and the end comes before it. */
static int
walk(struct inspection *inspection, const struct pd_sequence *sequence,
    struct pd_error *error)
{
	const struct pd_items *parts[] = {&sequence->setup, &sequence->prefix,
		&sequence->teardown};
	struct pd_plan plan;
	struct pd_fold fold;
	int result = pd_plan_start(&plan, inspection->model, error);

	if (pd_fold_start(&fold, inspection->model, error) != 0)
		result = -1;
	for (int part = 0; part < 3; part++) {
		if (part == 2 && result == 0) {
			pd_fold_check_at(&fold, PD_TRIGGER_SETTLED, take_verdict, inspection);
			pd_fold_check_at(&fold, PD_TRIGGER_END, take_verdict, inspection);
		}
		for (size_t i = 0; i < parts[part]->count && result == 0; i++)
			result = walk_item(inspection, &plan, &fold, &parts[part]->list[i],
			    part == 1, error);
	}
	pd_fold_free(&fold);
	pd_plan_free(&plan);
	return result;
}

static bool
sample(struct inspection *inspection, int64_t seeds)
{
	const struct pd_generate_options options = {.minimum = 1,
		.maximum = LONGEST};

	for (int64_t i = 0; i < seeds; i++) {
		struct pd_sequence sequence;
		struct pd_error error;
		inspection->seed = pd_seed_derive(0, "inspect", (uint64_t)i);
		int result = pd_generate(inspection->model, inspection->seed, &options,
		    &sequence, &error);
		if (result == 0)
			result = walk(inspection, &sequence, &error);
		pd_sequence_free(&sequence);
		if (result != 0) {
			if (error.file[0] == '\0')
				place_at(inspection, &error, "commands", "");
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
			pd_error_set(&error, "command %s was never possible: %s", names[i],
			    reason);
			place_at(inspection, &error, "commands", "");
			tell(inspection, true, &error);
		}
		if (!pd_model_predicts(inspection->model, names[i])) {
			pd_error_set(&error, "command %s has no simulate_%s: it changes "
			    "nothing that is generated after it", names[i], names[i]);
			pd_error_hint(&error, "read-only commands may go without; --conform "
			    "cannot judge it");
			place_at(inspection, &error, "commands", "");
			tell(inspection, true, &error);
		}
		if (inspection->adapter != NULL &&
		    !pd_adapter_knows(inspection->adapter, names[i])) {
			pd_error_set(&error, "the adapter cannot send command %s", names[i]);
			pd_error_hint(&error, "it needs request_%s and events_%s($c), or the "
			    "catch-alls request and events($c)", names[i], names[i]);
			place_at(inspection, &error, "commands", "");
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
		const char *command = pd_json_peek_string(inspection->events, names[i], "");
		pd_error_set(&error, "event %s is predicted, but there is no on_%s",
		    names[i], names[i]);
		pd_error_hint(&error, "def on_%s($e): .; says that it changes nothing",
		    names[i]);
		place_at(inspection, &error, "simulate_", command);
		tell(inspection, true, &error);
	}
	free(names);
}

/* Functions that are named for something that does not exist. */
struct naming {
	struct inspection *inspection;
	const char *prefix;
	int arity;
	jv known;		/* what may stand after the prefix: {name: ...} */
	const char *what;	/* those are called; NULL when anything may stand there */
	bool open;		/* there may be others: only what looks like a slip is told */
};

static bool
is_near(const char *name, jv known_peek)
{
	size_t count;
	const char **names = key_list(known_peek, &count);
	bool near = pd_nearest(name, names, count) != NULL;

	free(names);
	return near;
}

static void
note_outside(void *context, const char *rest, int arity, const char *file, long line)
{
	(void)rest, (void)arity, (void)file, (void)line;
	*(bool *)context = true;
}

/* Do events come from outside, of which no prediction tells? */
static bool
sees_outside(const struct inspection *inspection)
{
	bool any = pd_model_takes_payloads(inspection->model);

	pd_model_functions(inspection->model, "awaits_", note_outside, &any);
	pd_model_functions(inspection->model, "poll_", note_outside, &any);
	return any;
}

static void
check_name(void *context, const char *rest, int arity, const char *file, long line)
{
	const struct naming *naming = context;
	struct pd_error error;

	if (arity != naming->arity) {
		pd_error_at(&error, file, line,
		    "%s%s takes %d argument%s, so it is never called", naming->prefix,
		    rest, arity, arity == 1 ? "" : "s");
		pd_error_hint(&error, "%s%s must take %d", naming->prefix, rest,
		    naming->arity);
		tell(naming->inspection, true, &error);
	} else if (naming->what != NULL && !pd_json_has_peek(naming->known, rest) &&
	    (!naming->open || is_near(rest, naming->known))) {
		pd_error_at(&error, file, line, "%s%s: there is no %s %s",
		    naming->prefix, rest, naming->what, rest);
		hint_nearest(&error, rest, naming->known);
		tell(naming->inspection, true, &error);
	}
}

/* simulat_Credit, ckeck_sum: prefixes that are long enough to be meant. */
static void
check_spelling(const struct naming *naming, const char *name, const char *file,
    long line)
{
	static const char *const prefixes[] = {"simulate", "check", "label", "legal",
		"eventually", "awaits"};
	const char *rest = strchr(name, '_');
	struct pd_error error;

	if (rest == NULL || rest - name < 4)
		return;
	char *prefix = pd_format("%.*s", (int)(rest - name), name);
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (strcmp(prefix, prefixes[i]) == 0 ||
		    pd_nearest(prefix, &prefixes[i], 1) == NULL)
			continue;
		pd_error_at(&error, file, line, "%s is no function that is looked for",
		    name);
		pd_error_hint(&error, "did you mean %s%s?", prefixes[i], rest);
		tell(naming->inspection, true, &error);
		break;
	}
	free(prefix);
}

/* A function whose whole name is the model's: init, setup, simulate($c). */
static void
check_whole_name(void *context, const char *rest, int arity, const char *file,
    long line)
{
	const struct naming *naming = context;

	if (rest[0] == '\0')
		check_name(context, rest, arity, file, line);
	else if (naming->prefix[0] == '\0')
		check_spelling(naming, rest, file, line);
}

static void
check_whole_names(struct inspection *inspection)
{
	const struct {
		const char *name;
		int arity;
	} functions[] = {
		{"", 0}, {"init", 0}, {"commands", 0}, {"setup", 0}, {"teardown", 0},
		{"simulate", 1}, {"apply", 1}, {"terminate", 2}, {"classify", 0},
		{"to_event", pd_model_times_payloads(inspection->model) ? 2 : 1},
	};

	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		struct naming naming = {inspection, functions[i].name,
			functions[i].arity, inspection->commands, NULL, false};
		pd_model_functions(inspection->model, functions[i].name,
		    check_whole_name, &naming);
	}
}

static void
check_names(struct inspection *inspection)
{
	jv both = jv_object_merge(jv_copy(inspection->commands),
	    jv_copy(inspection->events));
	const struct naming namings[] = {
		{inspection, "simulate_", 1, inspection->commands, "command", false},
		{inspection, "label_", 1, inspection->commands, "command", false},
		{inspection, "legal_", 2, inspection->commands, "command", false},
		{inspection, "same_", 2, inspection->commands, "command", false},
		{inspection, "on_", 1, both, "command or predicted event",
		sees_outside(inspection)},
		{inspection, "check_", 1, both, NULL, false},
		{inspection, "eventually_", 1, both, NULL, false},
	};

	for (size_t i = 0; i < sizeof(namings) / sizeof(namings[0]); i++) {
		struct naming naming = namings[i];
		pd_model_functions(inspection->model, naming.prefix, check_name, &naming);
	}
	jv_free(both);
}

/* The line of the module directive, which holds the triggers. */
static long
directive_line(const char *path)
{
	struct pd_buffer text = PD_BUFFER_INIT;
	struct pd_error error;
	long line = 1, found = 0;

	if (pd_read_file(path, &text, &error) == 0) {
		for (const char *at = text.data; found == 0; at++, line++) {
			at += strspn(at, " \t");
			if (pd_starts_with(at, "module"))
				found = line;
			at = strchr(at, '\n');
			if (at == NULL)
				break;
		}
	}
	pd_buffer_free(&text);
	return found;
}

static void
check_triggers(struct inspection *inspection)
{
	jv known = jv_object_merge(jv_copy(inspection->commands),
	    jv_copy(inspection->events));
	bool open = sees_outside(inspection);

	for (int i = 0; i < pd_model_checks(inspection->model); i++) {
		const struct pd_trigger *trigger = pd_model_trigger(inspection->model, i);
		if (trigger->when != PD_TRIGGER_EVERY || trigger->of != PD_OF_NAMES)
			continue;
		jv_array_foreach(trigger->names, j, name) {
			struct pd_error error;
			if (!pd_json_has_peek(known, jv_string_value(name)) &&
			    (!open || is_near(jv_string_value(name), known))) {
				pd_error_at(&error, inspection->path,
				    directive_line(inspection->path), "the trigger of check %s names %s, which is neither a "
				    "command nor a predicted event",
				    pd_model_check_name(inspection->model, i),
				    jv_string_value(name));
				hint_nearest(&error, jv_string_value(name), known);
				tell(inspection, true, &error);
			}
			jv_free(name);
		}
	}
	if (pd_model_checks(inspection->model) == 0 &&
	    pd_model_conditions(inspection->model) == 0) {
		struct pd_error error;
		pd_error_at(&error, inspection->path, 0, "the model has no check");
		pd_error_hint(&error, "without one, only pd-exec --conform judges");
		tell(inspection, true, &error);
	}
	jv_free(known);
}

/* What jq accepts and nobody means. */
static void
check_idioms(struct inspection *inspection)
{
	struct pd_buffer text = PD_BUFFER_INIT;
	struct pd_error error;

	if (pd_read_file(inspection->path, &text, &error) == 0) {
		long line = pd_source_or_fail(text.data);
		pd_error_at(&error, inspection->path, line,
		    "`or fail(...)` always passes: `or` makes true of the failure");
		pd_error_hint(&error, "write `condition // fail(...)`");
		if (line > 0)
			tell(inspection, true, &error);
	}
	pd_buffer_free(&text);
}

void
pd_inspect(struct pd_model *model, struct pd_adapter *adapter, int64_t seeds,
    pd_inspect_finding *finding, void *context)
{
	jv identity = pd_model_identity(model);
	struct inspection inspection = {.model = model, .adapter = adapter,
		.finding = finding, .context = context, .commands = jv_object(),
		.events = jv_object(), .told = jv_object(),
		.path = pd_json_peek_string(identity, "path", "")};

	if (sample(&inspection, seeds)) {
		check_commands(&inspection);
		check_events(&inspection);
		check_names(&inspection);
		check_whole_names(&inspection);
		check_triggers(&inspection);
	}
	check_idioms(&inspection);
	jv_free(inspection.commands);
	jv_free(inspection.events);
	jv_free(inspection.told);
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

/*
 * The second evaluation is opened and run in another environment, in another
 * time zone and more than a second later: a model that looks at any of them
 * sees another one.
 */
extern char **environ;

struct elsewhere {
	char *variables[3];
	char **own;		/* the environment to come back to */
};

static void
elsewhere_start(struct elsewhere *elsewhere)
{
	const char *home = getenv("HOME");	/* jq searches modules there */

	*elsewhere = (struct elsewhere){.own = environ, .variables = {
		pd_format("HOME=%s", home != NULL ? home : "/"),
		pd_duplicate("TZ=Elsewhere+11:30"), NULL}};
}

static void
elsewhere_free(struct elsewhere *elsewhere)
{
	free(elsewhere->variables[0]);
	free(elsewhere->variables[1]);
}

static void
go_elsewhere(struct elsewhere *elsewhere)
{
	environ = elsewhere->variables;
	tzset();
}

static void
come_back(struct elsewhere *elsewhere)
{
	environ = elsewhere->own;
	tzset();
}

static void
let_the_clock_go_on(void)
{
	struct timespec rest = {.tv_sec = 1, .tv_nsec = 50000000};

	while (nanosleep(&rest, &rest) != 0)
		;
}

/* The plan of a seed, or an invalid jv with the error. */
static jv
draw_plan(struct pd_model *model, uint64_t seed, struct pd_error *error)
{
	const struct pd_generate_options options = {.minimum = 1,
		.maximum = LONGEST};
	struct pd_sequence sequence;
	jv record = jv_invalid();

	if (pd_generate(model, seed, &options, &sequence, error) == 0)
		record = jv_object_delete(pd_sequence_record(&sequence),
		    jv_string("plan"));
	pd_sequence_free(&sequence);
	return record;
}

/* 1 when the second model draws the plan, too; 0 with the difference. */
static int
compare_plan(struct pd_model *model, uint64_t seed, jv first,
    struct pd_error *error)
{
	jv second = draw_plan(model, seed, error);
	int same = jv_is_valid(second) &&
	    jv_equal(jv_copy(first), jv_copy(second));

	if (!jv_is_valid(second)) {
		pd_error_prefix(error, "seed %" PRIu64 " gives a plan only once: ", seed);
	} else if (!same) {
		char *where = first_difference(first, second);
		pd_error_set(error, "seed %" PRIu64 " gives two different plans: %s",
		    seed, where);
		free(where);
	}
	if (!same)
		pd_error_hint(error, "a model must not look at now, input or $ENV");
	jv_free(second);
	return same;
}

/* Plans of seeds from first on, an array; an invalid jv with the error. */
static jv
draw_plans(struct pd_model *model, uint64_t first, int64_t count,
    struct pd_error *error)
{
	jv plans = jv_array();

	for (int64_t i = 0; i < count; i++) {
		jv plan = draw_plan(model, first + (uint64_t)i, error);
		if (!jv_is_valid(plan)) {
			jv_free(plans);
			return plan;
		}
		plans = jv_array_append(plans, plan);
	}
	return plans;
}

static int
compare_plans(struct pd_model *model, uint64_t first, jv plans,
    struct pd_error *error)
{
	int count = jv_array_length(jv_copy(plans));
	int same = 1;

	for (int i = 0; i < count && same; i++) {
		jv plan = jv_array_get(jv_copy(plans), i);
		same = compare_plan(model, first + (uint64_t)i, plan, error);
		jv_free(plan);
	}
	return same;
}

/* Batch by batch, with one pause in the first. Returns 1, 0 or -1. */
static int
compare_models(struct pd_model *models[2], struct elsewhere *elsewhere,
    uint64_t first, int64_t count, struct pd_error *error)
{
	int same = 1;

	for (int64_t done = 0; done < count && same == 1; done += BATCH) {
		uint64_t from = first + (uint64_t)done;
		jv plans = draw_plans(models[0], from,
		    count - done < BATCH ? count - done : BATCH, error);
		if (!jv_is_valid(plans)) {
			jv_free(plans);
			return -1;
		}
		if (done == 0)
			let_the_clock_go_on();
		go_elsewhere(elsewhere);
		same = compare_plans(models[1], from, plans, error);
		come_back(elsewhere);
		jv_free(plans);
	}
	return same;
}

int
pd_inspect_determinism(const char *path, uint64_t first, int64_t count,
    struct pd_error *error)
{
	struct elsewhere elsewhere;
	struct pd_model *models[2] = {pd_model_open(path, error), NULL};
	int result = -1;

	elsewhere_start(&elsewhere);
	go_elsewhere(&elsewhere);	/* $ENV is taken when a module is opened */
	models[1] = models[0] != NULL ? pd_model_open(path, error) : NULL;
	come_back(&elsewhere);
	if (models[1] != NULL)
		result = compare_models(models, &elsewhere, first, count, error);
	elsewhere_free(&elsewhere);
	pd_model_close(models[0]);
	pd_model_close(models[1]);
	return result;
}
