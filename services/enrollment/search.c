/* services/enrollment/search.c
 *
 * Finding people by name, by place, position and state, and by citizen id. The lists of
 * search_lists.c propose, the record decides: a hash that collided, a longer prefix than
 * the rows know, a person who moved meanwhile never make a false hit.
 *
 * Promises: nobody outside the caller's reach is found, nor that they exist; a page looks
 * at a bounded number of rows and then says where to go on; pages under writes neither
 * miss nor repeat anybody whose place did not change. */
#include "services/enrollment/search.h"

#include "common/base/text.h"
#include "common/wire/pb.h"
#include "services/enrollment/duplicate.h"

#include <assert.h>

/* What a page is asked for, and what it has. */
struct asked {
	struct call *call;
	struct search search;
	const char *authority_id;
	const char *position;
	Mt__Person__State status;
	Mt__Person__Category category;
	struct moment moment;
	struct words words; /* of the query; the last is only begun if last_is_open */
	uint32_t size;
	uint32_t records; /* looked at */
	Mt__FoundPerson **found;
	size_t found_count;
	const char *next_token;
};

/* --- look-ups ----------------------------------------------------------------------------------------------------- */

Mt__FoundPerson *
found_person(struct arena *arena, const Mt__PersonRecord *person)
{
	Mt__FoundPerson *found = (Mt__FoundPerson *)pb_new(&mt__found_person__descriptor, arena);
	found->person_id = person->person_id;
	found->state = person->state;
	found->authority_id = person->authority_id;
	found->category = person->category;
	found->position = person->position;
	found->rank = person->rank;
	found->unit = person->unit;
	if (person->n_staff_codes > 0)
		found->staff_code = person->staff_codes[0]->code;
	if (person->personal != NULL) {
		enum { YEAR_DIGITS = 4 };
		size_t size = strlen(person->personal->birth_date);
		found->name = person->personal->name;
		found->birth_year = arena_text(
			arena, slice_of(person->personal->birth_date, size < YEAR_DIGITS ? size : YEAR_DIGITS));
	}
	return found;
}

static size_t
whole_words(const struct asked *asked)
{
	return asked->words.count - (asked->words.last_is_open && asked->words.count > 0 ? 1 : 0);
}

/* All whole words stand in the name, and what is begun begins a further one. */
static bool
name_fits(const struct asked *asked, const char *name)
{
	struct words words;
	size_t whole = whole_words(asked);
	words_of(call_arena(asked->call), name, NAME_WORDS_MAX, &words);
	for (size_t i = 0; i < whole; i++) {
		if (!words_hold(&words, asked->words.at[i]))
			return false;
	}
	if (whole == asked->words.count)
		return true;
	struct words used = asked->words;
	used.count = whole;
	for (size_t i = 0; i < words.count; i++) {
		if (slice_begins(words.at[i], asked->words.at[whole]) && !words_hold(&used, words.at[i]))
			return true;
	}
	return false;
}

static bool
is_filtered(const struct asked *asked)
{
	return asked->status != MT__PERSON__STATE__UNSET || asked->category != MT__PERSON__CATEGORY__UNSPECIFIED ||
	       asked->position[0] != '\0';
}

static bool
person_fits(const struct asked *asked, const Mt__PersonRecord *person, uint32_t locality)
{
	if (person->state == MT__PERSON__STATE__MERGED || search_locality(person) != locality)
		return false;
	if (asked->status != MT__PERSON__STATE__UNSET && person->state != asked->status)
		return false;
	if (asked->category != MT__PERSON__CATEGORY__UNSPECIFIED && person->category != asked->category)
		return false;
	if (asked->position[0] != '\0' && strcmp(person->position, asked->position) != 0)
		return false;
	return tree_covers(call_store(asked->call), asked->authority_id, person->authority_id) &&
	       name_fits(asked, search_name(person));
}

/* Whoever had not begun is found only by asking for just those. */
static bool
fits_then(const struct asked *asked, const Mt__PersonRecord *then, uint32_t locality)
{
	bool begun = then->state != MT__PERSON__STATE__NOT_YET || asked->status == MT__PERSON__STATE__NOT_YET;
	return begun && person_fits(asked, then, locality);
}

/* What is shown of a candidate: the record of the moment; of whoever serves beyond the caller's reach by now, what a
 * former authority learns, and nothing by what would tell more. NULL if it is no hit. With a staff code, only of who
 * served under it then. */
static const Mt__PersonRecord *
person_hit(const struct asked *asked, Mt__PersonRecord *today, uint32_t locality, const char *staff_code)
{
	struct call *call = asked->call;
	if (asked->moment.now) {
		bool serves = staff_code == NULL || today->state == MT__PERSON__STATE__NOT_YET ||
			      served_under(today, locality, staff_code);
		return serves && person_fits(asked, today, locality) ? today : NULL;
	}
	if (person_behind(call, today, &asked->moment) != today)
		return NULL;
	const Mt__PersonRecord *then = person_moment(call, today, &asked->moment);
	if (then == NULL || !fits_then(asked, then, locality) ||
	    (staff_code != NULL && !served_under(then, locality, staff_code)))
		return NULL;
	if (person_open_to(call, today))
		return then;
	return is_filtered(asked) ? NULL : person_hidden(call, today);
}

/* --- decisions ---------------------------------------------------------------------------------------------------- */

/* A page's token: how it was walked, and from where on. */
enum { TOKEN_BY_NAME = 'n', TOKEN_BY_PLACE = 'p' };

static const char *
token_make(struct call *call, uint8_t kind, struct slice at)
{
	struct key key = key_of(kind);
	key_bytes(&key, at);
	char *token = arena_alloc(call_arena(call), TEXT_BASE64_BYTES(key.size));
	text_base64url(key_slice(&key), token);
	return token;
}

/* False and refused if it is no token of this kind; *at is empty for the first page. */
static bool
token_read(struct call *call, const char *text, uint8_t kind, struct key *at)
{
	at->size = 0;
	if (text[0] == '\0')
		return true;
	if (text_from_base64url(slice_text(text), at->data, sizeof(at->data), &at->size) && at->size > 0 &&
	    at->data[0] == kind)
		return true;
	call_refuse_field(call, "page_token", "page_token is not of this list");
	return false;
}

/* A candidate is added if it is a hit. */
static void
asked_look(struct asked *asked, Mt__PersonRecord *today, uint32_t locality, const char *staff_code)
{
	assert(today != NULL); /* no row outlives its record */
	const Mt__PersonRecord *hit = person_hit(asked, today, locality, staff_code);
	if (hit != NULL)
		asked->found[asked->found_count++] = found_person(call_arena(asked->call), hit);
}

static bool
asked_is_full(const struct asked *asked)
{
	bool heavy = asked->records > 0 && call_arena(asked->call)->used > PAGE_ARENA_BYTES_MAX;
	return asked->found_count == asked->size || asked->records == SEARCH_RECORDS_MAX || heavy;
}

/* Lists for the words of the query; false and refused if what is begun could be anything. */
static bool
asked_lists(struct asked *asked)
{
	struct call *call = asked->call;
	const uint8_t *token_key = call_token_key(call);
	struct token tokens[QUERY_WORDS_MAX];
	size_t whole = whole_words(asked);
	for (size_t i = 0; i < whole; i++) {
		tokens[i] = word_token(token_key, asked->words.at[i]);
		search_add_word(&asked->search, call_arena(call), tokens[i]);
	}
	if (whole == asked->words.count)
		return true;
	struct token begins = word_token(token_key, word_prefix(asked->words.at[whole], PREFIX_LETTERS_MAX));
	if (search_add_prefix(&asked->search, call_arena(call), begins, tokens, whole) || whole > 0)
		return true; /* without a list for it, the records are looked at */
	call_refuse_field(call, "q", "q needs a further letter: more than %d words begin so", PREFIX_WORDS_MAX);
	return false;
}

static void
search_by_name(struct asked *asked, const char *page_token)
{
	struct call *call = asked->call;
	struct key at;
	if (!token_read(call, page_token, TOKEN_BY_NAME, &at) || !asked_lists(asked))
		return;
	if (at.size == 1 + PLACE_BYTES)
		memcpy(asked->search.from.bytes, at.data + 1, PLACE_BYTES);
	struct place place;
	bool more = true;
	while (!asked_is_full(asked) && (more = search_next(&asked->search, &place))) {
		struct id id = person_of_rest(slice_of(place.bytes + sizeof(uint32_t), PERSON_KEY_BYTES));
		asked->records++;
		asked_look(asked, person_get(call, id), get_u32(place.bytes), NULL);
	}
	if (more || asked->search.tired)
		asked->next_token = token_make(call, TOKEN_BY_NAME, slice_of(asked->search.from.bytes, PLACE_BYTES));
}

/* Without a name: the staff codes of the places, each current one a person. */
static void
search_by_place(struct asked *asked, const char *page_token)
{
	struct call *call = asked->call;
	struct key at;
	uint32_t locality = 0;
	if (!token_read(call, page_token, TOKEN_BY_PLACE, &at))
		return;
	struct key prefix = key_of(TABLE_STAFF_CODE);
	struct key from = prefix;
	key_bytes(&from, slice_of(at.data + 1, at.size > 0 ? at.size - 1 : 0));
	struct store_walk walk = store_walk_after(call_store(call), key_slice(&prefix), key_slice(&from));
	for (size_t rows = 0; store_walk_next(&walk);) {
		struct slice rest = slice_of(walk.key.data + 1, walk.key.size - 1);
		bool read = key_read_u32(&rest, &locality);
		assert(read);
		const struct locality_range *range = range_from(&asked->search, locality);
		if (range == NULL)
			return;
		if (locality < range->first) {
			struct key next = prefix;
			key_u32(&next, range->first);
			walk = store_walk_from(call_store(call), key_slice(&prefix), key_slice(&next));
			continue;
		}
		from = key_copy(walk.key);
		struct staff_row row = staff_row_read(walk.value);
		rows++;
		if (staff_row_listed(&row, &asked->moment)) {
			asked->records++;
			asked_look(asked, person_get(call, row.person), locality, staff_code_of_key(&from));
		}
		if (asked_is_full(asked) || rows == SEARCH_SEEKS_MAX) {
			asked->next_token = token_make(call, TOKEN_BY_PLACE, slice_of(from.data + 1, from.size - 1));
			return;
		}
	}
}

/* Whom it may be about: an authority within the caller's, with all below it. */
static bool
asked_scope(struct asked *asked, const char *authority)
{
	struct call *call = asked->call;
	asked->authority_id = call_authority(call);
	if (authority[0] != '\0') {
		const Mt__AuthorityRecord *record = call_authority_ref(call, "authority", authority);
		if (record == NULL)
			return false;
		asked->authority_id = record->authority_id;
	}
	if (!call_scope(call, asked->authority_id))
		return false;
	struct locality_range *ranges;
	if (!tree_subtree_localities(call_store(call), call_arena(call), asked->authority_id, &ranges,
				     &asked->search.ranges_count)) {
		call_refuse(call, MT__STATUS__RESOURCE_EXHAUSTED, "authority %s has too many below it",
			    asked->authority_id);
		return false;
	}
	asked->search.ranges = ranges;
	return true;
}

static void
person_search_search(Mt__PersonSearch_Service *service, const Mt__SearchPersonsRequest *in,
		     Mt__SearchPersonsReply_Closure reply, void *call)
{
	(void)service;
	struct asked asked = {.call = call, .status = in->status, .next_token = ""};
	asked.search.store = call_store(call);
	asked.category = in->category;
	if (!asked_scope(&asked, in->authority) || !moment_of(call, in->as_of, in->known_at, &asked.moment))
		return;
	asked.search.past = !asked.moment.now;
	const char *q = call_text(call, "q", in->q, QUERY_BYTES_MAX, true);
	asked.position = q != NULL ? call_text(call, "position", in->position, CODE_BYTES_MAX, true) : NULL;
	if (asked.position == NULL)
		return;
	if (!words_of(call_arena(call), q, QUERY_WORDS_MAX, &asked.words)) {
		call_refuse_field(call, "q", "q holds more than %d words", QUERY_WORDS_MAX);
		return;
	}
	if (in->page_size > SEARCH_PAGE_MAX) {
		call_refuse_field(call, "page_size", "page_size is more than %d", SEARCH_PAGE_MAX);
		return;
	}
	asked.size = in->page_size > 0 ? in->page_size : SEARCH_PAGE_DEFAULT;
	asked.found = arena_alloc(call_arena(call), asked.size * sizeof(Mt__FoundPerson *));
	if (asked.words.count > 0)
		search_by_name(&asked, in->page_token);
	else
		search_by_place(&asked, in->page_token);
	if (call_refused(call))
		return;
	Mt__SearchPersonsReply out = MT__SEARCH_PERSONS_REPLY__INIT;
	out.persons = asked.found;
	out.n_persons = asked.found_count;
	out.next_page_token = (char *)asked.next_token;
	reply(&out, call);
}

Mt__PersonSearch_Service person_search_handlers = MT__PERSON_SEARCH__INIT(person_search_);

/* The first within the caller's reach of those with a citizen id; NULL if nobody is. */
static const Mt__PersonRecord *
citizen_within(struct call *call, const char *citizen_id, bool merged)
{
	struct key prefix = citizen_id_key(call_token_key(call), citizen_id, merged);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	for (size_t looked = 0; looked < BLOCK_LOOKED_MAX && store_walk_next(&walk); looked++) {
		const Mt__PersonRecord *person =
			person_standing(call, person_get(call, person_of_rest(block_person(walk.key))));
		assert(person != NULL);
		if (tree_covers(call_store(call), call_authority(call), person->authority_id))
			return person;
	}
	return NULL;
}

void
person_lookup(const Mt__LookupPersonRequest *in, Mt__PersonRecord_Closure reply, void *call)
{
	if (strlen(in->citizen_id) != CITIZEN_ID_DIGITS || strspn(in->citizen_id, "0123456789") != CITIZEN_ID_DIGITS) {
		call_refuse_field(call, "citizen_id", "citizen_id is not 12 digits");
		return;
	}
	const Mt__PersonRecord *person = citizen_within(call, in->citizen_id, false);
	if (person == NULL)
		person = citizen_within(call, in->citizen_id, true);
	if (person == NULL) {
		/* Somebody elsewhere may have it: that is not told. */
		call_refuse(call, MT__STATUS__NOT_FOUND, "nobody has that citizen id");
		return;
	}
	struct moment moment;
	if (!call_scope(call, person->authority_id) || !moment_of(call, in->as_of, in->known_at, &moment))
		return;
	person = person_moment(call, (Mt__PersonRecord *)person, &moment);
	if (person == NULL)
		call_refuse(call, MT__STATUS__NOT_FOUND, "nobody was known by that citizen id at %s", in->known_at);
	else
		reply(person, call);
}
