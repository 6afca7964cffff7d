/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target on files, so that its corpus can be replayed without a
 * fuzzing compiler: replay-TARGET FILE... */
#include <err.h>
#include <stdint.h>
#include <stdio.h>

#include "buffer.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct pd_buffer content = PD_BUFFER_INIT;
		struct pd_error error;
		if (pd_read_file(argv[i], &content, &error) != 0)
			errx(2, "%s: %s", argv[i], error.message);
		LLVMFuzzerTestOneInput((const uint8_t *)content.data, content.length);
		pd_buffer_free(&content);
	}
	printf("%d replayed\n", argc - 1);
	return argc > 1 ? 0 : 2;
}
