/* services/gateway/roster_upload.c
 *
 * POST /v1/rosters?authority=&mode=&dryRun=&dateFormat=&roster=
 *
 * A roster is begun, or one begun earlier is asked how far it is; then the body comes.
 * Rows gather in batches, each batch is one call, some are on their way at a time. Once
 * all are, the body is not read further: the sender feels the service's pace, and nothing
 * piles up here. The service takes rows in order and says how far it is, so a batch that
 * was lost, refused for now, or decided twice is simply sent again. When it stays away, the
 * sender is told to come again, and goes on behind the last row acknowledged.
 *
 * Promises: memory is the same for a file of any size; the answer comes when every row is
 * durable. */
#include "services/gateway/roster.h"

#include "common/base/fatal.h"
#include "common/base/text.h"
#include "common/wire/pb_json.h"
#include "services/gateway/forward.h"
#include "services/gateway/http_impl.h"
#include "services/gateway/roster_read.h"

#include <assert.h>
#include <stdlib.h>

enum {
	BATCH_ROOM_BYTES = ROSTER_BATCH_BYTES + 4 * CSV_ROW_BYTES_MAX,
	ROWS_TAG = 3 << 3 | 2, /* PushRosterRequest.rows */
	SENTENCE_BYTES_MAX = 200,
};

enum upload_phase { UPLOAD_ASKING, UPLOAD_TAKING, UPLOAD_FINISHING, UPLOAD_OVER };

struct batch {
	struct buf packed;
	uint32_t after_row;
	uint32_t last_row;
	uint32_t rows;
	bool closed;   /* takes no more rows */
	uint64_t call; /* 0: not on its way */
};

struct upload {
	struct request *request;
	struct upstream *upstream;
	uv_timer_t timer; /* until the service may be asked again */
	enum upload_phase phase;
	const char *roster_id;
	uint64_t call;      /* Begin, Get or Finish */
	uint64_t trying_ms; /* since when nothing was acknowledged for want of a service; 0: all is well */

	bool going_on; /* with rows that are decided already */
	bool finished; /* it takes no new ones */
	uint32_t passed_row;
	struct slice passed_digest; /* none: not known */

	struct roster_read read;
	crypto_hash_sha256_state file;
	bool ended;
	uint32_t last_row;

	size_t first; /* of those in use: a ring */
	size_t used;
	size_t on_their_way;
	struct batch batches[ROSTER_CALLS_MAX];
};

static unsigned uploads_open;

static struct batch *
batch_at(struct upload *upload, size_t index)
{
	return &upload->batches[(upload->first + index) % ROSTER_CALLS_MAX];
}

/* --- calls -------------------------------------------------------------------------------------------------------- */

static uint64_t
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

static void
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

static void
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

static void upload_go_on(struct upload *upload);

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
	snprintf(sentence, sizeof(sentence),
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
	request_header_add(request, "Location",
			   arena_format(&request->arena, "/v1/rosters/%s", upload->roster_id));
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

static void
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

/* The row that was acknowledged last must be that of the file begun with. */
static bool
row_is_passed(struct upload *upload)
{
	const Mt__RosterRow *row = &upload->read.row;
	uint8_t digest[HASH_BYTES];
	if (!upload->going_on)
		return false;
	if (row->row < upload->passed_row)
		return true;
	upload->going_on = false;
	roster_read_digest(&upload->read, digest);
	bool same = row->row == upload->passed_row &&
		    (upload->passed_digest.size == 0 || slice_equal(upload->passed_digest, slice_of(digest, HASH_BYTES)));
	upload->last_row = upload->passed_row;
	if (!same)
		upload_refuse(upload, PROBLEM_FAILED_PRECONDITION,
			      "the file is not the one this roster began with: its first rows differ");
	return true;
}

static void
row_add(struct upload *upload)
{
	const Mt__RosterRow *row = &upload->read.row;
	bool open = upload->used > 0 && !batch_at(upload, upload->used - 1)->closed;
	if (row_is_passed(upload))
		return;
	if (upload->finished) {
		upload_refuse(upload, PROBLEM_FAILED_PRECONDITION,
			      "the roster is finished, and the file has more rows: send it as a new roster");
		return;
	}
	if (!open) {
		struct batch *fresh = batch_at(upload, upload->used++);
		fresh->after_row = upload->last_row;
		fresh->rows = 0;
		buf_reset(&fresh->packed);
	}
	struct batch *batch = batch_at(upload, upload->used - 1);
	size_t size = protobuf_c_message_get_packed_size(&row->base);
	buf_byte(&batch->packed, ROWS_TAG);
	size_t left = size;
	for (; left >= 0x80; left >>= 7)
		buf_byte(&batch->packed, (uint8_t)(left | 0x80));
	buf_byte(&batch->packed, (uint8_t)left);
	pb_pack_into(&batch->packed, &row->base);
	batch->last_row = row->row;
	batch->rows++;
	upload->last_row = row->row;
	if (batch->rows == ROSTER_BATCH_ROWS_MAX || batch->packed.size >= ROSTER_BATCH_BYTES) {
		batch_close(upload, batch);
		if (upload->trying_ms == 0)
			batches_send(upload);
	}
}

static bool
has_room(struct upload *upload)
{
	return upload->used < ROSTER_CALLS_MAX || !batch_at(upload, upload->used - 1)->closed;
}

static size_t
upload_take(struct request *request, struct slice piece)
{
	struct upload *upload = request->sink_state;
	size_t taken = 0;
	while (taken < piece.size && request->response == NULL && has_room(upload)) {
		enum roster_event event;
		struct slice rest = slice_of(piece.data + taken, piece.size - taken);
		taken += roster_read(&upload->read, rest, &event);
		if (event == ROSTER_ROW)
			row_add(upload);
		if (event == ROSTER_REFUSED)
			upload_refuse(upload, PROBLEM_INVALID_ARGUMENT, upload->read.refusal);
	}
	crypto_hash_sha256_update(&upload->file, piece.data, taken);
	return taken;
}

/* The last row may make the last batch: there is room for it, or the piece before would not have been taken. */
static void
upload_end(struct request *request)
{
	struct upload *upload = request->sink_state;
	enum roster_event event;
	while ((event = roster_read_end(&upload->read)) == ROSTER_ROW && request->response == NULL)
		row_add(upload);
	if (event == ROSTER_REFUSED && request->response == NULL)
		upload_refuse(upload, PROBLEM_INVALID_ARGUMENT, upload->read.refusal);
	if (request->response == NULL && upload->going_on && upload->passed_row > 0)
		upload_refuse(upload, PROBLEM_FAILED_PRECONDITION,
			      "the file is not the one this roster began with: it is shorter");
	if (request->response != NULL)
		return;
	upload->ended = true;
	if (upload->used > 0 && !batch_at(upload, upload->used - 1)->closed)
		batch_close(upload, batch_at(upload, upload->used - 1));
	if (upload->trying_ms == 0)
		upload_go_on(upload);
}

/* --- the beginning ------------------------------------------------------------------------------------------------ */

static bool
flag_read(struct request *request, const char *name, const char *yes, const char *no, bool *is_yes)
{
	const char *value = request_query(request, name);
	*is_yes = value != NULL && strcmp(value, yes) == 0;
	if (value == NULL || *is_yes || strcmp(value, no) == 0)
		return true;
	request_refuse(request, PROBLEM_INVALID_ARGUMENT, name, "query parameter %s is neither %s nor %s", name, yes,
		       no);
	return false;
}

/* What the roster was begun as and this request says otherwise. */
static const char *
disagrees(const struct request *request, const Mt__RosterView *view)
{
	const char *dry_run = request_query(request, "dryRun");
	const char *mode = request_query(request, "mode");
	if (dry_run != NULL && (strcmp(dry_run, "true") == 0) != view->dry_run)
		return "the roster was begun with another dryRun";
	if (mode != NULL && (strcmp(mode, "full") == 0) != (view->mode == MT__ROSTER__MODE__FULL))
		return "the roster was begun with another mode";
	return NULL;
}

static void
on_view(void *context, size_t number, const Mt__Reply *reply)
{
	struct upload *upload = context;
	struct request *request = upload->request;
	(void)number;
	upload->call = 0;
	const Mt__RosterView *view = forward_reply(request, reply, &mt__roster_view__descriptor);
	if (view == NULL)
		return;
	const char *wrong = disagrees(request, view);
	if (wrong != NULL) {
		upload_refuse(upload, PROBLEM_FAILED_PRECONDITION, wrong);
		return;
	}
	uint8_t *digest = arena_alloc(&request->arena, HASH_BYTES);
	if (text_from_hex(view->digest, digest, HASH_BYTES))
		upload->passed_digest = slice_of(digest, HASH_BYTES);
	upload->passed_row = view->acknowledged_row;
	upload->going_on = view->acknowledged_row > 0;
	upload->finished = view->state != MT__ROSTER__STATE__OPEN;
	upload->phase = UPLOAD_TAKING;
	request_go_on(request);
}

static void
view_ask(struct upload *upload)
{
	struct request *request = upload->request;
	Mt__GetRosterRequest get = MT__GET_ROSTER_REQUEST__INIT;
	get.roster_id = (char *)(uintptr_t)upload->roster_id;
	upload->call = upload_call(upload, "Rosters.Get", pb_pack(&request->arena, &get.base), NULL, on_view, 0);
	if (upload->call == 0)
		request_refuse_upstream(request, upload->upstream, MT__STATUS__UNAVAILABLE);
}

static void
on_begun(void *context, size_t number, const Mt__Reply *reply)
{
	struct upload *upload = context;
	struct request *request = upload->request;
	(void)number;
	upload->call = 0;
	const Mt__BeginRosterReply *begun = forward_reply(request, reply, &mt__begin_roster_reply__descriptor);
	if (begun == NULL)
		return;
	upload->roster_id = begun->roster_id;
	if (reply->repeated) { /* the same key again: it goes on */
		view_ask(upload);
		return;
	}
	upload->phase = UPLOAD_TAKING;
	request_go_on(request);
}

static void
roster_begin(struct upload *upload, bool dry_run, bool full)
{
	struct request *request = upload->request;
	const char *key = request_header(request, "Idempotency-Key");
	Mt__BeginRosterRequest begin = MT__BEGIN_ROSTER_REQUEST__INIT;
	begin.authority = (char *)(uintptr_t)request_query(request, "authority");
	begin.mode = full ? MT__ROSTER__MODE__FULL : MT__ROSTER__MODE__UPSERT;
	begin.dry_run = dry_run;
	if (begin.authority == NULL) {
		request_refuse(request, PROBLEM_INVALID_ARGUMENT, "authority",
			       "query parameter authority is missing: the code of the authority whose roster it is");
		return;
	}
	upload->call = upload_call(upload, "Rosters.Begin", pb_pack(&request->arena, &begin.base), key, on_begun, 0);
	if (upload->call == 0)
		request_refuse_upstream(request, upload->upstream, MT__STATUS__UNAVAILABLE);
}

static bool
content_check(struct request *request)
{
	const char *key = request_header(request, "Idempotency-Key");
	if (request_content_is(request, "multipart/form-data")) {
		request_refuse(request, PROBLEM_UNSUPPORTED_MEDIA_TYPE, NULL,
			       "the file is the body itself, not a form: curl --data-binary @FILE");
		return false;
	}
	if (key != NULL && strlen(key) > CALL_ID_BYTES_MAX) {
		request_refuse(request, PROBLEM_INVALID_ARGUMENT, NULL, "the Idempotency-Key is longer than %d bytes",
			       CALL_ID_BYTES_MAX);
		return false;
	}
	if (uploads_open < ROSTER_UPLOADS_MAX)
		return true;
	request_refuse(request, PROBLEM_UNAVAILABLE, NULL, "too many rosters are being received, come again");
	return false;
}

static struct upload *
upload_new(struct request *request, struct upstream *upstream, bool mdy)
{
	struct upload *upload = calloc(1, sizeof(*upload));
	if (upload == NULL)
		fatal("no memory left for a roster");
	uploads_open++;
	upload->request = request;
	upload->upstream = upstream;
	bool ndjson = request_content_is(request, "application/x-ndjson") ||
		      request_content_is(request, "application/ndjson") ||
		      request_content_is(request, "application/jsonl");
	roster_read_begin(&upload->read, ndjson, mdy ? ROSTER_MDY : ROSTER_DMY);
	crypto_hash_sha256_init(&upload->file);
	for (size_t i = 0; i < ROSTER_CALLS_MAX; i++)
		buf_init(&upload->batches[i].packed, BATCH_ROOM_BYTES);
	uv_timer_init(request->http->loop, &upload->timer);
	upload->timer.data = upload;
	return upload;
}

static void
upload_begin(struct request *request, void *context)
{
	static const char *const names[] = {"authority", "mode", "dryRun", "dateFormat", "roster", NULL};
	bool dry_run;
	bool full;
	bool mdy;
	if (!request_query_only(request, names) || !flag_read(request, "dryRun", "true", "false", &dry_run) ||
	    !flag_read(request, "mode", "full", "upsert", &full) ||
	    !flag_read(request, "dateFormat", "mdy", "dmy", &mdy) || !content_check(request))
		return;
	struct upload *upload = upload_new(request, context, mdy);
	request->sink_state = upload;
	upload->roster_id = request_query(request, "roster");
	if (upload->roster_id != NULL)
		view_ask(upload);
	else
		roster_begin(upload, dry_run, full);
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void
on_timer_closed(uv_handle_t *handle)
{
	struct upload *upload = handle->data;
	for (size_t i = 0; i < ROSTER_CALLS_MAX; i++)
		buf_free(&upload->batches[i].packed);
	roster_read_free(&upload->read);
	free(upload);
}

static void
upload_gone(struct request *request)
{
	struct upload *upload = request->sink_state;
	if (upload == NULL)
		return;
	upload_over(upload);
	uploads_open--;
	uv_close((uv_handle_t *)&upload->timer, on_timer_closed);
}

const struct body_sink roster_upload_sink = {upload_begin, upload_take, upload_end, upload_gone};
