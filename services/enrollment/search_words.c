/* services/enrollment/search_words.c
 *
 * A name taken apart for finding: folded (no diacritics, d for đ, lower case), cut at
 * everything that is no letter or digit. Words become tokens, keyed hashes, so that
 * neither a key nor a file shows one.
 *
 * Nearly all names are in Latin letters as Vietnamese has them: those are folded by a
 * table, a tenth of the work of text_fold, which does the rest. tests/fuzz/fold_fuzz.c
 * holds the two against each other.
 *
 * Promise: a name gives the same words in NFC and NFD, in capitals or not; no word is
 * empty, none occurs twice. */
#include "services/enrollment/search.h"

#include "common/base/hash.h"
#include "common/base/text.h"

#include <assert.h>

enum {
	HASHED_BYTES_MAX = 4 * NAME_BYTES_MAX, /* folding lengthens a text by half at most */
	TAG_WORD = 'w',
};

/* What text_fold makes of U+00C0-024F and U+1E00-1EFF where that is one letter; a dot where it is not. */
enum { LATIN_FIRST = 0xc0, LATIN_LAST = 0x24f, VIETNAMESE_FIRST = 0x1e00, VIETNAMESE_LAST = 0x1eff };
static const char LATIN[] = "aaaaaa.ceeeeiiii.nooooo..uuuuy..aaaaaa.ceeeeiiii.nooooo..uuuuy.yaaaaaaccccccccdd"
			    "ddeeeeeeeeeegggggggghh..iiiiiiiii...jjkk.llllll....nnnnnn...oooooo..rrrrrrssssss"
			    "sstttt..uuuuuuuuuuuuwwyyyzzzzzzs................................oo.............u"
			    "u............................aaiioouuuuuuuuuu.aaaa....ggkkoooo..j...gg..nnaa...."
			    "aaaaeeeeiiiioooorrrruuuusstt..hh......aaeeooooooooyy............................";
static const char VIETNAMESE[] = "aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmmmmmmnnnnnnnnoooo"
				 "oooopppprrrrrrrrssssssssssttttttttuuuuuuuuuuvvvvwwwwwwwwwwxxxxyyzzzzzzhtwy.s...."
				 "aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeeeeeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuu"
				 "uuyyyyyyyy......";

/* The letter that stands here as the tables have it, and its bytes; '.' if they do not. */
static char
latin_letter(const uint8_t *at, size_t *bytes)
{
	*bytes = 1;
	if (at[0] < 0x80)
		return (char)(at[0] >= 'A' && at[0] <= 'Z' ? at[0] + ('a' - 'A') : at[0]);
	if (at[0] < 0xc3 || (at[1] & 0xc0) != 0x80)
		return '.';
	uint32_t point = (at[0] & 0x1fu) << 6 | (at[1] & 0x3fu);
	*bytes = 2;
	if (at[0] < 0xe0)
		return point >= LATIN_FIRST && point <= LATIN_LAST ? LATIN[point - LATIN_FIRST] : '.';
	if (at[0] != 0xe1 || (at[2] & 0xc0) != 0x80)
		return '.';
	point = (at[0] & 0x0fu) << 12 | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu);
	*bytes = 3;
	return point >= VIETNAMESE_FIRST && point <= VIETNAMESE_LAST ? VIETNAMESE[point - VIETNAMESE_FIRST] : '.';
}

const char *
name_fold(struct arena *arena, const char *name)
{
	char *folded = arena_alloc(arena, strlen(name) + 1);
	size_t size = 0;
	for (const uint8_t *at = (const uint8_t *)name; *at != '\0';) {
		size_t bytes;
		folded[size] = latin_letter(at, &bytes);
		if (folded[size++] == '.' && *at != '.')
			return text_fold(arena, name);
		at += bytes;
	}
	folded[size] = '\0';
	return folded;
}

/* Bytes of what separates words here, 0 if a letter stands here. Beyond ASCII these are the spaces and
 * punctuation that occur in names: U+0080-00BF, U+2000-207F, U+3000. */
static size_t
separator_bytes(const char *at)
{
	const unsigned char *byte = (const unsigned char *)at;
	if (byte[0] < 0x80) {
		bool letter = (byte[0] >= 'a' && byte[0] <= 'z') || (byte[0] >= '0' && byte[0] <= '9');
		return letter ? 0 : 1;
	}
	if (byte[0] == 0xc2)
		return 2;
	if (byte[0] == 0xe2 && (byte[1] == 0x80 || byte[1] == 0x81))
		return 3;
	return byte[0] == 0xe3 && byte[1] == 0x80 && byte[2] == 0x80 ? 3 : 0;
}

static size_t
times_seen(const struct words *words, struct slice word)
{
	size_t times = 0;
	for (size_t i = 0; i < words->count; i++) {
		/* A repeated word has one byte more, which no letter is. */
		bool longer = words->at[i].size == word.size + 1 && words->at[i].data[word.size] < ' ';
		times += slice_equal(words->at[i], word) || (longer && slice_begins(words->at[i], word));
	}
	return times;
}

static struct slice
word_again(struct arena *arena, struct slice word, size_t times)
{
	uint8_t *again = arena_alloc(arena, word.size + 1);
	memcpy(again, word.data, word.size);
	again[word.size] = (uint8_t)(1 + times);
	return slice_of(again, word.size + 1);
}

bool
words_of(struct arena *arena, const char *name, size_t max, struct words *words)
{
	assert(max <= NAME_WORDS_MAX);
	const char *at = name_fold(arena, name);
	*words = (struct words){.count = 0};
	if (at == NULL)
		return false;
	while (*at != '\0') {
		size_t skip = separator_bytes(at);
		words->last_is_open = skip == 0;
		if (skip > 0) {
			at += skip;
			continue;
		}
		const char *begin = at;
		while (*at != '\0' && separator_bytes(at) == 0)
			at++;
		if (words->count == max)
			return false;
		struct slice word = slice_of(begin, (size_t)(at - begin));
		size_t times = times_seen(words, word);
		words->at[words->count++] = times == 0 ? word : word_again(arena, word, times);
	}
	return true;
}

bool
words_hold(const struct words *words, struct slice word)
{
	for (size_t i = 0; i < words->count; i++) {
		if (slice_equal(words->at[i], word))
			return true;
	}
	return false;
}

struct slice
word_prefix(struct slice word, size_t letters_max)
{
	size_t size = 0;
	for (size_t letters = 0; size < word.size; size++) {
		bool begins_letter = (word.data[size] & 0xc0) != 0x80;
		if (word.data[size] < ' ' || (begins_letter && letters++ == letters_max))
			break;
	}
	return slice_of(word.data, size);
}

void
block_hash(const uint8_t *token_key, uint8_t kind, struct slice text, uint8_t *hash, size_t size)
{
	uint8_t bytes[HASHED_BYTES_MAX];
	uint8_t whole[KEYED_BYTES];
	assert(size <= KEYED_BYTES);
	assert(text.size < sizeof(bytes));
	bytes[0] = kind;
	memcpy(bytes + 1, text.data, text.size);
	hash_keyed(slice_of(bytes, text.size + 1), token_key, whole);
	memcpy(hash, whole, size);
}

struct token
word_token(const uint8_t *token_key, struct slice word)
{
	struct token token;
	block_hash(token_key, TAG_WORD, word, token.bytes, TOKEN_BYTES);
	return token;
}
