/* SPDX-License-Identifier: MIT */
#include "reading.h"

#include "json.h"
#include "mutating.h"

void
pd_reading_free(struct pd_reading *reading)
{
	jv_free(reading->subjects);
	reading->subjects = jv_invalid();
}

static jv
known(const struct pd_reading *reading, const char *subject)
{
	jv entry = pd_json_peek(reading->subjects, subject);

	if (jv_is_valid(entry))
		return entry;
	jv_free(entry);
	return pd_json_set(jv_object(), "checks", jv_object());
}

/* Consumes what is new: {check: true}. */
static void
add(struct pd_reading *reading, const char *subject, jv entry, jv checks, bool folded)
{
	entry = pd_json_set(entry, "checks",
	    jv_object_merge(pd_json_peek(entry, "checks"), checks));
	if (folded)
		entry = pd_json_set(entry, "folded", jv_true());
	reading->subjects = pd_json_set(reading->subjects, subject, entry);
}

void
pd_reading_note(struct pd_reading *reading, const char *subject, const char *check)
{
	jv checks = jv_object();

	if (check != NULL)
		checks = pd_json_set(checks, check, jv_true());
	add(reading, subject, known(reading, subject), checks, check == NULL);
}

void
pd_reading_look(struct pd_reading *reading, const char *subject,
    struct pd_mutated_run *run, size_t answer, int index, const char *field, int most)
{
	jv entry = known(reading, subject);
	double looks = pd_json_peek_number(entry, "looks", 0);
	bool folded = false;

	if (looks >= most) {
		jv_free(entry);
		return;
	}
	jv checks = pd_mutant_readers(run, answer, index, field, &folded);
	add(reading, subject, pd_json_set_number(entry, "looks", looks + 1), checks, folded);
}

void
pd_reading_try(struct pd_reading *reading, const char *subject,
    struct pd_mutated_run *run, size_t answer, int index, const char *field, jv values,
    int most)
{
	jv entry = known(reading, subject);
	double tries = pd_json_peek_number(entry, "tries", 0);
	jv mutant = pd_json_set_string(jv_object(), "operator", "value");

	entry = pd_json_set_number(entry, "tries", tries + 1);
	mutant = pd_json_set_number(mutant, "index", index);
	mutant = pd_json_set_string(mutant, "field", field);
	jv checks = jv_object();
	bool folded = false;
	jv_array_foreach(values, i, value) {
		mutant = pd_json_set(mutant, "to", value);
		if (tries < most)
			checks = jv_object_merge(checks,
			    pd_mutant_killers(run, answer, mutant, &folded));
	}
	add(reading, subject, entry, checks, folded);
	jv_free(mutant);
	jv_free(values);
}

jv
pd_reading_checks(const struct pd_reading *reading, const char *subject)
{
	jv entry = known(reading, subject);
	jv checks = jv_keys(pd_json_peek(entry, "checks"));

	jv_free(entry);
	return checks;
}

bool
pd_reading_folded(const struct pd_reading *reading, const char *subject)
{
	jv entry = known(reading, subject);
	bool folded = pd_json_peek_bool(entry, "folded", false);

	jv_free(entry);
	return folded;
}
