/* SPDX-License-Identifier: MIT */
#include "counted.h"

#include <stdlib.h>
#include <string.h>

#include "argument.h"
#include "buffer.h"
#include "generator.h"

enum { MOST_ELEMENTS = 16 };	/* of a list that are looked at: late ones */

/* The numbers that may go down. */
struct numbers {
	struct pd_arguments arguments;
	double *value, *room;
};

static struct numbers
find_numbers(struct pd_search *search)
{
	struct numbers numbers = {.arguments = pd_arguments_find(search->model,
	    &search->best, PD_ARGUMENTS_LEAVES)};

	numbers.value = pd_allocate(numbers.arguments.count, sizeof(*numbers.value));
	numbers.room = pd_allocate(numbers.arguments.count, sizeof(*numbers.room));
	pd_arguments_measure(&numbers.arguments, &search->best, numbers.value,
	    numbers.room);
	return numbers;
}

static void
free_numbers(struct numbers *numbers)
{
	pd_arguments_free(&numbers->arguments);
	free(numbers->value);
	free(numbers->room);
}

/* Try the sequence, which is borrowed, with each of the numbers one less in
 * turn; those of the given argument, if any, are left alone. */
static bool
try_each_lower(struct pd_search *search, const struct numbers *numbers,
    const struct pd_sequence *smaller, const struct pd_argument *shortened)
{
	for (size_t i = 0; i < numbers->arguments.count; i++) {
		const struct pd_argument *argument = &numbers->arguments.list[i];
		struct pd_sequence candidate;
		if (numbers->room[i] < 1 || pd_argument_item(smaller, argument) == NULL ||
		    (shortened != NULL && strcmp(argument->id, shortened->id) == 0 &&
		    jv_equal(jv_array_get(jv_copy(argument->path), 0),
		    jv_array_get(jv_copy(shortened->path), 0))))
			continue;
		pd_sequence_copy(&candidate, smaller);
		pd_argument_set(&candidate, argument, jv_number(numbers->value[i] - 1));
		if (pd_search_try(search, &candidate))
			return true;
	}
	return false;
}

/* Each command but the one that fails. */
static bool
try_commands(struct pd_search *search, const struct numbers *numbers)
{
	struct pd_row row = pd_row_make(&search->best);
	bool *keep = pd_allocate(row.count, sizeof(*keep));
	size_t failed = pd_search_failed_item(search, &row);
	bool removed = false;

	for (size_t i = row.count; i-- > 0 && !removed && !pd_search_is_over(search);) {
		for (size_t j = 0; j < row.count; j++)
			keep[j] = j != i;
		pd_row_drop_dependents(&row, keep);
		if (failed < row.count && !keep[failed])
			continue;
		struct pd_sequence smaller = pd_row_kept(&search->best, keep);
		removed = try_each_lower(search, numbers, &smaller, NULL);
		pd_sequence_free(&smaller);
	}
	free(keep);
	pd_row_free(&row);
	return removed;
}

/* An array without an element, or a text without its last character; an
 * invalid jv when there is nothing to go. Borrows the value. */
static jv
shorter(jv value, int element)
{
	if (jv_get_kind(value) == JV_KIND_ARRAY) {
		int length = jv_array_length(jv_copy(value));
		jv start = jv_array_slice(jv_copy(value), 0, element);
		return jv_array_concat(start,
		    jv_array_slice(jv_copy(value), element + 1, length));
	}
	jv points = jv_string_explode(jv_copy(value));
	return jv_string_implode(jv_array_slice(points, 0, element));
}

/* How many elements or characters a value has; 0 for others. */
static int
size_of(jv value)
{
	if (jv_get_kind(value) == JV_KIND_ARRAY)
		return jv_array_length(jv_copy(value));
	return jv_get_kind(value) == JV_KIND_STRING ?
	    jv_string_length_codepoints(jv_copy(value)) : 0;
}

static bool
try_elements(struct pd_search *search, const struct numbers *numbers,
    const struct pd_argument *argument)
{
	jv value = pd_argument_value(&search->best, argument);
	int size = size_of(value);
	int least = jv_get_kind(value) == JV_KIND_STRING ? size - 1 :
	    size - MOST_ELEMENTS;
	bool removed = false;

	for (int i = size; i-- > 0 && i >= least && !removed &&
	    !pd_search_is_over(search);) {
		jv smaller_value = shorter(value, i);
		struct pd_sequence smaller;
		if (!pd_generator_admits(argument->generator, smaller_value)) {
			jv_free(smaller_value);
			continue;
		}
		pd_sequence_copy(&smaller, &search->best);
		pd_argument_set(&smaller, argument, smaller_value);
		removed = try_each_lower(search, numbers, &smaller, argument);
		pd_sequence_free(&smaller);
	}
	jv_free(value);
	return removed;
}

static bool
try_lists(struct pd_search *search, const struct numbers *numbers)
{
	struct pd_arguments whole = pd_arguments_find(search->model, &search->best,
	    PD_ARGUMENTS_WHOLE);
	bool removed = false;

	for (size_t i = 0; i < whole.count && !removed; i++)
		removed = try_elements(search, numbers, &whole.list[i]);
	pd_arguments_free(&whole);
	return removed;
}

bool
pd_counted_remove(struct pd_search *search)
{
	bool any = false, again = true;

	while (again && !pd_search_is_over(search)) {
		struct numbers numbers = find_numbers(search);
		again = try_commands(search, &numbers) || try_lists(search, &numbers);
		any |= again;
		free_numbers(&numbers);
	}
	return any;
}
