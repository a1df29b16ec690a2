/* common/core/page.c
 *
 * Pages of a list. The token is the last key of the page before, opaque to callers
 * and checked to lie in the same list, so pages stay right under writes. */
#include "common/core/call.h"

#include "common/base/text.h"
#include "common/core/impl.h"

bool
page_begin(struct page *page, struct call *call, const struct key *prefix, uint32_t page_size, const char *page_token)
{
	*page = (struct page){.call = call};
	if (page_size > PAGE_SIZE_MAX) {
		call_refuse_field(call, "page_size", "page_size is more than %d", PAGE_SIZE_MAX);
		return false;
	}
	page->size = page_size != 0 ? page_size : PAGE_SIZE_DEFAULT;
	page->items = arena_alloc(call->arena, page->size * sizeof(*page->items));
	if (page_token[0] == '\0') {
		page->walk = store_walk(call->store, key_slice(prefix));
		return true;
	}
	struct key after;
	if (!text_from_base64url(page_token, after.data, sizeof(after.data), &after.size) ||
	    !slice_begins(key_slice(&after), key_slice(prefix))) {
		call_refuse_field(call, "page_token", "page_token is not of this list");
		return false;
	}
	page->walk = store_walk_after(call->store, key_slice(prefix), key_slice(&after));
	return true;
}

bool
page_next(struct page *page)
{
	if (!store_walk_next(&page->walk))
		return false;
	bool full = page->count == page->size || page->looked == PAGE_ROWS_LOOKED_MAX;
	if (full || (page->count > 0 && page->call->arena->used > PAGE_ARENA_BYTES_MAX)) {
		page->more = true;
		return false;
	}
	page->looked++;
	page->last.size = page->walk.key.size;
	memcpy(page->last.data, page->walk.key.data, page->walk.key.size);
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
