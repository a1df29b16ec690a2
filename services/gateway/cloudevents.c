/* services/gateway/cloudevents.c
 *
 * One pass over the body gathers attributes as slices into it; data is skipped there
 * and read by descriptor once the type is known. Nothing is copied but the texts that
 * the request message needs with a NUL behind them.
 * Promise: a batch gives one verdict for each element, in order, whatever is in it. */
#include "services/gateway/cloudevents.h"

#include "common/base/date.h"
#include "common/base/text.h"
#include "common/wire/json.h"
#include "common/wire/pb_json.h"
#include "services/gateway/event_types.h"
#include "services/gateway/route.h"

#include <stdio.h>

enum { ATTRIBUTE_BYTES_MAX = 1024 };

static struct slice *
attribute_find(struct cloud_attributes *attributes, struct slice name)
{
	const struct {
		const char *name;
		struct slice *slot;
	} known[] = {
		{"id", &attributes->id},
		{"source", &attributes->source},
		{"type", &attributes->type},
		{"subject", &attributes->subject},
		{"specversion", &attributes->specversion},
		{"time", &attributes->time},
		{"sequence", &attributes->sequence},
		{"datacontenttype", &attributes->datacontenttype},
		{"data", &attributes->payload},
		{"data_base64", &attributes->data_base64},
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (slice_equal(name, slice_text(known[i].name)))
			return known[i].slot;
	}
	return NULL;
}

static void
attribute_wrong(struct cloud_attributes *attributes, const char *name)
{
	if (attributes->wrong == NULL)
		attributes->wrong = name;
}

/* The value of a member that we know, or of one that we skip. False on a fault of the JSON itself. */
static bool
attribute_read(struct json_reader *json, struct arena *arena, struct cloud_attributes *attributes, struct slice name)
{
	struct slice *slot = attribute_find(attributes, name);
	bool twice = slot != NULL && slot->data != NULL;
	struct slice raw;
	if (!json_skip(json, &raw))
		return false;
	if (slot == NULL)
		return true;
	if (twice)
		attribute_wrong(attributes, arena_text(arena, name));
	if (twice || slice_equal(raw, slice_text("null")))
		return true;
	if (slot == &attributes->payload) {
		*slot = raw;
		return true;
	}
	struct json_reader value;
	json_open(&value, raw, arena);
	enum json_kind kind = json_next(&value, slot);
	if (kind == JSON_STRING && memchr(slot->data, 0, slot->size) == NULL)
		return true;
	/* The extension says string; many who count send a number. */
	if (kind == JSON_NUMBER && slot == &attributes->sequence)
		return true;
	attribute_wrong(attributes, arena_text(arena, name));
	*slot = slice_of("", 0);
	return true;
}

static bool
object_read(struct json_reader *json, struct arena *arena, struct cloud_attributes *attributes)
{
	for (;;) {
		struct slice name;
		enum json_kind kind = json_next(json, &name);
		if (kind == JSON_OBJECT_END)
			return true;
		if (kind != JSON_NAME || !attribute_read(json, arena, attributes, name))
			return false;
	}
}

/* --- verdicts ---------------------------------------------------------------------------------------------------- */

/* The reason in Vietnamese; the field stands beside it. */
static const char *
sentence_vi(const char *code)
{
	if (strncmp(code, "missing_", 8) == 0)
		return "thiếu thuộc tính bắt buộc";
	if (strcmp(code, "invalid_attribute") == 0)
		return "thuộc tính không hợp lệ";
	if (strcmp(code, "unknown_type") == 0)
		return "loại sự kiện không được hỗ trợ, xem /v1/event-types";
	if (strcmp(code, "invalid_data") == 0)
		return "trường dữ liệu không hợp lệ hoặc không có trong loại sự kiện này";
	return "phần tử không phải là một sự kiện";
}

static void
reject(struct cloud_event *event, const char *code, const char *field, const char *message)
{
	event->code = code;
	event->field = field;
	event->message = message;
	event->message_vi = sentence_vi(code);
}

/* What the type String leaves out (CloudEvents 1.0.2, type system): C0, DEL and C1, this one two bytes in UTF-8. */
static bool
holds_control(struct slice text)
{
	for (size_t i = 0; i < text.size; i++) {
		uint8_t byte = text.data[i];
		if (byte < 0x20 || byte == 0x7f || (byte == 0xc2 && i + 1 < text.size && text.data[i + 1] < 0xa0))
			return true;
	}
	return false;
}

static bool
judge_present(struct arena *arena, struct cloud_event *event, const char *name, struct slice value)
{
	if (event->code != NULL)
		return false;
	if (value.data == NULL || value.size == 0)
		reject(event, arena_format(arena, "missing_%s", name), name,
		       arena_format(arena, "attribute %s is missing", name));
	else if (value.size > ATTRIBUTE_BYTES_MAX)
		reject(event, "invalid_attribute", name,
		       arena_format(arena, "attribute %s is longer than %d bytes", name, ATTRIBUTE_BYTES_MAX));
	else if (holds_control(value))
		reject(event, "invalid_attribute", name,
		       arena_format(arena, "attribute %s holds a control character", name));
	return event->code == NULL;
}

bool
cloudevents_type_is_json(struct slice type)
{
	size_t size = 0;
	while (size < type.size && type.data[size] != ';' && type.data[size] != ' ' && type.data[size] != '\t')
		size++;
	const uint8_t *subtype = memchr(type.data, '/', size);
	if (subtype == NULL)
		return false;
	subtype++;
	size_t rest = size - (size_t)(subtype - type.data);
	return (rest == 4 && strncasecmp((const char *)subtype, "json", 4) == 0) ||
	       (rest > 5 && strncasecmp((const char *)subtype + rest - 5, "+json", 5) == 0);
}

static void
judge_envelope(struct arena *arena, const struct cloud_attributes *found, struct cloud_event *event)
{
	int64_t us;
	if (found->wrong != NULL) {
		reject(event, "invalid_attribute", found->wrong,
		       arena_format(arena, "attribute %s is no string, stands twice, or is not percent-encoded UTF-8",
				    found->wrong));
		return;
	}
	if (!judge_present(arena, event, "specversion", found->specversion))
		return;
	if (!slice_equal(found->specversion, slice_text("1.0"))) {
		reject(event, "invalid_attribute", "specversion", "attribute specversion is not 1.0");
		return;
	}
	judge_present(arena, event, "type", found->type);
	judge_present(arena, event, "source", found->source);
	judge_present(arena, event, "id", found->id);
	judge_present(arena, event, "subject", found->subject);
	if (event->code != NULL)
		return;
	if (found->time.data != NULL && !instant_parse(event->request.time, &us))
		reject(event, "invalid_attribute", "time", "attribute time is no RFC 3339 instant");
	else if (found->datacontenttype.size > 0 && !cloudevents_type_is_json(found->datacontenttype))
		reject(event, "invalid_attribute", "datacontenttype",
		       "attribute datacontenttype is not application/json");
	else if (found->data_base64.data != NULL && found->payload.data != NULL)
		reject(event, "invalid_attribute", "data_base64", "attribute data_base64 stands beside data");
	else if (found->data_base64.data == NULL && found->payload.data == NULL)
		reject(event, "missing_data", "data", "attribute data is missing");
}

/* Puts the message into the oneof at the descriptor's own place. */
static void
data_set(Mt__EventData *data, const ProtobufCFieldDescriptor *field, ProtobufCMessage *message)
{
	data->kind_case = (Mt__EventData__KindCase)field->id;
	memcpy((char *)data + field->offset, &message, sizeof(message));
}

/* Some SDKs send whatever bytes they were given as base64, JSON too. No data if it is none. */
static struct slice
payload_of(struct arena *arena, const struct cloud_attributes *found)
{
	size_t size;
	if (found->payload.data != NULL)
		return found->payload;
	uint8_t *bytes = arena_try(arena, found->data_base64.size + 1);
	if (bytes == NULL || !text_from_base64(found->data_base64, bytes, found->data_base64.size, &size))
		return slice_of(NULL, 0);
	return slice_of(bytes, size);
}

static void
judge_data(struct arena *arena, const struct cloud_attributes *found, struct cloud_event *event)
{
	struct fault fault;
	const ProtobufCFieldDescriptor *field = event_type_find(found->type);
	if (field == NULL) {
		reject(event, "unknown_type", "type",
		       arena_format(arena, "event type %.*s is not known, see /v1/event-types",
				    found->type.size > 128 ? 128 : (int)found->type.size,
				    (const char *)found->type.data));
		return;
	}
	struct slice payload = payload_of(arena, found);
	if (payload.data == NULL) {
		reject(event, "invalid_attribute", "data_base64", "attribute data_base64 is not base64");
		return;
	}
	ProtobufCMessage *message = pb_from_json(field->descriptor, arena, payload, &fault);
	if (message == NULL) {
		reject(event, "invalid_data",
		       arena_format(arena, "data%s%s", fault.field[0] == '\0' ? "" : ".", fault.field),
		       arena_format(arena, "%s", fault.message));
		return;
	}
	data_set(&event->data, field, message);
}

/* The texts of an event, cut so that a rejection can repeat them. */
static char *
text_of(struct arena *arena, struct slice text)
{
	static char empty[] = "";
	if (text.data == NULL || text.size == 0)
		return empty;
	return arena_text(arena, slice_of(text.data, text.size > ATTRIBUTE_BYTES_MAX ? 0 : text.size));
}

void
cloudevents_judge(struct arena *arena, const struct cloud_attributes *attributes, struct cloud_event *event)
{
	*event = (struct cloud_event){.code = NULL};
	mt__push_event_request__init(&event->request);
	mt__event_data__init(&event->data);
	event->request.source = text_of(arena, attributes->source);
	event->request.id = text_of(arena, attributes->id);
	event->request.subject = text_of(arena, attributes->subject);
	event->request.time = text_of(arena, attributes->time);
	event->request.sequence = text_of(arena, attributes->sequence);
	judge_envelope(arena, attributes, event);
	if (event->code == NULL)
		judge_data(arena, attributes, event);
	/* The caller may move the event: it sets request.data when it packs it. */
}

/* --- bodies ------------------------------------------------------------------------------------------------------ */

static bool
body_fault(struct fault *fault, const struct json_reader *json, const char *otherwise)
{
	fault->field[0] = '\0';
	if (json->fault != NULL)
		snprintf(fault->message, sizeof(fault->message), "the body is no JSON, byte %zu: %s", json->at,
			 json->fault);
	else
		snprintf(fault->message, sizeof(fault->message), "%s", otherwise);
	return false;
}

bool
cloudevents_read_one(struct arena *arena, struct slice body, struct cloud_event *event, struct fault *fault)
{
	struct json_reader json;
	struct slice text;
	struct cloud_attributes attributes = {.wrong = NULL};
	json_open(&json, body, arena);
	if (json_next(&json, &text) != JSON_OBJECT)
		return body_fault(fault, &json, "the body is not one event, a JSON object");
	if (!object_read(&json, arena, &attributes) || json_next(&json, &text) != JSON_END)
		return body_fault(fault, &json, "the body goes on behind the event");
	cloudevents_judge(arena, &attributes, event);
	return true;
}

/* What stands in a batch where an event should be. */
static void
element_reject(struct cloud_event *event)
{
	static char empty[] = "";
	*event = (struct cloud_event){.code = NULL};
	mt__push_event_request__init(&event->request);
	mt__event_data__init(&event->data);
	event->request.source = empty;
	event->request.id = empty;
	reject(event, "invalid_event", "", "the element is not an event, a JSON object");
}

long
cloudevents_read_batch(struct arena *arena, struct slice body, struct cloud_event *events, long max,
		       struct fault *fault)
{
	struct json_reader json;
	struct slice text;
	long count = 0;
	json_open(&json, body, arena);
	if (json_next(&json, &text) != JSON_ARRAY) {
		body_fault(fault, &json, "the body is not a batch, a JSON array of events");
		return -1;
	}
	for (enum json_kind kind = json_next(&json, &text); kind != JSON_ARRAY_END; kind = json_next(&json, &text)) {
		struct cloud_attributes attributes = {.wrong = NULL};
		bool scalar = kind == JSON_STRING || kind == JSON_NUMBER || kind == JSON_TRUE || kind == JSON_FALSE ||
			      kind == JSON_NULL;
		if (!scalar && (kind != JSON_OBJECT || !object_read(&json, arena, &attributes))) {
			body_fault(fault, &json, "a batch holds events, not arrays");
			return -1;
		}
		if (count == max)
			return max + 1;
		if (scalar)
			element_reject(&events[count++]);
		else
			cloudevents_judge(arena, &attributes, &events[count++]);
	}
	if (json_next(&json, &text) != JSON_END) {
		body_fault(fault, &json, "the body goes on behind the batch");
		return -1;
	}
	return count;
}

/* A value in double quotes without them and without its backslashes (RFC 9110 section 5.6.4), as older versions of the
 * binding wrote what has spaces; another as it is. No data: the quotes do not close. */
static struct slice
header_unquoted(struct arena *arena, struct slice value)
{
	if (value.size == 0 || value.data[0] != '"')
		return value;
	char *out = arena_alloc(arena, value.size);
	size_t size = 0;
	for (size_t i = 1; i < value.size; i++) {
		if (value.data[i] == '"')
			return slice_of(i + 1 == value.size ? out : NULL, size);
		i += value.data[i] == '\\' && i + 1 < value.size ? 1 : 0;
		out[size++] = (char)value.data[i];
	}
	return slice_of(NULL, 0);
}

/* Unquoted first, then percent-decoded once (HTTP protocol binding, section 3.1.3.2). */
void
cloudevents_header(struct arena *arena, struct cloud_attributes *attributes, const char *name, struct slice value)
{
	struct slice *slot = attribute_find(attributes, slice_text(name));
	if (slot == NULL || slot == &attributes->payload || slot == &attributes->data_base64)
		return;
	struct slice text = header_unquoted(arena, value);
	const char *decoded = text.data == NULL ? NULL : route_decode(arena, text);
	if (slot->data != NULL || decoded == NULL)
		attribute_wrong(attributes, name);
	*slot = slice_text(decoded == NULL ? "" : decoded);
}
