/* services/gateway/roster_batches.c
 *
 * Batches wait in a ring, in order; each is one call, its request packed row by row. What
 * the service acknowledges leaves at the front. What it did not take goes again once
 * nothing else is on its way, so that order is kept; while it is away or overloaded, after
 * a pause. */
#include "services/gateway/roster_upload.h"

#include "common/wire/pb_json.h"
#include "services/gateway/csv.h"
#include "services/gateway/forward.h"
#include "services/gateway/http_impl.h"

#include "matricula/roster.pb-c.h"

#include <assert.h>
#include <stdio.h>

enum {
	BATCH_ROOM_BYTES = ROSTER_BATCH_BYTES + 4 * CSV_ROW_BYTES_MAX,
	ROWS_TAG = 3 << 3 | 2, /* PushRosterRequest.rows */
	SENTENCE_BYTES_MAX = 200,
};

static struct batch *
batch_at(struct upload *upload, size_t index)
{
	return &upload->batches[(upload->first + index) % ROSTER_CALLS_MAX];
}

/* --- calls -------------------------------------------------------------------------------------------------------- */

uint64_t
upload_call(struct upload *upload, const char *method, struct slice packed, const char *id,
	    void (*on_reply)(void *context, size_t number, const Mt__Reply *reply), size_t number)
{
	struct request *request = upload->request;
	Mt__Status refusal;
	struct upstream_call call = {
		.method = method,
		.id = id,
		.request = packed,
		.caller = request_caller(request),
		.trace_id = slice_of(request->trace_id, request->has_trace ? TRACE_ID_BYTES : 0),
		.on_reply = on_reply,
		.context = upload,
		.number = number,
	};
	return upstream_send(upload->upstream, &call, &refusal);
}

static bool
is_passing(Mt__Status status)
{
	return status == MT__STATUS__UNAVAILABLE || status == MT__STATUS__DEADLINE_EXCEEDED ||
	       status == MT__STATUS__RESOURCE_EXHAUSTED || status == MT__STATUS__ABORTED;
}

void
upload_over(struct upload *upload)
{
	upload->phase = UPLOAD_OVER;
	uv_timer_stop(&upload->timer);
	upstream_cancel(upload->upstream, upload->call);
	for (size_t i = 0; i < ROSTER_CALLS_MAX; i++) {
		upstream_cancel(upload->upstream, upload->batches[i].call);
		upload->batches[i].call = 0;
	}
	upload->on_their_way = 0;
}

void
upload_refuse(struct upload *upload, enum problem_kind kind, const char *sentence)
{
	upload_over(upload);
	if (upload->roster_id != NULL)
		request_header_add(upload->request, "Roster-Id", upload->roster_id);
	request_refuse(upload->request, kind, NULL, "%s", sentence);
}

static void
upload_refuse_reply(struct upload *upload, const Mt__Reply *reply)
{
	upload_over(upload);
	request_refuse_reply(upload->request, reply);
}

static void
on_timer(uv_timer_t *timer)
{
	upload_go_on(timer->data);
}

/* The service is away or overloaded: again, for a while. */
static void
upload_retry(struct upload *upload)
{
	uint64_t now_ms = uv_now(upload->request->http->loop);
	char sentence[SENTENCE_BYTES_MAX];
	if (upload->trying_ms == 0)
		upload->trying_ms = now_ms;
	if (now_ms - upload->trying_ms < ROSTER_PATIENCE_MS) {
		uv_timer_start(&upload->timer, on_timer, ROSTER_PAUSE_MS, 0);
		return;
	}
	snprintf(
		sentence, sizeof(sentence),
		"the service is away; rows acknowledged are safe: send the same file to /v1/rosters?roster=%s to go on",
		upload->roster_id);
	upload_refuse(upload, PROBLEM_UNAVAILABLE, sentence);
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

static void
on_finished(void *context, size_t number, const Mt__Reply *reply)
{
	struct upload *upload = context;
	struct request *request = upload->request;
	struct buf body;
	(void)number;
	upload->call = 0;
	if (is_passing(reply->status)) {
		upload_retry(upload);
		return;
	}
	upload_over(upload);
	const ProtobufCMessage *view = forward_reply(request, reply, &mt__roster_view__descriptor);
	if (view == NULL)
		return;
	buf_init(&body, RESPONSE_BYTES_MAX);
	pb_to_json_reply(&body, view);
	buf_byte(&body, '\n');
	request_header_add(request, "Location", arena_format(&request->arena, "/v1/rosters/%s", upload->roster_id));
	request_answer(request, 201, "application/json", &body);
}

static void
upload_finish(struct upload *upload)
{
	uint8_t digest[HASH_BYTES];
	crypto_hash_sha256_state file = upload->file;
	crypto_hash_sha256_final(&file, digest);
	Mt__FinishRosterRequest finish = MT__FINISH_ROSTER_REQUEST__INIT;
	finish.roster_id = (char *)(uintptr_t)upload->roster_id;
	finish.last_row = upload->last_row;
	finish.file_digest = (ProtobufCBinaryData){HASH_BYTES, digest};
	upload->phase = UPLOAD_FINISHING;
	upload->call = upload_call(upload, "Rosters.Finish", pb_pack(&upload->request->arena, &finish.base), NULL,
				   on_finished, 0);
	if (upload->call == 0)
		upload_retry(upload);
}

/* --- batches ------------------------------------------------------------------------------------------------------ */

static void on_pushed(void *context, size_t number, const Mt__Reply *reply);

/* The rows are packed already; what stands beside them comes behind. */
static void
batch_close(struct upload *upload, struct batch *batch)
{
	uint8_t digest[HASH_BYTES];
	Mt__PushRosterRequest push = MT__PUSH_ROSTER_REQUEST__INIT;
	roster_read_digest(&upload->read, digest);
	push.roster_id = (char *)(uintptr_t)upload->roster_id;
	push.after_row = batch->after_row;
	push.digest = (ProtobufCBinaryData){HASH_BYTES, digest};
	push.semicolons = !upload->read.ndjson && upload->read.csv.separator == ';';
	pb_pack_into(&batch->packed, &push.base);
	assert(!buf_failed(&batch->packed));
	batch->closed = true;
}

/* All that are closed and not on their way, in order. */
static void
batches_send(struct upload *upload)
{
	for (size_t i = 0; i < upload->used; i++) {
		struct batch *batch = batch_at(upload, i);
		if (!batch->closed || batch->call != 0)
			continue;
		batch->call = upload_call(upload, "Rosters.Push", buf_slice(&batch->packed), NULL, on_pushed,
					  (size_t)(batch - upload->batches));
		if (batch->call == 0) {
			if (upload->on_their_way == 0)
				upload_retry(upload);
			return;
		}
		upload->on_their_way++;
	}
}

void
upload_go_on(struct upload *upload)
{
	if (upload->phase == UPLOAD_FINISHING) {
		upload_finish(upload);
		return;
	}
	batches_send(upload);
	if (upload->phase == UPLOAD_TAKING && upload->ended && upload->used == 0)
		upload_finish(upload);
}

/* Drops what is decided from the front; room for more. */
static void
batches_acknowledged(struct upload *upload, uint32_t row)
{
	bool full = upload->used == ROSTER_CALLS_MAX;
	while (upload->used > 0 && batch_at(upload, 0)->closed && batch_at(upload, 0)->last_row <= row) {
		struct batch *batch = batch_at(upload, 0);
		if (batch->call != 0) {
			upstream_cancel(upload->upstream, batch->call);
			batch->call = 0;
			upload->on_their_way--;
		}
		batch->closed = false;
		upload->first = (upload->first + 1) % ROSTER_CALLS_MAX;
		upload->used--;
		upload->trying_ms = 0;
	}
	if (full && upload->used < ROSTER_CALLS_MAX && !upload->ended)
		request_go_on(upload->request);
}

static void
on_pushed(void *context, size_t number, const Mt__Reply *reply)
{
	struct upload *upload = context;
	struct arena *arena = &upload->read.arena;
	upload->batches[number].call = 0;
	upload->on_their_way--;
	if (reply->status != MT__STATUS__OK && !is_passing(reply->status)) {
		upload_refuse_reply(upload, reply);
		return;
	}
	if (reply->status == MT__STATUS__OK) {
		const Mt__PushRosterReply *pushed = (const Mt__PushRosterReply *)pb_unpack_trusted(
			&mt__push_roster_reply__descriptor, arena, slice_of(reply->reply.data, reply->reply.len));
		if (pushed != NULL)
			batches_acknowledged(upload, pushed->acknowledged_row);
	}
	/* What was not taken goes again once nothing else is on its way: in order. */
	if (upload->on_their_way > 0)
		return;
	if (reply->status != MT__STATUS__OK)
		upload_retry(upload);
	else
		upload_go_on(upload);
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

void
batches_add(struct upload *upload)
{
	const Mt__RosterRow *row = &upload->read.row;
	if (upload->used == 0 || batch_at(upload, upload->used - 1)->closed) {
		struct batch *fresh = batch_at(upload, upload->used++);
		fresh->after_row = upload->last_row;
		fresh->rows = 0;
		buf_reset(&fresh->packed);
	}
	struct batch *batch = batch_at(upload, upload->used - 1);
	size_t left = protobuf_c_message_get_packed_size(&row->base);
	buf_byte(&batch->packed, ROWS_TAG);
	for (; left >= 0x80; left >>= 7)
		buf_byte(&batch->packed, (uint8_t)(left | 0x80));
	buf_byte(&batch->packed, (uint8_t)left);
	pb_pack_into(&batch->packed, &row->base);
	batch->last_row = row->row;
	batch->rows++;
	upload->last_row = row->row;
	if (batch->rows < ROSTER_BATCH_ROWS_MAX && batch->packed.size < ROSTER_BATCH_BYTES)
		return;
	batch_close(upload, batch);
	if (upload->trying_ms == 0)
		batches_send(upload);
}

void
batches_complete(struct upload *upload)
{
	upload->ended = true;
	if (upload->used > 0 && !batch_at(upload, upload->used - 1)->closed)
		batch_close(upload, batch_at(upload, upload->used - 1));
	if (upload->trying_ms == 0)
		upload_go_on(upload);
}

bool
batches_have_room(struct upload *upload)
{
	return upload->used < ROSTER_CALLS_MAX || !batch_at(upload, upload->used - 1)->closed;
}

void
batches_init(struct upload *upload)
{
	for (size_t i = 0; i < ROSTER_CALLS_MAX; i++)
		buf_init(&upload->batches[i].packed, BATCH_ROOM_BYTES);
}

void
batches_free(struct upload *upload)
{
	for (size_t i = 0; i < ROSTER_CALLS_MAX; i++)
		buf_free(&upload->batches[i].packed);
}
