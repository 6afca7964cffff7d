/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"
#include "reader.h"

jv
pd_stream_header(const char *producer)
{
	jv header = pd_json_set_string(jv_object(), "type", "stream");

	header = pd_json_set_number(header, "version", PD_STREAM_VERSION);
	return pd_json_set_string(header, "producer", producer);
}

char *
pd_url_without_secrets(const char *url)
{
	const char *scheme = strstr(url, "://");

	if (scheme == NULL)
		return pd_duplicate(url);
	const char *host = scheme + 3;
	const char *at = memchr(host, '@', strcspn(host, "/?#"));
	if (at == NULL)
		return pd_duplicate(url);
	return pd_format("%.*s%s", (int)(host - url), url, at + 1);
}

jv
pd_stream_add_program(jv header, int argc, char **argv)
{
	jv pipeline = pd_json_peek(header, "pipeline");
	const char *slash = strrchr(argv[0], '/');
	jv words = JV_ARRAY(jv_string(slash != NULL ? slash + 1 : argv[0]));

	for (int i = 1; i < argc; i++) {
		char *word = pd_url_without_secrets(argv[i]);
		words = jv_array_append(words, jv_string(word));
		free(word);
	}
	if (jv_get_kind(pipeline) != JV_KIND_ARRAY) {
		jv_free(pipeline);
		pipeline = jv_array();
	}
	return pd_json_set(header, "pipeline", jv_array_append(pipeline, words));
}

void
pd_counts_start(struct pd_counts *counts)
{
	*counts = (struct pd_counts){.fired = jv_object(), .problems = jv_array()};
}

void
pd_counts_free(struct pd_counts *counts)
{
	jv_free(counts->fired);
	jv_free(counts->problems);
}

static void
add_fired(struct pd_counts *counts, jv fired)
{
	if (jv_get_kind(fired) == JV_KIND_OBJECT) {
		jv_object_foreach(fired, check, times) {
			double before = pd_json_peek_number(counts->fired,
			    jv_string_value(check), 0);
			counts->fired = jv_object_set(counts->fired, check,
			    jv_number(before + (jv_get_kind(times) == JV_KIND_NUMBER ?
			    jv_number_value(times) : 0)));
			jv_free(times);
		}
	}
	jv_free(fired);
}

void
pd_counts_run(struct pd_counts *counts, jv run_end)
{
	const char *status = pd_json_peek_string(run_end, "status", "");

	counts->runs++;
	if (strcmp(status, "pass") == 0)
		counts->passed++;
	else if (strcmp(status, "fail") == 0)
		counts->failed++;
	else if (strcmp(status, "aborted") == 0)
		counts->aborted++;
	else
		counts->errors++;
	counts->commands += (int64_t)pd_json_peek_number(run_end, "commands", 0);
	counts->events += (int64_t)pd_json_peek_number(run_end, "events", 0);
	add_fired(counts, pd_json_peek(run_end, "fired"));
}

/* The same problem may have been told upstream already. */
static jv
add_problem(jv problems, jv problem)
{
	bool known = false;

	jv_array_foreach(problems, i, other) {
		known = known || jv_equal(jv_copy(other), jv_copy(problem));
		jv_free(other);
	}
	if (!known)
		return jv_array_append(problems, problem);
	jv_free(problem);
	return problems;
}

void
pd_counts_problem(struct pd_counts *counts, const char *format, ...)
{
	char text[2048];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	counts->problems = add_problem(counts->problems, jv_string(text));
}

void
pd_counts_upstream(struct pd_counts *counts, jv end)
{
	jv problems = pd_json_peek(end, "problems");
	jv reported = pd_json_peek(end, "counts");

	if (jv_get_kind(problems) == JV_KIND_ARRAY) {
		jv_array_foreach(problems, i, problem) {
			counts->problems = add_problem(counts->problems, problem);
		}
	}
	jv_free(problems);
	counts->rejected += (int64_t)pd_json_peek_number(reported, "rejected", 0);
	jv_free(reported);
}

void
pd_counts_input(struct pd_counts *counts, const struct pd_reader *reader)
{
	if (pd_reader_cut_off(reader))
		pd_counts_problem(counts, "the input was cut off: it has a stream header "
		    "but no end record");
}

void
pd_counts_close(struct pd_counts *counts)
{
	if (counts->errors > 0)
		pd_counts_problem(counts, "%lld of %lld runs could not be judged: "
		    "see their failures", (long long)counts->errors,
		    (long long)counts->runs);
}

int
pd_counts_status(const struct pd_counts *counts)
{
	if (counts->failed > 0)
		return 1;
	if (counts->errors > 0 || jv_array_length(jv_copy(counts->problems)) > 0)
		return 2;
	return 0;
}

jv
pd_stream_end(const struct pd_counts *counts, int status)
{
	const struct {
		const char *name;
		int64_t value;
	} numbers[] = {
		{"runs", counts->runs}, {"passed", counts->passed},
		{"failed", counts->failed}, {"errors", counts->errors},
		{"aborted", counts->aborted}, {"commands", counts->commands},
		{"events", counts->events}, {"rejected", counts->rejected},
	};
	jv totals = jv_object();
	jv end = pd_json_set_number(pd_json_set_string(jv_object(), "type", "end"),
	    "status", status);

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		totals = pd_json_set_number(totals, numbers[i].name,
		    (double)numbers[i].value);
	end = pd_json_set(end, "counts", totals);
	end = pd_json_set(end, "fired", jv_copy(counts->fired));
	if (jv_array_length(jv_copy(counts->problems)) > 0)
		end = pd_json_set(end, "problems", jv_copy(counts->problems));
	return end;
}
