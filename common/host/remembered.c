/* common/host/remembered.c
 *
 * A place holds its key as a copy. To forget all is to begin another generation. */
#include "common/host/remembered.h"

#include "common/base/fatal.h"
#include "common/base/hash.h"

#include <stdlib.h>
#include <string.h>

enum { PLACES = 1 << 14, KEY_BYTES_MAX = 43 }; /* 1 MiB, of which a quiet node touches little */

struct place {
	uint32_t generation;
	uint8_t key_size;
	uint8_t key[KEY_BYTES_MAX];
	struct slice value;
};

struct remembered {
	uint32_t generation; /* never 0: that is a place nothing was noted in */
	struct place places[PLACES];
};

struct remembered *
remembered_new(void)
{
	struct remembered *remembered = calloc(1, sizeof(*remembered));
	if (remembered == NULL)
		fatal("no memory left for what a state answered");
	remembered->generation = 1;
	return remembered;
}

void
remembered_free(struct remembered *remembered)
{
	free(remembered);
}

static size_t
place_of(struct slice key)
{
	return hash_spread(key) % PLACES;
}

bool
remembered_find(const struct remembered *remembered, struct slice key, struct slice *value)
{
	const struct place *place = &remembered->places[place_of(key)];
	if (place->generation != remembered->generation || !slice_equal(slice_of(place->key, place->key_size), key))
		return false;
	*value = place->value;
	return true;
}

void
remembered_note(struct remembered *remembered, struct slice key, struct slice value)
{
	struct place *place = &remembered->places[place_of(key)];
	if (key.size > KEY_BYTES_MAX)
		return;
	place->generation = remembered->generation;
	place->key_size = (uint8_t)key.size;
	memcpy(place->key, key.data, key.size);
	place->value = value;
}

void
remembered_forget(struct remembered *remembered)
{
	remembered->generation++;
	if (remembered->generation != 0)
		return;
	memset(remembered->places, 0, sizeof(remembered->places));
	remembered->generation = 1;
}
