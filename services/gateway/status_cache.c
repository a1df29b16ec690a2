/* services/gateway/status_cache.c
 *
 * A hash table, and a list from the newest used to the oldest. What is displaced while
 * somebody uses it is taken out of both and freed by the last one who releases it. */
#include "services/gateway/status_cache.h"

#include "common/base/fatal.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1 << 12 };

struct entry {
	struct status_held held; /* first: what is given out */
	struct entry *newer, *older, *next;
	size_t bytes;
	unsigned users; /* and one for its place here */
};

struct status_cache {
	size_t bytes, bytes_max;
	struct entry *newest, *oldest;
	struct entry *buckets[BUCKETS];
};

struct status_cache *
status_cache_open(size_t bytes_max)
{
	struct status_cache *cache = calloc(1, sizeof(*cache));
	if (cache == NULL)
		fatal("no memory for status lists");
	cache->bytes_max = bytes_max;
	return cache;
}

/* FNV-1a */
static struct entry **
bucket_of(struct status_cache *cache, const char *name)
{
	uint32_t hash = 2166136261u;
	for (; *name != '\0'; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return &cache->buckets[hash % BUCKETS];
}

static void
entry_release(struct entry *entry)
{
	assert(entry->users > 0);
	if (--entry->users == 0)
		free(entry);
}

/* --- places ------------------------------------------------------------------------------------------------------- */

static void
line_leave(struct status_cache *cache, struct entry *entry)
{
	*(entry->newer == NULL ? &cache->newest : &entry->newer->older) = entry->older;
	*(entry->older == NULL ? &cache->oldest : &entry->older->newer) = entry->newer;
}

static void
line_head(struct status_cache *cache, struct entry *entry)
{
	entry->newer = NULL;
	entry->older = cache->newest;
	*(entry->older == NULL ? &cache->oldest : &entry->older->newer) = entry;
	cache->newest = entry;
}

static void
entry_displace(struct status_cache *cache, struct entry *entry)
{
	struct entry **at = bucket_of(cache, entry->held.name);
	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
	line_leave(cache, entry);
	cache->bytes -= entry->bytes;
	entry_release(entry);
}

static struct entry *
entry_find(struct status_cache *cache, const char *name)
{
	struct entry *entry = *bucket_of(cache, name);
	while (entry != NULL && strcmp(entry->held.name, name) != 0)
		entry = entry->next;
	return entry;
}

void
status_cache_close(struct status_cache *cache)
{
	if (cache == NULL)
		return;
	while (cache->newest != NULL) {
		assert(cache->newest->users == 1);
		entry_displace(cache, cache->newest);
	}
	free(cache);
}

/* --- use ---------------------------------------------------------------------------------------------------------- */

const struct status_held *
status_cache_use(struct status_cache *cache, const char *name)
{
	struct entry *entry = entry_find(cache, name);
	if (entry == NULL)
		return NULL;
	line_leave(cache, entry);
	line_head(cache, entry);
	entry->users++;
	return &entry->held;
}

void
status_cache_release(struct status_cache *cache, const struct status_held *held)
{
	(void)cache;
	if (held != NULL)
		entry_release((struct entry *)(uintptr_t)held);
}

/* One block: the entry, its name, its state and its text. */
static struct entry *
entry_make(const char *name, const char *state, struct slice text, size_t bytes)
{
	struct entry *entry = malloc(bytes);
	if (entry == NULL)
		fatal("no memory for a status list of %zu bytes", text.size);
	char *at = (char *)(entry + 1);
	size_t name_bytes = strlen(name) + 1;
	size_t state_bytes = strlen(state) + 1;
	*entry = (struct entry){.users = 1, .bytes = bytes};
	entry->held.name = memcpy(at, name, name_bytes);
	entry->held.state = memcpy(at + name_bytes, state, state_bytes);
	entry->held.text = slice_of(memcpy(at + name_bytes + state_bytes, text.data, text.size), text.size);
	return entry;
}

void
status_cache_keep(struct status_cache *cache, const char *name, const char *state, struct slice text)
{
	size_t bytes = sizeof(struct entry) + strlen(name) + strlen(state) + 2 + text.size;
	struct entry *before = entry_find(cache, name);
	if (before != NULL)
		entry_displace(cache, before);
	if (bytes > cache->bytes_max)
		return;
	while (cache->bytes + bytes > cache->bytes_max)
		entry_displace(cache, cache->oldest);
	struct entry *entry = entry_make(name, state, text, bytes);
	struct entry **bucket = bucket_of(cache, name);
	entry->next = *bucket;
	*bucket = entry;
	line_head(cache, entry);
	cache->bytes += bytes;
}
