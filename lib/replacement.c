/* SPDX-License-Identifier: MIT */
#include "replacement.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "candidate.h"
#include "generator.h"
#include "json.h"
#include "plan.h"
#include "reference.h"

/* One item that is to be replaced, and the states around it. */
struct place {
	struct pd_search *search;
	const struct pd_row *row;
	size_t item;
	const struct pd_plan *before;	/* the plan up to the item */
	const struct pd_plan *after;	/* and behind it */
};

static int
count_arguments(jv command)
{
	return jv_object_length(jv_copy(command)) - 1;	/* the type is none */
}

static bool
is_among(jv ids, const char *id)
{
	bool found = false;

	jv_array_foreach(ids, i, other) {
		found = found || strcmp(jv_string_value(other), id) == 0;
		jv_free(other);
	}
	return found;
}

/* What only the item needs is not kept when the new command, which is borrowed,
 * does not need it, either; nor is what depends on that. Returns how many items
 * go. */
static size_t
leave_out_unneeded(const struct place *place, jv command, bool *keep)
{
	const struct pd_row *row = place->row;
	jv ids = pd_reference_ids(jv_copy(command));
	bool *needed = pd_allocate(row->count, sizeof(*needed));
	size_t gone = 0;

	for (size_t i = 0; i < row->count; i++) {
		keep[i] = true;
		if (is_among(ids, pd_row_item(row, i)->id))
			pd_row_mark_needed(row, i, needed);
	}
	for (size_t i = 0; i < place->item; i++)
		keep[i] = needed[i] ||
		    !pd_row_needs(row, place->item, pd_row_item(row, i)->id);
	pd_row_drop_dependents(row, keep);
	/* The item itself no longer needs what goes. Those that need the item do
	 * so as before. */
	keep[place->item] = true;
	for (size_t i = place->item + 1; i < row->count; i++) {
		keep[i] = true;
		for (size_t j = 0; j < i; j++) {
			if (!keep[j] && pd_row_needs(row, i, pd_row_item(row, j)->id))
				keep[i] = false;
		}
	}
	for (size_t i = 0; i < row->count; i++)
		gone += !keep[i];
	free(needed);
	jv_free(ids);
	return gone;
}

/* Is the key or value a token of a command that goes? */
static bool
is_gone(const struct place *place, const bool *keep, jv key)
{
	struct pd_reference reference;

	if (jv_get_kind(key) != JV_KIND_STRING ||
	    !pd_reference_parse(jv_string_value(key), &reference))
		return false;
	size_t item = pd_row_find(place->row, reference.id);
	return item < place->row->count && !keep[item];
}

/* Does the other state have all that changed from before to after, but for
 * what belongs to commands that go? Counts the changes. Borrows all. */
static bool
has_changes(const struct place *place, const bool *keep, jv before, jv after,
    jv other, int *changes)
{
	bool same = true;

	if (jv_equal(jv_copy(before), jv_copy(after)))
		return true;
	if (jv_get_kind(after) != JV_KIND_OBJECT || jv_get_kind(before) != JV_KIND_OBJECT) {
		++*changes;
		return jv_is_valid(other) && jv_equal(jv_copy(after), jv_copy(other));
	}
	jv_object_foreach(after, key, is) {
		const char *name = jv_string_value(key);
		jv was = pd_json_peek(before, name);
		jv also = pd_json_peek(other, name);
		if (!is_gone(place, keep, key))
			same = same && has_changes(place, keep, was, is, also, changes);
		jv_free(was);
		jv_free(also);
		jv_free(key);
		jv_free(is);
	}
	return same;
}

/* Does the command, which is borrowed, do to the state what the item does? */
static bool
has_same_effect(const struct place *place, jv command, const bool *keep)
{
	struct pd_plan plan = pd_plan_copy(place->before);
	struct pd_error error;
	int changes = 0;
	bool same = pd_plan_apply(&plan, pd_row_item(place->row, place->item)->id,
	    command, &error) == 0 && has_changes(place, keep, place->before->state,
	    place->after->state, plan.state, &changes);

	pd_plan_free(&plan);
	return same && changes > 0;
}

/* The value for an argument of the new command: what the old one has under the
 * same name, or the reference, or the simplest. Borrows all. */
static jv
choose_argument(jv old, const char *name, jv generator, jv reference,
    const char *id)
{
	jv same = pd_json_peek(old, name);

	if (jv_is_valid(same) && pd_generator_admits(generator, same))
		return same;
	jv_free(same);
	if (pd_generator_admits(generator, reference))
		return jv_copy(reference);
	char *path = pd_format("%s.%s", id, name);
	jv simplest = pd_generator_simplest(generator, path);
	free(path);
	return simplest;
}

/* The new command as a plan has it, with a reference that the old one, which is
 * borrowed, has. Consumes the reference. */
static jv
make_command(const struct place *place, const struct pd_candidate *candidate,
    jv old, jv reference)
{
	const struct pd_item *item = pd_row_item(place->row, place->item);
	jv command = pd_json_set_string(jv_object(), "type", candidate->name);

	jv_object_foreach(candidate->generators, name, generator) {
		command = jv_object_set(command, jv_copy(name),
		    choose_argument(old, jv_string_value(name), generator, reference,
		    item->id));
		jv_free(name);
		jv_free(generator);
	}
	jv_free(reference);
	return pd_reference_quote(command, place->before->tokens);
}

static bool
try_command(const struct place *place, jv command)
{
	const struct pd_item *item = pd_row_item(place->row, place->item);
	struct pd_search *search = place->search;
	bool *keep = pd_allocate(place->row->count, sizeof(*keep));
	size_t gone = leave_out_unneeded(place, command, keep);
	size_t failed = pd_search_failed_item(search, place->row);
	bool simpler = gone > 0 ||
	    count_arguments(command) < count_arguments(item->command);
	bool replaced = false;

	if (simpler && (failed == place->row->count || keep[failed]) &&
	    (search->options->strategy == PD_SHRINK_EXHAUSTIVE ||
	    has_same_effect(place, command, keep))) {
		struct pd_sequence all;
		pd_sequence_copy(&all, &search->best);
		struct pd_row row = pd_row_make(&all);
		struct pd_item *new = pd_row_item(&row, place->item);
		jv_free(new->command);
		new->command = jv_copy(command);
		pd_row_free(&row);
		struct pd_sequence candidate = pd_row_kept(&all, keep);
		pd_sequence_free(&all);
		replaced = pd_search_try(search, &candidate);
	}
	jv_free(command);
	free(keep);
	return replaced;
}

/* Try a command of another type with each of the references that the old one
 * has. */
static bool
try_candidate(const struct place *place, const struct pd_candidate *candidate)
{
	const struct pd_item *item = pd_row_item(place->row, place->item);
	jv old = pd_reference_unquote(jv_copy(item->command));
	jv values = jv_keys(jv_copy(old));
	bool replaced = false;

	jv_array_foreach(values, i, name) {
		jv value = jv_object_get(jv_copy(old), name);
		struct pd_reference reference;
		if (!replaced && jv_get_kind(value) == JV_KIND_STRING &&
		    pd_reference_parse(jv_string_value(value), &reference))
			replaced = try_command(place,
			    make_command(place, candidate, old, jv_copy(value)));
		jv_free(value);
	}
	if (!replaced)
		replaced = try_command(place,
		    make_command(place, candidate, old, jv_null()));
	jv_free(values);
	jv_free(old);
	return replaced;
}

/* Try all commands that are possible at the place. */
static bool
replace(const struct place *place)
{
	const struct pd_item *item = pd_row_item(place->row, place->item);
	const char *type = pd_json_peek_string(item->command, "type", "");
	struct pd_candidate *candidates;
	struct pd_error error;
	struct pd_plan plan = pd_plan_copy(place->before);
	int count = pd_candidates(&plan, &candidates, &error);
	bool replaced = false;

	for (int i = 0; i < count && !replaced; i++) {
		if (candidates[i].possible && strcmp(candidates[i].name, type) != 0)
			replaced = try_candidate(place, &candidates[i]);
	}
	if (count >= 0)
		pd_candidates_free(candidates, count);
	pd_plan_free(&plan);
	return replaced;
}

bool
pd_replacement_try(struct pd_search *search)
{
	struct pd_row row = pd_row_make(&search->best);
	size_t failed = pd_search_failed_item(search, &row);
	struct pd_plan before, after;
	struct pd_error error;
	bool replaced = false;

	bool good = pd_plan_start(&after, search->model, &error) == 0 &&
	    pd_plan_apply_items(&after, &search->best.setup, &error) == 0;
	for (size_t i = 0; i < row.count && good && !replaced &&
	    !pd_search_is_over(search); i++) {
		const struct pd_item *item = pd_row_item(&row, i);
		struct place place = {search, &row, i, &before, &after};
		before = pd_plan_copy(&after);
		good = pd_plan_apply(&after, item->id, item->command, &error) == 0;
		if (good && i != failed)
			replaced = replace(&place);
		pd_plan_free(&before);
	}
	pd_plan_free(&after);
	pd_row_free(&row);
	return replaced;
}
