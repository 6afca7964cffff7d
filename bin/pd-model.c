/* SPDX-License-Identifier: MIT */
/* pd-model: look at a model without any system. */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapter.h"
#include "buffer.h"
#include "candidate.h"
#include "fold.h"
#include "generate.h"
#include "inspect.h"
#include "json.h"
#include "loop.h"
#include "origin.h"
#include "plan.h"
#include "program.h"
#include "random.h"
#include "reader.h"
#include "text.h"
#include "writer.h"

enum { OPT_STRICT = 256, OPT_MAXIMUM };

static const struct pd_option options[] = {
	{'m', "model", "FILE", "the model"},
	{'a', "adapter", "FILE", "validate: an adapter that must know the model's commands"},
	{'n', "runs", "N", "sequences to look at (validate and audit 100, dry-run 1)"},
	{'s', "seed", "N", "dry-run, audit: the seed (1)"},
	{OPT_MAXIMUM, "max-commands", "N", "dry-run: commands at most (50)"},
	{OPT_STRICT, "strict", NULL, "validate: warnings are errors"},
	{0, NULL, NULL, NULL},
};

static const struct pd_program program = {
	.name = "pd-model",
	.synopsis = "validate -m MODEL [-a ADAPTER] [-n RUNS] [--strict]\n"
	    "       pd-model explain -m MODEL\n"
	    "       pd-model dry-run -m MODEL [-n RUNS] [-s SEED] [--max-commands N]\n"
	    "       pd-model state -m MODEL [FILE ...]\n"
	    "       pd-model enabled -m MODEL [STATE]\n"
	    "       pd-model audit -m MODEL [-n RUNS] [-s SEED]",
	.purpose = "Look at a model without any system.",
	.options = options,
};

struct settings {
	const char *model, *adapter;
	int64_t runs;		/* 0: the verb's own default */
	uint64_t seed;
	int maximum;
	bool strict;
	char **operands;
	int operand_count;
};

/*
 * validate
 */
struct findings {
	int64_t errors, warnings;
};

static void
print_finding(void *context, bool warning, const struct pd_error *error)
{
	struct findings *findings = context;
	char place[600] = "", hint[600] = "";

	if (warning)
		findings->warnings++;
	else
		findings->errors++;
	if (error->file[0] != '\0' && error->line > 0)
		snprintf(place, sizeof(place), "%s:%ld: ", error->file, error->line);
	else if (error->file[0] != '\0')
		snprintf(place, sizeof(place), "%s: ", error->file);
	if (error->hint[0] != '\0')
		snprintf(hint, sizeof(hint), " (%s)", error->hint);
	printf("%s%s: %s%s\n", place, warning ? "warning" : "error", error->message, hint);
}

static int
print_conclusion(const struct settings *settings, const struct findings *findings)
{
	bool valid = findings->errors == 0 &&
	    (findings->warnings == 0 || !settings->strict);

	printf("%s: %s: %" PRId64 " error%s, %" PRId64 " warning%s\n",
	    settings->model, valid ? "valid" : "not valid",
	    findings->errors, findings->errors == 1 ? "" : "s",
	    findings->warnings, findings->warnings == 1 ? "" : "s");
	return valid ? PD_EXIT_GOOD : PD_EXIT_NO;
}

/* A model or adapter that cannot be loaded is an invalid one; a file that is
 * not there is trouble. */
static void
not_loaded(const char *path, struct findings *findings,
    const struct pd_error *error)
{
	if (access(path, R_OK) != 0)
		pd_die(error);
	print_finding(findings, false, error);
}

static int
validate(const struct settings *settings)
{
	struct findings findings = {0};
	struct pd_error error;
	struct pd_adapter *adapter = NULL;
	struct pd_loop *loop = NULL;
	struct pd_model *model = pd_model_open(settings->model, &error);

	if (model == NULL) {
		not_loaded(settings->model, &findings, &error);
		return print_conclusion(settings, &findings);
	}
	if (settings->adapter != NULL) {
		struct pd_adapter_options adapter_options = {.path = settings->adapter};
		loop = pd_loop_new(&error);
		adapter = loop != NULL ? pd_adapter_open(loop, &adapter_options, &error) : NULL;
	}
	if (settings->adapter != NULL && adapter == NULL)
		not_loaded(settings->adapter, &findings, &error);
	else
		pd_inspect(model, adapter, settings->runs > 0 ? settings->runs : 100,
		    print_finding, &findings);
	pd_adapter_close(adapter);
	pd_loop_free(loop);
	pd_model_close(model);
	return print_conclusion(settings, &findings);
}

/*
 * explain
 */
static void
print_place(void *context, const char *rest, int arity, const char *file, long line)
{
	(void)arity;
	printf("  %s%s (%s:%ld)\n", (const char *)context, rest, file, line);
}

static void
print_trigger(const struct pd_trigger *trigger)
{
	if (trigger->when == PD_TRIGGER_END) {
		printf("at the end");
		return;
	}
	if (trigger->when == PD_TRIGGER_SETTLED) {
		printf("when settled");
		return;
	}
	if (trigger->every > 1)
		printf("every %" PRId64 "th of ", trigger->every);
	else
		printf("after each ");
	if (trigger->of == PD_OF_NAMES) {
		jv_array_foreach(trigger->names, i, name) {
			printf("%s%s", i > 0 ? " or " : "", jv_string_value(name));
			jv_free(name);
		}
		return;
	}
	printf("%s", trigger->of == PD_OF_COMMANDS ? "command" :
	    trigger->of == PD_OF_EVENTS ? "event" : "command and event");
}

static void
print_candidate(const struct pd_candidate *candidate, double total)
{
	if (candidate->possible)
		printf("  %-20s weight %g (%.0f %%)\n", candidate->name, candidate->weight,
		    100 * candidate->weight / total);
	else
		printf("  %-20s not possible: %s\n", candidate->name, candidate->reason);
	jv names = jv_keys(jv_copy(candidate->generators));
	jv_array_foreach(names, i, name) {
		char *generator = pd_json_excerpt(jv_object_get(
		    jv_copy(candidate->generators), jv_copy(name)), 100);
		printf("  %-20s   %s: %s\n", "", jv_string_value(name), generator);
		free(generator);
		jv_free(name);
	}
	jv_free(names);
}

static void
print_candidates(struct pd_plan *plan)
{
	struct pd_candidate *candidates;
	struct pd_error error;
	double total = 0;
	int count = pd_candidates(plan, &candidates, &error);

	if (count < 0)
		pd_die(&error);
	for (int i = 0; i < count; i++)
		total += candidates[i].possible ? candidates[i].weight : 0;
	for (int i = 0; i < count; i++)
		print_candidate(&candidates[i], total);
	pd_candidates_free(candidates, count);
}

static void
start_plan(struct pd_plan *plan, struct pd_model *model)
{
	struct pd_error error;

	if (pd_plan_start(plan, model, &error) != 0)
		pd_die(&error);
}

static void
print_conditions(const struct pd_model *model)
{
	int count = pd_model_conditions(model);

	if (count > 0)
		printf("\nconditions over time\n");
	for (int i = 0; i < count; i++) {
		const struct pd_condition *condition = pd_model_condition(model, i);
		printf("  %-28s within %g s, ", condition->name,
		    (double)condition->timeout / 1e6);
		print_trigger(&condition->after);
		printf("\n");
	}
}

static int
explain(const struct settings *settings)
{
	struct pd_model *model = pd_open_model(settings->model);
	struct pd_plan plan;
	static const char *const parts[] = {"simulate_", "on_", "legal_", "label_",
		"eventually_", "poll_", "awaits_", "same_"};

	start_plan(&plan, model);
	char *state = pd_json_excerpt(jv_copy(plan.state), 400);
	printf("model %s\n\nfirst state\n  %s\n\ncommands in it\n",
	    pd_model_name(model), state);
	free(state);
	print_candidates(&plan);
	printf("\nchecks\n");
	for (int i = 0; i < pd_model_checks(model); i++) {
		printf("  %-28s ", pd_model_check_name(model, i));
		print_trigger(pd_model_trigger(model, i));
		printf("\n");
	}
	print_conditions(model);
	printf("\nfunctions\n");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		pd_model_functions(model, parts[i], print_place, (void *)(uintptr_t)parts[i]);
	pd_plan_free(&plan);
	pd_model_close(model);
	return PD_EXIT_GOOD;
}

/*
 * dry-run
 */
static void
print_json(const char *before, jv value)
{
	struct pd_buffer text = PD_BUFFER_INIT;

	pd_json_append_peek(&text, value);
	printf("%s%s\n", before, text.data);
	pd_buffer_free(&text);
}

static void
dry_run_items(struct pd_plan *plan, const struct pd_items *items)
{
	struct pd_error error;

	for (size_t i = 0; i < items->count; i++) {
		char *before = pd_format("  %-4s ", items->list[i].id);
		print_json(before, items->list[i].command);
		free(before);
		if (pd_plan_apply(plan, items->list[i].id, items->list[i].command,
		    &error) != 0)
			pd_die(&error);
		jv_array_foreach(plan->events, j, event) {
			print_json("       -> ", event);
			jv_free(event);
		}
		print_json("       state ", plan->state);
	}
}

static int
dry_run(const struct settings *settings)
{
	struct pd_model *model = pd_open_model(settings->model);
	const struct pd_generate_options generate = {.minimum = 1,
		.maximum = settings->maximum};
	struct pd_error error;
	int64_t runs = settings->runs > 0 ? settings->runs : 1;

	for (int64_t run = 1; run <= runs; run++) {
		struct pd_sequence sequence;
		struct pd_plan plan;
		uint64_t seed = pd_seed_derive(settings->seed, "run", (uint64_t)run);
		if (pd_generate(model, seed, &generate, &sequence, &error) != 0)
			pd_die(&error);
		start_plan(&plan, model);
		printf("run %" PRId64 ", seed %" PRIu64 "\n", run, seed);
		dry_run_items(&plan, &sequence.setup);
		dry_run_items(&plan, &sequence.prefix);
		dry_run_items(&plan, &sequence.teardown);
		pd_plan_free(&plan);
		pd_sequence_free(&sequence);
	}
	pd_model_close(model);
	return PD_EXIT_GOOD;
}

/*
 * state
 */
/* The step that a line holds: of a command or event record, or itself. An
 * invalid jv for records that hold none. */
static jv
step_of(jv record)
{
	static const char *const others[] = {"stream", "sequence", "run_start",
		"check", "run_end", "failure", "reject", "end"};
	const char *type = pd_json_peek_string(record, "type", "");
	jv step = jv_invalid();

	if (!pd_origin_is_folded(record))
		return step;
	if (strcmp(type, "event") == 0 && pd_json_has_peek(record, "event"))
		step = pd_json_peek(record, "event");
	else if (strcmp(type, "command") == 0 && pd_json_has_peek(record, "command"))
		step = pd_json_peek(record, "command");
	else
		step = jv_copy(record);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (strcmp(type, others[i]) == 0) {
			jv_free(step);
			step = jv_invalid();
		}
	}
	return step;
}

static void
fold_record(struct pd_fold *fold, struct pd_model *model,
    const struct pd_record *record, struct pd_writer *writer, int64_t *n)
{
	struct pd_error error;
	jv value = pd_record_parse(record, &error);

	if (!jv_is_valid(value))
		pd_die(&error);
	if (pd_record_is(record, "run_start")) {
		pd_fold_free(fold);
		*n = 0;
		if (pd_fold_start(fold, model, &error) != 0)
			pd_die(&error);
	}
	jv step = step_of(value);
	if (jv_is_valid(step)) {
		if (pd_fold_apply(fold, step, &error) != 0) {
			pd_error_prefix(&error, "%s:%ld: ", record->file, record->number);
			pd_die(&error);
		}
		pd_writer_start(writer, "state");
		pd_writer_number(writer, "n", ++*n);
		pd_writer_json_peek(writer, "step", step);
		pd_writer_json_peek(writer, "state", fold->state);
		pd_writer_finish(writer);
	}
	jv_free(step);
	jv_free(value);
}

static int
fold_states(const struct settings *settings)
{
	struct pd_model *model = pd_open_model(settings->model);
	struct pd_reader *reader = pd_reader_open(settings->operands,
	    settings->operand_count, PD_LINE_LIMIT);
	struct pd_record record;
	struct pd_writer writer;
	struct pd_fold fold;
	struct pd_error error;
	enum pd_read result;
	int64_t n = 0;

	pd_writer_open(&writer, STDOUT_FILENO);
	if (pd_fold_start(&fold, model, &error) != 0)
		pd_die(&error);
	while ((result = pd_reader_next(reader, &record, &error)) == PD_READ_RECORD)
		fold_record(&fold, model, &record, &writer, &n);
	if (result == PD_READ_ERROR)
		pd_complain(&error);
	pd_fold_free(&fold);
	pd_reader_close(reader);
	pd_model_close(model);
	return pd_close_output(&writer,
	    result == PD_READ_ERROR ? PD_EXIT_TROUBLE : PD_EXIT_GOOD);
}

/*
 * enabled
 */
static jv
read_state(const char *path)
{
	struct pd_error error;
	bool standard_input = strcmp(path, "-") == 0;
	jv state = pd_json_parse_file(standard_input ? "/dev/stdin" : path, &error);

	if (!jv_is_valid(state))
		pd_die(&error);
	return state;
}

static int
enabled(const struct settings *settings)
{
	struct pd_model *model = pd_open_model(settings->model);
	struct pd_plan plan;

	start_plan(&plan, model);
	if (settings->operand_count > 0) {
		jv_free(plan.state);
		plan.state = read_state(settings->operands[0]);
	}
	print_candidates(&plan);
	pd_plan_free(&plan);
	pd_model_close(model);
	return PD_EXIT_GOOD;
}

/*
 * audit
 */
static int
audit(const struct settings *settings)
{
	struct pd_error error;
	int64_t count = settings->runs > 0 ? settings->runs : 100;
	int same = pd_inspect_determinism(settings->model, settings->seed, count, &error);

	if (same < 0)
		pd_die(&error);
	if (same == 0) {
		char text[2560];
		printf("not deterministic: %s\n", pd_error_text(&error, text, sizeof(text)));
		return PD_EXIT_NO;
	}
	printf("deterministic: %" PRId64 " seeds gave the same plan twice\n", count);
	return PD_EXIT_GOOD;
}

static const struct verb {
	const char *name;
	int (*run)(const struct settings *);
	int operands;		/* at most; -1 for any number */
} verbs[] = {
	{"validate", validate, 0},
	{"explain", explain, 0},
	{"dry-run", dry_run, 0},
	{"state", fold_states, -1},
	{"enabled", enabled, 1},
	{"audit", audit, 0},
};

enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

int
main(int argc, char **argv)
{
	struct settings settings = {.seed = 1, .maximum = 50};
	const char *value;
	int option;

	pd_program_start();
	while ((option = pd_option_next(&program, argc, argv, &value)) != -1) {
		switch (option) {
		case 'm': settings.model = value; break;
		case 'a': settings.adapter = value; break;
		case 'n': settings.runs = pd_option_number("runs", value, 1, 1000000000); break;
		case 's': settings.seed = pd_option_seed("seed", value); break;
		case OPT_MAXIMUM:
			settings.maximum = (int)pd_option_number("max-commands", value, 1, 100000);
			break;
		case OPT_STRICT: settings.strict = true; break;
		}
	}
	if (optind == argc)
		pd_usage_error("what to do is missing: validate, explain, dry-run, state, "
		    "enabled or audit");
	const struct verb *verb = &verbs[pd_verb_choice(argv[optind++], verbs, VERBS, sizeof(verbs[0]))];
	settings.operands = argv + optind;
	settings.operand_count = argc - optind;
	if (verb->operands >= 0 && settings.operand_count > verb->operands)
		pd_usage_error("'%s' is one word too many", argv[argc - 1]);
	if (settings.model == NULL)
		pd_usage_error("a model is needed: -m MODEL.jq");
	int status = verb->run(&settings);
	if (fflush(stdout) != 0) {
		warn("cannot write");
		status = PD_EXIT_TROUBLE;
	}
	return status;
}
