/* SPDX-License-Identifier: MIT */
#include "stepping.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "buffer.h"
#include "json.h"

/* A run at work. */
struct course {
	struct pd_stepping *stepping;
	struct pd_replay *replay;
	struct pd_runner *runner;
	bool waits;		/* the filter has waited for us at least once */
	bool left;
};

static enum pd_run_result
proceed(struct course *course, const char *key, jv value, struct pd_error *error)
{
	jv record = pd_json_set_string(jv_object(), "type", "proceed");

	if (key != NULL)
		record = pd_json_set(record, key, value);
	return pd_runner_send(course->runner, record, error);
}

/* The first pause comes when the setup is over. */
static enum pd_run_result
go_as_far(struct course *course, struct pd_error *error)
{
	const char *to = course->stepping->to;

	if (pd_replay_part(course->replay, to) == PD_REPLAY_MAIN)
		return proceed(course, "to", jv_string(to), error);
	return proceed(course, "all", jv_true(), error);
}

static enum pd_run_result
take_pause(struct course *course, jv pause, struct pd_error *error)
{
	struct pd_stepping *stepping = course->stepping;
	bool first = !course->waits;

	course->waits = true;
	if (first && stepping->to != NULL &&
	    pd_replay_part(course->replay, stepping->to) != PD_REPLAY_SETUP)
		return go_as_far(course, error);
	switch (stepping->ask != NULL ? stepping->ask(stepping->context, pause) :
	    PD_STEPPING_QUIT) {
	case PD_STEPPING_NEXT:
		return proceed(course, NULL, jv_invalid(), error);
	case PD_STEPPING_ALL:
		return proceed(course, "all", jv_true(), error);
	case PD_STEPPING_QUIT:
		break;
	}
	snprintf(stepping->at, sizeof(stepping->at), "%s",
	    pd_json_peek_string(pause, "id", ""));
	pd_runner_leave(course->runner);
	course->left = true;
	return PD_RUN_DONE;
}

/* A filter that knows nothing of paced sequences would run on to the end. */
static bool
runs_away(const struct course *course, const struct pd_record *record, jv value)
{
	const struct pd_stepping *stepping = course->stepping;

	return (stepping->ask != NULL || stepping->to != NULL) && !course->waits &&
	    pd_record_is(record, "command") && pd_replay_part(course->replay,
	    pd_json_peek_string(value, "id", "")) == PD_REPLAY_MAIN;
}

static enum pd_run_result
take_record(struct course *course, const struct pd_record *record,
    struct pd_error *error)
{
	enum pd_run_result result = PD_RUN_DONE;
	jv value = pd_record_parse(record, error);

	if (!jv_is_valid(value))
		return PD_RUN_FAILED;
	if (runs_away(course, record, value)) {
		pd_error_set(error, "the command after -- does not wait between commands");
		pd_error_hint(error, "--step and --to need a pd-exec that knows paced "
		    "sequences");
		result = PD_RUN_FAILED;
	} else {
		pd_replay_take(course->replay, jv_copy(value));
		if (pd_record_is(record, "pause"))
			result = take_pause(course, value, error);
	}
	jv_free(value);
	if (result == PD_RUN_FAILED)
		pd_runner_leave(course->runner);
	return result;
}

/* Branches may be executed several times over, and steps cannot be taken back:
 * they are told when the run is over. */
static enum pd_run_result
run_whole(struct pd_replay *replay, struct pd_runner *runner,
    struct pd_error *error)
{
	struct pd_buffer lines = PD_BUFFER_INIT;
	enum pd_run_result result = pd_runner_run(runner, &replay->sequence, &lines,
	    error);
	const char *line = lines.data, *end = lines.data + lines.length;

	while (line < end) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		struct pd_error ignored;
		jv value = pd_json_parse(line, (size_t)(newline - line),
		    result == PD_RUN_DONE ? error : &ignored);
		if (jv_is_valid(value))
			pd_replay_take(replay, value);
		else if (result == PD_RUN_DONE)
			result = PD_RUN_FAILED;
		line = newline + 1;
	}
	pd_buffer_free(&lines);
	return result;
}

/* A record came, or the run went wrong. PD_RUN_RECORD asks for the next one. */
static enum pd_run_result
go_on(struct course *course, enum pd_run_result result,
    const struct pd_record *record, struct pd_error *error)
{
	if (result == PD_RUN_AGAIN) {
		pd_runner_leave(course->runner);
		pd_error_set(error, "the command after -- repeats a run that is told step "
		    "by step");
		pd_error_hint(error, "leave --repeat out");
		return PD_RUN_FAILED;
	}
	if (result != PD_RUN_RECORD && result != PD_RUN_DONE)
		return result;
	enum pd_run_result taken = take_record(course, record, error);
	return taken == PD_RUN_DONE && !course->left ? result : taken;
}

enum pd_run_result
pd_stepping_run(struct pd_stepping *stepping, struct pd_replay *replay,
    struct pd_runner *runner, struct pd_error *error)
{
	struct course course = {.stepping = stepping, .replay = replay,
		.runner = runner};
	struct pd_record record;
	enum pd_run_result result;

	bool paced = stepping->to != NULL || stepping->ask != NULL;

	stepping->at[0] = '\0';
	if (!paced && replay->sequence.branch_count > 0)
		return run_whole(replay, runner, error);
	pd_runner_begin(runner, &replay->sequence, paced);
	do {
		result = pd_runner_next(runner, &record, error);
		result = go_on(&course, result, &record, error);
	} while (result == PD_RUN_RECORD);
	return result;
}
