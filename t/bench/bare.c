/* SPDX-License-Identifier: MIT */
/*
 * What the pipeline is measured against: the same requests, one after another,
 * with libcurl's easy interface and a connection that is kept alive; replies
 * are read and thrown away. Requests come as lines "METHOD PATH BODY" (BODY may
 * be missing) on standard input and are all read before the clock starts.
 * Prints the number of requests and the seconds they took.
 */
#include <curl/curl.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct request {
	char *method, *url, *body;
};

static size_t
ignore_reply(char *bytes, size_t size, size_t count, void *context)
{
	(void)bytes;
	(void)context;
	return size * count;
}

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct request
parse_request(const char *base, char *line)
{
	struct request request = {0};
	char *path = strchr(line, ' ');

	if (path == NULL)
		errx(2, "a line without a path: %s", line);
	*path++ = '\0';
	char *body = strchr(path, ' ');
	if (body != NULL)
		*body++ = '\0';
	size_t size = strlen(base) + strlen(path) + 1;
	request.url = malloc(size);
	request.method = strdup(line);
	request.body = body != NULL ? strdup(body) : NULL;
	if (request.url == NULL || request.method == NULL)
		err(2, NULL);
	snprintf(request.url, size, "%s%s", base, path);
	return request;
}

static void
send_request(CURL *easy, const struct request *request, struct curl_slist *json)
{
	curl_easy_reset(easy);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore_reply);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_URL, request->url);
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
	if (request->body != NULL) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
		curl_easy_setopt(easy, CURLOPT_HTTPHEADER, json);
	} else if (strcmp(request->method, "POST") == 0) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
	}
	CURLcode code = curl_easy_perform(easy);
	if (code != CURLE_OK)
		errx(2, "%s: %s", request->url, curl_easy_strerror(code));
}

int
main(int argc, char **argv)
{
	struct request *requests = NULL;
	size_t count = 0, capacity = 0, size = 0;
	char *line = NULL;
	ssize_t length;

	if (argc != 2)
		errx(2, "usage: bare URL");
	while ((length = getline(&line, &size, stdin)) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (count == capacity) {
			capacity = 2 * capacity + 1024;
			requests = realloc(requests, capacity * sizeof(*requests));
			if (requests == NULL)
				err(2, NULL);
		}
		requests[count++] = parse_request(argv[1], line);
	}
	struct curl_slist *json = curl_slist_append(NULL, "Content-Type: application/json");
	CURL *easy = curl_easy_init();
	double started = seconds();
	for (size_t i = 0; i < count; i++)
		send_request(easy, &requests[i], json);
	printf("%zu %.6f\n", count, seconds() - started);
	curl_easy_cleanup(easy);
	curl_slist_free_all(json);
	return 0;
}
