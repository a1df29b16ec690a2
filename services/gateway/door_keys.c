/* services/gateway/door_keys.c
 *
 * Pages are gathered into a second list, which becomes the first when the last page is
 * there; a list that could not be fetched to its end changes nothing. */
#include "services/gateway/door_keys.h"

#include "common/base/codec.h"
#include "common/base/fatal.h"
#include "common/wire/pb.h"
#include "services/gateway/limits.h"

#include "matricula/access.pb-c.h"

#include <stdlib.h>

enum { QUESTION_BYTES_MAX = 2 * KEY_BYTES_MAX + 64, SCRATCH_BYTES = 64 << 10 };

struct door_key {
	uint8_t key[CURVE_KEY_BYTES];
	char text[CURVE_TEXT_BYTES];
};

struct list {
	struct door_key *keys;
	size_t count;
};

struct door_keys {
	uv_timer_t timer;
	struct upstream *enrollment;
	struct list current; /* sorted */
	struct list gathered;
	uint64_t call;
};

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, CURVE_KEY_BYTES); /* the key is first in struct door_key */
}

static void on_page(void *context, size_t number, const Mt__Reply *reply);

static void
page_ask(struct door_keys *keys, const char *page_token)
{
	uint8_t packed[QUESTION_BYTES_MAX];
	Mt__Status refusal;
	Mt__ListDoorKeysRequest list = MT__LIST_DOOR_KEYS_REQUEST__INIT;
	if (strlen(page_token) > 2 * KEY_BYTES_MAX)
		return;
	list.page_size = PAGE_SIZE_MAX;
	list.page_token = (char *)(uintptr_t)page_token;
	struct upstream_call call = {
		.method = "Access.ListDoorKeys",
		.request = slice_of(packed, mt__list_door_keys_request__pack(&list, packed)),
		.caller = {.is_gateway = true},
		.on_reply = on_page,
		.context = keys,
	};
	keys->call = upstream_send(keys->enrollment, &call, &refusal);
}

static void
key_gather(struct list *list, const char *text)
{
	struct door_key key;
	if (list->count == DOOR_KEYS_MAX || strlen(text) + 1 != CURVE_TEXT_BYTES || !curve_key_parse(text, key.key))
		return;
	memcpy(key.text, text, CURVE_TEXT_BYTES);
	list->keys[list->count++] = key;
}

static void
lists_swap(struct door_keys *keys)
{
	struct list old = keys->current;
	qsort(keys->gathered.keys, keys->gathered.count, sizeof(struct door_key), compare);
	keys->current = keys->gathered;
	keys->gathered = old;
}

static void
on_page(void *context, size_t number, const Mt__Reply *reply)
{
	struct door_keys *keys = context;
	struct arena arena;
	(void)number;
	keys->call = 0;
	if (reply->status != MT__STATUS__OK)
		return;
	arena_init(&arena, SCRATCH_BYTES, 0);
	const Mt__ListDoorKeysReply *page = (const Mt__ListDoorKeysReply *)pb_unpack_trusted(
		&mt__list_door_keys_reply__descriptor, &arena, slice_of(reply->reply.data, reply->reply.len));
	for (size_t i = 0; page != NULL && i < page->n_keys; i++)
		key_gather(&keys->gathered, page->keys[i]->door_key);
	if (page != NULL && page->next_page_token[0] != '\0')
		page_ask(keys, page->next_page_token);
	else if (page != NULL)
		lists_swap(keys);
	arena_free(&arena);
}

static void
on_timer(uv_timer_t *timer)
{
	struct door_keys *keys = timer->data;
	if (keys->call != 0)
		return;
	keys->gathered.count = 0;
	page_ask(keys, "");
}

struct door_keys *
door_keys_open(uv_loop_t *loop, struct upstream *enrollment)
{
	struct door_keys *keys = calloc(1, sizeof(*keys));
	if (keys == NULL)
		fatal("no memory left for door keys");
	keys->current.keys = malloc(DOOR_KEYS_MAX * sizeof(struct door_key));
	keys->gathered.keys = malloc(DOOR_KEYS_MAX * sizeof(struct door_key));
	if (keys->current.keys == NULL || keys->gathered.keys == NULL)
		fatal("no memory left for door keys");
	keys->enrollment = enrollment;
	uv_timer_init(loop, &keys->timer);
	keys->timer.data = keys;
	uv_timer_start(&keys->timer, on_timer, 50, DOOR_KEYS_EVERY_MS);
	return keys;
}

static void
on_closed(uv_handle_t *handle)
{
	struct door_keys *keys = handle->data;
	free(keys->current.keys);
	free(keys->gathered.keys);
	free(keys);
}

void
door_keys_close(struct door_keys *keys)
{
	upstream_cancel(keys->enrollment, keys->call);
	uv_close((uv_handle_t *)&keys->timer, on_closed);
}

const char *
door_keys_text(const struct door_keys *keys, const uint8_t key[CURVE_KEY_BYTES])
{
	const struct door_key *found =
		bsearch(key, keys->current.keys, keys->current.count, sizeof(struct door_key), compare);
	return found == NULL ? NULL : found->text;
}

size_t
door_keys_count(const struct door_keys *keys)
{
	return keys->current.count;
}
