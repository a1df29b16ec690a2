/* services/ctl/entry.c
 *
 * Facts are found by descriptor alone: whatever message is set in the two oneofs. */
#include "services/ctl/entry.h"

#include "common/base/date.h"
#include "common/wire/json.h"
#include "common/wire/pb.h"
#include "common/wire/pb_json.h"

#include <string.h>

/* The message that is set in a message which is nothing but a oneof; NULL if none is. */
static const ProtobufCMessage *
member_of(const ProtobufCMessage *message)
{
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		const ProtobufCMessage *member;
		uint32_t which;
		memcpy(&which, (const char *)message + field->quantifier_offset, sizeof(which));
		if (which != field->id)
			continue;
		memcpy(&member, (const char *)message + field->offset, sizeof(member));
		return member;
	}
	return NULL;
}

static const ProtobufCMessage *
leaf_of(const struct module *module, struct arena *arena, const ProtobufCBinaryData *bytes)
{
	struct fault fault;
	const ProtobufCMessage *fact = pb_unpack(module->facts, arena, slice_of(bytes->data, bytes->len), true, &fault);
	const ProtobufCMessage *noun = fact == NULL ? NULL : member_of(fact);
	return noun == NULL ? NULL : member_of(noun);
}

bool
entry_view_read(struct entry_view *view, const struct module *module, struct arena *arena, struct slice bytes)
{
	*view = (struct entry_view){.entry = NULL};
	view->entry = (const Mt__Entry *)pb_unpack_trusted(&mt__entry__descriptor, arena, bytes);
	if (view->entry == NULL || view->entry->hash.len != HASH_BYTES)
		return false;
	view->header = (const Mt__EntryHeader *)pb_unpack_trusted(
		&mt__entry_header__descriptor, arena, slice_of(view->entry->header.data, view->entry->header.len));
	const Mt__FactList *list = (const Mt__FactList *)pb_unpack_trusted(
		&mt__fact_list__descriptor, arena, slice_of(view->entry->facts.data, view->entry->facts.len));
	if (view->header == NULL || list == NULL)
		return false;
	view->facts = arena_alloc(arena, (list->n_facts + 1) * sizeof(*view->facts));
	for (size_t i = 0; i < list->n_facts; i++) {
		view->facts[i] = leaf_of(module, arena, &list->facts[i]);
		if (view->facts[i] == NULL)
			return false;
		view->facts_count++;
	}
	return true;
}

void
entry_view_hash(const struct entry_view *view, const uint8_t previous[HASH_BYTES], uint8_t hash[HASH_BYTES])
{
	const Mt__Entry *entry = view->entry;
	uint8_t facts[HASH_BYTES];
	uint8_t reply[HASH_BYTES];
	hash_sha256(slice_of(entry->facts.data, entry->facts.len), facts);
	if (entry->reply_hash.len == HASH_BYTES)
		memcpy(reply, entry->reply_hash.data, HASH_BYTES);
	else
		hash_sha256(slice_of(entry->reply.data, entry->reply.len), reply);
	const struct slice parts[] = {
		slice_of(previous, HASH_BYTES),
		slice_of(entry->header.data, entry->header.len),
		slice_of(facts, HASH_BYTES),
		slice_of(reply, HASH_BYTES),
	};
	hash_sha256_parts(parts, sizeof(parts) / sizeof(parts[0]), hash);
}

static void
member(struct buf *out, const char *name, const char *value)
{
	buf_format(out, ",\"%s\":", name);
	json_write_string(out, slice_text(value));
}

void
entry_view_print(const struct entry_view *view, const char *service, struct buf *out)
{
	char time[INSTANT_TEXT_BYTES];
	instant_format(view->header->time_us, time);
	for (size_t i = 0; i < view->facts_count; i++) {
		buf_format(out, "{\"seq\":%llu", (unsigned long long)view->header->seq);
		member(out, "service", service);
		member(out, "time", time);
		if (view->header->subject[0] != '\0')
			member(out, "subject", view->header->subject);
		if (view->header->method[0] != '\0')
			member(out, "method", view->header->method);
		member(out, "fact", view->facts[i]->descriptor->short_name);
		buf_text(out, ",\"data\":");
		pb_to_json(out, view->facts[i]);
		buf_text(out, "}\n");
	}
}
