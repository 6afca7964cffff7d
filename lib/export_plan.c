/* SPDX-License-Identifier: MIT */
#include "export_plan.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "assertion.h"
#include "buffer.h"
#include "export_step.h"
#include "json.h"
#include "predicted.h"
#include "recorded.h"
#include "redact.h"
#include "reference.h"
#include "sequence.h"
#include "symbolic.h"
#include "text.h"

/* A step with its place in the sequence. */
struct placed {
	struct pd_export_step step;
	const char *phase;
	int branch;		/* -1: none */
	jv record;		/* the command record */
	jv events;		/* that it gave */
	jv expect;		/* [{events, assertions}]: what could have been right; empty
				 * when nobody knows */
	jv reject;		/* assertions that hold of the recorded reply, when it decides
				 * by being the same, or invalid */
	bool decides;
};

struct plan {
	jv failure, cause;
	struct pd_adapter *adapter;
	struct pd_model *model;
	struct pd_recorded run;
	struct pd_sequence sequence;
	struct pd_export_sources sources;
	struct pd_predictions predictions;
	struct pd_redaction redaction;	/* as of pd-exec then */
	jv redacted;		/* its names */
	struct placed *steps;
	size_t count;
	char *base_url;
};

static const char *
failing_id(const struct plan *plan)
{
	return pd_json_peek_string(plan->cause, "id", "");
}

/* Is this the command that was answered otherwise when it was sent again? */
static bool
is_repeated(const struct plan *plan, const char *id)
{
	return strcmp(pd_json_peek_string(plan->cause, "kind", ""),
	    "idempotency_violation") == 0 && strcmp(failing_id(plan), id) == 0;
}

static void
warn(struct plan *plan, jv text)
{
	plan->sources.warnings = jv_array_append(plan->sources.warnings, text);
}

static void
warn_error(struct plan *plan, const char *what, const struct pd_error *error)
{
	char text[2560];

	warn(plan, jv_string_fmt("%s: %s", what,
	    pd_error_text(error, text, sizeof(text))));
}

/*
 * Secrets.
 */

/* Names that pd-exec was told to redact, from the command lines of the record. They
 * belong to plan->redacted. */
static void
read_command_line(struct plan *plan, jv words)
{
	bool next = false;

	jv_array_foreach(words, i, word) {
		const char *text = jv_get_kind(word) == JV_KIND_STRING ?
		    jv_string_value(word) : "";
		if (next)
			plan->redacted = jv_array_append(plan->redacted, jv_copy(word));
		else if (pd_starts_with(text, "--redact="))
			plan->redacted = jv_array_append(plan->redacted,
			    jv_string(text + strlen("--redact=")));
		next = strcmp(text, "--redact") == 0;
		jv_free(word);
	}
}

static void
read_redaction(struct plan *plan)
{
	jv environment = pd_json_peek(plan->failure, "environment");
	jv pipeline;
	int count = pd_json_elements_peek(environment, "pipeline", &pipeline);

	pd_redaction_start(&plan->redaction);
	plan->redacted = jv_array();
	for (int i = 0; i < count; i++) {
		jv words = jv_array_get(jv_copy(pipeline), i);
		if (jv_get_kind(words) == JV_KIND_ARRAY)
			read_command_line(plan, words);
		jv_free(words);
	}
	jv_free(pipeline);
	jv_free(environment);
	jv_array_foreach(plan->redacted, i, name) {
		pd_redaction_add(&plan->redaction, jv_string_value(name));
		jv_free(name);	/* the array holds it */
	}
}

static jv
redacted_requests(const struct plan *plan, jv requests)
{
	jv exchanges = jv_array(), result = jv_array();

	jv_array_foreach(requests, i, request) {
		exchanges = jv_array_append(exchanges, pd_json_set(jv_object(), "request",
		    request));
	}
	exchanges = pd_redact_exchanges(&plan->redaction, exchanges);
	jv_array_foreach(exchanges, i, exchange) {
		result = jv_array_append(result, pd_json_peek(exchange, "request"));
		jv_free(exchange);
	}
	jv_free(exchanges);
	return result;
}

/*
 * Tokens and their variables.
 */

/* A name for the variable of a token: of its command and its field. */
static void
name_token(struct plan *plan, const char *token, jv value)
{
	struct pd_reference reference;
	struct pd_holes *tokens = &plan->sources.tokens;
	char *name;

	for (size_t i = 0; i < tokens->count; i++)
		if (strcmp(tokens->list[i].text, token) == 0)
			return;
	if (pd_reference_parse(token, &reference)) {
		char *id = reference.event > 0 ? pd_format("%s_%d", reference.id,
		    reference.event) : pd_duplicate(reference.id);
		name = pd_holes_name(tokens, id, reference.path);
		free(id);
	} else {
		/* "@mint.c18.key:transfer-{}" */
		const char *rest = token + strlen("@mint.");
		char *place = pd_format("%.*s", (int)strcspn(rest, ":"), rest);
		char *dot = strchr(place, '.');
		if (dot != NULL)
			*dot = '\0';
		name = pd_holes_name(tokens, place, dot != NULL ? dot + 1 : "minted");
		free(place);
	}
	jv marker = jv_string(token);
	pd_holes_add_value(tokens, name, marker);
	jv_free(marker);
	free(name);
	plan->sources.references = pd_json_set(plan->sources.references, token,
	    jv_copy(value));
}

static void
name_references(struct plan *plan)
{
	jv references = pd_recorded_references(&plan->run);

	plan->sources.references = jv_object();
	jv tokens = jv_keys(jv_copy(references));
	jv_array_foreach(tokens, i, token) {
		jv value = pd_json_peek(references, jv_string_value(token));
		name_token(plan, jv_string_value(token), value);
		jv_free(value);
		jv_free(token);
	}
	jv_free(tokens);
	jv_free(references);
}

struct naming {
	struct plan *plan;
	const char *id;		/* of the command that the prediction is for */
	struct pd_bindings bindings;
};

/* A token that only predictions speak of. */
static jv
name_predicted(jv string, void *context)
{
	struct naming *naming = context;
	struct pd_reference reference;
	struct pd_error ignored = PD_ERROR_INIT;

	if (pd_reference_parse(jv_string_value(string), &reference) &&
	    (strcmp(reference.id, naming->id) != 0 ||
	    is_repeated(naming->plan, naming->id))) {
		jv value = pd_bindings_resolve(&naming->bindings, jv_copy(string), &ignored);
		if (jv_is_valid(value))
			name_token(naming->plan, jv_string_value(string), value);
		jv_free(value);
	}
	return string;
}

/* Predictions may speak of ids that no command has: those of other events. */
static void
name_predicted_tokens(struct plan *plan)
{
	struct naming naming = {.plan = plan};

	pd_bindings_start(&naming.bindings, 0, "");
	jv_array_foreach(plan->run.events, i, record) {
		const char *id = pd_json_peek_string(record, "id", NULL);
		if (id != NULL)
			pd_bindings_add(&naming.bindings, id, pd_json_peek(record, "event"));
		jv_free(record);
	}
	jv_object_foreach(plan->predictions.alternatives, id, lists) {
		naming.id = jv_string_value(id);
		jv_array_foreach(lists, i, events) {
			jv copy = jv_invalid();
			jv_array_foreach(events, j, event) {
				jv_free(copy);
				copy = pd_json_map_strings(event, name_predicted, &naming);
			}
			jv_free(copy);
			jv_free(events);
		}
		jv_free(id);
		jv_free(lists);
	}
	pd_bindings_free(&naming.bindings);
}

/*
 * Steps.
 */
static jv
record_of(const struct plan *plan, const char *id)
{
	jv found = jv_invalid();

	jv_array_foreach(plan->run.commands, i, record) {
		if (strcmp(pd_json_peek_string(record, "id", ""), id) == 0) {
			jv_free(found);
			found = jv_copy(record);
		}
		jv_free(record);
	}
	return found;
}

/* Was this seen otherwise than in the replies to the command itself? */
static bool
is_from(jv record_peek, const char *source)
{
	return strcmp(pd_json_peek_string(record_peek, "source", ""), source) == 0;
}

static jv
events_of(const struct plan *plan, const char *id)
{
	jv events = jv_array();

	jv_array_foreach(plan->run.events, i, record) {
		if (strcmp(pd_json_peek_string(record, "id", ""), id) == 0 &&
		    !is_from(record, "stutter") && !is_from(record, "poll"))
			events = jv_array_append(events, pd_json_peek(record, "event"));
		jv_free(record);
	}
	return events;
}

/* Those of the items that were executed. */
static void
add_steps(struct plan *plan, const struct pd_items *items, const char *phase,
    int branch)
{
	for (size_t i = 0; i < items->count; i++) {
		jv record = record_of(plan, items->list[i].id);
		jv exchange = jv_is_valid(record) ? pd_json_peek(record, "exchange") :
		    jv_invalid();
		bool sent = jv_get_kind(exchange) == JV_KIND_ARRAY &&
		    jv_array_length(jv_copy(exchange)) > 0;
		jv_free(exchange);
		if (!sent) {
			jv_free(record);
			continue;
		}
		plan->steps = pd_reallocate(plan->steps, plan->count + 1,
		    sizeof(*plan->steps));
		struct placed *placed = &plan->steps[plan->count++];
		*placed = (struct placed){.phase = phase, .branch = branch,
			.record = record, .events = events_of(plan, items->list[i].id),
			.expect = jv_array(), .reject = jv_invalid()};
		pd_export_step_make(&placed->step, &plan->sources, &items->list[i], record,
		    placed->events);
	}
}

static void
add_all_steps(struct plan *plan)
{
	const struct pd_sequence *sequence = &plan->sequence;

	add_steps(plan, &sequence->setup, "setup", -1);
	add_steps(plan, &sequence->prefix, "prefix", -1);
	for (size_t i = 0; i < sequence->branch_count; i++)
		add_steps(plan, &sequence->branches[i], "branch", (int)i);
	add_steps(plan, &sequence->suffix, "suffix", -1);
	add_steps(plan, &sequence->teardown, "teardown", -1);
}

static struct placed *
step_with(struct plan *plan, const char *id)
{
	for (size_t i = 0; i < plan->count; i++)
		if (strcmp(plan->steps[i].step.item->id, id) == 0)
			return &plan->steps[i];
	return NULL;
}

/* The first event that the second of two attempts gave, which is not bound. */
static jv
second_event(const struct plan *plan)
{
	jv data = pd_json_peek(plan->cause, "data");
	jv attempts = pd_json_peek(data, "attempts");
	jv second = jv_get_kind(attempts) == JV_KIND_ARRAY ?
	    jv_array_get(jv_copy(attempts), 1) : jv_invalid();
	jv events = pd_json_peek(second, "events");
	jv event = jv_get_kind(events) == JV_KIND_ARRAY ? jv_array_get(jv_copy(events), 0) :
	    jv_invalid();

	jv_free(events);
	jv_free(second);
	jv_free(attempts);
	jv_free(data);
	return event;
}

/* Is a field of the first reply given out by the system, so that a repetition must
 * have what is given out now? Without a prediction all are; with one what is, but for
 * a string that was given out anew. */
static bool
is_given_out(jv field, jv value, jv second, bool predicted)
{
	jv_kind kind = jv_get_kind(value);
	jv other = pd_json_peek(second, jv_string_value(field));
	bool anew = jv_get_kind(other) == JV_KIND_STRING && kind == JV_KIND_STRING &&
	    !jv_equal(jv_copy(value), jv_copy(other));

	jv_free(other);
	return strcmp(jv_string_value(field), "type") != 0 && (predicted ? anew :
	    kind == JV_KIND_STRING || kind == JV_KIND_NUMBER);
}

/* The first event of the command that was sent again, its fields with tokens for what
 * they gave out. */
static jv
name_given_out(struct plan *plan, const char *id, jv event, bool predicted)
{
	jv second = second_event(plan), result = jv_copy(event);
	bool same_type = strcmp(pd_json_peek_string(event, "type", ""),
	    pd_json_peek_string(second, "type", "")) == 0;

	jv_object_foreach(event, field, value) {
		if ((same_type || !predicted) && is_given_out(field, value, second, predicted)) {
			jv token = pd_reference_token(id, 0, jv_string_value(field));
			name_token(plan, jv_string_value(token), value);
			result = jv_object_set(result, jv_copy(field), token);
		}
		jv_free(value);
		jv_free(field);
	}
	jv_free(second);
	jv_free(event);
	return result;
}

/* What was answered first is right for the repetition, where the model does not say
 * what is. */
static void
predict_repetition(struct plan *plan)
{
	const char *id = failing_id(plan);
	jv events = is_repeated(plan, id) ? events_of(plan, id) : jv_array();
	jv alternatives = pd_json_peek(plan->predictions.alternatives, id);
	bool predicted = jv_is_valid(alternatives);

	jv_free(alternatives);
	if (jv_array_length(jv_copy(events)) == 0) {
		jv_free(events);
		return;
	}
	jv first = name_given_out(plan, id, jv_array_get(jv_copy(events), 0), predicted);
	events = jv_array_set(events, 0, first);
	if (predicted) {
		jv_free(events);
		return;
	}
	plan->predictions.alternatives = pd_json_set(plan->predictions.alternatives, id,
	    JV_ARRAY(events));
	plan->predictions.outcomes = jv_array_append(plan->predictions.outcomes,
	    pd_json_set_number(jv_object(), id, 0));
}

static void
repeat_step(struct plan *plan)
{
	struct placed *failing = step_with(plan, failing_id(plan));

	if (failing != NULL && is_repeated(plan, failing->step.item->id))
		pd_export_step_repeat(&failing->step);
}

/* Each step keeps what others need of it. */
static void
keep_tokens(struct plan *plan)
{
	struct pd_reference reference;

	for (size_t i = 0; i < plan->sources.tokens.count; i++) {
		const char *token = plan->sources.tokens.list[i].text;
		struct placed *placed = pd_reference_parse(token, &reference) ?
		    step_with(plan, reference.id) : NULL;
		if (placed != NULL)
			pd_export_step_keep(&placed->step, &plan->sources, token);
	}
}

/*
 * What was expected.
 */

/* What one step's replies teach about the others'. */
static void
share_knowledge(struct plan *plan, jv *known, jv *replies)
{
	*known = jv_object();
	*replies = jv_array();
	for (size_t i = 0; i < plan->count; i++) {
		struct pd_observation *seen = &plan->steps[i].step.seen;
		*known = pd_assertions_learn(seen, *known);
		if (jv_is_valid(seen->reply))
			*replies = jv_array_append(*replies, jv_copy(seen->reply));
	}
	for (size_t i = 0; i < plan->count; i++) {
		plan->steps[i].step.seen.known = *known;
		plan->steps[i].step.seen.others = *replies;
	}
}

static void
expect(struct plan *plan, struct placed *placed)
{
	jv alternatives = pd_json_peek(plan->predictions.alternatives,
	    placed->step.item->id);

	if (!jv_is_valid(alternatives))
		return;
	jv_array_foreach(alternatives, i, known) {
		jv events = pd_redact(&plan->redaction, known);
		jv alternative = pd_json_set(jv_object(), "events", jv_copy(events));
		placed->expect = jv_array_append(placed->expect, pd_json_set(alternative,
		    "assertions", jv_get_kind(events) == JV_KIND_ARRAY ?
		    pd_assertions(&placed->step.seen, events) : jv_array()));
		jv_free(events);
	}
	jv_free(alternatives);
}

/* Does the recorded reply break the alternative with this number? */
static bool
is_broken(const struct placed *placed, int index)
{
	jv alternative = jv_array_get(jv_copy(placed->expect), index);
	jv assertions = pd_json_peek(alternative, "assertions");
	bool broken = jv_is_valid(assertions) &&
	    (jv_array_length(jv_copy(assertions)) > 0 ||
	    !jv_is_valid(placed->step.reply)) &&
	    pd_assertions_broken(&placed->step.seen, assertions);

	jv_free(assertions);
	jv_free(alternative);
	return broken;
}

/* Does the recorded run break this outcome: a way in which all could have been
 * right? */
static bool
outcome_broken(struct plan *plan, jv outcome)
{
	bool broken = false;

	for (size_t i = 0; i < plan->count; i++) {
		const struct placed *placed = &plan->steps[i];
		int index = (int)pd_json_peek_number(outcome, placed->step.item->id, -1);
		broken = broken || (index >= 0 && is_broken(placed, index));
	}
	return broken;
}

static bool
all_outcomes_broken(struct plan *plan)
{
	int count = jv_array_length(jv_copy(plan->predictions.outcomes));
	bool broken = count > 0;

	for (int i = 0; i < count && broken; i++) {
		jv outcome = jv_array_get(jv_copy(plan->predictions.outcomes), i);
		broken = outcome_broken(plan, outcome);
		jv_free(outcome);
	}
	return broken;
}

/* A run in one line is decided by the step that failed, if its reply is not what was
 * predicted; otherwise by all whose replies are not. */
static bool
decide_linear(struct plan *plan)
{
	struct placed *failing = step_with(plan, failing_id(plan));
	bool any = false;

	if (failing != NULL && is_broken(failing, 0)) {
		failing->decides = true;
		return true;
	}
	for (size_t i = 0; i < plan->count; i++) {
		plan->steps[i].decides = is_broken(&plan->steps[i], 0);
		any = any || plan->steps[i].decides;
	}
	return any;
}

/* A command that was answered otherwise when it was sent again decides. Its first reply
 * is all that is recorded. */
static bool
decide_repeated(struct plan *plan)
{
	struct placed *failing = step_with(plan, failing_id(plan));

	if (failing == NULL || !failing->step.seen.repeated)
		return false;
	failing->decides = true;
	return true;
}

/* Was the failure seen in the answers to polls, which are asked until time is up? */
static bool
is_polled(const struct plan *plan)
{
	bool polled = strcmp(pd_json_peek_string(plan->cause, "kind", ""),
	    "poll_timeout") == 0;

	jv_array_foreach(plan->run.events, i, record) {
		polled = polled || (is_from(record, "poll") &&
		    strcmp(pd_json_peek_string(record, "id", ""), failing_id(plan)) == 0);
		jv_free(record);
	}
	return polled;
}

/* The replies are not what tells right from wrong, as far as is known: then the
 * failure is there when they are the same again. */
static void
decide_as_recorded(struct plan *plan)
{
	struct placed *failing = step_with(plan, failing_id(plan));
	jv seen = pd_symbols_events(plan->run.events, plan->sources.references);

	for (size_t i = 0; i < plan->count; i++) {
		struct placed *placed = &plan->steps[i];
		bool decides = failing == NULL || plan->sequence.branch_count > 0 ?
		    strcmp(placed->phase, "setup") != 0 &&
		    strcmp(placed->phase, "teardown") != 0 : placed == failing;
		if (!decides)
			continue;
		jv events = pd_json_peek(seen, placed->step.item->id);
		placed->decides = true;
		if (!jv_is_valid(events))
			events = jv_array();
		placed->reject = pd_assertions_seen(&placed->step.seen, events);
		jv_free(events);
	}
	jv_free(seen);
}

static const char *
decide(struct plan *plan)
{
	if (decide_repeated(plan) || (plan->sequence.branch_count > 0 ?
	    all_outcomes_broken(plan) : decide_linear(plan)))
		return "expected";
	decide_as_recorded(plan);
	return "recorded";
}

static void
predict(struct plan *plan)
{
	struct pd_error error = PD_ERROR_INIT;

	if (plan->model == NULL)
		return;
	pd_predictions_free(&plan->predictions);
	jv references = pd_recorded_references(&plan->run);
	if (pd_predict(&plan->predictions, plan->model, &plan->sequence,
	    plan->run.events, references, &error) != 0) {
		warn_error(plan, "what was expected is not known", &error);
		pd_predictions_free(&plan->predictions);
		plan->predictions = (struct pd_predictions){jv_object(), jv_array()};
	}
	jv_free(references);
}

/*
 * The document.
 */
static jv
set_copy(jv to, const char *key, jv from)
{
	jv value = pd_json_peek(from, key);

	return jv_is_valid(value) ? pd_json_set(to, key, value) : (jv_free(value), to);
}

/* Statuses that keep one out of a system and tell nothing about the failure: not those
 * that were seen then, nor those that were expected. */
static jv
keeps_out(const struct placed *placed)
{
	static const int statuses[] = {401, 403, 429, 503};
	jv left = jv_array();
	double seen = pd_json_peek_number(placed->step.reply, "status", 0);

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]) && seen != 0; i++) {
		bool known = seen == statuses[i];
		jv_array_foreach(placed->expect, j, alternative) {
			jv assertions = pd_json_peek(alternative, "assertions");
			known = known || pd_assertions_allow(assertions, statuses[i]);
			jv_free(assertions);
			jv_free(alternative);
		}
		if (!known)
			left = jv_array_append(left, jv_number(statuses[i]));
	}
	return left;
}

static jv
step_document(struct plan *plan, struct placed *placed)
{
	const struct pd_export_step *step = &placed->step;
	jv document = pd_json_set_string(jv_object(), "id", step->item->id);
	jv seen = jv_object();

	document = pd_json_set_string(document, "phase", placed->phase);
	if (placed->branch >= 0)
		document = pd_json_set_number(document, "branch", placed->branch);
	document = pd_json_set(document, "command", set_copy(set_copy(jv_object(), "type",
	    step->item->command), "label", placed->record));
	document = pd_json_set(document, "arguments", jv_copy(step->arguments));
	if (jv_is_valid(step->item->label))
		document = pd_json_set(document, "label", jv_copy(step->item->label));
	document = pd_json_set(document, "failing",
	    jv_bool(strcmp(failing_id(plan), step->item->id) == 0));
	document = pd_json_set(document, "decides", jv_bool(placed->decides));
	document = pd_json_set(document, "requests", jv_copy(step->requests));
	document = pd_json_set(document, "keeps_out", keeps_out(placed));
	document = pd_json_set(document, "expect", jv_copy(placed->expect));
	if (jv_is_valid(placed->reject))
		document = pd_json_set(document, "reject", jv_copy(placed->reject));
	seen = set_copy(seen, "outcome", placed->record);
	seen = set_copy(seen, "call_us", placed->record);
	seen = set_copy(seen, "return_us", placed->record);
	seen = set_copy(seen, "exchange", placed->record);
	seen = pd_json_set(seen, "events", jv_copy(placed->events));
	if (jv_is_valid(step->reply))
		seen = pd_json_set(seen, "reply", jv_copy(step->reply));
	return pd_json_set(document, "seen", seen);
}

/* Values that the script makes itself: {variable, template}. */
static jv
minted(const struct plan *plan)
{
	jv list = jv_array();

	for (size_t i = 0; i < plan->sources.tokens.count; i++) {
		const char *token = plan->sources.tokens.list[i].text;
		if (pd_reference_is_mint(token))
			list = jv_array_append(list, pd_json_set_string(pd_json_set_string(
			    jv_object(), "variable", plan->sources.tokens.list[i].variable),
			    "template", strchr(token, ':') + 1));
	}
	return list;
}

/* Requests of two hooks, one after the other. */
static jv
hooks(struct plan *plan, const char *first, const char *second)
{
	const char *const both[] = {first, second};
	struct pd_error error;
	jv list = jv_array();

	for (size_t i = 0; i < 2 && plan->adapter != NULL; i++) {
		jv requests = pd_adapter_hook(plan->adapter, both[i], &error);
		if (!jv_is_valid(requests)) {
			jv_free(requests);
			warn_error(plan, both[i], &error);
			continue;
		}
		jv redacted = redacted_requests(plan, requests);
		list = jv_array_concat(list, pd_export_hook(&plan->sources, requests,
		    redacted));
	}
	return list;
}

/* Which transports the requests go over, each once. */
static jv
add_transports(jv transports, jv requests)
{
	jv_array_foreach(requests, i, plan) {
		jv request = pd_json_peek(plan, "request");
		transports = pd_json_set(transports, pd_json_peek_string(request, "transport",
		    "http"), jv_true());
		jv_free(request);
		jv_free(plan);
	}
	return transports;
}

static jv
source_document(const struct plan *plan)
{
	static const char *const copied[] = {"run", "seed", "reproduced", "model", "adapter"};
	jv source = jv_object();

	for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++)
		source = set_copy(source, copied[i], plan->failure);
	return source;
}

static jv
document(struct plan *plan)
{
	jv result = pd_json_set_string(jv_object(), "type", "export_plan");
	jv steps = jv_array(), transports = jv_object();
	const char *verdict = decide(plan);

	result = pd_json_set_number(result, "version", PD_EXPORT_VERSION);
	result = pd_json_set(result, "failure", jv_copy(plan->cause));
	result = pd_json_set(result, "source", source_document(plan));
	if (plan->base_url != NULL)
		result = pd_json_set_string(result, "base_url", plan->base_url);
	result = pd_json_set(result, "concurrent", jv_bool(plan->sequence.branch_count > 0));
	result = pd_json_set(result, "polled", jv_bool(is_polled(plan)));
	result = pd_json_set_string(result, "decided_by", verdict);
	jv before = hooks(plan, "setup_once", "setup_each");
	jv after = hooks(plan, "teardown_each", "teardown_once");
	jv requests = JV_ARRAY(jv_copy(before), jv_copy(after));
	transports = add_transports(add_transports(transports, before), after);
	for (size_t i = 0; i < plan->count; i++) {
		transports = add_transports(transports, plan->steps[i].step.requests);
		requests = jv_array_append(requests, jv_copy(plan->steps[i].step.requests));
		steps = jv_array_append(steps, step_document(plan, &plan->steps[i]));
	}
	result = pd_json_set(result, "transports", jv_keys(transports));
	result = pd_json_set(result, "minted", minted(plan));
	result = pd_json_set(result, "before", before);
	result = pd_json_set(result, "steps", steps);
	result = pd_json_set(result, "after", after);
	result = pd_json_set(result, "environment", pd_holes_environment(requests));
	jv_free(requests);
	result = pd_json_set(result, "outcomes", jv_copy(plan->predictions.outcomes));
	return pd_json_set(result, "warnings", jv_copy(plan->sources.warnings));
}

static char *
base_url_of(jv failure)
{
	jv environment = pd_json_peek(failure, "environment");
	const char *target = pd_json_peek_string(environment, "target", NULL);
	char *url = target != NULL && strstr(target, "://") != NULL ?
	    pd_duplicate(target) : NULL;

	jv_free(environment);
	return url;
}

static void
free_plan(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct placed *placed = &plan->steps[i];
		pd_export_step_free(&placed->step);
		jv_free(placed->record);
		jv_free(placed->events);
		jv_free(placed->expect);
		jv_free(placed->reject);
	}
	free(plan->steps);
	free(plan->base_url);
	pd_predictions_free(&plan->predictions);
	pd_holes_free(&plan->sources.tokens);
	jv_free(plan->sources.references);
	jv_free(plan->sources.warnings);
	jv_free(plan->cause);
	jv_free(plan->redacted);
	pd_redaction_free(&plan->redaction);
	pd_recorded_free(&plan->run);
	pd_sequence_free(&plan->sequence);
}

jv
pd_export_plan(jv failure, struct pd_adapter *adapter,
    const struct pd_holes *environment, struct pd_model *model,
    struct pd_error *error)
{
	struct plan plan = {.failure = failure, .cause = pd_json_peek(failure, "failure"),
		.adapter = adapter, .model = model, .base_url = base_url_of(failure),
		.predictions = {jv_object(), jv_array()},
		.sources = {.adapter = adapter, .tokens = PD_HOLES_INIT,
		.references = jv_object(), .environment = environment,
		.warnings = jv_array()}};
	jv result = jv_invalid(), known = jv_invalid(), replies = jv_invalid();

	plan.sources.base_url = plan.base_url;
	pd_recorded_of_failure(&plan.run, failure);
	read_redaction(&plan);
	if (pd_failure_sequence(failure, &plan.sequence, error) == 0) {
		jv_free(plan.sources.references);
		name_references(&plan);
		predict(&plan);
		name_predicted_tokens(&plan);
		predict_repetition(&plan);
		add_all_steps(&plan);
		repeat_step(&plan);
		if (plan.count == 0) {
			pd_error_set(error, "the failure has no request: nothing was sent, "
			    "or the record leaves it out");
			pd_error_hint(error, "run it again without pd-exec --no-exchange");
		} else {
			keep_tokens(&plan);
			share_knowledge(&plan, &known, &replies);
			for (size_t i = 0; i < plan.count; i++)
				expect(&plan, &plan.steps[i]);
			result = document(&plan);
		}
	}
	jv_free(known);
	jv_free(replies);
	free_plan(&plan);
	return result;
}
