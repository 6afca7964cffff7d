/* SPDX-License-Identifier: MIT */
#include "simulated.h"

#include <stddef.h>

#include "json.h"
#include "plan.h"
#include "reference.h"

struct simulation {
	struct pd_plan plan;
	int64_t run;
	pd_simulated_take *take;
	void *context;
};

static jv
record_of(const struct simulation *simulation, const char *type)
{
	return pd_json_set_number(pd_json_set_string(jv_object(), "type", type), "run",
	    (double)simulation->run);
}

static void
write_answer(const struct simulation *simulation, const struct pd_item *item)
{
	jv command = pd_json_set_string(record_of(simulation, "command"), "id", item->id);

	command = pd_json_set(command, "command",
	    pd_reference_unquote(jv_copy(item->command)));
	simulation->take(simulation->context, "command",
	    pd_json_set_string(command, "outcome", "ok"));
	jv_array_foreach(simulation->plan.events, i, event) {
		jv record = pd_json_set_string(record_of(simulation, "event"), "id", item->id);
		record = pd_json_set_string(record, "source", "command");
		simulation->take(simulation->context, "event",
		    pd_json_set(record, "event", event));
	}
}

static int
simulate_items(struct simulation *simulation, const struct pd_items *items,
    struct pd_error *error)
{
	for (size_t i = 0; i < items->count; i++) {
		const struct pd_item *item = &items->list[i];
		if (pd_plan_apply(&simulation->plan, item->id, item->command, error) != 0)
			return -1;
		write_answer(simulation, item);
	}
	return 0;
}

int
pd_simulate_run(struct pd_model *model, const struct pd_sequence *sequence,
    pd_simulated_take *take, void *context, struct pd_error *error)
{
	const struct pd_items *parts[] = {&sequence->setup, &sequence->prefix,
		&sequence->suffix, &sequence->teardown};
	struct simulation simulation = {.run = sequence->run, .take = take,
		.context = context};
	int result = pd_plan_start(&simulation.plan, model, error);

	if (result == 0)
		take(context, "run_start", pd_json_set(record_of(&simulation, "run_start"),
		    "sequence", pd_sequence_record(sequence)));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && result == 0; i++)
		result = simulate_items(&simulation, parts[i], error);
	if (result == 0)
		take(context, "run_end", pd_json_set_string(record_of(&simulation, "run_end"),
		    "status", "pass"));
	pd_plan_free(&simulation.plan);
	return result;
}
