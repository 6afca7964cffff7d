/* SPDX-License-Identifier: MIT */
#include "mutation.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"

enum {
	VERY_LONG = 4096,	/* characters */
	DEPTH = 3,		/* of the state's collections that references are looked for in, */
	WIDTH = 64,		/* inside of those with so many keys at most */
};

static const double largest = 9007199254740991.0;	/* 2^53 - 1 */

/* The mutants of one event, while they come together. */
struct making {
	jv mutants;		/* all so far */
	jv event;		/* borrowed */
	int index;
	const char *field;	/* being changed, or NULL */
	jv from;		/* its value: borrowed */
	jv tried;		/* values that it got already, [value]; types of answers, {type: true} */
};

static jv
describe(const struct making *making, const char *operator, const char *change)
{
	jv mutant = pd_json_set_string(jv_object(), "operator", operator);

	mutant = pd_json_set_string(mutant, "change", change);
	mutant = pd_json_set_number(mutant, "index", making->index);
	return pd_json_set_string(mutant, "event",
	    pd_json_peek_string(making->event, "type", ""));
}

static void
add(struct making *making, jv mutant)
{
	making->mutants = jv_array_append(making->mutants, mutant);
}

/* Another value for the field, which is consumed, unless it had that already. */
static void
try_value(struct making *making, const char *operator, const char *change, jv to)
{
	bool known = jv_equal(jv_copy(to), jv_copy(making->from));

	jv_array_foreach(making->tried, i, other) {
		known = known || jv_equal(other, jv_copy(to));
	}
	if (known) {
		jv_free(to);
		return;
	}
	making->tried = jv_array_append(making->tried, jv_copy(to));
	jv mutant = pd_json_set_string(describe(making, operator, change), "field",
	    making->field);
	mutant = pd_json_set(mutant, "from", jv_copy(making->from));
	add(making, pd_json_set(mutant, "to", to));
}

/*
 * Values and their bounds.
 */
static void
change_number(struct making *making)
{
	double number = jv_number_value(making->from);

	try_value(making, "value", "zero", jv_number(0));
	try_value(making, "value", "negate", jv_number(-number));
	try_value(making, "value", "plus_one", jv_number(number + 1));
	try_value(making, "value", "minus_one", jv_number(number - 1));
	try_value(making, "value", "double", jv_number(number * 2));
	try_value(making, "value", "halve", jv_number(number / 2));
	try_value(making, "boundary", "below_zero", jv_number(-1));
	try_value(making, "boundary", "largest", jv_number(largest));
	try_value(making, "boundary", "smallest", jv_number(-largest));
}

static jv
other_case(const char *text)
{
	char *result = pd_duplicate(text);
	bool lower = false;

	for (char *c = result; *c != '\0'; c++)
		lower = lower || islower((unsigned char)*c);
	for (char *c = result; *c != '\0'; c++)
		*c = (char)(lower ? toupper((unsigned char)*c) : tolower((unsigned char)*c));
	jv value = jv_string(result);
	free(result);
	return value;
}

static jv
very_long(void)
{
	char text[VERY_LONG];

	memset(text, 'x', sizeof(text));
	return jv_string_sized(text, sizeof(text));
}

static void
change_string(struct making *making)
{
	const char *text = jv_string_value(making->from);
	int length = jv_string_length_codepoints(jv_copy(making->from));

	try_value(making, "value", "empty", jv_string(""));
	try_value(making, "value", "case", other_case(text));
	if (length > 0)
		try_value(making, "value", "truncate",
		    jv_string_slice(jv_copy(making->from), 0, length - 1));
	try_value(making, "value", "append", jv_string_append_str(jv_copy(making->from),
	    "x"));
	try_value(making, "boundary", "blanks", jv_string("   "));
	try_value(making, "boundary", "very_long", very_long());
}

static void
change_by_kind(struct making *making)
{
	switch (jv_get_kind(making->from)) {
	case JV_KIND_NUMBER:
		change_number(making);
		break;
	case JV_KIND_STRING:
		change_string(making);
		break;
	case JV_KIND_TRUE:
		try_value(making, "value", "negate", jv_false());
		break;
	case JV_KIND_FALSE:
		try_value(making, "value", "negate", jv_true());
		break;
	case JV_KIND_ARRAY:
		try_value(making, "value", "empty", jv_array());
		break;
	case JV_KIND_OBJECT:
		try_value(making, "value", "empty", jv_object());
		break;
	default:
		break;
	}
	try_value(making, "boundary", "null", jv_null());
}

/*
 * References and older values.
 */

/* The key after this one among an object's, or an invalid jv when it has no such
 * key or no other. */
static jv
other_key(jv object_peek, jv key_peek)
{
	if (jv_get_kind(object_peek) != JV_KIND_OBJECT ||
	    jv_object_length(jv_copy(object_peek)) < 2 ||
	    !jv_object_has(jv_copy(object_peek), jv_copy(key_peek)))
		return jv_invalid();
	jv keys = jv_keys(jv_copy(object_peek)), other = jv_invalid();
	int count = jv_array_length(jv_copy(keys));
	for (int i = 0; i < count && !jv_is_valid(other); i++) {
		jv key = jv_array_get(jv_copy(keys), i);
		if (jv_equal(jv_copy(key), jv_copy(key_peek)))
			other = jv_array_get(jv_copy(keys), (i + 1) % count);
		jv_free(key);
	}
	jv_free(keys);
	return other;
}

/* The same for the object or those inside it, the nearest one first. */
static jv
other_name(jv object_peek, jv key_peek, int depth)
{
	jv found = other_key(object_peek, key_peek);

	if (jv_is_valid(found) || depth == 0 || jv_get_kind(object_peek) != JV_KIND_OBJECT ||
	    (depth < DEPTH && jv_object_length(jv_copy(object_peek)) > WIDTH))
		return found;
	jv_object_foreach(object_peek, name, part) {
		if (!jv_is_valid(found) && jv_get_kind(part) == JV_KIND_OBJECT) {
			jv_free(found);
			found = other_name(part, key_peek, depth - 1);
		}
		jv_free(name);
		jv_free(part);
	}
	return found;
}

/* What a reference might be confused with: the state has something of that name,
 * and beside it something else. An invalid jv when the value names nothing. */
static jv
other_reference(jv state_peek, jv value_peek)
{
	jv_kind kind = jv_get_kind(value_peek);
	jv found = jv_invalid();

	if (kind != JV_KIND_STRING && kind != JV_KIND_NUMBER)
		return found;
	jv key = kind == JV_KIND_STRING ? jv_copy(value_peek) :
	    jv_dump_string(jv_copy(value_peek), 0);
	jv_free(found);
	found = other_name(state_peek, key, DEPTH);
	if (jv_is_valid(found) && kind == JV_KIND_NUMBER) {
		double number = strtod(jv_string_value(found), NULL);
		jv_free(found);
		found = jv_number(number);
	}
	jv_free(key);
	return found;
}

/* Do two events speak of the same thing: is each reference in the one the same in
 * the other, if it has it? */
static bool
same_subject(jv state_peek, jv a_peek, jv b_peek)
{
	bool same = true;

	jv_object_foreach(a_peek, key, value) {
		jv other = jv_object_get(jv_copy(b_peek), key);
		if (same && jv_is_valid(other) &&
		    !jv_equal(jv_copy(other), jv_copy(value))) {
			jv reference = other_reference(state_peek, value);
			same = !jv_is_valid(reference);
			jv_free(reference);
		}
		jv_free(other);
		jv_free(value);
	}
	return same;
}

/* The latest value before that an event about the same had in this field, and that
 * was another. */
static jv
older_value(const struct making *making, const struct pd_mutation_scene *scene)
{
	int count = jv_array_length(jv_copy(scene->earlier));

	for (int i = count - 1; i >= 0; i--) {
		jv event = jv_array_get(jv_copy(scene->earlier), i);
		jv value = pd_json_peek(event, making->field);
		bool found = jv_is_valid(value) &&
		    !jv_equal(jv_copy(value), jv_copy(making->from)) &&
		    same_subject(scene->state, making->event, event);
		jv_free(event);
		if (found)
			return value;
		jv_free(value);
	}
	return jv_invalid();
}

static void
change_field(struct making *making, const struct pd_mutation_scene *scene)
{
	jv other = other_reference(scene->state, making->from);
	jv older = jv_is_valid(other) ? jv_invalid() : older_value(making, scene);

	making->tried = jv_array();
	change_by_kind(making);
	if (jv_is_valid(other))
		try_value(making, "event", "wrong_reference", other);
	if (jv_is_valid(older))
		try_value(making, "staleness", "older", older);
	jv mutant = pd_json_set_string(describe(making, "omission", "field"), "field",
	    making->field);
	add(making, pd_json_set(mutant, "from", jv_copy(making->from)));
	jv_free(making->tried);
}

/*
 * Events.
 */

/* The type after this one among all that were seen. */
static void
retype(struct making *making, const struct pd_mutation_scene *scene)
{
	jv type = pd_json_peek(making->event, "type");
	jv other = other_key(scene->types, type);

	if (jv_is_valid(other)) {
		jv mutant = pd_json_set(describe(making, "event", "retype"), "from",
		    jv_copy(type));
		add(making, pd_json_set(mutant, "to", other));
	}
	jv_free(type);
}

static void
change_event(struct making *making, const struct pd_mutation_scene *scene)
{
	jv_object_foreach(making->event, key, value) {
		if (strcmp(jv_string_value(key), "type") != 0) {
			making->field = jv_string_value(key);
			making->from = value;
			change_field(making, scene);
		}
		jv_free(key);
		jv_free(value);
	}
	add(making, describe(making, "omission", "event"));
	add(making, describe(making, "event", "duplicate"));
	retype(making, scene);
}

/*
 * Answers.
 */

/* The field of the command that has this value, its type included, or an invalid jv. */
static jv
argument_of(jv command_peek, jv value_peek)
{
	jv found = jv_invalid();

	jv_object_foreach(command_peek, key, value) {
		bool same = jv_equal(value, jv_copy(value_peek));
		if (same && !jv_is_valid(found))
			found = key;
		else
			jv_free(key);
	}
	return found;
}

/* An answer to another command of the same type, as it would be to this one: what
 * repeats an argument repeats this one's. */
static jv
adapt(jv events, jv answered_peek, jv command_peek)
{
	jv result = jv_array();

	jv_array_foreach(events, i, event) {
		jv adapted = jv_copy(event);
		jv_object_foreach(event, key, value) {
			jv argument = strcmp(jv_string_value(key), "type") == 0 ?
			    jv_invalid() : argument_of(answered_peek, value);
			jv mine = jv_is_valid(argument) ?
			    jv_object_get(jv_copy(command_peek), argument) : jv_invalid();
			if (jv_is_valid(mine))
				adapted = jv_object_set(adapted, jv_copy(key), mine);
			jv_free(key);
			jv_free(value);
		}
		jv_free(event);
		result = jv_array_append(result, adapted);
	}
	jv_free(events);
	return result;
}

/* Add what a command was answered, as an answer to this one, unless there is one of its
 * type already: tried. */
static void
try_answer(struct making *making, const struct pd_mutation_scene *scene, jv type_peek,
    jv answer_peek)
{
	const char *type = pd_json_peek_string(making->event, "type", "");

	if (strcmp(jv_string_value(type_peek), type) == 0 ||
	    pd_json_has_peek(making->tried, jv_string_value(type_peek)))
		return;
	making->tried = jv_object_set(making->tried, jv_copy(type_peek), jv_true());
	jv answered = pd_json_peek(answer_peek, "command");
	jv events = adapt(pd_json_peek(answer_peek, "events"), answered, scene->command);
	jv mutant = pd_json_set(describe(making, "status", "answer"), "from",
	    jv_string(type));
	mutant = pd_json_set(mutant, "answer", jv_copy(type_peek));
	add(making, pd_json_set(mutant, "to", events));
	jv_free(answered);
}

static void
try_answers(struct making *making, const struct pd_mutation_scene *scene,
    jv answers_peek, jv wanted_peek)
{
	if (jv_get_kind(answers_peek) != JV_KIND_OBJECT)
		return;
	jv_object_foreach(answers_peek, type, answer) {
		if (!jv_is_valid(wanted_peek) ||
		    pd_json_peek_number(wanted_peek, jv_string_value(type), 0) > 1)
			try_answer(making, scene, type, answer);
		jv_free(type);
		jv_free(answer);
	}
}

/* How many types of commands have an answer of each type: {EVENT: number}. */
static jv
shared_answers(jv answers_peek)
{
	jv shared = jv_object();

	jv_object_foreach(answers_peek, command, answers) {
		jv_object_foreach(answers, type, answer) {
			const char *name = jv_string_value(type);
			shared = pd_json_set_number(shared, name,
			    pd_json_peek_number(shared, name, 0) + 1);
			jv_free(type);
			jv_free(answer);
		}
		jv_free(command);
		jv_free(answers);
	}
	return shared;
}

/* Success where it failed, and failure where it succeeded: the other answers that
 * commands of this type got, and those that commands of several types get, as a
 * refusal is. */
static void
change_status(struct making *making, const struct pd_mutation_scene *scene)
{
	jv shared = jv_get_kind(scene->answers) == JV_KIND_OBJECT ?
	    shared_answers(scene->answers) : jv_object();
	jv own = pd_json_peek(scene->answers,
	    pd_json_peek_string(scene->command, "type", ""));

	making->tried = jv_object();
	try_answers(making, scene, own, jv_invalid());
	jv_free(own);
	if (jv_get_kind(scene->answers) == JV_KIND_OBJECT) {
		jv_object_foreach(scene->answers, command, answers) {
			try_answers(making, scene, answers, shared);
			jv_free(command);
			jv_free(answers);
		}
	}
	jv_free(making->tried);
	jv_free(shared);
}

static void
change_answer(struct making *making, jv events_peek,
    const struct pd_mutation_scene *scene)
{
	int count = jv_array_length(jv_copy(events_peek));

	if (jv_is_valid(scene->command))
		change_status(making, scene);
	for (making->index = 0; making->index + 1 < count; making->index++)
		add(making, describe(making, "event", "swap"));
	making->index = 0;
	if (!scene->first)
		add(making, describe(making, "order", "early"));
	if (!scene->last)
		add(making, describe(making, "order", "late"));
}

jv
pd_mutations(jv events, const struct pd_mutation_scene *scene)
{
	struct making making = {.mutants = jv_array()};
	int count = jv_array_length(jv_copy(events));

	for (int i = 0; i < count; i++) {
		making.event = jv_array_get(jv_copy(events), i);
		making.index = i;
		change_event(&making, scene);
		jv_free(making.event);
	}
	if (count > 0) {
		making.event = jv_array_get(jv_copy(events), 0);
		making.index = 0;
		change_answer(&making, events, scene);
		jv_free(making.event);
	}
	return making.mutants;
}

/*
 * Applying one.
 */
enum pd_mutation_place
pd_mutation_place(jv mutant)
{
	const char *change = pd_json_peek_string(mutant, "change", "");

	if (strcmp(pd_json_peek_string(mutant, "operator", ""), "order") != 0)
		return PD_MUTATION_HERE;
	return strcmp(change, "early") == 0 ? PD_MUTATION_EARLY : PD_MUTATION_LATE;
}

/* The same with the events from first on, so many of them, replaced by others. */
static jv
splice(jv events, int first, int count, jv others)
{
	int length = jv_array_length(jv_copy(events));
	jv head = jv_array_slice(jv_copy(events), 0, first);
	jv tail = jv_array_slice(events, first + count, length);

	return jv_array_concat(jv_array_concat(head, others), tail);
}

static jv
apply_to_event(jv mutant, jv event)
{
	const char *field = pd_json_peek_string(mutant, "field", NULL);
	const char *change = pd_json_peek_string(mutant, "change", "");
	jv to = pd_json_peek(mutant, "to");

	if (field != NULL && jv_is_valid(to))
		return JV_ARRAY(pd_json_set(event, field, to));
	if (field != NULL) {
		jv_free(to);
		return JV_ARRAY(jv_object_delete(event, jv_string(field)));
	}
	if (strcmp(change, "retype") == 0)
		return JV_ARRAY(pd_json_set(event, "type", to));
	jv_free(to);
	if (strcmp(change, "duplicate") == 0)
		return JV_ARRAY(jv_copy(event), event);
	jv_free(event);		/* omitted */
	return jv_array();
}

jv
pd_mutation_apply(jv mutant, jv events)
{
	const char *operator = pd_json_peek_string(mutant, "operator", "");
	const char *change = pd_json_peek_string(mutant, "change", "");
	int index = (int)pd_json_peek_number(mutant, "index", 0);
	bool swap = strcmp(change, "swap") == 0;

	if (index + (swap ? 1 : 0) >= jv_array_length(jv_copy(events))) {
		jv_free(events);
		return jv_invalid();
	}
	if (strcmp(operator, "order") == 0)
		return events;
	if (strcmp(operator, "status") == 0) {
		jv_free(events);
		return pd_json_peek(mutant, "to");
	}
	jv event = jv_array_get(jv_copy(events), index);
	if (!swap)
		return splice(events, index, 1, apply_to_event(mutant, event));
	jv next = jv_array_get(jv_copy(events), index + 1);
	return splice(events, index, 2, JV_ARRAY(next, event));
}

bool
pd_mutation_is_live(jv mutant)
{
	static const char *const operators[] = {"value", "boundary", "omission", NULL};
	static const char *const changes[] = {"duplicate", "swap", "retype", NULL};
	const char *operator = pd_json_peek_string(mutant, "operator", "");
	const char *change = pd_json_peek_string(mutant, "change", "");

	for (int i = 0; operators[i] != NULL; i++) {
		if (strcmp(operator, operators[i]) == 0)
			return true;
	}
	for (int i = 0; changes[i] != NULL; i++) {
		if (strcmp(change, changes[i]) == 0)
			return true;
	}
	return false;
}

static bool
same_field(jv a, jv b, const char *name)
{
	return strcmp(pd_json_peek_string(a, name, ""),
	    pd_json_peek_string(b, name, "")) == 0;
}

/* The mutant of these events that does the same; an invalid jv if there is none. */
static jv
find_same(jv mutant, jv events_peek)
{
	struct pd_mutation_scene scene = {.command = jv_invalid(), .state = jv_null(),
		.earlier = jv_array(), .answers = jv_null(), .types = jv_null()};
	jv mutants = pd_mutations(events_peek, &scene), found = jv_invalid();

	jv_array_foreach(mutants, i, other) {
		if (!jv_is_valid(found) && same_field(other, mutant, "operator") &&
		    same_field(other, mutant, "change") && same_field(other, mutant, "field") &&
		    same_field(other, mutant, "event") &&
		    pd_json_peek_number(other, "index", 0) ==
		    pd_json_peek_number(mutant, "index", 0))
			found = other;
		else
			jv_free(other);
	}
	jv_free(mutants);
	jv_free(scene.earlier);
	return found;
}

jv
pd_mutation_apply_live(jv mutant, jv events)
{
	if (strcmp(pd_json_peek_string(mutant, "change", ""), "retype") == 0)
		return pd_mutation_apply(mutant, events);
	jv same = pd_mutation_is_live(mutant) ? find_same(mutant, events) : jv_invalid();
	if (!jv_is_valid(same)) {
		jv_free(events);
		return same;
	}
	events = pd_mutation_apply(same, events);
	jv_free(same);
	return events;
}
