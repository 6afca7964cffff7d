/* SPDX-License-Identifier: MIT */
#include "specification.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"
#include "specification_kind.h"
#include "text.h"

static struct pd_specification *
make(const struct pd_specification_kind *kind, struct pd_model *model)
{
	struct pd_specification *specification = pd_allocate(1, sizeof(*specification));

	*specification = (struct pd_specification){.kind = kind, .model = model,
		.values = PD_INTERNER_INIT, .states = PD_INTERNER_INIT,
		.actions = PD_INTERNER_INIT, .kept_states = jv_array(),
		.kept_actions = jv_array()};
	return specification;
}

struct pd_specification *
pd_specification_of_model(struct pd_model *model)
{
	return make(&pd_modelled, model);
}

struct pd_specification *
pd_specification_named(const char *name, struct pd_error *error)
{
	static const struct pd_specification_kind *const kinds[] = {&pd_register,
		&pd_cas_register, &pd_counter, &pd_set, &pd_queue, &pd_stack, &pd_kv};
	enum { COUNT = sizeof(kinds) / sizeof(kinds[0]) };
	const char *names[COUNT];

	for (size_t i = 0; i < COUNT; i++) {
		if (strcmp(kinds[i]->name, name) == 0)
			return make(kinds[i], NULL);
		names[i] = kinds[i]->name;
	}
	pd_error_set(error, "there is no specification '%s'", name);
	const char *near = pd_nearest(name, names, COUNT);
	pd_error_hint(error, "%s%s%sregister, cas-register, counter, set, queue, "
	    "stack or kv; a model of your own is given with -m",
	    near != NULL ? "did you mean '" : "", near != NULL ? near : "",
	    near != NULL ? "'? There are " : "");
	return NULL;
}

/* Everything that numbers stand for. */
static void
empty(struct pd_specification *specification)
{
	pd_interner_free(&specification->values);
	pd_interner_free(&specification->states);
	pd_interner_free(&specification->actions);
	jv_free(specification->kept_states);
	jv_free(specification->kept_actions);
	free(specification->traits);
	free(specification->transitions);
}

void
pd_specification_close(struct pd_specification *specification)
{
	if (specification == NULL)
		return;
	empty(specification);
	free(specification);
}

void
pd_specification_forget(struct pd_specification *specification)
{
	bool judges = specification->judges;
	struct pd_specification *fresh = make(specification->kind, specification->model);

	empty(specification);
	*specification = *fresh;
	specification->judges = judges;
	free(fresh);
}

const char *
pd_specification_name(const struct pd_specification *specification)
{
	return specification->model != NULL ?
	    pd_model_name(specification->model) : specification->kind->name;
}

int32_t
pd_specification_start(struct pd_specification *specification, jv initial,
    jv key, struct pd_error *error)
{
	return specification->kind->start(specification, initial, key, error);
}

jv
pd_specification_keys(struct pd_specification *specification, jv command,
    struct pd_error *error)
{
	return specification->kind->keys(specification, command, error);
}

int32_t
pd_specification_action(struct pd_specification *specification, jv command,
    jv events, struct pd_error *error)
{
	return specification->kind->action(specification, command, events, error);
}

struct pd_traits
pd_specification_traits(const struct pd_specification *specification,
    int32_t action)
{
	return specification->traits[action];
}

jv
pd_specification_state(struct pd_specification *specification, int32_t state)
{
	return specification->kind->state(specification, state);
}

jv
pd_specification_expected(struct pd_specification *specification, int32_t state,
    int32_t action)
{
	return specification->kind->expected(specification, state, action);
}

bool
pd_specification_judges(const struct pd_specification *specification)
{
	return specification->judges;
}

size_t
pd_specification_memory(const struct pd_specification *specification)
{
	return pd_interner_memory(&specification->values) +
	    pd_interner_memory(&specification->states) +
	    pd_interner_memory(&specification->actions) +
	    specification->kept_bytes +
	    specification->traits_room * sizeof(*specification->traits) +
	    specification->transition_slots * sizeof(*specification->transitions);
}

/*
 * Remembered steps.
 */
/* The slot of a step, or the free one where it belongs. */
static struct pd_transition *
find_transition(const struct pd_specification *specification, int32_t state,
    int32_t action)
{
	size_t mask = specification->transition_slots - 1;
	uint64_t mixed = ((uint64_t)(uint32_t)state << 32 | (uint32_t)action) *
	    UINT64_C(0x9e3779b97f4a7c15);
	size_t slot = (size_t)(mixed >> 32) & mask;

	for (;; slot = (slot + 1) & mask) {
		struct pd_transition *found = &specification->transitions[slot];
		if (found->state < 0 || (found->state == state && found->action == action))
			return found;
	}
}

static void
grow_transitions(struct pd_specification *specification)
{
	struct pd_transition *old = specification->transitions;
	size_t count = specification->transition_slots;

	specification->transition_slots = count == 0 ? 256 : 2 * count;
	specification->transitions = pd_allocate(specification->transition_slots,
	    sizeof(*old));
	for (size_t i = 0; i < specification->transition_slots; i++)
		specification->transitions[i].state = -1;
	for (size_t i = 0; i < count; i++) {
		if (old[i].state >= 0)
			*find_transition(specification, old[i].state, old[i].action) = old[i];
	}
	free(old);
}

int32_t
pd_specification_step(struct pd_specification *specification, int32_t state,
    int32_t action, struct pd_error *error)
{
	if (specification->kind->direct)
		return specification->kind->step(specification, state, action, error);
	if (2 * specification->transition_count >= specification->transition_slots)
		grow_transitions(specification);
	struct pd_transition *found = find_transition(specification, state, action);
	if (found->state >= 0)
		return found->next;
	int32_t next = specification->kind->step(specification, state, action, error);
	if (next != PD_BROKEN) {
		*found = (struct pd_transition){state, action, next};
		specification->transition_count++;
	}
	return next;
}

/*
 * What the built-in types have in common.
 */
int32_t
pd_builtin_intern(struct pd_specification *specification,
    const struct pd_builtin_action *action, struct pd_traits traits)
{
	specification->judges = true;
	return pd_specification_intern(specification, action, sizeof(*action), traits);
}

int32_t
pd_specification_intern(struct pd_specification *specification,
    const void *bytes, size_t length, struct pd_traits traits)
{
	int32_t number = pd_intern(&specification->actions, bytes, length);
	size_t at = (size_t)number;

	if (at >= specification->traits_room) {
		specification->traits_room = at < 16 ? 32 : 2 * at;
		specification->traits = pd_reallocate(specification->traits,
		    specification->traits_room, sizeof(*specification->traits));
	}
	specification->traits[at] = traits;
	return number;
}

struct pd_builtin_action
pd_builtin_action(const struct pd_specification *specification, int32_t action)
{
	struct pd_builtin_action result;
	size_t length;

	memcpy(&result, pd_interned(&specification->actions, action, &length),
	    sizeof(result));
	return result;
}

bool
pd_builtin_is(jv command, const char *name)
{
	const char *type = pd_json_peek_string(command, "type", "");

	for (; *type != '\0'; type++) {
		if (*type == '-' || *type == '_')
			continue;
		if (tolower((unsigned char)*type) != *name)
			return false;
		name++;
	}
	return *name == '\0';
}

int32_t
pd_builtin_refuse(const struct pd_specification *specification, jv command,
    const char *commands, struct pd_error *error)
{
	pd_error_set(error, "%s has no command '%s'", specification->kind->name,
	    pd_json_peek_string(command, "type", ""));
	pd_error_hint(error, "its commands are %s", commands);
	return PD_BROKEN;
}

jv
pd_builtin_argument(const struct pd_specification *specification, jv command,
    const char *field, struct pd_error *error)
{
	jv value = pd_json_peek(command, field);

	if (!jv_is_valid(value)) {
		pd_error_set(error, "%s: %s without '%s'", specification->kind->name,
		    pd_json_peek_string(command, "type", ""), field);
		pd_error_hint(error, "the command needs a field '%s'", field);
	}
	return value;
}

jv
pd_builtin_result(jv events, const char *field)
{
	jv result = jv_invalid();
	int count = jv_array_length(jv_copy(events));

	for (int i = 0; i < count && !jv_is_valid(result); i++) {
		jv event = jv_array_get(jv_copy(events), i);
		jv_free(result);
		result = pd_json_peek(event, field);
		jv_free(event);
	}
	return result;
}

int32_t
pd_builtin_without(const struct pd_specification *specification, jv command,
    const char *field, struct pd_error *error)
{
	pd_error_set(error, "%s: no event of %s has a field '%s'",
	    specification->kind->name, pd_json_peek_string(command, "type", ""), field);
	pd_error_hint(error, "what was answered is an event with '%s'; leave the "
	    "events out if nobody knows", field);
	return PD_BROKEN;
}

/* Numbers are equal however they are written, unless a double cannot tell. */
int32_t
pd_builtin_value(struct pd_specification *specification, jv value)
{
	if (jv_get_kind(value) == JV_KIND_NUMBER &&
	    fabs(jv_number_value(value)) < 9007199254740992.0) {
		double number = jv_number_value(value);
		jv_free(value);
		value = jv_number(number);
	}
	jv text = pd_json_canonical(value);
	int32_t number = pd_intern(&specification->values, jv_string_value(text),
	    (size_t)jv_string_length_bytes(jv_copy(text)));

	jv_free(text);
	return number;
}

jv
pd_builtin_json(const struct pd_specification *specification, int32_t value)
{
	struct pd_error ignored;
	size_t length;
	const char *text = pd_interned(&specification->values, value, &length);

	return pd_json_parse(text, length, &ignored);
}
