/* SPDX-License-Identifier: MIT */
/* Preloaded into a program, notes at its exit how much memory it held at most:
 * a line "KIB" in PD_PEAK_FOLDER/NAME.PID. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void __attribute__((destructor))
note_peak(void)
{
	const char *folder = getenv("PD_PEAK_FOLDER");
	char path[4096], line[256];
	long peak = 0;
	FILE *status = fopen("/proc/self/status", "r");

	if (folder == NULL || status == NULL)
		return;
	while (fgets(line, sizeof(line), status) != NULL)
		if (strncmp(line, "VmHWM:", 6) == 0)
			peak = strtol(line + 6, NULL, 10);
	fclose(status);
	snprintf(path, sizeof(path), "%s/%s.%ld", folder,
	    program_invocation_short_name, (long)getpid());
	FILE *note = fopen(path, "w");
	if (note != NULL) {
		fprintf(note, "%ld\n", peak);
		fclose(note);
	}
}
