/* SPDX-License-Identifier: MIT */
#include "mutation_score.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"

void
pd_mutation_score_start(struct pd_mutation_score *score)
{
	*score = (struct pd_mutation_score){.commands = jv_object(),
		.operators = jv_object(), .fields = jv_object(), .killers = jv_object(),
		.readers = jv_object(), .survivors = jv_object()};
}

void
pd_mutation_score_free(struct pd_mutation_score *score)
{
	jv_free(score->commands);
	jv_free(score->operators);
	jv_free(score->fields);
	jv_free(score->killers);
	jv_free(score->readers);
	jv_free(score->survivors);
}

char *
pd_mutation_subject(jv mutant)
{
	const char *event = pd_json_peek_string(mutant, "event", "");
	const char *field = pd_json_peek_string(mutant, "field", NULL);

	return field != NULL ? pd_format("%s.%s", event, field) : pd_duplicate(event);
}

/* One more of this verdict under a name. Consumes the table. */
static jv
count(jv table, const char *name, const char *verdict)
{
	jv row = pd_json_peek(table, name);

	if (!jv_is_valid(row)) {
		jv_free(row);
		row = pd_json_set_number(jv_object(), "killed", 0);
		row = pd_json_set_number(row, "survived", 0);
		row = pd_json_set_number(row, "equivalent", 0);
	}
	row = pd_json_set_number(row, verdict, 1 + pd_json_peek_number(row, verdict, 0));
	return pd_json_set(table, name, row);
}

static jv
add_one(jv table, const char *name)
{
	return pd_json_set_number(table, name, 1 + pd_json_peek_number(table, name, 0));
}

/* Note that the check reads what is changed. Consumes readers. */
static jv
add_reader(jv readers, const char *subject, const char *name)
{
	jv known = pd_json_peek(readers, subject);

	if (jv_get_kind(known) != JV_KIND_OBJECT) {
		jv_free(known);
		known = jv_object();
	}
	return pd_json_set(readers, subject, pd_json_set(known, name, jv_true()));
}

static void
count_killer(struct pd_mutation_score *score, jv mutant, const char *subject)
{
	jv killer = pd_json_peek(mutant, "killed_by");
	const char *name = pd_json_peek_string(killer, "name", NULL);
	const char *kind = pd_json_peek_string(killer, "kind", "");
	char *text = name != NULL ? pd_format("%s %s", kind, name) : pd_duplicate(kind);

	if (name != NULL && strcmp(kind, "prediction_mismatch") != 0)
		score->readers = add_reader(score->readers, subject, name);
	score->killers = add_one(score->killers, text);
	free(text);
	jv_free(killer);
}

/* Take over a list of names into the keys of an object. */
static jv
add_names(jv set, jv names)
{
	if (jv_get_kind(names) == JV_KIND_ARRAY) {
		jv_array_foreach(names, i, name) {
			set = jv_object_set(set, name, jv_true());
		}
	}
	jv_free(names);
	return set;
}

static jv
new_survivor(jv mutant)
{
	static const char *const kept[] = {"run", "id", "operator", "change", "from", "to"};
	jv survivor = pd_json_set_string(jv_object(), "event",
	    pd_json_peek_string(mutant, "event", ""));
	jv field = pd_json_peek(mutant, "field"), example = jv_object();

	if (jv_is_valid(field))
		survivor = pd_json_set(survivor, "field", field);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		jv value = pd_json_peek(mutant, kept[i]);
		if (jv_is_valid(value))
			example = pd_json_set(example, kept[i], value);
	}
	survivor = pd_json_set_number(survivor, "mutants", 0);
	survivor = pd_json_set(survivor, "changes", jv_object());
	survivor = pd_json_set(survivor, "checks", jv_object());
	jv state = pd_json_peek(mutant, "state");
	survivor = pd_json_set(survivor, "state", jv_get_kind(state) == JV_KIND_ARRAY ?
	    jv_copy(state) : jv_array());
	jv_free(state);
	return pd_json_set(survivor, "example", example);
}

static void
count_survivor(struct pd_mutation_score *score, jv mutant, const char *subject)
{
	jv survivor = pd_json_peek(score->survivors, subject);
	char *change = pd_format("%s %s", pd_json_peek_string(mutant, "operator", ""),
	    pd_json_peek_string(mutant, "change", ""));

	if (!jv_is_valid(survivor)) {
		jv_free(survivor);
		survivor = new_survivor(mutant);
	}
	survivor = add_one(survivor, "mutants");
	survivor = pd_json_set(survivor, "changes",
	    add_one(pd_json_peek(survivor, "changes"), change));
	survivor = pd_json_set(survivor, "checks", add_names(pd_json_peek(survivor,
	    "checks"), pd_json_peek(mutant, "checks")));
	score->survivors = pd_json_set(score->survivors, subject, survivor);
	free(change);
}

void
pd_mutation_score_add(struct pd_mutation_score *score, jv mutant)
{
	const char *verdict = pd_json_peek_string(mutant, "verdict", "");
	const char *operator = pd_json_peek_string(mutant, "operator", "");
	char *subject = pd_mutation_subject(mutant);

	score->mutants++;
	score->commands = count(score->commands,
	    pd_json_peek_string(mutant, "command", "-"), verdict);
	score->operators = count(score->operators, operator, verdict);
	score->fields = count(score->fields, subject, verdict);
	if (strcmp(verdict, "killed") == 0) {
		score->killed++;
		count_killer(score, mutant, subject);
	} else if (strcmp(verdict, "survived") == 0) {
		score->survived++;
		count_survivor(score, mutant, subject);
	} else {
		score->equivalent++;
	}
	free(subject);
}

static double
share(double killed, double survived)
{
	return killed + survived > 0 ? killed / (killed + survived) : 1;
}

double
pd_mutation_score_value(const struct pd_mutation_score *score)
{
	return share((double)score->killed, (double)score->survived);
}

/* The table with each row's share. */
static jv
with_scores(jv table)
{
	jv result = jv_object();

	jv_object_foreach(table, name, row) {
		double killed = pd_json_peek_number(row, "killed", 0);
		double survived = pd_json_peek_number(row, "survived", 0);
		if (killed + survived > 0)
			row = pd_json_set_number(row, "score", share(killed, survived));
		result = jv_object_set(result, name, row);
	}
	jv_free(table);
	return result;
}

static int
compare_survivors(const void *a, const void *b)
{
	const jv *left = a, *right = b;
	double difference = pd_json_peek_number(*right, "mutants", 0) -
	    pd_json_peek_number(*left, "mutants", 0);

	return difference > 0 ? 1 : difference < 0 ? -1 :
	    jv_cmp(jv_copy(*left), jv_copy(*right));
}

/* The checks that should have seen it: those that read it, here or where they
 * killed another mutant of the same. */
static jv
name_checks(const struct pd_mutation_score *score, jv survivor, const char *subject)
{
	jv checks = pd_json_peek(survivor, "checks");
	jv readers = pd_json_peek(score->readers, subject);

	if (jv_is_valid(readers))
		checks = jv_object_merge(checks, readers);
	return pd_json_set(survivor, "checks", jv_keys(checks));
}

/* Those of most mutants first. */
static jv
sorted_survivors(const struct pd_mutation_score *score)
{
	int count = jv_object_length(jv_copy(score->survivors)), next = 0;
	jv *list = pd_allocate((size_t)count, sizeof(*list)), result = jv_array();

	jv_object_foreach(score->survivors, name, survivor) {
		list[next++] = name_checks(score, survivor, jv_string_value(name));
		jv_free(name);
	}
	qsort(list, (size_t)count, sizeof(*list), compare_survivors);
	for (int i = 0; i < count; i++)
		result = jv_array_append(result, list[i]);
	free(list);
	return result;
}

jv
pd_mutation_score_record(const struct pd_mutation_score *score)
{
	jv record = pd_json_set_number(jv_object(), "mutants", (double)score->mutants);

	record = pd_json_set_number(record, "killed", (double)score->killed);
	record = pd_json_set_number(record, "survived", (double)score->survived);
	record = pd_json_set_number(record, "equivalent", (double)score->equivalent);
	record = pd_json_set_number(record, "score", pd_mutation_score_value(score));
	record = pd_json_set(record, "commands", with_scores(jv_copy(score->commands)));
	record = pd_json_set(record, "operators", with_scores(jv_copy(score->operators)));
	record = pd_json_set(record, "fields", with_scores(jv_copy(score->fields)));
	record = pd_json_set(record, "killers", jv_copy(score->killers));
	return pd_json_set(record, "survivors", sorted_survivors(score));
}
