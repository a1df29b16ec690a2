/* common/core/apply.c
 *
 * What a fact's apply may read and write, and the core's own facts. Apply returns
 * nothing: a fact cannot be refused. It reads no clock and no configuration, so the
 * same journal gives the same state, byte for byte. */
#include "common/core/call.h"

#include "common/core/impl.h"
#include "common/core/persons.h"

#include <assert.h>

struct arena *
apply_arena(struct apply *apply)
{
	return apply->arena;
}

const struct store *
apply_store(const struct apply *apply)
{
	return apply->store;
}

int64_t
apply_time_us(const struct apply *apply)
{
	return apply->time_us;
}

int
apply_zone_minutes(const struct apply *apply)
{
	return apply->node->head.zone_minutes;
}

uint64_t
apply_seq(const struct apply *apply)
{
	return apply->seq;
}

const uint8_t *
apply_token_key(const struct apply *apply)
{
	return apply->node->token_key;
}

void *
apply_record(struct apply *apply, const struct key *key, const ProtobufCMessageDescriptor *type)
{
	struct slice value;
	if (!store_get(apply->store, key_slice(key), &value))
		return NULL;
	return apply_unpack(apply, type, value);
}

void *
apply_record_closed(struct apply *apply, const struct key *key, const ProtobufCMessageDescriptor *type)
{
	struct slice value;
	if (!store_get(apply->store, key_slice(key), &value))
		return NULL;
	ProtobufCMessage *record = pb_unpack_trusted(type, apply->arena, value);
	assert(record != NULL);
	personal_keep(apply, record);
	return record;
}

void *
apply_unpack(struct apply *apply, const ProtobufCMessageDescriptor *type, struct slice value)
{
	ProtobufCMessage *record = personal_unpack(apply->node, apply->store, apply->arena, type, value);
	assert(record != NULL);
	return record;
}

void
apply_put_bytes(struct apply *apply, const struct key *key, struct slice value)
{
	store_put(apply->store, key_slice(key), value);
}

void
apply_put(struct apply *apply, const struct key *key, const ProtobufCMessage *record)
{
	apply_put_bytes(apply, key, pb_pack(apply->arena, personal_sealed_again(apply, record)));
}

void
apply_delete(struct apply *apply, const struct key *key)
{
	store_delete(apply->store, key_slice(key));
}

static void
apply_founded(struct apply *apply, const Mt__NodeFounded *fact)
{
	apply->node->head.zone_minutes = fact->zone_minutes;
}

void
core_apply(struct apply *apply, const ProtobufCMessage *core_fact)
{
	assert(core_fact->descriptor == &mt__core_fact__descriptor);
	const Mt__CoreFact *fact = (const Mt__CoreFact *)core_fact;
	switch (fact->kind_case) {
	case MT__CORE_FACT__KIND__NOT_SET:
		break;
	case MT__CORE_FACT__KIND_NODE_FOUNDED:
		apply_founded(apply, fact->node_founded);
		break;
	case MT__CORE_FACT__KIND_NODE_RESTORED:
		break; /* the entry's header carries the new incarnation */
	case MT__CORE_FACT__KIND_REACTION_REFUSED:
		refused_apply(apply, fact->reaction_refused);
		break;
	case MT__CORE_FACT__KIND_REFUSED_REACTION_SETTLED:
		refused_apply_settled(apply, fact->refused_reaction_settled);
		break;
	case MT__CORE_FACT__KIND_FEED_REJOINED:
		feed_apply_rejoined(apply, fact->feed_rejoined);
		break;
	case MT__CORE_FACT__KIND_AUTHORITY_REGISTERED:
		apply_authority(apply, fact->authority_registered->authority);
		break;
	case MT__CORE_FACT__KIND_AUTHORITY_RENAMED:
		apply_authority_renamed(apply, fact->authority_renamed);
		break;
	case MT__CORE_FACT__KIND_AUTHORITY_MOVED:
		apply_authority_moved(apply, fact->authority_moved);
		break;
	case MT__CORE_FACT__KIND_AUTHORITY_MERGED:
		apply_authority_merged(apply, fact->authority_merged);
		break;
	case MT__CORE_FACT__KIND_AUTHORITY_SPLIT:
		apply_authority_split(apply, fact->authority_split);
		break;
	case MT__CORE_FACT__KIND_AUTHORITY_CODED:
		apply_authority_coded(apply, fact->authority_coded);
		break;
	case MT__CORE_FACT__KIND_PERSONS_MERGED:
		apply_persons_merged(apply, fact->persons_merged);
		break;
	case MT__CORE_FACT__KIND_PERSONS_SPLIT:
		apply_persons_split(apply, fact->persons_split);
		break;
	case MT__CORE_FACT__KIND_SUBJECT_ERASED:
		erasure_apply(apply, fact->subject_erased);
		break;
	case MT__CORE_FACT__KIND_TOKEN_GRANTED:
		apply_token_granted(apply, fact->token_granted->token);
		break;
	case MT__CORE_FACT__KIND_TOKEN_REVOKED:
		apply_token_revoked(apply, &fact->token_revoked->token_hash);
		break;
	case MT__CORE_FACT__KIND_DOOR_KEY_REGISTERED:
		apply_door_key(apply, fact->door_key_registered->key);
		break;
	case MT__CORE_FACT__KIND_DOOR_KEY_REMOVED:
		apply_door_key_removed(apply, fact->door_key_removed->door_key);
		break;
	}
}
