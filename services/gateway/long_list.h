/* services/gateway/long_list.h
 *
 * A list that is longer than one call, as CSV, in or out; see long_list.c. */
#ifndef SERVICES_GATEWAY_LONG_LIST_H
#define SERVICES_GATEWAY_LONG_LIST_H

#include "services/gateway/request.h"
#include "services/gateway/sheet.h"

/* One list on its way: it lives in the request's arena, its buffer and its page until the answer. */
struct list {
	struct request *request;
	struct upstream *upstream;
	struct sheet sheet;
	size_t next;  /* row to be sent */
	size_t *sent; /* rows of the call under way, by their place in it */
	size_t sent_count;
	const char *key;    /* Idempotency-Key; NULL: none */
	const char *digest; /* of the whole list, in hex; "" without a key */
	unsigned calls;     /* made */
	unsigned repeated;  /* answered from memory */
	char separator;
	struct buf body;
	struct arena page; /* of the reply at hand: a long list needs no more than a short one */
};

struct list *list_begin(struct request *request, struct upstream *upstream);
/* Whoever sends no rows opens it himself. From here on it ends with list_end, or where a reply is none. */
void list_open(struct list *list);
/* The body's rows, and opened; false, and the request refused. */
bool list_read(struct list *list, const struct sheet_column *columns, size_t columns_count, size_t rows_max);
/* An Idempotency-Key, if there is one, stands for the body as it is; false, and the request refused. Before list_read.
 */
bool list_key_read(struct list *list);

void list_ask(struct list *list, const char *method, bool asks, const ProtobufCMessage *message,
	      void (*on_reply)(void *context, size_t number, const Mt__Reply *reply));
/* Valid until the next reply; NULL if the list ended here, and the request was refused. */
const void *list_reply(struct list *list, const Mt__Reply *reply, const ProtobufCMessageDescriptor *type);
/* Answers with all that was written. */
void list_end(struct list *list, const char *file);

void list_row_write(struct list *list, const char *const *cells, size_t count);
/* YYYY-MM-DD as a sheet shows it. */
const char *list_date_shown(struct arena *arena, const char *date);
/* UINT32_MAX if it is none. */
uint32_t list_number_cell(const char *cell);
/* Day/month/year as YYYY-MM-DD; what is no date stays as it is. */
const char *list_date_cell(struct arena *arena, const char *cell, bool may_be_partial);

#endif
