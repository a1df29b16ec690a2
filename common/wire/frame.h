/* common/wire/frame.h
 *
 * Frames read in place and written in order. Reading never allocates; slices
 * point into the frame. The seal covers every byte before its own field, so it
 * must be the last field; a frame with anything behind it is refused. */
#ifndef COMMON_WIRE_FRAME_H
#define COMMON_WIRE_FRAME_H

#include "common/base/buf.h"
#include "common/base/hash.h"

struct frame {
	struct slice parts; /* calls or replies, still encoded: walk with frame_next */
	uint32_t calls;     /* how many */
	uint32_t replies;
	uint32_t key_id;
	struct slice sealed; /* what the seal covers */
	struct slice seal;   /* data NULL if there is none */
};

/* False if the bytes are no frame, or hold more than calls_max calls or replies. */
bool frame_read(struct slice bytes, uint32_t calls_max, struct frame *frame);

/* The next call or reply; false at the end. at begins as 0. */
bool frame_next(const struct frame *frame, size_t *at, struct slice *part);

/* The method that an encoded call names, read without unpacking the call; empty if it cannot be found so. */
struct slice frame_call_method(struct slice call);

void frame_add_call(struct buf *frame, struct slice call);
void frame_add_reply(struct buf *frame, struct slice reply);
void frame_close(struct buf *frame, uint32_t key_id, const uint8_t key[SEAL_KEY_BYTES]);

#endif
