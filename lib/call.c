/* SPDX-License-Identifier: MIT */
#include "call.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"
#include "settling.h"

/* Retries of a command without semantics go on until its time is up. */
static const struct pd_settle undeclared = {.timeout = INT64_MAX,
	.interval = 50000, .longest = 1000000, .backoff = PD_BACKOFF_EXPONENTIAL};

struct pd_call {
	struct pd_loop *loop;
	struct pd_adapter *adapter;
	struct pd_call_options options;
	jv command;		/* invalid for a hook */
	jv key;			/* its idempotency key, or invalid */
	jv request;		/* the one to send, or sent last */
	const struct pd_trace *trace;	/* or NULL */
	char *id;		/* of the command, if there is a trace */
	int repeat;		/* of the command: 0, 2, 3 ... */
	bool traced;		/* the request's traceparent is ours */
	struct pd_sending *sending;
	struct pd_timer *deadline;
	int64_t due;		/* when the deadline is, on the loop's clock */
	int64_t latest;		/* no request may move it past this */
	struct pd_timer *pause;	/* until the next request */
	int64_t sent;		/* when the latest request was, on the loop's clock */
	struct pd_settling settling;
	bool asked_again;	/* the latest reply was a retry */
	bool too_late;		/* the next request would be sent after the time is up */
	struct pd_answer answer;
};

static const char *const outcome_names[] = {
	[PD_OUTCOME_OK] = "ok", [PD_OUTCOME_RETRY] = "retry",
	[PD_OUTCOME_TIMEOUT] = "timeout", [PD_OUTCOME_ERROR] = "error",
};

const char *
pd_outcome_name(enum pd_outcome outcome)
{
	return outcome_names[outcome];
}

void
pd_answer_free(struct pd_answer *answer)
{
	jv_free(answer->events);
	jv_free(answer->exchanges);
	jv_free(answer->data);
	answer->events = answer->exchanges = answer->data = jv_invalid();
}

static void
release(struct pd_call *call)
{
	if (call->sending != NULL)
		pd_adapter_cancel(call->sending);
	pd_loop_cancel(call->loop, call->deadline);
	pd_loop_cancel(call->loop, call->pause);
	jv_free(call->command);
	jv_free(call->key);
	jv_free(call->request);
	free(call->id);
	free(call);
}

void
pd_call_cancel(struct pd_call *call)
{
	pd_answer_free(&call->answer);
	release(call);
}

static void
finish(struct pd_call *call, enum pd_outcome outcome, const char *failure)
{
	struct pd_answer answer = call->answer;
	struct pd_call_options options = call->options;

	answer.outcome = outcome;
	answer.failure = failure;
	answer.return_us = pd_loop_now();
	release(call);
	options.done(options.context, &answer);
}

static void
add_exchange(struct pd_call *call, jv reply)
{
	jv exchange = pd_json_set(jv_object(), "request", jv_copy(call->request));

	exchange = pd_json_set_number(exchange, "at_us", (double)call->sent);
	if (jv_is_valid(reply))
		exchange = pd_json_set(exchange, "reply", jv_copy(reply));
	call->answer.exchanges = jv_array_append(call->answer.exchanges, exchange);
}

/* Must it settle, and how long does it take its time for that? */
static bool
settles(const struct pd_call *call)
{
	return call->options.semantics == PD_PROBE || call->options.semantics == PD_ASYNC;
}

/* To the hundredth: nobody gave the microseconds. */
static double
seconds_since(int64_t start, int64_t end)
{
	return (double)((end - start) / 10000) / 100;
}

static void
describe_timeout(struct pd_call *call)
{
	struct pd_error *error = &call->answer.error;
	double seconds = seconds_since(call->answer.call_us, call->due);

	if (settles(call) && call->answer.attempts > 1)
		pd_error_set(error, "no reply to request %d within %g s",
		    call->answer.attempts, seconds_since(call->sent, call->due));
	else if (call->answer.attempts > 1)
		pd_error_set(error, "not finished within %g s and %d requests",
		    seconds, call->answer.attempts);
	else
		pd_error_set(error, "no reply within %g s", seconds);
	if (jv_is_valid(call->command))
		pd_error_hint(error, "--timeout or the model's timeout_ms give it longer");
}

static void
on_deadline(void *context)
{
	struct pd_call *call = context;
	struct pd_error *error = &call->answer.error;

	call->deadline = NULL;
	if (call->sending != NULL)
		add_exchange(call, jv_invalid());
	if (call->asked_again && !(settles(call) && call->sending != NULL)) {
		struct pd_error last = *error;
		pd_error_set(error, "gave up after %g s and %d attempts: %s",
		    seconds_since(call->answer.call_us, call->due), call->answer.attempts,
		    last.message);
		finish(call, PD_OUTCOME_RETRY, "command_timeout");
		return;
	}
	describe_timeout(call);
	finish(call, PD_OUTCOME_TIMEOUT, "command_timeout");
}

static void
set_deadline(struct pd_call *call, int64_t microseconds)
{
	int64_t now = pd_loop_now();

	call->due = microseconds < call->latest - now ? now + microseconds :
	    call->latest;
	pd_loop_cancel(call->loop, call->deadline);
	call->deadline = pd_loop_after(call->loop, call->due - now, on_deadline, call);
}

static void
allow_time_for(struct pd_call *call, int64_t pause)
{
	double timeout = pd_json_peek_number(call->request, "timeout_ms", 0);

	if (timeout > 0)
		set_deadline(call, pause + (int64_t)(timeout * 1000));
}

/* The time to settle is up; error is the latest reason why it has not. */
static void
give_up(struct pd_call *call)
{
	struct pd_error *error = &call->answer.error;
	char *reason = pd_duplicate(error->message);
	int64_t waited = pd_loop_now() - call->answer.call_us;
	jv data = pd_json_set_number(jv_object(), "attempts", call->answer.attempts);

	data = pd_json_set_number(data, "waited_us", (double)waited);
	call->answer.data = pd_json_set_string(data, "reason", reason);
	pd_error_set(error, "%s did not settle within %g s: %d attempts, at last: %s",
	    pd_json_peek_string(call->command, "type", "it"),
	    (double)call->options.settle.timeout / 1e6, call->answer.attempts, reason);
	pd_error_hint(error, "settle.timeout_ms in its entry of the model gives it longer");
	free(reason);
	finish(call, PD_OUTCOME_RETRY, "settle_timeout");
}

static void send_request(struct pd_call *);

static void
on_pause_over(void *context)
{
	struct pd_call *call = context;

	call->pause = NULL;
	if (call->too_late)
		give_up(call);
	else
		send_request(call);
}

static void
send_after(struct pd_call *call, int64_t microseconds)
{
	call->pause = pd_loop_after(call->loop, microseconds, on_pause_over, call);
}

/* A copy with each run of white space as one blank. The caller frees it. */
static char *
one_line(const char *text)
{
	char *line = pd_duplicate(text), *to = line;

	for (; *text != '\0'; text++) {
		if (!isspace((unsigned char)*text))
			*to++ = *text;
		else if (to > line && to[-1] != ' ')
			*to++ = ' ';
	}
	if (to > line && to[-1] == ' ')
		to--;
	*to = '\0';
	return line;
}

/* What came back, for a message: "500 {...}", "exit status 1: ...". */
static char *
describe_reply(const struct pd_call *call, jv whole)
{
	jv reply = call->options.redaction == NULL ? jv_copy(whole) :
	    pd_redact_reply(call->options.redaction, jv_copy(whole));
	jv status = pd_json_peek(reply, "status");
	jv code = pd_json_peek(reply, "exit");
	const char *text = pd_json_peek_string(reply, "text",
	    pd_json_peek_string(reply, "stderr", ""));
	char *body = NULL, *first, *result;

	if (text[0] == '\0')
		text = pd_json_peek_string(reply, "stdout", "");
	if (text[0] == '\0' && pd_json_kind_peek(reply, "body") > JV_KIND_NULL)
		text = body = pd_json_excerpt(pd_json_peek(reply, "body"), 200);
	text = first = one_line(text);
	if (jv_get_kind(status) == JV_KIND_NUMBER)
		result = pd_format("%g %.200s", jv_number_value(status), text);
	else if (jv_get_kind(code) == JV_KIND_NUMBER)
		result = pd_format("exit status %g: %.200s", jv_number_value(code), text);
	else
		result = pd_json_excerpt(jv_copy(reply), 200);
	free(first);
	free(body);
	jv_free(status);
	jv_free(code);
	jv_free(reply);
	return result;
}

static void
unexpected(struct pd_call *call, jv mark, jv reply)
{
	const char *reason = pd_json_peek_string(mark, "$unexpected", NULL);
	char *what = describe_reply(call, reply);

	if (reason != NULL)
		pd_error_set(&call->answer.error, "unexpected reply: %s (%s)", reason, what);
	else
		pd_error_set(&call->answer.error, "unexpected reply: %s", what);
	free(what);
	finish(call, PD_OUTCOME_ERROR, "unexpected_reply");
}

/* A pause of a command that settles does not count as one without reply. */
static void
stop_clock(struct pd_call *call)
{
	if (!settles(call) || call->latest != INT64_MAX)
		return;
	pd_loop_cancel(call->loop, call->deadline);
	call->deadline = NULL;
	call->due = INT64_MAX;
}

static void
retry(struct pd_call *call, jv mark)
{
	const char *reason = pd_json_peek_string(mark, "$retry", "no reason given");
	struct pd_error *error = &call->answer.error;
	int64_t now = pd_loop_now();

	if (call->options.once) {
		finish(call, PD_OUTCOME_RETRY, NULL);
		return;
	}
	if (call->options.semantics == PD_SYNC) {
		pd_error_set(error, "the adapter asks to try again (%s), but the command's "
		    "semantics are sync: it is sent once", reason);
		pd_error_hint(error, "those of probe and async are sent until they settle");
		finish(call, PD_OUTCOME_ERROR, "unexpected_reply");
		return;
	}
	pd_error_set(error, "%s", reason);
	call->asked_again = true;
	int64_t at = pd_settling_again(&call->settling, now);
	if (at < 0) {
		give_up(call);
		return;
	}
	stop_clock(call);
	send_after(call, at - now);
}

/* The next request of the same command; the mark's inject is an array. */
static void
follow(struct pd_call *call, jv mark)
{
	jv inject = pd_json_peek(mark, "inject");
	int64_t pause = (int64_t)(1000 * pd_json_peek_number(mark, "after_ms", 0));
	jv request = pd_adapter_complete(call->adapter, pd_json_peek(mark, "$follow"),
	    call->command, call->key, &call->answer.error);

	if (!jv_is_valid(request)) {
		jv_free(inject);
		finish(call, PD_OUTCOME_ERROR, "adapter_error");
		return;
	}
	jv_free(call->request);
	call->request = request;
	call->traced = false;
	call->asked_again = false;
	int64_t now = pd_loop_now();
	call->too_late = pause > call->settling.deadline - now;
	if (call->too_late) {
		pd_error_set(&call->answer.error, "another request was still to follow");
		pause = 0;
	}
	pd_settling_follow(&call->settling, now + pause);
	stop_clock(call);
	allow_time_for(call, pause);
	send_after(call, pause);
	/* Last, since whoever sees the events may cancel the call. */
	call->options.inject(call->options.context, inject);
}

/* Split what a reply means into its events and its mark, if it has one. */
static jv
split(jv outputs, jv *mark)
{
	jv events = jv_array();

	*mark = jv_invalid();
	jv_array_foreach(outputs, i, output) {
		if (pd_json_peek_string(output, "type", NULL) != NULL &&
		    !pd_json_has_peek(output, "$follow"))
			events = jv_array_append(events, output);
		else
			*mark = output;
	}
	jv_free(outputs);
	return events;
}

static void
act_on(struct pd_call *call, jv outputs, jv reply)
{
	jv mark;
	jv events = split(outputs, &mark);

	if (!jv_is_valid(mark)) {
		jv_free(call->answer.events);
		call->answer.events = events;
		finish(call, PD_OUTCOME_OK, NULL);
		return;
	}
	if (pd_json_has_peek(mark, "$unexpected")) {
		jv_free(events);
		unexpected(call, mark, reply);
	} else if (pd_json_has_peek(mark, "$retry")) {
		jv_free(events);
		retry(call, mark);
	} else {
		jv before = pd_json_peek(mark, "inject");
		if (!jv_is_valid(before) || jv_get_kind(before) == JV_KIND_NULL)
			before = jv_array();
		else if (jv_get_kind(before) != JV_KIND_ARRAY)
			before = JV_ARRAY(before);
		mark = pd_json_set(mark, "inject", jv_array_concat(before, events));
		follow(call, mark);
	}
	jv_free(mark);
}

static void
judge_hook(struct pd_call *call, jv reply)
{
	if (pd_adapter_hook_succeeded(reply)) {
		finish(call, PD_OUTCOME_OK, NULL);
		return;
	}
	char *what = describe_reply(call, reply);
	pd_error_set(&call->answer.error, "failed: %s",
	    pd_json_peek_string(reply, "error", what));
	free(what);
	finish(call, PD_OUTCOME_ERROR, "setup_failed");
}

/* What an adapter needs to put times into its events. */
static jv
add_times(const struct pd_call *call, jv reply)
{
	int64_t now = pd_loop_now();

	if (jv_get_kind(reply) != JV_KIND_OBJECT || call->options.epoch == 0)
		return reply;
	if (!pd_json_has_peek(reply, "latency_us"))
		reply = pd_json_set_number(reply, "latency_us", (double)(now - call->sent));
	return pd_json_set_number(reply, "at_us", (double)(now - call->options.epoch));
}

static void
on_reply(void *context, jv reply, bool unreachable, const struct pd_error *error)
{
	struct pd_call *call = context;

	call->sending = NULL;
	reply = add_times(call, reply);
	add_exchange(call, reply);
	call->answer.unreachable = unreachable;
	if (!jv_is_valid(reply)) {
		call->answer.error = *error;
		finish(call, PD_OUTCOME_ERROR, "adapter_error");
		return;
	}
	if (!jv_is_valid(call->command)) {
		judge_hook(call, reply);
		jv_free(reply);
		return;
	}
	jv outputs = pd_adapter_interpret(call->adapter, call->command,
	    jv_copy(reply), &call->answer.error);
	if (jv_is_valid(outputs)) {
		act_on(call, outputs, reply);
	} else {
		char *what = describe_reply(call, reply);
		struct pd_error *cause = &call->answer.error;
		if (cause->hint[0] == '\0' && !pd_json_has_peek(reply, "error"))
			pd_error_hint(cause, "the reply was %s", what);
		free(what);
		finish(call, PD_OUTCOME_ERROR, "adapter_error");
	}
	jv_free(reply);
}

/* Over HTTP each request, also one that is sent again, is a trace of its own, unless
 * the adapter says which it belongs to. */
static void
add_trace(struct pd_call *call)
{
	char text[PD_TRACEPARENT];

	if (call->trace == NULL ||
	    (!pd_json_has_peek(call->request, "path") && !pd_json_has_peek(call->request, "url")))
		return;
	jv headers = pd_json_peek(call->request, "headers");
	if (jv_get_kind(headers) != JV_KIND_OBJECT) {
		jv_free(headers);
		headers = jv_object();
	}
	if ((call->traced || !pd_json_has_peek(headers, "traceparent")) &&
	    pd_trace_parent(call->trace, call->id, call->repeat, call->answer.attempts, text)) {
		call->traced = true;
		headers = pd_json_set_string(headers, "traceparent", text);
	}
	call->request = pd_json_set(call->request, "headers", headers);
}

static void
send_request(struct pd_call *call)
{
	call->answer.attempts++;
	add_trace(call);
	call->sent = pd_loop_now();
	if (settles(call) && call->deadline == NULL)
		set_deadline(call, call->options.timeout);
	if (settles(call))
		allow_time_for(call, 0);
	if (call->options.epoch != 0)
		call->request = pd_adapter_time(call->adapter, call->request,
		    call->sent - call->options.epoch);
	call->sending = pd_adapter_send(call->adapter, jv_copy(call->request),
	    on_reply, call, &call->answer.error);
	if (call->sending == NULL) {
		add_exchange(call, jv_invalid());
		finish(call, PD_OUTCOME_ERROR, "adapter_error");
	}
}

/* The first request could not even be made. */
static void
on_no_request(void *context)
{
	struct pd_call *call = context;

	call->pause = NULL;
	finish(call, PD_OUTCOME_ERROR, "adapter_error");
}

static struct pd_call *
new_call(struct pd_loop *loop, struct pd_adapter *adapter,
    const struct pd_call_options *options)
{
	struct pd_call *call = pd_allocate(1, sizeof(*call));

	*call = (struct pd_call){.loop = loop, .adapter = adapter,
		.options = *options, .command = jv_invalid(), .request = jv_invalid(),
		.key = jv_invalid(), .latest = INT64_MAX, .answer = {.events = jv_array(),
		.exchanges = jv_array(), .data = jv_invalid(), .call_us = pd_loop_now()}};
	call->sent = call->answer.call_us;
	call->settling = pd_settling_start(settles(call) ? &options->settle : &undeclared,
	    call->sent);
	set_deadline(call, options->timeout);
	return call;
}

struct pd_call *
pd_call_command(struct pd_loop *loop, struct pd_adapter *adapter, jv command,
    const struct pd_command_context *context, const struct pd_call_options *options)
{
	struct pd_call *call = new_call(loop, adapter, options);

	call->command = jv_copy(command);
	call->key = jv_copy(context->key);
	call->trace = context->trace;
	call->repeat = context->attempt;
	call->id = context->trace != NULL ? pd_duplicate(context->id) : NULL;
	call->request = pd_adapter_request(adapter, command, context,
	    &call->answer.error);
	if (!jv_is_valid(call->request)) {
		call->pause = pd_loop_after(loop, 0, on_no_request, call);
		return call;
	}
	allow_time_for(call, 0);
	send_after(call, 0);
	return call;
}

struct pd_call *
pd_call_hook(struct pd_loop *loop, struct pd_adapter *adapter, jv request,
    const struct pd_call_options *options)
{
	struct pd_call *call = new_call(loop, adapter, options);

	call->request = request;
	allow_time_for(call, 0);
	send_after(call, 0);
	return call;
}

void
pd_call_hurry(struct pd_call *call, int64_t microseconds)
{
	call->latest = pd_loop_now() + microseconds;
	if (call->due > call->latest)
		set_deadline(call, microseconds);
}

