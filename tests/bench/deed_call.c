/* tests/bench/deed_call.c
 *
 * Fields of a deed put where event.proto wants them; texts are borrowed while packing. */
#include "tests/bench/deed_call.h"

#include "common/wire/pb.h"

#include "matricula/envelope.pb-c.h"
#include "matricula/event.pb-c.h"

#include <stdio.h>

static void
data_fill(const struct deed *deed, Mt__EventData *data, Mt__Hired *hired, Mt__Updated *updated,
	  Mt__Transferred *transferred)
{
	switch (deed->kind) {
	case DEED_HIRED:
		hired->name = (char *)deed->name;
		hired->birth_date = (char *)deed->birth_date;
		hired->email = (char *)deed->email;
		hired->category = (Mt__Person__Category)deed->category;
		hired->position = (char *)deed->position;
		hired->effective_date = (char *)"2026-02-01";
		data->kind_case = MT__EVENT_DATA__KIND_HIRED;
		data->hired = hired;
		return;
	case DEED_UPDATED:
		updated->position = (char *)deed->position;
		updated->effective_date = (char *)"2026-02-01";
		data->kind_case = MT__EVENT_DATA__KIND_UPDATED;
		data->updated = updated;
		return;
	case DEED_TRANSFERRED:
		transferred->to_authority = (char *)deed->to_unit;
		transferred->to_staff_code = (char *)deed->to_staff_code;
		transferred->effective_date = (char *)"2026-02-01";
		data->kind_case = MT__EVENT_DATA__KIND_TRANSFERRED;
		data->transferred = transferred;
		return;
	}
}

void
deed_call(struct buf *packed, const struct deed *deed, uint64_t tag, struct slice door_key)
{
	char source[DEED_TEXT_BYTES];
	Mt__Call call = MT__CALL__INIT;
	Mt__PushEventRequest request = MT__PUSH_EVENT_REQUEST__INIT;
	Mt__EventData data = MT__EVENT_DATA__INIT;
	Mt__Hired hired = MT__HIRED__INIT;
	Mt__Updated updated = MT__UPDATED__INIT;
	Mt__Transferred transferred = MT__TRANSFERRED__INIT;
	uint8_t bytes[1024];
	Mt__Principal principal = MT__PRINCIPAL__INIT;
	snprintf(source, sizeof(source), "/authorities/%s/hr", deed->unit);
	data_fill(deed, &data, &hired, &updated, &transferred);
	request.source = source;
	request.id = (char *)deed->id;
	request.subject = (char *)deed->staff_code;
	request.time = (char *)"2026-02-01T08:00:00Z";
	request.data = &data;
	call.tag = tag;
	call.method = (char *)"Events.Push";
	call.request = (ProtobufCBinaryData){protobuf_c_message_pack(&request.base, bytes), bytes};
	if (door_key.data != NULL) {
		principal.door_key = (ProtobufCBinaryData){door_key.size, (uint8_t *)(uintptr_t)door_key.data};
		call.principal = &principal;
	}
	buf_reset(packed);
	pb_pack_into(packed, &call.base);
}
