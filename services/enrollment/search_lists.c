/* services/enrollment/search_lists.c
 *
 * Walking several lists of postings at once. Postings of a word lie in the order of
 * places (locality, person), and so does every list; whoever is in all of them is found
 * by letting the rarest leap ahead, and the others after it. A word that is only begun
 * is a list of several words, of which the nearest counts; a word of the past is a list of
 * two tables.
 *
 * Promises: rows looked at are bounded; where the walk stopped is a place, and going on
 * from it misses nobody and meets nobody twice, whatever was written in between. */
#include "services/enrollment/search.h"

#include <assert.h>

enum {
	REACH_STEPS = 8,   /* rows of a list that tell how rare it is */
	TABLES_A_WORD = 2, /* today's postings and those of the past */
};

static uint32_t
place_locality(const struct place *place)
{
	return get_u32(place->bytes);
}

static int
place_compare(const struct place *a, const struct place *b)
{
	return memcmp(a->bytes, b->bytes, PLACE_BYTES);
}

static struct place
place_of_locality(uint32_t locality)
{
	struct place place = {.bytes = {0}};
	put_u32(place.bytes, locality);
	return place;
}

/* The place behind; false if there is none. */
static bool
place_advance(struct place *place)
{
	for (size_t i = PLACE_BYTES; i > 0; i--) {
		if (++place->bytes[i - 1] != 0)
			return true;
	}
	return false;
}

const struct locality_range *
range_from(const struct search *search, uint32_t locality)
{
	for (size_t i = 0; i < search->ranges_count; i++) {
		if (search->ranges[i].last >= locality)
			return &search->ranges[i];
	}
	return NULL;
}

static struct posting_list *
list_new(struct search *search, struct arena *arena, size_t count)
{
	assert(search->lists_count < QUERY_WORDS_MAX);
	struct posting_list *list = &search->lists[search->lists_count++];
	list->postings = arena_alloc(arena, (count + 1) * TABLES_A_WORD * sizeof(*list->postings));
	list->count = 0;
	return list;
}

static void
list_add(const struct search *search, struct posting_list *list, struct token token)
{
	list->postings[list->count++] = (struct posting){.table = TABLE_NAME_POSTING, .token = token};
	if (search->past)
		list->postings[list->count++] = (struct posting){.table = TABLE_PAST_POSTING, .token = token};
}

void
search_add_word(struct search *search, struct arena *arena, struct token token)
{
	list_add(search, list_new(search, arena, 1), token);
}

static bool
is_one_of(struct token token, const struct token *tokens, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (memcmp(tokens[i].bytes, token.bytes, TOKEN_BYTES) == 0)
			return true;
	}
	return false;
}

bool
search_add_prefix(struct search *search, struct arena *arena, struct token begins, const struct token *but,
		  size_t but_count)
{
	struct key prefix = key_of(TABLE_NAME_WORD);
	key_bytes(&prefix, slice_of(begins.bytes, TOKEN_BYTES));
	struct store_walk walk = store_walk(search->store, key_slice(&prefix));
	struct posting_list *list = list_new(search, arena, PREFIX_WORDS_MAX);
	for (size_t words = 0; store_walk_next(&walk);) {
		struct token token;
		assert(walk.key.size == prefix.size + TOKEN_BYTES);
		memcpy(token.bytes, walk.key.data + prefix.size, TOKEN_BYTES);
		if (is_one_of(token, but, but_count))
			continue;
		if (words++ == PREFIX_WORDS_MAX) {
			search->lists_count--;
			return false;
		}
		list_add(search, list, token);
	}
	return true;
}

/* Lets a posting stand at the first person from a place on. */
static void
posting_seek(struct search *search, struct posting *posting, const struct place *target)
{
	if (posting->ended || (posting->known && place_compare(&posting->at, target) >= 0))
		return;
	struct key prefix = key_of(posting->table);
	key_bytes(&prefix, slice_of(posting->token.bytes, TOKEN_BYTES));
	struct key from = prefix;
	key_bytes(&from, slice_of(target->bytes, PLACE_BYTES));
	struct store_walk walk = store_walk_from(search->store, key_slice(&prefix), key_slice(&from));
	search->seeks++;
	posting->ended = !store_walk_next(&walk);
	if (posting->ended)
		return;
	assert(walk.key.size == prefix.size + PLACE_BYTES);
	memcpy(posting->at.bytes, walk.key.data + prefix.size, PLACE_BYTES);
	posting->known = true;
}

/* The first of a list from a place on; false at its end. */
static bool
list_seek(struct search *search, struct posting_list *list, const struct place *target, struct place *at)
{
	bool found = false;
	for (size_t i = 0; i < list->count; i++) {
		struct posting *posting = &list->postings[i];
		posting_seek(search, posting, target);
		if (posting->ended || (found && place_compare(&posting->at, at) >= 0))
			continue;
		*at = posting->at;
		found = true;
	}
	return found;
}

/* Moves a place into the ranges; false behind the last. */
static bool
range_clamp(const struct search *search, struct place *place)
{
	const struct locality_range *range = range_from(search, place_locality(place));
	if (range == NULL)
		return false;
	if (place_locality(place) < range->first)
		*place = place_of_locality(range->first);
	return true;
}

/* Where the few next of a list end: the further, the rarer. */
static struct place
list_reach(struct search *search, struct posting_list *list)
{
	struct place reach = search->from;
	for (unsigned step = 0; step < REACH_STEPS; step++) {
		struct place at;
		if (!list_seek(search, list, &reach, &at)) {
			memset(reach.bytes, UINT8_MAX, PLACE_BYTES);
			break;
		}
		reach = at;
		place_advance(&reach);
	}
	for (size_t i = 0; i < list->count; i++)
		list->postings[i].known = list->postings[i].ended = false;
	return reach;
}

/* The rarest first: whoever it does not have, the others are not asked for. */
static void
lists_order(struct search *search)
{
	struct place reach[QUERY_WORDS_MAX];
	search->ordered = true;
	for (size_t i = 0; i < search->lists_count; i++) {
		struct posting_list list = search->lists[i];
		struct place own = list_reach(search, &list);
		size_t at = i;
		for (; at > 0 && place_compare(&reach[at - 1], &own) < 0; at--) {
			search->lists[at] = search->lists[at - 1];
			reach[at] = reach[at - 1];
		}
		search->lists[at] = list;
		reach[at] = own;
	}
}

bool
search_next(struct search *search, struct place *place)
{
	assert(search->lists_count > 0);
	if (!range_clamp(search, &search->from))
		return false;
	if (!search->ordered)
		lists_order(search);
	for (size_t i = 0; i < search->lists_count;) {
		struct place at;
		search->tired = search->seeks >= (search->past ? SEARCH_PAST_SEEKS_MAX : SEARCH_SEEKS_MAX);
		if (search->tired || !list_seek(search, &search->lists[i], &search->from, &at))
			return false;
		/* Who stands where the others do is passed on; a leap begins again with the rarest. */
		i = i == 0 || place_compare(&at, &search->from) == 0 ? i + 1 : 0;
		search->from = at;
		if (!range_clamp(search, &search->from))
			return false;
		if (place_compare(&at, &search->from) != 0)
			i = 0;
	}
	*place = search->from;
	bool more = place_advance(&search->from);
	assert(more); /* no id is all ones */
	return true;
}
