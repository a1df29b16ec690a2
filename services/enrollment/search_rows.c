/* services/enrollment/search_rows.c
 *
 * The rows by which a name leads to people: a posting for each word of each name, and,
 * for each word that has postings, rows for the ways it begins. A posting stands where
 * the person serves now, so that a province's people lie together; a transfer moves it.
 * Names and places that were have postings of their own, see search_past.c.
 *
 * Promises: a word has rows exactly while it has postings, of today or of the past. Which
 * postings of today there are depends on the records as they are now and on nothing before:
 * after an erasure, a replay that never saw the name makes the same rows.
 *
 * Rows a new person with a name of three known words makes: 3 here, 2 in duplicate_pair.c. */
#include "services/enrollment/search.h"

#include <assert.h>

struct slice
person_rest(const struct key *person)
{
	return slice_of(person->data + 1, person->size - 1);
}

struct id
person_of_rest(struct slice rest)
{
	struct id id;
	assert(rest.size == PERSON_KEY_BYTES);
	memcpy(id.bytes, rest.data, ID_BYTES);
	return id;
}

const char *
search_name(const Mt__PersonRecord *person)
{
	bool shown = person != NULL && person->personal != NULL && person->authority_id[0] != '\0' &&
		     person->state != MT__PERSON__STATE__MERGED;
	return shown ? person->personal->name : "";
}

uint32_t
search_locality(const Mt__PersonRecord *person)
{
	bool placed = person != NULL && person->authority_id[0] != '\0';
	return placed ? id_locality(id_known(person->authority_id)) : 0;
}

static struct key
posting_key(uint8_t table, struct token token)
{
	struct key key = key_of(table);
	key_bytes(&key, slice_of(token.bytes, TOKEN_BYTES));
	return key;
}

/* What the keys of all postings of a person there end with. */
struct place
place_at(uint32_t locality, const char *person_id)
{
	struct place place = {.bytes = {0}};
	struct key whose = person_key(id_known(person_id));
	put_u32(place.bytes, locality);
	memcpy(place.bytes + sizeof(uint32_t), person_rest(&whose).data, PERSON_KEY_BYTES);
	return place;
}

static struct key
posting_of(uint8_t table, struct token token, const struct place *place)
{
	struct key key = posting_key(table, token);
	key_bytes(&key, slice_of(place->bytes, PLACE_BYTES));
	return key;
}

static struct key
word_key(struct token begins, struct token token)
{
	struct key key = key_of(TABLE_NAME_WORD);
	key_bytes(&key, slice_of(begins.bytes, TOKEN_BYTES));
	key_bytes(&key, slice_of(token.bytes, TOKEN_BYTES));
	return key;
}

static void
word_row(struct apply *apply, struct token begins, struct token token, bool put)
{
	struct key key = word_key(begins, token);
	if (put)
		apply_put_bytes(apply, &key, slice_text(""));
	else
		apply_delete(apply, &key);
}

/* The word's rows: one for each way it begins, and one for it as a whole. */
static void
word_rows(struct apply *apply, struct slice word, struct token token, bool put)
{
	size_t last = 0;
	for (size_t letters = 1; letters <= PREFIX_LETTERS_MAX; letters++) {
		struct slice prefix = word_prefix(word, letters);
		if (prefix.size == last || prefix.size == word.size)
			break;
		last = prefix.size;
		word_row(apply, word_token(apply_token_key(apply), prefix), token, put);
	}
	word_row(apply, token, token, put);
}

void
posting_put(struct apply *apply, uint8_t table, const struct place *place, struct slice word)
{
	struct token token = word_token(apply_token_key(apply), word);
	struct key key = posting_of(table, token, place);
	apply_put_bytes(apply, &key, slice_text(""));
	struct key whole = word_key(token, token);
	if (!store_has(apply_store(apply), key_slice(&whole)))
		word_rows(apply, word, token, true);
}

/* keeps: the place that is left stays one of the past; where the person comes back to, it was one. */
static void
posting_move(struct apply *apply, const struct place *before, const struct place *after, struct slice word, bool keeps)
{
	struct token token = word_token(apply_token_key(apply), word);
	struct key from = posting_of(TABLE_NAME_POSTING, token, before);
	struct key to = posting_of(TABLE_NAME_POSTING, token, after);
	apply_delete(apply, &from);
	apply_put_bytes(apply, &to, slice_text(""));
	if (!keeps)
		return;
	struct key left = posting_of(TABLE_PAST_POSTING, token, before);
	struct key back = posting_of(TABLE_PAST_POSTING, token, after);
	apply_put_bytes(apply, &left, slice_text(""));
	if (store_has(apply_store(apply), key_slice(&back)))
		apply_delete(apply, &back);
}

static bool
word_is_posted(struct apply *apply, uint8_t table, struct token token)
{
	struct key prefix = posting_key(table, token);
	struct store_walk walk = store_walk(apply_store(apply), key_slice(&prefix));
	return store_walk_next(&walk);
}

void
posting_delete(struct apply *apply, uint8_t table, const struct place *place, struct slice word)
{
	struct token token = word_token(apply_token_key(apply), word);
	struct key key = posting_of(table, token, place);
	apply_delete(apply, &key);
	if (!word_is_posted(apply, TABLE_NAME_POSTING, token) && !word_is_posted(apply, TABLE_PAST_POSTING, token))
		word_rows(apply, word, token, false);
}

void
search_words(struct apply *apply, const char *name, struct words *words)
{
	words_of(apply_arena(apply), name, NAME_WORDS_MAX, words);
}

static void
provisional_settle(struct apply *apply, const Mt__PersonRecord *person, bool put)
{
	if (person == NULL || person->state != MT__PERSON__STATE__PROVISIONAL || person->erased)
		return; /* of whoever was erased nobody is left to adopt */
	struct key whose = person_key(id_known(person->person_id));
	struct key key = key_of(TABLE_PROVISIONAL);
	key_u32(&key, search_locality(person));
	key_bytes(&key, person_rest(&whose));
	metric_stock(apply, METRIC_PERSONS_PROVISIONAL, person->authority_id, "", put ? 1 : -1);
	if (put)
		apply_put_bytes(apply, &key, slice_text(""));
	else
		apply_delete(apply, &key);
}

void
search_settle(struct apply *apply, const Mt__PersonRecord *before, const Mt__PersonRecord *after, bool moves)
{
	provisional_settle(apply, before, false);
	provisional_settle(apply, after, true);
	bool moved = search_locality(before) != search_locality(after);
	if (!moved && strcmp(search_name(before), search_name(after)) == 0)
		return;
	struct words old;
	struct words new;
	search_words(apply, search_name(before), &old);
	search_words(apply, search_name(after), &new);
	struct place from = place_at(search_locality(before), after->person_id);
	struct place to = place_at(search_locality(after), after->person_id);
	for (size_t i = 0; i < new.count; i++) {
		if (!words_hold(&old, new.at[i]))
			posting_put(apply, TABLE_NAME_POSTING, &to, new.at[i]);
		else if (moved)
			posting_move(apply, &from, &to, new.at[i], moves);
	}
	for (size_t i = 0; i < old.count; i++) {
		if (!words_hold(&new, old.at[i]))
			posting_delete(apply, TABLE_NAME_POSTING, &from, old.at[i]);
	}
}
