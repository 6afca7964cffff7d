/* SPDX-License-Identifier: MIT */
#include "webhook.h"

#include <curl/curl.h>
#include <err.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOMENT_MS = 20, PATIENCE_MS = 2000 };

struct call {
	struct call *next;
	struct timespec due;
	char *body;
};

struct webhook {
	const char *url;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct call *first, **end;
	bool busy, stopping;
};

static size_t
ignore(char *data, size_t size, size_t count, void *context)
{
	(void)data;
	(void)context;
	return size * count;
}

static void
post(CURL *curl, const char *url, const char *body)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");

	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)PATIENCE_MS);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
	curl_easy_perform(curl);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
}

static void
free_call(struct call *call)
{
	free(call->body);
	free(call);
}

static bool
is_due(const struct call *call)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > call->due.tv_sec ||
	    (now.tv_sec == call->due.tv_sec && now.tv_nsec >= call->due.tv_nsec);
}

static struct call *
take_first(struct webhook *webhook)
{
	struct call *call = webhook->first;

	webhook->first = call->next;
	if (webhook->first == NULL)
		webhook->end = &webhook->first;
	return call;
}

/* The next one, when it is due; NULL when there is nothing more to do. */
static struct call *
wait_for_call(struct webhook *webhook)
{
	struct call *call = NULL;

	pthread_mutex_lock(&webhook->lock);
	webhook->busy = false;
	pthread_cond_broadcast(&webhook->changed);
	while (!webhook->stopping && (webhook->first == NULL || !is_due(webhook->first))) {
		if (webhook->first == NULL)
			pthread_cond_wait(&webhook->changed, &webhook->lock);
		else
			pthread_cond_timedwait(&webhook->changed, &webhook->lock,
			    &webhook->first->due);
	}
	if (!webhook->stopping) {
		call = take_first(webhook);
		webhook->busy = true;
	}
	pthread_mutex_unlock(&webhook->lock);
	return call;
}

static void *
work(void *context)
{
	struct webhook *webhook = context;
	CURL *curl = curl_easy_init();
	struct call *call;

	if (curl == NULL)
		errx(2, "libcurl does not start");
	while ((call = wait_for_call(webhook)) != NULL) {
		post(curl, webhook->url, call->body);
		free_call(call);
	}
	curl_easy_cleanup(curl);
	return NULL;
}

struct webhook *
webhook_new(const char *url)
{
	struct webhook *webhook = calloc(1, sizeof(*webhook));
	pthread_condattr_t monotonic;

	if (webhook == NULL)
		err(2, NULL);
	webhook->url = url;
	webhook->end = &webhook->first;
	pthread_mutex_init(&webhook->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&webhook->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	if (pthread_create(&webhook->thread, NULL, work, webhook) != 0)
		errx(2, "cannot start a thread");
	return webhook;
}

void
webhook_send(struct webhook *webhook, jv body)
{
	struct call *call = calloc(1, sizeof(*call));
	jv text = jv_dump_string(body, 0);

	if (call == NULL || (call->body = strdup(jv_string_value(text))) == NULL)
		err(2, NULL);
	jv_free(text);
	clock_gettime(CLOCK_MONOTONIC, &call->due);
	call->due.tv_nsec += MOMENT_MS * 1000000L;
	if (call->due.tv_nsec >= 1000000000L) {
		call->due.tv_sec++;
		call->due.tv_nsec -= 1000000000L;
	}
	pthread_mutex_lock(&webhook->lock);
	*webhook->end = call;
	webhook->end = &call->next;
	pthread_cond_broadcast(&webhook->changed);
	pthread_mutex_unlock(&webhook->lock);
}

void
webhook_forget(struct webhook *webhook)
{
	pthread_mutex_lock(&webhook->lock);
	while (webhook->first != NULL)
		free_call(take_first(webhook));
	while (webhook->busy)
		pthread_cond_wait(&webhook->changed, &webhook->lock);
	pthread_mutex_unlock(&webhook->lock);
}

void
webhook_free(struct webhook *webhook)
{
	if (webhook == NULL)
		return;
	pthread_mutex_lock(&webhook->lock);
	webhook->stopping = true;
	pthread_cond_broadcast(&webhook->changed);
	pthread_mutex_unlock(&webhook->lock);
	pthread_join(webhook->thread, NULL);
	while (webhook->first != NULL)
		free_call(take_first(webhook));
	pthread_mutex_destroy(&webhook->lock);
	pthread_cond_destroy(&webhook->changed);
	curl_global_cleanup();
	free(webhook);
}
