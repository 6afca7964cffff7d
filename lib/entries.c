/* SPDX-License-Identifier: MIT */
#include "entries.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"

struct pd_known_entry {
	char *command;
	struct pd_entry entry;
};

void
pd_entries_start(struct pd_entries *entries, struct pd_model *model)
{
	*entries = (struct pd_entries){.model = model, .none = pd_entry_read(jv_invalid())};
}

void
pd_entries_free(struct pd_entries *entries)
{
	for (size_t i = 0; i < entries->count; i++) {
		free(entries->list[i].command);
		pd_entry_free(&entries->list[i].entry);
	}
	free(entries->list);
	pd_entry_free(&entries->none);
}

static const struct pd_entry *
add(struct pd_entries *entries, const char *command, jv entry)
{
	entries->list = pd_reallocate(entries->list, entries->count + 1,
	    sizeof(*entries->list));
	struct pd_known_entry *known = &entries->list[entries->count++];
	known->command = pd_duplicate(command);
	known->entry = pd_entry_read(entry);
	return &known->entry;
}

const struct pd_entry *
pd_entries_find(struct pd_entries *entries, jv state, const char *command)
{
	const struct pd_entry *found = &entries->none;
	struct pd_error ignored;

	for (size_t i = 0; i < entries->count; i++) {
		if (strcmp(entries->list[i].command, command) == 0)
			return &entries->list[i].entry;
	}
	if (!jv_is_valid(state))
		return found;
	jv commands = pd_model_commands(entries->model, state, &ignored);
	jv entry = jv_is_valid(commands) ? pd_json_peek(commands, command) :
	    jv_invalid();
	if (jv_is_valid(entry))
		found = add(entries, command, entry);
	jv_free(entry);
	jv_free(commands);
	return found;
}
