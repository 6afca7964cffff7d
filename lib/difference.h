/* SPDX-License-Identifier: MIT */
/*
 * Where JSON values differ, and what their leaves are. A place is told by its
 * path as jq reads it: .accounts["acc 1"].holds[0]; a whole value is at ".".
 */
#ifndef PD_DIFFERENCE_H
#define PD_DIFFERENCE_H

#include <jv.h>

/* A place at which two values differ. What is only in one of them is an
 * invalid jv in the other. All is borrowed. */
typedef void pd_difference_found(void *context, const char *path, jv left,
    jv right);

/* Find the smallest parts that differ. Borrows both values. */
void pd_differences(jv left, jv right, pd_difference_found *, void *context);

/* The same as an array: [{path, before?, after?}]. Borrows both. */
jv pd_changes(jv before, jv after);

/* A part that has no parts; empty arrays and objects are such. Borrowed. */
typedef void pd_leaf_found(void *context, const char *path, jv leaf);

/* Visit the leaves of what stands at a path. Borrows the value. */
void pd_leaves(const char *path, jv value, pd_leaf_found *, void *context);

#endif
