/* common/core/subject.c
 *
 * Which slot of keys a subject has. The row is written when the first fact that carries
 * something sealed for the subject is applied, so it follows from the journal; a call
 * takes new slots on trust, and they are taken only when its facts are applied. A call
 * that is refused, or rehearsed, gives them back by doing nothing.
 *
 * An erased subject keeps its row, marked, so that no new key is ever made for it. */
#include "common/core/impl.h"

#include "common/base/fatal.h"

#include <assert.h>
#include <sodium.h>

enum { ROW_BYTES = 4, ROW_ERASED_BYTES = 5 };

static struct key
slot_row(struct id id)
{
	struct key key = key_of(TABLE_SLOT);
	key_bytes(&key, slice_of(id.bytes, ID_BYTES));
	return key;
}

/* Ids end in randomness. */
static struct subject_cached *
cached_at(const struct node *node, struct id id)
{
	uint32_t at = get_u32(id.bytes + ID_BYTES - sizeof(uint32_t));
	return &node->personal->subjects[at % SUBJECTS_CACHED];
}

static void
cache(const struct node *node, struct id id, struct subject subject)
{
	*cached_at(node, id) = (struct subject_cached){.id = id, .subject = subject, .used = true};
}

struct subject
subject_find(const struct node *node, const struct store *store, struct id id)
{
	const struct subject_cached *cached = cached_at(node, id);
	bool own = store == &node->store;
	if (own && cached->used && memcmp(cached->id.bytes, id.bytes, ID_BYTES) == 0)
		return cached->subject;
	struct key key = slot_row(id);
	struct slice value;
	struct subject subject = {.state = SUBJECT_NEW};
	if (store_get(store, key_slice(&key), &value)) {
		assert(value.size == ROW_BYTES || value.size == ROW_ERASED_BYTES);
		subject.state = value.size == ROW_BYTES ? SUBJECT_KNOWN : SUBJECT_ERASED;
		subject.slot = get_u32(value.data);
	}
	if (own)
		cache(node, id, subject);
	return subject;
}

bool
subject_slot(struct call *call, struct id id, uint32_t *slot)
{
	struct node *node = call->node;
	struct subject subject = subject_find(node, call->store, id);
	*slot = subject.slot;
	if (subject.state != SUBJECT_NEW)
		return subject.state == SUBJECT_KNOWN;
	for (const struct subject_new *known = call->subjects; known != NULL; known = known->next) {
		*slot = known->slot;
		if (memcmp(known->id.bytes, id.bytes, ID_BYTES) == 0)
			return true;
	}
	uint32_t taken = call->subjects != NULL ? call->subjects->slot + 1 : node->personal->slots_next;
	if (taken >= node->world->slots_ready(node->world->context)) {
		call->slots_short = true;
		return false;
	}
	struct subject_new *fresh = arena_alloc(call->arena, sizeof(*fresh));
	*fresh = (struct subject_new){.next = call->subjects, .id = id, .slot = taken};
	call->subjects = fresh;
	*slot = taken;
	return true;
}

static void
put_row(struct apply *apply, struct id id, struct subject subject)
{
	uint8_t value[ROW_ERASED_BYTES] = {0};
	struct key key = slot_row(id);
	put_u32(value, subject.slot);
	apply_put_bytes(apply, &key, slice_of(value, subject.state == SUBJECT_KNOWN ? ROW_BYTES : ROW_ERASED_BYTES));
	if (!apply->scratch)
		cache(apply->node, id, subject);
}

void
subject_note(struct apply *apply, struct id id, uint32_t slot)
{
	struct personal *personal = apply->node->personal;
	struct subject subject = subject_find(apply->node, apply->store, id);
	if (subject.state != SUBJECT_NEW) {
		assert(subject.slot == slot);
		return;
	}
	put_row(apply, id, (struct subject){.state = SUBJECT_KNOWN, .slot = slot});
	if (!apply->scratch && slot >= personal->slots_next)
		personal->slots_next = slot + 1;
}

void
subject_erase(struct apply *apply, struct id id, bool for_good)
{
	struct node *node = apply->node;
	struct subject subject = subject_find(node, apply->store, id);
	if (subject.state == SUBJECT_ERASED)
		return;
	if (subject.state == SUBJECT_NEW)
		subject.slot = SLOT_NEVER;
	subject.state = SUBJECT_ERASED;
	put_row(apply, id, subject);
	struct key key = key_of(TABLE_ERASED);
	key_u64(&key, apply->seq);
	key_bytes(&key, slice_of(id.bytes, ID_BYTES));
	uint8_t value[ROW_ERASED_BYTES];
	put_u32(value, subject.slot);
	value[ROW_BYTES] = for_good;
	apply_put_bytes(apply, &key, slice_of(value, sizeof(value)));
	store_copies_changed(apply->store);
	if (apply->scratch)
		return;
	personal_forget(node);
	node->personal->erasures_waiting = true;
	if (for_good)
		node->personal->erased_last_seq = apply->seq;
}

bool
subject_key(struct node *node, uint32_t slot, uint8_t key[SEALED_KEY_BYTES])
{
	const struct world *world = node->world;
	struct slot_key_cached *cached = &node->personal->keys[slot % SLOT_KEYS_CACHED];
	if (!cached->used || cached->slot != slot) {
		cached->used = false;
		switch (world->slot_key(world->context, slot, cached->key)) {
		case SLOT_NONE:
			fatal("%s: slot %u was never made: the keys are not of this journal", node->module->name, slot);
		case SLOT_DESTROYED:
			return false;
		case SLOT_PRESENT:
			break;
		}
		cached->used = true;
		cached->slot = slot;
	}
	memcpy(key, cached->key, SEALED_KEY_BYTES);
	return true;
}

static uint32_t
slots_left(const struct node *node)
{
	uint32_t ready = node->world->slots_ready(node->world->context);
	uint32_t next = node->personal->slots_next;
	return ready > next ? ready - next : 0;
}

bool
slots_leave_room(const struct node *node)
{
	uint32_t quarter = node->world->slots_block / 4;
	return slots_left(node) >= (quarter < SLOTS_RESERVE ? quarter : SLOTS_RESERVE);
}

void
slots_pump(struct node *node)
{
	const struct world *world = node->world;
	struct personal *personal = node->personal;
	if (personal->making_slots || slots_left(node) >= world->slots_block / 2 ||
	    world->monotonic_us(world->context) < personal->slots_retry_us)
		return;
	personal->making_slots = true;
	world->slots_more(world->context);
}

void
node_slots_made(struct node *node, enum outcome outcome)
{
	struct personal *personal = node->personal;
	assert(personal->making_slots);
	personal->making_slots = false;
	if (outcome == OUTCOME_DONE)
		return;
	personal->slots_retry_us = node->world->monotonic_us(node->world->context) + (int64_t)NO_SPACE_RETRY_MS * 1000;
	node_wake_in(node, NO_SPACE_RETRY_MS);
}

void
slots_check(const struct node *node)
{
	if (node->personal->slots_next > node->world->slots_ready(node->world->context))
		fatal("%s: the state uses %u slots of keys and only %u are there", node->module->name,
		      node->personal->slots_next, node->world->slots_ready(node->world->context));
}
