/* services/gateway/person_page.c
 *
 * Descriptors lead through the parts, so that a field added to a record is on the page
 * without anybody thinking of it; the words for it stand in person_page_words.c. Empty
 * fields are left out, hashes are for machines. The page loads nothing and runs nothing. */
#include "services/gateway/person_page.h"

#include "common/base/date.h"
#include "services/gateway/pages.h"
#include "services/gateway/person_page_words.h"

enum { NESTED_MAX = 6 };

/* Named by the linker after the file. */
extern const uint8_t _binary_services_gateway_person_page_html_start[];
extern const uint8_t _binary_services_gateway_person_page_html_end[];

struct writer {
	struct buf *body;
	const struct subject_file *file;
	const struct subject_record *record; /* being written */
};

static void message_write(const struct writer *writer, const ProtobufCMessage *message, int depth);

/* --- values ------------------------------------------------------------------------------------------------------- */

static void
value_words_write(struct buf *body, const struct page_words *words, const char *name)
{
	if (words == NULL) {
		html_write(body, name);
		return;
	}
	buf_format(body, "%s <small lang=\"en\">%s</small>", words->vi, words->en);
}

static void
enum_write(struct buf *body, const ProtobufCEnumDescriptor *type, int value)
{
	const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(type, value);
	if (known == NULL)
		buf_format(body, "%d", value);
	else
		value_words_write(body, page_words_of_value(known->name), known->name);
}

static bool
ends_with(const char *name, const char *end)
{
	size_t size = strlen(name);
	size_t end_size = strlen(end);
	return size > end_size && strcmp(name + size - end_size, end) == 0;
}

/* To the second: "2026-03-02 08:00:00 UTC". */
static void
instant_write(struct buf *body, int64_t instant_us)
{
	char text[INSTANT_TEXT_BYTES];
	instant_format(instant_us - instant_us % SECOND_US, text);
	buf_format(body, "%.10s %.8s <small>UTC</small>", text, text + 11);
}

static void
integer_write(struct buf *body, const char *name, int64_t value)
{
	if (ends_with(name, "_us"))
		instant_write(body, value);
	else
		buf_format(body, "%lld", (long long)value);
}

/* NULL if none that the file names has this id. */
static const Mt__SubjectAuthority *
authority_find(const struct subject_file *file, const char *id)
{
	for (size_t i = 0; i < file->records_count; i++) {
		const Mt__SubjectPart *part = file->records[i].parts[SERVICE_ENROLLMENT];
		for (size_t j = 0; part != NULL && part->enrollment != NULL && j < part->enrollment->n_authorities;
		     j++) {
			if (strcmp(part->enrollment->authorities[j]->authority_id, id) == 0)
				return part->enrollment->authorities[j];
		}
	}
	return NULL;
}

static void
text_write(const struct writer *writer, const char *name, const char *text)
{
	int64_t instant_us;
	const Mt__SubjectAuthority *authority = authority_find(writer->file, text);
	if (authority != NULL) {
		html_write(writer->body, authority->name);
		buf_text(writer->body, " <small>");
		html_write(writer->body, authority->code);
		buf_text(writer->body, "</small>");
		return;
	}
	if (ends_with(name, "_at") && instant_parse(text, &instant_us)) {
		instant_write(writer->body, instant_us);
		return;
	}
	bool document = text[0] == '{';
	buf_text(writer->body, document ? "<pre>" : "");
	html_write(writer->body, text);
	buf_text(writer->body, document ? "</pre>" : "");
}

/* One value of a field that is no bytes. */
static void
value_write(const struct writer *writer, const ProtobufCFieldDescriptor *field, const void *at, int depth)
{
	struct buf *body = writer->body;
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		text_write(writer, field->name, *(const char *const *)at);
		return;
	case PROTOBUF_C_TYPE_MESSAGE:
		message_write(writer, *(const ProtobufCMessage *const *)at, depth + 1);
		return;
	case PROTOBUF_C_TYPE_ENUM:
		enum_write(body, field->descriptor, *(const int *)at);
		return;
	case PROTOBUF_C_TYPE_BOOL:
		buf_text(body, "có <small lang=\"en\">yes</small>");
		return;
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		integer_write(body, field->name, *(const int32_t *)at);
		return;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		integer_write(body, field->name, *(const uint32_t *)at);
		return;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		integer_write(body, field->name, *(const int64_t *)at);
		return;
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_DOUBLE:
	case PROTOBUF_C_TYPE_BYTES:
		return;
	}
}

static size_t
value_bytes(const ProtobufCFieldDescriptor *field)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_ENUM:
		return sizeof(int);
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		return sizeof(uint32_t);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return sizeof(uint64_t);
	case PROTOBUF_C_TYPE_BYTES:
		break;
	}
	return sizeof(ProtobufCBinaryData);
}

/* --- fields ------------------------------------------------------------------------------------------------------- */

struct list {
	const uint8_t *at;
	size_t count;
	size_t step;
};

/* The values of a field; none if it is empty, or not for people. */
static struct list
list_of(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	static const uint8_t zero[sizeof(ProtobufCBinaryData)];
	const uint8_t *at = (const uint8_t *)message + field->offset;
	struct list list = {.at = at, .step = value_bytes(field)};
	if (field->type == PROTOBUF_C_TYPE_BYTES)
		return list;
	if (field->label == PROTOBUF_C_LABEL_REPEATED) {
		memcpy(&list.at, at, sizeof(list.at));
		memcpy(&list.count, (const uint8_t *)message + field->quantifier_offset, sizeof(list.count));
		return list;
	}
	if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
		uint32_t chosen;
		memcpy(&chosen, (const uint8_t *)message + field->quantifier_offset, sizeof(chosen));
		if (chosen != field->id)
			return list;
	}
	list.count = memcmp(at, zero, list.step) != 0;
	if (field->type == PROTOBUF_C_TYPE_STRING && list.count == 1)
		list.count = (*(const char *const *)(const void *)at)[0] != '\0';
	return list;
}

static void
field_words_write(struct buf *body, const ProtobufCFieldDescriptor *field, const char *open, const char *close)
{
	const struct page_words *words = page_words_of_field(field->name);
	if (words == NULL)
		html_write(body, field->name);
	else
		buf_format(body, "%s%s%s%s", words->vi, open, words->en, close);
}

/* What stands in every row, and what is there for machines only. */
static bool
is_noise(const struct writer *writer, const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	const char *text;
	if (strcmp(field->name, "version") == 0)
		return true;
	if (strcmp(field->name, "person_id") != 0 || field->type != PROTOBUF_C_TYPE_STRING)
		return false;
	memcpy(&text, (const uint8_t *)message + field->offset, sizeof(text));
	return strcmp(text, writer->record->record_id) == 0;
}

static void
field_write(const struct writer *writer, const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
	    int depth)
{
	struct buf *body = writer->body;
	struct list list = list_of(message, field);
	if (list.count == 0 || is_noise(writer, message, field))
		return;
	buf_text(body, "<dt>");
	field_words_write(body, field, " <small lang=\"en\">", "</small>");
	buf_text(body, "</dt><dd>");
	for (size_t i = 0; i < list.count; i++) {
		if (i > 0 && field->type != PROTOBUF_C_TYPE_MESSAGE)
			buf_text(body, ", ");
		value_write(writer, field, list.at + i * list.step, depth);
	}
	buf_text(body, "</dd>");
}

static void
message_write(const struct writer *writer, const ProtobufCMessage *message, int depth)
{
	if (depth > NESTED_MAX) /* the records nest three deep */
		return;
	buf_text(writer->body, "<dl>");
	for (unsigned i = 0; i < message->descriptor->n_fields; i++)
		field_write(writer, message, &message->descriptor->fields[i], depth);
	buf_text(writer->body, "</dl>");
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

/* A list of a part, or a record that stands once. */
static void
section_write(const struct writer *writer, const ProtobufCMessage *held, const ProtobufCFieldDescriptor *field)
{
	struct buf *body = writer->body;
	struct list list = list_of(held, field);
	bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
	buf_text(body, "<section><h3>");
	const struct page_words *words = page_words_of_field(field->name);
	html_write(body, words == NULL ? field->name : words->vi);
	if (repeated)
		buf_format(body, " <b>(%zu)</b>", list.count);
	if (words != NULL)
		buf_format(body, "<span lang=\"en\">%s</span>", words->en);
	buf_text(body, "</h3>");
	if (list.count == 0)
		buf_text(body, "<p class=\"none\">Không có <span lang=\"en\">/ none</span></p>");
	for (size_t i = 0; i < list.count; i++) {
		buf_text(body, "<div class=\"item\">");
		value_write(writer, field, list.at + i * list.step, 0);
		buf_text(body, "</div>");
	}
	buf_text(body, "</section>");
}

static void
part_write(const struct writer *writer, const Mt__SubjectPart *part)
{
	struct buf *body = writer->body;
	for (unsigned i = 0; i < mt__subject_part__descriptor.n_fields; i++) {
		const ProtobufCFieldDescriptor *service = &mt__subject_part__descriptor.fields[i];
		const ProtobufCMessage *held;
		if (service->label == PROTOBUF_C_LABEL_REPEATED)
			continue; /* where lists go on, said at the end */
		memcpy(&held, (const uint8_t *)part + service->offset, sizeof(held));
		if (held == NULL)
			continue;
		buf_text(body, "<h2>");
		field_words_write(body, service, "<span lang=\"en\">", "</span>");
		buf_text(body, "</h2>");
		for (unsigned j = 0; j < held->descriptor->n_fields; j++) {
			if (held->descriptor->fields[j].descriptor != &mt__subject_authority__descriptor)
				section_write(writer, held, &held->descriptor->fields[j]);
		}
	}
}

static void
next_write(struct buf *body, const struct subject_file *file)
{
	if (file->next_count == 0)
		return;
	buf_text(body, "<div class=\"more\"><b>Chưa hết</b>: danh sách quá dài cho một trang, xem tiếp ở "
		       "<span lang=\"en\">/ not all: some lists are too long for one page and go on at</span><ul>");
	for (size_t i = 0; i < file->next_count; i++) {
		buf_text(body, "<li><code>");
		html_write(body, file->next[i]);
		buf_text(body, "</code></li>");
	}
	buf_text(body, "</ul></div>");
}

void
person_page_write(struct request *request, struct buf *body, const struct subject_file *file)
{
	const uint8_t *html = _binary_services_gateway_person_page_html_start;
	page_open(body, "Hồ sơ cá nhân – Matricula",
		  slice_of(html, (size_t)(_binary_services_gateway_person_page_html_end - html)));
	buf_text(body, "<main class=\"card file\"><h1>Toàn bộ dữ liệu lưu về một người"
		       "<span lang=\"en\">Everything that is held of a person</span></h1><dl>"
		       "<dt>Mã hồ sơ <small lang=\"en\">Record id</small></dt><dd>");
	html_write(body, file->person_id);
	buf_text(body, "</dd><dt>Lập lúc <small lang=\"en\">Made at</small></dt><dd>");
	instant_write(body, file->exported_us);
	buf_text(body, "</dd></dl>");
	next_write(body, file);
	for (size_t i = 0; i < file->records_count; i++) {
		if (i > 0) {
			buf_text(body, "<h1>Hồ sơ đã gộp<span lang=\"en\">Merged record</span></h1><p>");
			html_write(body, file->records[i].record_id);
			buf_text(body, "</p>");
		}
		struct writer writer = {body, file, &file->records[i]};
		for (int j = 0; j < SERVICES; j++) {
			if (file->records[i].parts[j] != NULL)
				part_write(&writer, file->records[i].parts[j]);
		}
	}
	buf_text(body, "<p class=\"note\">Lần xem này đã được ghi lại. <span lang=\"en\">That this file was read is on "
		       "record.</span></p>");
	page_close(body);
	page_headers(request, slice_text(""));
}
