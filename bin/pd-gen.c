/* SPDX-License-Identifier: MIT */
/* pd-gen: draw random command sequences from a model. */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "generate.h"
#include "json.h"
#include "program.h"
#include "random.h"
#include "reader.h"
#include "stream.h"
#include "writer.h"

enum {
	OPT_MINIMUM = 256, OPT_MAXIMUM, OPT_SHARD, OPT_RUN_SEED, OPT_SEEDS,
	OPT_LINE_BUFFERED, OPT_BRANCHES, OPT_PROBABILITY, OPT_MIN_PREFIX,
	OPT_MIN_BRANCHES, OPT_MAX_BRANCHES, OPT_MIN_LENGTH, OPT_MAX_LENGTH,
};

static const struct pd_option options[] = {
	{'m', "model", "FILE", "the model to draw from"},
	{'n', "runs", "N", "how many sequences (100)"},
	{'s', "seed", "N", "the seed of all of them (a new one each time)"},
	{OPT_MINIMUM, "min-commands", "N", "commands a sequence has at least (1)"},
	{OPT_MAXIMUM, "max-commands", "N", "and at most (50)"},
	{OPT_BRANCHES, "branches", NULL, "sequences with parallel branches"},
	{OPT_PROBABILITY, "branch-probability", "P", "that they begin at a place (0.2)"},
	{OPT_MIN_PREFIX, "min-prefix", "N", "commands before branches, at least (3)"},
	{OPT_MIN_BRANCHES, "min-branches", "N", "branches, at least (2)"},
	{OPT_MAX_BRANCHES, "max-branches", "N", "and at most (3)"},
	{OPT_MIN_LENGTH, "min-branch-length", "N", "commands of a branch, at least (1)"},
	{OPT_MAX_LENGTH, "max-branch-length", "N", "and at most (5)"},
	{OPT_SHARD, "shard", "I/N", "only every N-th sequence, from the I-th"},
	{OPT_RUN_SEED, "run-seed", "N", "just the sequence with this seed of its own"},
	{OPT_SEEDS, "seeds", "FILE", "the sequences with the seeds in FILE: numbers or records"},
	{OPT_LINE_BUFFERED, "line-buffered", NULL, "flush after every record"},
	{0, NULL, NULL, NULL},
};

static const struct pd_program program = {
	.name = "pd-gen",
	.synopsis = "-m MODEL [-n RUNS] [-s SEED] [--min-commands N] [--max-commands N]\n"
	    "              [--branches] [--branch-probability P] [--min-prefix N]\n"
	    "              [--min-branches N] [--max-branches N]\n"
	    "              [--min-branch-length N] [--max-branch-length N]\n"
	    "              [--shard I/N] [--run-seed N | --seeds FILE] [--line-buffered]",
	.purpose = "Draw random command sequences from a model.",
	.options = options,
};

struct settings {
	const char *model;
	int64_t runs;
	uint64_t seed, run_seed;
	bool has_seed, has_run_seed;
	struct pd_generate_options generate;
	int64_t shard, shards;
	const char *seeds;
	bool line_buffered;
};

static void
parse_shard(struct settings *settings, const char *value)
{
	const char *slash = strchr(value, '/');

	if (slash == NULL)
		pd_usage_error("--shard: '%s' is not I/N, for example 1/4", value);
	settings->shards = pd_option_number("shard", slash + 1, 1, 1000000);
	char first[32];
	snprintf(first, sizeof(first), "%.*s", (int)(slash - value), value);
	settings->shard = pd_option_number("shard", first, 1, settings->shards);
}

/* An option of branches. Each of them asks for branches. */
static void
parse_branching(struct pd_generate_options *generate, int option,
    const char *value)
{
	struct pd_branching_options *branching = &generate->branching;

	if (branching->most == 0)
		*branching = (struct pd_branching_options){.probability = 0.2, .prefix = 3,
			.least = 2, .most = 3, .shortest = 1, .longest = 5};
	switch (option) {
	case OPT_PROBABILITY:
		branching->probability = pd_option_probability("branch-probability", value);
		break;
	case OPT_MIN_PREFIX:
		branching->prefix = (int)pd_option_number("min-prefix", value, 0, 100000);
		break;
	case OPT_MIN_BRANCHES:
		branching->least = (int)pd_option_number("min-branches", value, 2, 1000);
		break;
	case OPT_MAX_BRANCHES:
		branching->most = (int)pd_option_number("max-branches", value, 2, 1000);
		break;
	case OPT_MIN_LENGTH:
		branching->shortest = (int)pd_option_number("min-branch-length", value,
		    1, 100000);
		break;
	case OPT_MAX_LENGTH:
		branching->longest = (int)pd_option_number("max-branch-length", value,
		    1, 100000);
		break;
	}
}

static void
check_branching(const struct pd_generate_options *generate)
{
	const struct pd_branching_options *branching = &generate->branching;

	if (branching->least > branching->most)
		pd_usage_error("--min-branches %d is over --max-branches %d",
		    branching->least, branching->most);
	if (branching->shortest > branching->longest)
		pd_usage_error("--min-branch-length %d is over --max-branch-length %d",
		    branching->shortest, branching->longest);
	if (branching->probability > 0 &&
	    branching->prefix + 2 > generate->maximum)
		pd_usage_error("--max-commands %d leaves no room for branches after "
		    "--min-prefix %d", generate->maximum, branching->prefix);
}

static struct settings
parse_options(int argc, char **argv)
{
	struct settings settings = {.runs = 100, .shard = 1, .shards = 1,
		.generate = {.minimum = 1, .maximum = 50}};
	const char *value;
	bool has_minimum = false;
	int option;

	while ((option = pd_option_next(&program, argc, argv, &value)) != -1) {
		switch (option) {
		case 'm': settings.model = value; break;
		case 'n':
			settings.runs = pd_option_number("runs", value, 0, INT64_C(1) << 40);
			break;
		case 's':
			settings.seed = pd_option_seed("seed", value);
			settings.has_seed = true;
			break;
		case OPT_MINIMUM:
			settings.generate.minimum = (int)pd_option_number(
			    "min-commands", value, 1, 100000);
			has_minimum = true;
			break;
		case OPT_MAXIMUM:
			settings.generate.maximum = (int)pd_option_number(
			    "max-commands", value, 1, 100000);
			break;
		case OPT_SHARD: parse_shard(&settings, value); break;
		case OPT_RUN_SEED:
			settings.run_seed = pd_option_seed("run-seed", value);
			settings.has_run_seed = true;
			break;
		case OPT_SEEDS: settings.seeds = value; break;
		case OPT_LINE_BUFFERED: settings.line_buffered = true; break;
		default: parse_branching(&settings.generate, option, value); break;
		}
	}
	if (optind < argc)
		pd_usage_error("'%s' is one word too many", argv[optind]);
	if (settings.has_run_seed && settings.shards > 1)
		pd_usage_error("--run-seed is one sequence, which --shard cannot divide");
	if (settings.has_run_seed && settings.seeds != NULL)
		pd_usage_error("--run-seed and --seeds exclude each other");
	if (settings.generate.minimum > settings.generate.maximum) {
		if (has_minimum)
			pd_usage_error("--min-commands %d is over --max-commands %d",
			    settings.generate.minimum, settings.generate.maximum);
		settings.generate.minimum = settings.generate.maximum;
	}
	check_branching(&settings.generate);
	/* The seeds that were given decide alone: nothing new may come in. */
	if (!settings.has_seed && settings.seeds == NULL)
		settings.seed = settings.has_run_seed ? settings.run_seed :
		    pd_seed_from_entropy();
	return settings;
}

static jv
branching_options(jv chosen, const struct pd_branching_options *branching)
{
	chosen = pd_json_set_number(chosen, "branch_probability",
	    branching->probability);
	chosen = pd_json_set_number(chosen, "min_prefix", branching->prefix);
	chosen = pd_json_set_number(chosen, "min_branches", branching->least);
	chosen = pd_json_set_number(chosen, "max_branches", branching->most);
	chosen = pd_json_set_number(chosen, "min_branch_length", branching->shortest);
	return pd_json_set_number(chosen, "max_branch_length", branching->longest);
}

static void
write_header(struct pd_writer *writer, const struct settings *settings,
    const struct pd_model *model, int argc, char **argv)
{
	jv header = pd_stream_header("pd-gen " PD_VERSION);
	jv chosen = jv_object();

	if (settings->has_run_seed)
		chosen = pd_json_set_number(chosen, "run_seed", (double)settings->run_seed);
	else if (settings->seeds != NULL)
		chosen = pd_json_set_string(chosen, "seeds", settings->seeds);
	else
		chosen = pd_json_set_number(chosen, "runs", (double)settings->runs);
	chosen = pd_json_set_number(chosen, "min_commands", settings->generate.minimum);
	chosen = pd_json_set_number(chosen, "max_commands", settings->generate.maximum);
	if (settings->generate.branching.most > 0)
		chosen = branching_options(chosen, &settings->generate.branching);
	if (settings->shards > 1)
		chosen = pd_json_set(chosen, "shard", jv_string_fmt("%" PRId64 "/%" PRId64,
		    settings->shard, settings->shards));
	header = pd_json_set(header, "model", pd_model_identity(model));
	header = pd_json_set_number(header, "seed", (double)settings->seed);
	header = pd_json_set(header, "options", chosen);
	pd_writer_record(writer, pd_stream_add_program(header, argc, argv));
}

/* What the sequences go through. */
struct generation {
	struct pd_model *model;
	const struct settings *settings;
	struct pd_writer *writer;
	int64_t count;		/* of sequences written */
};

/* Generate and write one sequence. Returns 0, or -1 after saying why not. */
static int
generate(struct generation *generation, int64_t run, uint64_t seed)
{
	struct pd_sequence sequence;
	struct pd_error error;
	int result = pd_generate(generation->model, seed,
	    &generation->settings->generate, &sequence, &error);

	if (result != 0) {
		pd_error_prefix(&error, "run %" PRId64 " (seed %" PRIu64 "): ", run, seed);
		pd_complain(&error);
	} else {
		sequence.run = run;
		pd_writer_record(generation->writer, pd_sequence_record(&sequence));
		generation->count++;
	}
	pd_sequence_free(&sequence);
	return result;
}

static int
generate_all(struct generation *generation)
{
	const struct settings *settings = generation->settings;
	int result = 0;

	for (int64_t run = settings->shard; run <= settings->runs && result == 0;
	    run += settings->shards)
		result = generate(generation, run,
		    pd_seed_derive(settings->seed, "run", (uint64_t)run));
	return result;
}

/* The seed in a line of --seeds: a number, or the seed of a record. False for
 * what only frames a stream, blank lines and comments. */
static bool
seed_of_line(const char *line, size_t length, uint64_t *seed,
    struct pd_error *error)
{
	size_t blank = 0;
	int64_t number = -1;

	while (blank < length && strchr(" \t\r\n", line[blank]) != NULL &&
	    line[blank] != '\0')
		blank++;
	if (blank == length || line[blank] == '#')
		return false;
	jv value = pd_json_parse(line, length, error);
	const char *type = pd_json_peek_string(value, "type", "");
	if (strcmp(type, "stream") == 0 || strcmp(type, "end") == 0) {
		jv_free(value);
		return false;
	}
	if (jv_get_kind(value) == JV_KIND_OBJECT) {
		jv field = pd_json_peek(value, "seed");
		jv_free(value);
		value = field;
	}
	if (!pd_json_integer_peek(value, &number) || number < 0) {
		if (error->message[0] == '\0')
			pd_error_set(error, "neither a seed nor a record with one");
		pd_error_hint(error, "a whole number from 0 to 2^53 - 1 in each line");
	}
	jv_free(value);
	*seed = (uint64_t)number;
	return true;
}

/* The sequence for one line of --seeds, when it has a seed and is of our shard. */
static int
generate_line(struct generation *generation, const char *line, size_t length,
    int64_t *run, struct pd_error *error)
{
	const struct settings *settings = generation->settings;
	uint64_t seed;

	*error = (struct pd_error)PD_ERROR_INIT;
	if (!seed_of_line(line, length, &seed, error))
		return 0;
	if (error->message[0] != '\0')
		return -1;
	if ((*run)++ % settings->shards != settings->shard - 1)
		return 0;
	return generate(generation, *run, seed);
}

static int
generate_seeds(struct generation *generation)
{
	bool is_stdin = strcmp(generation->settings->seeds, "-") == 0;
	const char *name = is_stdin ? "<stdin>" : generation->settings->seeds;
	FILE *file = is_stdin ? stdin : fopen(name, "r");
	struct pd_error error;
	char *line = NULL;
	size_t size = 0;
	ssize_t length;
	int64_t run = 0;
	int result = 0;

	if (file == NULL)
		err(PD_EXIT_TROUBLE, "%s", name);
	for (long number = 1; result == 0 &&
	    (length = getline(&line, &size, file)) >= 0; number++) {
		result = generate_line(generation, line, (size_t)length, &run, &error);
		if (error.message[0] != '\0') {
			snprintf(error.file, sizeof(error.file), "%s", name);
			error.line = number;
			pd_complain(&error);
		}
	}
	if (ferror(file)) {
		warn("%s", name);
		result = -1;
	}
	free(line);
	fclose(file);
	return result;
}

/* The end record, when all went well. Returns the exit status. */
static int
finish(struct generation *generation)
{
	struct pd_counts counts;

	pd_counts_start(&counts);
	counts.runs = generation->count;
	if (counts.runs == 0 && generation->settings->shards == 1) {
		pd_counts_problem(&counts, "no sequence was asked for");
		warnx("no sequence was asked for");
	}
	int status = pd_counts_status(&counts);
	pd_writer_record(generation->writer, pd_stream_end(&counts, status));
	pd_counts_free(&counts);
	return status;
}

int
main(int argc, char **argv)
{
	pd_program_start();
	struct settings settings = parse_options(argc, argv);
	struct pd_writer writer;
	struct generation generation = {.model = pd_open_model(settings.model),
		.settings = &settings, .writer = &writer};

	pd_writer_open(&writer, STDOUT_FILENO);
	writer.line_buffered |= settings.line_buffered;
	write_header(&writer, &settings, generation.model, argc, argv);
	int result = settings.has_run_seed ?
	    generate(&generation, 1, settings.run_seed) :
	    settings.seeds != NULL ? generate_seeds(&generation) :
	    generate_all(&generation);
	int status = result == 0 ? finish(&generation) : PD_EXIT_TROUBLE;
	pd_model_close(generation.model);
	return pd_close_output(&writer, status);
}
