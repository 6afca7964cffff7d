/* SPDX-License-Identifier: MIT */
/* Whatever bytes come, the reader accounts for every line that is not blank,
 * once and in order, be it as a record or as an error. */
#include <assert.h>
#include <ctype.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static long
count_lines(const uint8_t *data, size_t size)
{
	long count = 0;
	bool blank = true;

	for (size_t i = 0; i < size; i++) {
		blank = blank && isspace(data[i]);
		if (data[i] == '\n' || i + 1 == size) {
			count += !blank;
			blank = true;
		}
	}
	return count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pd_record record;
	struct pd_error error;
	FILE *file = tmpfile();
	long lines = 0, last = 0;
	enum pd_read result;

	assert(file != NULL && fwrite(data, 1, size, file) == size);
	rewind(file);
	struct pd_reader *reader = pd_reader_open_descriptor(fileno(file), "fuzz");
	while ((result = pd_reader_next(reader, &record, &error)) != PD_READ_END) {
		long number = result == PD_READ_RECORD ? record.number : error.line;
		assert(number > last);
		last = number;
		lines++;
		if (result == PD_READ_RECORD)
			jv_free(pd_record_parse(&record, &error));
	}
	assert(lines == count_lines(data, size));
	pd_reader_close(reader);
	fclose(file);
	return 0;
}
