/* tests/fuzz/fold_fuzz.c
 *
 * Any text as a name: it is folded as text_fold folds it, its words are the same in NFC
 * and NFD and when folded again, and none is empty, holds a separator or occurs twice. */
#include "services/enrollment/search.h"

#include "common/base/text.h"

#include <assert.h>
#include <stdlib.h>
#include <utf8proc.h>

enum { NAME_BYTES = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_words(const struct words *words)
{
	for (size_t i = 0; i < words->count; i++) {
		assert(words->at[i].size > 0);
		assert(memchr(words->at[i].data, ' ', words->at[i].size) == NULL);
		for (size_t k = 0; k < i; k++)
			assert(!slice_equal(words->at[i], words->at[k]));
		struct slice prefix = word_prefix(words->at[i], PREFIX_LETTERS_MAX);
		assert(prefix.size > 0);
		assert(slice_begins(words->at[i], prefix));
	}
}

static void
check_same(const struct words *a, const struct words *b)
{
	assert(a->count == b->count);
	for (size_t i = 0; i < a->count; i++)
		assert(slice_equal(a->at[i], b->at[i]));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	if (size > NAME_BYTES)
		return 0;
	arena_init(&arena, 64 << 10, 0);
	const char *name = arena_text(&arena, slice_of(data, size));
	const char *folded = name_fold(&arena, name);
	const char *slowly = text_fold(&arena, name);
	assert((folded == NULL) == (slowly == NULL));
	if (folded != NULL) {
		assert(strcmp(folded, slowly) == 0);
		struct words words;
		struct words other;
		words_of(&arena, name, NAME_WORDS_MAX, &words);
		check_words(&words);
		words_of(&arena, folded, NAME_WORDS_MAX, &other);
		check_same(&words, &other);
		utf8proc_uint8_t *apart = utf8proc_NFD((const utf8proc_uint8_t *)name);
		assert(apart != NULL);
		words_of(&arena, (const char *)apart, NAME_WORDS_MAX, &other);
		check_same(&words, &other);
		free(apart);
	}
	arena_free(&arena);
	return 0;
}
