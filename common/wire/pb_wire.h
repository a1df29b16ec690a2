/* common/wire/pb_wire.h
 *
 * What a field's type says of its bytes, shared by the walk, the reader and the writer.
 * Source: protobuf.dev, "Encoding". */
#ifndef COMMON_WIRE_PB_WIRE_H
#define COMMON_WIRE_PB_WIRE_H

#include <protobuf-c/protobuf-c.h>

enum pb_wire {
	PB_WIRE_VARINT = 0,
	PB_WIRE_FIXED64 = 1,
	PB_WIRE_BYTES = 2,
	PB_WIRE_GROUP = 3,
	PB_WIRE_GROUP_END = 4,
	PB_WIRE_FIXED32 = 5,
};

struct pb_shape {
	uint8_t wire;
	uint8_t size; /* bytes that one value takes in the struct, or in the list that its struct points to */
};

static const struct pb_shape pb_shapes[] = {
	[PROTOBUF_C_TYPE_INT32] = {PB_WIRE_VARINT, sizeof(int32_t)},
	[PROTOBUF_C_TYPE_SINT32] = {PB_WIRE_VARINT, sizeof(int32_t)},
	[PROTOBUF_C_TYPE_SFIXED32] = {PB_WIRE_FIXED32, sizeof(int32_t)},
	[PROTOBUF_C_TYPE_INT64] = {PB_WIRE_VARINT, sizeof(int64_t)},
	[PROTOBUF_C_TYPE_SINT64] = {PB_WIRE_VARINT, sizeof(int64_t)},
	[PROTOBUF_C_TYPE_SFIXED64] = {PB_WIRE_FIXED64, sizeof(int64_t)},
	[PROTOBUF_C_TYPE_UINT32] = {PB_WIRE_VARINT, sizeof(uint32_t)},
	[PROTOBUF_C_TYPE_FIXED32] = {PB_WIRE_FIXED32, sizeof(uint32_t)},
	[PROTOBUF_C_TYPE_UINT64] = {PB_WIRE_VARINT, sizeof(uint64_t)},
	[PROTOBUF_C_TYPE_FIXED64] = {PB_WIRE_FIXED64, sizeof(uint64_t)},
	[PROTOBUF_C_TYPE_FLOAT] = {PB_WIRE_FIXED32, sizeof(float)},
	[PROTOBUF_C_TYPE_DOUBLE] = {PB_WIRE_FIXED64, sizeof(double)},
	[PROTOBUF_C_TYPE_BOOL] = {PB_WIRE_VARINT, sizeof(protobuf_c_boolean)},
	[PROTOBUF_C_TYPE_ENUM] = {PB_WIRE_VARINT, sizeof(int)},
	[PROTOBUF_C_TYPE_STRING] = {PB_WIRE_BYTES, sizeof(char *)},
	[PROTOBUF_C_TYPE_BYTES] = {PB_WIRE_BYTES, sizeof(ProtobufCBinaryData)},
	[PROTOBUF_C_TYPE_MESSAGE] = {PB_WIRE_BYTES, sizeof(ProtobufCMessage *)},
};

static inline enum pb_wire
pb_wire_of(ProtobufCType type)
{
	return (enum pb_wire)pb_shapes[type].wire;
}

static inline size_t
pb_size_of(ProtobufCType type)
{
	return pb_shapes[type].size;
}

#endif
