/* tests/bench/door.c
 *
 * Load through the ZeroMQ door, as a province would push: DEALER sockets with CURVE, 500
 * calls of Events.Push a frame, several frames on their way on each.
 *
 *   door endpoint=tcp://127.0.0.1:5570 key=FILE server=Z85 units=FILE people=N run=NAME
 *        events=hired first=0 count=0 seconds=5 batch=500 sockets=2 flight=8 rate=0
 *
 * Without a rate each answer is followed by the next frame. With one, so many events a
 * second, frames leave when they are due, whatever was answered, and how long one took is
 * counted from then; those that find all slots taken wait and are late.
 *
 * A frame that is refused as a whole (the service is away, too many are on their way) is
 * not told by its number. So what was sent on the same socket before that refusal and is
 * still without an answer REPEAT_US later goes out again, which does no harm: of events
 * that were taken after all, the answer is "duplicate", and that counts as done.
 *
 * Prints the same line of JSON as load, and how many frames were refused; p50 and p99 are
 * of a frame. */
#include "tests/bench/deed_call.h"

#include "common/wire/frame.h"
#include "common/wire/pb.h"

#include "matricula/envelope.pb-c.h"
#include "matricula/event.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <zmq.h>

enum {
	SOCKETS_MAX = 16,
	FLIGHT_MAX = 64,
	BATCH_MAX = 1000,
	DRAIN_US = 10000000,
	REPEAT_US = 1000000, /* a refusal asks for a second's patience */
	FRAME_LIMIT = 8 << 20,
	LATENCIES_MAX = 1 << 16,
	KEY_BYTES = 64,
};

struct slot {
	int64_t began_us;
	int64_t sent_us; /* the last time */
	uint64_t first;
	unsigned count;
	unsigned waiting;  /* calls without a reply */
	unsigned sendings; /* of all its frames; a part of the tags, so that a late answer is known as such */
	bool again;
};

struct socket {
	void *socket;
	int64_t refused_us; /* when a frame as a whole was refused last; 0: none, or all is sent again */
	struct slot slots[FLIGHT_MAX];
};

struct door {
	struct nation nation;
	const char *events;
	const char *endpoint;
	const char *server;
	char public_key[KEY_BYTES];
	char secret_key[KEY_BYTES];
	double seconds;
	double rate;    /* events a second; 0: as fast as answers come */
	int64_t due_us; /* of the next frame */
	uint64_t next;
	uint64_t end;
	unsigned batch, sockets_count, flight;
	struct socket sockets[SOCKETS_MAX];
	struct arena arena;
	struct buf frame, packed;
	int64_t until_us;
	unsigned busy;
	uint64_t done, done_in_time, failed, refused;
	int64_t last_us;
	char failure[400];
	uint32_t latencies_us[LATENCIES_MAX];
	size_t latencies_count;
};

static int64_t
now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* --- frames out -------------------------------------------------------------------------------------------------- */

/* The tag is the sending, the slot and the place in the frame; 0 is the gateway's, for a frame as a whole. */
static uint64_t
tag_of(const struct slot *slot, unsigned number, uint64_t place)
{
	return ((uint64_t)slot->sendings * FLIGHT_MAX + number) * BATCH_MAX + place + 1;
}

/* All calls of a slot, the first time or once more. */
static void
slot_send(struct door *door, struct socket *socket, unsigned number)
{
	struct slot *slot = &socket->slots[number];
	struct deed deed;
	buf_reset(&door->frame);
	slot->sendings++;
	for (unsigned i = 0; i < slot->count; i++) {
		deed_make(&door->nation, door->events, slot->first + i, &deed);
		deed_call(&door->packed, &deed, tag_of(slot, number, i), slice_of(NULL, 0));
		frame_add_call(&door->frame, buf_slice(&door->packed));
	}
	slot->sent_us = now_us();
	slot->waiting = slot->count;
	if (zmq_send(socket->socket, door->frame.data, door->frame.size, ZMQ_DONTWAIT) >= 0)
		return;
	slot->waiting = 0;
	door->busy--;
	door->failed += slot->count;
}

static void
slot_begin(struct door *door, struct socket *socket, unsigned number)
{
	struct slot *slot = &socket->slots[number];
	int64_t now = door->rate > 0 ? door->due_us : now_us();
	if (now >= door->until_us || door->next >= door->end)
		return;
	slot->first = door->next;
	slot->count = (unsigned)(door->end - door->next < door->batch ? door->end - door->next : door->batch);
	slot->began_us = now;
	slot->again = false;
	door->next += slot->count;
	door->busy++;
	slot_send(door, socket, number);
}

/* What may have been refused goes out again, or is given up once the time is over. */
static void
repeat(struct door *door, struct socket *socket)
{
	int64_t now = now_us();
	if (socket->refused_us == 0 || now < socket->refused_us + REPEAT_US)
		return;
	int64_t refused_us = socket->refused_us;
	socket->refused_us = 0;
	for (unsigned number = 0; number < door->flight; number++) {
		struct slot *slot = &socket->slots[number];
		if (slot->waiting == 0 || slot->sent_us > refused_us)
			continue;
		slot->again = true;
		if (now < door->until_us) {
			slot_send(door, socket, number);
			continue;
		}
		door->failed += slot->waiting;
		slot->waiting = 0;
		door->busy--;
	}
}

/* --- replies in -------------------------------------------------------------------------------------------------- */

static void
fail(struct door *door, const Mt__Reply *reply, const Mt__PushEventReply *outcome)
{
	door->failed++;
	if (door->failure[0] == '\0')
		snprintf(door->failure, sizeof(door->failure), "status %d %.150s %s %.150s", (int)reply->status,
			 reply->message, outcome == NULL ? "" : outcome->code, outcome == NULL ? "" : outcome->message);
}

static void
frame_refused(struct door *door, struct socket *socket, const Mt__Reply *reply)
{
	door->refused++;
	socket->refused_us = now_us();
	if (door->failure[0] == '\0')
		snprintf(door->failure, sizeof(door->failure), "a frame was refused: status %d %.150s",
			 (int)reply->status, reply->message);
}

static bool
is_done(const struct slot *slot, const Mt__PushEventReply *outcome)
{
	if (outcome == NULL)
		return false;
	return outcome->outcome == MT__EVENT__OUTCOME__ACCEPTED ||
	       (slot->again && outcome->outcome == MT__EVENT__OUTCOME__DUPLICATE);
}

static void
reply_take(struct door *door, struct socket *socket, struct slice part)
{
	arena_reset(&door->arena);
	const Mt__Reply *reply = (const Mt__Reply *)pb_unpack_trusted(&mt__reply__descriptor, &door->arena, part);
	const Mt__PushEventReply *outcome = NULL;
	if (reply->tag == 0) {
		frame_refused(door, socket, reply);
		return;
	}
	unsigned number = (unsigned)((reply->tag - 1) / BATCH_MAX % FLIGHT_MAX);
	struct slot *slot = &socket->slots[number];
	if (slot->waiting == 0 || (reply->tag - 1) / BATCH_MAX / FLIGHT_MAX != slot->sendings)
		return; /* of a frame that was sent again meanwhile */
	if (reply->status == MT__STATUS__OK)
		outcome = (const Mt__PushEventReply *)pb_unpack_trusted(&mt__push_event_reply__descriptor, &door->arena,
									slice_of(reply->reply.data, reply->reply.len));
	if (!is_done(slot, outcome)) {
		fail(door, reply, outcome);
	} else {
		door->done++;
		door->done_in_time += now_us() <= door->until_us;
	}
	if (--slot->waiting > 0)
		return;
	int64_t now = now_us();
	if (now <= door->until_us)
		door->last_us = now;
	if (door->latencies_count < LATENCIES_MAX)
		door->latencies_us[door->latencies_count++] = (uint32_t)(now - slot->began_us);
	door->busy--;
	if (door->rate == 0)
		slot_begin(door, socket, number);
}

static void
receive(struct door *door, struct socket *socket)
{
	zmq_msg_t message;
	struct frame frame;
	struct slice part;
	size_t at = 0;
	zmq_msg_init(&message);
	if (zmq_msg_recv(&message, socket->socket, ZMQ_DONTWAIT) >= 0 &&
	    frame_read(slice_of(zmq_msg_data(&message), zmq_msg_size(&message)), BATCH_MAX, &frame)) {
		while (frame_next(&frame, &at, &part))
			reply_take(door, socket, part);
	}
	zmq_msg_close(&message);
}

/* --- the run ----------------------------------------------------------------------------------------------------- */

/* Sends the frames that are due while there are free slots. */
static void
pace(struct door *door)
{
	unsigned slots = door->sockets_count * door->flight;
	for (unsigned i = 0; i < slots && door->due_us <= now_us() && door->due_us < door->until_us; i++) {
		struct socket *socket = &door->sockets[i % door->sockets_count];
		unsigned number = i / door->sockets_count;
		if (socket->slots[number].waiting > 0)
			continue;
		slot_begin(door, socket, number);
		door->due_us += (int64_t)((double)door->batch * 1e6 / door->rate);
	}
}

static bool
goes_on(const struct door *door)
{
	int64_t now = now_us();
	bool due = door->rate > 0 && now < door->until_us && door->next < door->end;
	return due || (door->busy > 0 && now < door->until_us + DRAIN_US);
}

static void
run(struct door *door)
{
	zmq_pollitem_t items[SOCKETS_MAX];
	door->due_us = now_us();
	for (unsigned s = 0; s < door->sockets_count; s++) {
		items[s] = (zmq_pollitem_t){.socket = door->sockets[s].socket, .events = ZMQ_POLLIN};
		for (unsigned i = 0; i < door->flight && door->rate == 0; i++)
			slot_begin(door, &door->sockets[s], i);
	}
	while (goes_on(door)) {
		zmq_poll(items, (int)door->sockets_count, door->rate > 0 ? 1 : 100);
		if (door->rate > 0)
			pace(door);
		for (unsigned s = 0; s < door->sockets_count; s++) {
			if ((items[s].revents & ZMQ_POLLIN) != 0)
				receive(door, &door->sockets[s]);
			repeat(door, &door->sockets[s]);
		}
	}
	for (unsigned s = 0; s < door->sockets_count; s++) {
		for (unsigned i = 0; i < door->flight; i++)
			door->failed += door->sockets[s].slots[i].waiting;
	}
	if (door->busy > 0 && door->failure[0] == '\0')
		snprintf(door->failure, sizeof(door->failure), "%u frames without an answer", door->busy);
}

static int
compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a;
	uint32_t right = *(const uint32_t *)b;
	return left < right ? -1 : left > right;
}

static void
report(struct door *door, int64_t began_us)
{
	struct rusage usage;
	size_t count = door->latencies_count;
	getrusage(RUSAGE_SELF, &usage);
	long cpu_us = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec +
		      usage.ru_stime.tv_usec;
	qsort(door->latencies_us, count, sizeof(uint32_t), compare);
	double seconds = (double)(door->last_us - began_us) / 1e6;
	printf("{\"done\":%llu,\"rate\":%.1f,\"seconds\":%.3f,\"failed\":%llu,\"refused\":%llu,\"p50_us\":%u,"
	       "\"p99_us\":%u,\"next\":%llu,"
	       "\"cpu_us\":%ld,\"failure\":\"%s\"}\n",
	       (unsigned long long)door->done, seconds > 0 ? (double)door->done_in_time / seconds : 0, seconds,
	       (unsigned long long)door->failed, (unsigned long long)door->refused,
	       count > 0 ? door->latencies_us[count / 2] : 0, count > 0 ? door->latencies_us[count * 99 / 100] : 0,
	       (unsigned long long)door->next, cpu_us, door->failure);
}

static bool
key_read(struct door *door, const char *path)
{
	FILE *file = fopen(path, "r");
	if (file == NULL)
		return false;
	bool good = fscanf(file, "%63s %63s", door->public_key, door->secret_key) == 2;
	fclose(file);
	return good;
}

static bool
option(struct door *door, const char *name, const char *value)
{
	if (strcmp(name, "units") == 0)
		return nation_read(&door->nation, value);
	if (strcmp(name, "key") == 0)
		return key_read(door, value);
	if (strcmp(name, "endpoint") == 0)
		door->endpoint = value;
	else if (strcmp(name, "server") == 0)
		door->server = value;
	else if (strcmp(name, "run") == 0)
		door->nation.run = value;
	else if (strcmp(name, "events") == 0)
		door->events = value;
	else if (strcmp(name, "people") == 0)
		door->nation.people = strtoull(value, NULL, 10);
	else if (strcmp(name, "first") == 0)
		door->next = strtoull(value, NULL, 10);
	else if (strcmp(name, "count") == 0)
		door->end = strtoull(value, NULL, 10);
	else if (strcmp(name, "seconds") == 0)
		door->seconds = strtod(value, NULL);
	else if (strcmp(name, "rate") == 0)
		door->rate = strtod(value, NULL);
	else if (strcmp(name, "batch") == 0)
		door->batch = (unsigned)strtoul(value, NULL, 10);
	else if (strcmp(name, "sockets") == 0)
		door->sockets_count = (unsigned)strtoul(value, NULL, 10);
	else if (strcmp(name, "flight") == 0)
		door->flight = (unsigned)strtoul(value, NULL, 10);
	else
		return false;
	return true;
}

static void
sockets_open(struct door *door, void *context)
{
	for (unsigned i = 0; i < door->sockets_count; i++) {
		void *socket = zmq_socket(context, ZMQ_DEALER);
		zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, door->server, 40);
		zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, door->public_key, 40);
		zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, door->secret_key, 40);
		zmq_setsockopt(socket, ZMQ_LINGER, &(int){0}, sizeof(int));
		zmq_connect(socket, door->endpoint);
		door->sockets[i].socket = socket;
	}
}

int
main(int argc, char **argv)
{
	static struct door door = {.events = "hired", .seconds = 5, .batch = 500, .sockets_count = 2, .flight = 8};
	door.nation.run = "run";
	for (int i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');
		if (value == NULL || (*value++ = '\0', !option(&door, argv[i], value))) {
			fprintf(stderr, "door: option %s is not known or not readable\n", argv[i]);
			return 2;
		}
	}
	if (door.endpoint == NULL || door.server == NULL || door.sockets_count > SOCKETS_MAX ||
	    door.flight > FLIGHT_MAX || door.batch > BATCH_MAX) {
		fprintf(stderr, "used as: door endpoint=... key=FILE server=Z85 ..., see tests/bench/door.c\n");
		return 2;
	}
	door.end = door.end == 0 ? UINT64_MAX : door.next + door.end;
	arena_init(&door.arena, 64 << 10, 16 << 20);
	buf_init(&door.frame, FRAME_LIMIT);
	buf_init(&door.packed, FRAME_LIMIT);
	void *context = zmq_ctx_new();
	sockets_open(&door, context);
	int64_t began_us = now_us();
	door.until_us = began_us + (int64_t)(door.seconds * 1e6);
	door.last_us = began_us;
	run(&door);
	report(&door, began_us);
	for (unsigned i = 0; i < door.sockets_count; i++)
		zmq_close(door.sockets[i].socket);
	zmq_ctx_term(context);
	return 0;
}
