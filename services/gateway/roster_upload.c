/* services/gateway/roster_upload.c
 *
 * POST /v1/rosters?authority=&mode=&dryRun=&dateFormat=&roster=
 *
 * A roster is begun, or one begun earlier is asked how far it is; then the body comes.
 * Rows gather in batches, each batch is one call, some are on their way at a time. Once
 * all are, the body is not read further: the sender feels the service's pace, and nothing
 * piles up here. The service takes rows in order and says how far it is, so a batch that
 * was lost, refused for now, or decided twice is simply sent again (roster_batches.c). When
 * it stays away, the sender is told to come again, and goes on behind the last row
 * acknowledged.
 *
 * Promises: memory is the same for a file of any size; the answer comes when every row is
 * durable. */
#include "services/gateway/roster_upload.h"

#include "common/base/fatal.h"
#include "common/base/text.h"
#include "common/wire/pb.h"
#include "services/gateway/forward.h"
#include "services/gateway/http_impl.h"
#include "services/gateway/roster.h"

#include <stdlib.h>

static unsigned uploads_open;

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
	bool same =
		row->row == upload->passed_row &&
		(upload->passed_digest.size == 0 || slice_equal(upload->passed_digest, slice_of(digest, HASH_BYTES)));
	upload->last_row = upload->passed_row;
	if (!same)
		upload_refuse(upload, PROBLEM_FAILED_PRECONDITION,
			      "the file is not the one this roster began with: its first rows differ");
	return true;
}

static void
row_take(struct upload *upload)
{
	if (row_is_passed(upload))
		return;
	if (upload->finished)
		upload_refuse(upload, PROBLEM_FAILED_PRECONDITION,
			      "the roster is finished, and the file has more rows: send it as a new roster");
	else
		batches_add(upload);
}

static size_t
upload_take(struct request *request, struct slice piece)
{
	struct upload *upload = request->sink_state;
	size_t taken = 0;
	while (taken < piece.size && request->response == NULL && batches_have_room(upload)) {
		enum roster_event event;
		struct slice rest = slice_of(piece.data + taken, piece.size - taken);
		taken += roster_read(&upload->read, rest, &event);
		if (event == ROSTER_ROW)
			row_take(upload);
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
		row_take(upload);
	if (event == ROSTER_REFUSED && request->response == NULL)
		upload_refuse(upload, PROBLEM_INVALID_ARGUMENT, upload->read.refusal);
	if (request->response == NULL && upload->going_on && upload->passed_row > 0)
		upload_refuse(upload, PROBLEM_FAILED_PRECONDITION,
			      "the file is not the one this roster began with: it is shorter");
	if (request->response != NULL)
		return;
	batches_complete(upload);
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
	const char *key;
	if (request_content_is(request, "multipart/form-data")) {
		request_refuse(request, PROBLEM_UNSUPPORTED_MEDIA_TYPE, NULL,
			       "the file is the body itself, not a form: curl --data-binary @FILE");
		return false;
	}
	if (!forward_key(request, &key))
		return false;
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
	batches_init(upload);
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
	batches_free(upload);
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
