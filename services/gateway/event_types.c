/* services/gateway/event_types.c
 *
 * To add a type: a message and a line in event.proto, and an example here. The examples of
 * subject 01-000451 are one person's story in the order of the table: each can be posted as
 * it stands, one after the other. The transfer stays below authority 01, so that 01 may
 * still speak of the old staff code. What cannot happen to the same person is about another
 * staff code and waits, parked, until somebody is hired under it. */
#include "services/gateway/event_types.h"

#include "common/wire/json.h"
#include "common/wire/pb_json.h"

#include "matricula/event.pb-c.h"

#include <stdio.h>
#include <stdlib.h>

#define TYPE_PREFIX "matricula.person."

static const struct {
	const char *field;
	const char *subject;
	const char *data;
} examples[] = {
	{"hired", "01-000451",
	 "{\"name\":\"Nguyễn Thị An\",\"birthDate\":\"1990-05-17\",\"email\":\"an.nguyen@example.vn\","
	 "\"phone\":\"+84 24 0000 0451\",\"citizenId\":\"001190000451\",\"category\":\"CIVIL_SERVANT\","
	 "\"position\":\"01.003\",\"rank\":\"A1\",\"unit\":\"Văn phòng\",\"supervisor\":\"01-000100\","
	 "\"qualifications\":[{\"axis\":\"PROFESSIONAL\",\"code\":\"bachelor\",\"title\":\"Cử nhân luật\","
	 "\"awardedOn\":\"2012\"}],\"parts\":[\"LEARNER_PART\"],\"effectiveDate\":\"2020-01-06\"}"},
	{"updated", "01-000451",
	 "{\"name\":\"Nguyễn Thị Ân\",\"email\":\"an.nt@example.vn\",\"effectiveDate\":\"2020-03-02\","
	 "\"clear\":[\"phone\"]}"},
	{"qualification_gained", "01-000451",
	 "{\"qualification\":{\"axis\":\"STATE_MANAGEMENT\",\"code\":\"specialist\","
	 "\"title\":\"Bồi dưỡng ngạch chuyên viên\",\"awardedOn\":\"2020-11-20\","
	 "\"institution\":\"Học viện Hành chính Quốc gia\"},\"effectiveDate\":\"2020-11-20\"}"},
	{"appointed", "01-000451",
	 "{\"position\":\"01.002\",\"unit\":\"Phòng Tổng hợp\",\"decisionNumber\":\"12/QĐ-VP\","
	 "\"effectiveDate\":\"2021-02-01\"}"},
	{"promoted", "01-000451",
	 "{\"rank\":\"A2.1\",\"decisionNumber\":\"98/QĐ-SNV\",\"effectiveDate\":\"2022-01-01\"}"},
	{"rotated", "01-000451",
	 "{\"position\":\"01.002\",\"unit\":\"Phòng Kiểm soát thủ tục\",\"effectiveDate\":\"2022-09-01\"}"},
	{"leave_begun", "01-000451", "{\"reason\":\"maternity\",\"effectiveDate\":\"2023-01-09\"}"},
	{"leave_ended", "01-000451", "{\"effectiveDate\":\"2023-07-10\"}"},
	{"seconded", "01-000451",
	 "{\"toAuthority\":\"00008\",\"position\":\"01.002\",\"decisionNumber\":\"31/QĐ-SNV\","
	 "\"effectiveDate\":\"2024-02-01\"}"},
	{"returned", "01-000451", "{\"effectiveDate\":\"2024-08-01\"}"},
	{"corrected", "01-000451",
	 "{\"eventId\":\"example-hired\",\"birthDate\":\"1990-05-27\",\"reason\":\"birth certificate seen\"}"},
	{"transferred", "01-000451",
	 "{\"toAuthority\":\"00004\",\"toStaffCode\":\"00004-000017\",\"position\":\"01.003\","
	 "\"effectiveDate\":\"2025-07-01\"}"},
	{"retired", "01-000451", "{\"effectiveDate\":\"2026-01-05\",\"successor\":\"00004-000018\"}"},
	{"deceased", "01-000451", "{\"effectiveDate\":\"2026-02-01\"}"},
	{"suspended", "01-000452",
	 "{\"reason\":\"inquiry\",\"decisionNumber\":\"7/QĐ-TTr\",\"effectiveDate\":\"2025-05-05\"}"},
	{"resigned", "01-000453", "{\"effectiveDate\":\"2025-06-01\",\"successor\":\"01-000451\"}"},
	{"dismissed", "01-000454",
	 "{\"reason\":\"discipline\",\"decisionNumber\":\"9/QĐ-KL\",\"effectiveDate\":\"2025-06-01\"}"},
	{"merged", "01-000455", "{\"otherStaffCode\":\"01-000456\",\"proof\":\"same citizen id, decision 14/QĐ-SNV\"}"},
	{"split", "01-000455", "{\"otherStaffCode\":\"01-000456\",\"reason\":\"two people of one name\"}"},
};

enum { EXAMPLES = sizeof(examples) / sizeof(examples[0]) };

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
	for (size_t i = 0; i < EXAMPLES; i++) {
		if (strcmp(examples[i].field, field->name) == 0)
			return examples[i].data;
	}
	return NULL;
}

static const char *
example_subject(const ProtobufCFieldDescriptor *field)
{
	for (size_t i = 0; i < EXAMPLES; i++) {
		if (strcmp(examples[i].field, field->name) == 0)
			return examples[i].subject;
	}
	return "";
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
		   "\"id\":\"example-%s\",\"subject\":\"%s\",\"time\":\"2026-01-05T08:30:00+07:00\","
		   "\"datacontenttype\":\"application/json\",\"data\":%s}}",
		   type, field->name, example_subject(field), example != NULL ? example : "{}");
}

/* In the order of the story; a test holds that no type is missing. */
void
event_types_write(struct buf *body)
{
	buf_text(body, "{\"eventTypes\":[");
	for (size_t i = 0; i < EXAMPLES; i++) {
		const ProtobufCFieldDescriptor *field =
			protobuf_c_message_descriptor_get_field_by_name(&mt__event_data__descriptor, examples[i].field);
		if (i > 0)
			buf_text(body, ",");
		event_type_write(body, field);
	}
	buf_text(body, "]}\n");
}
