/* SPDX-License-Identifier: MIT */
#include "journal.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"

enum {
	EXCHANGE_LIMIT = 1 << 20,	/* bytes of a command's requests and replies */
	FIELD_LIMIT = 1000,		/* of a field in them, when they are longer */
};

static void
start_record(const struct pd_journal *journal, const char *type,
    struct pd_journal_place place)
{
	struct pd_writer *writer = journal->writer;

	pd_writer_start(writer, type);
	pd_writer_number(writer, "run", journal->run);
	if (place.id != NULL)
		pd_writer_string(writer, "id", place.id);
	if (place.branch >= 0)
		pd_writer_number(writer, "branch", place.branch);
}

/* A value of the model's or the system's, without its secrets. */
static void
write_value(const struct pd_journal *journal, const char *name, jv value)
{
	jv shown = pd_redact(journal->redaction, jv_copy(value));

	pd_writer_json_peek(journal->writer, name, shown);
	jv_free(shown);
}

void
pd_journal_start(const struct pd_journal *journal, int64_t attempt,
    const char *nonce, const char *target, const char *line, size_t length)
{
	struct pd_writer *writer = journal->writer;

	pd_writer_start(writer, "run_start");
	pd_writer_number(writer, "run", journal->run);
	pd_writer_number(writer, "attempt", attempt);
	pd_writer_string(writer, "nonce", nonce);
	if (target != NULL)
		pd_writer_string(writer, "target", target);
	pd_buffer_text(&writer->buffer, ",\"sequence\":");
	pd_buffer_append(&writer->buffer, line, length);
	pd_writer_finish(writer);
}

/* A request or reply with its long fields cut; "cut" names them. */
static jv
cut_long_fields(jv message)
{
	jv result = jv_object(), names = jv_array();

	jv_object_foreach(message, name, value) {
		jv text = jv_dump_string(jv_copy(value), 0);
		if (jv_string_length_bytes(text) > FIELD_LIMIT) {
			char *excerpt = pd_json_excerpt(value, FIELD_LIMIT);
			value = jv_string(excerpt);
			free(excerpt);
			names = jv_array_append(names, jv_copy(name));
		}
		result = jv_object_set(result, name, value);
	}
	jv_free(message);
	return pd_json_set(result, "cut", names);
}

static jv
cut_exchanges(jv exchanges)
{
	int count = jv_array_length(jv_copy(exchanges));

	for (int i = 0; i < count; i++) {
		jv exchange = jv_array_get(jv_copy(exchanges), i);
		jv request = pd_json_peek(exchange, "request");
		jv reply = pd_json_peek(exchange, "reply");
		exchange = pd_json_set(exchange, "request", cut_long_fields(request));
		if (jv_is_valid(reply))
			exchange = pd_json_set(exchange, "reply", cut_long_fields(reply));
		exchanges = jv_array_set(exchanges, i, exchange);
	}
	return exchanges;
}

/* Times as records have them. */
static jv
count_from_start(const struct pd_journal *journal, jv exchanges)
{
	int count = jv_array_length(jv_copy(exchanges));

	for (int i = 0; i < count; i++) {
		jv exchange = jv_array_get(jv_copy(exchanges), i);
		double at = pd_json_peek_number(exchange, "at_us", 0);
		exchanges = jv_array_set(exchanges, i, pd_json_set_number(exchange, "at_us",
		    at - (double)journal->started));
	}
	return exchanges;
}

/* Requests and replies, cut where their line would be longer than readers
 * take. */
static void
write_exchanges(const struct pd_journal *journal, jv exchanges)
{
	struct pd_writer *writer = journal->writer;
	jv shown = pd_redact_exchanges(journal->redaction,
	    count_from_start(journal, jv_copy(exchanges)));
	size_t start = writer->buffer.length;

	pd_writer_json_peek(writer, "exchange", shown);
	if (writer->buffer.length - start > EXCHANGE_LIMIT) {
		writer->buffer.length = start;
		shown = cut_exchanges(shown);
		pd_writer_json_peek(writer, "exchange", shown);
	}
	jv_free(shown);
}

void
pd_journal_command(const struct pd_journal *journal,
    struct pd_journal_place place, jv command, const struct pd_answer *answer)
{
	struct pd_writer *writer = journal->writer;
	char text[2560];

	start_record(journal, "command", place);
	write_value(journal, "command", command);
	pd_writer_number(writer, "call_us", answer->call_us - journal->started);
	pd_writer_number(writer, "return_us", answer->return_us - journal->started);
	pd_writer_string(writer, "outcome", pd_outcome_name(answer->outcome));
	pd_writer_number(writer, "attempts", answer->attempts);
	if (answer->outcome != PD_OUTCOME_OK)
		pd_writer_string(writer, "reason",
		    pd_error_text(&answer->error, text, sizeof(text)));
	if (journal->exchanges)
		write_exchanges(journal, answer->exchanges);
	pd_writer_finish(writer);
}

static void
write_event(const struct pd_journal *journal, struct pd_journal_place place,
    const char *source, jv event, int64_t at, int64_t n)
{
	start_record(journal, "event", place);
	pd_writer_string(journal->writer, "source", source);
	write_value(journal, "event", event);
	pd_writer_number(journal->writer, "at_us", at - journal->started);
	pd_writer_number(journal->writer, "n", n);
}

void
pd_journal_event(const struct pd_journal *journal,
    struct pd_journal_place place, const char *source, jv event, int64_t at, int64_t n)
{
	if (journal->recorded != NULL) {
		const char *line = *journal->recorded;
		size_t length = strcspn(line, "\n");
		pd_writer_line(journal->writer, line, length);
		*journal->recorded = line + length + 1;
		return;
	}
	write_event(journal, place, source, event, at, n);
	pd_writer_finish(journal->writer);
}

void
pd_journal_repeat(const struct pd_journal *journal, struct pd_journal_place place,
    jv event, int64_t at, int64_t n, int attempt, bool same)
{
	write_event(journal, place, "stutter", event, at, n);
	pd_writer_number(journal->writer, "attempt", attempt);
	pd_writer_bool(journal->writer, "same", same);
	pd_writer_finish(journal->writer);
}

void
pd_journal_request(const struct pd_journal *journal, jv request)
{
	double at = pd_json_peek_number(request, "at_us", 0) - (double)journal->started;

	if (!journal->exchanges && !pd_json_peek_bool(request, "unmatched", false))
		return;
	jv record = jv_object_delete(jv_copy(request), jv_string("strict"));
	record = pd_json_set_number(record, "run", (double)journal->run);
	pd_writer_record(journal->writer, pd_redact(journal->redaction,
	    pd_json_set_number(record, "at_us", at)));
}

void
pd_journal_check(const struct pd_journal *journal,
    struct pd_journal_place place, const char *check, bool pass, jv message,
    jv data, int64_t n)
{
	struct pd_writer *writer = journal->writer;

	start_record(journal, "check", place);
	pd_writer_string(writer, "check", check);
	pd_writer_bool(writer, "pass", pass);
	pd_writer_json_peek(writer, "message", message);
	if (jv_is_valid(data))
		write_value(journal, "data", data);
	pd_writer_number(writer, "n", n);
	pd_writer_finish(writer);
}

void
pd_journal_pause(const struct pd_journal *journal,
    struct pd_journal_place place, jv command)
{
	start_record(journal, "pause", place);
	write_value(journal, "command", command);
	pd_writer_finish(journal->writer);
}
