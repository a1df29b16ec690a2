/* common/base/id.h
 *
 * A permanent id: 16 bytes = locality (4, big-endian), milliseconds since 1970 (6),
 * randomness (6). What is registered together sorts together, so one province's
 * roster touches few pages; the randomness keeps ids apart after a restored backup.
 * As text: 26 characters of Crockford base32, lower case, fixed length. */
#ifndef COMMON_BASE_ID_H
#define COMMON_BASE_ID_H

#include "common/base/slice.h"

enum { ID_BYTES = 16, ID_TEXT_BYTES = 27 }; /* text with its NUL */

struct id {
	uint8_t bytes[ID_BYTES];
};

struct id id_make(uint32_t locality, int64_t now_us, uint64_t random);
uint32_t id_locality(struct id id);
void id_format(struct id id, char text[ID_TEXT_BYTES]);
/* False unless text is exactly an id as id_format writes it. */
bool id_parse(const char *text, struct id *id);

#endif
