/* SPDX-License-Identifier: MIT */
/*
 * Asking at the terminal, which need not be standard input: single keys are
 * read as they are pressed. The terminal is in that mode only while a key is
 * waited for, so that it is as it was whenever anything else happens.
 */
#ifndef PD_TERMINAL_H
#define PD_TERMINAL_H

#include "error.h"
#include "loop.h"

/* The controlling terminal's descriptor, or -1. The caller closes it. From then
 * on SIGHUP and SIGQUIT are told by pd_loop_signal, too. */
int pd_terminal_open(struct pd_loop *, struct pd_error *);

/* Show the prompt and wait for a key, on the loop; the prompt is gone after
 * that. Returns the key; 'q' for control-D, a terminal that is gone, and a
 * signal. Control-Z stops the program, and asks again when it goes on. */
int pd_terminal_ask(int terminal, const char *prompt, struct pd_loop *);

#endif
