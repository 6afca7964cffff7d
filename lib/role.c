/* SPDX-License-Identifier: MIT */
#include "role.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "path.h"
#include "reference.h"
#include "row.h"

enum { MOST_IDS = 8 };		/* in a text */

/* A command under examination. */
struct part {
	const struct pd_item *item;
	jv uses;		/* [{id, field}] */
	jv used_by;		/* [{id, argument}] */
	jv fields;		/* {field: true}: of it, that others use */
	struct pd_trial without;
	jv gone;		/* [id]: what had to go with it */
	bool matters_itself;	/* the failure comes without those that use it */
};

struct examination {
	struct pd_trials *trials;
	struct pd_sequence sequence;
	jv failure;
	struct pd_row row;
	struct part *parts;	/* one an item of the row */
	size_t trigger;		/* the row's count when there is none */
};

/*
 * References.
 */
static jv
without_twins(jv list, jv entry)
{
	bool known = false;

	jv_array_foreach(list, i, other) {
		known = known || jv_equal(jv_copy(other), jv_copy(entry));
		jv_free(other);
	}
	if (!known)
		return jv_array_append(list, entry);
	jv_free(entry);
	return list;
}

/* Item i refers by this text, which stands at path, to something. */
static void
note_reference(struct examination *examination, size_t i, const char *text,
    jv path)
{
	struct pd_reference reference;
	struct part *user = &examination->parts[i];

	if (!pd_reference_parse(text, &reference))
		return;
	user->uses = without_twins(user->uses, pd_json_set_string(
	    pd_json_set_string(jv_object(), "id", reference.id), "field",
	    reference.path));
	size_t maker = pd_row_find(&examination->row, reference.id);
	if (maker == examination->row.count)
		return;		/* the setup made it */
	struct part *used = &examination->parts[maker];
	used->used_by = without_twins(used->used_by, pd_json_set(
	    pd_json_set_string(jv_object(), "id", user->item->id), "argument",
	    pd_path_text(path)));
	used->fields = pd_json_set(used->fields, reference.path, jv_true());
}

/* All references in a part of item i's command. Consumes value and path. */
static void
note_references(struct examination *examination, size_t i, jv value, jv path)
{
	jv_kind kind = jv_get_kind(value);

	if (kind == JV_KIND_STRING) {
		note_reference(examination, i, jv_string_value(value), path);
	} else if (kind == JV_KIND_ARRAY) {
		jv_array_foreach(value, j, element) {
			note_references(examination, i, element,
			    jv_array_append(jv_copy(path), jv_number(j)));
		}
	} else if (kind == JV_KIND_OBJECT) {
		jv keys = jv_keys(jv_copy(value));
		jv_array_foreach(keys, j, key) {
			note_reference(examination, i, jv_string_value(key), path);
			note_references(examination, i,
			    jv_object_get(jv_copy(value), jv_copy(key)),
			    jv_array_append(jv_copy(path), key));
		}
		jv_free(keys);
	}
	jv_free(value);
	jv_free(path);
}

/*
 * Running without.
 */
/* Try the items that are kept, fewer when others cannot do without what is
 * gone: because they refer to it or because the model does not allow them.
 * What brings the failure stays. */
static struct pd_trial
try_kept(struct examination *examination, bool *keep)
{
	const struct pd_row *row = &examination->row;

	for (;;) {
		pd_row_drop_dependents(row, keep);
		struct pd_sequence kept = pd_row_kept(&examination->sequence, keep);
		struct pd_trial trial = pd_trials_try(examination->trials, &kept);
		size_t refused = row->count;
		if (trial.outcome == PD_TRIAL_REFUSED)
			refused = pd_row_find(row,
			    pd_json_peek_string(trial.refused, "id", ""));
		pd_sequence_free(&kept);
		if (refused == row->count || refused == examination->trigger)
			return trial;
		pd_trial_free(&trial);
		keep[refused] = false;
	}
}

static bool *
keep_all(const struct pd_row *row)
{
	bool *keep = pd_allocate(row->count, sizeof(*keep));

	for (size_t i = 0; i < row->count; i++)
		keep[i] = true;
	return keep;
}

static void
run_without(struct examination *examination, size_t i)
{
	const struct pd_row *row = &examination->row;
	struct part *part = &examination->parts[i];
	bool *keep = keep_all(row);

	keep[i] = false;
	part->without = try_kept(examination, keep);
	for (size_t j = 0; j < row->count; j++) {
		if (j != i && !keep[j])
			part->gone = jv_array_append(part->gone,
			    jv_string(pd_row_item(row, j)->id));
	}
	if (part->without.outcome == PD_TRIAL_UNKNOWN)
		pd_trials_skip(examination->trials,
		    jv_string_fmt("the run without %s", part->item->id));
	free(keep);
}

/* Is it needed for more than for those that use it? Then the failure comes
 * without these, but not without it. Nothing can be said when the trigger is
 * among them. */
static void
run_without_users(struct examination *examination, size_t i)
{
	const struct pd_row *row = &examination->row;
	struct part *part = &examination->parts[i];
	bool *keep = keep_all(row);

	keep[i] = false;
	pd_row_drop_dependents(row, keep);
	keep[i] = true;
	if (examination->trigger == row->count || keep[examination->trigger]) {
		struct pd_trial trial = try_kept(examination, keep);
		part->matters_itself = trial.outcome == PD_TRIAL_FAILS && keep[i];
		pd_trial_free(&trial);
	}
	free(keep);
}

/*
 * Words.
 */
/* "c2", "c2 and c3", "c2, c3 and c5": the ids of a list of strings or of
 * objects with an id; of many the first and how many more. Borrows it. */
static jv
ids_text(jv list)
{
	jv ids = jv_array(), text = jv_string("");

	jv_array_foreach(list, i, entry) {
		ids = without_twins(ids, jv_get_kind(entry) == JV_KIND_STRING ?
		    jv_copy(entry) : pd_json_peek(entry, "id"));
		jv_free(entry);
	}
	int all = jv_array_length(jv_copy(ids));
	if (all > MOST_IDS)
		ids = jv_array_append(jv_array_slice(ids, 0, MOST_IDS),
		    jv_string_fmt("%d more", all - MOST_IDS));
	int count = jv_array_length(jv_copy(ids));
	for (int i = 0; i < count; i++) {
		jv id = jv_array_get(jv_copy(ids), i);
		text = jv_string_concat(text, jv_string(i == 0 ? "" :
		    i == count - 1 ? " and " : ", "));
		text = jv_string_concat(text, id);
	}
	jv_free(ids);
	return text;
}

static bool
are_several(jv list)
{
	return jv_array_length(jv_copy(list)) > 1;
}

/* "makes the account that c2 and c3 use" */
static jv
dependency_text(const struct part *part)
{
	jv names = jv_keys(jv_copy(part->fields));
	jv fields = ids_text(names), users = ids_text(part->used_by);
	bool several = strpbrk(jv_string_value(users), " ") != NULL;
	jv text = jv_string_fmt("makes the %s that %s %s", jv_string_value(fields),
	    jv_string_value(users), several ? "use" : "uses");

	jv_free(names);
	jv_free(fields);
	jv_free(users);
	return text;
}

static const char *
failure_text(jv failure, const char *key)
{
	return pd_json_peek_string(failure, key, "");
}

/* Where a failure comes: "at c3" or "at the end". */
static jv
place_text(jv failure)
{
	const char *id = pd_json_peek_string(failure, "id", NULL);

	return id != NULL ? jv_string_fmt("at %s", id) : jv_string("at the end");
}

/* What happens without the command, after "without it". */
static jv
without_text(const struct part *part)
{
	const struct pd_trial *without = &part->without;
	jv place;

	switch (without->outcome) {
	case PD_TRIAL_FAILS:
		place = place_text(without->failure);
		jv text = jv_string_fmt("the failure still comes, %s", jv_string_value(place));
		jv_free(place);
		return text;
	case PD_TRIAL_PASSES:
		return jv_string("the run passes");
	case PD_TRIAL_DIFFERS:
		return jv_string_fmt("the run fails in another way: %s",
		    failure_text(without->failure, "message"));
	default:
		return jv_string_fmt("the model does not allow %s",
		    failure_text(without->refused, "id"));
	}
}

static jv
trigger_text(const struct examination *examination, const struct part *part)
{
	bool is_check = strcmp(failure_text(examination->failure, "kind"),
	    "check_failed") == 0;
	jv who = is_check ? jv_string_fmt("check %s",
	    failure_text(examination->failure, "name")) : jv_string("the run");
	jv text;

	if (pd_json_has_peek(examination->failure, "id"))
		text = jv_string_fmt("%s fails at this command", jv_string_value(who));
	else
		text = jv_string_fmt("%s fails at the end; this is the last command "
		    "without which it does not", jv_string_value(who));
	jv_free(who);
	if (part->without.outcome == PD_TRIAL_FAILS)
		text = jv_string_concat(jv_string_append_str(text, "; without it "),
		    without_text(part));
	return text;
}

/* What had to go with it does not refer to it: the model asks for it. */
static jv
needed_text(const struct part *part)
{
	jv gone = jv_copy(part->gone);
	bool refused = part->without.outcome == PD_TRIAL_REFUSED;
	jv text = jv_string("nothing refers to it, but ");

	if (refused)
		gone = jv_array_append(gone, pd_json_peek(part->without.refused, "id"));
	if (jv_array_length(jv_copy(gone)) > 0) {
		jv ids = ids_text(gone);
		text = jv_string_concat(text, jv_string_fmt(
		    "the model does not allow %s without it", jv_string_value(ids)));
		jv_free(ids);
		if (!refused)
			text = jv_string_append_str(text, ", and then ");
	} else {
		text = jv_string_append_str(text, "without it ");
	}
	jv_free(gone);
	return refused ? text : jv_string_concat(text, without_text(part));
}

static jv
unneeded_text(const struct part *part)
{
	jv ids = ids_text(part->gone);
	jv text = jv_string("the failure comes without it");

	if (jv_array_length(jv_copy(part->gone)) > 0)
		text = jv_string_concat(text, jv_string_fmt(" and without %s, which %s it",
		    jv_string_value(ids), are_several(part->gone) ? "need" : "needs"));
	jv_free(ids);
	return text;
}

static jv
used_text(const struct part *part)
{
	jv text = dependency_text(part);

	if (!part->matters_itself)
		return text;
	jv users = ids_text(part->used_by), without = without_text(part);
	text = jv_string_concat(text, jv_string_fmt("; it is context as well: the "
	    "failure comes without %s, but without this command %s",
	    jv_string_value(users), jv_string_value(without)));
	jv_free(users);
	jv_free(without);
	return text;
}

/* Role and reason of the i-th command. */
static const char *
judge(const struct examination *examination, size_t i, jv *reason)
{
	const struct part *part = &examination->parts[i];

	if (i == examination->trigger) {
		*reason = trigger_text(examination, part);
		return "trigger";
	}
	if (part->without.outcome == PD_TRIAL_FAILS) {
		*reason = unneeded_text(part);
		return "unneeded";
	}
	if (jv_array_length(jv_copy(part->used_by)) > 0) {
		*reason = used_text(part);
		return "dependency";
	}
	if (part->without.outcome == PD_TRIAL_UNKNOWN) {
		*reason = jv_string("nothing refers to it; the run without it was not tried");
		return "unknown";
	}
	*reason = needed_text(part);
	return "context";
}

/*
 * The record.
 */
static jv
without_record(const struct part *part)
{
	static const char *const words[] = {
		[PD_TRIAL_FAILS] = "fails", [PD_TRIAL_PASSES] = "passes",
		[PD_TRIAL_DIFFERS] = "fails_differently",
		[PD_TRIAL_REFUSED] = "refused",
	};
	const struct pd_trial *trial = &part->without;
	jv record = pd_json_set_string(jv_object(), "outcome", words[trial->outcome]);

	if (jv_array_length(jv_copy(part->gone)) > 0)
		record = pd_json_set(record, "removed_as_well", jv_copy(part->gone));
	if (trial->outcome == PD_TRIAL_DIFFERS)
		record = pd_json_set(record, "failure", jv_copy(trial->failure));
	if (trial->outcome == PD_TRIAL_REFUSED)
		record = pd_json_set(record, "refused", jv_copy(trial->refused));
	return record;
}

/* The branch that an item is in, or -1. */
static int
branch_of(const struct examination *examination, size_t i)
{
	const struct pd_items *owner = examination->row.owner[i];
	const struct pd_sequence *sequence = &examination->sequence;

	for (size_t branch = 0; branch < sequence->branch_count; branch++) {
		if (owner == &sequence->branches[branch])
			return (int)branch;
	}
	return -1;
}

static jv
part_record(const struct examination *examination, size_t i)
{
	const struct part *part = &examination->parts[i];
	int branch = branch_of(examination, i);
	jv reason;
	const char *role = judge(examination, i, &reason);
	jv record = pd_json_set_string(jv_object(), "id", part->item->id);

	if (branch >= 0)
		record = pd_json_set_number(record, "branch", branch);
	record = pd_json_set(record, "command", jv_copy(part->item->command));
	record = pd_json_set_string(record, "role", role);
	record = pd_json_set(record, "reason", reason);
	if (jv_array_length(jv_copy(part->uses)) > 0)
		record = pd_json_set(record, "uses", jv_copy(part->uses));
	if (jv_array_length(jv_copy(part->used_by)) > 0)
		record = pd_json_set(record, "used_by", jv_copy(part->used_by));
	if (part->without.outcome != PD_TRIAL_UNKNOWN)
		record = pd_json_set(record, "without", without_record(part));
	return record;
}

/* Of a failure at the end: the last command without which the run passes, or
 * else without which it fails otherwise. */
static size_t
last_needed(const struct examination *examination)
{
	size_t count = examination->row.count, other = count;

	for (size_t i = count; i-- > 0;) {
		enum pd_trial_outcome outcome = examination->parts[i].without.outcome;
		if (outcome == PD_TRIAL_PASSES)
			return i;
		if (other == count && (outcome == PD_TRIAL_DIFFERS ||
		    outcome == PD_TRIAL_REFUSED))
			other = i;
	}
	return other;
}

static void
examine(struct examination *examination)
{
	const struct pd_row *row = &examination->row;
	const char *id = pd_json_peek_string(examination->failure, "id", NULL);

	for (size_t i = 0; i < row->count; i++)
		examination->parts[i] = (struct part){.item = pd_row_item(row, i),
			.uses = jv_array(), .used_by = jv_array(),
			.fields = jv_object(), .gone = jv_array()};
	for (size_t i = 0; i < row->count; i++)
		note_references(examination, i, jv_copy(pd_row_item(row, i)->command),
		    jv_array());
	examination->trigger = id != NULL ? pd_row_find(row, id) : row->count;
	for (size_t i = row->count; i-- > 0;)
		run_without(examination, i);
	if (id == NULL)
		examination->trigger = last_needed(examination);
	for (size_t i = row->count; i-- > 0;) {
		const struct part *part = &examination->parts[i];
		if (i != examination->trigger && part->without.outcome !=
		    PD_TRIAL_FAILS && jv_array_length(jv_copy(part->used_by)) > 0)
			run_without_users(examination, i);
	}
}

jv
pd_roles(struct pd_trials *trials, const struct pd_sequence *sequence, jv failure)
{
	struct examination examination = {.trials = trials, .failure = failure};
	jv records = jv_array();

	pd_sequence_copy(&examination.sequence, sequence);
	examination.row = pd_row_make(&examination.sequence);
	examination.parts = pd_allocate(examination.row.count,
	    sizeof(*examination.parts));
	examine(&examination);
	for (size_t i = 0; i < examination.row.count; i++)
		records = jv_array_append(records, part_record(&examination, i));
	for (size_t i = 0; i < examination.row.count; i++) {
		struct part *part = &examination.parts[i];
		jv_free(part->uses);
		jv_free(part->used_by);
		jv_free(part->fields);
		jv_free(part->gone);
		pd_trial_free(&part->without);
	}
	free(examination.parts);
	pd_row_free(&examination.row);
	pd_sequence_free(&examination.sequence);
	return records;
}
