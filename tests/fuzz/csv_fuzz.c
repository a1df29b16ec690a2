/* tests/fuzz/csv_fuzz.c
 *
 * Files sent to /v1/rosters. The first byte says how they are cut into pieces and read.
 * Whatever comes: no crash, the same rows, digest and refusal as in one piece, rows in
 * rising order, memory bounded by one row; each row packs, its texts are valid, and its
 * faults are ones the service knows. */
#include "common/base/text.h"
#include "common/wire/pb.h"
#include "services/enrollment/roster.h"
#include "services/gateway/roster_read.h"

#include <stdlib.h>

enum { ARENA_HELD_MAX = 512 << 10, ROW_PACKED_BYTES_MAX = 4 * CSV_ROW_BYTES_MAX };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	size_t rows;
	bool refused;
	uint64_t hash; /* of all rows as packed */
	uint8_t digest[HASH_BYTES];
};

static void
row_check(const struct roster_read *read, uint32_t *before, struct outcome *outcome)
{
	struct arena arena;
	struct fault fault;
	const Mt__RosterRow *row = &read->row;
	if (row->row <= *before || arena_held(&read->arena) > ARENA_HELD_MAX)
		abort();
	*before = row->row;
	for (size_t i = 0; i < row->n_faults; i++) {
		if (!roster_code(row->faults[i]->code) || !roster_column(row->faults[i]->column))
			abort();
	}
	arena_init(&arena, 1 << 16, 0);
	struct slice packed = pb_pack(&arena, &row->base);
	if (packed.size > ROW_PACKED_BYTES_MAX ||
	    pb_unpack(&mt__roster_row__descriptor, &arena, packed, true, &fault) == NULL)
		abort();
	outcome->hash = outcome->hash * 31 + hash_spread(packed);
	outcome->rows++;
	arena_free(&arena);
}

static struct outcome
file_read(struct slice rest, uint8_t how, size_t piece)
{
	static struct roster_read read;
	struct outcome outcome = {.rows = 0};
	enum roster_event event = ROSTER_MORE;
	uint32_t before = 0;
	roster_read_begin(&read, (how & 1) != 0, (how & 2) != 0 ? ROSTER_MDY : ROSTER_DMY);
	while (rest.size > 0 && event != ROSTER_REFUSED) {
		size_t taken = roster_read(&read, slice_of(rest.data, piece < rest.size ? piece : rest.size), &event);
		if (taken == 0 && event == ROSTER_MORE)
			abort();
		if (event == ROSTER_ROW)
			row_check(&read, &before, &outcome);
		rest = slice_of(rest.data + taken, rest.size - taken);
	}
	while (event != ROSTER_REFUSED && (event = roster_read_end(&read)) == ROSTER_ROW)
		row_check(&read, &before, &outcome);
	outcome.refused = event == ROSTER_REFUSED;
	roster_read_digest(&read, outcome.digest);
	roster_read_free(&read);
	return outcome;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct slice file = slice_of(data + 1, size - 1);
	struct outcome whole = file_read(file, data[0], file.size + 1);
	struct outcome pieces = file_read(file, data[0], 1 + data[0] / 4);
	if (whole.rows != pieces.rows || whole.refused != pieces.refused || whole.hash != pieces.hash ||
	    memcmp(whole.digest, pieces.digest, HASH_BYTES) != 0)
		abort();
	return 0;
}
