/* SPDX-License-Identifier: MIT */
#include "pattern.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
	UNBOUNDED = -1,
	MORE_THAN_MINIMUM = 8,
	MOST_REPEATS = 1000,
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

/* A letter after a backslash: a class, or itself. */
static void
add_escape(bool *set, char letter)
{
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
	default:
		set[letter & 0x7f] = true;
	}
}

static int
parse_set(struct parser *parser, bool *set)
{
	bool inverted = *parser->at == '^';

	parser->at += inverted;
	for (bool first = true; *parser->at != ']' || first; first = false) {
		unsigned char from = (unsigned char)*parser->at;
		if (from == '\0')
			return wrong(parser, "a [ without its ]");
		if (from > 127)
			return wrong(parser, "only ASCII can stand in [ ]");
		parser->at++;
		if (from == '\\' && *parser->at != '\0') {
			add_escape(set, *parser->at++);
		} else if (parser->at[0] == '-' && parser->at[1] != ']' &&
		    parser->at[1] != '\0') {
			unsigned char to = (unsigned char)parser->at[1];
			if (to > 127 || to < from)
				return wrong(parser, "a range that holds nothing");
			add_range(set, from, to);
			parser->at += 2;
		} else {
			set[from] = true;
		}
	}
	parser->at++;
	for (int c = 0; inverted && c < 128; c++)
		set[c] = c >= ' ' && c < 127 && !set[c];
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
		element->kind = GROUP;
		element->group = parse_choices(parser, true);
		return element->group != NULL ? 0 : -1;
	}
	if (letter == '[')
		return parse_set(parser, element->set);
	if (letter == '.') {
		add_range(element->set, ' ', '~');
	} else if (letter == '\\') {
		if (*parser->at == '\0')
			return wrong(parser, "a \\ at the end");
		add_escape(element->set, *parser->at++);
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
parse_count(struct parser *parser)
{
	long count = 0;

	if (!isdigit((unsigned char)*parser->at))
		return wrong(parser, "a number is missing in { }");
	while (isdigit((unsigned char)*parser->at)) {
		count = count * 10 + (*parser->at++ - '0');
		if (count > MOST_REPEATS)
			return wrong(parser, "more than 1000 repeats");
	}
	return (int)count;
}

static int
parse_repeat(struct parser *parser, struct element *element)
{
	element->minimum = element->maximum = 1;
	switch (*parser->at) {
	case '?':
		element->minimum = 0;
		break;
	case '*':
		element->minimum = 0;
		element->maximum = UNBOUNDED;
		break;
	case '+':
		element->maximum = UNBOUNDED;
		break;
	case '{':
		parser->at++;
		element->minimum = element->maximum = parse_count(parser);
		if (element->minimum < 0)
			return -1;
		if (*parser->at == ',') {
			parser->at++;
			element->maximum = *parser->at == '}' ? UNBOUNDED :
			    parse_count(parser);
			if (element->maximum == -1 && *parser->at != '}')
				return -1;
		}
		if (*parser->at != '}')
			return wrong(parser, "a { without its }");
		if (element->maximum != UNBOUNDED &&
		    element->maximum < element->minimum)
			return wrong(parser, "a repeat that holds nothing");
		break;
	default:
		return 0;
	}
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

struct pd_pattern *
pd_pattern_compile(const char *text, struct pd_error *error)
{
	struct parser parser = {.start = text, .at = text, .error = error};

	return parse_choices(&parser, false);
}

static int
count_set(const bool *set)
{
	int count = 0;

	for (int c = 0; c < 128; c++)
		count += set[c];
	return count;
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
			} else if (count_set(e->set) > 0) {
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
 * Matching by backtracking. What is still to be matched after an element is a
 * chain of frames on the C stack: the rest of its sequence, then that of the
 * group around it, and so on.
 */
struct rest {
	const struct element *element;	/* NULL: the sequence is done */
	int repeated;			/* how often the element has matched already */
	const char *entered;		/* where its latest repeat began */
	const struct rest *outer;
};

static bool match_rest(const struct rest *, const char *text);

static bool
match_once(const struct element *element, const struct rest *after,
    const char *text)
{
	if (element->kind == SET)
		return (unsigned char)*text < 128 && *text != '\0' &&
		    element->set[(unsigned char)*text] && match_rest(after, text + 1);
	if (element->kind == TEXT)
		return strncmp(text, element->text, strlen(element->text)) == 0 &&
		    match_rest(after, text + strlen(element->text));
	for (const struct choice *c = element->group->choices; c != NULL;
	    c = c->next) {
		struct rest inside = {.element = c->first, .outer = after};
		if (match_rest(&inside, text))
			return true;
	}
	return false;
}

static bool
match_rest(const struct rest *rest, const char *text)
{
	if (rest == NULL)
		return *text == '\0';
	const struct element *element = rest->element;
	if (element == NULL)
		return match_rest(rest->outer, text);
	/* A repeat that matched nothing would go on for ever. */
	bool stuck = rest->repeated > element->minimum && rest->entered == text;
	bool more = element->maximum == UNBOUNDED ||
	    rest->repeated < element->maximum;
	if (more && !stuck) {
		struct rest again = {.element = element, .entered = text,
			.repeated = rest->repeated + 1, .outer = rest->outer};
		if (match_once(element, &again, text))
			return true;
	}
	if (rest->repeated < element->minimum)
		return false;
	struct rest next = {.element = element->next, .outer = rest->outer};
	return match_rest(&next, text);
}

bool
pd_pattern_matches(const struct pd_pattern *pattern, const char *text)
{
	struct element whole = {.kind = GROUP, .minimum = 1, .maximum = 1,
		.group = (struct pd_pattern *)(uintptr_t)pattern};
	struct rest start = {.element = &whole};

	return match_rest(&start, text);
}
