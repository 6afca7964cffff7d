/* SPDX-License-Identifier: MIT */
#include "spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"

enum { CHUNK = 1 << 18 };

struct head {
	int64_t previous;
	int64_t length;
};

int
pd_spool_open(struct pd_spool *spool, struct pd_error *error)
{
	const char *folder = getenv("TMPDIR");
	char *name = pd_format("%s/pd-spool-XXXXXX",
	    folder != NULL && folder[0] != '\0' ? folder : "/tmp");

	*spool = (struct pd_spool){.descriptor = mkstemp(name)};
	if (spool->descriptor < 0) {
		pd_error_at(error, name, 0, "%s", strerror(errno));
		pd_error_hint(error, "TMPDIR names a folder with room");
	} else {
		unlink(name);
	}
	free(name);
	return spool->descriptor < 0 ? -1 : 0;
}

void
pd_spool_close(struct pd_spool *spool)
{
	close(spool->descriptor);
	pd_buffer_free(&spool->buffer);
}

static int
flush(struct pd_spool *spool, struct pd_error *error)
{
	size_t done = 0;

	while (done < spool->buffer.length) {
		ssize_t count = pwrite(spool->descriptor, spool->buffer.data + done,
		    spool->buffer.length - done, (off_t)spool->written);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0) {
			pd_error_set(error, "cannot keep events for --export: %s",
			    strerror(errno));
			return pd_error_hint(error, "TMPDIR names a folder with room");
		}
		done += (size_t)count;
		spool->written += count;
	}
	pd_buffer_clear(&spool->buffer);
	return 0;
}

int64_t
pd_spool_add(struct pd_spool *spool, int64_t previous, const char *event,
    struct pd_error *error)
{
	int64_t at = spool->written + (int64_t)spool->buffer.length;
	size_t length = strlen(event);
	struct head head = {.previous = previous, .length = (int64_t)length};

	pd_buffer_append(&spool->buffer, &head, sizeof(head));
	pd_buffer_append(&spool->buffer, event, length);
	if (spool->buffer.length > CHUNK && flush(spool, error) != 0)
		return -1;
	return at;
}

static int
read_at(const struct pd_spool *spool, int64_t at, void *bytes, size_t length,
    struct pd_error *error)
{
	if (pread(spool->descriptor, bytes, length, (off_t)at) == (ssize_t)length)
		return 0;
	return pd_error_set(error, "cannot read back what was kept for --export: %s",
	    strerror(errno));
}

jv
pd_spool_chain(struct pd_spool *spool, int64_t last, struct pd_error *error)
{
	struct pd_buffer text = PD_BUFFER_INIT;
	jv newest_first = jv_array();
	int result = flush(spool, error);
	struct head head;

	for (int64_t at = last; at >= 0 && result == 0; at = head.previous) {
		result = read_at(spool, at, &head, sizeof(head), error);
		if (result != 0)
			break;
		pd_buffer_clear(&text);
		pd_buffer_reserve(&text, (size_t)head.length + 1);
		result = read_at(spool, at + (int64_t)sizeof(head), text.data,
		    (size_t)head.length, error);
		jv event = result == 0 ? pd_json_parse(text.data, (size_t)head.length, error) :
		    jv_invalid();
		if (!jv_is_valid(event))
			result = -1;
		else
			newest_first = jv_array_append(newest_first, event);
	}
	pd_buffer_free(&text);
	int count = jv_array_length(jv_copy(newest_first));
	jv events = result == 0 ? jv_array_sized(count) : jv_invalid();
	for (int i = count - 1; i >= 0 && result == 0; i--)
		events = jv_array_append(events, jv_array_get(jv_copy(newest_first), i));
	jv_free(newest_first);
	return events;
}
