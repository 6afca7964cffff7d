/* SPDX-License-Identifier: MIT */
#include "lock.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "hash.h"

static int
open_file(struct pd_lock *lock)
{
	lock->descriptor = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	return lock->descriptor < 0 ? -1 : 0;
}

int
pd_lock_open(struct pd_lock *lock, const char *key, struct pd_error *error)
{
	const char *folder = getenv("TMPDIR");
	char name[PD_HASH_TEXT];

	pd_hash(key, strlen(key), name);
	lock->path = pd_format("%s/pd-exec-%ld-%.16s.lock", folder != NULL &&
	    folder[0] == '/' ? folder : "/tmp", (long)getuid(), name);
	if (open_file(lock) == 0)
		return 0;
	pd_error_at(error, lock->path, 0, "cannot open the lock: %s", strerror(errno));
	return pd_error_hint(error, "--shared does without it");
}

/* Is the file that we have locked still the one that others open? Somebody may
 * have removed it while we waited. */
static bool
is_current(const struct pd_lock *lock)
{
	struct stat ours, theirs;

	return fstat(lock->descriptor, &ours) == 0 &&
	    stat(lock->path, &theirs) == 0 && ours.st_ino == theirs.st_ino &&
	    ours.st_dev == theirs.st_dev;
}

bool
pd_lock_try(struct pd_lock *lock)
{
	if (lock->descriptor < 0 && open_file(lock) != 0)
		return false;
	if (flock(lock->descriptor, LOCK_EX | LOCK_NB) != 0)
		return errno != EWOULDBLOCK;
	if (is_current(lock))
		return true;
	close(lock->descriptor);
	lock->descriptor = -1;
	return false;
}

void
pd_lock_release(struct pd_lock *lock)
{
	flock(lock->descriptor, LOCK_UN);
}

void
pd_lock_close(struct pd_lock *lock)
{
	if (lock->descriptor >= 0) {
		if (flock(lock->descriptor, LOCK_EX | LOCK_NB) == 0 && is_current(lock))
			unlink(lock->path);
		close(lock->descriptor);
	}
	free(lock->path);
	*lock = (struct pd_lock)PD_LOCK_INIT;
}
