/* services/enrollment/duplicate_list.c
 *
 * Candidates for merging, as people see them: who, how likely, and why. The rows of
 * duplicate_pair.c say only that two records share something; score and reasons are
 * taken from the records as they are at the moment of asking. */
#include "services/enrollment/duplicate.h"

#include "common/base/date.h"
#include "common/base/text.h"
#include "common/wire/pb.h"

#include <assert.h>
#include <stdlib.h>

enum {
	PAIRS_PER_PAGE_MAX = 100,
	PAIRS_LOOKED_MAX = 300,
	REASONS_MAX = 9,
	SCORE_MAX = 100,
	CLASSES_COUNTED_MAX = 10000, /* of one person's working life, many times over */
	YEAR_BYTES = 4,
	WHOLE_DATE_BYTES = 10,
};

/* What each reason weighs. A citizen id says most, names of the same birth date next. */
static const int WEIGHTS[] = {
	[MT__DUPLICATE__REASON__NO_REASON] = 0,
	[MT__DUPLICATE__REASON__CITIZEN_ID_SAME] = 60,
	[MT__DUPLICATE__REASON__CITIZEN_ID_DIFFERENT] = -40,
	[MT__DUPLICATE__REASON__NAME_SAME] = 30,
	[MT__DUPLICATE__REASON__NAME_SAME_FOLDED] = 25,
	[MT__DUPLICATE__REASON__NAME_SAME_ANY_ORDER] = 20,
	[MT__DUPLICATE__REASON__BIRTH_DATE_SAME] = 30,
	[MT__DUPLICATE__REASON__BIRTH_YEAR_SAME] = 10,
	[MT__DUPLICATE__REASON__POSITION_SAME] = 5,
	[MT__DUPLICATE__REASON__HIRED_CLOSE] = 5,
};

/* --- weighing ----------------------------------------------------------------------------------------------------- */

static void
reason_add(Mt__DuplicatePair *pair, int *score, Mt__Duplicate__Reason reason)
{
	assert(pair->n_reasons < REASONS_MAX);
	pair->reasons[pair->n_reasons++] = reason;
	*score += WEIGHTS[reason];
}

static const Mt__Personal *
personal_of(const Mt__PersonRecord *person)
{
	static const Mt__Personal nobody = MT__PERSONAL__INIT;
	return person->personal != NULL ? person->personal : &nobody;
}

static void
weigh_names(struct call *call, Mt__DuplicatePair *pair, int *score, const char *one, const char *other)
{
	struct words a;
	struct words b;
	words_of(call_arena(call), one, NAME_WORDS_MAX, &a);
	words_of(call_arena(call), other, NAME_WORDS_MAX, &b);
	if (a.count == 0 || a.count != b.count)
		return;
	bool in_order = true;
	for (size_t i = 0; i < a.count; i++) {
		if (!words_hold(&b, a.at[i]))
			return;
		in_order = in_order && slice_equal(a.at[i], b.at[i]);
	}
	if (strcmp(one, other) == 0)
		reason_add(pair, score, MT__DUPLICATE__REASON__NAME_SAME);
	else if (in_order)
		reason_add(pair, score, MT__DUPLICATE__REASON__NAME_SAME_FOLDED);
	else
		reason_add(pair, score, MT__DUPLICATE__REASON__NAME_SAME_ANY_ORDER);
}

/* When the person's history begins; DATE_NONE if it does not say. */
static int32_t
hired_on(struct call *call, const Mt__PersonRecord *person)
{
	struct key prefix = history_key(id_known(person->person_id));
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	int32_t date;
	if (!store_walk_next(&walk))
		return DATE_NONE;
	const Mt__ChangeRecord *row = call_unpack(call, &mt__change_record__descriptor, walk.value);
	assert(row != NULL);
	bool hired = row->change->kind == MT__PERSON_CHANGE__KIND__HIRED;
	return hired && date_parse(row->change->effective_date, &date) ? date : DATE_NONE;
}

static void
weigh(struct call *call, Mt__DuplicatePair *pair, const Mt__PersonRecord *person, const Mt__PersonRecord *other)
{
	const Mt__Personal *a = personal_of(person);
	const Mt__Personal *b = personal_of(other);
	int score = 0;
	pair->reasons = arena_alloc(call_arena(call), REASONS_MAX * sizeof(*pair->reasons));
	if (a->citizen_id[0] != '\0' && b->citizen_id[0] != '\0')
		reason_add(pair, &score,
			   strcmp(a->citizen_id, b->citizen_id) == 0 ? MT__DUPLICATE__REASON__CITIZEN_ID_SAME
								     : MT__DUPLICATE__REASON__CITIZEN_ID_DIFFERENT);
	weigh_names(call, pair, &score, a->name, b->name);
	bool whole = strlen(a->birth_date) == WHOLE_DATE_BYTES;
	if (whole && strcmp(a->birth_date, b->birth_date) == 0)
		reason_add(pair, &score, MT__DUPLICATE__REASON__BIRTH_DATE_SAME);
	else if (a->birth_date[0] != '\0' && strncmp(a->birth_date, b->birth_date, YEAR_BYTES) == 0)
		reason_add(pair, &score, MT__DUPLICATE__REASON__BIRTH_YEAR_SAME);
	if (person->position[0] != '\0' && strcmp(person->position, other->position) == 0)
		reason_add(pair, &score, MT__DUPLICATE__REASON__POSITION_SAME);
	int32_t hired = hired_on(call, person);
	int32_t other_hired = hired_on(call, other);
	if (hired != DATE_NONE && other_hired != DATE_NONE && abs(hired - other_hired) <= HIRED_CLOSE_DAYS)
		reason_add(pair, &score, MT__DUPLICATE__REASON__HIRED_CLOSE);
	pair->score = score < 0 ? 0 : score > SCORE_MAX ? SCORE_MAX : (uint32_t)score;
}

/* Of somebody outside the caller's reach no more than that there is somebody. */
static Mt__FoundPerson *
shown_person(struct call *call, const Mt__PersonRecord *person)
{
	if (tree_covers(call_store(call), call_authority(call), person->authority_id))
		return found_person(call_arena(call), person);
	Mt__FoundPerson *shown = (Mt__FoundPerson *)pb_new(&mt__found_person__descriptor, call_arena(call));
	shown->person_id = person->person_id;
	shown->authority_id = person->authority_id;
	shown->state = person->state;
	return shown;
}

static Mt__DuplicatePair *
pair_show(struct call *call, const Mt__PersonRecord *person, const Mt__PersonRecord *other)
{
	Mt__DuplicatePair *pair = (Mt__DuplicatePair *)pb_new(&mt__duplicate_pair__descriptor, call_arena(call));
	bool adoption =
		(person->state == MT__PERSON__STATE__PROVISIONAL) != (other->state == MT__PERSON__STATE__PROVISIONAL);
	pair->person = shown_person(call, person);
	pair->other = shown_person(call, other);
	pair->kind = adoption ? MT__DUPLICATE__KIND__ADOPTION : MT__DUPLICATE__KIND__SAME_PERSON;
	weigh(call, pair, person, other);
	return pair;
}

/* --- decisions ---------------------------------------------------------------------------------------------------- */

/* A list of pairs on its way. */
struct listing {
	struct call *call;
	const char *authority_id;
	uint32_t min_score;
	uint32_t size;
	size_t looked;
	Mt__DuplicatePair **pairs;
	size_t count;
};

/* A row of a pair whose one side serves within the authority asked about. */
static void
listing_add(struct listing *listing, struct slice key)
{
	struct call *call = listing->call;
	struct slice other_rest = block_person(key);
	struct slice rest = block_person(slice_of(key.data, key.size - PERSON_KEY_BYTES));
	struct id id = person_of_rest(rest);
	struct id other_id = person_of_rest(other_rest);
	bool first = slice_compare(rest, other_rest) < 0;
	const Mt__PersonRecord *person = person_get(call, id);
	const Mt__PersonRecord *other = person_get(call, other_id);
	assert(person != NULL);
	assert(other != NULL);
	listing->looked++;
	/* Both sides may lie within: then the first is told, unless its side has dismissed the pair. */
	bool told = false;
	if (!first && tree_covers(call_store(call), listing->authority_id, other->authority_id))
		pair_shared(call_store(call), other, person, &told);
	if (told)
		return;
	Mt__DuplicatePair *pair = pair_show(call, person, other);
	if (pair->score >= listing->min_score)
		listing->pairs[listing->count++] = pair;
}

/* Goes through the rows of the localities; the token to go on from, or "". */
static const char *
listing_fill(struct listing *listing, const struct search *search, const struct key *after)
{
	struct call *call = listing->call;
	struct key prefix = key_of(TABLE_PAIR);
	struct store_walk walk = store_walk_after(call_store(call), key_slice(&prefix), key_slice(after));
	while (store_walk_next(&walk)) {
		enum { OPEN_AT = 1 };
		uint32_t locality = 0;
		struct slice rest = slice_of(walk.key.data + 1, walk.key.size - 1);
		bool read = key_read_u32(&rest, &locality);
		assert(read);
		const struct locality_range *range = range_from(search, locality);
		if (range == NULL)
			return "";
		if (locality < range->first) {
			struct key next = prefix;
			key_u32(&next, range->first);
			walk = store_walk_from(call_store(call), key_slice(&prefix), key_slice(&next));
			continue;
		}
		struct key key = key_copy(walk.key);
		listing->looked++;
		if (walk.value.data[OPEN_AT] != 0)
			listing_add(listing, key_slice(&key));
		if (listing->count < listing->size && listing->looked < PAIRS_LOOKED_MAX)
			continue;
		char *token = arena_alloc(call_arena(call), TEXT_BASE64_BYTES(key.size));
		text_base64url(key_slice(&key), token);
		return token;
	}
	return "";
}

void
duplicates_list(Mt__Duplicates_Service *service, const Mt__ListDuplicatesRequest *in,
		Mt__ListDuplicatesReply_Closure reply, void *call)
{
	(void)service;
	struct listing listing = {.call = call, .min_score = in->min_score, .size = in->page_size};
	const Mt__AuthorityRecord *authority = call_authority_ref(call, "authority", in->authority);
	struct locality_range *ranges;
	struct search search = {.store = call_store(call)};
	if (authority == NULL)
		return;
	if (!tree_subtree_localities(call_store(call), call_arena(call), authority->authority_id, &ranges,
				     &search.ranges_count)) {
		call_refuse(call, MT__STATUS__RESOURCE_EXHAUSTED, "authority %s has too many below it",
			    authority->authority_id);
		return;
	}
	struct key after = key_of(TABLE_PAIR);
	if (in->page_token[0] != '\0' &&
	    (!text_from_base64url(slice_text(in->page_token), after.data, sizeof(after.data), &after.size) ||
	     after.size == 0 || after.data[0] != TABLE_PAIR)) {
		call_refuse_field(call, "page_token", "page_token is not of this list");
		return;
	}
	if (listing.size == 0 || listing.size > PAIRS_PER_PAGE_MAX)
		listing.size = PAIRS_PER_PAGE_MAX;
	search.ranges = ranges;
	listing.authority_id = authority->authority_id;
	listing.pairs = arena_alloc(call_arena(call), listing.size * sizeof(Mt__DuplicatePair *));
	Mt__ListDuplicatesReply out = MT__LIST_DUPLICATES_REPLY__INIT;
	out.next_page_token = (char *)listing_fill(&listing, &search, &after);
	out.pairs = listing.pairs;
	out.n_pairs = listing.count;
	reply(&out, call);
}

static uint32_t
classes_of(struct call *call, const Mt__PersonRecord *person)
{
	struct key prefix = person_key(id_known(person->person_id));
	prefix.data[0] = TABLE_SUBJECT_CLASS;
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	uint32_t count = 0;
	while (count < CLASSES_COUNTED_MAX && store_walk_next(&walk))
		count++;
	return count;
}

/* What two records share tells of both: without a pair, one's own record would be a way to guess anybody's. */
static bool
both_within(struct call *call, const Mt__PersonRecord *person, const Mt__PersonRecord *other)
{
	const struct store *store = call_store(call);
	return tree_covers(store, call_authority(call), person->authority_id) &&
	       tree_covers(store, call_authority(call), other->authority_id);
}

void
duplicates_preview(Mt__Duplicates_Service *service, const Mt__PreviewMergeRequest *in,
		   Mt__PreviewMergeReply_Closure reply, void *call)
{
	(void)service;
	struct id id;
	const Mt__PersonRecord *person = person_or_refuse(call, in->person_id);
	if (person == NULL || !call_id(call, "other_id", in->other_id, &id))
		return;
	const Mt__PersonRecord *other = person_get(call, id);
	if (other == NULL) {
		call_refuse(call, MT__STATUS__NOT_FOUND, "person %s is unknown", in->other_id);
		return;
	}
	const uint32_t roles = 1u << MT__ROLE__HR_OFFICER | 1u << MT__ROLE__REGISTRAR | 1u << MT__ROLE__AUDITOR;
	const struct scope_way ways[] = {{roles, person->authority_id}, {roles, other->authority_id}};
	if (!scope_one_of(call, ways, sizeof(ways) / sizeof(ways[0])))
		return;
	bool open;
	bool other_open;
	Mt__PreviewMergeReply out = MT__PREVIEW_MERGE_REPLY__INIT;
	uint32_t shared = pair_shared(call_store(call), person, other, &open);
	pair_shared(call_store(call), other, person, &other_open);
	if (!open && !other_open && !both_within(call, person, other)) {
		call_refuse(call, MT__STATUS__PERMISSION_DENIED, "persons %s and %s are no candidates",
			    person->person_id, other->person_id);
		return;
	}
	out.pair = pair_show(call, person, other);
	out.changes = (uint32_t)history_of(call, other->person_id).count;
	out.enrolments = classes_of(call, other);
	out.staff_codes = (uint32_t)other->n_staff_codes;
	out.dismissed = shared != 0 && !open;
	struct merge_fault fault = merge_fault(person, other);
	if (fault.code != NULL)
		out.refusal = (char *)fault.sentence;
	reply(&out, call);
}
