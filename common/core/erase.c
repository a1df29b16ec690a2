/* common/core/erase.c
 *
 * Erasing somebody is three steps. The fact is journalled and applied like any other: from
 * then on nothing of the subject is opened or sealed, and the service has emptied its rows.
 * When the state on disk stands for that fact, the world writes the subject into the ledger
 * and destroys the key; only now are the copies in journal and backups beyond reading.
 *
 * The key outlives the fact until the flush because a replay of the journal's tail starts
 * from rows that were made with the key: it must make of them what was made before, or
 * state and journal would differ. A replay from the beginning finds no key at all and
 * comes to the same rows, since whatever depended on it is gone at the end. A crash in
 * between leaves a key that is destroyed after the next opening.
 *
 * The ledger lies outside the data and outside its backups. It is written first: a slot
 * destroyed and not in it could come back with a backup. What a restored journal does not
 * know to be erased is erased again when it is opened. */
#include "common/core/impl.h"

#include <assert.h>
#include <sodium.h>

static const struct key erased_table = {.size = 1, .data = {TABLE_ERASED}};

void
erasures_init(struct node *node)
{
	/* Any of them may have been cut off by a crash; a slot without its key is passed over. */
	node->personal->erasures_waiting = true;
	node->personal->erased_last_seq = node->head.seq;
}

bool
erasures_hurry(const struct node *node)
{
	return node->personal->erasures_waiting && !node->personal->erasing &&
	       node->personal->erased_last_seq > node->flushed_seq;
}

void
apply_erase(struct apply *apply, const char *subject_id)
{
	struct id id;
	bool is_id = id_parse(subject_id, &id);
	assert(is_id);
	subject_erase(apply, id, true);
}

void
apply_forget(struct apply *apply, const char *subject_id)
{
	struct id id;
	bool is_id = id_parse(subject_id, &id);
	assert(is_id);
	subject_erase(apply, id, false);
}

void
erasure_apply(struct apply *apply, const Mt__SubjectErased *fact)
{
	const struct module *module = apply->node->module;
	if (module->erase != NULL)
		module->erase(apply, fact->person_id);
	apply_erase(apply, fact->person_id);
}

/* --- after a backup was restored ---------------------------------------------------------------------------------- */

void
erasures_ledger(struct node *node)
{
	const struct node_config *config = &node->config;
	for (size_t i = 0; i < config->ledger_count; i++) {
		struct id id;
		memcpy(id.bytes, config->ledger[i].subject, ID_BYTES);
		if (subject_find(node, &node->store, id).state == SUBJECT_ERASED)
			continue;
		char text[ID_TEXT_BYTES];
		Mt__SubjectErased fact = MT__SUBJECT_ERASED__INIT;
		id_format(id, text);
		fact.person_id = text;
		arena_reset(&node->call_arena);
		node_commit_own(node, &fact.base);
	}
}

/* --- destroying keys ---------------------------------------------------------------------------------------------- */

/* Adds the row's slot to those under way, if it has a key left. */
static void
gather(struct node *node, struct slice key, struct slice value)
{
	struct personal *personal = node->personal;
	const struct world *world = node->world;
	uint8_t secret[SEALED_KEY_BYTES];
	uint32_t slot = get_u32(value.data);
	if (slot == SLOT_NEVER || world->slot_key(world->context, slot, secret) != SLOT_PRESENT)
		return;
	sodium_memzero(secret, sizeof(secret));
	struct slot_erasure *erasure = &personal->erasures[personal->erasures_count++];
	erasure->slot = slot;
	erasure->in_ledger = value.data[sizeof(uint32_t)] != 0;
	memcpy(erasure->subject, key.data + key.size - ID_BYTES, ID_BYTES);
}

/* The rows behind the last ones that the state on disk has; true if that was all there are. */
static bool
gather_all(struct node *node)
{
	struct personal *personal = node->personal;
	struct slice prefix = key_slice(&erased_table);
	struct store_walk walk = personal->erased_upto.size == 0
					 ? store_walk(&node->store, prefix)
					 : store_walk_after(&node->store, prefix, key_slice(&personal->erased_upto));
	personal->erasures_count = 0;
	personal->erasing_upto = personal->erased_upto;
	for (unsigned looked = 0; looked < ERASURES_LOOKED_MAX; looked++) {
		if (!store_walk_next(&walk))
			return true;
		if (personal->erasures_count == ERASURES_AT_ONCE || get_u64(walk.key.data + 1) > node->flushed_seq)
			return false;
		gather(node, walk.key, walk.value);
		personal->erasing_upto = key_copy(walk.key);
	}
	return false;
}

void
erasures_pump(struct node *node)
{
	const struct world *world = node->world;
	struct personal *personal = node->personal;
	if (!personal->erasures_waiting || personal->erasing ||
	    world->monotonic_us(world->context) < personal->erase_retry_us)
		return;
	bool all = gather_all(node);
	if (personal->erasures_count == 0) {
		personal->erased_upto = personal->erasing_upto;
		personal->erasures_waiting = !all;
		return;
	}
	personal->erasing = true;
	world->crash_point(world->context, CRASH_ERASING);
	world->slots_erase(world->context, personal->erasures, personal->erasures_count);
}

void
node_slots_erased(struct node *node, enum outcome outcome)
{
	const struct world *world = node->world;
	struct personal *personal = node->personal;
	assert(personal->erasing);
	personal->erasing = false;
	if (outcome == OUTCOME_NO_SPACE) {
		personal->erase_retry_us = world->monotonic_us(world->context) + (int64_t)NO_SPACE_RETRY_MS * 1000;
		node_wake_in(node, NO_SPACE_RETRY_MS);
		return;
	}
	personal->erased_upto = personal->erasing_upto;
	personal_forget(node);
	world->crash_point(world->context, CRASH_ERASED);
}
