/* services/gateway/limits.h
 *
 * The gateway's own limits, beside common/core/limits.h: a name, a unit, a reason. */
#ifndef SERVICES_GATEWAY_LIMITS_H
#define SERVICES_GATEWAY_LIMITS_H

#include "common/core/limits.h"

enum {
	/* The published size of one push of events. */
	EVENTS_PER_REQUEST_MAX = 1000,
	EVENTS_BYTES_MAX = 4 << 20,

	/* 10,000 idle connections are held with room beside them. */
	CONNECTIONS_MAX = 16000,
	/* From here on connections that idle give way to new ones sooner. */
	CONNECTIONS_CROWDED = 12000,
	/* Headers, or one piece of a body, of one connection; libmicrohttpd takes it once a request begins. */
	CONNECTION_BYTES = 32 << 10,
	/* Nothing moves on a connection for this long: it ends. */
	CONNECTION_SILENT_S = 120,
	/* However slowly it drips: a connection without a request, a request, a reply may take this long. */
	CONNECTION_IDLE_S = 300,
	CONNECTION_IDLE_CROWDED_S = 10,
	REQUEST_RECEIVE_S = 60,
	REPLY_SEND_S = 120,
	CONNECTION_SWEEP_MS = 1000,

	/* Bodies being received, of all connections: slow senders cannot fill the memory. */
	BODIES_BYTES_MAX = 128 << 20,
	/* Beyond this a body that is too large is cut off instead of being read to its end. */
	BODY_EXCESS_MAX = 16 << 20,
	/* Rosters on their way in, each with its calls in flight and one row being read: some megabyte. */
	ROSTER_UPLOADS_MAX = 64,
	ROSTER_CALLS_MAX = 16,
	ROSTER_BATCH_ROWS_MAX = 200,
	ROSTER_BATCH_BYTES = 64 << 10,
	/* A service that was killed is back within this; then the sender is told to come again. */
	ROSTER_PATIENCE_MS = 45000,
	ROSTER_PAUSE_MS = 100,
	ROSTER_REPORT_PAGE = 1000,
	QUERY_PARAMETERS_MAX = 32,
	PATH_BYTES_LIMIT = 2048,
	TOKEN_BYTES_MAX = 512,
	REQUEST_ARENA_BYTES_MAX = CALL_ARENA_BYTES_MAX,
	/* A page of 1,000 persons as JSON is below 1 MiB; a frame holds 8 MiB of protobuf. */
	RESPONSE_BYTES_MAX = 64 << 20,

	/* Calls on their way to one service: 32 full batches. */
	UPSTREAM_CALLS_MAX = 32768,
	/* An answer may be this much later than the deadline the service was told. */
	UPSTREAM_SLACK_MS = 500,
	UPSTREAM_SWEEP_MS = 250,
	/* A frame goes out before the end of a pass of the loop when it holds this much. */
	UPSTREAM_FRAME_BYTES = 1 << 20,
	/* A call sent so long before an answered probe and still without answer is lost. */
	UPSTREAM_LOST_MS = 2000,
	PROBE_EVERY_MS = 500,
	PROBE_DEADLINE_MS = 2000,

	/* Codes and typed fields that one address may look up: a clerk with a pile of papers is not held up, and
	 * trying the birth dates of one person takes days. */
	LOOKUPS_BURST = 30,
	LOOKUP_EVERY_MS = 10000,

	/* PDFs being drawn or waiting for a worker: some megabyte each. */
	PAPERS_MAX = 64,
	/* A school's older certificates of some years, a row each; in calls of so many rows. */
	PAPER_LIST_BYTES_MAX = 4 << 20,
	PAPER_LIST_ROWS_MAX = 20000,
	PAPER_LIST_BATCH_ROWS = 200,
	/* A register as CSV is read in pages of so many rows, one behind the other. */
	REGISTER_PAGE_ROWS = 500,
	LIST_PAGE_BLOCK_BYTES = 64 << 10,
	/* What an HR officer may have checked at once, in calls of so many rows. */
	VERIFY_LIST_ROWS_MAX = 1000,
	VERIFY_LIST_BATCH_ROWS = 100,

	/* Live streams: of figures and of facts. */
	STREAMS_MAX = 4096,
	/* A snapshot of 10,000 figures of each service fits; a reader that is further behind is cut off. */
	STREAM_BUFFER_BYTES_MAX = 12 << 20,
	/* Of all streams together: then the one that wants more is cut off. */
	STREAMS_BYTES_MAX = 256 << 20,
	/* What the kernel may hold for one stream; by itself it would hold megabytes. */
	STREAM_SOCKET_BYTES = 128 << 10,
	STREAM_PIECE_BYTES = 16 << 10,
	STREAM_HEARTBEAT_MS = 15000,
	/* Different questions that dashboards watch at a time; each costs four parked calls. */
	FEEDS_MAX = 512,
	FEED_POLL_MS = 4000,
	FEED_GRACE_MS = 2000,
	/* A busy service is asked no sooner than this again: changes in between come as one. */
	FEED_PAUSE_MS = 25,
	FEED_RETRY_AFTER_MS = 1000,

	JOURNAL_PIECE_BYTES_MAX = 256 << 10,
	JOURNAL_POLL_MS = 10000,

	/* Frames that came in by the door and are not answered. */
	DOOR_FRAMES_MAX = 256,
	DOOR_KEYS_MAX = 20000,
	DOOR_KEYS_EVERY_MS = 1000,

	/* Signed status lists that a gateway holds, as asked for: one has 1 KiB with no bit set, 20 KiB with one in a
	 * hundred, 175 KiB at most. So many are the lists of a thousand institutions. */
	STATUS_LISTS_HELD_BYTES_MAX = 32 << 20,
	/* Caches on the way may hold a list this long; verifiers are told 5 minutes (ttl) by the list itself. */
	STATUS_LIST_MAX_AGE_S = 60,
	/* Tags of one If-Match: who changes a record read it once. */
	IF_MATCH_TAGS_MAX = 8,
	/* Of a sheet: a name of 256 bytes as it may come, decomposed: three times that, and room. */
	CSV_CELL_BYTES_MAX = 1024,
	CSV_ROW_BYTES_MAX = 16 << 10,
	/* Thirteen are known; sheets carry some more beside them. */
	CSV_CELLS_MAX = 64,
	/* The person and the records merged into them that one export holds; others follow by "next". */
	SUBJECT_RECORDS_MAX = 16,
	DRAIN_MS = 10000,
	ENDPOINTS_MAX = 256,
};

#endif
