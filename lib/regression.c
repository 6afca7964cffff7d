/* SPDX-License-Identifier: MIT */
#include "regression.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "buffer.h"
#include "json.h"

/* A word of a shell in single quotes. */
static void
append_word(struct pd_buffer *text, const char *word)
{
	pd_buffer_text(text, "'");
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			pd_buffer_text(text, "'\\''");
		else
			pd_buffer_append(text, word, 1);
	}
	pd_buffer_text(text, "'");
}

/* Text on one line of a comment or a title: of plain letters only. */
static void
append_plain(struct pd_buffer *text, const char *words)
{
	for (; *words != '\0'; words++) {
		unsigned char letter = (unsigned char)*words;
		bool plain = letter >= ' ' && letter != 127 && strchr("\"\\`$", letter) == NULL;
		pd_buffer_append(text, plain ? words : "?", 1);
	}
}

static void
append_head(struct pd_buffer *text, const char *model, jv violation, int count)
{
	jv failure = pd_json_peek(violation, "failure");
	const char *check = pd_json_peek_string(failure, "name", "");

	pd_buffer_text(text, "#!/usr/bin/env bats\n# Written by pd-forensics: ");
	append_plain(text, pd_json_peek_string(violation, "file", ""));
	pd_buffer_format(text, ":%.0f, where a check of the model failed:\n# ",
	    pd_json_peek_number(violation, "line", 0));
	append_plain(text, pd_json_peek_string(failure, "message", ""));
	pd_buffer_text(text, "\n# The model finds it as long as this test passes. PD_MODEL names"
	    " another model.\n\n@test \"check ");
	append_plain(text, check);
	pd_buffer_format(text, " fails at event %d\" {\n  run pd-check -m \"${PD_MODEL:-$model}\""
	    " \"$BATS_TEST_TMPDIR/events\"\n  echo \"$output\"\n  [ \"$status\" -eq 1 ]\n"
	    "  jq -es --argjson n %d --arg check ", count, count);
	append_word(text, check);
	pd_buffer_text(text, " 'any(.[]; .type == \"check\" and .check == $check and"
	    " .pass == false and .n == $n)' \\\n    <<<\"$output\"\n}\n\n");
	pd_buffer_text(text, "setup() {\n  model=");
	append_word(text, model);
	pd_buffer_text(text, "\n  cat >\"$BATS_TEST_TMPDIR/events\" <<'EVENTS'\n");
	jv_free(failure);
}

int
pd_regression_write(const char *path, const char *model, jv violation, jv events,
    struct pd_error *error)
{
	struct pd_buffer text = PD_BUFFER_INIT;
	int count = jv_array_length(jv_copy(events));

	append_head(&text, model, violation, count);
	for (int i = 0; i < count; i++) {
		jv event = jv_array_get(jv_copy(events), i);
		pd_buffer_text(&text, "{\"type\":\"event\",\"run\":1,\"source\":\"production\",\"event\":");
		pd_json_append_peek(&text, event);
		pd_buffer_format(&text, ",\"at_us\":0,\"n\":%d}\n", i + 1);
		jv_free(event);
	}
	jv_free(events);
	pd_buffer_text(&text, "EVENTS\n}\n");
	FILE *file = fopen(path, "w");
	int failure = file == NULL ? errno : 0;
	if (file != NULL && fwrite(text.data, 1, text.length, file) != text.length)
		failure = errno;
	if (file != NULL && fclose(file) != 0 && failure == 0)
		failure = errno;
	pd_buffer_free(&text);
	return failure == 0 ? 0 : pd_error_at(error, path, 0, "%s", strerror(failure));
}
