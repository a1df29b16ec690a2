/* services/enrollment/search.h
 *
 * What the files of search share, with those of duplicates: search_words.c takes a name
 * apart, search_rows.c keeps the rows by which a name leads to people, search_past.c those
 * of names and places that were, search_lists.c walks them, search.c answers. Nothing on
 * disk shows a name: all rows hold keyed hashes. */
#ifndef SERVICES_ENROLLMENT_SEARCH_H
#define SERVICES_ENROLLMENT_SEARCH_H

#include "services/enrollment/enrollment.h"

enum {
	/* The longest names of several cultures; what goes beyond is not searched. */
	NAME_WORDS_MAX = 12,
	/* As many as anybody types. */
	QUERY_WORDS_MAX = 8,
	QUERY_BYTES_MAX = 128,
	/* Letters of a prefix that has rows of its own; longer ones are told apart by the records. */
	PREFIX_LETTERS_MAX = 6,
	/* Words that begin alike and are walked together; the most frequent first letter has about that many syllables.
	 */
	PREFIX_WORDS_MAX = 512,
	/* Rows and records one page looks at: a few milliseconds. Of the past a word has two lists, today's and what
	 * was, and a page may begin with looking at each of PREFIX_WORDS_MAX of them twice. */
	SEARCH_SEEKS_MAX = 2000,
	SEARCH_PAST_SEEKS_MAX = 2 * SEARCH_SEEKS_MAX,
	SEARCH_RECORDS_MAX = 300,
	SEARCH_PAGE_MAX = 100,
	SEARCH_PAGE_DEFAULT = 20,
	TOKEN_BYTES = 8,
	PERSON_KEY_BYTES = ID_BYTES,        /* as in TABLE_PERSON, without the table */
	PLACE_BYTES = 4 + PERSON_KEY_BYTES, /* locality of the authority, person's key */
};

/* --- search_words.c ----------------------------------------------------------------------------------------------- */

/* A name's words: folded, in their order. The second "nguyen" of one name is a word of its own. */
struct words {
	size_t count;
	struct slice at[NAME_WORDS_MAX];
	bool last_is_open; /* nothing follows the last one: it may be only begun */
};

struct token {
	uint8_t bytes[TOKEN_BYTES];
};

/* As text_fold, faster for names. */
const char *name_fold(struct arena *arena, const char *name);
/* False if there are more words than max; the first max are there. */
bool words_of(struct arena *arena, const char *name, size_t max, struct words *words);
bool words_hold(const struct words *words, struct slice word);
/* How much of a word its first letters are. */
struct slice word_prefix(struct slice word, size_t letters_max);
struct token word_token(const uint8_t *token_key, struct slice word);
/* Keyed hash of what records share, size of it at most KEYED_BYTES. */
void block_hash(const uint8_t *token_key, uint8_t kind, struct slice text, uint8_t *hash, size_t size);

/* --- search_rows.c ------------------------------------------------------------------------------------------------ */

/* What stands in keys for a person. */
struct slice person_rest(const struct key *person);
struct id person_of_rest(struct slice rest);
/* The name under which a record is found; "" if it is not. */
const char *search_name(const Mt__PersonRecord *person);
uint32_t search_locality(const Mt__PersonRecord *person);
/* Words of that name; none of "". */
void search_words(struct apply *apply, const char *name, struct words *words);

struct place {
	uint8_t bytes[PLACE_BYTES];
};

struct place place_at(uint32_t locality, const char *person_id);
/* A word's row at a place in TABLE_NAME_POSTING or TABLE_PAST_POSTING; with the first of a word in either come the
 * rows of the ways it begins, with the last they go. */
void posting_put(struct apply *apply, uint8_t table, const struct place *place, struct slice word);
void posting_delete(struct apply *apply, uint8_t table, const struct place *place, struct slice word);

/* --- search.c ----------------------------------------------------------------------------------------------------- */

Mt__FoundPerson *found_person(struct arena *arena, const Mt__PersonRecord *person);

/* --- search_lists.c ----------------------------------------------------------------------------------------------- */

/* Where one word's postings were last seen. */
struct posting {
	uint8_t table;
	struct token token;
	struct place at;
	bool known; /* at is set */
	bool ended;
};

/* The people who have one of these words. */
struct posting_list {
	struct posting *postings;
	size_t count;
};

struct search {
	const struct store *store;
	const struct locality_range *ranges; /* only people there */
	size_t ranges_count;
	struct posting_list lists[QUERY_WORDS_MAX];
	size_t lists_count;
	struct place from; /* everyone before was looked at */
	bool past;         /* those too who had such a name, or served there, once */
	size_t seeks;
	bool ordered; /* the lists stand in the order in which they are asked */
	bool tired;   /* looked at as many rows as one call may */
};

void search_add_word(struct search *search, struct arena *arena, struct token token);
/* Everyone with a word that begins so, but for the words given; false, and nothing added, if too many words do. */
bool search_add_prefix(struct search *search, struct arena *arena, struct token prefix, const struct token *but,
		       size_t but_count);
/* The next person who is in all lists; from is past it then. False at the end, or if tired. */
bool search_next(struct search *search, struct place *place);
/* The range at or after a locality; NULL if none is left. */
const struct locality_range *range_from(const struct search *search, uint32_t locality);

#endif
