/* SPDX-License-Identifier: MIT */
#include "loop.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buffer.h"

struct watch {
	int descriptor;
	pd_loop_ready *ready;	/* NULL: removed, to be swept after the turn */
	void *context;
};

struct pd_timer {
	int64_t due;
	size_t place;		/* index in the heap */
	pd_loop_due *call;
	void *context;
};

struct child {
	pid_t pid;
	pd_loop_ended *ended;	/* NULL: told already */
	void *context;
};

struct pd_loop {
	struct watch *watches;
	struct pollfd *polled;	/* beside watches, index by index */
	size_t watch_count, watch_capacity;
	struct pd_timer **timers;	/* a heap, the next due first */
	size_t timer_count, timer_capacity;
	struct child *children;
	size_t child_count;
	int wake_read;		/* a signal handler writes to the other end */
	bool sweep;
	unsigned turns;
};

/* What a signal handler can reach: there is no other way to hand it the loop. */
static volatile sig_atomic_t signal_pipe = -1;
static volatile sig_atomic_t signal_taken;
static volatile sig_atomic_t guarded[64];

enum { MOST_GUARDED = sizeof(guarded) / sizeof(guarded[0]) };

static void
replace_guarded(pid_t before, pid_t after)
{
	for (int i = 0; i < MOST_GUARDED; i++) {
		if (guarded[i] == before) {
			guarded[i] = after;
			return;
		}
	}
}

void
pd_loop_guard(pid_t group)
{
	replace_guarded(0, group);
}

void
pd_loop_unguard(pid_t group)
{
	replace_guarded(group, 0);
}

static _Noreturn void
leave(int number)
{
	for (int i = 0; i < MOST_GUARDED; i++) {
		if (guarded[i] != 0)
			kill(-guarded[i], SIGKILL);
	}
	_exit(128 + number);
}

static void
on_signal(int number)
{
	int saved = errno;

	if (number != SIGCHLD) {
		if (signal_taken != 0)
			leave(number);
		signal_taken = number;
	}
	if (signal_pipe >= 0 && write(signal_pipe, "", 1) < 0) {
		/* The pipe is full: the loop will wake up all the same. */
	}
	errno = saved;
}

static void
handle(int number)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

static void
drain(void *context, int descriptor, short events)
{
	char bytes[64];

	(void)context;
	(void)events;
	while (read(descriptor, bytes, sizeof(bytes)) > 0)
		continue;
}

struct pd_loop *
pd_loop_new(struct pd_error *error)
{
	int ends[2];

	if (pipe(ends) != 0) {
		pd_error_set(error, "cannot make a pipe: %s", strerror(errno));
		return NULL;
	}
	for (int i = 0; i < 2; i++) {
		fcntl(ends[i], F_SETFD, FD_CLOEXEC);
		fcntl(ends[i], F_SETFL, O_NONBLOCK);
	}
	struct pd_loop *loop = pd_allocate(1, sizeof(*loop));
	loop->wake_read = ends[0];
	signal_pipe = ends[1];
	signal_taken = 0;
	handle(SIGCHLD);
	pd_loop_watch(loop, loop->wake_read, POLLIN, drain, loop);
	return loop;
}

void
pd_loop_free(struct pd_loop *loop)
{
	if (loop == NULL)
		return;
	for (size_t i = 0; i < loop->child_count; i++) {
		int status = 0;
		waitpid(loop->children[i].pid, &status, 0);
		loop->children[i].ended(loop->children[i].context, status);
	}
	int write_end = signal_pipe;
	signal_pipe = -1;
	close(write_end);
	close(loop->wake_read);
	for (size_t i = 0; i < loop->timer_count; i++)
		free(loop->timers[i]);
	free(loop->timers);
	free(loop->watches);
	free(loop->polled);
	free(loop->children);
	free(loop);
}

int64_t
pd_loop_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void
pd_loop_watch(struct pd_loop *loop, int descriptor, short events,
    pd_loop_ready *ready, void *context)
{
	size_t i = 0;

	while (i < loop->watch_count && (loop->watches[i].ready == NULL ||
	    loop->watches[i].descriptor != descriptor))
		i++;
	if (events == 0) {
		if (i < loop->watch_count) {
			loop->watches[i].ready = NULL;
			loop->polled[i].fd = -1;
			loop->sweep = true;
		}
		return;
	}
	if (i == loop->watch_count) {
		if (loop->watch_count == loop->watch_capacity) {
			loop->watch_capacity = 2 * loop->watch_capacity + 8;
			loop->watches = pd_reallocate(loop->watches,
			    loop->watch_capacity, sizeof(*loop->watches));
			loop->polled = pd_reallocate(loop->polled,
			    loop->watch_capacity, sizeof(*loop->polled));
		}
		loop->watch_count++;
		loop->polled[i].revents = 0;
	}
	loop->watches[i] = (struct watch){descriptor, ready, context};
	loop->polled[i].fd = descriptor;
	loop->polled[i].events = events;
}

/* The heap of timers. */
static void
place_timer(struct pd_loop *loop, size_t place, struct pd_timer *timer)
{
	loop->timers[place] = timer;
	timer->place = place;
}

static void
move_up(struct pd_loop *loop, struct pd_timer *timer)
{
	size_t place = timer->place;

	while (place > 0 && loop->timers[(place - 1) / 2]->due > timer->due) {
		place_timer(loop, place, loop->timers[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	place_timer(loop, place, timer);
}

static void
move_down(struct pd_loop *loop, struct pd_timer *timer)
{
	size_t place = timer->place;

	for (;;) {
		size_t child = 2 * place + 1;
		if (child >= loop->timer_count)
			break;
		if (child + 1 < loop->timer_count &&
		    loop->timers[child + 1]->due < loop->timers[child]->due)
			child++;
		if (loop->timers[child]->due >= timer->due)
			break;
		place_timer(loop, place, loop->timers[child]);
		place = child;
	}
	place_timer(loop, place, timer);
}

struct pd_timer *
pd_loop_after(struct pd_loop *loop, int64_t microseconds, pd_loop_due *call,
    void *context)
{
	struct pd_timer *timer = pd_allocate(1, sizeof(*timer));

	if (loop->timer_count == loop->timer_capacity) {
		loop->timer_capacity = 2 * loop->timer_capacity + 8;
		loop->timers = pd_reallocate(loop->timers,
		    loop->timer_capacity, sizeof(struct pd_timer *));
	}
	*timer = (struct pd_timer){.due = pd_loop_now() + microseconds,
		.place = loop->timer_count++, .call = call, .context = context};
	move_up(loop, timer);
	return timer;
}

static void
remove_timer(struct pd_loop *loop, struct pd_timer *timer)
{
	struct pd_timer *last = loop->timers[--loop->timer_count];

	if (last != timer) {
		last->place = timer->place;
		move_up(loop, last);
		move_down(loop, last);
	}
}

void
pd_loop_cancel(struct pd_loop *loop, struct pd_timer *timer)
{
	if (timer == NULL)
		return;
	remove_timer(loop, timer);
	free(timer);
}

void
pd_loop_child(struct pd_loop *loop, pid_t pid, pd_loop_ended *ended,
    void *context)
{
	loop->children = pd_reallocate(loop->children, loop->child_count + 1,
	    sizeof(*loop->children));
	loop->children[loop->child_count++] = (struct child){pid, ended, context};
	/* It may have ended before we came to listen. */
	if (signal_pipe >= 0 && write(signal_pipe, "", 1) < 0)
		return;
}

void
pd_loop_take_signals(struct pd_loop *loop)
{
	(void)loop;
	handle(SIGINT);
	handle(SIGTERM);
}

void
pd_loop_take_hangup(struct pd_loop *loop)
{
	(void)loop;
	handle(SIGHUP);
	handle(SIGQUIT);
}

int
pd_loop_signal(const struct pd_loop *loop)
{
	(void)loop;
	return signal_taken;
}

/* Until the next timer is due, -1 for ever. */
static int64_t
wait_time(const struct pd_loop *loop)
{
	if (loop->timer_count == 0)
		return -1;
	int64_t left = loop->timers[0]->due - pd_loop_now();
	if (left <= 0)
		return 0;
	return left > 3600000000 ? 3600000000 : left;
}

static int
wait_for_events(struct pd_loop *loop)
{
	int64_t wait = wait_time(loop);
	nfds_t count = (nfds_t)loop->watch_count;
#ifdef __APPLE__
	/* It has no ppoll, which POSIX has since 2024. Rounded up, or the last
	 * millisecond would be spent polling. */
	return poll(loop->polled, count, wait < 0 ? -1 : (int)((wait + 999) / 1000));
#else
	struct timespec time = {.tv_sec = (time_t)(wait / 1000000),
		.tv_nsec = (long)(wait % 1000000 * 1000)};
	return ppoll(loop->polled, count, wait < 0 ? NULL : &time, NULL);
#endif
}

static void
call_descriptors(struct pd_loop *loop)
{
	size_t count = loop->watch_count;

	for (size_t i = 0; i < count; i++) {
		short events = loop->polled[i].revents;
		struct watch watch = loop->watches[i];
		loop->polled[i].revents = 0;
		if (events != 0 && watch.ready != NULL)
			watch.ready(watch.context, watch.descriptor, events);
	}
}

static bool
call_timers(struct pd_loop *loop)
{
	int64_t now = pd_loop_now();
	bool any = false;

	while (loop->timer_count > 0 && loop->timers[0]->due <= now) {
		struct pd_timer timer = *loop->timers[0];
		pd_loop_cancel(loop, loop->timers[0]);
		timer.call(timer.context);
		any = true;
	}
	return any;
}

static void
call_children(struct pd_loop *loop)
{
	for (size_t i = 0; i < loop->child_count; i++) {
		struct child child = loop->children[i];
		int status;
		if (child.ended == NULL || waitpid(child.pid, &status, WNOHANG) <= 0)
			continue;
		loop->children[i].ended = NULL;
		pd_loop_unguard(child.pid);
		child.ended(child.context, status);
	}
	size_t kept = 0;
	for (size_t i = 0; i < loop->child_count; i++) {
		if (loop->children[i].ended != NULL)
			loop->children[kept++] = loop->children[i];
	}
	loop->child_count = kept;
}

static void
sweep_watches(struct pd_loop *loop)
{
	size_t kept = 0;

	for (size_t i = 0; i < loop->watch_count; i++) {
		if (loop->watches[i].ready == NULL)
			continue;
		loop->watches[kept] = loop->watches[i];
		loop->polled[kept++] = loop->polled[i];
	}
	loop->watch_count = kept;
	loop->sweep = false;
}

int
pd_loop_turn(struct pd_loop *loop, struct pd_error *error)
{
	/* What is due needs no poll; but descriptors get their turn, too. */
	if (++loop->turns % 8 != 0 && call_timers(loop))
		return 0;
	if (loop->sweep)
		sweep_watches(loop);
	if (wait_for_events(loop) < 0) {
		if (errno != EINTR)
			return pd_error_set(error, "cannot wait: %s", strerror(errno));
		return 0;
	}
	call_descriptors(loop);
	call_timers(loop);
	if (loop->child_count > 0)
		call_children(loop);
	return 0;
}

static void
on_input(void *context, int descriptor, short events)
{
	(void)descriptor;
	(void)events;
	pd_reader_fill(context);
}

int
pd_loop_turn_reading(struct pd_loop *loop, struct pd_reader *reader,
    struct pd_error *error)
{
	int descriptor = pd_reader_descriptor(reader);

	pd_loop_watch(loop, descriptor, POLLIN, on_input, reader);
	int result = pd_loop_turn(loop, error);
	pd_loop_watch(loop, descriptor, 0, NULL, NULL);
	return result;
}
