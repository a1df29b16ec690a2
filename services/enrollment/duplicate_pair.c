/* services/enrollment/duplicate_pair.c
 *
 * Which records share what. Records with the same citizen id, or with the same words of
 * the name and the same birth date, stand in one block; in a block, the first few are
 * paired with each other. A pair has a row at each of its two places, so that either
 * authority lists it.
 *
 * Promises: pairs depend on the records as they are and on who dismissed what, not on
 * the order in which anything came; so whoever is erased leaves no trace, and a replay
 * that never saw the name comes to the same rows. A pair that was dismissed comes back
 * only if the two share something more; each side dismisses for itself. */
#include "services/enrollment/duplicate.h"

#include <assert.h>

enum {
	BLOCK_CITIZEN_ID = 'c',
	BLOCK_CITIZEN_ID_MERGED = 'm', /* pairs nobody: it leads to who stands for the record */
	BLOCK_NAME = 'n',
	BLOCKS_PER_PERSON = 2,
	BLOCK_PREFIX_BYTES = 2 + BLOCK_HASH_BYTES, /* table, kind, hash */
	WHOLE_DATE_BYTES = 10,
	PAIR_ROW_BYTES = 2,
};

struct rest {
	uint8_t bytes[PERSON_KEY_BYTES];
};

/* The blocks a record stands in, as prefixes of their rows. */
struct blocks {
	size_t count;
	struct key prefix[BLOCKS_PER_PERSON];
	uint8_t bit[BLOCKS_PER_PERSON];
};

/* Whose rows are being settled: its own record has changed already. */
struct settling {
	struct apply *apply;
	struct rest rest;
	const char *authority_id;
};

/* --- look-ups ----------------------------------------------------------------------------------------------------- */

static struct rest
rest_of(const char *person_id)
{
	struct rest rest;
	struct key key = person_key(id_known(person_id));
	memcpy(rest.bytes, key.data + 1, PERSON_KEY_BYTES);
	return rest;
}

static bool
rest_equal(const struct rest *a, const struct rest *b)
{
	return memcmp(a->bytes, b->bytes, PERSON_KEY_BYTES) == 0;
}

struct slice
block_person(struct slice key)
{
	assert(key.size > PERSON_KEY_BYTES);
	return slice_of(key.data + key.size - PERSON_KEY_BYTES, PERSON_KEY_BYTES);
}

static struct key
block_prefix(const uint8_t *token_key, uint8_t kind, struct slice text)
{
	uint8_t hash[BLOCK_HASH_BYTES];
	block_hash(token_key, kind, text, hash, sizeof(hash));
	struct key key = key_of(TABLE_BLOCK);
	key_u8(&key, kind);
	key_bytes(&key, slice_of(hash, sizeof(hash)));
	return key;
}

struct key
citizen_id_key(const uint8_t *token_key, const char *citizen_id, bool merged)
{
	return block_prefix(token_key, merged ? BLOCK_CITIZEN_ID_MERGED : BLOCK_CITIZEN_ID, slice_text(citizen_id));
}

/* The words in the order of the alphabet, then the birth date. */
static struct slice
name_and_birth(struct arena *arena, const Mt__Personal *personal)
{
	struct words words;
	words_of(arena, personal->name, NAME_WORDS_MAX, &words);
	for (size_t i = 1; i < words.count; i++) {
		struct slice word = words.at[i];
		size_t at = i;
		for (; at > 0 && slice_compare(words.at[at - 1], word) > 0; at--)
			words.at[at] = words.at[at - 1];
		words.at[at] = word;
	}
	size_t room = WHOLE_DATE_BYTES;
	for (size_t i = 0; i < words.count; i++)
		room += 1 + words.at[i].size;
	uint8_t *text = arena_alloc(arena, room);
	size_t size = WHOLE_DATE_BYTES;
	memcpy(text, personal->birth_date, WHOLE_DATE_BYTES);
	for (size_t i = 0; i < words.count; i++) {
		text[size++] = ' ';
		memcpy(text + size, words.at[i].data, words.at[i].size);
		size += words.at[i].size;
	}
	return slice_of(text, size);
}

static void
blocks_add(struct blocks *blocks, struct key prefix, uint8_t bit)
{
	blocks->prefix[blocks->count] = prefix;
	blocks->bit[blocks->count++] = bit;
}

static bool
stands_alone(const Mt__PersonRecord *person)
{
	return person != NULL && person->personal != NULL && person->state != MT__PERSON__STATE__MERGED &&
	       person->authority_id[0] != '\0';
}

/* A birth date that is only a year would make one block of too many. */
static struct blocks
blocks_of(struct apply *apply, const Mt__PersonRecord *person)
{
	struct blocks blocks; /* mostly room for keys */
	blocks.count = 0;
	if (!stands_alone(person))
		return blocks;
	const Mt__Personal *personal = person->personal;
	if (personal->citizen_id[0] != '\0')
		blocks_add(&blocks, citizen_id_key(apply_token_key(apply), personal->citizen_id, false),
			   SHARED_CITIZEN_ID);
	if (personal->name[0] != '\0' && strlen(personal->birth_date) == WHOLE_DATE_BYTES)
		blocks_add(
			&blocks,
			block_prefix(apply_token_key(apply), BLOCK_NAME, name_and_birth(apply_arena(apply), personal)),
			SHARED_NAME);
	return blocks;
}

/* The first of a block by key: those who are paired. */
struct members {
	size_t count;
	struct rest at[BLOCK_PAIRED_MAX];
};

static struct members
members_of(const struct store *store, const struct key *prefix)
{
	struct members members = {.count = 0};
	struct store_walk walk = store_walk(store, key_slice(prefix));
	while (members.count < BLOCK_PAIRED_MAX && store_walk_next(&walk))
		memcpy(members.at[members.count++].bytes, block_person(walk.key).data, PERSON_KEY_BYTES);
	return members;
}

static bool
is_member(const struct members *members, const struct rest *rest)
{
	for (size_t i = 0; i < members->count; i++) {
		if (rest_equal(&members->at[i], rest))
			return true;
	}
	return false;
}

/* --- pairs -------------------------------------------------------------------------------------------------------- */

static struct key
pair_key(const char *authority_id, const struct rest *one, const struct rest *other)
{
	struct key key = key_of(TABLE_PAIR);
	key_u32(&key, id_locality(id_known(authority_id)));
	key_bytes(&key, slice_of(one->bytes, PERSON_KEY_BYTES));
	key_bytes(&key, slice_of(other->bytes, PERSON_KEY_BYTES));
	return key;
}

/* What the first one's side said. */
static struct key
dismissed_key(const struct rest *one, const struct rest *other)
{
	struct key key = key_of(TABLE_PAIR_DISMISSED);
	key_bytes(&key, slice_of(one->bytes, PERSON_KEY_BYTES));
	key_bytes(&key, slice_of(other->bytes, PERSON_KEY_BYTES));
	return key;
}

/* The two still share something that the first one's side has not dismissed. */
static bool
pair_opens(struct apply *apply, const struct rest *one, const struct rest *other, uint32_t shared)
{
	struct key key = dismissed_key(one, other);
	const Mt__DismissedRecord *dismissed = apply_record(apply, &key, &mt__dismissed_record__descriptor);
	return (shared & ~(dismissed != NULL ? dismissed->shared : 0)) != 0;
}

static uint32_t
pair_read(const struct store *store, const struct key *key, bool *open)
{
	struct slice value;
	*open = false;
	if (!store_get(store, key_slice(key), &value))
		return 0;
	assert(value.size == PAIR_ROW_BYTES);
	*open = value.data[1] != 0;
	return value.data[0];
}

uint32_t
pair_shared(const struct store *store, const Mt__PersonRecord *person, const Mt__PersonRecord *other, bool *open)
{
	struct rest one = rest_of(person->person_id);
	struct rest two = rest_of(other->person_id);
	struct key key = pair_key(person->authority_id, &one, &two);
	return pair_read(store, &key, open);
}

/* One of the two rows of a pair, and what is counted there. */
static void
pair_side(struct apply *apply, const char *authority_id, const struct key *key, uint32_t shared, bool open)
{
	bool was_open;
	uint32_t had = pair_read(apply_store(apply), key, &was_open);
	uint8_t row[PAIR_ROW_BYTES] = {(uint8_t)shared, open};
	if (shared != 0)
		apply_put_bytes(apply, key, slice_of(row, sizeof(row)));
	else if (had != 0)
		apply_delete(apply, key);
	if (open != was_open)
		metric_stock(apply, METRIC_DUPLICATES_OPEN, authority_id, "", open ? 1 : -1);
}

static const char *
authority_of(struct settling *settling, const struct rest *rest)
{
	if (rest_equal(rest, &settling->rest))
		return settling->authority_id;
	struct id id = person_of_rest(slice_of(rest->bytes, PERSON_KEY_BYTES));
	return person_known(settling->apply, id_text(apply_arena(settling->apply), slice_of(id.bytes, ID_BYTES)))
		->authority_id;
}

/* The two share what set says and no longer what cleared says. */
static void
pair_change(struct settling *settling, const struct rest *one, const struct rest *other, uint32_t set, uint32_t cleared)
{
	struct apply *apply = settling->apply;
	const char *here = authority_of(settling, one);
	const char *there = authority_of(settling, other);
	struct key key = pair_key(here, one, other);
	struct key mirrored = pair_key(there, other, one);
	bool open;
	uint32_t shared = (pair_read(apply_store(apply), &key, &open) | set) & ~cleared;
	pair_side(apply, here, &key, shared, pair_opens(apply, one, other, shared));
	pair_side(apply, there, &mirrored, shared, pair_opens(apply, other, one, shared));
}

/* Pairs one with all members but itself. */
static void
pairs_change(struct settling *settling, const struct rest *one, const struct members *members, uint32_t set,
	     uint32_t cleared)
{
	for (size_t i = 0; i < members->count; i++) {
		if (!rest_equal(&members->at[i], one))
			pair_change(settling, one, &members->at[i], set, cleared);
	}
}

/* What stood among the first of a block and no longer does, or the other way round, against those who stay. */
static void
members_change(struct settling *settling, const struct members *before, const struct members *after, uint8_t bit)
{
	for (size_t i = 0; i < before->count; i++) {
		if (!is_member(after, &before->at[i]))
			pairs_change(settling, &before->at[i], before, 0, bit);
	}
	for (size_t i = 0; i < after->count; i++) {
		if (!is_member(before, &after->at[i]))
			pairs_change(settling, &after->at[i], after, bit, 0);
	}
}

/* The first of a block once one more stands in it. */
static struct members
members_with(const struct members *before, const struct rest *rest)
{
	struct members after = *before;
	size_t at = after.count < BLOCK_PAIRED_MAX ? after.count++ : BLOCK_PAIRED_MAX - 1;
	if (at < before->count && memcmp(before->at[at].bytes, rest->bytes, PERSON_KEY_BYTES) < 0)
		return after; /* behind them all */
	for (; at > 0 && memcmp(after.at[at - 1].bytes, rest->bytes, PERSON_KEY_BYTES) > 0; at--)
		after.at[at] = after.at[at - 1];
	after.at[at] = *rest;
	return after;
}

static void
block_join(struct settling *settling, const struct key *prefix, uint8_t bit)
{
	struct members before = members_of(apply_store(settling->apply), prefix);
	struct members after = members_with(&before, &settling->rest);
	struct key row = *prefix;
	key_bytes(&row, slice_of(settling->rest.bytes, PERSON_KEY_BYTES));
	apply_put_bytes(settling->apply, &row, slice_text(""));
	if (before.count > 0)
		members_change(settling, &before, &after, bit);
}

static void
block_leave(struct settling *settling, const struct key *prefix, uint8_t bit)
{
	struct members before = members_of(apply_store(settling->apply), prefix);
	struct key row = *prefix;
	key_bytes(&row, slice_of(settling->rest.bytes, PERSON_KEY_BYTES));
	apply_delete(settling->apply, &row);
	struct members after = members_of(apply_store(settling->apply), prefix);
	members_change(settling, &before, &after, bit);
}

/* --- apply -------------------------------------------------------------------------------------------------------- */

static void
blocks_change(struct apply *apply, const Mt__PersonRecord *person, bool join)
{
	struct blocks blocks = blocks_of(apply, person);
	if (blocks.count == 0)
		return;
	struct settling settling = {apply, rest_of(person->person_id), person->authority_id};
	for (size_t i = 0; i < blocks.count; i++) {
		if (join)
			block_join(&settling, &blocks.prefix[i], blocks.bit[i]);
		else
			block_leave(&settling, &blocks.prefix[i], blocks.bit[i]);
	}
}

/* The pairs of one who serves elsewhere now; the others' rows do not say where. */
static void
pairs_move(struct apply *apply, const Mt__PersonRecord *before, const Mt__PersonRecord *after)
{
	struct rest rest = rest_of(after->person_id);
	struct key prefix = key_of(TABLE_PAIR);
	key_u32(&prefix, search_locality(before));
	key_bytes(&prefix, slice_of(rest.bytes, PERSON_KEY_BYTES));
	struct store_walk walk = store_walk(apply_store(apply), key_slice(&prefix));
	while (store_walk_next(&walk)) {
		struct key key = key_copy(walk.key);
		struct rest other;
		bool open;
		memcpy(other.bytes, block_person(key_slice(&key)).data, PERSON_KEY_BYTES);
		uint32_t shared = pair_read(apply_store(apply), &key, &open);
		struct key moved = pair_key(after->authority_id, &rest, &other);
		pair_side(apply, before->authority_id, &key, 0, false);
		pair_side(apply, after->authority_id, &moved, shared, open);
	}
}

/* True if both records stand in the same blocks, told without a hash. */
static bool
same_blocks(const Mt__PersonRecord *before, const Mt__PersonRecord *after)
{
	if (!stands_alone(before) || !stands_alone(after))
		return stands_alone(before) == stands_alone(after);
	return strcmp(before->personal->name, after->personal->name) == 0 &&
	       strcmp(before->personal->birth_date, after->personal->birth_date) == 0 &&
	       strcmp(before->personal->citizen_id, after->personal->citizen_id) == 0;
}

/* A merged record's citizen id still finds the person, were it another. */
static void
merged_settle(struct apply *apply, const Mt__PersonRecord *person, bool put)
{
	if (person == NULL || person->state != MT__PERSON__STATE__MERGED || person->personal == NULL ||
	    person->personal->citizen_id[0] == '\0')
		return;
	struct rest rest = rest_of(person->person_id);
	struct key key = citizen_id_key(apply_token_key(apply), person->personal->citizen_id, true);
	key_bytes(&key, slice_of(rest.bytes, PERSON_KEY_BYTES));
	if (put)
		apply_put_bytes(apply, &key, slice_text(""));
	else
		apply_delete(apply, &key);
}

void
duplicate_settle(struct apply *apply, const Mt__PersonRecord *before, const Mt__PersonRecord *after)
{
	merged_settle(apply, before, false);
	merged_settle(apply, after, true);
	if (!same_blocks(before, after)) {
		blocks_change(apply, before, false);
		blocks_change(apply, after, true);
	} else if (before != NULL && search_locality(before) != search_locality(after)) {
		pairs_move(apply, before, after);
	}
}

void
pair_dismiss(struct apply *apply, const Mt__PersonRecord *person, const Mt__PersonRecord *other,
	     const Mt__DismissedRecord *dismissed)
{
	struct settling settling = {apply, rest_of(person->person_id), person->authority_id};
	struct rest rest = rest_of(other->person_id);
	struct key key = dismissed_key(&settling.rest, &rest);
	bool open;
	apply_put(apply, &key, &dismissed->base);
	if (pair_shared(apply_store(apply), person, other, &open) != 0)
		pair_change(&settling, &settling.rest, &rest, 0, 0);
}
