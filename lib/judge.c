/* SPDX-License-Identifier: MIT */
#include "judge.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "moment.h"

int
pd_judge_start(struct pd_judge *judge, const char *model, struct pd_error *error)
{
	*judge = (struct pd_judge){.model = pd_model_open(model, error)};
	if (judge->model == NULL)
		return -1;
	judge->unfolded = jv_object();
	judge->fired = pd_allocate((size_t)pd_model_checks(judge->model),
	    sizeof(*judge->fired));
	return pd_fold_start(&judge->first, judge->model, error);
}

void
pd_judge_free(struct pd_judge *judge)
{
	if (judge->model == NULL)
		return;
	for (int i = 0; i < judge->queued; i++)
		pd_happening_free(judge->queue[i]);
	pd_fold_free(&judge->first);
	pd_model_close(judge->model);
	jv_free(judge->unfolded);
	free(judge->queue);
	free(judge->findings);
	free(judge->fired);
	if (judge->parser != NULL)
		jv_parser_free(judge->parser);
}

void
pd_happening_free(struct pd_happening *happening)
{
	jv_free(happening->event);
	jv_free(happening->key);
	free(happening->text);
	free(happening);
}

void
pd_judge_queue(struct pd_judge *judge, struct pd_happening *happening)
{
	if (judge->queued == judge->room) {
		judge->room = judge->room > 0 ? 2 * judge->room : 256;
		judge->queue = pd_reallocate(judge->queue, (size_t)judge->room,
		    sizeof(struct pd_happening *));
	}
	judge->queue[judge->queued++] = happening;
}

void
pd_judge_clear(struct pd_judge *judge)
{
	judge->found = 0;
}

static struct pd_finding *
add_finding(struct pd_judge *judge, int64_t number, int64_t spooled)
{
	if (judge->found == judge->finding_room) {
		judge->finding_room = judge->finding_room > 0 ? 2 * judge->finding_room : 16;
		judge->findings = pd_reallocate(judge->findings,
		    (size_t)judge->finding_room, sizeof(*judge->findings));
	}
	judge->findings[judge->found] = (struct pd_finding){.number = number,
		.spooled = spooled, .violation = jv_invalid()};
	return &judge->findings[judge->found++];
}

/* Where an event comes from and what it is. Time is known only by its name. */
static jv
step_record(const struct pd_trail *trail, int back, jv record)
{
	const struct pd_trail_step *step = pd_trail_step(trail, back);
	jv event = pd_trail_event(trail, back);
	char text[PD_MOMENT_TEXT];
	int64_t moment;

	record = pd_json_set_number(record, "number", (double)step->number);
	record = pd_json_set_string(record, "file", step->file);
	record = pd_json_set_number(record, "line", (double)step->line);
	jv time = pd_json_peek(event, "time");
	if (pd_moment_peek(time, &moment)) {
		pd_moment_text(moment, text);
		record = pd_json_set_string(record, "time", text);
	}
	jv_free(time);
	return pd_json_set(record, "event", event);
}

static jv
led_there(const struct pd_trail *trail)
{
	int count = trail->count - 1;
	jv steps = jv_array();

	if (count > trail->context)
		count = trail->context;
	for (int back = count; back >= 1; back--)
		steps = jv_array_append(steps, step_record(trail, back, jv_object()));
	return steps;
}

static jv
cause(const struct pd_judge *judge, int check, jv message, jv data)
{
	const char *name = pd_model_check_name(judge->model, check);
	jv failure = pd_json_set_string(jv_object(), "class", "assertion");

	failure = pd_json_set_string(failure, "kind", "check_failed");
	failure = pd_json_set_string(failure, "name", name);
	if (jv_is_valid(message)) {
		failure = pd_json_set(failure, "message", jv_copy(message));
	} else {
		char *text = pd_format("check %s does not hold", name);
		failure = pd_json_set_string(failure, "message", text);
		free(text);
	}
	return jv_is_valid(data) ? pd_json_set(failure, "data", jv_copy(data)) : failure;
}

/* Borrows message and data. */
static jv
violation(struct pd_judge *judge, struct pd_log_part *part, int check, jv message,
    jv data)
{
	struct pd_trail *trail = &part->trail;
	jv record = pd_json_set_string(jv_object(), "type", "violation");

	record = pd_json_set(record, "failure", cause(judge, check, message, data));
	if (jv_get_kind(part->key) != JV_KIND_NULL)
		record = pd_json_set(record, "key", jv_copy(part->key));
	record = pd_json_set_number(record, "n", (double)trail->events);
	if (judge->at == NULL)
		record = pd_json_set(record, "at_end", jv_true());
	if (part->restarted)
		record = pd_json_set(record, "restarted", jv_true());
	record = step_record(trail, 0, record);
	jv before = pd_trail_before(trail);
	record = jv_is_valid(before) ? pd_json_set(record, "state_before", before) :
	    (jv_free(before), record);
	record = pd_json_set(record, "state", jv_copy(trail->fold.state));
	return pd_json_set(record, "events", led_there(trail));
}

struct judging {
	struct pd_judge *judge;
	struct pd_log_part *part;
	bool violated;
};

static int
on_checked(void *context, int check, enum pd_verdict verdict, jv message, jv data,
    const struct pd_error *error)
{
	struct judging *judging = context;
	struct pd_judge *judge = judging->judge;
	struct pd_log_part *part = judging->part;

	if (verdict == PD_CHECK_PASSED || part->told[check])
		return 0;
	struct pd_finding *finding = add_finding(judge,
	    pd_trail_step(&part->trail, 0)->number, part->spooled);
	part->told[check] = true;
	if (verdict == PD_CHECK_ERROR) {
		finding->error = *error;
		return 0;
	}
	finding->violation = violation(judge, part, check, message, data);
	finding->doubtful = part->restarted;
	if (judge->all || part->restarted)
		return 0;
	judging->violated = true;
	return 1;
}

/* An event that the model has no function for changes nothing. */
static void
count_unfolded(struct pd_judge *judge, jv event)
{
	const char *type = pd_json_peek_string(event, "type", "");

	if (!pd_model_folds(judge->model, type))
		judge->unfolded = pd_json_set_number(judge->unfolded, type,
		    pd_json_peek_number(judge->unfolded, type, 0) + 1);
}

/* Fold an event, which is consumed. True when what was found ends the work. */
static bool
fold(struct pd_judge *judge, struct pd_happening *happening)
{
	struct judging judging = {.judge = judge, .part = happening->part};
	struct pd_trail_step step = {happening->text, happening->number,
		happening->file, happening->line};
	struct pd_error error = PD_ERROR_INIT;

	if (!jv_is_valid(happening->event))
		happening->event = pd_json_parse_next(&judge->parser, step.event,
		    strlen(step.event), &error);
	happening->text = NULL;
	judge->at = happening;
	happening->part->spooled = happening->spooled;
	count_unfolded(judge, happening->event);
	if (pd_trail_fold(&happening->part->trail, step, happening->event, on_checked,
	    &judging, &error) < 0) {
		struct pd_finding *finding = add_finding(judge, happening->number, 0);
		pd_error_set(&finding->error, "%s:%ld: event %lld cannot be folded: %s",
		    happening->file, happening->line, (long long)happening->number,
		    error.message);
		pd_error_hint(&finding->error, "%s", error.hint);
	}
	pd_happening_free(happening);
	return judging.violated;
}

void
pd_judge_work(struct pd_judge *judge)
{
	bool stopped = false;

	for (int i = 0; i < judge->queued; i++) {
		if (stopped)
			pd_happening_free(judge->queue[i]);
		else
			stopped = fold(judge, judge->queue[i]);
	}
	judge->queued = 0;
}

void
pd_judge_end(struct pd_judge *judge, struct pd_log_part *part)
{
	struct judging judging = {.judge = judge, .part = part};

	judge->at = NULL;
	if (part->trail.events == 0)
		return;
	if (pd_fold_check_at(&part->trail.fold, PD_TRIGGER_SETTLED, on_checked,
	    &judging) == 0)
		pd_fold_check_at(&part->trail.fold, PD_TRIGGER_END, on_checked, &judging);
}

void
pd_judge_dismiss(struct pd_judge *judge, const struct pd_log_part *part)
{
	for (int i = 0; i < pd_model_checks(judge->model); i++)
		judge->fired[i] += part->trail.fold.fired[i];
}
