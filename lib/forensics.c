/* SPDX-License-Identifier: MIT */
#include "forensics.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "crew.h"
#include "json.h"
#include "judge.h"
#include "moment.h"
#include "parts.h"
#include "reordering.h"

enum { BLOCK_LINES = 512, BLOCK_LINES_EACH = 2048, BLOCK_BYTES = 1 << 22 };

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

/* One of the threads. */
struct worker {
	struct pd_forensics *forensics;
	struct pd_mapping *mapping;
	struct pd_judge judge;
	int number;
	int line;		/* being mapped */
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
	forensics->workers = pd_allocate((size_t)options->jobs,
	    sizeof(*forensics->workers));
	forensics->counts.skipped = jv_object();
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
	}
	jv_free(forensics->counts.skipped);
	pd_buffer_free(&forensics->text);
	free(forensics->workers);
	free(forensics->lines);
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

static void
on_event(void *context, jv event, jv key, jv place)
{
	struct worker *worker = context;
	const struct pd_forensics *forensics = worker->forensics;
	const struct line *line = &forensics->lines[worker->line];
	struct pd_happening *happening = pd_allocate(1, sizeof(*happening));
	struct mapped *mapped = add_mapped(worker);

	happening->hash = pd_part_hash(key);
	if (forensics->jobs > 1) {
		key = pd_json_own(key);
		place = pd_json_own(place);
		if (happening->hash % (uint64_t)forensics->jobs != (uint64_t)worker->number)
			event = pd_json_own(event);
	}
	happening->event = event;
	happening->key = key;
	happening->file = line->file;
	happening->line = line->number;
	mapped->place = place;
	mapped->happening = happening;
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
map_share(void *context, int number)
{
	struct pd_forensics *forensics = context;
	struct worker *worker = &forensics->workers[number];
	int64_t count = forensics->line_count;
	int end = (int)(count * (number + 1) / forensics->jobs);

	worker->count = worker->error_count = 0;
	for (int i = (int)(count * number / forensics->jobs); i < end; i++) {
		worker->line = i;
		map_line(worker, &forensics->lines[i]);
	}
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

/* Is it outside of --since and --until? What has no time is not. */
static bool
is_outside(const struct pd_forensics *forensics, jv event, const char **why)
{
	const struct pd_forensics_options *options = forensics->options;
	int64_t moment;

	jv time = pd_json_peek(event, "time");
	bool known = pd_moment_peek(time, &moment);
	jv_free(time);
	*why = known && options->has_since && moment < options->since ?
	    "before --since" : known && options->has_until && moment >= options->until ?
	    "not before --until" : NULL;
	return *why != NULL;
}

static void
give_to_judge(struct pd_forensics *forensics, struct pd_happening *happening)
{
	int64_t judge = (int64_t)(happening->hash % (uint64_t)forensics->jobs);
	struct worker *worker = &forensics->workers[judge];
	struct pd_error error;
	struct pd_log_part *part = pd_parts_find(&forensics->parts, jv_copy(happening->key),
	    happening->hash);

	if (part == NULL)
		part = pd_parts_add(&forensics->parts, jv_copy(happening->key),
		    happening->hash, &worker->judge.first, forensics->options->context);
	happening->number = ++forensics->numbered;
	happening->part = part;
	if (forensics->options->spool != NULL) {
		happening->spooled = pd_spool_add(forensics->options->spool, part->spooled,
		    happening->event, &error);
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
	const struct pd_forensics_options *options = forensics->options;
	const char *why;

	if (mapped->error >= 0) {
		forensics->counts.bad_lines++;
		forensics->listener->bad_line(forensics->listener->context,
		    &worker->errors[mapped->error]);
	} else if (jv_is_valid(mapped->skip)) {
		count_skip(forensics, mapped->skip);
	} else if ((options->has_since || options->has_until) &&
	    is_outside(forensics, mapped->happening->event, &why)) {
		count_skip(forensics, jv_string(why));
		pd_happening_free(mapped->happening);
		jv_free(mapped->place);
	} else if (options->window == 0) {
		jv_free(mapped->place);
		give_to_judge(forensics, mapped->happening);
	} else {
		pd_reordering_put(&forensics->reordering, mapped->place, mapped->happening);
		struct pd_happening *next = pd_reordering_take(&forensics->reordering, false);
		if (next != NULL)
			give_to_judge(forensics, next);
	}
}

/*
 * Folding, each worker the parts whose keys fall to it, and what was found.
 */
static void
judge_share(void *context, int number)
{
	struct pd_forensics *forensics = context;

	pd_judge_work(&forensics->workers[number].judge);
}

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

static void
judge_block(struct pd_forensics *forensics)
{
	pd_crew_do(forensics->crew, judge_share, forensics);
	tell_findings(forensics);
	free_given_up(forensics);
}

bool
pd_forensics_flush(struct pd_forensics *forensics)
{
	pd_crew_do(forensics->crew, map_share, forensics);
	for (int i = 0; i < forensics->jobs; i++) {
		struct worker *worker = &forensics->workers[i];
		for (int k = 0; k < worker->count; k++)
			take_mapped(forensics, worker, &worker->mapped[k]);
	}
	forensics->line_count = forensics->error_count = 0;
	pd_buffer_clear(&forensics->text);
	judge_block(forensics);
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
	return pd_forensics_flush(forensics);
}

void
pd_forensics_finish(struct pd_forensics *forensics, bool log_ended)
{
	struct pd_happening *happening;

	if (forensics->stopped || !pd_forensics_flush(forensics))
		return;
	while ((happening = pd_reordering_take(&forensics->reordering, true)) != NULL)
		give_to_judge(forensics, happening);
	judge_block(forensics);
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

struct pd_forensics_counts
pd_forensics_counts(const struct pd_forensics *forensics)
{
	struct pd_forensics_counts counts = forensics->counts;
	struct pd_model *model = forensics->workers[0].judge.model;

	counts.late = forensics->reordering.late;
	counts.parts = forensics->parts.made;
	counts.given_up = forensics->parts.given_up;
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
