/* SPDX-License-Identifier: MIT */
#include "unexplained.h"

#include "buffer.h"
#include "json.h"
#include "linearization.h"

enum {
	IDS_SHOWN = 6,		/* of the prefix; of a longer one the last */
	IDS_KEPT = 3,
	BLOCKED_SHOWN = 5,
};

size_t
pd_unexplained_first(const struct pd_history *history,
    const struct pd_linearization *found)
{
	size_t first = history->count;

	for (size_t i = 0; i < found->blocked_count; i++) {
		size_t operation = found->blocked[i];
		if (first == history->count || history->list[operation].returned <
		    history->list[first].returned)
			first = operation;
	}
	return first;
}

static void
describe_blocked(const struct pd_projection *projection,
    struct pd_buffer *text, const struct pd_operation *operation, jv expected)
{
	pd_buffer_format(text, "command %s %s: ", operation->id,
	    pd_json_peek_string(operation->command, "type", ""));
	if (jv_get_kind(expected) == JV_KIND_ARRAY) {
		jv_free(pd_projection_describe(projection, text, expected,
		    operation->events));
		return;
	}
	jv event = jv_array_get(jv_copy(operation->events), 0);
	pd_buffer_format(text, "%s is not allowed there",
	    pd_json_peek_string(event, "type", "no event"));
	jv_free(event);
}

static void
describe_prefix(struct pd_buffer *text, const struct pd_history *history,
    const struct pd_linearization *found)
{
	size_t left_out = found->order_count <= IDS_SHOWN ? 0 :
	    found->order_count - IDS_KEPT;

	if (found->order_count == 0)
		return;
	pd_buffer_text(text, left_out > 0 ? "after ..." : "after");
	for (size_t i = left_out; i < found->order_count; i++)
		pd_buffer_format(text, "%s %s", i > 0 ? "," : "",
		    history->list[found->order[i]].id);
	pd_buffer_text(text, ", ");
}

char *
pd_unexplained_text(const struct pd_projection *projection,
    const struct pd_history *history, const struct pd_linearization *found)
{
	struct pd_buffer text = PD_BUFFER_INIT;

	pd_buffer_text(&text, "no order of the branches explains what was seen: ");
	if (found->blocked_count == 0)
		pd_buffer_text(&text, found->reason);
	else
		describe_prefix(&text, history, found);
	for (size_t i = 0; i < found->blocked_count && i < BLOCKED_SHOWN; i++) {
		jv expected = jv_array_get(jv_copy(found->expected), (int)i);
		pd_buffer_text(&text, i > 0 ? "; " : "");
		describe_blocked(projection, &text, &history->list[found->blocked[i]],
		    expected);
		jv_free(expected);
	}
	return text.data;
}

jv
pd_unexplained_data(const struct pd_history *history,
    const struct pd_linearization *found)
{
	jv data = pd_json_set(jv_object(), "prefix",
	    pd_linearization_ids(history, found->order, found->order_count));

	data = pd_json_set(data, "blocked", pd_linearization_blocked(history, found));
	if (jv_is_valid(found->key))
		data = pd_json_set(data, "key", jv_copy(found->key));
	if (jv_is_valid(found->state))
		data = pd_json_set(data, "state", jv_copy(found->state));
	return data;
}
