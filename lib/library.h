/* SPDX-License-Identifier: MIT */
/*
 * The files that a jq module is made of: itself and what it includes and imports,
 * with the functions that they define; and the programs that can be compiled with
 * them. libjq says what is wrong with a file; here that becomes file, line and hint.
 */
#ifndef PD_LIBRARY_H
#define PD_LIBRARY_H

#include <jq.h>
#include <stdbool.h>

#include "buffer.h"
#include "error.h"
#include "hash.h"

enum { PD_MOST_SOURCES = 64 };

/* A function that can be called. */
struct pd_library_function {
	char *name;
	int arity;
	int source;		/* index into sources */
};

struct pd_library_source {
	char *path;
	char *relative;		/* as an include directive names it */
	char *content;
};

struct pd_library {
	char *path;		/* as the user gave it */
	char *real_path;
	char *name;		/* without folder and .jq */
	char hash[PD_HASH_TEXT];	/* of all files but the prelude */
	jv metadata;		/* of the module itself */
	jv search_path;
	struct pd_library_function *functions;	/* sorted by name and arity */
	int count;
	struct pd_library_source sources[PD_MOST_SOURCES];	/* each after those it needs; the module itself last */
	int source_count;
	struct pd_buffer data;	/* what it imports as data, for the hash */
	jv defined;		/* "NAME/ARITY" of all sources, for suggestions */
	jq_state *reader;	/* while it is read */
	struct pd_error *compile_error;	/* set while compiling only */
};

/* Read the module in a file whose name ends in .jq, and all that it needs. Returns 0
 * or -1; either way pd_library_free ends it. */
int pd_library_read(struct pd_library *, const char *path, struct pd_error *);
void pd_library_free(struct pd_library *);

/* The index of the function NAME/ARITY, or -1. */
int pd_library_find(const struct pd_library *, const char *name, int arity);

/* Where a function is defined. */
const char *pd_library_file(const struct pd_library *, int function);
long pd_library_line(const struct pd_library *, int function);

/* Append the directives that import all sources, source N as mN. */
void pd_library_append_imports(const struct pd_library *, struct pd_buffer *text);

/* Compile a program, in which they are known. NULL on error. */
jq_state *pd_library_compile(struct pd_library *, const char *text, struct pd_error *);

#endif
