/* services/gateway/event_types.c
 *
 * To add a type: a message and a line in event.proto, and an example here. The examples
 * are one person's story in the order of event.proto: each can be posted as it stands,
 * one after the other. The transfer stays below authority 01, so that 01 may still say
 * of the old staff code that the person retired. */
#include "services/gateway/event_types.h"

#include "common/wire/json.h"
#include "common/wire/pb_json.h"

#include "matricula/event.pb-c.h"

#include <stdio.h>
#include <stdlib.h>

#define TYPE_PREFIX "matricula.person."

static const struct {
	const char *field;
	const char *data;
} examples[] = {
	{"hired", "{\"name\":\"Nguyễn Thị An\",\"birthDate\":\"1990-05-17\",\"email\":\"an.nguyen@example.vn\","
		  "\"category\":\"CIVIL_SERVANT\",\"position\":\"01.003\",\"effectiveDate\":\"2026-01-05\"}"},
	{"updated", "{\"name\":\"Nguyễn Thị Ân\",\"email\":\"an.nt@example.vn\",\"position\":\"01.002\","
		    "\"effectiveDate\":\"2026-03-01\"}"},
	{"transferred", "{\"toAuthority\":\"00004\",\"toStaffCode\":\"00004-000017\",\"position\":\"01.003\","
			"\"effectiveDate\":\"2026-07-01\"}"},
	{"retired", "{\"effectiveDate\":\"2026-12-01\"}"},
};

/* "hired_v2" is "hired" and 2. */
static size_t
field_version(const char *name, unsigned long *version)
{
	const char *mark = strrchr(name, '_');
	char *end;
	*version = 1;
	if (mark == NULL || mark[1] != 'v' || mark[2] < '1' || mark[2] > '9')
		return strlen(name);
	unsigned long number = strtoul(mark + 2, &end, 10);
	if (*end != '\0')
		return strlen(name);
	*version = number;
	return (size_t)(mark - name);
}

bool
event_type_format(const ProtobufCFieldDescriptor *field, char type[EVENT_TYPE_BYTES])
{
	unsigned long version;
	size_t stem = field_version(field->name, &version);
	int size = snprintf(type, EVENT_TYPE_BYTES, TYPE_PREFIX "%.*s.v%lu", (int)stem, field->name, version);
	return size > 0 && size < EVENT_TYPE_BYTES;
}

const ProtobufCFieldDescriptor *
event_type_find(struct slice type)
{
	struct slice prefix = slice_text(TYPE_PREFIX);
	if (!slice_begins(type, prefix))
		return NULL;
	for (unsigned i = 0; i < mt__event_data__descriptor.n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &mt__event_data__descriptor.fields[i];
		char known[EVENT_TYPE_BYTES];
		/* Most events end here without any formatting: the first letters of the name differ. */
		if (type.size <= prefix.size || type.data[prefix.size] != (uint8_t)field->name[0])
			continue;
		if (event_type_format(field, known) && slice_equal(type, slice_text(known)))
			return field;
	}
	return NULL;
}

const char *
event_type_example(const ProtobufCFieldDescriptor *field)
{
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		if (strcmp(examples[i].field, field->name) == 0)
			return examples[i].data;
	}
	return NULL;
}

static const char *
kind_word(const ProtobufCFieldDescriptor *field)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		return "string";
	case PROTOBUF_C_TYPE_BOOL:
		return "boolean";
	case PROTOBUF_C_TYPE_ENUM:
		return "enum";
	case PROTOBUF_C_TYPE_BYTES:
		return "base64";
	case PROTOBUF_C_TYPE_MESSAGE:
		return "object";
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return "integer";
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_DOUBLE:
		return "number";
	}
	return "";
}

static void
field_write(struct buf *body, const ProtobufCFieldDescriptor *field)
{
	char name[EVENT_TYPE_BYTES];
	pb_json_name(field->name, name);
	buf_format(body, "{\"name\":\"%s\",\"type\":\"%s\"", name, kind_word(field));
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		buf_text(body, ",\"repeated\":true");
	if (field->type == PROTOBUF_C_TYPE_ENUM) {
		const ProtobufCEnumDescriptor *values = field->descriptor;
		buf_text(body, ",\"values\":[");
		for (unsigned i = 0; i < values->n_values; i++)
			buf_format(body, "%s\"%s\"", i > 0 ? "," : "", values->values[i].name);
		buf_text(body, "]");
	}
	buf_text(body, "}");
}

void
event_type_write(struct buf *body, const ProtobufCFieldDescriptor *field)
{
	const ProtobufCMessageDescriptor *message = field->descriptor;
	char type[EVENT_TYPE_BYTES];
	const char *example = event_type_example(field);
	if (!event_type_format(field, type))
		return;
	buf_format(body, "{\"type\":\"%s\",\"message\":\"%s\",\"subject\":\"staff code\",\"fields\":[", type,
		   message->short_name);
	for (unsigned i = 0; i < message->n_fields; i++) {
		if (i > 0)
			buf_text(body, ",");
		field_write(body, &message->fields[i]);
	}
	buf_format(body,
		   "],\"example\":{\"specversion\":\"1.0\",\"type\":\"%s\",\"source\":\"/authorities/01/hr\","
		   "\"id\":\"example-%s\",\"subject\":\"01-000451\",\"time\":\"2026-01-05T08:30:00+07:00\","
		   "\"datacontenttype\":\"application/json\",\"data\":%s}}",
		   type, field->name, example != NULL ? example : "{}");
}

void
event_types_write(struct buf *body)
{
	buf_text(body, "{\"eventTypes\":[");
	for (unsigned i = 0; i < mt__event_data__descriptor.n_fields; i++) {
		if (i > 0)
			buf_text(body, ",");
		event_type_write(body, &mt__event_data__descriptor.fields[i]);
	}
	buf_text(body, "]}\n");
}
