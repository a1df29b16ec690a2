/* tests/sim/ledger.c
 *
 * See ledger.h. */
#include "tests/sim/ledger.h"

#include "common/wire/pb.h"

static const ProtobufCMessage *
unpack(const ProtobufCMessageDescriptor *type, struct arena *arena, const ProtobufCBinaryData *bytes)
{
	return pb_unpack_trusted(type, arena, slice_of(bytes->data, bytes->len));
}

/* The one message set in a oneof. */
static const ProtobufCMessage *
only_case(const ProtobufCMessage *message)
{
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		const uint8_t *base = (const uint8_t *)message;
		int set;
		const ProtobufCMessage *inner;
		if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0 || field->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		memcpy(&set, base + field->quantifier_offset, sizeof(set));
		if ((uint32_t)set != field->id)
			continue;
		memcpy(&inner, base + field->offset, sizeof(inner));
		return inner;
	}
	return NULL;
}

const ProtobufCMessage *
ledger_leaf(const ProtobufCMessage *fact)
{
	const ProtobufCMessage *noun = only_case(fact);
	return noun == NULL ? NULL : only_case(noun);
}

const char *
ledger_name(const ProtobufCMessage *fact)
{
	return fact->descriptor->short_name;
}

bool
ledger_read(const struct module *module, struct arena *arena, struct slice bytes, struct ledger_entry *out)
{
	*out = (struct ledger_entry){0};
	out->entry = (const void *)pb_unpack_trusted(&mt__entry__descriptor, arena, bytes);
	if (out->entry == NULL)
		return false;
	out->header = (const void *)unpack(&mt__entry_header__descriptor, arena, &out->entry->header);
	const Mt__FactList *list = (const void *)unpack(&mt__fact_list__descriptor, arena, &out->entry->facts);
	if (out->header == NULL || list == NULL)
		return false;
	out->facts = arena_alloc(arena, (list->n_facts + 1) * sizeof(out->facts[0]));
	for (size_t i = 0; i < list->n_facts; i++) {
		const ProtobufCMessage *fact = unpack(module->facts, arena, &list->facts[i]);
		const ProtobufCMessage *leaf = fact == NULL ? NULL : ledger_leaf(fact);
		if (leaf == NULL)
			return false;
		out->facts[out->facts_count++] = leaf;
	}
	return true;
}

const Mt__EntryHeader *
ledger_header(struct arena *arena, struct slice bytes)
{
	const Mt__Entry *entry = (const void *)pb_unpack_trusted(&mt__entry__descriptor, arena, bytes);
	return entry == NULL ? NULL : (const void *)unpack(&mt__entry_header__descriptor, arena, &entry->header);
}

bool
ledger_has_facts(struct slice bytes)
{
	struct arena arena;
	arena_init(&arena, 1024, 0);
	const Mt__Entry *entry = (const void *)pb_unpack_trusted(&mt__entry__descriptor, &arena, bytes);
	bool has = entry != NULL && entry->facts.len > 0;
	arena_free(&arena);
	return has;
}
