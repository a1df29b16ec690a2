/* services/gateway/facts_json.c
 *
 * No fact is known here by name: the noun and the kind are what is set in the oneofs. */
#include "services/gateway/facts_json.h"

#include "common/base/date.h"
#include "common/wire/json.h"
#include "common/wire/pb.h"
#include "common/wire/pb_json.h"

#include "matricula/assessment_service.pb-c.h"
#include "matricula/certificate_service.pb-c.h"
#include "matricula/enrollment_service.pb-c.h"
#include "matricula/journal.pb-c.h"
#include "matricula/notification_service.pb-c.h"

enum { NESTING_MAX = 16 }; /* types are not recursive; this only says how deep they go */

const ProtobufCMessageDescriptor *
facts_type(enum service service)
{
	switch (service) {
	case SERVICE_ENROLLMENT:
		return &mt__enrollment_service_fact__descriptor;
	case SERVICE_ASSESSMENT:
		return &mt__assessment_service_fact__descriptor;
	case SERVICE_CERTIFICATE:
		return &mt__certificate_service_fact__descriptor;
	case SERVICE_NOTIFICATION:
		return &mt__notification_service_fact__descriptor;
	case SERVICES:
		break;
	}
	return NULL;
}

static bool
is_set_message(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	uint32_t which;
	if (field->type != PROTOBUF_C_TYPE_MESSAGE || field->label == PROTOBUF_C_LABEL_REPEATED)
		return false;
	if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
		return true;
	memcpy(&which, (const char *)message + field->quantifier_offset, sizeof(which));
	return which == field->id;
}

/* What is set in a oneof of messages; NULL if nothing is. */
static ProtobufCMessage *
member_of(const ProtobufCMessage *message)
{
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		ProtobufCMessage *member;
		if (!is_set_message(message, field))
			continue;
		memcpy(&member, (const char *)message + field->offset, sizeof(member));
		return member;
	}
	return NULL;
}

static bool
is_secret(const char *name)
{
	return strcmp(name, "token_hash") == 0 || strcmp(name, "sealed_secret") == 0 || strcmp(name, "place_key") == 0;
}

static void
secrets_hide(ProtobufCMessage *message, unsigned depth)
{
	for (unsigned i = 0; i < message->descriptor->n_fields && depth < NESTING_MAX; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		char *at = (char *)message + field->offset;
		ProtobufCMessage *member = NULL;
		if (field->type == PROTOBUF_C_TYPE_BYTES && field->label != PROTOBUF_C_LABEL_REPEATED &&
		    is_secret(field->name))
			*(ProtobufCBinaryData *)(void *)at = (ProtobufCBinaryData){.len = 0};
		if (is_set_message(message, field))
			memcpy(&member, at, sizeof(member));
		if (member != NULL)
			secrets_hide(member, depth + 1);
	}
}

static void
fact_write(struct buf *out, struct arena *arena, const ProtobufCMessageDescriptor *type, struct slice bytes)
{
	const ProtobufCMessage *noun = pb_unpack_trusted(type, arena, bytes);
	noun = noun == NULL ? NULL : member_of(noun);
	ProtobufCMessage *kind = noun == NULL ? NULL : member_of(noun);
	if (kind == NULL) { /* of a service newer than this gateway */
		buf_text(out, "{\"type\":\"Unknown\",\"data\":{}}");
		return;
	}
	secrets_hide(kind, 0);
	buf_format(out, "{\"type\":\"%s\",\"data\":", kind->descriptor->short_name);
	pb_to_json(out, kind);
	buf_byte(out, '}');
}

bool
facts_write(struct buf *out, struct arena *arena, const ProtobufCMessageDescriptor *type, struct slice bytes,
	    uint64_t *seq)
{
	char time[INSTANT_TEXT_BYTES];
	const Mt__Entry *entry = (const Mt__Entry *)pb_unpack_trusted(&mt__entry__descriptor, arena, bytes);
	if (entry == NULL)
		return false;
	const Mt__EntryHeader *header = (const Mt__EntryHeader *)pb_unpack_trusted(
		&mt__entry_header__descriptor, arena, slice_of(entry->header.data, entry->header.len));
	const Mt__FactList *list = (const Mt__FactList *)pb_unpack_trusted(
		&mt__fact_list__descriptor, arena, slice_of(entry->facts.data, entry->facts.len));
	if (header == NULL || list == NULL)
		return false;
	*seq = header->seq;
	if (list->n_facts == 0)
		return true;
	instant_format(header->time_us, time);
	buf_format(out, "{\"seq\":%llu,\"time\":\"%s\",\"facts\":[", (unsigned long long)header->seq, time);
	for (size_t i = 0; i < list->n_facts; i++) {
		if (i > 0)
			buf_byte(out, ',');
		fact_write(out, arena, type, slice_of(list->facts[i].data, list->facts[i].len));
	}
	buf_text(out, "]}");
	return true;
}
