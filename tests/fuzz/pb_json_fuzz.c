/* tests/fuzz/pb_json_fuzz.c
 *
 * Any bytes as a message, as JSON, or as a name and a text. The first byte says
 * which, of which type, and how much memory there is. What is taken must come
 * through the other encoding and back unchanged; what is not must say why. */
#include "common/wire/pb_json.h"

#include "common/base/text.h"
#include "google/protobuf/descriptor.pb-c.h"
#include "tests/unit/kinds.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct arena arena;

static void
check_fault(const struct fault *fault)
{
	assert(memchr(fault->field, 0, sizeof fault->field) != NULL);
	assert(memchr(fault->message, 0, sizeof fault->message) != NULL);
	assert(fault->message[0] != '\0');
	assert(text_valid(slice_text(fault->field)));
	assert(text_valid(slice_text(fault->message)));
}

static struct slice
json_of(const ProtobufCMessage *message)
{
	struct buf buf;
	buf_init(&buf, 1 << 26);
	pb_to_json(&buf, message);
	assert(!buf_failed(&buf));
	struct slice json = arena_copy(&arena, buf_slice(&buf));
	buf_free(&buf);
	return json;
}

/* A taken message through both encodings. proto2 is not compared over the wire: a
 * missing required field is "" there, and JSON does not ask for it. */
static void
check_round_trip(const ProtobufCMessage *message, bool over_the_wire)
{
	struct fault fault;
	const ProtobufCMessageDescriptor *type = message->descriptor;
	struct slice json = json_of(message);
	ProtobufCMessage *back = pb_from_json(type, &arena, json, &fault);
	assert(back != NULL);
	assert(slice_equal(json_of(back), json));
	if (!over_the_wire)
		return;
	struct slice packed = pb_pack(&arena, back);
	back = pb_unpack(type, &arena, packed, true, &fault);
	assert(back != NULL);
	assert(slice_equal(pb_pack(&arena, back), packed));
	assert(slice_equal(json_of(back), json));
}

static void
try_text(struct slice bytes)
{
	struct fault fault;
	const uint8_t *nul = bytes.size == 0 ? NULL : memchr(bytes.data, 0, bytes.size);
	if (nul == NULL)
		return;
	size_t name_size = (size_t)(nul - bytes.data);
	const char *name = arena_text(&arena, slice_of(bytes.data, name_size));
	const char *text = arena_text(&arena, slice_of(nul + 1, bytes.size - name_size - 1));
	ProtobufCMessage *message = pb_new(&kinds_type, &arena);
	if (!text_valid(slice_text(name)))
		return; /* the gateway has checked names by then */
	bool taken = pb_set_text(message, &arena, name, text, &fault);
	arena.limit = 0;
	if (taken)
		check_round_trip(message, true);
	else
		check_fault(&fault);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const ProtobufCMessageDescriptor *const types[] = {
		&kinds_type,
		&mt__call__descriptor,
		&google__protobuf__descriptor_proto__descriptor,
		&kinds_type,
	};
	if (size == 0)
		return 0;
	const ProtobufCMessageDescriptor *type = types[data[0] & 3];
	bool is_json = (data[0] & 4) != 0;
	bool is_text = (data[0] & 8) != 0;
	bool strict = (data[0] & 16) != 0;
	size_t limit = (data[0] & 0xe0) == 0 ? 0 : (size_t)(data[0] & 0xe0) * 10;
	struct slice input = slice_of(data + 1, size - 1);
	struct fault fault = {{0}, {0}};
	arena_init(&arena, 4096, limit);
	ProtobufCMessage *message = NULL;
	if (is_text)
		try_text(input);
	else if (is_json)
		message = pb_from_json(type, &arena, input, &fault);
	else
		message = pb_unpack(type, &arena, input, strict, &fault);
	arena.limit = 0;
	if (message != NULL)
		check_round_trip(message, type != types[2]);
	else if (!is_text)
		check_fault(&fault);
	arena_free(&arena);
	return 0;
}
