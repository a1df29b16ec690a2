/* services/gateway/freshness.c
 *
 * The freshness scoreboard of the provinces, for machines and for spreadsheets. */
#include "services/gateway/freshness.h"

#include "common/wire/pb_json.h"
#include "services/gateway/csv.h"
#include "services/gateway/forward.h"

#include "matricula/freshness.pb-c.h"

static void
head_write(struct buf *body, const Mt__FreshnessReply *board)
{
	buf_text(body, "month,authority_id,authority_code,authority_name,last_event_at,events,delay_days,late_percent,"
		       "conflicts,parked,held,rejected,dead,people,duplicates");
	for (size_t i = 0; board->n_provinces > 0 && i < board->provinces[0]->n_complete; i++)
		buf_format(body, ",%s_percent", board->provinces[0]->complete[i]->field);
	buf_text(body, "\r\n");
}

static void
row_write(struct buf *body, const char *month, const Mt__FreshnessRow *row)
{
	const char *const texts[] = {month, row->authority_id, row->authority_code, row->authority_name,
				     row->last_event_at};
	const uint64_t numbers[] = {row->events, row->delay_days, row->late_percent, row->conflicts, row->parked,
				    row->held,   row->rejected,   row->dead,         row->people,    row->duplicates};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		csv_write(body, texts[i], ',');
		buf_byte(body, ',');
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		buf_format(body, "%s%llu", i > 0 ? "," : "", (unsigned long long)numbers[i]);
	for (size_t i = 0; i < row->n_complete; i++)
		buf_format(body, ",%u", row->complete[i]->percent);
	buf_text(body, "\r\n");
}

static void
on_board(void *context, size_t number, const Mt__Reply *reply)
{
	struct request *request = context;
	struct buf body;
	(void)number;
	const Mt__FreshnessReply *board = forward_reply(request, reply, &mt__freshness_reply__descriptor);
	if (board == NULL)
		return;
	buf_init(&body, RESPONSE_BYTES_MAX);
	if (!request_accepts(request, "text/csv")) {
		pb_to_json(&body, &board->base);
		buf_byte(&body, '\n');
		request_answer(request, 200, "application/json", &body);
		return;
	}
	head_write(&body, board);
	for (size_t i = 0; i < board->n_provinces; i++)
		row_write(&body, board->month, board->provinces[i]);
	request_answer(request, 200, "text/csv; charset=utf-8", &body);
}

void
freshness_serve(struct request *request, void *context)
{
	bool dry_run;
	const ProtobufCMessage *message = forward_message(request, &dry_run);
	if (message != NULL)
		forward_call(request, context, "Freshness.Board", message, on_board);
}
