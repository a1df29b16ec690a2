/* common/wire/frame.c
 *
 * A frame is a protobuf Frame message read by hand, because its calls must not be
 * copied out before the seal is checked and the callers are known. One pass checks
 * the whole frame; frame_next then walks bytes that are known to be sound.
 * Promise: what is behind the seal, unknown, or both a question and an answer
 * is no frame, so the sealed bytes have one reading only. */
#include "common/wire/frame.h"

#include "common/wire/varint.h"

#include <assert.h>

/* Field number and wire type, as proto/matricula/envelope.proto has them. */
enum {
	TAG_CALL = 1 << 3 | 2,
	TAG_REPLY = 2 << 3 | 2,
	TAG_KEY_ID = 3 << 3 | 0,
	TAG_SEAL = 4 << 3 | 2,
	TAG_CALL_METHOD = 3 << 3 | 2, /* within a Call */
	WIRE_TYPE = 7,
	WIRE_VARINT = 0,
	WIRE_LENGTH_DELIMITED = 2,
};

struct field {
	uint64_t tag;
	uint64_t number;   /* of TAG_KEY_ID */
	struct slice body; /* of all others */
};

static bool
field_read(struct slice bytes, size_t *at, struct field *field)
{
	size_t used = varint_read(bytes.data + *at, bytes.size - *at, &field->tag);
	*at += used;
	if (used == 0)
		return false;
	used = varint_read(bytes.data + *at, bytes.size - *at, &field->number);
	*at += used;
	if (used == 0)
		return false;
	if (field->tag == TAG_KEY_ID)
		return true;
	if (field->number > bytes.size - *at)
		return false;
	field->body = slice_of(bytes.data + *at, (size_t)field->number);
	*at += field->body.size;
	return true;
}

static bool
field_take(struct frame *frame, const struct field *field, uint32_t calls_max)
{
	switch (field->tag) {
	case TAG_CALL:
		frame->calls++;
		return frame->calls <= calls_max && frame->replies == 0;
	case TAG_REPLY:
		frame->replies++;
		return frame->replies <= calls_max && frame->calls == 0;
	case TAG_KEY_ID:
		if (frame->key_id != 0 || field->number > UINT32_MAX)
			return false;
		frame->key_id = (uint32_t)field->number;
		return true;
	case TAG_SEAL:
		frame->seal = field->body;
		return field->body.size == SEAL_BYTES;
	default:
		return false;
	}
}

bool
frame_read(struct slice bytes, uint32_t calls_max, struct frame *frame)
{
	*frame = (struct frame){.sealed = bytes};
	for (size_t at = 0; at < bytes.size;) {
		size_t begins = at;
		struct field field;
		if (frame->seal.data != NULL)
			return false;
		if (!field_read(bytes, &at, &field))
			return false;
		if (!field_take(frame, &field, calls_max))
			return false;
		if (field.tag == TAG_SEAL)
			frame->sealed.size = begins;
	}
	frame->parts = frame->sealed;
	return true;
}

bool
frame_next(const struct frame *frame, size_t *at, struct slice *part)
{
	while (*at < frame->parts.size) {
		struct field field;
		bool sound = field_read(frame->parts, at, &field);
		assert(sound); /* frame_read went over the same bytes */
		if (field.tag == TAG_KEY_ID)
			continue;
		*part = field.body;
		return true;
	}
	return false;
}

struct slice
frame_call_method(struct slice call)
{
	for (size_t at = 0; at < call.size;) {
		uint64_t tag;
		uint64_t number;
		size_t used = varint_read(call.data + at, call.size - at, &tag);
		at += used;
		if (used == 0)
			break;
		used = varint_read(call.data + at, call.size - at, &number);
		at += used;
		if (used == 0)
			break;
		if ((tag & WIRE_TYPE) == WIRE_VARINT)
			continue;
		if ((tag & WIRE_TYPE) != WIRE_LENGTH_DELIMITED || number > call.size - at)
			break;
		if (tag == TAG_CALL_METHOD)
			return slice_of(call.data + at, (size_t)number);
		at += (size_t)number;
	}
	return slice_of(call.data, 0);
}

static void
body_add(struct buf *frame, uint8_t tag, struct slice body)
{
	uint8_t *at = buf_extend(frame, 1 + varint_size(body.size) + body.size);
	if (at == NULL)
		return;
	*at++ = tag;
	at = varint_write(at, body.size);
	if (body.size > 0)
		memcpy(at, body.data, body.size);
}

void
frame_add_call(struct buf *frame, struct slice call)
{
	body_add(frame, TAG_CALL, call);
}

void
frame_add_reply(struct buf *frame, struct slice reply)
{
	body_add(frame, TAG_REPLY, reply);
}

void
frame_close(struct buf *frame, uint32_t key_id, const uint8_t key[SEAL_KEY_BYTES])
{
	if (key_id != 0) {
		uint8_t *at = buf_extend(frame, 1 + varint_size(key_id));
		if (at == NULL)
			return;
		*at++ = TAG_KEY_ID;
		varint_write(at, key_id);
	}
	if (buf_failed(frame))
		return; /* a seal over half a frame would vouch for it */
	uint8_t seal[SEAL_BYTES];
	seal_make(buf_slice(frame), key, seal);
	body_add(frame, TAG_SEAL, slice_of(seal, sizeof seal));
}
