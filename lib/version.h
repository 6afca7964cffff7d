/* SPDX-License-Identifier: MIT */
/* The release, as --version tells it and records carry it. */
#ifndef PD_VERSION_H
#define PD_VERSION_H

#define PD_VERSION "0.1.0"

#endif
