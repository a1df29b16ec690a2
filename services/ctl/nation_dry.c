/* services/ctl/nation_dry.c
 *
 * Some hundred events are gathered for each step of the hash; where they are cut depends on
 * nothing but the events. */
#include "services/ctl/nation_dry.h"

#include "common/wire/pb.h"

enum { GATHERED_BYTES = 256 << 10, PACKED_BYTES_MAX = 1 << 20 };

static void
gathered_hash(struct nation_dry *dry)
{
	const struct slice parts[] = {slice_of(dry->digest, HASH_BYTES), buf_slice(&dry->packed)};
	dry->bytes += dry->packed.size;
	hash_sha256_parts(parts, 2, dry->digest);
	buf_reset(&dry->packed);
}

static bool
dry_send(struct nation_sender *sender, const struct nation_event *event)
{
	struct nation_dry *dry = (struct nation_dry *)sender;
	pb_pack_into(&dry->packed, &event->request.base);
	if (dry->packed.size >= GATHERED_BYTES)
		gathered_hash(dry);
	return true;
}

static bool
dry_finish(struct nation_sender *sender)
{
	gathered_hash((struct nation_dry *)sender);
	return true;
}

static void
dry_close(struct nation_sender *sender)
{
	struct nation_dry *dry = (struct nation_dry *)sender;
	buf_free(&dry->packed);
}

void
nation_dry_init(struct nation_dry *dry)
{
	*dry = (struct nation_dry){.bytes = 0};
	dry->sender = (struct nation_sender){.send = dry_send, .finish = dry_finish, .close = dry_close};
	buf_init(&dry->packed, PACKED_BYTES_MAX);
}
