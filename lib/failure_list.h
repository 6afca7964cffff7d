/* SPDX-License-Identifier: MIT */
/*
 * Failure files in folders: each is read and verified once, and only a few
 * words about it are kept, so that many can be told apart, sorted and selected.
 */
#ifndef PD_FAILURE_LIST_H
#define PD_FAILURE_LIST_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "failure_file.h"

struct pd_failure_entry {
	char *path;
	enum pd_failure_condition condition;
	jv record;		/* the failure_file record, see pd-stream(5) */
};

struct pd_failure_list {
	struct pd_failure_entry *entries;
	size_t count, capacity;
	char **abandoned;	/* what savers who were killed left behind */
	size_t abandoned_count;
};

#define PD_FAILURE_LIST_INIT {0}

enum pd_failure_order { PD_FAILURE_NEWEST, PD_FAILURE_OLDEST, PD_FAILURE_BY_PATH };

/* Zero, NULL and -1 are for any. */
struct pd_failure_selection {
	enum pd_failure_order order;
	const char *kind, *name, *model;
	const char *saved_before;	/* as pd_failure_time makes it */
	int64_t seed;			/* -1: any */
	size_t limit;
};

#define PD_FAILURE_SELECTION_INIT {.seed = -1}

/* Add a file, whatever its name is, or those of a directory that are named
 * *.pd.json, and with recursive those below as well, but neither in hidden
 * directories nor through links. What is no failure is added with its condition. Returns 0, or
 * -1 if there is nothing of this name or the directory cannot be read. */
int pd_failure_list_add(struct pd_failure_list *, const char *path,
    bool recursive, struct pd_error *);
void pd_failure_list_free(struct pd_failure_list *);

/* Does it select anything but all? */
bool pd_failure_selection_narrows(const struct pd_failure_selection *);

/* Sort, the path deciding where times do not, and keep what is selected. What
 * is no failure comes last, and is kept only if all are. */
void pd_failure_list_select(struct pd_failure_list *,
    const struct pd_failure_selection *);

/* May the file be taken for a failure? */
bool pd_failure_is_readable(const struct pd_failure_entry *);

#endif
