/* services/enrollment/event_sequence.c
 *
 * Events that carry a sequence: 1, 2, 3 and so on for each source and subject. What comes
 * next is decided; what jumps ahead is parked until its predecessor was accepted; what goes
 * back, or repeats a number under another id, is rejected. A rejected event does not use
 * its number up: a corrected one may have it.
 *
 * A kept event claims its number, so that no other takes it while it waits. When a number
 * is used and the next one is claimed, a timer decides the claimant at once in a call of
 * its own, which sees all that its predecessor did. */
#include "services/enrollment/enrollment.h"

#include <assert.h>

enum { SEQUENCE_DIGITS_MAX = 18 };

/* The row of the last number used; with a number behind it, of who claims that. */
static struct key
sequence_key(uint32_t locality, const uint8_t *sequence_of)
{
	struct key key = key_of(TABLE_SEQUENCE);
	key_u32(&key, locality);
	key_bytes(&key, slice_of(sequence_of, EVENT_HASH_BYTES));
	return key;
}

static struct key
claim_key(uint32_t locality, const uint8_t *sequence_of, uint64_t sequence)
{
	struct key key = sequence_key(locality, sequence_of);
	key_u64(&key, sequence);
	return key;
}

static uint64_t
sequence_last(const struct store *store, uint32_t locality, const uint8_t *sequence_of)
{
	struct key key = sequence_key(locality, sequence_of);
	struct slice value;
	if (!store_get(store, key_slice(&key), &value))
		return 0;
	assert(value.size == sizeof(uint64_t));
	return get_u64(value.data);
}

/* --- decisions ---------------------------------------------------------------------------------------------------- */

bool
event_check_sequence(struct call *call, struct arrival *arrival, struct verdict *verdict)
{
	const char *text = arrival->in->sequence;
	size_t size = strlen(text);
	(void)call;
	arrival->sequence = 0;
	if (size == 0)
		return true;
	if (size <= SEQUENCE_DIGITS_MAX && strspn(text, "0123456789") == size) {
		for (size_t i = 0; i < size; i++)
			arrival->sequence = arrival->sequence * 10 + (uint64_t)(text[i] - '0');
	}
	return arrival->sequence > 0 ||
	       verdict_reject(verdict, "sequence", "bad_sequence", "sequence is not a number from 1 on");
}

static bool
is_claimed_by_another(const struct call *call, const struct arrival *arrival)
{
	struct key key = claim_key(arrival->authority->locality, arrival->sequence_of, arrival->sequence);
	struct slice value;
	return store_get(call_store(call), key_slice(&key), &value) &&
	       memcmp(value.data, arrival->hash, EVENT_HASH_BYTES) != 0;
}

/* Numbers claimed by others, at most one more than may be. */
static unsigned
claims_count(const struct call *call, const struct arrival *arrival)
{
	struct key prefix = sequence_key(arrival->authority->locality, arrival->sequence_of);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	unsigned count = 0;
	while (count <= PARKED_PER_SEQUENCE_MAX && store_walk_next(&walk)) {
		bool is_claim = walk.key.size > prefix.size;
		if (is_claim && memcmp(walk.value.data, arrival->hash, EVENT_HASH_BYTES) != 0)
			count++;
	}
	return count;
}

bool
event_is_next(struct call *call, const struct arrival *arrival, struct verdict *verdict)
{
	if (arrival->sequence == 0)
		return true;
	uint64_t last = sequence_last(call_store(call), arrival->authority->locality, arrival->sequence_of);
	if (arrival->sequence <= last || is_claimed_by_another(call, arrival))
		return verdict_reject(verdict, "sequence", "sequence_used",
				      "another event of this source and subject had that sequence number");
	if (arrival->sequence == last + 1)
		return true;
	if (claims_count(call, arrival) >= PARKED_PER_SEQUENCE_MAX)
		return verdict_reject(verdict, "sequence", "too_many_parked",
				      "too many events of this source and subject wait for a predecessor");
	event_wait(call, arrival, verdict);
	return false;
}

/* --- apply -------------------------------------------------------------------------------------------------------- */

void
event_sequence_claim(struct apply *apply, uint32_t locality, const Mt__EventRecord *record, const uint8_t *hash)
{
	struct key key = claim_key(locality, record->sequence_of.data, record->sequence);
	apply_put_bytes(apply, &key, slice_of(hash, EVENT_HASH_BYTES));
}

void
event_sequence_unclaim(struct apply *apply, uint32_t locality, const Mt__EventRecord *record)
{
	struct key key = claim_key(locality, record->sequence_of.data, record->sequence);
	apply_delete(apply, &key);
}

void
event_sequence_put(struct apply *apply, uint32_t locality, const ProtobufCBinaryData *sequence_of, uint64_t sequence)
{
	uint8_t value[sizeof(uint64_t)];
	assert(sequence_of->len == EVENT_HASH_BYTES);
	struct key key = sequence_key(locality, sequence_of->data);
	put_u64(value, sequence);
	apply_put_bytes(apply, &key, slice_of(value, sizeof(value)));

	struct key next = claim_key(locality, sequence_of->data, sequence + 1);
	struct slice claimant;
	if (store_get(apply_store(apply), key_slice(&next), &claimant))
		event_again_soon(apply, locality, claimant.data);
}
