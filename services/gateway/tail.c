/* services/gateway/tail.c
 *
 * One read of the journal at a time: the next is asked for when the client has taken
 * the last, so a slow reader slows its own reading and holds one piece. The id of an
 * event names the journal's incarnation beside the entry: who comes back after a
 * restored backup is told to forget, instead of going on in another history. */
#include "services/gateway/tail.h"

#include "common/base/fatal.h"
#include "common/wire/pb.h"
#include "services/gateway/facts_json.h"
#include "services/gateway/outlet.h"

#include "matricula/journal.pb-c.h"

#include <stdlib.h>

#define EVENTS_TYPE "text/event-stream"
#define LINES_TYPE "application/x-ndjson"

enum { SCRATCH_BYTES = 64 << 10, QUESTION_BYTES_MAX = 64, WAIT_S_MAX = 30 };

struct tail {
	struct tails *tails;
	struct tail *next;
	struct request *request; /* lives as long as its answer; it holds the token's hash */
	struct outlet *outlet;   /* from the first reply on */
	enum service service;
	bool follows; /* server-sent events */
	bool complete;
	struct place after; /* incarnation 0: of whichever journal is there */
	uint32_t wait_ms;
	uint64_t call;
};

struct tails {
	struct upstream *const *upstreams;
	struct tail *first;
	bool ending;
};

static void
tail_free(struct tail *tail)
{
	struct tail **at = &tail->tails->first;
	while (*at != tail)
		at = &(*at)->next;
	*at = tail->next;
	upstream_cancel(tail->tails->upstreams[tail->service], tail->call);
	free(tail);
}

static void
on_gone(void *context)
{
	tail_free(context);
}

static void on_read(void *context, size_t number, const Mt__Reply *reply);

static bool
tail_ask(struct tail *tail, Mt__Status *refusal)
{
	uint8_t packed[QUESTION_BYTES_MAX];
	Mt__JournalReadRequest read = MT__JOURNAL_READ_REQUEST__INIT;
	read.after_seq = tail->after.seq;
	read.bytes_max = JOURNAL_PIECE_BYTES_MAX;
	read.wait_ms = tail->wait_ms;
	struct upstream_call call = {
		.method = "Journal.Read",
		.asks = true,
		.request = slice_of(packed, mt__journal_read_request__pack(&read, packed)),
		.caller = request_caller(tail->request),
		.deadline_ms = tail->wait_ms + CALL_DEADLINE_MS_DEFAULT,
		.waits = tail->wait_ms > 0,
		.on_reply = on_read,
		.context = tail,
	};
	tail->call = upstream_send(tail->tails->upstreams[tail->service], &call, refusal);
	return tail->call != 0;
}

static void
on_empty(void *context)
{
	struct tail *tail = context;
	Mt__Status refusal;
	if (tail->call != 0 || tail->complete)
		return;
	if (!tail_ask(tail, &refusal))
		outlet_end(tail->outlet);
}

static void
place_write(const struct tail *tail, struct buf *text)
{
	char id[PLACE_TEXT_BYTES];
	place_format(&tail->after, id);
	buf_format(text, "\nid: %s\n\n", id);
}

static void
entries_write(struct tail *tail, const Mt__JournalReadReply *read, struct buf *text, struct arena *arena)
{
	const ProtobufCMessageDescriptor *type = facts_type(tail->service);
	for (size_t i = 0; i < read->n_entries; i++) {
		size_t begins = text->size;
		if (tail->follows)
			buf_text(text, "event: facts\ndata: ");
		size_t empty = text->size;
		struct slice entry = slice_of(read->entries[i].data, read->entries[i].len);
		if (!facts_write(text, arena, type, entry, &tail->after.seq) || text->size == empty)
			text->size = begins;
		else if (tail->follows)
			place_write(tail, text);
		else
			buf_byte(text, '\n');
	}
}

static void
tail_start(struct tail *tail)
{
	struct outlet_owner owner = {.on_empty = on_empty, .on_gone = on_gone, .context = tail};
	if (tail->outlet == NULL)
		tail->outlet = outlet_open(tail->request, tail->follows ? EVENTS_TYPE : LINES_TYPE, &owner);
}

/* True if the reader stands in another history, or further than this one goes: it begins again. */
static bool
tail_reset(struct tail *tail, const Mt__JournalReadReply *read, struct buf *text)
{
	bool same = tail->after.incarnation == 0 || tail->after.incarnation == read->incarnation;
	bool ahead = tail->after.seq > read->head_seq;
	tail->after.incarnation = read->incarnation;
	if (!tail->follows || (same && !ahead))
		return false;
	tail->after.seq = 0;
	buf_text(text, "event: reset\ndata: {}");
	place_write(tail, text);
	return true;
}

static void
tail_tell(struct tail *tail, const Mt__JournalReadReply *read, struct arena *arena)
{
	struct buf text;
	buf_init(&text, STREAM_BUFFER_BYTES_MAX);
	bool reset = tail_reset(tail, read, &text);
	uint64_t before = tail->after.seq;
	if (!reset)
		entries_write(tail, read, &text, arena);
	bool whole = !buf_failed(&text) && (reset || read->n_entries == 0 || tail->after.seq > before);
	if (whole && !reset && read->read_seq > tail->after.seq)
		tail->after.seq = read->read_seq; /* past what this reader may not see */
	tail_start(tail);
	if (tail->follows && text.size == 0) {
		buf_text(&text, ": heartbeat");
		place_write(tail, &text);
	}
	if (!tail->follows)
		tail->wait_ms = 0; /* what is there was told: on to the head without waiting */
	tail->complete = !whole || tail->tails->ending || (!tail->follows && tail->after.seq >= read->head_seq);
	if (!buf_failed(&text))
		outlet_write(tail->outlet, buf_slice(&text));
	if (tail->complete)
		outlet_end(tail->outlet);
	else if (text.size == 0)
		on_empty(tail); /* nobody will ask for more of nothing */
	buf_free(&text);
}

static void
on_read(void *context, size_t number, const Mt__Reply *reply)
{
	struct tail *tail = context;
	struct arena arena;
	(void)number;
	tail->call = 0;
	if (reply->status != MT__STATUS__OK && tail->outlet == NULL) {
		struct request *request = tail->request;
		tail_free(tail);
		request_refuse_reply(request, reply);
		return;
	}
	if (reply->status != MT__STATUS__OK) {
		outlet_end(tail->outlet); /* the client resumes where it stands */
		return;
	}
	arena_init(&arena, SCRATCH_BYTES, 0);
	const Mt__JournalReadReply *read = (const Mt__JournalReadReply *)pb_unpack_trusted(
		&mt__journal_read_reply__descriptor, &arena, slice_of(reply->reply.data, reply->reply.len));
	if (read != NULL)
		tail_tell(tail, read, &arena);
	arena_free(&arena);
}

static bool
question_read(struct request *request, struct tail *tail)
{
	static const char *const names[] = {"after", "wait", NULL};
	const char *last = request_header(request, "Last-Event-ID");
	uint64_t wait_s = 0;
	tail->follows = request_accepts(request, EVENTS_TYPE);
	if (!service_find(request_path_value(request, "service"), &tail->service)) {
		request_refuse(request, PROBLEM_NOT_FOUND, "service", "there is no service %s",
			       request_path_value(request, "service"));
		return false;
	}
	if (!request_query_only(request, names) ||
	    !request_query_number(request, "after", INT64_MAX, &tail->after.seq) ||
	    !request_query_number(request, "wait", WAIT_S_MAX, &wait_s))
		return false;
	if (tail->follows && last != NULL && last[0] != '\0' && !place_parse(last, &tail->after)) {
		request_refuse(request, PROBLEM_INVALID_ARGUMENT, NULL,
			       "the header Last-Event-ID is not an id of this stream");
		return false;
	}
	tail->wait_ms = tail->follows ? JOURNAL_POLL_MS : (uint32_t)wait_s * 1000;
	return true;
}

void
tail_serve(struct request *request, void *context)
{
	struct tails *tails = context;
	struct tail asked = {.tails = tails, .request = request};
	Mt__Status refusal;
	if (!question_read(request, &asked) || outlet_answer_head(request, asked.follows ? EVENTS_TYPE : LINES_TYPE))
		return;
	if (tails->ending || outlets_open() >= STREAMS_MAX) {
		request_refuse(request, PROBLEM_UNAVAILABLE, NULL, "there are too many streams, come again");
		return;
	}
	struct tail *tail = malloc(sizeof(*tail));
	if (tail == NULL)
		fatal("no memory left for a stream");
	*tail = asked;
	tail->next = tails->first;
	tails->first = tail;
	/* The first answer comes at once, so that a refusal is one, and not an empty stream after ten seconds. */
	uint32_t wait_ms = tail->wait_ms;
	if (tail->follows)
		tail->wait_ms = 0;
	if (tail_ask(tail, &refusal)) {
		tail->wait_ms = wait_ms;
		return;
	}
	tail_free(tail);
	request_refuse_upstream(request, tails->upstreams[asked.service], refusal);
}

struct tails *
tails_open(struct upstream *const upstreams[SERVICES])
{
	struct tails *tails = calloc(1, sizeof(*tails));
	if (tails == NULL)
		fatal("no memory left for streams");
	tails->upstreams = upstreams;
	return tails;
}

void
tails_end(struct tails *tails)
{
	tails->ending = true;
	for (struct tail *tail = tails->first; tail != NULL; tail = tail->next) {
		if (tail->outlet != NULL)
			outlet_end(tail->outlet);
	}
}

void
tails_close(struct tails *tails)
{
	free(tails);
}
