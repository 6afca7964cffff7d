/* SPDX-License-Identifier: MIT */
/*
 * A jq module as a set of functions that C can call by number: a model, an
 * adapter, a map, a report template. Here calls get arguments, checked results, and
 * errors that name the function and its place; see library.h for how a module is read
 * and dispatcher.h for how it runs.
 */
#ifndef PD_MODULE_H
#define PD_MODULE_H

#include <jv.h>
#include <stdbool.h>
#include <stdio.h>

#include "error.h"
#include "hash.h"

struct pd_module;

enum { PD_NO_FUNCTION = -1 };

/* Compile the module in a file whose name ends in .jq. It may include others,
 * from its own folder and from the suite's share/pd/jq. What the module defines
 * and what it includes (the prelude "pd" aside) can be called; what it only
 * imports cannot. NULL on error, which names file and line. */
struct pd_module *pd_module_open(const char *path, struct pd_error *);

/* Only read it: what it defines and its metadata can be asked for, and what is
 * prepared can be called. */
struct pd_module *pd_module_read(const char *path, struct pd_error *);

/* Compile functions of one argument, names with a NULL after the last, beside those
 * that are compiled already. It may lack any of them. jq drops what they do not need
 * before it binds names, which takes the square of the time that what is left takes to
 * be read: a fraction for a large module of which little is used. Returns 0 or -1. */
int pd_module_prepare(struct pd_module *, const char *const *names,
    struct pd_error *);

/* Can it be called? */
bool pd_module_is_prepared(const struct pd_module *, int function);
void pd_module_close(struct pd_module *);

/* Where jq's debug and stderr go; nowhere by default. */
void pd_module_debug_to(struct pd_module *, FILE *);

/* The file's path, its name without folder and .jq, the hash of the file and
 * those that it includes, and the constant object of its module directive
 * (empty when it has none; belongs to the module). */
const char *pd_module_path(const struct pd_module *);
const char *pd_module_name(const struct pd_module *);
const char *pd_module_hash(const struct pd_module *);
jv pd_module_metadata_peek(const struct pd_module *);

/* The number of the function NAME/ARITY, or PD_NO_FUNCTION. */
int pd_module_function(const struct pd_module *, const char *name, int arity);

/* All functions, for listing: numbers are 0 .. count-1, sorted by name. */
int pd_module_count(const struct pd_module *);
const char *pd_module_function_name(const struct pd_module *, int function);
int pd_module_function_arity(const struct pd_module *, int function);

/* Where a function is defined. */
const char *pd_module_function_file(const struct pd_module *, int function);
long pd_module_function_line(const struct pd_module *, int function);

/* Call a function on an input with an array of arguments; consumes both. The
 * first form wants exactly one output, the second gives an array of all. An
 * invalid jv on error, which names the function and its place. */
jv pd_module_call(struct pd_module *, int function, jv input, jv arguments,
    struct pd_error *);
jv pd_module_call_all(struct pd_module *, int function, jv input, jv arguments,
    struct pd_error *);

/* Call several functions on the same input with the same arguments: an array
 * of what each gave, which must be one output. An invalid jv on error. It costs
 * less than calling one after the other. */
jv pd_module_call_each(struct pd_module *, const int *functions, int count,
    jv input, jv arguments, struct pd_error *);

/* Call the first function on an input, then the others on what it gave, which is
 * returned: two calls in one. *results becomes an array of what the others gave, or
 * an invalid jv when one of them failed. The call as a whole has failed when the
 * first one gave an invalid jv; then, too, *results is invalid. */
jv pd_module_call_then_each(struct pd_module *, const int *functions, int count,
    jv input, jv arguments, jv *results, struct pd_error *);

/* Refuse metadata keys that are not among the known ones, with a suggestion.
 * Returns 0 or -1. */
int pd_module_check_metadata(const struct pd_module *,
    const char *const *known, size_t count, struct pd_error *);

#endif
