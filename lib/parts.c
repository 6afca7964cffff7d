/* SPDX-License-Identifier: MIT */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"
#include "spool.h"

enum { FIRST_BUCKETS = 64 };

/* FNV-1a, 64 bits (Fowler, Noll, Vo). */
static uint64_t
hash_bytes(const char *bytes, size_t length)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(1099511628211);
	return hash ^ hash >> 32;
}

uint64_t
pd_part_hash(jv key)
{
	if (jv_get_kind(key) == JV_KIND_NULL)
		return 0;
	jv text = jv_get_kind(key) == JV_KIND_STRING ? jv_copy(key) :
	    pd_json_identity(jv_copy(key));
	uint64_t hash = hash_bytes(jv_string_value(text),
	    (size_t)jv_string_length_bytes(jv_copy(text)));
	jv_free(text);
	return hash;
}

void
pd_parts_start(struct pd_parts *parts, int64_t most)
{
	*parts = (struct pd_parts){.bucket_count = FIRST_BUCKETS, .most = most};
	parts->buckets = pd_allocate(parts->bucket_count, sizeof(struct pd_log_part *));
	pd_bloom_start(&parts->gone, most);
}

void
pd_part_free(struct pd_log_part *part)
{
	jv_free(part->key);
	pd_trail_free(&part->trail);
	free(part->told);
	free(part);
}

void
pd_parts_free(struct pd_parts *parts)
{
	while (parts->newest != NULL) {
		struct pd_log_part *part = parts->newest;
		parts->newest = part->older;
		pd_part_free(part);
	}
	free(parts->buckets);
	pd_bloom_free(&parts->gone);
}

static void
unlink_use(struct pd_parts *parts, struct pd_log_part *part)
{
	*(part->newer != NULL ? &part->newer->older : &parts->newest) = part->older;
	*(part->older != NULL ? &part->older->newer : &parts->oldest) = part->newer;
}

static void
link_newest(struct pd_parts *parts, struct pd_log_part *part)
{
	part->newer = NULL;
	part->older = parts->newest;
	*(part->older != NULL ? &part->older->newer : &parts->oldest) = part;
	parts->newest = part;
}

/* Borrows the key. */
static struct pd_log_part *
find(struct pd_parts *parts, jv key, uint64_t hash)
{
	struct pd_log_part *part = parts->buckets[hash & (parts->bucket_count - 1)];

	while (part != NULL && (part->hash != hash ||
	    !jv_equal(jv_copy(part->key), jv_copy(key))))
		part = part->next;
	if (part != NULL && part != parts->newest) {
		unlink_use(parts, part);
		link_newest(parts, part);
	}
	return part;
}

static void
grow(struct pd_parts *parts)
{
	size_t count = 2 * parts->bucket_count;
	struct pd_log_part **buckets = pd_allocate(count, sizeof(*buckets));

	for (struct pd_log_part *part = parts->newest; part != NULL; part = part->older) {
		part->next = buckets[part->hash & (count - 1)];
		buckets[part->hash & (count - 1)] = part;
	}
	free(parts->buckets);
	parts->buckets = buckets;
	parts->bucket_count = count;
}

static void
give_up_oldest(struct pd_parts *parts)
{
	struct pd_log_part *part = parts->oldest;
	struct pd_log_part **at = &parts->buckets[part->hash & (parts->bucket_count - 1)];

	while (*at != part)
		at = &(*at)->next;
	*at = part->next;
	unlink_use(parts, part);
	part->next = parts->left;
	parts->left = part;
	parts->count--;
	parts->given_up++;
	pd_bloom_add(&parts->gone, part->hash);
}

static struct pd_log_part *
add(struct pd_parts *parts, jv key, uint64_t hash,
    const struct pd_fold *first, int context)
{
	struct pd_log_part *part = pd_allocate(1, sizeof(*part));

	if (parts->most > 0 && parts->count >= parts->most)
		give_up_oldest(parts);
	if ((size_t)parts->count >= parts->bucket_count)
		grow(parts);
	*part = (struct pd_log_part){.key = key, .hash = hash, .spooled = PD_SPOOL_NONE,
		.restarted = pd_bloom_has(&parts->gone, hash)};
	part->told = pd_allocate((size_t)pd_model_checks(first->model), sizeof(bool));
	pd_trail_start(&part->trail, first, context);
	struct pd_log_part **bucket = &parts->buckets[hash & (parts->bucket_count - 1)];
	part->next = *bucket;
	*bucket = part;
	link_newest(parts, part);
	parts->count++;
	parts->made++;
	parts->restarted += part->restarted ? 1 : 0;
	return part;
}

struct pd_log_part *
pd_parts_take(struct pd_parts *parts, jv key, uint64_t hash,
    const struct pd_fold *first, int context)
{
	struct pd_log_part *part = find(parts, key, hash);

	if (part == NULL)
		return add(parts, key, hash, first, context);
	jv_free(key);
	return part;
}
