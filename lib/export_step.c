/* SPDX-License-Identifier: MIT */
#include "export_step.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"
#include "leaf.h"
#include "provenance.h"
#include "reference.h"
#include "request_plan.h"
#include "text.h"

static const char *
variable_of(const struct pd_export_sources *sources, const char *token)
{
	for (size_t i = 0; i < sources->tokens.count; i++)
		if (strcmp(sources->tokens.list[i].text, token) == 0)
			return sources->tokens.list[i].variable;
	return NULL;
}

/*
 * Commands: what stands in place of their tokens.
 */
struct substitution {
	const struct pd_export_sources *sources;
	struct pd_holes *holes;	/* NULL: values, not markers */
	jv used;		/* {variable: token} */
};

static jv
marker_of(struct pd_holes *holes, const char *variable, jv value)
{
	for (size_t i = 0; i < holes->count; i++)
		if (strcmp(holes->list[i].variable, variable) == 0)
			return jv_copy(holes->list[i].marker);
	return pd_holes_add(holes, variable, value);
}

static jv
substitute_string(jv string, void *context)
{
	struct substitution *substitution = context;
	const char *token = jv_string_value(string);
	const char *variable = variable_of(substitution->sources, token);

	if (pd_starts_with(token, "@@"))
		return pd_reference_unquote(string);
	if (variable == NULL)
		return string;
	jv value = pd_json_peek(substitution->sources->references, token);
	jv_kind kind = jv_get_kind(value);
	substitution->used = pd_json_set_string(substitution->used, variable, token);
	if (substitution->holes != NULL && (kind == JV_KIND_STRING ||
	    kind == JV_KIND_NUMBER)) {
		jv marker = marker_of(substitution->holes, variable, value);
		jv_free(value);
		value = marker;
	}
	jv_free(string);
	return value;
}

/* The command with markers, or with values, in place of its tokens. */
static jv
substituted(const struct pd_export_sources *sources, jv command,
    struct pd_holes *holes, jv *used)
{
	struct substitution substitution = {sources, holes, jv_object()};
	jv result = pd_json_map_strings(jv_copy(command), substitute_string,
	    &substitution);

	if (used != NULL)
		*used = substitution.used;
	else
		jv_free(substitution.used);
	return result;
}

/* Holes at the values of those tokens that left no marker in the request: the
 * adapter made something else of it, or there is no adapter. */
static void
add_missing(const struct pd_export_sources *sources, struct pd_holes *holes,
    jv request, jv used)
{
	jv with_holes = pd_holes_value(holes, jv_copy(request));
	jv found = pd_holes_variables(with_holes);

	jv_object_foreach(used, variable, token) {
		bool there = false;
		jv_array_foreach(found, i, name) {
			there = there || jv_equal(name, jv_copy(variable));
		}
		jv value = pd_json_peek(sources->references, jv_string_value(token));
		if (!there && jv_is_valid(value))
			pd_holes_add_value(holes, jv_string_value(variable), value);
		jv_free(value);
		jv_free(variable);
		jv_free(token);
	}
	jv_free(found);
	jv_free(with_holes);
}

/* A request that was made of markers (or an invalid jv, when none could be) against
 * the recorded one. */
static jv
plan_request(struct pd_export_sources *sources, struct pd_holes *holes, jv marked,
    jv recorded, jv used)
{
	jv request = pd_request_overlay(marked, recorded, holes);
	add_missing(sources, holes, request, used);
	return pd_request_plan(holes, request, recorded, sources->base_url);
}

/* The request that the adapter makes of a command with markers. */
static jv
marked_request(struct pd_export_sources *sources, const struct pd_item *item,
    jv command)
{
	struct pd_command_context context = {.id = item->id, .key = jv_invalid()};
	struct pd_error ignored;
	jv request = sources->adapter == NULL ? jv_invalid() :
	    pd_adapter_request(sources->adapter, command, &context, &ignored);

	if (jv_is_valid(request))
		return request;
	jv_free(request);
	return jv_invalid();
}

/*
 * Asking again.
 */
static bool
has_mark(jv outputs, const char *mark)
{
	bool found = false;

	if (jv_is_valid(outputs))
		jv_array_foreach(outputs, i, output) {
			found = found || pd_json_has_peek(output, mark);
			jv_free(output);
		}
	return found;
}

static bool
asks_again(struct pd_export_step *step, struct pd_adapter *adapter, jv reply)
{
	jv outputs = pd_provenance_interpret(adapter, step->command, reply);
	bool again = has_mark(outputs, "$retry");

	jv_free(outputs);
	return again;
}

static jv
condition(jv place, jv value)
{
	return pd_json_set(pd_json_set(jv_object(), "at", place), "equals", value);
}

/* With which statuses would a reply like this make the adapter ask again? */
static jv
again_by_status(struct pd_export_step *step, struct pd_adapter *adapter, jv reply)
{
	static const int statuses[] = {102, 202, 400, 404, 408, 409, 423, 425, 429, 500, 502,
		503, 504};
	jv conditions = jv_array();

	if (!pd_json_has_peek(reply, "status"))
		return conditions;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		jv other = pd_provenance_with_status(jv_copy(reply), statuses[i]);
		if (asks_again(step, adapter, other))
			conditions = jv_array_append(conditions, condition(
			    pd_json_set_string(jv_object(), "in", "status"),
			    jv_number(statuses[i])));
		jv_free(other);
	}
	return conditions;
}

/* What of a reply that was not the last made the adapter ask again: the part that, put
 * into the last one, makes it ask again. */
static jv
again_by_part(struct pd_export_step *step, struct pd_adapter *adapter, jv early,
    jv last)
{
	enum { MOST_PARTS = 200 };
	jv paths = pd_leaf_paths(early, MOST_PARTS);
	jv found = jv_invalid();

	jv_array_foreach(paths, i, path) {
		jv place = pd_provenance_place(path);
		jv value = pd_leaf_peek(early, path);
		jv other = pd_leaf_peek(last, path);
		if (!jv_is_valid(found) && jv_is_valid(place) &&
		    jv_get_kind(value) != JV_KIND_ARRAY &&
		    !jv_equal(jv_copy(value), jv_copy(other))) {
			jv mixed = pd_provenance_replaced(last, path, value);
			if (asks_again(step, adapter, mixed)) {
				jv_free(found);
				found = condition(jv_copy(place), jv_copy(value));
			}
			jv_free(mixed);
		}
		jv_free(other);
		jv_free(value);
		jv_free(place);
		jv_free(path);
	}
	jv_free(paths);
	return found;
}

static jv
add_condition(jv conditions, jv new)
{
	jv_array_foreach(conditions, i, known) {
		if (jv_equal(known, jv_copy(new))) {
			jv_free(new);
			return conditions;
		}
	}
	return jv_array_append(conditions, new);
}

/* The conditions under which the request is sent again; empty for a request
 * that never was and never would be. early are the replies before the last, which may
 * be one of them that was never followed by another. */
static jv
again(struct pd_export_step *step, struct pd_adapter *adapter, jv early, jv last)
{
	bool ended = !jv_is_valid(last) || asks_again(step, adapter, last);
	jv conditions = jv_is_valid(last) && !ended ?
	    again_by_status(step, adapter, last) : jv_array();

	jv_array_foreach(early, i, reply) {
		jv found = !ended ? again_by_part(step, adapter, reply, last) : jv_invalid();
		jv status = pd_json_peek(reply, "status");
		if (!jv_is_valid(found) && jv_is_valid(status)) {
			jv_free(found);
			found = condition(pd_json_set_string(jv_object(), "in", "status"),
			    jv_copy(status));
		}
		if (jv_is_valid(found))
			conditions = add_condition(conditions, found);
		else
			jv_free(found);
		jv_free(status);
		jv_free(reply);
	}
	return conditions;
}

/*
 * Walking through the exchange.
 */
struct walk {
	struct pd_export_step *step;
	struct pd_export_sources *sources;
	struct pd_holes holes;	/* of this step */
	jv used;		/* {variable: token} in the command */
	jv early;		/* replies that were followed by the same request */
	jv request;		/* the plan of the present one, or invalid */
};

/* Note the events of outputs below a prefix, in their order. */
static void
add_pieces(struct pd_export_step *step, int request, jv prefix)
{
	step->pieces = jv_array_append(step->pieces, pd_json_set(pd_json_set_number(
	    jv_object(), "request", request), "prefix", prefix));
}

/* The events that a reply gives: first what its follow makes visible. */
static void
note_events(struct pd_export_step *step, int request, jv outputs)
{
	jv_array_foreach(outputs, i, output) {
		jv inject = pd_json_peek(output, "inject");
		if (jv_get_kind(inject) == JV_KIND_ARRAY) {
			int count = jv_array_length(jv_copy(inject));
			for (int j = 0; j < count; j++)
				add_pieces(step, request, JV_ARRAY(jv_number(i),
				    jv_string("inject"), jv_number(j)));
		} else if (jv_get_kind(inject) == JV_KIND_OBJECT) {
			add_pieces(step, request, JV_ARRAY(jv_number(i), jv_string("inject")));
		}
		jv_free(inject);
		jv_free(output);
	}
	jv_array_foreach(outputs, i, output) {
		if (pd_json_peek_string(output, "type", NULL) != NULL)
			add_pieces(step, request, JV_ARRAY(jv_number(i)));
		jv_free(output);
	}
}

/* The present request is answered: note it with what is known of its reply. */
static void
close_request(struct walk *walk, jv reply, jv outputs, jv keep)
{
	struct pd_export_step *step = walk->step;
	struct pd_adapter *adapter = walk->sources->adapter;
	jv plan = pd_json_set(jv_object(), "request", walk->request);
	jv conditions = adapter != NULL ? again(step, adapter, walk->early, reply) :
	    jv_array();
	jv origins = !jv_is_valid(outputs) || !jv_is_valid(reply) ? jv_array() :
	    adapter != NULL ? pd_origins(adapter, step->command, reply, outputs) :
	    pd_origins_alike(reply, outputs);

	if (jv_array_length(jv_copy(conditions)) > 0 ||
	    jv_array_length(jv_copy(walk->early)) > 0)
		plan = pd_json_set(plan, "again", conditions);
	else
		jv_free(conditions);
	if (jv_is_valid(outputs))
		note_events(step, jv_array_length(jv_copy(step->requests)), outputs);
	step->requests = jv_array_append(step->requests, pd_json_set(plan, "keep", keep));
	step->exchanges = jv_array_append(step->exchanges, pd_json_set(pd_json_set(
	    pd_json_set(jv_object(), "origins", jv_copy(origins)), "outputs",
	    jv_is_valid(outputs) ? jv_copy(outputs) : jv_null()), "reply",
	    jv_is_valid(reply) ? jv_copy(reply) : jv_null()));
	jv_free(step->reply);
	jv_free(step->outputs);
	jv_free(step->origins);
	step->reply = jv_copy(reply);
	step->outputs = jv_is_valid(outputs) ? jv_copy(outputs) : jv_array();
	step->origins = origins;
	jv_free(walk->early);
	walk->early = jv_array();
	walk->request = jv_invalid();
}

/* The request that follows a reply, made with markers in it and in the command. */
static jv
follow_request(struct walk *walk, jv reply, jv recorded, jv *keep)
{
	struct pd_export_sources *sources = walk->sources;
	struct pd_export_step *step = walk->step;
	struct pd_error ignored;
	jv command = substituted(sources, step->item->command, &walk->holes, NULL);
	jv mark = pd_provenance_follow(sources->adapter, command, reply, step->item->id,
	    &walk->holes, keep);
	jv request = jv_is_valid(mark) ? pd_json_peek(mark, "$follow") : jv_invalid();

	if (jv_is_valid(request))
		request = pd_adapter_complete(sources->adapter, request, command,
		    jv_invalid(), &ignored);
	jv plan = plan_request(sources, &walk->holes, request, recorded, walk->used);
	double after = jv_is_valid(mark) ? pd_json_peek_number(mark, "after_ms", 0) : 0;
	if (after > 0)
		plan = pd_json_set_number(plan, "after_ms", after);
	jv_free(mark);
	jv_free(command);
	return plan;
}

/* The events of the last reply where there is no adapter to make them. */
static jv
recorded_outputs(const struct pd_export_step *step, jv events)
{
	int before = jv_array_length(jv_copy(step->pieces));

	return jv_array_slice(jv_copy(events), before, jv_array_length(jv_copy(events)));
}

/* One exchange; next is the one after it, or invalid. */
static void
take_exchange(struct walk *walk, jv exchange, jv next, jv events)
{
	struct pd_export_step *step = walk->step;
	struct pd_adapter *adapter = walk->sources->adapter;
	jv reply = pd_json_peek(exchange, "reply");
	jv request = pd_json_peek(exchange, "request");
	jv next_request = jv_is_valid(next) ? pd_json_peek(next, "request") : jv_invalid();
	bool last = !jv_is_valid(next);
	jv outputs = !jv_is_valid(reply) ? jv_invalid() : adapter != NULL ?
	    pd_provenance_interpret(adapter, step->command, reply) :
	    last ? recorded_outputs(step, events) : jv_array();

	if (!last && (has_mark(outputs, "$retry") || !jv_is_valid(reply) ||
	    (adapter == NULL && jv_equal(jv_copy(request), jv_copy(next_request))))) {
		if (jv_is_valid(reply))
			walk->early = jv_array_append(walk->early, jv_copy(reply));
	} else if (!last) {
		jv keep = jv_array();
		jv plan = jv_invalid();
		if (adapter != NULL && has_mark(outputs, "$follow")) {
			jv_free(keep);
			plan = follow_request(walk, reply, next_request, &keep);
		} else {
			plan = plan_request(walk->sources, &walk->holes, jv_invalid(),
			    next_request, walk->used);
		}
		close_request(walk, reply, outputs, keep);
		walk->request = plan;
	} else {
		if (has_mark(outputs, "$retry"))
			walk->early = jv_array_append(walk->early, jv_copy(reply));
		close_request(walk, reply, outputs, jv_array());
	}
	jv_free(outputs);
	jv_free(next_request);
	jv_free(request);
	jv_free(reply);
}

static void
walk_exchanges(struct walk *walk, jv exchanges, jv events)
{
	int count = jv_array_length(jv_copy(exchanges));
	jv command = substituted(walk->sources, walk->step->item->command, &walk->holes,
	    &walk->used);

	for (int i = 0; i < count; i++) {
		jv exchange = jv_array_get(jv_copy(exchanges), i);
		jv next = i + 1 < count ? jv_array_get(jv_copy(exchanges), i + 1) :
		    jv_invalid();
		if (i == 0) {
			jv recorded = pd_json_peek(exchange, "request");
			walk->request = plan_request(walk->sources, &walk->holes,
			    marked_request(walk->sources, walk->step->item, command), recorded,
			    walk->used);
			jv_free(recorded);
		}
		take_exchange(walk, exchange, next, events);
		jv_free(next);
		jv_free(exchange);
	}
	jv_free(command);
}

/* The command with holes, without the secrets that its record leaves out. */
static jv
planned_command(struct walk *walk, jv record)
{
	jv command = substituted(walk->sources, walk->step->item->command, &walk->holes,
	    NULL);
	jv recorded = pd_json_peek(record, "command");
	jv shown = pd_request_overlay(command, recorded, &walk->holes);

	jv_free(recorded);
	return pd_holes_value(&walk->holes, shown);
}

void
pd_export_step_make(struct pd_export_step *step, struct pd_export_sources *sources,
    const struct pd_item *item, jv record, jv events)
{
	struct walk walk = {.step = step, .sources = sources, .holes = PD_HOLES_INIT,
		.used = jv_invalid(), .early = jv_array(), .request = jv_invalid()};
	jv exchanges = pd_json_peek(record, "exchange");

	*step = (struct pd_export_step){.item = item, .command = substituted(sources,
		item->command, NULL, NULL), .requests = jv_array(), .reply = jv_invalid(),
		.outputs = jv_array(), .origins = jv_array(), .pieces = jv_array(),
		.exchanges = jv_array()};
	pd_holes_copy(&walk.holes, sources->environment);
	step->arguments = planned_command(&walk, record);
	if (jv_get_kind(exchanges) == JV_KIND_ARRAY)
		walk_exchanges(&walk, exchanges, events);
	jv_free(exchanges);
	int events_there = jv_array_length(jv_copy(step->pieces));
	int own = jv_array_length(jv_copy(step->outputs));
	step->seen = (struct pd_observation){.adapter = sources->adapter, .id = item->id,
		.command = step->command, .reply = step->reply, .outputs = step->outputs,
		.first = events_there > own ? events_there - own : 0,
		.origins = step->origins, .tokens = &sources->tokens,
		.references = sources->references};
	jv_free(walk.used);
	jv_free(walk.early);
	pd_holes_free(&walk.holes);
}

void
pd_export_step_repeat(struct pd_export_step *step)
{
	jv_array_foreach(step->requests, i, request) {
		step->requests = jv_array_append(step->requests, pd_json_set(request,
		    "repeated", jv_true()));
	}
	step->seen.repeated = true;
}

void
pd_export_step_free(struct pd_export_step *step)
{
	jv_free(step->command);
	jv_free(step->arguments);
	jv_free(step->requests);
	jv_free(step->reply);
	jv_free(step->outputs);
	jv_free(step->origins);
	jv_free(step->pieces);
	jv_free(step->exchanges);
}

/*
 * Keeping what the system gave out.
 */

/* A dotted path of a token, as steps into the outputs below a prefix. */
static jv
path_below(jv outputs, jv path, const char *dotted)
{
	while (*dotted != '\0') {
		jv value = pd_leaf_peek(outputs, path);
		bool whole = jv_get_kind(value) == JV_KIND_OBJECT &&
		    pd_json_has_peek(value, dotted);
		size_t length = whole ? strlen(dotted) : strcspn(dotted, ".");
		path = jv_array_append(path, jv_get_kind(value) == JV_KIND_ARRAY ?
		    jv_number(atoi(dotted)) : jv_string_sized(dotted, (int)length));
		jv_free(value);
		dotted += length + (dotted[length] == '.');
	}
	return path;
}

/* The place of the first scalar in a reply that is equal, for want of a better one. */
static jv
place_of_equal(jv reply, jv value)
{
	enum { MOST_PARTS = 500 };
	jv paths = pd_leaf_paths(reply, MOST_PARTS);
	jv found = jv_invalid();

	jv_array_foreach(paths, i, path) {
		jv part = pd_leaf_peek(reply, path);
		if (!jv_is_valid(found) && jv_equal(jv_copy(part), jv_copy(value))) {
			jv_free(found);
			found = pd_provenance_place(path);
		}
		jv_free(part);
		jv_free(path);
	}
	jv_free(paths);
	return found;
}

static void
keep_at(struct pd_export_step *step, int request, const char *variable, jv place)
{
	jv plan = jv_array_get(jv_copy(step->requests), request);
	jv keep = jv_array_append(pd_json_peek(plan, "keep"), pd_json_set(
	    pd_json_set_string(jv_object(), "variable", variable), "at", place));

	step->requests = jv_array_set(step->requests, request,
	    pd_json_set(plan, "keep", keep));
}

/* The adapter copied it from the command: the variable is what stood there. */
static bool
keep_copy(struct pd_export_step *step, struct pd_export_sources *sources,
    const char *variable, jv path)
{
	struct pd_holes holes = PD_HOLES_INIT;
	jv command = substituted(sources, step->item->command, &holes, NULL);
	jv outputs = sources->adapter != NULL && jv_is_valid(step->reply) ?
	    pd_provenance_interpret(sources->adapter, command, step->reply) : jv_invalid();
	jv value = jv_is_valid(outputs) ? pd_leaf_peek(outputs, path) : jv_invalid();
	bool found = false;

	if (jv_is_valid(value)) {
		jv with_holes = pd_holes_value(&holes, jv_copy(value));
		found = !pd_json_has_peek(with_holes, "constant");
		if (found) {
			int last = jv_array_length(jv_copy(step->requests)) - 1;
			jv plan = jv_array_get(jv_copy(step->requests), last);
			jv keep = jv_array_append(pd_json_peek(plan, "keep"), pd_json_set(
			    pd_json_set_string(jv_object(), "variable", variable), "value",
			    jv_copy(with_holes)));
			step->requests = jv_array_set(step->requests, last,
			    pd_json_set(plan, "keep", keep));
		}
		jv_free(with_holes);
	}
	jv_free(value);
	jv_free(outputs);
	jv_free(command);
	pd_holes_free(&holes);
	return found;
}

static void
keep_piece(struct pd_export_step *step, struct pd_export_sources *sources,
    const char *token, const char *variable, const char *dotted, jv piece)
{
	int request = (int)pd_json_peek_number(piece, "request", 0);
	jv exchange = jv_array_get(jv_copy(step->exchanges), request);
	jv outputs = pd_json_peek(exchange, "outputs");
	jv origins = pd_json_peek(exchange, "origins");
	jv reply = pd_json_peek(exchange, "reply");
	jv path = path_below(outputs, pd_json_peek(piece, "prefix"), dotted);
	jv place = pd_provenance_of(origins, path);
	jv value = pd_json_peek(sources->references, token);

	if (!jv_is_valid(place) && !keep_copy(step, sources, variable, path)) {
		jv_free(place);
		place = place_of_equal(reply, value);
		if (!jv_is_valid(place)) {
			int last = jv_array_length(jv_copy(step->requests)) - 1;
			jv plan = jv_array_get(jv_copy(step->requests), last);
			jv keep = jv_array_append(pd_json_peek(plan, "keep"), pd_json_set(
			    pd_json_set_string(jv_object(), "variable", variable), "value",
			    pd_json_set(jv_object(), "constant", jv_copy(value))));
			step->requests = jv_array_set(step->requests, last,
			    pd_json_set(plan, "keep", keep));
			sources->warnings = jv_array_append(sources->warnings, jv_string_fmt(
			    "%s stands nowhere in the reply to %s: its value of then is used",
			    token, step->item->id));
		}
	}
	if (jv_is_valid(place))
		keep_at(step, request, variable, place);
	else
		jv_free(place);
	jv_free(value);
	jv_free(path);
	jv_free(reply);
	jv_free(origins);
	jv_free(outputs);
	jv_free(exchange);
}

void
pd_export_step_keep(struct pd_export_step *step, struct pd_export_sources *sources,
    const char *token)
{
	struct pd_reference reference;
	const char *variable = variable_of(sources, token);

	if (variable == NULL || !pd_reference_parse(token, &reference))
		return;
	jv piece = jv_array_get(jv_copy(step->pieces), reference.event);
	if (jv_is_valid(piece))
		keep_piece(step, sources, token, variable, reference.path, piece);
	else
		sources->warnings = jv_array_append(sources->warnings, jv_string_fmt(
		    "nothing in the recorded replies to %s gives %s", step->item->id, token));
	jv_free(piece);
}

jv
pd_export_hook(struct pd_export_sources *sources, jv requests, jv redacted)
{
	jv plans = jv_array();

	jv_array_foreach(requests, i, request) {
		struct pd_holes holes;
		jv recorded = jv_array_get(jv_copy(redacted), i);
		pd_holes_copy(&holes, sources->environment);
		jv none = jv_object();
		plans = jv_array_append(plans, pd_json_set(pd_json_set(jv_object(),
		    "request", plan_request(sources, &holes, request, recorded, none)), "keep",
		    jv_array()));
		jv_free(none);
		jv_free(recorded);
		pd_holes_free(&holes);
	}
	jv_free(requests);
	jv_free(redacted);
	return plans;
}
