/* tests/unit/frame_test.c
 *
 * Frames: what protobuf-c writes we read and the other way round, the seal stands
 * for every byte before it, and no damaged or cut frame passes for a whole one. */
#include "common/wire/frame.h"

#include "common/base/arena.h"
#include "common/base/random.h"
#include "matricula/envelope.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { FRAME_BYTES_MAX = 1 << 20, CALLS_MAX = 64 };

static const uint8_t key[SEAL_KEY_BYTES] = {1, 2, 3};

static void
reads_what_it_wrote(void **state)
{
	(void)state;
	struct random random = {.state = 7};
	for (int round = 0; round < 500; round++) {
		struct buf bytes;
		struct frame frame;
		uint8_t part[700];
		bool replies = random_chance(&random, 50);
		uint32_t count = (uint32_t)random_below(&random, 8);
		uint32_t key_id = (uint32_t)random_next(&random) >> random_below(&random, 32);
		buf_init(&bytes, FRAME_BYTES_MAX);
		for (uint32_t i = 0; i < count; i++) {
			memset(part, (int)i + 1, sizeof part);
			struct slice slice = slice_of(part, i * 100);
			replies ? frame_add_reply(&bytes, slice) : frame_add_call(&bytes, slice);
		}
		frame_close(&bytes, key_id, key);
		assert_false(buf_failed(&bytes));
		assert_true(frame_read(buf_slice(&bytes), CALLS_MAX, &frame));
		assert_int_equal(frame.calls, replies ? 0 : count);
		assert_int_equal(frame.replies, replies ? count : 0);
		assert_int_equal(frame.key_id, key_id);
		assert_true(seal_check(frame.sealed, key, frame.seal));
		size_t at = 0;
		struct slice got;
		for (uint32_t i = 0; i < count; i++) {
			memset(part, (int)i + 1, sizeof part);
			assert_true(frame_next(&frame, &at, &got));
			assert_true(slice_equal(got, slice_of(part, i * 100)));
		}
		assert_false(frame_next(&frame, &at, &got));
		buf_free(&bytes);
	}
}

static void
agrees_with_protobuf_c(void **state)
{
	(void)state;
	struct buf bytes;
	struct frame frame;
	buf_init(&bytes, FRAME_BYTES_MAX);
	frame_add_call(&bytes, slice_text("one"));
	frame_add_call(&bytes, slice_text(""));
	frame_close(&bytes, 300, key);
	Mt__Frame *theirs = mt__frame__unpack(NULL, bytes.size, bytes.data);
	assert_non_null(theirs);
	assert_int_equal(theirs->n_calls, 2);
	assert_int_equal(theirs->key_id, 300);
	assert_int_equal(theirs->seal.len, SEAL_BYTES);
	uint8_t packed[256];
	assert_int_equal(mt__frame__get_packed_size(theirs), bytes.size);
	mt__frame__pack(theirs, packed);
	assert_memory_equal(packed, bytes.data, bytes.size);
	assert_true(frame_read(slice_of(packed, bytes.size), CALLS_MAX, &frame));
	mt__frame__free_unpacked(theirs, NULL);
	buf_free(&bytes);
}

/* A cut frame is refused, or is a shorter frame without a seal; never a sealed one. */
static void
no_cut_frame_is_sealed(void **state)
{
	(void)state;
	struct buf bytes;
	struct frame frame;
	uint8_t large[300] = {0};
	buf_init(&bytes, FRAME_BYTES_MAX);
	frame_add_reply(&bytes, slice_text("first"));
	frame_add_reply(&bytes, slice_of(large, sizeof large));
	frame_close(&bytes, 4000000000u, key);
	const size_t wholes[] = {0, 7, 310, 316};
	for (size_t size = 0; size < bytes.size; size++) {
		uint8_t *copy = malloc(size + 1); /* so that a read beyond shows */
		memcpy(copy, bytes.data, size);
		bool whole = false;
		for (size_t i = 0; i < sizeof wholes / sizeof *wholes; i++)
			whole |= wholes[i] == size;
		assert_int_equal(frame_read(slice_of(copy, size), CALLS_MAX, &frame), whole);
		assert_null(frame.seal.data);
		free(copy);
	}
	buf_free(&bytes);
}

static void
every_flipped_bit_breaks_the_seal(void **state)
{
	(void)state;
	struct buf bytes;
	buf_init(&bytes, FRAME_BYTES_MAX);
	frame_add_call(&bytes, slice_text("grant"));
	frame_add_call(&bytes, slice_text("revoke"));
	frame_close(&bytes, 9, key);
	for (size_t bit = 0; bit < bytes.size * 8; bit++) {
		struct frame frame;
		bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (frame_read(buf_slice(&bytes), CALLS_MAX, &frame) && frame.seal.data != NULL)
			assert_false(seal_check(frame.sealed, key, frame.seal));
		bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	buf_free(&bytes);
}

#define BYTES(text)                                                                                                    \
	{                                                                                                              \
		(const uint8_t *)(text), sizeof(text) - 1                                                              \
	}
#define SEAL_OF_ZEROS                                                                                                  \
	"\x22\x20"                                                                                                     \
	"\0\0\0\0\0\0\0\0"                                                                                             \
	"\0\0\0\0\0\0\0\0"                                                                                             \
	"\0\0\0\0\0\0\0\0"                                                                                             \
	"\0\0\0\0\0\0\0\0"

static void
refuses_what_is_no_frame(void **state)
{
	(void)state;
	static const struct slice bad[] = {
		BYTES("\x0a"),                                             /* no length */
		BYTES("\x0a\x02x"),                                        /* length beyond the end */
		BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),     /* length of 2^64 - 1 */
		BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),     /* number over 64 bits */
		BYTES("\x0a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"), /* varint of 11 bytes */
		BYTES("\x0b\x0c"),                                         /* a group */
		BYTES("\x08\x01"),                                         /* calls as a number */
		BYTES("\x00\x00"),                                         /* field 0 */
		BYTES("\x2a\x00"),                                         /* unknown field 5 */
		BYTES("\x0a\x00\x12\x00"),                                 /* a call and a reply */
		BYTES("\x12\x00\x0a\x00"),
		BYTES("\x18\x01\x18\x01"),         /* two key ids */
		BYTES("\x18\x80\x80\x80\x80\x10"), /* key id of 33 bits */
		BYTES("\x22\x00"),                 /* seal of no bytes */
		BYTES("\x22\x01x"),                /* seal of one byte */
		BYTES(SEAL_OF_ZEROS "\x18\x01"),   /* something behind the seal */
		BYTES(SEAL_OF_ZEROS SEAL_OF_ZEROS),
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct frame frame;
		if (frame_read(bad[i], CALLS_MAX, &frame))
			fail_msg("row %zu was taken for a frame", i);
	}
}

static void
counts_up_to_the_limit(void **state)
{
	(void)state;
	struct buf bytes;
	struct frame frame;
	buf_init(&bytes, FRAME_BYTES_MAX);
	for (int i = 0; i < 3; i++)
		frame_add_call(&bytes, slice_text("x"));
	assert_true(frame_read(buf_slice(&bytes), 3, &frame));
	assert_false(frame_read(buf_slice(&bytes), 2, &frame));
	assert_true(frame_read(slice_of(NULL, 0), 0, &frame));
	buf_free(&bytes);
}

static void
a_full_buffer_gets_no_seal(void **state)
{
	(void)state;
	struct buf bytes;
	buf_init(&bytes, 40);
	frame_add_call(&bytes, slice_text("12345678"));
	frame_close(&bytes, 1, key);
	assert_true(buf_failed(&bytes));
	buf_free(&bytes);
	uint8_t large[64] = {0};
	buf_init(&bytes, 60);
	frame_add_call(&bytes, slice_of(large, sizeof large));
	frame_close(&bytes, 0, key);
	assert_true(buf_failed(&bytes));
	assert_int_equal(bytes.size, 0);
	buf_free(&bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_it_wrote),        cmocka_unit_test(agrees_with_protobuf_c),
		cmocka_unit_test(no_cut_frame_is_sealed),     cmocka_unit_test(every_flipped_bit_breaks_the_seal),
		cmocka_unit_test(refuses_what_is_no_frame),   cmocka_unit_test(counts_up_to_the_limit),
		cmocka_unit_test(a_full_buffer_gets_no_seal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
