/* common/core/saved.c
 *
 * Saved replies: a command retried with the same call id answers what it answered,
 * and acts once. The row leads to the journal entry that holds the reply, so a crash
 * cannot lose the one and keep the other. Rows are filed by day and deleted a day
 * after, a few with each entry; a call id holds for at least 24 hours. */
#include "common/core/impl.h"

#include "common/base/date.h"

#include <assert.h>

static uint32_t
day_of(int64_t time_us)
{
	return (uint32_t)(time_us / DAY_US);
}

static struct key
saved_key(uint32_t day, const char *subject, const char *call_id)
{
	struct key key = key_of(TABLE_SAVED);
	key_u32(&key, day);
	key_text(&key, subject);
	key_text(&key, call_id);
	return key;
}

static struct slice
saved_reply(struct call *call, const Mt__SavedReply *saved)
{
	struct entry_parts parts;
	bool found = entry_read(call->node, saved->seq, &parts);
	assert(found);
	return arena_copy(call->arena, parts.reply);
}

enum saved_hit
saved_find(struct call *call, const char *call_id, const uint8_t request_hash[HASH_BYTES], struct slice *reply)
{
	uint32_t today = day_of(call->now_us);
	for (uint32_t age = 0; age <= SAVED_DAYS && age <= today; age++) {
		struct key key = saved_key(today - age, call->caller->subject, call_id);
		const Mt__SavedReply *saved = call_record(call, &key, &mt__saved_reply__descriptor);
		if (saved == NULL)
			continue;
		if (saved->request_hash.len != HASH_BYTES ||
		    memcmp(saved->request_hash.data, request_hash, HASH_BYTES) != 0)
			return SAVED_OTHER;
		*reply = saved_reply(call, saved);
		return SAVED_SAME;
	}
	return SAVED_NONE;
}

/* Goes on where it stopped: walking over what was just deleted would cost more with every row.
 * Nothing is ever filed before that place, since entry time never goes back. */
static void
expire(struct apply *apply, uint32_t today)
{
	struct key table = key_of(TABLE_SAVED);
	struct key *gone = &apply->node->saved_gone;
	for (unsigned i = 0; i < SAVED_EXPIRED_PER_ENTRY_MAX; i++) {
		struct store_walk walk = gone->size == 0
						 ? store_walk(apply->store, key_slice(&table))
						 : store_walk_after(apply->store, key_slice(&table), key_slice(gone));
		if (!store_walk_next(&walk) || get_u32(walk.key.data + 1) + SAVED_DAYS >= today)
			return;
		*gone = key_copy(walk.key);
		apply_delete(apply, gone);
	}
}

void
saved_apply(struct apply *apply, const Mt__EntryHeader *header)
{
	uint32_t today = day_of(header->time_us);
	Mt__SavedReply saved = MT__SAVED_REPLY__INIT;
	saved.request_hash = header->request_hash;
	saved.seq = header->seq;
	struct key key = saved_key(today, header->subject, header->call_id);
	apply_put(apply, &key, &saved.base);
	expire(apply, today);
}
