/* SPDX-License-Identifier: MIT */
/* Whatever a pattern draws, and its simplest text, it also matches. */
#include <assert.h>
#include <stdint.h>

#include "buffer.h"
#include "pattern.h"
#include "random.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_text(const struct pd_pattern *pattern, struct pd_random *random)
{
	struct pd_buffer text = PD_BUFFER_INIT;

	pd_buffer_text(&text, "");
	if (random != NULL)
		pd_pattern_draw(pattern, random, &text);
	else
		pd_pattern_simplest(pattern, &text);
	assert(text.length <= PD_PATTERN_LIMIT);
	assert(pd_pattern_matches(pattern, text.data, text.length));
	pd_buffer_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pd_error error;
	struct pd_random random;
	struct pd_buffer text = PD_BUFFER_INIT;

	pd_buffer_append(&text, data, size);
	struct pd_pattern *pattern = pd_pattern_compile(text.data, &error);
	pd_buffer_free(&text);
	if (pattern == NULL)
		return 0;
	pd_random_seed(&random, size, "fuzz");
	for (int i = 0; i < 3; i++)
		check_text(pattern, &random);
	check_text(pattern, NULL);
	pd_pattern_free(pattern);
	return 0;
}
