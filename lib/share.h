/* SPDX-License-Identifier: MIT */
/* Where the suite's own jq modules, templates and schemas are. */
#ifndef PD_SHARE_H
#define PD_SHARE_H

/* The path of share/pd/NAME: beside the running program's own directory when
 * it is there (../share/pd), at the PREFIX compiled in otherwise. The caller
 * frees it. */
char *pd_share_path(const char *name);

/* The running program's own directory, or NULL. The caller frees it. */
char *pd_program_directory(void);

#endif
