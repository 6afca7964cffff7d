/* SPDX-License-Identifier: MIT */
#include "overview.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "coverage.h"
#include "histogram.h"
#include "intern.h"
#include "json.h"
#include "observe.h"
#include "skim.h"

enum {
	COURSE = 64,		/* buckets, which are doubled when they are full */
	NAMES = 256,		/* commands that have a histogram, 15 KiB each */
	ANSWERS = 16,		/* different ones of a command that are told apart */
	SLOWEST = 10,
	SKETCH = 16,		/* nobody asks for interleavings here */
};

enum status { PASSED, FAILED, ERRORS, ABORTED, STATUSES };

enum outcome { OK, RETRY, TIMEOUT, ERROR, OUTCOMES };

static const char *const outcome_names[] = {"ok", "retry", "timeout", "error"};

struct answer {
	int code;
	bool exit;		/* of a program, not the status of a reply */
	int64_t times;
};

struct command {
	int64_t outcomes[OUTCOMES];
	struct answer answers[ANSWERS];
	int answer_count;
	int64_t other_answers;
	struct pd_histogram latency;
};

struct slow {
	int64_t run, latency;
	char *id;
	int32_t name;
};

struct pd_overview {
	int64_t course[COURSE][STATUSES];
	int64_t width;		/* runs in each bucket */
	int64_t runs;
	struct pd_histogram durations;
	struct pd_interner names;
	struct command *commands[NAMES];	/* by the names' numbers */
	int64_t left_out;
	struct slow slowest[SLOWEST];	/* the slowest first; latency -1: none */
	double answered;
	jv refused;		/* {status: times} */
	struct pd_coverage coverage;
	struct pd_observer observer;
	struct pd_buffer name;	/* room for one */
};

struct pd_overview *
pd_overview_new(void)
{
	struct pd_overview *overview = pd_allocate(1, sizeof(*overview));

	overview->width = 1;
	overview->refused = jv_object();
	for (int i = 0; i < SLOWEST; i++)
		overview->slowest[i].latency = -1;
	pd_coverage_start(&overview->coverage, SKETCH);
	pd_observer_start(&overview->observer, &overview->coverage, NULL);
	return overview;
}

void
pd_overview_free(struct pd_overview *overview)
{
	if (overview == NULL)
		return;
	for (size_t i = 0; i < NAMES; i++)
		free(overview->commands[i]);
	for (int i = 0; i < SLOWEST; i++)
		free(overview->slowest[i].id);
	jv_free(overview->refused);
	pd_interner_free(&overview->names);
	pd_observer_free(&overview->observer);
	pd_coverage_free(&overview->coverage);
	pd_buffer_free(&overview->name);
	free(overview);
}

/* The text of a string, in the room for one; empty for other kinds. */
static const char *
text_of(struct pd_overview *overview, struct pd_span value)
{
	struct pd_span plain = pd_span_plain(value);
	struct pd_error ignored;

	pd_buffer_clear(&overview->name);
	pd_buffer_append(&overview->name, plain.text != NULL ? plain.text : "", plain.length);
	if (plain.text == NULL && value.text != NULL) {
		jv text = pd_json_parse(value.text, value.length, &ignored);
		if (jv_get_kind(text) == JV_KIND_STRING)
			pd_buffer_text(&overview->name, jv_string_value(text));
		jv_free(text);
	}
	return overview->name.data;
}

/*
 * Commands.
 */

/* The number of a command's name, or -1 when there are too many. */
static int32_t
find_command(struct pd_overview *overview, const char *name)
{
	size_t length = strlen(name);
	int32_t number = pd_intern_known(&overview->names, name, length);

	if (number < 0 && overview->names.count < NAMES) {
		number = pd_intern(&overview->names, name, length);
		overview->commands[number] = pd_allocate(1, sizeof(struct command));
	}
	return number;
}

static void
note_answer(struct command *command, int code, bool exit)
{
	int i = 0;

	while (i < command->answer_count && (command->answers[i].code != code ||
	    command->answers[i].exit != exit))
		i++;
	if (i == ANSWERS) {
		command->other_answers++;
		return;
	}
	if (i == command->answer_count)
		command->answers[command->answer_count++] = (struct answer){code, exit, 0};
	command->answers[i].times++;
}

/* The status of the last reply, or what the program ended with. */
static void
take_answer(struct command *command, const struct pd_wanted *codes)
{
	for (int i = 0; i < 2; i++) {
		double code = pd_span_number(codes[i].value, -1);
		if (code >= 0 && code < 100000) {
			note_answer(command, (int)code, i == 1);
			return;
		}
	}
}

/* A latency among the slowest takes the place of the least of them. */
static void
note_slow(struct pd_overview *overview, int64_t run, struct pd_span id,
    int32_t name, int64_t latency)
{
	int at = SLOWEST - 1;

	if (latency <= overview->slowest[at].latency)
		return;
	free(overview->slowest[at].id);
	while (at > 0 && overview->slowest[at - 1].latency < latency) {
		overview->slowest[at] = overview->slowest[at - 1];
		at--;
	}
	overview->slowest[at] = (struct slow){run, latency,
		pd_duplicate(text_of(overview, id)), name};
}

static enum outcome
outcome_of(struct pd_span value)
{
	enum outcome outcome = OK;

	if (value.text == NULL)
		return OK;	/* a hand-made stream need not tell */
	while (outcome < ERROR && !pd_span_is(value, outcome_names[outcome]))
		outcome++;
	return outcome;
}

/* Only the first letter counts for coverage: it tells what is of the setup. */
static const char *
kind_of_id(struct pd_span id, char text[2])
{
	struct pd_span plain = pd_span_plain(id);

	text[0] = plain.length > 0 ? plain.text[0] : '\0';
	text[1] = '\0';
	return text;
}

static int
take_command(struct pd_overview *overview, const struct pd_record *record)
{
	enum { RUN, ID, BRANCH, COMMAND, CALL, RETURN, OUTCOME, EXCHANGE, FIELDS };
	struct pd_wanted type = {.name = "type"}, codes[] = {{.name = "status"},
		{.name = "exit"}}, reply = {.name = "reply", .inner = codes, .inner_count = 2};
	struct pd_wanted fields[FIELDS] = {
		[RUN] = {.name = "run"}, [ID] = {.name = "id"}, [BRANCH] = {.name = "branch"},
		[COMMAND] = {.name = "command", .inner = &type, .inner_count = 1},
		[CALL] = {.name = "call_us"}, [RETURN] = {.name = "return_us"},
		[OUTCOME] = {.name = "outcome"},
		[EXCHANGE] = {.name = "exchange", .inner = &reply, .inner_count = 1}};
	struct pd_error ignored;
	char id[2];

	if (pd_skim(record->line, record->length, fields, FIELDS) != 0)
		return -1;
	int64_t run = (int64_t)pd_span_number(fields[RUN].value, 1);
	enum outcome outcome = outcome_of(fields[OUTCOME].value);
	const struct pd_observed_command observed = {
		.id = kind_of_id(fields[ID].value, id),
		.type = type.value.text != NULL ? text_of(overview, type.value) : NULL,
		.branch = (int)pd_span_number(fields[BRANCH].value, -1),
		.answered = outcome == OK,
		.called = pd_span_number(fields[CALL].value, 0),
		.returned = pd_span_number(fields[RETURN].value, 0x1p53)};
	pd_observe_run(&overview->observer, run, &ignored);
	pd_observe_command(&overview->observer, &observed);
	int32_t number = observed.type != NULL ? find_command(overview, observed.type) : -1;
	if (number < 0) {
		overview->left_out++;
		return 0;
	}
	struct command *command = overview->commands[number];
	command->outcomes[outcome]++;
	take_answer(command, codes);
	if (outcome == OK && fields[RETURN].value.text != NULL) {
		int64_t latency = (int64_t)(observed.returned - observed.called);
		pd_histogram_note(&command->latency, latency);
		note_slow(overview, run, fields[ID].value, number, latency);
	}
	return 0;
}

static int
take_event(struct pd_overview *overview, const struct pd_record *record)
{
	struct pd_wanted type = {.name = "type"}, fields[] = {{.name = "run"},
		{.name = "event", .inner = &type, .inner_count = 1}};
	struct pd_error ignored;

	if (pd_skim(record->line, record->length, fields, 2) != 0)
		return -1;
	pd_observe_run(&overview->observer, (int64_t)pd_span_number(fields[0].value, 1),
	    &ignored);
	pd_observe_event(&overview->observer, text_of(overview, type.value));
	return 0;
}

int
pd_overview_take(struct pd_overview *overview, const struct pd_record *record,
    struct pd_error *error)
{
	int result = 0;

	if (pd_record_is(record, "command"))
		result = take_command(overview, record);
	else if (pd_record_is(record, "event"))
		result = take_event(overview, record);
	if (result == 0)
		return 0;
	/* Why it could not be looked through, in the parser's words. */
	jv value = pd_record_parse(record, error);
	result = jv_is_valid(value) ? 0 : -1;
	jv_free(value);
	return result;
}

/*
 * Runs.
 */

static void
double_course(struct pd_overview *overview)
{
	for (int i = 0; i < COURSE; i++) {
		for (int status = 0; status < STATUSES; status++)
			overview->course[i][status] = i >= COURSE / 2 ? 0 :
			    overview->course[2 * i][status] +
			    overview->course[2 * i + 1][status];
	}
	overview->width *= 2;
}

static enum status
status_of(jv run_end)
{
	const char *status = pd_json_peek_string(run_end, "status", "");

	return strcmp(status, "pass") == 0 ? PASSED : strcmp(status, "fail") == 0 ?
	    FAILED : strcmp(status, "aborted") == 0 ? ABORTED : ERRORS;
}

/* Consumes the answers of a run_end. */
static void
add_answers(struct pd_overview *overview, jv answers)
{
	jv refused = pd_json_peek(answers, "refused");

	overview->answered += pd_json_peek_number(answers, "total", 0);
	if (jv_get_kind(refused) == JV_KIND_OBJECT) {
		jv_object_foreach(refused, status, times) {
			overview->refused = pd_json_set_number(overview->refused,
			    jv_string_value(status), pd_json_peek_number(overview->refused,
			    jv_string_value(status), 0) + (jv_get_kind(times) == JV_KIND_NUMBER ?
			    jv_number_value(times) : 0));
			jv_free(status);
			jv_free(times);
		}
	}
	jv_free(refused);
	jv_free(answers);
}

void
pd_overview_end_run(struct pd_overview *overview, jv run_end)
{
	struct pd_error ignored;

	if (overview->runs == overview->width * COURSE)
		double_course(overview);
	overview->course[overview->runs / overview->width][status_of(run_end)]++;
	overview->runs++;
	if (pd_json_has_peek(run_end, "duration_us"))
		pd_histogram_note(&overview->durations,
		    (int64_t)pd_json_peek_number(run_end, "duration_us", 0));
	add_answers(overview, pd_json_peek(run_end, "answers"));
	pd_observe_run(&overview->observer,
	    (int64_t)pd_json_peek_number(run_end, "run", 1), &ignored);
	pd_observe_run_end(&overview->observer, run_end);
}

/*
 * The record.
 */
static jv
course_record(const struct pd_overview *overview)
{
	jv buckets = jv_array();

	for (int64_t i = 0; i * overview->width < overview->runs; i++) {
		jv bucket = jv_array();
		for (int status = 0; status < STATUSES; status++)
			bucket = jv_array_append(bucket,
			    jv_number((double)overview->course[i][status]));
		buckets = jv_array_append(buckets, bucket);
	}
	return pd_json_set(pd_json_set_number(jv_object(), "width",
	    (double)overview->width), "buckets", buckets);
}

static jv
outcomes_record(const struct command *command)
{
	jv record = jv_object();

	for (int i = 0; i < OUTCOMES; i++)
		if (command->outcomes[i] > 0)
			record = pd_json_set_number(record, outcome_names[i],
			    (double)command->outcomes[i]);
	return record;
}

static jv
answers_record(const struct command *command)
{
	jv record = jv_object();

	for (int i = 0; i < command->answer_count; i++) {
		const struct answer *answer = &command->answers[i];
		char *name = pd_format("%s%d", answer->exit ? "exit " : "", answer->code);
		record = pd_json_set_number(record, name, (double)answer->times);
		free(name);
	}
	return command->other_answers == 0 ? record :
	    pd_json_set_number(record, "others", (double)command->other_answers);
}

static jv
name_of(const struct pd_overview *overview, int32_t number)
{
	size_t length;
	const char *text = pd_interned(&overview->names, number, &length);

	return jv_string_sized(text, (int)length);
}

static jv
commands_record(const struct pd_overview *overview)
{
	jv list = jv_object();

	for (size_t i = 0; i < overview->names.count; i++) {
		const struct command *command = overview->commands[i];
		jv name = name_of(overview, (int32_t)i);
		jv record = pd_json_set(jv_object(), "name", jv_copy(name));
		record = pd_json_set(record, "outcomes", outcomes_record(command));
		record = pd_json_set(record, "answers", answers_record(command));
		record = pd_json_set(record, "latency", pd_histogram_record(&command->latency));
		list = jv_object_set(list, name, record);
	}
	/* In the order of the names, not in that of a hash. */
	jv sorted = jv_array(), names = jv_keys(jv_copy(list));
	jv_array_foreach(names, i, name) {
		sorted = jv_array_append(sorted, jv_object_get(jv_copy(list), name));
	}
	jv_free(names);
	jv_free(list);
	return sorted;
}

static jv
slowest_record(const struct pd_overview *overview)
{
	jv list = jv_array();

	for (int i = 0; i < SLOWEST && overview->slowest[i].latency >= 0; i++) {
		const struct slow *slow = &overview->slowest[i];
		jv record = pd_json_set_number(jv_object(), "run", (double)slow->run);
		record = pd_json_set_string(record, "id", slow->id);
		record = pd_json_set(record, "command", name_of(overview, slow->name));
		list = jv_array_append(list, pd_json_set_number(record, "latency_us",
		    (double)slow->latency));
	}
	return list;
}

jv
pd_overview_record(struct pd_overview *overview)
{
	jv answers = pd_json_set_number(jv_object(), "total", overview->answered);
	jv record = pd_json_set(jv_object(), "course", course_record(overview));

	pd_observer_end(&overview->observer);
	record = pd_json_set(record, "durations", pd_histogram_record(&overview->durations));
	record = pd_json_set(record, "commands", commands_record(overview));
	record = pd_json_set_number(record, "left_out", (double)overview->left_out);
	record = pd_json_set(record, "slowest", slowest_record(overview));
	record = pd_json_set(record, "answers", pd_json_set(answers, "refused",
	    jv_copy(overview->refused)));
	return pd_json_set(record, "coverage", pd_coverage_record(&overview->coverage));
}
