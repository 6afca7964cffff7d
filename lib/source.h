/* SPDX-License-Identifier: MIT */
/*
 * Finding things in jq source text. libjq tells what a module defines and
 * includes (modulemeta); only the text tells on which line.
 */
#ifndef PD_SOURCE_H
#define PD_SOURCE_H

/* The line of `def NAME` with so many parameters outside of strings and
 * comments, the last one because it hides those before; 0 when there is none. */
long pd_source_definition(const char *content, const char *name, int arity);

/* The line of the first `or fail`, which always passes, for `or` makes true of
 * a failure; or 0. */
long pd_source_or_fail(const char *content);

/* The line of `include "NAME"` or `import "NAME"`, or 0. */
long pd_source_include(const char *content, const char *name);

#endif
