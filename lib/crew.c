/* SPDX-License-Identifier: MIT */
#include "crew.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"

struct member {
	struct pd_crew *crew;
	pthread_t thread;
	int number;
};

struct pd_crew {
	struct member *members;
	int size;
	pthread_mutex_t mutex;
	pthread_cond_t begin, done;
	long round;		/* works begun so far */
	int busy;
	bool over;
	pd_crew_work *work;
	void *context;
};

static void *
serve(void *argument)
{
	struct member *member = argument;
	struct pd_crew *crew = member->crew;
	long round = 0;

	pthread_mutex_lock(&crew->mutex);
	for (;;) {
		while (crew->round == round && !crew->over)
			pthread_cond_wait(&crew->begin, &crew->mutex);
		if (crew->over)
			break;
		round = crew->round;
		pthread_mutex_unlock(&crew->mutex);
		crew->work(crew->context, member->number);
		pthread_mutex_lock(&crew->mutex);
		if (--crew->busy == 0)
			pthread_cond_signal(&crew->done);
	}
	pthread_mutex_unlock(&crew->mutex);
	return NULL;
}

/* Signals are for the caller's own thread. */
static int
start_member(struct pd_crew *crew, int number, struct pd_error *error)
{
	struct member *member = &crew->members[number];
	sigset_t all, before;

	*member = (struct member){.crew = crew, .number = number};
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failure = pthread_create(&member->thread, NULL, serve, member);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failure == 0 ? 0 :
	    pd_error_set(error, "cannot start a thread: %s", strerror(failure));
}

struct pd_crew *
pd_crew_new(int size, struct pd_error *error)
{
	struct pd_crew *crew = pd_allocate(1, sizeof(*crew));

	crew->members = pd_allocate((size_t)size, sizeof(*crew->members));
	crew->size = 1;
	pthread_mutex_init(&crew->mutex, NULL);
	pthread_cond_init(&crew->begin, NULL);
	pthread_cond_init(&crew->done, NULL);
	for (; crew->size < size; crew->size++) {
		if (start_member(crew, crew->size, error) != 0) {
			pd_crew_free(crew);
			return NULL;
		}
	}
	return crew;
}

void
pd_crew_free(struct pd_crew *crew)
{
	if (crew == NULL)
		return;
	pthread_mutex_lock(&crew->mutex);
	crew->over = true;
	pthread_cond_broadcast(&crew->begin);
	pthread_mutex_unlock(&crew->mutex);
	for (int i = 1; i < crew->size; i++)
		pthread_join(crew->members[i].thread, NULL);
	pthread_cond_destroy(&crew->done);
	pthread_cond_destroy(&crew->begin);
	pthread_mutex_destroy(&crew->mutex);
	free(crew->members);
	free(crew);
}

void
pd_crew_do(struct pd_crew *crew, pd_crew_work *work, void *context)
{
	pthread_mutex_lock(&crew->mutex);
	crew->work = work;
	crew->context = context;
	crew->busy = crew->size - 1;
	crew->round++;
	pthread_cond_broadcast(&crew->begin);
	pthread_mutex_unlock(&crew->mutex);
	work(context, 0);
	pthread_mutex_lock(&crew->mutex);
	while (crew->busy > 0)
		pthread_cond_wait(&crew->done, &crew->mutex);
	pthread_mutex_unlock(&crew->mutex);
}
