/* services/ctl/push_door.c
 *
 * Through the ZeroMQ door: a frame of Events.Push calls, unsealed, on a connection whose
 * CURVE key says for which authority it speaks. */
#include "services/ctl/bulk.h"
#include "services/ctl/push.h"

#include "common/base/fatal.h"
#include "common/host/files.h"
#include "common/host/keys.h"
#include "common/wire/pb.h"
#include "common/wire/pb_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	KEY_FILE_BYTES = 2 * CURVE_TEXT_BYTES + 8,
	FIELD_NAME_BYTES = 64,
	KNOCK_MS = 500,
	KNOCK_MS_MAX = 5000,
	KNOCK_ARENA_BYTES = 16 << 10,
	FIRST_TAG = 1000
};

#define TYPE_BEGIN "matricula.person."

struct push_door {
	struct push_sender sender;
	const char *endpoint;
	struct curve curve;
	struct rpc *rpc;
	struct bulk bulk;
	struct bulk_call calls[PUSH_EVENTS_MAX];
	size_t places[PUSH_EVENTS_MAX]; /* of the calls among the events */
};

/* "matricula.person.hired.v1" is the field "hired", ".v2" is "hired_v2". */
static const ProtobufCFieldDescriptor *
data_field(struct slice type)
{
	char name[FIELD_NAME_BYTES];
	size_t begin = strlen(TYPE_BEGIN);
	if (type.data == NULL || type.size >= sizeof(name) + begin || !slice_begins(type, slice_text(TYPE_BEGIN)))
		return NULL;
	snprintf(name, sizeof(name), "%.*s", (int)(type.size - begin), (const char *)type.data + begin);
	char *version = strrchr(name, '.');
	if (version == NULL)
		return NULL;
	if (strcmp(version, ".v1") == 0)
		*version = '\0';
	else
		*version = '_';
	return protobuf_c_message_descriptor_get_field_by_name(&mt__event_data__descriptor, name);
}

static char *
text_of(struct arena *arena, struct slice text)
{
	return text.data == NULL ? (char *)"" : arena_text(arena, text);
}

static bool
reject(struct push_event *event, const char *field, const char *code, const char *message)
{
	event->outcome = MT__EVENT__OUTCOME__REJECTED;
	event->field = field;
	event->code = code;
	event->message = message;
	return false;
}

/* The packed request; false, and the event rejected, if it cannot be made. */
static bool
request_make(struct arena *arena, struct push_event *event, struct slice *packed)
{
	Mt__PushEventRequest request = MT__PUSH_EVENT_REQUEST__INIT;
	Mt__EventData data = MT__EVENT_DATA__INIT;
	struct fault fault;
	const ProtobufCFieldDescriptor *field = data_field(event->type);
	if (field == NULL)
		return reject(event, "type", "unknown_type", "the event type is not known");
	ProtobufCMessage *message = pb_from_json(field->descriptor, arena, event->data, &fault);
	if (message == NULL)
		return reject(event, arena_format(arena, "data.%s", fault.field), "invalid_data",
			      arena_format(arena, "%s", fault.message));
	data.kind_case = (Mt__EventData__KindCase)field->id;
	memcpy((char *)&data + field->offset, &message, sizeof(message));
	request.source = text_of(arena, event->source);
	request.id = text_of(arena, event->id);
	request.subject = text_of(arena, event->subject);
	request.time = text_of(arena, event->time);
	request.data = &data;
	*packed = pb_pack(arena, &request.base);
	return true;
}

static void
outcome_take(struct arena *arena, struct push_event *event, const Mt__Reply *reply)
{
	if (reply->status != MT__STATUS__OK) {
		reject(event, reply->field, "refused", reply->message);
		return;
	}
	const Mt__PushEventReply *verdict = (const Mt__PushEventReply *)pb_unpack_trusted(
		&mt__push_event_reply__descriptor, arena, slice_of(reply->reply.data, reply->reply.len));
	if (verdict == NULL) {
		reject(event, "", "internal", "the reply cannot be read");
		return;
	}
	event->outcome = verdict->outcome;
	event->field = verdict->field;
	event->code = verdict->code;
	event->message = verdict->message;
}

static bool
door_send(struct push_sender *sender, struct arena *arena, struct push_event *events, size_t count)
{
	struct push_door *door = (struct push_door *)sender;
	size_t calls = 0;
	door->bulk.arena = arena;
	for (size_t i = 0; i < count; i++) {
		struct slice packed;
		if (!request_make(arena, &events[i], &packed))
			continue;
		door->places[calls] = i;
		door->calls[calls++] = (struct bulk_call){.id = "", .method = "Events.Push", .request = packed};
	}
	if (!bulk_run(&door->bulk, door->calls, calls))
		return false;
	for (size_t i = 0; i < calls; i++)
		outcome_take(arena, &events[door->places[i]], door->calls[i].reply);
	return true;
}

static void
door_close(struct push_sender *sender)
{
	struct push_door *door = (struct push_door *)sender;
	rpc_close(door->rpc);
	free(door);
}

static bool
pair_read(const char *path, struct curve_pair *pair)
{
	char text[KEY_FILE_BYTES];
	struct host_error error;
	if (!file_read(path, text, sizeof(text), &error)) {
		say("%s", error.text);
		return false;
	}
	char *rest = text;
	const char *own = strsep(&rest, "\n");
	const char *secret = rest == NULL ? "" : strsep(&rest, "\n");
	if (strlen(own) == CURVE_TEXT_BYTES - 1 && strlen(secret) == CURVE_TEXT_BYTES - 1) {
		memcpy(pair->public_text, own, CURVE_TEXT_BYTES);
		memcpy(pair->secret_text, secret, CURVE_TEXT_BYTES);
		return true;
	}
	say("key file %s is not two lines of Z85, public and secret", path);
	return false;
}

static bool
server_key_read(const struct args *args, char text[CURVE_TEXT_BYTES])
{
	char folder[PATH_BYTES_MAX];
	struct host_error error;
	const char *given = args_get(args, "door-key", NULL);
	if (given != NULL && strlen(given) == CURVE_TEXT_BYTES - 1) {
		memcpy(text, given, CURVE_TEXT_BYTES);
		return true;
	}
	if (given == NULL && path_format(folder, "%s/keys", args_data(args)) &&
	    keys_load_curve_public(folder, "door", text, &error))
		return true;
	say("the door's public key is wanted: --door-key, as GET /v1/door shows it");
	return false;
}

static struct rpc *
door_reopen(void *context)
{
	struct push_door *door = context;
	struct host_error error;
	rpc_close(door->rpc);
	door->rpc = rpc_open(door->endpoint, NULL, &door->curve, &error);
	if (door->rpc == NULL)
		fatal("%s", error.text);
	return door->rpc;
}

/* True if somebody answers who lets our key in. Any reply will do, a refusal too. */
static bool
door_knock(struct push_door *door)
{
	struct arena arena;
	Mt__Reply *reply = NULL;
	Mt__GetEventRequest request = MT__GET_EVENT_REQUEST__INIT;
	arena_init(&arena, KNOCK_ARENA_BYTES, 0);
	bool answered = false;
	for (int waited_ms = 0; !answered && waited_ms < KNOCK_MS_MAX; waited_ms += KNOCK_MS) {
		if (waited_ms > 0)
			door_reopen(door);
		answered = rpc_request(door->rpc, "Events.Get", "", &request.base, NULL, KNOCK_MS, &arena, &reply);
	}
	arena_free(&arena);
	if (!answered)
		say("the door at %s does not answer: nobody is there, or the key is not registered", door->endpoint);
	return answered;
}

struct push_sender *
push_door_open(const struct args *args)
{
	struct host_error error;
	struct push_door *door = calloc(1, sizeof(*door));
	if (door == NULL)
		fatal("no memory left for a connection");
	door->sender = (struct push_sender){.send = door_send, .close = door_close};
	door->endpoint = args_get(args, "door", "");
	bool keys = pair_read(args_get(args, "key", ""), &door->curve.own) &&
		    server_key_read(args, door->curve.server_text);
	if (keys)
		door->rpc = rpc_open(door->endpoint, NULL, &door->curve, &error);
	if (keys && door->rpc == NULL)
		say("%s", error.text);
	if (door->rpc == NULL || !door_knock(door)) {
		door_close(&door->sender);
		return NULL;
	}
	door->bulk = (struct bulk){.rpc = door->rpc, .tag = FIRST_TAG, .reopen = door_reopen, .context = door};
	return &door->sender;
}
