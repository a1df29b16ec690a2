/* services/enrollment/search_past.c
 *
 * The rows by which a name that was, or a place where somebody served, still leads to
 * them, for whoever asks of the past. A person's history holds words of names and
 * authorities, whatever was corrected in it since; each word at each authority is a
 * posting, but for those of today's name and place, which search_rows.c keeps. That is
 * more than ever stood together: the record of the moment decides, as it does today.
 *
 * Promises: which rows there are depends on the histories that act in a record and on the
 * record as it is now, on nothing else; so a split leaves to each its own, and an erasure
 * nothing. Nobody who was neither renamed nor transferred has any. */
#include "services/enrollment/search.h"

/* --- what a history holds ----------------------------------------------------------------------------------------- */

static bool
past_word(const struct past *past, struct slice word)
{
	for (size_t i = 0; i < past->words_count; i++) {
		if (slice_equal(past->words[i], word))
			return true;
	}
	return false;
}

static bool
past_place(const struct past *past, uint32_t locality)
{
	for (size_t i = 0; i < past->places_count; i++) {
		if (past->places[i] == locality)
			return true;
	}
	return false;
}

static void
past_add_name(struct apply *apply, struct past *past, const char *name)
{
	struct words words;
	search_words(apply, name, &words);
	for (size_t i = 0; i < words.count && past->words_count < PAST_WORDS_MAX; i++) {
		if (!past_word(past, words.at[i]))
			past->words[past->words_count++] = words.at[i];
	}
}

static void
past_add_place(struct past *past, const char *authority_id)
{
	uint32_t locality = id_locality(id_known(authority_id));
	if (past->places_count < PAST_PLACES_MAX && !past_place(past, locality))
		past->places[past->places_count++] = locality;
}

static const char *
change_name(const Mt__PersonChange *change)
{
	return change->personal != NULL ? change->personal->name : "";
}

/* Where a secondment leads nobody serves. */
static const char *
change_place(const Mt__PersonChange *change)
{
	return change->kind == MT__PERSON_CHANGE__KIND__SECONDED ? "" : change->authority_id;
}

bool
past_grows(const Mt__PersonChange *change)
{
	return change_name(change)[0] != '\0' || change_place(change)[0] != '\0';
}

void
past_of(struct apply *apply, const Mt__PersonRecord *person, struct past *past)
{
	*past = (struct past){.words_count = 0};
	if (person->erased)
		return;
	const char *name = "";
	struct history history = history_acting(apply, person);
	for (size_t i = 0; i < history.count; i++) {
		const Mt__PersonChange *change = history.rows[i]->change;
		if (change_place(change)[0] != '\0')
			past_add_place(past, change->authority_id);
		if (change_name(change)[0] == '\0' || strcmp(change_name(change), name) == 0)
			continue;
		name = change_name(change);
		past_add_name(apply, past, name);
	}
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

/* One side of a change: a past, and the words and the place that stand today. */
struct side {
	const struct past *past;
	struct words words;
	uint32_t locality;
};

static struct side
side_of(struct apply *apply, const Mt__PersonRecord *person, const struct past *past)
{
	struct side side = {.past = past, .locality = search_locality(person)};
	search_words(apply, search_name(person), &side.words);
	return side;
}

static bool
side_has(const struct side *side, struct slice word, uint32_t locality)
{
	bool today = side->locality == locality && words_hold(&side->words, word);
	return !today && past_place(side->past, locality) && past_word(side->past, word);
}

/* Rows of the one that the other lacks are put, or deleted. */
static void
side_only(struct apply *apply, const char *person_id, const struct side *one, const struct side *other, bool put)
{
	for (size_t place = 0; place < one->past->places_count; place++) {
		uint32_t locality = one->past->places[place];
		struct place at = place_at(locality, person_id);
		for (size_t i = 0; i < one->past->words_count; i++) {
			struct slice word = one->past->words[i];
			if (!side_has(one, word, locality) || side_has(other, word, locality))
				continue;
			if (put)
				posting_put(apply, TABLE_PAST_POSTING, &at, word);
			else
				posting_delete(apply, TABLE_PAST_POSTING, &at, word);
		}
	}
}

void
past_follow(struct apply *apply, const Mt__PersonRecord *before, const struct past *was, Mt__PersonRecord *after)
{
	bool stands = search_locality(before) == search_locality(after) &&
		      strcmp(search_name(before), search_name(after)) == 0;
	if (was == NULL && stands)
		return;
	struct past is;
	past_of(apply, after, &is);
	struct side old = side_of(apply, before, was != NULL ? was : &is);
	struct side new = side_of(apply, after, &is);
	side_only(apply, after->person_id, &new, &old, true);
	side_only(apply, after->person_id, &old, &new, false);
	after->renamed = false;
	for (size_t i = 0; i < is.words_count; i++)
		after->renamed = after->renamed || !words_hold(&new.words, is.words[i]);
}

/* A history has no more places than changes: none is beyond what past_of takes. */
bool
past_only_moves(const Mt__PersonRecord *before, const Mt__PersonChange *change)
{
	return !before->renamed && change_name(change)[0] == '\0' && before->version < PAST_PLACES_MAX;
}
