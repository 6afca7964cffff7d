/* SPDX-License-Identifier: MIT */
#include "specification.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
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

int
pd_specification_check(struct pd_specification *specification, jv command,
    jv events, struct pd_error *error)
{
	if (specification->model != NULL)
		return 0;
	if (pd_specification_action(specification, command, events, error) == PD_BROKEN)
		return -1;
	jv keys = pd_specification_keys(specification, command, error);
	bool good = jv_is_valid(keys);
	jv_free(keys);
	return good ? 0 : -1;
}

struct pd_traits
pd_specification_traits(const struct pd_specification *specification,
    int32_t action)
{
	return specification->traits[action];
}

int32_t
pd_specification_happened(struct pd_specification *specification,
    int32_t number)
{
	struct pd_builtin_action action = pd_builtin_action(specification, number);

	action.told = PD_TOLD_NOTHING;
	return pd_builtin_intern(specification, &action, specification->traits[number]);
}

int32_t
pd_specification_unseen(struct pd_specification *specification, int32_t action)
{
	return specification->kind->unseen != NULL ?
	    specification->kind->unseen(specification, action) : action;
}

bool
pd_specification_is_empty(struct pd_specification *specification, int32_t state)
{
	jv content = pd_specification_state(specification, state);
	bool empty = jv_get_kind(content) == JV_KIND_ARRAY &&
	    jv_array_length(jv_copy(content)) == 0;

	jv_free(content);
	return empty;
}

jv
pd_specification_value(const struct pd_specification *specification,
    int32_t value)
{
	return pd_builtin_json(specification, value);
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
	/* Tables grow into others of twice the size. */
	return pd_interner_memory(&specification->values) +
	    pd_interner_memory(&specification->states) +
	    pd_interner_memory(&specification->actions) +
	    specification->kept_bytes +
	    specification->traits_room * sizeof(*specification->traits) +
	    3 * specification->transition_slots * sizeof(*specification->transitions);
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
