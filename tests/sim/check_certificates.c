/* tests/sim/check_certificates.c
 *
 * What a register and a log are worth nothing without: every place of an institution's year is taken, once, and so is
 * every leaf of the log and every entry of a status list; each certificate stands in one place, each edition of it at
 * one leaf; and nobody has two certificates of one class. */
#include "tests/sim/check.h"

#include "common/core/tables.h"
#include "common/wire/pb.h"
#include "services/certificate/tables.h"
#include "services/certificate/transparency.h"
#include "tests/sim/ledger.h"

#include "matricula/certificate.pb-c.h"

/* What was seen so far, under keys of this check's own. */
enum seen { SEEN_CLASS, SEEN_ENTRY, SEEN_LEAF, SEEN_STATUS };

struct tally {
	struct sim *sim;
	const char *name;
	const struct store *store;
	struct memtable *seen;
	struct arena arena;
	uint64_t certificates;
	uint64_t entries;
	uint64_t editions;
};

/* False and to blame if it was there already. */
static bool
see(struct tally *tally, const struct key *key, const char *what, const char *who)
{
	struct slice value;
	if (memtable_get(tally->seen, key_slice(key), &value) == MEMTABLE_PRESENT) {
		world_blame(tally->sim, tally->name, "%s a second time: %s", what, who);
		return false;
	}
	memtable_put(tally->seen, key_slice(key), slice_text(""));
	return true;
}

/* --- places ------------------------------------------------------------------------------------------------------- */

static uint32_t
last_place(const struct tally *tally, struct slice school_and_year)
{
	struct slice value;
	struct key key = key_of(TABLE_REGISTER);
	key_bytes(&key, school_and_year);
	return store_get(tally->store, key_slice(&key), &value) ? get_u32(value.data) : 0;
}

/* The keys come in order: each year's places count from 1, and its last one is the last one taken. */
static void
check_places(struct tally *tally)
{
	enum { YEAR_BYTES = ID_BYTES + 4 };
	uint8_t year[YEAR_BYTES] = {0};
	uint32_t place = 0;
	struct key table = key_of(TABLE_REGISTER_ENTRY);
	struct store_walk walk = store_walk(tally->store, key_slice(&table));
	while (store_walk_next(&walk) && !world_blamed(tally->sim)) {
		struct slice of = slice_of(walk.key.data + 1, YEAR_BYTES);
		uint32_t taken = get_u32(walk.key.data + 1 + YEAR_BYTES);
		arena_reset(&tally->arena);
		const Mt__RegisterRecord *entry =
			(const void *)pb_unpack_trusted(&mt__register_record__descriptor, &tally->arena, walk.value);
		tally->entries++;
		struct key key = key_of(SEEN_ENTRY);
		key_text(&key, entry->certificate_id);
		if (!see(tally, &key, "a certificate stands in the register", entry->certificate_id) ||
		    taken == (uint32_t)REGISTER_PAPER)
			continue;
		place = memcmp(year, of.data, YEAR_BYTES) == 0 ? place + 1 : 1;
		memcpy(year, of.data, YEAR_BYTES);
		if (taken != place)
			world_blame(tally->sim, tally->name, "place %u of a register is taken, %u is not", taken,
				    place);
		if (taken > last_place(tally, of))
			world_blame(tally->sim, tally->name, "place %u of a register is taken and not counted", taken);
	}
}

/* --- certificates and their editions ------------------------------------------------------------------------------ */

static void
check_edition(struct tally *tally, const Mt__CertificateRecord *certificate, uint32_t number)
{
	struct slice value;
	struct key key = key_of(TABLE_EDITION);
	key_id_of(&key, certificate->certificate_id);
	key_u32(&key, number);
	if (!store_get(tally->store, key_slice(&key), &value)) {
		world_blame(tally->sim, tally->name, "certificate %s has no edition %u", certificate->certificate_id,
			    number);
		return;
	}
	const Mt__EditionRecord *edition =
		(const void *)pb_unpack_trusted(&mt__edition_record__descriptor, &tally->arena, value);
	struct key leaf = key_of(SEEN_LEAF);
	key_u64(&leaf, edition->log_index);
	struct key status = key_of(SEEN_STATUS);
	key_id_of(&status, edition->school_id);
	key_u32(&status, edition->status_list);
	key_u32(&status, edition->status_index);
	tally->editions++;
	if (see(tally, &leaf, "a leaf tells of an edition", certificate->certificate_id))
		see(tally, &status, "an entry of a status list is given", certificate->certificate_id);
}

static void
check_certificate(struct tally *tally, const Mt__CertificateRecord *certificate)
{
	struct slice value;
	struct key entry = key_of(SEEN_ENTRY);
	key_text(&entry, certificate->certificate_id);
	tally->certificates++;
	if (memtable_get(tally->seen, key_slice(&entry), &value) != MEMTABLE_PRESENT)
		world_blame(tally->sim, tally->name, "certificate %s is in no register", certificate->certificate_id);
	if (certificate->class_id[0] != '\0') {
		struct key class = key_of(SEEN_CLASS);
		key_id_of(&class, certificate->class_id);
		key_id_of(&class, certificate->person_id);
		see(tally, &class, "somebody is certified for a class", certificate->certificate_id);
	}
	for (uint32_t number = 1; number <= certificate->edition && !world_blamed(tally->sim); number++)
		check_edition(tally, certificate, number);
}

static void
check_each_certificate(struct tally *tally)
{
	struct key table = key_of(TABLE_CERTIFICATE);
	struct store_walk walk = store_walk(tally->store, key_slice(&table));
	while (store_walk_next(&walk) && !world_blamed(tally->sim)) {
		arena_reset(&tally->arena);
		check_certificate(tally, (const void *)pb_unpack_trusted(&mt__certificate_record__descriptor,
									 &tally->arena, walk.value));
	}
	if (tally->certificates != tally->entries)
		world_blame(tally->sim, tally->name, "there are %llu certificates and %llu entries of registers",
			    (unsigned long long)tally->certificates, (unsigned long long)tally->entries);
}

/* --- the log ------------------------------------------------------------------------------------------------------ */

static void
check_leaves(struct tally *tally)
{
	uint64_t next = 0;
	struct merkle_frontier head;
	struct key table = key_of(TABLE_LOG_LEAF);
	struct store_walk walk = store_walk(tally->store, key_slice(&table));
	for (; store_walk_next(&walk) && !world_blamed(tally->sim); next++) {
		uint64_t index = get_u64(walk.key.data + 1);
		if (index != next)
			world_blame(tally->sim, tally->name, "the log has leaf %llu and not leaf %llu",
				    (unsigned long long)index, (unsigned long long)next);
	}
	tlog_head(tally->store, &head);
	if (head.size != next)
		world_blame(tally->sim, tally->name, "the log says %llu leaves and has %llu",
			    (unsigned long long)head.size, (unsigned long long)next);
	if (tally->editions > next)
		world_blame(tally->sim, tally->name, "the log has %llu leaves for %llu editions",
			    (unsigned long long)next, (unsigned long long)tally->editions);
}

void
check_registers(struct sim *sim, const struct office *office, const char *name)
{
	struct tally tally = {.sim = sim, .name = name, .store = node_store(sim->processes[CERTIFICATE].node)};
	(void)office;
	tally.seen = memtable_new();
	arena_init(&tally.arena, 1 << 14, 0);
	check_places(&tally);
	check_each_certificate(&tally);
	check_leaves(&tally);
	arena_free(&tally.arena);
	memtable_free(tally.seen);
}
