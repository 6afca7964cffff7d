/* SPDX-License-Identifier: MIT */
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { CONTROL_D = 4, CONTROL_Z = 26, QUIT = 'q' };
enum { HANGUP_DELAY = 1000000 };	/* microseconds */

int
pd_terminal_open(struct pd_loop *loop, struct pd_error *error)
{
	int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (terminal < 0) {
		pd_error_set(error, "there is no terminal to ask at: %s",
		    strerror(errno));
		pd_error_hint(error, "without --step it asks nothing");
		return -1;
	}
	pd_loop_take_hangup(loop);
	return terminal;
}

static void
show(int terminal, const char *text)
{
	size_t length = strlen(text);

	while (length > 0) {
		ssize_t wrote = write(terminal, text, length);
		if (wrote < 0 && errno != EINTR)
			return;		/* a terminal that is gone; reading tells */
		text += wrote > 0 ? wrote : 0;
		length -= wrote > 0 ? (size_t)wrote : 0;
	}
}

/* Keys come one by one, unseen; control-C is still a signal. */
static void
set_keys(int terminal, const struct termios *before)
{
	struct termios mode = *before;

	mode.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	mode.c_cc[VMIN] = 1;
	mode.c_cc[VTIME] = 0;
	mode.c_cc[VSUSP] = _POSIX_VDISABLE;
	tcsetattr(terminal, TCSADRAIN, &mode);
}

static void
on_ready(void *context, int descriptor, short events)
{
	(void)descriptor;
	(void)events;
	*(bool *)context = true;
}

static void
on_due(void *context)
{
	*(bool *)context = true;
}

/* The kernel wakes who reads from a terminal that hangs up before it sends
 * SIGHUP: wait for that, unless it is ignored. */
static void
wait_for_hangup(struct pd_loop *loop)
{
	struct pd_error error;
	bool due = false;
	struct pd_timer *timer = pd_loop_after(loop, HANGUP_DELAY, on_due, &due);

	while (!due && pd_loop_signal(loop) == 0 && pd_loop_turn(loop, &error) == 0)
		continue;
	if (!due)
		pd_loop_cancel(loop, timer);
}

static int
wait_for_key(int terminal, struct pd_loop *loop)
{
	struct pd_error error;
	bool ready = false;
	unsigned char key = QUIT;

	pd_loop_watch(loop, terminal, POLLIN, on_ready, &ready);
	while (!ready && pd_loop_signal(loop) == 0 && pd_loop_turn(loop, &error) == 0)
		continue;
	pd_loop_watch(loop, terminal, 0, NULL, NULL);
	if (!ready || pd_loop_signal(loop) != 0)
		return QUIT;
	if (read(terminal, &key, 1) != 1) {
		wait_for_hangup(loop);
		return QUIT;
	}
	return key == CONTROL_D ? QUIT : key;
}

int
pd_terminal_ask(int terminal, const char *prompt, struct pd_loop *loop)
{
	struct termios before;
	int key;

	do {
		bool changed = tcgetattr(terminal, &before) == 0;
		if (changed)
			set_keys(terminal, &before);
		show(terminal, prompt);
		key = wait_for_key(terminal, loop);
		if (changed)
			tcsetattr(terminal, TCSADRAIN, &before);
		show(terminal, "\r\033[K");
		if (key == CONTROL_Z)
			raise(SIGTSTP);
	} while (key == CONTROL_Z);
	return key;
}
