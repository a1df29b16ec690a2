/* common/core/persons.c
 *
 * Two rows a merged record: from it to who stays, and from who stays to it. They hold ids
 * alone, so an erasure leaves them: whoever is asked for by an old id is still found.
 *
 * A decision asks for the ids of one person several times in a row, and mostly there is one id
 * only. So the last answer is kept, until a fact changes any. */
#include "common/core/persons.h"

#include "common/core/impl.h"

#include <assert.h>

/* --- look-ups ----------------------------------------------------------------------------------------------------- */

static struct key
person_key(enum core_table table, struct id id)
{
	struct key key = key_of((uint8_t)table);
	key_bytes(&key, slice_of(id.bytes, ID_BYTES));
	return key;
}

static struct key
merged_key(struct id stays, struct id merged)
{
	struct key key = person_key(TABLE_PERSON_MERGED, stays);
	key_bytes(&key, slice_of(merged.bytes, ID_BYTES));
	return key;
}

/* True if the record was merged; stays is who stays. */
static bool
stays_find(const struct store *store, struct id merged, struct id *stays)
{
	struct slice value;
	struct key key = person_key(TABLE_PERSON_STAYS, merged);
	if (!store_get(store, key_slice(&key), &value))
		return false;
	assert(value.size == ID_BYTES);
	memcpy(stays->bytes, value.data, ID_BYTES);
	return true;
}

static const char *
id_written(struct arena *arena, struct id id)
{
	char *text = arena_alloc(arena, ID_TEXT_BYTES);
	id_format(id, text);
	return text;
}

static const char *
person_of(const struct store *store, struct arena *arena, const char *person_id)
{
	struct id id;
	struct id stays;
	bool merged = id_parse(person_id, &id) && stays_find(store, id, &stays);
	return merged ? id_written(arena, stays) : person_id;
}

/* Of the person that has this id: who stays, then who was merged into that one. */
static size_t
ids_find(const struct store *store, struct id of, struct id ids[PERSON_IDS_MAX])
{
	size_t count = 0;
	struct id stays = of;
	stays_find(store, of, &stays);
	ids[count++] = stays;
	struct key prefix = person_key(TABLE_PERSON_MERGED, stays);
	struct store_walk walk = store_walk(store, key_slice(&prefix));
	while (count < PERSON_IDS_MAX && store_walk_next(&walk))
		memcpy(ids[count++].bytes, walk.key.data + prefix.size, ID_BYTES);
	return count;
}

static size_t
person_ids(struct node *node, const struct store *store, struct arena *arena, const char *person_id, const char **ids,
	   size_t max)
{
	struct persons_known rehearsed = {.count = 0};
	struct persons_known *known = store == &node->store ? &node->persons_known : &rehearsed;
	struct id of;
	assert(max > 0);
	ids[0] = person_id;
	if (!id_parse(person_id, &of))
		return 1;
	if (known->count == 0 || memcmp(known->of.bytes, of.bytes, ID_BYTES) != 0) {
		known->of = of;
		known->count = ids_find(store, of, known->ids);
	}
	size_t count = known->count < max ? known->count : max;
	for (size_t i = 0; i < count; i++)
		ids[i] = memcmp(known->ids[i].bytes, of.bytes, ID_BYTES) == 0 ? person_id
									      : id_written(arena, known->ids[i]);
	return count;
}

const char *
call_person(const struct call *call, const char *person_id)
{
	return person_of(call->store, call->arena, person_id);
}

size_t
call_person_ids(const struct call *call, const char *person_id, const char **ids, size_t max)
{
	return person_ids(call->node, call->store, call->arena, person_id, ids, max);
}

size_t
apply_person_ids(const struct apply *apply, const char *person_id, const char **ids, size_t max)
{
	return person_ids(apply->node, apply->store, apply->arena, person_id, ids, max);
}

/* --- apply -------------------------------------------------------------------------------------------------------- */

static struct id
id_of(const char *text)
{
	struct id id;
	bool valid = id_parse(text, &id);
	assert(valid);
	return id;
}

/* Both facts change rows, and with them what is known of somebody. */
static void
forget_known(struct apply *apply)
{
	store_copies_changed(apply->store);
	if (!apply->scratch)
		apply->node->persons_known.count = 0;
}

static void
stand_alone(struct apply *apply, struct id merged)
{
	struct id stays;
	if (!stays_find(apply->store, merged, &stays))
		return;
	struct key key = merged_key(stays, merged);
	apply_delete(apply, &key);
	key = person_key(TABLE_PERSON_STAYS, merged);
	apply_delete(apply, &key);
}

void
apply_persons_merged(struct apply *apply, const Mt__PersonsMerged *fact)
{
	struct id stays = id_of(fact->person_id);
	struct id merged = id_of(fact->merged_id);
	/* Only a mirror whose producer lost its end finds other links of the two. */
	stand_alone(apply, stays);
	stand_alone(apply, merged);
	struct key key = person_key(TABLE_PERSON_STAYS, merged);
	apply_put_bytes(apply, &key, slice_of(stays.bytes, ID_BYTES));
	key = merged_key(stays, merged);
	apply_put_bytes(apply, &key, slice_text(""));
	forget_known(apply);
}

void
apply_persons_split(struct apply *apply, const Mt__PersonsSplit *fact)
{
	stand_alone(apply, id_of(fact->split_id));
	forget_known(apply);
}
