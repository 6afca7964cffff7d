/* SPDX-License-Identifier: MIT */
#include "pattern.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
	UNBOUNDED = -1,
	MORE_THAN_MINIMUM = 8,
	MOST_REPEATS = 1000,
	MOST_NESTED = 100,	/* groups: parsing and drawing go down the C stack */
};

enum kind { SET, TEXT, GROUP };

/* What can be repeated. A sequence is a list of these, a pattern a list of
 * sequences to choose from. */
struct element {
	enum kind kind;
	bool set[128];			/* SET: ASCII characters */
	char text[5];			/* TEXT: one character that is not ASCII */
	struct pd_pattern *group;	/* GROUP */
	int minimum, maximum;
	struct element *next;
};

struct choice {
	struct element *first;
	struct choice *next;
};

struct pd_pattern {
	struct choice *choices;
};

struct parser {
	const char *start, *at;
	int depth;		/* groups around this place */
	struct pd_error *error;
};

static void
free_element(struct element *element)
{
	pd_pattern_free(element->group);
	free(element);
}

void
pd_pattern_free(struct pd_pattern *pattern)
{
	if (pattern == NULL)
		return;
	for (struct choice *choice = pattern->choices, *next; choice != NULL;
	    choice = next) {
		next = choice->next;
		for (struct element *e = choice->first, *after; e != NULL; e = after) {
			after = e->next;
			free_element(e);
		}
		free(choice);
	}
	free(pattern);
}

static int
wrong(struct parser *parser, const char *what)
{
	pd_error_set(parser->error, "pattern '%s': %s at character %d",
	    parser->start, what, (int)(parser->at - parser->start) + 1);
	return pd_error_hint(parser->error,
	    "patterns know . [a-z] \\d \\w \\s ( | ) ? * + and {n,m}");
}

static void
add_range(bool *set, int from, int to)
{
	for (int c = from; c <= to; c++)
		set[c] = true;
}

/* A letter after a backslash: a class, or itself when it is punctuation. Other
 * letters mean something elsewhere, and must not be taken for themselves here. */
static int
parse_escape(struct parser *parser, bool *set)
{
	char letter = *parser->at;

	switch (letter) {
	case 'd':
		add_range(set, '0', '9');
		break;
	case 'w':
		add_range(set, 'a', 'z');
		add_range(set, 'A', 'Z');
		add_range(set, '0', '9');
		set['_'] = true;
		break;
	case 's':
		set[' '] = true;
		break;
	case 'n':
		set['\n'] = true;
		break;
	case 't':
		set['\t'] = true;
		break;
	case '\0':
		return wrong(parser, "a \\ at the end");
	default:
		if (isalnum((unsigned char)letter) || (unsigned char)letter > 127)
			return wrong(parser, "an unknown letter after \\");
		set[(unsigned char)letter] = true;
	}
	parser->at++;
	return 0;
}

/* One end of a range in [ ], or a class, which adds itself and leaves *letter
 * at -1. */
static int
parse_member(struct parser *parser, bool *set, int *letter)
{
	unsigned char first = (unsigned char)*parser->at;

	*letter = -1;
	if (first == '\0')
		return wrong(parser, "a [ without its ]");
	if (first > 127)
		return wrong(parser, "only ASCII can stand in [ ]");
	parser->at++;
	if (first != '\\') {
		*letter = first;
		return 0;
	}
	if (ispunct((unsigned char)*parser->at)) {
		*letter = (unsigned char)*parser->at++;
		return 0;
	}
	return parse_escape(parser, set);
}

static int
count_set(const bool *set)
{
	int count = 0;

	for (int c = 0; c < 128; c++)
		count += set[c];
	return count;
}

static int
parse_set(struct parser *parser, bool *set)
{
	bool inverted = *parser->at == '^';

	parser->at += inverted;
	for (bool first = true; *parser->at != ']' || first; first = false) {
		int from, to;
		if (parse_member(parser, set, &from) != 0)
			return -1;
		to = from;
		if (from >= 0 && parser->at[0] == '-' && parser->at[1] != ']') {
			parser->at++;
			if (parse_member(parser, set, &to) != 0)
				return -1;
			if (to < from)
				return wrong(parser, "a range that holds nothing");
		}
		if (from >= 0)
			add_range(set, from, to);
	}
	for (int c = 0; inverted && c < 128; c++)
		set[c] = c >= ' ' && c < 127 && !set[c];
	if (count_set(set) == 0)
		return wrong(parser, "a set that holds nothing");
	parser->at++;
	return 0;
}

static struct pd_pattern *parse_choices(struct parser *, bool inside);

static int
parse_atom(struct parser *parser, struct element *element)
{
	char letter = *parser->at++;

	if (letter == '(') {
		if (strncmp(parser->at, "?:", 2) == 0)
			parser->at += 2;
		if (parser->depth == MOST_NESTED)
			return wrong(parser, "groups more than 100 deep");
		element->kind = GROUP;
		parser->depth++;
		element->group = parse_choices(parser, true);
		parser->depth--;
		return element->group != NULL ? 0 : -1;
	}
	if (letter == '[')
		return parse_set(parser, element->set);
	if (letter == '.') {
		add_range(element->set, ' ', '~');
	} else if (letter == '\\') {
		return parse_escape(parser, element->set);
	} else if (strchr("^$", letter) != NULL) {
		parser->at--;
		return wrong(parser, "^ and $ stand at the start and the end only, "
		    "\\^ and \\$ for themselves,");
	} else if (strchr("?*+{", letter) != NULL) {
		parser->at--;
		return wrong(parser, "nothing to repeat");
	} else if ((unsigned char)letter < 128) {
		element->set[(unsigned char)letter] = true;
	} else {
		element->kind = TEXT;
		size_t length = 0;
		element->text[length++] = letter;
		while ((*parser->at & 0xc0) == 0x80 && length < 4)
			element->text[length++] = *parser->at++;
	}
	return 0;
}

static int
parse_count(struct parser *parser, int *count)
{
	*count = 0;
	if (!isdigit((unsigned char)*parser->at))
		return wrong(parser, "a number is missing in { }");
	while (isdigit((unsigned char)*parser->at)) {
		*count = *count * 10 + (*parser->at - '0');
		if (*count > MOST_REPEATS)
			return wrong(parser, "more than 1000 repeats");
		parser->at++;
	}
	return 0;
}

/* {n}, {n,} or {n,m}, after the opening brace. */
static int
parse_counts(struct parser *parser, struct element *element)
{
	if (parse_count(parser, &element->minimum) != 0)
		return -1;
	element->maximum = element->minimum;
	if (*parser->at == ',') {
		parser->at++;
		if (*parser->at == '}')
			element->maximum = UNBOUNDED;
		else if (parse_count(parser, &element->maximum) != 0)
			return -1;
	}
	if (*parser->at != '}')
		return wrong(parser, "a { without its }");
	if (element->maximum != UNBOUNDED && element->maximum < element->minimum)
		return wrong(parser, "a repeat that holds nothing");
	parser->at++;
	return 0;
}

static int
parse_repeat(struct parser *parser, struct element *element)
{
	element->minimum = *parser->at == '?' || *parser->at == '*' ? 0 : 1;
	element->maximum = *parser->at == '*' || *parser->at == '+' ? UNBOUNDED : 1;
	if (*parser->at == '{') {
		parser->at++;
		return parse_counts(parser, element);
	}
	if (*parser->at != '\0' && strchr("?*+", *parser->at) != NULL)
		parser->at++;
	return 0;
}

static int
parse_sequence(struct parser *parser, struct choice *choice)
{
	struct element **end = &choice->first;

	while (*parser->at != '\0' && *parser->at != '|' && *parser->at != ')') {
		bool anchor = (*parser->at == '^' && parser->at == parser->start) ||
		    (*parser->at == '$' && parser->at[1] == '\0');
		if (anchor) {
			parser->at++;
			continue;
		}
		struct element *element = pd_allocate(1, sizeof(*element));
		*end = element;
		end = &element->next;
		if (parse_atom(parser, element) != 0 ||
		    parse_repeat(parser, element) != 0)
			return -1;
	}
	return 0;
}

static struct pd_pattern *
parse_choices(struct parser *parser, bool inside)
{
	struct pd_pattern *pattern = pd_allocate(1, sizeof(*pattern));
	struct choice **end = &pattern->choices;

	for (;;) {
		*end = pd_allocate(1, sizeof(**end));
		if (parse_sequence(parser, *end) != 0) {
			pd_pattern_free(pattern);
			return NULL;
		}
		end = &(*end)->next;
		if (*parser->at != '|')
			break;
		parser->at++;
	}
	if ((*parser->at == ')') != inside) {
		wrong(parser, inside ? "a ( without its )" : "a ) without its (");
		pd_pattern_free(pattern);
		return NULL;
	}
	parser->at += inside;
	return pattern;
}

/* The length in bytes of the longest text that can be drawn; beyond the limit
 * any number beyond it. */
static size_t
longest(const struct pd_pattern *pattern)
{
	size_t most = 0;

	for (const struct choice *c = pattern->choices; c != NULL; c = c->next) {
		size_t length = 0;
		for (const struct element *e = c->first; e != NULL &&
		    length <= PD_PATTERN_LIMIT; e = e->next) {
			size_t once = e->kind == GROUP ? longest(e->group) :
			    e->kind == TEXT ? strlen(e->text) : 1;
			int times = e->maximum == UNBOUNDED ?
			    e->minimum + MORE_THAN_MINIMUM : e->maximum;
			length += once * (size_t)times;
		}
		if (length > most)
			most = length;
	}
	return most <= PD_PATTERN_LIMIT ? most : PD_PATTERN_LIMIT + 1;
}

struct pd_pattern *
pd_pattern_compile(const char *text, struct pd_error *error)
{
	struct parser parser = {.start = text, .at = text, .error = error};
	struct pd_pattern *pattern = parse_choices(&parser, false);

	if (pattern != NULL && longest(pattern) > PD_PATTERN_LIMIT) {
		pd_error_set(error, "pattern '%s' can give more than %d bytes",
		    text, PD_PATTERN_LIMIT);
		pd_error_hint(error, "smaller numbers in its { } help");
		pd_pattern_free(pattern);
		return NULL;
	}
	return pattern;
}

/* The index-th character of a set, the simplest first: digits, letters, the rest. */
static char
pick_from_set(const bool *set, int index)
{
	static const char *const order = "a"
	    "bcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	for (int c = '0'; c <= '9'; c++) {
		if (set[c] && index-- == 0)
			return (char)c;
	}
	for (const char *letter = order; *letter != '\0'; letter++) {
		if (set[(int)*letter] && index-- == 0)
			return *letter;
	}
	for (int c = 0; c < 128; c++) {
		if (set[c] && !isalnum(c) && index-- == 0)
			return (char)c;
	}
	return ' ';
}

/* Without random numbers this gives the simplest text. */
static void
draw(const struct pd_pattern *pattern, struct pd_random *random,
    struct pd_buffer *buffer)
{
	const struct choice *choice = pattern->choices;
	uint64_t count = 0;

	for (const struct choice *c = choice; c != NULL; c = c->next)
		count++;
	uint64_t index = random != NULL ? pd_random_below(random, count) : 0;
	while (index-- > 0)
		choice = choice->next;
	for (const struct element *e = choice->first; e != NULL; e = e->next) {
		int maximum = e->maximum == UNBOUNDED ?
		    e->minimum + MORE_THAN_MINIMUM : e->maximum;
		int times = e->minimum;
		if (random != NULL)
			times += (int)pd_random_below(random,
			    (uint64_t)(maximum - e->minimum) + 1);
		for (int i = 0; i < times; i++) {
			if (e->kind == GROUP) {
				draw(e->group, random, buffer);
			} else if (e->kind == TEXT) {
				pd_buffer_text(buffer, e->text);
			} else {
				uint64_t size = (uint64_t)count_set(e->set);
				char letter = pick_from_set(e->set, random != NULL ?
				    (int)pd_random_below(random, size) : 0);
				pd_buffer_append(buffer, &letter, 1);
			}
		}
	}
}

void
pd_pattern_draw(const struct pd_pattern *pattern, struct pd_random *random,
    struct pd_buffer *buffer)
{
	draw(pattern, random, buffer);
}

void
pd_pattern_simplest(const struct pd_pattern *pattern, struct pd_buffer *buffer)
{
	draw(pattern, NULL, buffer);
}

/*
 * Matching, without backtracking: from the set of places in the text that can
 * be reached before an element to the set that can be reached after it. A set
 * has one flag for each byte of the text and one for its end.
 */
struct text {
	const char *bytes;
	size_t length;
};

static bool *
no_places(const struct text *text)
{
	return pd_allocate(text->length + 1, sizeof(bool));
}

/* Add the places of more to those of all. Were there any new ones? They alone
 * are left in more. */
static bool
add_places(const struct text *text, bool *all, bool *more)
{
	bool any = false;

	for (size_t i = 0; i <= text->length; i++) {
		more[i] = more[i] && !all[i];
		all[i] = all[i] || more[i];
		any = any || more[i];
	}
	return any;
}

static bool *match_choices(const struct pd_pattern *, const struct text *,
    const bool *from);

/* The places after one repeat of an element. */
static bool *
match_once(const struct element *element, const struct text *text,
    const bool *from)
{
	if (element->kind == GROUP)
		return match_choices(element->group, text, from);
	bool *to = no_places(text);
	size_t size = element->kind == TEXT ? strlen(element->text) : 1;
	for (size_t i = 0; i + size <= text->length; i++) {
		unsigned char byte = (unsigned char)text->bytes[i];
		if (from[i] && (element->kind == TEXT ?
		    memcmp(text->bytes + i, element->text, size) == 0 :
		    byte < 128 && element->set[byte]))
			to[i + size] = true;
	}
	return to;
}

/* The places after all the repeats that an element allows. */
static bool *
match_repeats(const struct element *element, const struct text *text,
    bool *from)
{
	for (int i = 0; i < element->minimum; i++) {
		bool *to = match_once(element, text, from);
		bool same = memcmp(from, to, text->length + 1) == 0;
		free(from);
		from = to;
		if (same)
			break;
	}
	bool *all = no_places(text);
	add_places(text, all, from);
	for (int i = element->minimum; element->maximum == UNBOUNDED ||
	    i < element->maximum; i++) {
		bool *to = match_once(element, text, from);
		free(from);
		from = to;
		if (!add_places(text, all, from))
			break;
	}
	free(from);
	return all;
}

static bool *
match_choices(const struct pd_pattern *pattern, const struct text *text,
    const bool *from)
{
	bool *all = no_places(text);

	for (const struct choice *c = pattern->choices; c != NULL; c = c->next) {
		bool *places = no_places(text);
		memcpy(places, from, text->length + 1);
		for (const struct element *e = c->first; e != NULL; e = e->next)
			places = match_repeats(e, text, places);
		add_places(text, all, places);
		free(places);
	}
	return all;
}

bool
pd_pattern_matches(const struct pd_pattern *pattern, const char *bytes,
    size_t length)
{
	struct text text = {bytes, length};

	if (length > PD_PATTERN_LIMIT)
		return false;
	bool *start = no_places(&text);
	start[0] = true;
	bool *ends = match_choices(pattern, &text, start);
	bool matches = ends[length];
	free(start);
	free(ends);
	return matches;
}
