/* services/gateway/long_list.c
 *
 * What is longer than one call goes in several, one behind the other; the answer grows in one
 * buffer and ends with the last. Dates are day/month/year as in rosters.
 *
 * An Idempotency-Key stands for a list, and each of its calls has an id made of it: what was
 * taken before is answered from memory, and the rest goes on. Each call says of which list
 * it is, so that another list under the same key is refused at its first one. */
#include "services/gateway/long_list.h"

#include "common/base/codec.h"
#include "common/base/date.h"
#include "common/base/hash.h"
#include "common/base/text.h"
#include "common/wire/pb.h"
#include "services/gateway/csv.h"
#include "services/gateway/forward.h"
#include "services/gateway/roster_cells.h"

#include <stdio.h>
#include <stdlib.h>

#define CSV_TYPE "text/csv; charset=utf-8"
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct list *
list_begin(struct request *request, struct upstream *upstream)
{
	struct list *list = arena_zero(&request->arena, sizeof(*list));
	list->request = request;
	list->upstream = upstream;
	list->digest = "";
	list->separator = ',';
	return list;
}

void
list_open(struct list *list)
{
	buf_init(&list->body, RESPONSE_BYTES_MAX);
	buf_text(&list->body, BYTE_ORDER_MARK);
	arena_init(&list->page, LIST_PAGE_BLOCK_BYTES, 0);
}

static void
list_drop(struct list *list)
{
	buf_free(&list->body);
	arena_free(&list->page);
}

/* The id of the list's next call: the key itself, then what only the same key gives. NULL without one. */
static const char *
list_call_id(struct list *list)
{
	uint8_t number[sizeof(uint32_t)];
	uint8_t digest[HASH_BYTES];
	list->calls++;
	if (list->key == NULL || list->calls == 1)
		return list->key;
	put_u32(number, list->calls);
	const struct slice parts[] = {slice_text(list->key), slice_of(number, sizeof(number))};
	hash_sha256_parts(parts, 2, digest);
	char *id = arena_alloc(&list->page, 2 * HASH_BYTES + 1);
	text_hex(slice_of(digest, HASH_BYTES), id);
	return id;
}

void
list_ask(struct list *list, const char *method, bool asks, const ProtobufCMessage *message,
	 void (*on_reply)(void *context, size_t number, const Mt__Reply *reply))
{
	Mt__Status refusal;
	struct upstream_call call = {
		.method = method,
		.id = list_call_id(list),
		.asks = asks,
		.request = pb_pack(&list->page, message),
		.caller = request_caller(list->request),
		.on_reply = on_reply,
		.context = list,
	};
	if (upstream_send(list->upstream, &call, &refusal) != 0)
		return;
	list_drop(list);
	request_refuse_upstream(list->request, list->upstream, refusal);
}

const void *
list_reply(struct list *list, const Mt__Reply *reply, const ProtobufCMessageDescriptor *type)
{
	const void *message = NULL;
	struct request *request = list->request;
	bool full = buf_failed(&list->body);
	arena_reset(&list->page);
	list->repeated += reply->repeated;
	if (reply->status == MT__STATUS__OK && !full)
		message = pb_unpack_trusted(type, &list->page, slice_of(reply->reply.data, reply->reply.len));
	if (message != NULL)
		return message;
	list_drop(list);
	if (reply->status != MT__STATUS__OK)
		request_refuse_reply(request, reply);
	else
		request_refuse(request, PROBLEM_INTERNAL, NULL,
			       full ? "the list is longer than an answer may be"
				    : "the service's reply cannot be read");
	return NULL;
}

void
list_end(struct list *list, const char *file)
{
	char disposition[96];
	snprintf(disposition, sizeof(disposition), "attachment; filename=\"%s\"", file);
	request_header_add(list->request, "Content-Disposition", disposition);
	request_header_add(list->request, "Cache-Control", "private, no-store");
	if (list->calls > 0 && list->repeated == list->calls)
		request_header_add(list->request, "Idempotent-Replayed", "true");
	arena_free(&list->page);
	request_answer(list->request, 200, CSV_TYPE, &list->body);
}

void
list_row_write(struct list *list, const char *const *cells, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_byte(&list->body, (uint8_t)list->separator);
		csv_write(&list->body, cells[i], list->separator);
	}
	buf_text(&list->body, "\r\n");
}

const char *
list_date_shown(struct arena *arena, const char *date)
{
	enum { FULL = 10, MONTH = 7 };
	if (strlen(date) == FULL)
		return arena_format(arena, "%.2s/%.2s/%.4s", date + 8, date + 5, date);
	return strlen(date) == MONTH ? arena_format(arena, "%.2s/%.4s", date + 5, date) : date;
}

uint32_t
list_number_cell(const char *cell)
{
	char *end;
	unsigned long number = strtoul(cell, &end, 10);
	return *end == '\0' && number <= UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

/* --- lists that come in ------------------------------------------------------------------------------------------- */

bool
list_read(struct list *list, const struct sheet_column *columns, size_t columns_count, size_t rows_max)
{
	static const char *const none[] = {NULL};
	struct request *request = list->request;
	bool good = request_query_only(request, none);
	if (good && !request_content_is(request, "text/csv")) {
		request_refuse(request, PROBLEM_UNSUPPORTED_MEDIA_TYPE, NULL, "the body is not text/csv");
		good = false;
	}
	if (!good || !sheet_read(request, columns, columns_count, rows_max, &list->sheet))
		return false;
	list->separator = list->sheet.separator;
	list_open(list);
	return true;
}

const char *
list_date_cell(struct arena *arena, const char *cell, bool may_be_partial)
{
	char *out = arena_alloc(arena, DATE_TEXT_BYTES);
	return roster_date_read(cell, ROSTER_DMY, may_be_partial, out) ? out : cell;
}

bool
list_key_read(struct list *list)
{
	uint8_t digest[HASH_BYTES];
	if (!forward_key(list->request, &list->key))
		return false;
	if (list->key == NULL)
		return true;
	hash_sha256(buf_slice(&list->request->body), digest);
	char *hex = arena_alloc(&list->request->arena, 2 * HASH_BYTES + 1);
	text_hex(slice_of(digest, HASH_BYTES), hex);
	list->digest = hex;
	return true;
}
