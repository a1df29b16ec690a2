/* common/core/page.c
 *
 * Pages of a list. The token is the last key of the page before, opaque to callers
 * and checked to lie in the same list, so pages stay right under writes. */
#include "common/core/call.h"

#include "common/base/text.h"
#include "common/core/impl.h"

#include <assert.h>

static bool
begin(struct page *page, struct call *call, uint32_t page_size)
{
	*page = (struct page){.call = call};
	if (page_size > PAGE_SIZE_MAX) {
		call_refuse_field(call, "page_size", "page_size is more than %d", PAGE_SIZE_MAX);
		return false;
	}
	page->size = page_size != 0 ? page_size : PAGE_SIZE_DEFAULT;
	page->items = arena_alloc(call->arena, page->size * sizeof(*page->items));
	return true;
}

/* The key that the page before ended with, which lies below one of the prefixes; false and refused. */
static bool
token_read(struct call *call, const char *page_token, const struct key *prefixes, size_t count, struct key *after)
{
	if (text_from_base64url(slice_text(page_token), after->data, sizeof(after->data), &after->size)) {
		for (size_t i = 0; i < count; i++) {
			if (slice_begins(key_slice(after), key_slice(&prefixes[i])))
				return true;
		}
	}
	call_refuse_field(call, "page_token", "page_token is not of this list");
	return false;
}

bool
page_begin(struct page *page, struct call *call, const struct key *prefix, uint32_t page_size, const char *page_token)
{
	struct key after;
	if (!begin(page, call, page_size))
		return false;
	if (page_token[0] == '\0') {
		page->walk = store_walk(call->store, key_slice(prefix));
		return true;
	}
	if (!token_read(call, page_token, prefix, 1, &after))
		return false;
	page->walk = store_walk_after(call->store, key_slice(prefix), key_slice(&after));
	return true;
}

/* A token holds the id that stays and what follows the id of the last row: below each id the list goes on from there,
 * and after a split, too, it is right for who stays. */
static bool
walks_begin(struct page *page, struct call *call, const struct key *prefixes, size_t count, const char *page_token)
{
	struct key after;
	bool goes_on = page_token[0] != '\0';
	if (goes_on && !token_read(call, page_token, prefixes, count, &after))
		return false;
	page->walk = store_walk(call->store, key_slice(&prefixes[0]));
	page->walks = arena_alloc(call->arena, count * sizeof(*page->walks));
	for (size_t i = 0; i < count; i++) {
		struct store_walk *walk = &page->walks[page->walks_count];
		*walk = store_walk(call->store, key_slice(&prefixes[i]));
		if (goes_on) {
			memcpy(after.data, prefixes[i].data, prefixes[i].size);
			*walk = store_walk_after(call->store, key_slice(&prefixes[i]), key_slice(&after));
		}
		if (store_walk_next(walk))
			page->walks_count++;
	}
	return true;
}

bool
page_begin_person(struct page *page, struct call *call, uint8_t table, const char *person_id, uint32_t page_size,
		  const char *page_token)
{
	const char *ids[PERSON_IDS_MAX];
	struct key prefixes[PERSON_IDS_MAX];
	size_t count = call_person_ids(call, person_id, ids, PERSON_IDS_MAX);
	for (size_t i = 0; i < count; i++) {
		struct id id;
		bool is_id = id_parse(ids[i], &id);
		assert(is_id);
		prefixes[i] = key_of(table);
		key_bytes(&prefixes[i], slice_of(id.bytes, ID_BYTES));
	}
	if (count == 1)
		return page_begin(page, call, &prefixes[0], page_size, page_token);
	return begin(page, call, page_size) && walks_begin(page, call, prefixes, count, page_token);
}

static struct slice
behind_prefix(const struct store_walk *walk)
{
	return slice_of(walk->key.data + walk->prefix_size, walk->key.size - walk->prefix_size);
}

/* The next row of whichever walk stands first. */
static bool
walks_next(struct page *page)
{
	if (page->first != NULL && !store_walk_next(page->first))
		page->first->key = slice_text("");
	page->first = NULL;
	for (size_t i = 0; i < page->walks_count; i++) {
		struct store_walk *walk = &page->walks[i];
		if (walk->key.size == 0)
			continue;
		if (page->first == NULL || slice_compare(behind_prefix(walk), behind_prefix(page->first)) < 0)
			page->first = walk;
	}
	if (page->first == NULL)
		return false;
	page->walk.key = page->first->key;
	page->walk.value = page->first->value;
	return true;
}

bool
page_next(struct page *page)
{
	if (page->walks != NULL ? !walks_next(page) : !store_walk_next(&page->walk))
		return false;
	bool full = page->count == page->size || page->looked == PAGE_ROWS_LOOKED_MAX;
	if (full || (page->count > 0 && page->call->arena->used > PAGE_ARENA_BYTES_MAX)) {
		page->more = true;
		return false;
	}
	page->looked++;
	page->last.size = page->walk.key.size;
	memcpy(page->last.data, page->walk.key.data, page->walk.key.size);
	memcpy(page->last.data, page->walk.at, page->walk.prefix_size); /* the id that stays, whosever row it is */
	return true;
}

void
page_add(struct page *page, void *item)
{
	page->items[page->count++] = item;
}

char *
page_token(struct page *page)
{
	if (!page->more)
		return arena_text(page->call->arena, slice_text(""));
	char *token = arena_alloc(page->call->arena, TEXT_BASE64_BYTES(page->last.size));
	text_base64url(key_slice(&page->last), token);
	return token;
}
