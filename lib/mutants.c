/* SPDX-License-Identifier: MIT */
#include "mutants.h"

#include <stdio.h>
#include <string.h>

#include "json.h"
#include "mutating.h"
#include "mutation.h"
#include "random.h"

void
pd_mutants_start(struct pd_mutants *mutants, struct pd_model *model,
    const struct pd_mutants_options *options, pd_mutants_take *take, void *context)
{
	*mutants = (struct pd_mutants){.model = model, .options = *options, .take = take,
		.context = context, .answers = jv_object(), .types = jv_object()};
}

void
pd_mutants_free(struct pd_mutants *mutants)
{
	if (mutants->open)
		pd_mutated_run_free(&mutants->run);
	jv_free(mutants->answers);
	jv_free(mutants->types);
}

/*
 * Runs.
 */

/* Note what was answered, for mutants that answer otherwise. */
static void
learn(struct pd_mutants *mutants, const struct pd_answered *answered)
{
	const char *command = pd_json_peek_string(answered->command, "type", NULL);
	jv first = jv_array_get(jv_copy(answered->events), 0);
	const char *type = pd_json_peek_string(first, "type", NULL);

	if (type != NULL)
		mutants->types = pd_json_set(mutants->types, type, jv_true());
	if (type != NULL && command != NULL) {
		jv known = pd_json_peek(mutants->answers, command);
		jv answer = pd_json_set(jv_object(), "command", jv_copy(answered->command));
		answer = pd_json_set(answer, "events", jv_copy(answered->events));
		known = jv_get_kind(known) == JV_KIND_OBJECT ? known : jv_object();
		mutants->answers = pd_json_set(mutants->answers, command,
		    pd_json_set(known, type, answer));
	}
	jv_free(first);
}

static void
end_run(struct pd_mutants *mutants, bool passed)
{
	jv failure = jv_invalid();

	if (!mutants->open)
		return;
	mutants->open = false;
	mutants->runs++;
	bool fits = passed && pd_mutated_run_fold(&mutants->run, &failure) == 0;
	mutants->failed += !passed;
	mutants->unfit += passed && !fits;
	jv_free(failure);
	if (!fits) {
		pd_mutated_run_free(&mutants->run);
		return;
	}
	for (size_t i = 0; i < mutants->run.count; i++)
		learn(mutants, &mutants->run.list[i]);
	mutants->take(mutants->context, &mutants->run);
}

void
pd_mutants_end(struct pd_mutants *mutants)
{
	end_run(mutants, !mutants->started);
}

static void
begin_run(struct pd_mutants *mutants, int64_t number, jv start)
{
	pd_mutants_end(mutants);
	mutants->started = jv_is_valid(start);
	mutants->open = true;
	pd_mutated_run_start(&mutants->run, mutants->model, mutants->options.conform,
	    number, start);
}

void
pd_mutants_take_record(void *context, const char *type, jv record)
{
	struct pd_mutants *mutants = context;
	int64_t number = (int64_t)pd_json_peek_number(record, "run", 1);

	if (strcmp(type, "run_start") == 0) {
		begin_run(mutants, number, record);
	} else if (strcmp(type, "run_end") == 0) {
		end_run(mutants, strcmp(pd_json_peek_string(record, "status", ""),
		    "pass") == 0);
		jv_free(record);
	} else {
		if (!mutants->open ||
		    (!mutants->started && number != mutants->run.run))
			begin_run(mutants, number, jv_invalid());
		pd_mutated_run_add(&mutants->run, type, record);
	}
}

/*
 * Mutants.
 */

/* Draw so many of the list, in its order. Consumes it. */
static jv
draw(const struct pd_mutants *mutants, jv list, int64_t run, size_t answer)
{
	int count = jv_array_length(jv_copy(list));
	int64_t wanted = mutants->options.sample;
	struct pd_random random;
	char name[32];
	jv drawn = jv_array();

	if (wanted == 0 || wanted >= count) {
		jv_free(drawn);
		return list;
	}
	snprintf(name, sizeof(name), "answer %zu", answer);
	pd_random_seed(&random, pd_seed_derive(mutants->options.seed, "mutants",
	    (uint64_t)run), name);
	/* Selection sampling: each of those left is as likely as any other. */
	for (int i = 0; i < count && wanted > 0; i++) {
		if (pd_random_below(&random, (uint64_t)(count - i)) >= (uint64_t)wanted)
			continue;
		drawn = jv_array_append(drawn, jv_array_get(jv_copy(list), i));
		wanted--;
	}
	jv_free(list);
	return drawn;
}

static jv
mutants_of(const struct pd_mutants *mutants, const struct pd_mutated_run *run,
    size_t answer, jv earlier_peek)
{
	struct pd_mutation_scene scene = {.command = run->list[answer].command,
		.state = pd_mutated_run_fold_at(run, answer + 1)->state,
		.earlier = earlier_peek, .answers = mutants->answers,
		.types = mutants->types, .first = answer == 0,
		.last = answer + 1 == run->count};

	return draw(mutants, pd_mutations(run->list[answer].events, &scene), run->run,
	    answer);
}

void
pd_mutants_each(const struct pd_mutants *mutants, struct pd_mutated_run *run,
    pd_mutants_visit *visit, void *context)
{
	jv earlier = jv_array();
	int stop = 0;

	for (size_t i = 0; i < run->count && stop == 0; i++) {
		jv list = mutants_of(mutants, run, i, earlier);
		jv_array_foreach(list, j, mutant) {
			if (stop == 0)
				stop = visit(context, run, i, mutant);
			jv_free(mutant);
		}
		jv_free(list);
		earlier = jv_array_concat(earlier, jv_copy(run->list[i].events));
	}
	jv_free(earlier);
}
