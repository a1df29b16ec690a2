/* tests/sim/check_editions.c
 *
 * What everybody can ask of a certificate is what the institution decided: of its editions the present one alone is not
 * superseded; the revocation bit is set of those that are, and of the present one if it is revoked; the suspension bit
 * of the present one alone, while it is suspended. No other bit is set in any list. */
#include "tests/sim/check.h"

#include "common/wire/pb.h"
#include "services/certificate/status_list.h"
#include "services/certificate/tables.h"

#include "matricula/certificate.pb-c.h"

enum { PURPOSES = MT__STATUS_LIST__PURPOSE__SUSPENSION + 1 };

struct tally {
	struct sim *sim;
	const char *name;
	const struct store *store;
	struct arena arena;
	uint64_t set[PURPOSES]; /* bits that should be, by purpose */
};

/* --- bits --------------------------------------------------------------------------------------------------------- */

static bool
bit_is_set(const struct tally *tally, const Mt__EditionRecord *edition, Mt__StatusList__Purpose purpose)
{
	enum { PIECE_ENTRIES = STATUS_PIECE_BYTES * 8 };
	struct slice piece;
	uint32_t within = edition->status_index % PIECE_ENTRIES;
	struct key key = key_of(TABLE_STATUS_BITS);
	key_id_of(&key, edition->school_id);
	key_u32(&key, edition->status_list);
	key_u8(&key, (uint8_t)purpose);
	key_u32(&key, edition->status_index / PIECE_ENTRIES);
	return store_get(tally->store, key_slice(&key), &piece) &&
	       (piece.data[within / 8] >> (7 - within % 8) & 1) != 0;
}

static void
check_bit(struct tally *tally, const Mt__EditionRecord *edition, Mt__StatusList__Purpose purpose, bool should)
{
	if (should)
		tally->set[purpose]++;
	if (bit_is_set(tally, edition, purpose) != should)
		world_blame(tally->sim, tally->name, "edition %u of certificate %s: its %s bit is %s", edition->edition,
			    edition->certificate_id,
			    purpose == MT__STATUS_LIST__PURPOSE__REVOCATION ? "revocation" : "suspension",
			    should ? "not set" : "set");
}

/* All lists of all institutions. */
static void
check_no_other_bits(struct tally *tally)
{
	enum { PURPOSE_AT = 1 + ID_BYTES + 4 };
	uint64_t set[PURPOSES] = {0};
	struct key table = key_of(TABLE_STATUS_BITS);
	struct store_walk walk = store_walk(tally->store, key_slice(&table));
	while (store_walk_next(&walk)) {
		for (size_t i = 0; i < walk.value.size; i++)
			set[walk.key.data[PURPOSE_AT]] += (uint64_t)__builtin_popcount(walk.value.data[i]);
	}
	for (unsigned purpose = 1; purpose < PURPOSES; purpose++) {
		if (set[purpose] != tally->set[purpose])
			world_blame(tally->sim, tally->name, "%llu bits of purpose %u are set, %llu should be",
				    (unsigned long long)set[purpose], purpose, (unsigned long long)tally->set[purpose]);
	}
}

/* --- editions ----------------------------------------------------------------------------------------------------- */

static void
check_edition(struct tally *tally, const Mt__CertificateRecord *certificate, const Mt__EditionRecord *edition)
{
	bool present = edition->edition == certificate->edition;
	if ((edition->superseded_at[0] == '\0') != present)
		world_blame(tally->sim, tally->name,
			    "edition %u of certificate %s %s superseded, and %u is the present one", edition->edition,
			    certificate->certificate_id, present ? "is" : "is not", certificate->edition);
	check_bit(tally, edition, MT__STATUS_LIST__PURPOSE__REVOCATION,
		  !present || certificate->state == MT__CERTIFICATE__STATE__REVOKED);
	check_bit(tally, edition, MT__STATUS_LIST__PURPOSE__SUSPENSION,
		  present && certificate->state == MT__CERTIFICATE__STATE__SUSPENDED);
}

static void
check_certificate(struct tally *tally, const Mt__CertificateRecord *certificate)
{
	for (uint32_t number = 1; number <= certificate->edition && !world_blamed(tally->sim); number++) {
		struct slice value;
		struct key key = key_of(TABLE_EDITION);
		key_id_of(&key, certificate->certificate_id);
		key_u32(&key, number);
		if (store_get(tally->store, key_slice(&key), &value)) /* check_certificates.c: it is there */
			check_edition(
				tally, certificate,
				(const void *)pb_unpack_trusted(&mt__edition_record__descriptor, &tally->arena, value));
	}
}

void
check_editions(struct sim *sim, const struct office *office, const char *name)
{
	struct tally tally = {.sim = sim, .name = name, .store = node_store(sim->processes[CERTIFICATE].node)};
	(void)office;
	arena_init(&tally.arena, 1 << 14, 0);
	struct key table = key_of(TABLE_CERTIFICATE);
	struct store_walk walk = store_walk(tally.store, key_slice(&table));
	while (store_walk_next(&walk) && !world_blamed(sim)) {
		arena_reset(&tally.arena);
		check_certificate(&tally, (const void *)pb_unpack_trusted(&mt__certificate_record__descriptor,
									  &tally.arena, walk.value));
	}
	if (!world_blamed(sim))
		check_no_other_bits(&tally);
	arena_free(&tally.arena);
}
