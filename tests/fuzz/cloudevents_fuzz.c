/* tests/fuzz/cloudevents_fuzz.c
 *
 * Bodies pushed at /v1/events, whole and as a batch. Whatever comes: no crash, memory
 * bounded by the arena, and each element of a batch either sound, with all its texts
 * and exactly one kind of data, or rejected with a code and a sentence. What is sound
 * packs and unpacks to the same bytes. */
#include "services/gateway/cloudevents.h"

#include "common/base/text.h"
#include "common/wire/pb.h"

#include <stdlib.h>

enum { EVENTS_MAX = 16, ARENA_BYTES_MAX = 4 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
hold(bool condition)
{
	if (!condition)
		abort();
}

static void
check_sound(struct arena *arena, struct cloud_event *event)
{
	struct fault fault;
	hold(event->data.kind_case != MT__EVENT_DATA__KIND__NOT_SET);
	hold(event->request.source[0] != '\0' && event->request.id[0] != '\0' && event->request.subject[0] != '\0');
	event->request.data = &event->data;
	struct slice packed = pb_pack(arena, &event->request.base);
	const ProtobufCMessage *back = pb_unpack(&mt__push_event_request__descriptor, arena, packed, true, &fault);
	hold(back != NULL);
	hold(slice_equal(pb_pack(arena, back), packed));
}

static void
check(struct arena *arena, struct cloud_event *event)
{
	if (event->code == NULL) {
		check_sound(arena, event);
		return;
	}
	hold(event->code[0] != '\0' && event->message[0] != '\0' && event->field != NULL);
	hold(text_valid(slice_text(event->request.source)) && text_valid(slice_text(event->request.id)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cloud_event events[EVENTS_MAX];
	struct fault fault;
	struct arena arena;
	struct slice body = slice_of(data, size);
	arena_init(&arena, 4096, ARENA_BYTES_MAX);
	if (cloudevents_read_one(&arena, body, events, &fault))
		check(&arena, events);
	long count = cloudevents_read_batch(&arena, body, events, EVENTS_MAX, &fault);
	hold(count >= -1 && count <= EVENTS_MAX + 1);
	for (long i = 0; i < count && i < EVENTS_MAX; i++)
		check(&arena, &events[i]);
	arena_free(&arena);
	return 0;
}
