/* tests/fuzz/frame_fuzz.c
 *
 * Any bytes as a frame: what is taken agrees with protobuf-c in every field, its
 * seal is its end, and its parts written again make a frame of the same parts. */
#include "common/wire/frame.h"

#include "matricula/envelope.pb-c.h"

#include <assert.h>

enum { CALLS_MAX = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_against_protobuf_c(struct slice bytes, const struct frame *frame)
{
	Mt__Frame *theirs = mt__frame__unpack(NULL, bytes.size, bytes.data);
	if (theirs == NULL)
		return; /* tags and lengths longer than need be are more than it reads */
	assert(theirs->n_calls == frame->calls);
	assert(theirs->n_replies == frame->replies);
	assert(theirs->key_id == frame->key_id);
	assert(theirs->seal.len == frame->seal.size);
	size_t at = 0;
	struct slice part;
	for (size_t i = 0; frame_next(frame, &at, &part); i++) {
		ProtobufCBinaryData their = frame->calls > 0 ? theirs->calls[i] : theirs->replies[i];
		assert(slice_equal(part, slice_of(their.data, their.len)));
	}
	mt__frame__free_unpacked(theirs, NULL);
}

static void
check_rewritten(const struct frame *frame)
{
	static const uint8_t key[SEAL_KEY_BYTES] = {7};
	struct buf again;
	struct frame back;
	struct slice part, part_back;
	size_t at = 0;
	size_t at_back = 0;
	buf_init(&again, 1 << 24);
	while (frame_next(frame, &at, &part))
		frame->calls > 0 ? frame_add_call(&again, part) : frame_add_reply(&again, part);
	frame_close(&again, frame->key_id, key);
	assert(frame_read(buf_slice(&again), CALLS_MAX, &back));
	assert(back.calls == frame->calls);
	assert(back.replies == frame->replies);
	assert(back.key_id == frame->key_id);
	assert(seal_check(back.sealed, key, back.seal));
	at = 0;
	while (frame_next(frame, &at, &part)) {
		assert(frame_next(&back, &at_back, &part_back));
		assert(slice_equal(part, part_back));
	}
	assert(!frame_next(&back, &at_back, &part_back));
	buf_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame frame;
	struct slice bytes = slice_of(data, size);
	if (!frame_read(bytes, CALLS_MAX, &frame))
		return 0;
	uint32_t count = 0;
	size_t at = 0;
	struct slice part;
	while (frame_next(&frame, &at, &part)) {
		assert(part.data >= data);
		assert(part.data + part.size <= data + size);
		count++;
	}
	assert(count == frame.calls + frame.replies);
	assert(count <= CALLS_MAX);
	assert(frame.calls == 0 || frame.replies == 0);
	if (frame.seal.data != NULL) {
		assert(frame.seal.size == SEAL_BYTES);
		assert(frame.seal.data + SEAL_BYTES == data + size);
	}
	check_against_protobuf_c(bytes, &frame);
	check_rewritten(&frame);
	return 0;
}
