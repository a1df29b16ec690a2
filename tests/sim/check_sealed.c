/* tests/sim/check_sealed.c
 *
 * What the workload and the scenarios call people, and where mail reaches them, stands in
 * no journal and no state: wherever it lies, it is sealed. */
#include "tests/sim/check.h"

#include <string.h>

/* How the names in workload_people.c and in most scenarios begin; what all addresses end with. */
static const char *const personal[] = {"Nguyễn ", "@example.vn"};

static const char *
in_clear(struct slice bytes)
{
	for (size_t i = 0; i < sizeof(personal) / sizeof(personal[0]); i++) {
		if (bytes.size > 0 && memmem(bytes.data, bytes.size, personal[i], strlen(personal[i])) != NULL)
			return personal[i];
	}
	return NULL;
}

static void
check_entries(struct sim *sim, const char *name, uint32_t node)
{
	const struct disk *disk = &sim->processes[node].disk;
	for (uint64_t seq = 1; seq <= disk->head && !world_blamed(sim); seq++) {
		const char *found = in_clear(disk_entry(disk, seq));
		if (found != NULL)
			world_blame(sim, name, "%s: entry %llu holds \"%s\"", world_modules[node]->name,
				    (unsigned long long)seq, found);
	}
}

static void
check_rows(struct sim *sim, const char *name, uint32_t node)
{
	const struct memtable *state = sim->processes[node].disk.state;
	struct slice key;
	struct slice value;
	enum memtable_hit hit = memtable_next(state, slice_text(""), true, &key, &value);
	while (hit != MEMTABLE_ABSENT && !world_blamed(sim)) {
		if (hit == MEMTABLE_PRESENT && (in_clear(key) != NULL || in_clear(value) != NULL))
			world_blame(sim, name, "%s: a row of table %02x holds personal data", world_modules[node]->name,
				    key.data[0]);
		hit = memtable_next(state, key, false, &key, &value);
	}
}

void
check_sealed(struct sim *sim, const struct office *office, const char *name)
{
	(void)office;
	for (uint32_t node = 0; node < WORLD_NODES; node++) {
		check_entries(sim, name, node);
		check_rows(sim, name, node);
	}
}
