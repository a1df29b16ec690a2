/* tests/bench/deed_call.c
 *
 * A deed is a request already: it is packed, and a call around it. */
#include "tests/bench/deed_call.h"

#include "common/wire/pb.h"

#include "matricula/envelope.pb-c.h"

#include <assert.h>

enum { REQUEST_BYTES_MAX = 4096 };

void
deed_call(struct buf *packed, const struct deed *deed, uint64_t tag, struct slice door_key)
{
	Mt__Call call = MT__CALL__INIT;
	Mt__Principal principal = MT__PRINCIPAL__INIT;
	uint8_t bytes[REQUEST_BYTES_MAX];
	assert(protobuf_c_message_get_packed_size(&deed->request->base) <= sizeof(bytes));
	call.tag = tag;
	call.method = (char *)"Events.Push";
	call.request = (ProtobufCBinaryData){protobuf_c_message_pack(&deed->request->base, bytes), bytes};
	if (door_key.data != NULL) {
		principal.door_key = (ProtobufCBinaryData){door_key.size, (uint8_t *)(uintptr_t)door_key.data};
		call.principal = &principal;
	}
	buf_reset(packed);
	pb_pack_into(packed, &call.base);
}
