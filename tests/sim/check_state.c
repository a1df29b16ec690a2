/* tests/sim/check_state.c
 *
 * What must hold of the states: each is a fold of its journal, and what one service
 * knows of another follows from that other's facts, none left out. */
#include "tests/sim/check.h"

#include <stdio.h>

#include "common/base/text.h"
#include "common/core/tables.h"
#include "tests/sim/ledger.h"

/* --- the rebuild -------------------------------------------------------------------------------------------------- */

/* The head row says when the state was last flushed, which the journal does not know. */
static bool
next_row(struct store_walk *walk)
{
	do {
		if (!store_walk_next(walk))
			return false;
	} while (walk->key.data[0] == TABLE_HEAD);
	return true;
}

static void
blame_row(struct sim *sim, const char *name, uint32_t node, const char *what, struct slice key)
{
	char hex[2 * 64 + 1];
	text_hex(slice_of(key.data, key.size > 64 ? 64 : key.size), hex);
	world_blame(sim, name, "%s: the row at key %s %s", world_modules[node]->name, hex, what);
}

static void
compare_stores(struct sim *sim, const char *name, uint32_t node, const struct store *live, const struct store *rebuilt)
{
	struct store_walk a = store_walk(live, slice_of("", 0));
	struct store_walk b = store_walk(rebuilt, slice_of("", 0));
	while (!world_blamed(sim)) {
		bool more_a = next_row(&a);
		bool more_b = next_row(&b);
		if (!more_a && !more_b)
			return;
		int order = !more_a ? 1 : !more_b ? -1 : slice_compare(a.key, b.key);
		if (order < 0)
			blame_row(sim, name, node, "is missing in the rebuilt state", a.key);
		else if (order > 0)
			blame_row(sim, name, node, "is in the rebuilt state only", b.key);
		else if (!slice_equal(a.value, b.value))
			blame_row(sim, name, node, "has another value when rebuilt", a.key);
	}
}

void
check_rebuild(struct sim *sim, const struct office *office, const char *name)
{
	(void)office;
	for (uint32_t node = 0; node < WORLD_NODES && !world_blamed(sim); node++) {
		const struct process *live = &sim->processes[node];
		struct process *twin = world_twin(sim, node);
		if (node_seq(twin->node) != node_seq(live->node))
			world_blame(sim, name, "%s: rebuilt to entry %llu, live at %llu", live->module->name,
				    (unsigned long long)node_seq(twin->node), (unsigned long long)node_seq(live->node));
		compare_stores(sim, name, node, node_store(live->node), node_store(twin->node));
		world_twin_free(twin);
	}
}

/* --- mirrors ------------------------------------------------------------------------------------------------------ */

static void
compare_tables(struct sim *sim, const char *name, uint8_t table, uint32_t node)
{
	struct key key = key_of(table);
	struct store_walk owner = store_walk(node_store(sim->processes[ENROLLMENT].node), key_slice(&key));
	struct store_walk mirror = store_walk(node_store(sim->processes[node].node), key_slice(&key));
	while (!world_blamed(sim)) {
		bool more = store_walk_next(&owner);
		bool more_mirror = store_walk_next(&mirror);
		if (!more && !more_mirror)
			return;
		if (!more || !more_mirror || !slice_equal(owner.key, mirror.key))
			blame_row(sim, name, node, more ? "is missing in the mirror" : "is in the mirror only",
				  more ? owner.key : mirror.key);
		else if (!slice_equal(owner.value, mirror.value))
			blame_row(sim, name, node, "differs from enrollment's", owner.key);
	}
}

void
check_mirrors(struct sim *sim, const struct office *office, const char *name)
{
	static const uint8_t tables[] = {TABLE_AUTHORITY, TABLE_AUTHORITY_CODE, TABLE_AUTHORITY_CHILD,
					 TABLE_AUTHORITY_PARENT, TABLE_TOKEN, TABLE_TOKEN_OF, TABLE_DOOR_KEY};
	(void)office;
	for (uint32_t node = ASSESSMENT; node < WORLD_NODES; node++) {
		for (size_t i = 0; i < sizeof(tables); i++)
			compare_tables(sim, name, tables[i], node);
	}
}

/* --- reactions ---------------------------------------------------------------------------------------------------- */

/* Each such fact of the producer leaves one such fact in the follower, or a refused reaction. */
static const struct consequence {
	uint32_t producer;
	const char *cause;
	uint32_t follower;
	const char *effect;
} consequences[] = {
	{ENROLLMENT, "AuthorityRegistered", ASSESSMENT, "AuthorityRegistered"},
	{ENROLLMENT, "AuthorityRegistered", CERTIFICATE, "AuthorityRegistered"},
	{ENROLLMENT, "AuthorityRegistered", NOTIFICATION, "AuthorityRegistered"},
	{ENROLLMENT, "TokenGranted", ASSESSMENT, "TokenGranted"},
	{ENROLLMENT, "TokenGranted", CERTIFICATE, "TokenGranted"},
	{ENROLLMENT, "TokenGranted", NOTIFICATION, "TokenGranted"},
	{ENROLLMENT, "TokenRevoked", ASSESSMENT, "TokenRevoked"},
	{ENROLLMENT, "LearnerEnrolled", ASSESSMENT, "RosterJoined"},
	{ENROLLMENT, "LearnerCompleted", CERTIFICATE, "CompletionListed"},
	{ENROLLMENT, "PersonHired", NOTIFICATION, "ContactNoted"},
	{ASSESSMENT, "AttemptGraded", ENROLLMENT, "MarkNoted"},
};

/* Facts of that name; refused reactions to that cause count as effects. */
static uint64_t
count_facts(struct sim *sim, uint32_t node, const char *fact, const char *refused_cause)
{
	const struct disk *disk = &sim->processes[node].disk;
	struct arena arena;
	uint64_t count = 0;
	char suffix[64];
	snprintf(suffix, sizeof(suffix), ".%s", refused_cause);
	arena_init(&arena, 16 << 10, 0);
	for (uint64_t seq = 1; seq <= disk->head; seq++) {
		struct ledger_entry entry;
		arena_reset(&arena);
		if (!ledger_read(world_modules[node], &arena, disk_entry(disk, seq), &entry))
			continue; /* the chain's check says so */
		for (size_t i = 0; i < entry.facts_count; i++) {
			count += strcmp(ledger_name(entry.facts[i]), fact) == 0;
			if (entry.facts[i]->descriptor != &mt__reaction_refused__descriptor)
				continue;
			const Mt__ReactionRefused *refused = (const void *)entry.facts[i];
			const char *dot = strrchr(refused->method, '.');
			count += dot != NULL && strcmp(dot, suffix) == 0;
		}
	}
	arena_free(&arena);
	return count;
}

void
check_reactions(struct sim *sim, const struct office *office, const char *name)
{
	(void)office;
	for (size_t i = 0; i < sizeof(consequences) / sizeof(consequences[0]); i++) {
		const struct consequence *it = &consequences[i];
		uint64_t causes = count_facts(sim, it->producer, it->cause, "none");
		uint64_t effects = count_facts(sim, it->follower, it->effect, it->cause);
		if (causes != effects)
			world_blame(sim, name, "%llu %s of %s, but %llu %s in %s", (unsigned long long)causes, it->cause,
				    world_modules[it->producer]->name, (unsigned long long)effects, it->effect,
				    world_modules[it->follower]->name);
	}
}
