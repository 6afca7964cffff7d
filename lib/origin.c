/* SPDX-License-Identifier: MIT */
#include "origin.h"

#include <stddef.h>
#include <string.h>

#include "json.h"

bool
pd_origin_is_answer(jv record)
{
	static const char *const answers[] = {"command", "injected", "presumed"};
	const char *source = pd_json_peek_string(record, "source", "command");

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (strcmp(source, answers[i]) == 0)
			return true;
	}
	return false;
}

bool
pd_origin_is_folded(jv record)
{
	return strcmp(pd_json_peek_string(record, "source", ""), "stutter") != 0;
}
