/* SPDX-License-Identifier: MIT */
#include "mocking.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"

struct pd_mocking {
	struct pd_loop *loop;
	struct pd_injector *program;
	int64_t timeout;
	int64_t asked, taken;	/* the latest numbers */
	struct pd_timer *deadline;	/* for what is asked and not taken */
	bool silent;		/* it is over */
};

struct pd_mocking *
pd_mocking_new(struct pd_loop *loop, struct pd_injector *program, int64_t timeout)
{
	struct pd_mocking *mocking = pd_allocate(1, sizeof(*mocking));

	*mocking = (struct pd_mocking){.loop = loop, .program = program,
		.timeout = timeout};
	return mocking;
}

void
pd_mocking_free(struct pd_mocking *mocking)
{
	if (mocking == NULL)
		return;
	pd_loop_cancel(mocking->loop, mocking->deadline);
	free(mocking);
}

static void
on_deadline(void *context)
{
	struct pd_mocking *mocking = context;

	mocking->deadline = NULL;
	mocking->silent = true;
}

void
pd_mocking_mention(struct pd_mocking *mocking, const char *line, size_t length)
{
	pd_injector_tell(mocking->program, line, length);
}

void
pd_mocking_tell(struct pd_mocking *mocking, const char *line, size_t length, int64_t ask)
{
	mocking->asked = ask;
	pd_injector_tell(mocking->program, line, length);
	if (mocking->deadline == NULL)
		mocking->deadline = pd_loop_after(mocking->loop, mocking->timeout,
		    on_deadline, mocking);
}

bool
pd_mocking_has_taken(const struct pd_mocking *mocking, int64_t ask)
{
	return mocking->taken >= ask;
}

bool
pd_mocking_is_silent(const struct pd_mocking *mocking, struct pd_error *error)
{
	if (!mocking->silent)
		return false;
	pd_error_set(error, "mock '%s' did not take what it was told within %g s",
	    pd_injector_name(mocking->program), (double)mocking->timeout / 1e6);
	pd_error_hint(error, "each line with an ask is answered with an ack, see pd-mock(1)");
	return true;
}

/* Consumes the record. */
static jv
take_acknowledgement(struct pd_mocking *mocking, jv record, struct pd_error *error)
{
	int64_t taken = (int64_t)pd_json_peek_number(record, "ask", 0);
	const char *reason = pd_json_peek_string(record, "error", NULL);
	jv result = jv_null();

	if (reason != NULL) {
		pd_error_set(error, "mock '%s' failed: %s", pd_injector_name(mocking->program),
		    reason);
		result = jv_invalid();
	}
	if (taken > mocking->taken)
		mocking->taken = taken;
	pd_loop_cancel(mocking->loop, mocking->deadline);
	mocking->deadline = mocking->taken >= mocking->asked ? NULL :
	    pd_loop_after(mocking->loop, mocking->timeout, on_deadline, mocking);
	jv_free(record);
	return result;
}

static bool
are_events(jv events)
{
	bool good = jv_get_kind(events) == JV_KIND_ARRAY;

	if (good) {
		jv_array_foreach(events, i, event) {
			good = good && pd_json_peek_string(event, "type", NULL) != NULL;
			jv_free(event);
		}
	}
	return good;
}

/* Consumes the record. */
static jv
take_request(const struct pd_mocking *mocking, jv record, struct pd_error *error)
{
	const char *reason = pd_json_peek_string(record, "error", NULL);
	jv events = pd_json_peek(record, "events");
	bool good = !jv_is_valid(events) || are_events(events);

	if (!jv_is_valid(events))
		record = pd_json_set(record, "events", jv_array());
	jv_free(events);
	if (good && reason == NULL)
		return record;
	pd_error_set(error, "mock '%s' failed at %s %s: %s",
	    pd_injector_name(mocking->program), pd_json_peek_string(record, "method", "?"),
	    pd_json_peek_string(record, "target", "?"),
	    reason != NULL ? reason : "its events are no array of objects with a type");
	jv_free(record);
	return jv_invalid();
}

jv
pd_mocking_take(struct pd_mocking *mocking, const char *line, size_t length,
    struct pd_error *error)
{
	struct pd_error ignored;
	jv record = pd_json_parse(line, length, &ignored);
	const char *type = pd_json_peek_string(record, "type", "");

	if (strcmp(type, "ack") == 0)
		return take_acknowledgement(mocking, record, error);
	if (strcmp(type, "request") == 0)
		return take_request(mocking, record, error);
	jv_free(record);
	pd_error_set(error, "mock '%s' wrote what is no record of a request and no ack: "
	    "%.200s", pd_injector_name(mocking->program), line);
	return jv_invalid();
}
