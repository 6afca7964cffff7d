/* SPDX-License-Identifier: MIT */
#include "source.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

struct scanner {
	const char *at;
	long line;
};

static void skip_token(struct scanner *);

/* From the opening quote to behind the closing one. */
static void
skip_string(struct scanner *scanner)
{
	scanner->at++;
	while (*scanner->at != '\0' && *scanner->at != '"') {
		if (scanner->at[0] == '\\' && scanner->at[1] == '(') {
			/* An interpolation may hold parentheses and strings. */
			scanner->at += 2;
			for (int depth = 1; depth > 0 && *scanner->at != '\0';) {
				depth += (*scanner->at == '(') - (*scanner->at == ')');
				skip_token(scanner);
			}
			continue;
		}
		scanner->line += *scanner->at == '\n';
		scanner->at += 1 + (scanner->at[0] == '\\' && scanner->at[1] != '\0');
	}
	scanner->at += *scanner->at != '\0';
}

static bool
is_word(char letter)
{
	return isalnum((unsigned char)letter) || letter == '_';
}

/* A comment, a string, a word or any other letter. */
static void
skip_token(struct scanner *scanner)
{
	if (*scanner->at == '#') {
		scanner->at += strcspn(scanner->at, "\n");
	} else if (*scanner->at == '"') {
		skip_string(scanner);
	} else if (is_word(*scanner->at)) {
		while (is_word(*scanner->at) ||
		    (scanner->at[0] == ':' && scanner->at[1] == ':'))
			scanner->at += *scanner->at == ':' ? 2 : 1;
	} else {
		scanner->line += *scanner->at == '\n';
		scanner->at++;
	}
}

/* The number of parameters, at what follows a function's name. */
static int
count_parameters(const char *at)
{
	int count = 1;

	at += strspn(at, " \t\r\n");
	if (*at != '(')
		return 0;
	for (; *at != ')' && *at != '\0'; at++)
		count += *at == ';';
	return count;
}

long
pd_source_definition(const char *content, const char *name, int arity)
{
	struct scanner scanner = {.at = content, .line = 1};
	size_t length = strlen(name);
	bool after_def = false;
	long line = 0;

	while (*scanner.at != '\0') {
		const char *token = scanner.at;
		skip_token(&scanner);
		size_t size = (size_t)(scanner.at - token);
		if (!is_word(*token))
			continue;
		if (after_def && size == length && memcmp(token, name, length) == 0 &&
		    count_parameters(scanner.at) == arity)
			line = scanner.line;
		after_def = size == 3 && memcmp(token, "def", 3) == 0;
	}
	return line;
}

long
pd_source_include(const char *content, const char *name)
{
	struct scanner scanner = {.at = content, .line = 1};
	size_t length = strlen(name);

	while (*scanner.at != '\0') {
		const char *token = scanner.at;
		skip_token(&scanner);
		if (*token == '"' && (size_t)(scanner.at - token) == length + 2 &&
		    memcmp(token + 1, name, length) == 0)
			return scanner.line;
	}
	return 0;
}

long
pd_source_or_fail(const char *content)
{
	struct scanner scanner = {.at = content, .line = 1};
	bool after_or = false;

	while (*scanner.at != '\0') {
		const char *token = scanner.at;
		skip_token(&scanner);
		size_t size = (size_t)(scanner.at - token);
		if (!is_word(*token)) {
			after_or = after_or && isspace((unsigned char)*token);
			continue;
		}
		if (after_or && size == 4 && memcmp(token, "fail", 4) == 0)
			return scanner.line;
		after_or = size == 2 && memcmp(token, "or", 2) == 0;
	}
	return 0;
}
