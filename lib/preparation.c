/* SPDX-License-Identifier: MIT */
#include "preparation.h"

#include "call.h"
#include "json.h"

enum {
	HEALTH_PAUSE = 100000,	/* between two looks, microseconds */
	READY_PAUSE = 10000,
	SIGNAL_GRACE = 250000,	/* for a request of teardown_once after a signal */
};

struct waiting {
	bool done;
	bool succeeded;
	struct pd_error error;
};

static void
on_waited(void *context, struct pd_answer *answer)
{
	struct waiting *waiting = context;

	waiting->done = true;
	waiting->succeeded = answer->outcome == PD_OUTCOME_OK;
	waiting->error = answer->error;
	pd_answer_free(answer);
}

/* Send one hook request and wait. 1 when it succeeded, 0 when not, -1 when the
 * loop failed or a signal came. */
static int
send_and_wait(const struct pd_preparation *preparation, jv request, int64_t timeout,
    struct pd_error *error)
{
	struct waiting waiting = {0};
	struct pd_call_options options = {.timeout = timeout, .done = on_waited,
		.context = &waiting, .redaction = preparation->redaction};
	int signal_before = pd_loop_signal(preparation->loop);
	struct pd_call *call = pd_call_hook(preparation->loop, preparation->adapter,
	    request, &options);
	pd_call_hurry(call, timeout);

	while (!waiting.done) {
		if (pd_loop_turn(preparation->loop, error) != 0 ||
		    pd_loop_signal(preparation->loop) != signal_before) {
			pd_call_cancel(call);
			return -1;
		}
	}
	*error = waiting.error;
	return waiting.succeeded;
}

static void
on_pause(void *context)
{
	*(bool *)context = true;
}

static int
pause_a_little(const struct pd_preparation *preparation, int64_t pause,
    struct pd_error *error)
{
	bool over = false;
	struct pd_timer *timer = pd_loop_after(preparation->loop, pause, on_pause, &over);

	while (!over) {
		if (pd_loop_turn(preparation->loop, error) != 0)
			return -1;
		if (pd_loop_signal(preparation->loop) != 0 && !over) {
			pd_loop_cancel(preparation->loop, timer);
			return -1;
		}
	}
	return 0;
}

static int
wait_until_healthy(const struct pd_preparation *preparation, struct pd_error *error)
{
	int64_t deadline = pd_loop_now() + preparation->health_timeout;
	jv requests = pd_adapter_hook(preparation->adapter, "health", error);
	int result = -1;

	if (!jv_is_valid(requests))
		return -1;
	int count = jv_array_length(jv_copy(requests));
	for (;;) {
		int healthy = 1;
		for (int i = 0; i < count && healthy == 1; i++) {
			int64_t left = deadline - pd_loop_now();
			healthy = send_and_wait(preparation, jv_array_get(jv_copy(requests), i),
			    left > HEALTH_PAUSE ? left : HEALTH_PAUSE, error);
		}
		if (healthy == 1)
			result = 0;
		if (healthy != 0 || pause_a_little(preparation, HEALTH_PAUSE, error) != 0 ||
		    pd_loop_now() >= deadline)
			break;
	}
	jv_free(requests);
	if (result != 0 && pd_loop_signal(preparation->loop) == 0) {
		char text[1024];
		struct pd_error last = *error;
		pd_error_set(error, "the system did not become healthy within %g s: %s",
		    (double)preparation->health_timeout / 1e6,
		    pd_error_text(&last, text, sizeof(text)));
		pd_error_hint(error, "--health-timeout gives it longer");
	}
	return result;
}

static int
run_hooks_once(const struct pd_preparation *preparation, const char *name,
    struct pd_error *error)
{
	jv requests = pd_adapter_hook(preparation->adapter, name, error);
	int result = 0;

	if (!jv_is_valid(requests))
		return pd_error_prefix(error, "%s: ", name);
	int count = jv_array_length(jv_copy(requests));
	for (int i = 0; i < count && result == 0; i++) {
		if (send_and_wait(preparation, jv_array_get(jv_copy(requests), i),
		    pd_loop_signal(preparation->loop) != 0 ? SIGNAL_GRACE :
		    preparation->timeout, error) != 1)
			result = pd_error_prefix(error, "%s: ", name);
	}
	jv_free(requests);
	return result;
}

static int
start_adapter(const struct pd_preparation *preparation, struct pd_error *error)
{
	int64_t deadline = pd_loop_now() + preparation->health_timeout;
	int ready;

	if (pd_adapter_start(preparation->adapter, error) != 0)
		return -1;
	while ((ready = pd_adapter_ready(preparation->adapter, error)) == 0) {
		if (pd_loop_now() > deadline) {
			pd_error_set(error, "the adapter did not answer its greeting");
			return pd_error_hint(error, "it must answer every line with one "
			    "that has the same id; --health-timeout gives it longer");
		}
		/* A timer, so that the turn ends even if nothing comes. */
		if (pause_a_little(preparation, HEALTH_PAUSE, error) != 0)
			return -1;
	}
	return ready == 1 ? 0 : -1;
}

/* Nothing that the system tells may be lost, so they come first. */
static int
start_injectors(const struct pd_preparation *preparation, struct pd_error *error)
{
	int64_t deadline = pd_loop_now() + preparation->health_timeout;
	int ready;

	if (preparation->injection == NULL)
		return 0;
	if (pd_injection_start(preparation->injection, error) != 0)
		return -1;
	while ((ready = pd_injection_ready(preparation->injection, error)) == 0) {
		if (pd_loop_now() > deadline)
			return pd_error_hint(error, "within --health-timeout, which gives it "
			    "longer");
		if (pause_a_little(preparation, READY_PAUSE, error) != 0)
			return -1;
	}
	return ready == 1 ? 0 : -1;
}

int
pd_preparation_begin(struct pd_preparation *preparation, struct pd_error *error)
{
	*error = (struct pd_error)PD_ERROR_INIT;
	if (start_injectors(preparation, error) != 0 ||
	    start_adapter(preparation, error) != 0 ||
	    wait_until_healthy(preparation, error) != 0)
		return -1;
	preparation->begun = true;
	return run_hooks_once(preparation, "setup_once", error);
}

int
pd_preparation_finish(const struct pd_preparation *preparation,
    struct pd_error *error)
{
	return preparation->begun ?
	    run_hooks_once(preparation, "teardown_once", error) : 0;
}
