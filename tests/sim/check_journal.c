/* tests/sim/check_journal.c
 *
 * What must hold of the journals themselves, and between them and what callers were
 * told. The hashes are computed here anew from the entries' bytes:
 *   hash = SHA-256(previous hash, header, SHA-256(facts), SHA-256(reply)) */
#include "tests/sim/check.h"

#include <stdio.h>

#include "common/core/tables.h"
#include "common/wire/pb.h"
#include "tests/sim/ledger.h"

typedef void entry_visit(struct sim *sim, const char *name, uint32_t node, uint64_t seq, struct arena *arena,
			 const Mt__Entry *entry, const Mt__EntryHeader *header, void *context);

static void
each_entry(struct sim *sim, const char *name, uint32_t node, entry_visit *visit, void *context)
{
	const struct disk *disk = &sim->processes[node].disk;
	struct arena arena;
	arena_init(&arena, 16 << 10, 0);
	for (uint64_t seq = 1; seq <= disk->head && !world_blamed(sim); seq++) {
		arena_reset(&arena);
		struct slice bytes = disk_entry(disk, seq);
		const Mt__Entry *entry = (const void *)pb_unpack_trusted(&mt__entry__descriptor, &arena, bytes);
		const Mt__EntryHeader *header = entry == NULL ? NULL : ledger_header(&arena, bytes);
		if (header == NULL)
			world_blame(sim, name, "%s: entry %llu cannot be read", world_modules[node]->name,
				    (unsigned long long)seq);
		else
			visit(sim, name, node, seq, &arena, entry, header, context);
	}
	arena_free(&arena);
}

static struct slice
bytes_of(const ProtobufCBinaryData *data)
{
	return slice_of(data->data, data->len);
}

/* --- the chain ---------------------------------------------------------------------------------------------------- */

static void
visit_chain(struct sim *sim, const char *name, uint32_t node, uint64_t seq, struct arena *arena, const Mt__Entry *entry,
	    const Mt__EntryHeader *header, void *context)
{
	uint8_t *previous = context;
	uint8_t facts_hash[HASH_BYTES];
	uint8_t reply_hash[HASH_BYTES];
	(void)arena;
	if (header->seq != seq)
		world_blame(sim, name, "%s: the entry at place %llu says it is %llu", world_modules[node]->name,
			    (unsigned long long)seq, (unsigned long long)header->seq);
	hash_sha256(bytes_of(&entry->facts), facts_hash);
	hash_sha256(bytes_of(&entry->reply), reply_hash);
	struct slice parts[] = {slice_of(previous, HASH_BYTES), bytes_of(&entry->header),
				slice_of(facts_hash, HASH_BYTES), slice_of(reply_hash, HASH_BYTES)};
	hash_sha256_parts(parts, 4, previous);
	if (!slice_equal(slice_of(previous, HASH_BYTES), bytes_of(&entry->hash)))
		world_blame(sim, name, "%s: entry %llu does not follow from the one before", world_modules[node]->name,
			    (unsigned long long)seq);
}

void
check_chain(struct sim *sim, const struct office *office, const char *name)
{
	(void)office;
	for (uint32_t node = 0; node < WORLD_NODES; node++) {
		uint8_t previous[HASH_BYTES] = {0};
		each_entry(sim, name, node, visit_chain, previous);
	}
}

static void
visit_time(struct sim *sim, const char *name, uint32_t node, uint64_t seq, struct arena *arena, const Mt__Entry *entry,
	   const Mt__EntryHeader *header, void *context)
{
	int64_t *last_us = context;
	(void)arena;
	(void)entry;
	if (header->time_us < *last_us)
		world_blame(sim, name, "%s: entry %llu is %lld us earlier than the one before",
			    world_modules[node]->name, (unsigned long long)seq,
			    (long long)(*last_us - header->time_us));
	*last_us = header->time_us;
}

void
check_time(struct sim *sim, const struct office *office, const char *name)
{
	(void)office;
	for (uint32_t node = 0; node < WORLD_NODES; node++) {
		int64_t last_us = 0;
		each_entry(sim, name, node, visit_time, &last_us);
	}
}

/* --- calls -------------------------------------------------------------------------------------------------------- */

/* subject, NUL, call id -> the entry's number; in a map that ends with the check. */
static void
visit_calls(struct sim *sim, const char *name, uint32_t node, uint64_t seq, struct arena *arena, const Mt__Entry *entry,
	    const Mt__EntryHeader *header, void *context)
{
	struct memtable *map = context;
	struct slice before;
	uint8_t number[8];
	(void)entry;
	if (header->call_id[0] == '\0')
		return;
	char *key = arena_format(arena, "%s\n%s", header->subject, header->call_id);
	if (memtable_get(map, slice_text(key), &before) == MEMTABLE_PRESENT)
		world_blame(sim, name, "%s: call %s of %s stands in entries %llu and %llu", world_modules[node]->name,
			    header->call_id, header->subject, (unsigned long long)get_u64(before.data),
			    (unsigned long long)seq);
	put_u64(number, seq);
	memtable_put(map, slice_text(key), slice_of(number, sizeof(number)));
}

static struct memtable *
map_calls(struct sim *sim, uint32_t node, const char *name)
{
	struct memtable *map = memtable_new();
	each_entry(sim, name, node, visit_calls, map);
	return map;
}

void
check_once(struct sim *sim, const struct office *office, const char *name)
{
	(void)office;
	for (uint32_t node = 0; node < WORLD_NODES; node++)
		memtable_free(map_calls(sim, node, name));
}

static void
check_errand(struct sim *sim, const char *name, const struct errand *errand, const struct memtable *map)
{
	char key[sizeof(errand->proof.subject) + sizeof(errand->id) + 1];
	struct slice number;
	struct arena arena;
	const char *service = world_modules[errand->to]->name;
	snprintf(key, sizeof(key), "%s\n%s", errand->proof.subject, errand->id);
	if (memtable_get(map, slice_text(key), &number) != MEMTABLE_PRESENT) {
		world_blame(sim, name, "%s: %s %s of %s was answered OK and is in no entry", service,
			    errand->rule->name, errand->id, errand->proof.subject);
		return;
	}
	arena_init(&arena, 4096, 0);
	struct slice bytes = disk_entry(&sim->processes[errand->to].disk, get_u64(number.data));
	const Mt__Entry *entry = (const void *)pb_unpack_trusted(&mt__entry__descriptor, &arena, bytes);
	if (!slice_equal(bytes_of(&entry->reply), slice_of(errand->reply, errand->reply_size)))
		world_blame(sim, name, "%s: %s %s was answered otherwise than its entry %llu says", service,
			    errand->rule->name, errand->id, (unsigned long long)get_u64(number.data));
	arena_free(&arena);
}

/* Has an entry for sure: accepted, under an id, no rehearsal, no event with a key of its own. */
static bool
is_acknowledged(const struct errand *errand)
{
	return errand->answered && errand->status == MT__STATUS__OK && errand->rule->kind == MT__KIND__COMMAND &&
	       !errand->rule->open && !errand->dry_run && errand->id[0] != '\0';
}

void
check_acknowledged(struct sim *sim, const struct office *office, const char *name)
{
	for (uint32_t node = 0; node < WORLD_NODES; node++) {
		struct memtable *map = map_calls(sim, node, name);
		for (uint64_t i = 0; i < office->count && !world_blamed(sim); i++) {
			const struct errand *errand = office->files[i];
			if (errand->to == node && is_acknowledged(errand))
				check_errand(sim, name, errand, map);
		}
		memtable_free(map);
	}
}

/* --- cursors ------------------------------------------------------------------------------------------------------ */

struct cursor {
	uint64_t seq[WORLD_NODES]; /* by producer */
};

static void
visit_cursor(struct sim *sim, const char *name, uint32_t node, uint64_t seq, struct arena *arena,
	     const Mt__Entry *entry, const Mt__EntryHeader *header, void *context)
{
	struct cursor *cursor = context;
	const Mt__Position *at = header->followed;
	(void)entry;
	if (at == NULL)
		return;
	const char *service = world_modules[node]->name;
	uint32_t producer = world_owner(at->producer);
	if (at->seq <= cursor->seq[producer])
		world_blame(sim, name, "%s: entry %llu follows %s to %llu after it was at %llu", service,
			    (unsigned long long)seq, at->producer, (unsigned long long)at->seq,
			    (unsigned long long)cursor->seq[producer]);
	cursor->seq[producer] = at->seq;
	struct slice bytes = disk_entry(&sim->processes[producer].disk, at->seq);
	const Mt__Entry *followed =
		bytes.data == NULL ? NULL : (const void *)pb_unpack_trusted(&mt__entry__descriptor, arena, bytes);
	if (followed == NULL)
		world_blame(sim, name, "%s: entry %llu follows %s to %llu, which its journal does not hold", service,
			    (unsigned long long)seq, at->producer, (unsigned long long)at->seq);
	else if (!slice_equal(bytes_of(&at->hash), bytes_of(&followed->hash)))
		world_blame(sim, name, "%s: entry %llu follows %s to %llu under another hash", service,
			    (unsigned long long)seq, at->producer, (unsigned long long)at->seq);
}

static void
check_cursor_rows(struct sim *sim, const char *name, uint32_t node, const struct cursor *cursor)
{
	struct key table = key_of(TABLE_CURSOR);
	struct arena arena;
	arena_init(&arena, 4096, 0);
	struct store_walk walk = store_walk(node_store(sim->processes[node].node), key_slice(&table));
	while (store_walk_next(&walk)) {
		const Mt__Position *at = (const void *)pb_unpack_trusted(&mt__position__descriptor, &arena, walk.value);
		if (at == NULL || at->seq != cursor->seq[world_owner(at->producer)])
			world_blame(sim, name, "%s: its cursor of %s is not what its journal says last",
				    world_modules[node]->name, at == NULL ? "?" : at->producer);
	}
	arena_free(&arena);
}

void
check_cursors(struct sim *sim, const struct office *office, const char *name)
{
	(void)office;
	for (uint32_t node = 0; node < WORLD_NODES && !world_blamed(sim); node++) {
		struct cursor cursor = {{0}};
		each_entry(sim, name, node, visit_cursor, &cursor);
		if (!world_blamed(sim))
			check_cursor_rows(sim, name, node, &cursor);
	}
}
