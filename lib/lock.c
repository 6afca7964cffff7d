/* SPDX-License-Identifier: MIT */
#include "lock.h"

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "hash.h"

int
pd_lock_open(struct pd_lock *lock, const char *key, struct pd_error *error)
{
	const char *folder = getenv("TMPDIR");
	char name[PD_HASH_TEXT];
	int result = 0;

	pd_hash(key, strlen(key), name);
	char *path = pd_format("%s/pd-exec-%ld-%.16s.lock", folder != NULL &&
	    folder[0] == '/' ? folder : "/tmp", (long)getuid(), name);
	lock->descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock->descriptor < 0) {
		pd_error_at(error, path, 0, "cannot open the lock: %s", strerror(errno));
		result = pd_error_hint(error, "--shared does without it");
	}
	free(path);
	return result;
}

void
pd_lock_close(struct pd_lock *lock)
{
	if (lock->descriptor >= 0)
		close(lock->descriptor);
	lock->descriptor = -1;
}

bool
pd_lock_try(struct pd_lock *lock)
{
	return flock(lock->descriptor, LOCK_EX | LOCK_NB) == 0 ||
	    errno != EWOULDBLOCK;
}

void
pd_lock_release(struct pd_lock *lock)
{
	flock(lock->descriptor, LOCK_UN);
}
