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
	OPT_LINE_BUFFERED,
};

static const struct pd_option options[] = {
	{'m', "model", "FILE", "the model to draw from"},
	{'n', "runs", "N", "how many sequences (100)"},
	{'s', "seed", "N", "the seed of all of them (a new one each time)"},
	{OPT_MINIMUM, "min-commands", "N", "commands a sequence has at least (1)"},
	{OPT_MAXIMUM, "max-commands", "N", "and at most (50)"},
	{OPT_SHARD, "shard", "I/N", "only every N-th sequence, from the I-th"},
	{OPT_RUN_SEED, "run-seed", "N", "just the sequence with this seed of its own"},
	{OPT_SEEDS, "seeds", "FILE", "the sequences with the seeds in FILE: numbers or records"},
	{OPT_LINE_BUFFERED, "line-buffered", NULL, "flush after every record"},
	{0, NULL, NULL, NULL},
};

static const struct pd_program program = {
	.name = "pd-gen",
	.synopsis = "-m MODEL [-n RUNS] [-s SEED] [--min-commands N] [--max-commands N]\n"
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
		}
	}
	if (optind < argc)
		pd_usage_error("'%s' is one word too many", argv[optind]);
	if (settings.has_run_seed && settings.seeds != NULL)
		pd_usage_error("--run-seed and --seeds exclude each other");
	if (settings.generate.minimum > settings.generate.maximum) {
		if (has_minimum)
			pd_usage_error("--min-commands %d is over --max-commands %d",
			    settings.generate.minimum, settings.generate.maximum);
		settings.generate.minimum = settings.generate.maximum;
	}
	/* The seeds that were given decide alone: nothing new may come in. */
	if (!settings.has_seed && settings.seeds == NULL)
		settings.seed = settings.has_run_seed ? settings.run_seed :
		    pd_seed_from_entropy();
	return settings;
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
	if (settings->shards > 1)
		chosen = pd_json_set(chosen, "shard", jv_string_fmt("%" PRId64 "/%" PRId64,
		    settings->shard, settings->shards));
	header = pd_json_set(header, "model", pd_model_identity(model));
	header = pd_json_set_number(header, "seed", (double)settings->seed);
	header = pd_json_set(header, "options", chosen);
	pd_writer_record(writer, pd_stream_add_program(header, argc, argv));
}

/* Generate and write one sequence. */
static void
generate(struct pd_model *model, const struct settings *settings, int64_t run,
    uint64_t seed, struct pd_writer *writer)
{
	struct pd_sequence sequence;
	struct pd_error error;

	if (pd_generate(model, seed, &settings->generate, &sequence, &error) != 0) {
		pd_error_prefix(&error, "run %" PRId64 " (seed %" PRIu64 "): ", run, seed);
		pd_writer_flush(writer, &(struct pd_error){0});
		pd_die(&error);
	}
	sequence.run = run;
	pd_writer_record(writer, pd_sequence_record(&sequence));
	pd_sequence_free(&sequence);
}

static int64_t
generate_all(struct pd_model *model, const struct settings *settings,
    struct pd_writer *writer)
{
	int64_t count = 0;

	for (int64_t run = settings->shard; run <= settings->runs;
	    run += settings->shards, count++) {
		generate(model, settings, run,
		    pd_seed_derive(settings->seed, "run", (uint64_t)run), writer);
	}
	return count;
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

static int64_t
generate_seeds(struct pd_model *model, const struct settings *settings,
    struct pd_writer *writer)
{
	bool is_stdin = strcmp(settings->seeds, "-") == 0;
	FILE *file = is_stdin ? stdin : fopen(settings->seeds, "r");
	const char *name = is_stdin ? "<stdin>" : settings->seeds;
	char *line = NULL;
	size_t size = 0;
	ssize_t length;
	int64_t run = 0, count = 0;
	uint64_t seed;

	if (file == NULL)
		err(PD_EXIT_TROUBLE, "%s", name);
	for (long number = 1; (length = getline(&line, &size, file)) >= 0; number++) {
		struct pd_error error = PD_ERROR_INIT;
		if (!seed_of_line(line, (size_t)length, &seed, &error))
			continue;
		if (error.message[0] != '\0') {
			pd_writer_flush(writer, &(struct pd_error){0});
			snprintf(error.file, sizeof(error.file), "%s", name);
			error.line = number;
			pd_die(&error);
		}
		if (run++ % settings->shards != settings->shard - 1)
			continue;
		generate(model, settings, run, seed, writer);
		count++;
	}
	if (ferror(file))
		err(PD_EXIT_TROUBLE, "%s", name);
	free(line);
	fclose(file);
	return count;
}

int
main(int argc, char **argv)
{
	struct settings settings = parse_options(argc, argv);
	struct pd_model *model = pd_open_model(settings.model);
	struct pd_writer writer;
	struct pd_counts counts;

	pd_writer_open(&writer, STDOUT_FILENO);
	writer.line_buffered |= settings.line_buffered;
	pd_counts_start(&counts);
	write_header(&writer, &settings, model, argc, argv);
	if (settings.has_run_seed) {
		generate(model, &settings, 1, settings.run_seed, &writer);
		counts.runs = 1;
	} else if (settings.seeds != NULL) {
		counts.runs = generate_seeds(model, &settings, &writer);
	} else {
		counts.runs = generate_all(model, &settings, &writer);
	}
	if (counts.runs == 0 && settings.shards == 1)
		pd_counts_problem(&counts, "no sequence was asked for");
	int status = pd_counts_status(&counts);
	if (status != 0)
		warnx("no sequence was asked for");
	pd_writer_record(&writer, pd_stream_end(&counts, status));
	pd_counts_free(&counts);
	pd_model_close(model);
	return pd_close_output(&writer, status);
}
