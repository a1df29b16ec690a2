/* common/wire/pb_write.h
 *
 * A message written from its last byte to its first, so that the length of what stands
 * inside is known when it is needed and nothing is measured beforehand. The bytes are
 * those of protobuf_c_message_pack. */
#ifndef COMMON_WIRE_PB_WRITE_H
#define COMMON_WIRE_PB_WRITE_H

#include "common/base/slice.h"

#include <protobuf-c/protobuf-c.h>

/* Fills the room from its end; false if it does not fit, or if the message has what only
 * protobuf-c knows how to write: unknown fields, or fields with the labels of proto2. */
bool pb_write(const ProtobufCMessage *message, uint8_t *room, size_t room_size, struct slice *written);

#endif
