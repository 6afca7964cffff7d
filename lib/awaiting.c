/* SPDX-License-Identifier: MIT */
#include "awaiting.h"

#include <stdlib.h>

#include "buffer.h"
#include "conform.h"

void
pd_awaiting_add(struct pd_awaiting *awaiting, struct pd_journal_place place,
    jv matches)
{
	jv_array_foreach(matches, i, match) {
		if (awaiting->count == awaiting->room) {
			awaiting->room = 2 * awaiting->room + 16;
			awaiting->list = pd_reallocate(awaiting->list, awaiting->room,
			    sizeof(*awaiting->list));
		}
		awaiting->list[awaiting->count++] = (struct pd_awaited){place, match, false};
	}
	jv_free(matches);
}

struct pd_journal_place
pd_awaiting_owner(struct pd_awaiting *awaiting, jv event)
{
	struct pd_journal_place owner = {NULL, -1};
	jv seen = JV_ARRAY(jv_copy(event));

	for (size_t i = 0; i < awaiting->count; i++) {
		struct pd_awaited *awaited = &awaiting->list[i];
		jv wanted = JV_ARRAY(jv_copy(awaited->match));
		bool fits = pd_conforms(wanted, seen);
		jv_free(wanted);
		if (!fits)
			continue;
		owner = awaited->place;
		if (!awaited->came) {
			awaited->came = true;
			break;
		}
	}
	jv_free(seen);
	return owner;
}

void
pd_awaiting_free(struct pd_awaiting *awaiting)
{
	for (size_t i = 0; i < awaiting->count; i++)
		jv_free(awaiting->list[i].match);
	free(awaiting->list);
	*awaiting = (struct pd_awaiting)PD_AWAITING_INIT;
}
