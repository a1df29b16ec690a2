/* tests/sim/check_state.c
 *
 * What must hold of the states: each is a fold of its journal, and the mirrors of the
 * tree and of the access table say what enrollment says. */
#include "tests/sim/check.h"

#include "common/base/text.h"
#include "common/core/tables.h"

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
	static const uint8_t tables[] = {
		TABLE_AUTHORITY,    TABLE_AUTHORITY_CODE, TABLE_AUTHORITY_CHILD, TABLE_AUTHORITY_PARENT,
		TABLE_TOKEN,        TABLE_TOKEN_OF,       TABLE_DOOR_KEY,        TABLE_AUTHORITY_FORMER,
		TABLE_PERSON_STAYS, TABLE_PERSON_MERGED};
	(void)office;
	for (uint32_t node = ASSESSMENT; node < WORLD_NODES; node++) {
		for (size_t i = 0; i < sizeof(tables); i++)
			compare_tables(sim, name, tables[i], node);
	}
}
