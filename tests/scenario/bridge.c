/* tests/scenario/bridge.c
 *
 * See bridge.h. */
#include "tests/scenario/bridge.h"

#include <assert.h>
#include <stdlib.h>

#include "common/wire/pb_json.h"

enum { JSON_BYTES_MAX = 8 << 20 };

char *
bridge_to_json(const ProtobufCMessage *message)
{
	struct buf text;
	buf_init(&text, JSON_BYTES_MAX);
	pb_to_json(&text, message);
	buf_byte(&text, 0);
	assert(!buf_failed(&text));
	char *copy = strdup((const char *)text.data);
	assert(copy != NULL);
	buf_free(&text);
	return copy;
}

ProtobufCMessage *
bridge_from_json(const ProtobufCMessageDescriptor *type, struct arena *arena, const char *json, struct fault *fault)
{
	return pb_from_json(type, arena, slice_text(json), fault);
}

void
bridge_json_name(const char *name, char *out, size_t size)
{
	if (strlen(name) < size)
		pb_json_name(name, out);
	else
		out[0] = '\0';
}

bool
bridge_entry(const struct module *module, struct arena *arena, const char *base64, struct ledger_entry *entry)
{
	struct fault fault;
	const char *json = arena_format(arena, "{\"entries\": [\"%s\"]}", base64);
	const Mt__JournalReadReply *reply =
		(const void *)pb_from_json(&mt__journal_read_reply__descriptor, arena, slice_text(json), &fault);
	return reply != NULL &&
	       ledger_read(module, arena, slice_of(reply->entries[0].data, reply->entries[0].len), entry);
}
