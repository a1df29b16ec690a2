/* services/gateway/roster_read.h
 *
 * A roster's file as it comes in, in pieces of any size: CSV under a header, or one JSON
 * object a line. Rows come out one by one, as the service takes them. What cannot be a
 * roster at all (a workbook, UTF-16, a header without the staff code) is refused with the
 * cure; what is wrong with a row is a fault of that row, and the others stand. Pure.
 *
 * Promises: memory is this struct and one row's arena, whatever comes; the rows are the
 * same however the input is cut.
 *
 * The digest is SHA-256 over the rows read so far, blank ones left out: of each row its
 * cells as they came, white space around them taken off, in the order of enum
 * roster_column, "" for a column the file has not, with U+001F between them and U+001E
 * behind the last. */
#ifndef SERVICES_GATEWAY_ROSTER_READ_H
#define SERVICES_GATEWAY_ROSTER_READ_H

#include "common/base/hash.h"
#include "services/gateway/csv.h"
#include "services/gateway/roster_cells.h"

#include <sodium.h>

enum { ROSTER_HEAD_BYTES_MAX = 8 << 10 };

enum roster_event {
	ROSTER_MORE, /* all was taken */
	ROSTER_ROW,  /* row is there, valid until more is read */
	ROSTER_REFUSED,
};

struct roster_read {
	bool ndjson;
	enum roster_date_order order;
	struct arena arena; /* of the row */
	Mt__RosterRow row;
	const char *refusal; /* a sentence with the cure */

	bool begun;    /* the head was understood */
	bool odd_head; /* it has faults that are to be told as a row */
	bool head_quoted;
	size_t head_size;
	char head[ROSTER_HEAD_BYTES_MAX]; /* the first line */
	size_t columns_count;
	enum roster_column columns[CSV_CELLS_MAX]; /* by cell; ROSTER_COLUMNS: passed over */
	struct csv csv;

	uint32_t line; /* NDJSON */
	size_t text_size;
	bool text_too_long;
	char text[CSV_ROW_BYTES_MAX];

	crypto_hash_sha256_state digest;
};

void roster_read_begin(struct roster_read *read, bool ndjson, enum roster_date_order order);
void roster_read_free(struct roster_read *read);
/* How many bytes were taken; behind ROSTER_REFUSED none will be. */
size_t roster_read(struct roster_read *read, struct slice bytes, enum roster_event *event);
/* The input is over; to be called until it answers ROSTER_MORE or ROSTER_REFUSED. */
enum roster_event roster_read_end(struct roster_read *read);
void roster_read_digest(const struct roster_read *read, uint8_t digest[HASH_BYTES]);

#endif
