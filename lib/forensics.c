/* SPDX-License-Identifier: MIT */
#include "forensics.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "crew.h"
#include "json.h"
#include "judge.h"
#include "moment.h"
#include "parts.h"
#include "reordering.h"

/* What is mapped in a block is to stay in the cache until it is folded; but threads
 * wait for each other at its end. */
enum { BLOCK_LINES = 128, BLOCK_LINES_EACH = 512, BLOCK_BYTES = 1 << 22, SHARE_LINES = 32 };

enum { MOST_NAMED = 10 };	/* keys given up, and keys that came back */

/* A line in the block: text, or an error that says why there is none. */
struct line {
	size_t start, length;
	const char *file;
	long number;
	int error;		/* index of its error, or -1 */
};

/* What a line gave: one event or one reason why something is none, or an error. */
struct mapped {
	int line;
	jv place;
	struct pd_happening *happening;
	jv skip;
	int error;
};

/* Some lines of the block, mapped by one worker. */
struct share {
	int worker;
	int first, end;		/* in what it has mapped */
};

/* One of the threads. */
struct worker {
	struct pd_forensics *forensics;
	struct pd_mapping *mapping;
	struct pd_judge judge;
	int number;
	int line;		/* being mapped */
	struct pd_buffer text;	/* of its event */
	struct mapped *mapped;
	int count, room;
	struct pd_error *errors;
	int error_count, error_room;
};

struct pd_forensics {
	const struct pd_forensics_options *options;
	const struct pd_forensics_listener *listener;
	struct pd_crew *crew;
	struct worker *workers;
	int jobs;
	struct pd_buffer text;
	struct line *lines;
	int line_count, most_lines;
	struct share *shares;
	atomic_int claimed;	/* shares that somebody maps or has mapped */
	struct pd_error *errors;	/* of lines that could not be read */
	int error_count;
	struct pd_reordering reordering;
	struct pd_parts parts;
	struct pd_forensics_counts counts;
	int64_t numbered;
	bool stopped;
};

static int
start_worker(struct pd_forensics *forensics, int number, struct pd_error *error)
{
	struct worker *worker = &forensics->workers[number];

	*worker = (struct worker){.forensics = forensics, .number = number};
	worker->mapping = pd_mapping_open(&forensics->options->mapping, error);
	if (worker->mapping == NULL ||
	    pd_judge_start(&worker->judge, forensics->options->model, error) != 0)
		return -1;
	worker->judge.all = forensics->options->all;
	return 0;
}

struct pd_forensics *
pd_forensics_open(const struct pd_forensics_options *options,
    const struct pd_forensics_listener *listener, struct pd_error *error)
{
	struct pd_forensics *forensics = pd_allocate(1, sizeof(*forensics));
	int result = 0;

	forensics->options = options;
	forensics->listener = listener;
	forensics->jobs = options->jobs;
	forensics->most_lines = options->jobs == 1 ? BLOCK_LINES :
	    BLOCK_LINES_EACH * options->jobs;
	forensics->lines = pd_allocate((size_t)forensics->most_lines,
	    sizeof(*forensics->lines));
	forensics->shares = pd_allocate((size_t)forensics->most_lines / SHARE_LINES,
	    sizeof(*forensics->shares));
	forensics->workers = pd_allocate((size_t)options->jobs,
	    sizeof(*forensics->workers));
	forensics->counts.skipped = jv_object();
	forensics->counts.first_given_up = jv_array();
	forensics->counts.first_came_back = jv_array();
	pd_reordering_start(&forensics->reordering, options->window);
	pd_parts_start(&forensics->parts, options->max_states);
	for (int i = 0; i < options->jobs && result == 0; i++)
		result = start_worker(forensics, i, error);
	if (result == 0)
		forensics->crew = pd_crew_new(options->jobs, error);
	if (forensics->crew != NULL)
		return forensics;
	pd_forensics_close(forensics);
	return NULL;
}

void
pd_forensics_close(struct pd_forensics *forensics)
{
	struct pd_happening *happening;

	pd_crew_free(forensics->crew);
	while ((happening = pd_reordering_take(&forensics->reordering, true)) != NULL)
		pd_happening_free(happening);
	pd_reordering_free(&forensics->reordering);
	pd_parts_free(&forensics->parts);
	for (int i = 0; i < forensics->jobs; i++) {
		pd_mapping_close(forensics->workers[i].mapping);
		pd_judge_free(&forensics->workers[i].judge);
		free(forensics->workers[i].mapped);
		free(forensics->workers[i].errors);
		pd_buffer_free(&forensics->workers[i].text);
	}
	jv_free(forensics->counts.skipped);
	jv_free(forensics->counts.first_given_up);
	jv_free(forensics->counts.first_came_back);
	pd_buffer_free(&forensics->text);
	free(forensics->workers);
	free(forensics->lines);
	free(forensics->shares);
	free(forensics->errors);
	free(forensics);
}

jv
pd_forensics_model(const struct pd_forensics *forensics)
{
	return pd_model_identity(forensics->workers[0].judge.model);
}

/*
 * Mapping, each worker its lines.
 */
static struct mapped *
add_mapped(struct worker *worker)
{
	if (worker->count == worker->room) {
		worker->room = worker->room > 0 ? 2 * worker->room : BLOCK_LINES;
		worker->mapped = pd_reallocate(worker->mapped, (size_t)worker->room,
		    sizeof(*worker->mapped));
	}
	worker->mapped[worker->count] = (struct mapped){.line = worker->line,
		.place = jv_invalid(), .skip = jv_invalid(), .error = -1};
	return &worker->mapped[worker->count++];
}

/* Why an event is outside of --since and --until, or NULL. What has no time is not. */
static const char *
outside(const struct pd_forensics_options *options, jv event)
{
	int64_t moment;

	if (!options->has_since && !options->has_until)
		return NULL;
	jv time = pd_json_peek(event, "time");
	bool known = pd_moment_peek(time, &moment);
	jv_free(time);
	if (known && options->has_since && moment < options->since)
		return "before --since";
	return known && options->has_until && moment >= options->until ?
	    "not before --until" : NULL;
}

static char *
event_text(struct worker *worker, jv event)
{
	pd_buffer_clear(&worker->text);
	pd_json_append_peek(&worker->text, event);
	return pd_duplicate(worker->text.data);
}

static void
add_event(struct worker *worker, jv event, jv key, jv place)
{
	const struct pd_forensics *forensics = worker->forensics;
	const struct line *line = &forensics->lines[worker->line];
	struct pd_happening *happening = pd_allocate(1, sizeof(*happening));
	struct mapped *mapped = add_mapped(worker);

	*happening = (struct pd_happening){.text = event_text(worker, event),
		.event = event, .key = key, .hash = pd_part_hash(key),
		.file = line->file, .line = line->number};
	if (forensics->jobs > 1) {
		happening->key = pd_json_own(key);
		place = pd_json_own(place);
		if (happening->hash % (uint64_t)forensics->jobs != (uint64_t)worker->number) {
			jv_free(event);
			happening->event = jv_invalid();
		}
	}
	mapped->place = place;
	mapped->happening = happening;
}

static void
on_event(void *context, jv event, jv key, jv place)
{
	struct worker *worker = context;
	const char *why = outside(worker->forensics->options, event);

	if (why == NULL) {
		add_event(worker, event, key, place);
		return;
	}
	jv_free(event);
	jv_free(key);
	jv_free(place);
	add_mapped(worker)->skip = jv_string(why);
}

static void
on_skip(void *context, jv reason)
{
	struct worker *worker = context;

	if (jv_get_kind(reason) != JV_KIND_STRING)
		reason = jv_dump_string(reason, 0);
	add_mapped(worker)->skip = worker->forensics->jobs > 1 ? pd_json_own(reason) : reason;
}

static void
add_error(struct worker *worker, const struct pd_error *error)
{
	if (worker->error_count == worker->error_room) {
		worker->error_room = worker->error_room > 0 ? 2 * worker->error_room : 16;
		worker->errors = pd_reallocate(worker->errors,
		    (size_t)worker->error_room, sizeof(*worker->errors));
	}
	add_mapped(worker)->error = worker->error_count;
	worker->errors[worker->error_count++] = *error;
}

static void
map_line(struct worker *worker, const struct line *line)
{
	struct pd_mapping_taker taker = {on_event, on_skip, worker};
	struct pd_error error = PD_ERROR_INIT;

	if (line->error >= 0) {
		add_error(worker, &worker->forensics->errors[line->error]);
	} else if (pd_mapping_line(worker->mapping,
	    worker->forensics->text.data + line->start, line->length, &taker, &error) != 0) {
		if (error.file[0] != '\0')
			pd_error_prefix(&error, "%s:%ld: ", error.file, error.line);
		snprintf(error.file, sizeof(error.file), "%s", line->file);
		error.line = line->number;
		add_error(worker, &error);
	}
}

static void
map_share(struct worker *worker, int number)
{
	struct pd_forensics *forensics = worker->forensics;
	struct share *share = &forensics->shares[number];
	int end = (number + 1) * SHARE_LINES;

	if (end > forensics->line_count)
		end = forensics->line_count;
	share->worker = worker->number;
	share->first = worker->count;
	for (int i = number * SHARE_LINES; i < end; i++) {
		worker->line = i;
		map_line(worker, &forensics->lines[i]);
	}
	share->end = worker->count;
}

static int
share_count(const struct pd_forensics *forensics)
{
	return (forensics->line_count + SHARE_LINES - 1) / SHARE_LINES;
}

/* Fold what the block before left for this judge, then map lines of this block for
 * as long as there are any: who has less to fold maps more. */
static void
work(void *context, int number)
{
	struct pd_forensics *forensics = context;
	struct worker *worker = &forensics->workers[number];
	int share;

	pd_judge_work(&worker->judge);
	worker->count = worker->error_count = 0;
	while ((share = atomic_fetch_add(&forensics->claimed, 1)) < share_count(forensics))
		map_share(worker, share);
}

/*
 * Order, numbers and parts.
 */
static void
count_skip(struct pd_forensics *forensics, jv reason)
{
	jv *skipped = &forensics->counts.skipped;
	jv before = jv_object_get(jv_copy(*skipped), jv_copy(reason));
	double count = jv_is_valid(before) ? jv_number_value(before) : 0;

	jv_free(before);
	*skipped = jv_object_set(*skipped, reason, jv_number(count + 1));
}

/* Add a part to a list, with the line at which something became of it. */
static jv
name_part(jv list, const struct pd_log_part *part, const struct pd_happening *happening)
{
	if (jv_array_length(jv_copy(list)) >= MOST_NAMED)
		return list;
	jv entry = pd_json_set(jv_object(), "key", jv_copy(part->key));
	entry = pd_json_set_string(entry, "file", happening->file);
	return jv_array_append(list, pd_json_set_number(entry, "line",
	    (double)happening->line));
}

/* The part of an event; which other one it drove out is noted. */
static struct pd_log_part *
find_part(struct pd_forensics *forensics, struct pd_happening *happening,
    const struct pd_fold *first)
{
	struct pd_parts *parts = &forensics->parts;
	struct pd_forensics_counts *counts = &forensics->counts;
	int64_t given_up = parts->given_up, restarted = parts->restarted;
	struct pd_log_part *part = pd_parts_take(parts, happening->key, happening->hash,
	    first, forensics->options->context);

	happening->key = jv_invalid();
	if (parts->given_up > given_up)
		counts->first_given_up = name_part(counts->first_given_up, parts->left,
		    happening);
	if (parts->restarted > restarted)
		counts->first_came_back = name_part(counts->first_came_back, part, happening);
	return part;
}

static void
give_to_judge(struct pd_forensics *forensics, struct pd_happening *happening)
{
	int64_t judge = (int64_t)(happening->hash % (uint64_t)forensics->jobs);
	struct worker *worker = &forensics->workers[judge];
	struct pd_log_part *part = find_part(forensics, happening, &worker->judge.first);
	struct pd_error error;

	happening->number = ++forensics->numbered;
	happening->part = part;
	if (forensics->options->spool != NULL) {
		happening->spooled = pd_spool_add(forensics->options->spool, part->spooled,
		    happening->text, &error);
		part->spooled = happening->spooled;
		if (happening->spooled < 0)
			forensics->listener->problem(forensics->listener->context, &error);
	}
	pd_judge_queue(&worker->judge, happening);
}

static void
take_mapped(struct pd_forensics *forensics, struct worker *worker,
    struct mapped *mapped)
{
	if (mapped->error >= 0) {
		forensics->counts.bad_lines++;
		forensics->listener->bad_line(forensics->listener->context,
		    &worker->errors[mapped->error]);
	} else if (jv_is_valid(mapped->skip)) {
		count_skip(forensics, mapped->skip);
	} else if (forensics->options->window == 0) {
		jv_free(mapped->place);
		give_to_judge(forensics, mapped->happening);
	} else {
		pd_reordering_put(&forensics->reordering, mapped->place, mapped->happening);
		struct pd_happening *next = pd_reordering_take(&forensics->reordering, false);
		if (next != NULL)
			give_to_judge(forensics, next);
	}
}

/* Nothing more is wanted. */
static void
drop_mapped(struct mapped *mapped)
{
	jv_free(mapped->skip);
	jv_free(mapped->place);
	if (mapped->happening != NULL)
		pd_happening_free(mapped->happening);
}

static void
take_block(struct pd_forensics *forensics)
{
	for (int i = 0; i < share_count(forensics); i++) {
		struct share *share = &forensics->shares[i];
		struct worker *worker = &forensics->workers[share->worker];
		for (int k = share->first; k < share->end; k++) {
			if (forensics->stopped)
				drop_mapped(&worker->mapped[k]);
			else
				take_mapped(forensics, worker, &worker->mapped[k]);
		}
	}
	forensics->line_count = forensics->error_count = 0;
	pd_buffer_clear(&forensics->text);
}

/*
 * What was found.
 */
static int
compare_findings(const void *a, const void *b)
{
	const struct pd_finding *first = a, *second = b;

	if (first->number != second->number)
		return first->number < second->number ? -1 : 1;
	return first->turn - second->turn;
}

static void
tell(struct pd_forensics *forensics, struct pd_finding *finding)
{
	const struct pd_forensics_listener *listener = forensics->listener;

	if (forensics->stopped) {
		jv_free(finding->violation);
	} else if (finding->doubtful && jv_is_valid(finding->violation)) {
		forensics->counts.doubtful++;
		listener->violation(listener->context, finding->violation, finding->spooled);
	} else if (jv_is_valid(finding->violation)) {
		forensics->counts.violations++;
		forensics->stopped = !forensics->options->all;
		if (forensics->stopped)
			forensics->numbered = finding->number;
		listener->violation(listener->context, finding->violation, finding->spooled);
	} else {
		forensics->counts.problems++;
		listener->problem(listener->context, &finding->error);
	}
}

/* Tell what all judges found, in the order of the events. */
static void
tell_findings(struct pd_forensics *forensics)
{
	struct pd_finding *all;
	size_t count = 0;

	for (int i = 0; i < forensics->jobs; i++)
		count += (size_t)forensics->workers[i].judge.found;
	if (count == 0)
		return;
	all = pd_allocate(count, sizeof(*all));
	count = 0;
	for (int i = 0; i < forensics->jobs; i++) {
		struct pd_judge *judge = &forensics->workers[i].judge;
		for (int k = 0; k < judge->found; k++) {
			all[count] = judge->findings[k];
			all[count++].turn = k;
		}
		pd_judge_clear(judge);
	}
	qsort(all, count, sizeof(*all), compare_findings);
	for (size_t i = 0; i < count; i++)
		tell(forensics, &all[i]);
	free(all);
}

static struct pd_judge *
judge_of(struct pd_forensics *forensics, const struct pd_log_part *part)
{
	return &forensics->workers[part->hash % (uint64_t)forensics->jobs].judge;
}

static void
free_given_up(struct pd_forensics *forensics)
{
	while (forensics->parts.left != NULL) {
		struct pd_log_part *part = forensics->parts.left;
		forensics->parts.left = part->next;
		pd_judge_dismiss(judge_of(forensics, part), part);
		pd_part_free(part);
	}
}

/* Map the block that was read, fold the one before it. */
static void
do_block(struct pd_forensics *forensics)
{
	atomic_store(&forensics->claimed, 0);
	pd_crew_do(forensics->crew, work, forensics);
	tell_findings(forensics);
	free_given_up(forensics);
	take_block(forensics);
}

bool
pd_forensics_flush(struct pd_forensics *forensics)
{
	do_block(forensics);
	if (!forensics->stopped)
		do_block(forensics);
	return !forensics->stopped;
}

bool
pd_forensics_line(struct pd_forensics *forensics, const struct pd_record *record,
    const struct pd_error *bad)
{
	struct line *line = &forensics->lines[forensics->line_count++];

	*line = (struct line){forensics->text.length, record->length, record->file,
		record->number, -1};
	forensics->counts.lines++;
	if (bad == NULL) {
		pd_buffer_append(&forensics->text, record->line, record->length);
		pd_buffer_append(&forensics->text, "", 1);
	} else {
		forensics->errors = pd_reallocate(forensics->errors,
		    (size_t)forensics->error_count + 1, sizeof(*forensics->errors));
		line->error = forensics->error_count++;
		forensics->errors[line->error] = *bad;
	}
	if (forensics->line_count < forensics->most_lines &&
	    forensics->text.length < BLOCK_BYTES)
		return true;
	do_block(forensics);
	return !forensics->stopped;
}

void
pd_forensics_finish(struct pd_forensics *forensics, bool log_ended)
{
	struct pd_happening *happening;

	if (forensics->stopped || !pd_forensics_flush(forensics))
		return;
	while ((happening = pd_reordering_take(&forensics->reordering, true)) != NULL)
		give_to_judge(forensics, happening);
	do_block(forensics);
	if (forensics->stopped || !log_ended)
		return;
	for (struct pd_log_part *part = forensics->parts.oldest;
	    part != NULL && !forensics->stopped; part = part->newer) {
		pd_judge_end(judge_of(forensics, part), part);
		tell_findings(forensics);
	}
}

/* Add the numbers of an object, which is borrowed, to those of another. */
static jv
add_counts(jv counts, jv more)
{
	jv_object_foreach(more, name, times) {
		counts = pd_json_set_number(counts, jv_string_value(name),
		    pd_json_peek_number(counts, jv_string_value(name), 0) +
		    jv_number_value(times));
		jv_free(name);
		jv_free(times);
	}
	return counts;
}

static bool
has_checks_for_the_end(const struct pd_model *model)
{
	for (int i = 0; i < pd_model_checks(model); i++) {
		if (pd_model_trigger(model, i)->when != PD_TRIGGER_EVERY)
			return true;
	}
	return false;
}

struct pd_forensics_counts
pd_forensics_counts(const struct pd_forensics *forensics)
{
	struct pd_forensics_counts counts = forensics->counts;
	struct pd_model *model = forensics->workers[0].judge.model;

	counts.late = forensics->reordering.late;
	counts.parts = forensics->parts.made;
	counts.given_up = forensics->parts.given_up;
	counts.unended = has_checks_for_the_end(model) ? counts.given_up : 0;
	counts.came_back = forensics->parts.restarted;
	counts.first_given_up = jv_copy(counts.first_given_up);
	counts.first_came_back = jv_copy(counts.first_came_back);
	counts.events = forensics->numbered;
	counts.skipped = jv_copy(counts.skipped);
	counts.unfolded = jv_object();
	for (int k = 0; k < forensics->jobs; k++)
		counts.unfolded = add_counts(counts.unfolded,
		    forensics->workers[k].judge.unfolded);
	counts.fired = jv_object();
	for (int i = 0; i < pd_model_checks(model); i++) {
		int64_t fired = 0;
		for (int k = 0; k < forensics->jobs; k++)
			fired += forensics->workers[k].judge.fired[i];
		for (struct pd_log_part *part = forensics->parts.oldest; part != NULL;
		    part = part->newer)
			fired += part->trail.fold.fired[i];
		counts.fired = pd_json_set_number(counts.fired,
		    pd_model_check_name(model, i), (double)fired);
	}
	return counts;
}

void
pd_forensics_counts_free(struct pd_forensics_counts *counts)
{
	jv_free(counts->skipped);
	jv_free(counts->fired);
	jv_free(counts->unfolded);
	jv_free(counts->first_given_up);
	jv_free(counts->first_came_back);
}
