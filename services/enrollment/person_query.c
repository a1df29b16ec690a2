/* services/enrollment/person_query.c
 *
 * What may be asked about persons, of today or of a moment in both times: as of a civil
 * date, as known at an instant. A former authority learns where its people went and no
 * more. */
#include "services/enrollment/enrollment.h"

#include "common/base/date.h"
#include "common/wire/pb.h"

#include <assert.h>
#include <stdlib.h>

bool
moment_of(struct call *call, const char *as_of, const char *known_at, struct moment *moment)
{
	*moment = (struct moment){.as_of = call_today(call), .known_us = INT64_MAX, .now = true};
	if (as_of[0] != '\0') {
		moment->now = false;
		moment->as_of = call_date(call, "as_of", as_of);
		if (moment->as_of == DATE_NONE)
			return false;
	}
	if (known_at[0] == '\0')
		return true;
	moment->now = false;
	if (instant_parse(known_at, &moment->known_us))
		return true;
	call_refuse_field(call, "known_at", "known_at is not an RFC 3339 instant");
	return false;
}

Mt__PersonRecord *
person_moment(struct call *call, Mt__PersonRecord *person, const struct moment *moment)
{
	if (moment->now)
		return person;
	Mt__PersonRecord *then = person_at(call, person, moment->as_of, moment->known_us);
	return then->version > 0 ? then : NULL;
}

static const char *
staff_person(struct call *call, const char *authority_id, const char *staff_code)
{
	if (staff_code[0] == '\0' || authority_id[0] == '\0')
		return "";
	struct staff_row row = staff_row_find(call_store(call), id_locality(id_known(authority_id)), staff_code);
	if (row.kind != STAFF_CURRENT && row.kind != STAFF_FORMER)
		return "";
	return id_text(call_arena(call), slice_of(row.person.bytes, ID_BYTES));
}

/* What only answers hold. */
static void
person_answer(struct call *call, Mt__PersonRecord *person)
{
	person->supervisor_id = (char *)staff_person(call, person->authority_id, person->supervisor);
	person->successor_id = (char *)staff_person(call, person->authority_id, person->successor);
}

static void
persons_get(Mt__Persons_Service *service, const Mt__GetPersonRequest *in, Mt__PersonRecord_Closure reply, void *call)
{
	(void)service;
	struct moment moment;
	Mt__PersonRecord *person = person_or_refuse(call, in->person_id);
	if (person == NULL)
		return;
	if (!call_is_self(call, person->person_id) && !call_scope(call, person->authority_id))
		return;
	if (!moment_of(call, in->as_of, in->known_at, &moment))
		return;
	person = person_moment(call, person, &moment);
	if (person == NULL) {
		call_refuse(call, MT__STATUS__NOT_FOUND, "nothing was known of person %s at %s", in->person_id,
			    in->known_at);
		return;
	}
	person_answer(call, person);
	reply(person, call);
}

Mt__PersonRecord *
person_hidden(struct call *call, const Mt__PersonRecord *today)
{
	Mt__PersonRecord *shown = (Mt__PersonRecord *)pb_new(&mt__person_record__descriptor, call_arena(call));
	shown->person_id = today->person_id;
	shown->state = today->state;
	shown->authority_id = today->authority_id;
	shown->staff_codes = today->staff_codes;
	shown->n_staff_codes = today->n_staff_codes;
	shown->effective_date = today->effective_date;
	shown->version = today->version;
	return shown;
}

bool
person_open_to(struct call *call, const Mt__PersonRecord *today)
{
	const char *from = call_authority(call);
	return from[0] == '\0' || tree_covers(call_store(call), from, today->authority_id);
}

Mt__PersonRecord *
person_behind(struct call *call, Mt__PersonRecord *person, const struct moment *moment)
{
	Mt__PersonRecord *standing = person_standing(call, person);
	for (size_t i = 0; i < standing->n_merged; i++) {
		if (strcmp(standing->merged[i]->person_id, person->person_id) == 0 &&
		    standing->merged[i]->recorded_us <= moment->known_us)
			return standing;
	}
	return person;
}

bool
served_under(const Mt__PersonRecord *then, uint32_t locality, const char *staff_code)
{
	return then->state != MT__PERSON__STATE__NOT_YET && then->n_staff_codes > 0 &&
	       id_locality(id_known(then->staff_codes[0]->authority_id)) == locality &&
	       strcmp(then->staff_codes[0]->code, staff_code) == 0;
}

bool
staff_row_listed(const struct staff_row *row, const struct moment *moment)
{
	return row->kind == STAFF_CURRENT || row->kind == STAFF_REPLACED || (row->kind == STAFF_FORMER && !moment->now);
}

/* Whom a row of a staff code adds to a list of that moment, as they were then; NULL if nobody. */
static Mt__PersonRecord *
listed_then(struct call *call, const struct key *key, const struct staff_row *row, const struct moment *moment,
	    Mt__PersonRecord **today)
{
	*today = staff_row_listed(row, moment) ? person_get(call, row->person) : NULL;
	if (*today == NULL || person_behind(call, *today, moment) != *today)
		return NULL; /* another row is the person's */
	if (moment->now && row->kind == STAFF_CURRENT)
		return *today;
	Mt__PersonRecord *then = person_moment(call, *today, moment);
	return then != NULL && served_under(then, get_u32(key->data + 1), staff_code_of_key(key)) ? then : NULL;
}

static Mt__PersonRecord *
shown_then(struct call *call, Mt__PersonRecord *then, const Mt__PersonRecord *today, const struct moment *moment)
{
	return moment->now || person_open_to(call, today) ? then : person_hidden(call, today);
}

/* Of several who had a code, whoever serves goes before those who left, and of these the last. */
static bool
holds_rather(const Mt__PersonRecord *then, const Mt__PersonRecord *other)
{
	if (other == NULL || person_in_service(then) != person_in_service(other))
		return other == NULL || person_in_service(then);
	return strcmp(then->effective_date, other->effective_date) > 0;
}

/* Who served under a code at a moment, though it may be another's by now; NULL if nobody did. */
static Mt__PersonRecord *
find_holder(struct call *call, const Mt__AuthorityRecord *authority, const char *staff_code,
	    const struct moment *moment)
{
	struct id ids[TREE_MERGED_MAX];
	size_t count = tree_merged(call_store(call), authority->authority_id, ids, TREE_MERGED_MAX);
	Mt__PersonRecord *holder = NULL;
	Mt__PersonRecord *holder_today = NULL;
	for (size_t i = 0; i < count; i++) {
		struct key prefix = key_of(TABLE_STAFF_CODE);
		person_key_staff(&prefix, id_locality(ids[i]), staff_code);
		struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
		for (size_t looked = 0; looked < STAFF_CODE_HOLDERS_MAX && store_walk_next(&walk); looked++) {
			struct key key = key_copy(walk.key);
			struct staff_row row = staff_row_read(walk.value);
			Mt__PersonRecord *today;
			Mt__PersonRecord *then = listed_then(call, &key, &row, moment, &today);
			if (then == NULL || !holds_rather(then, holder))
				continue;
			holder = then;
			holder_today = today;
		}
	}
	return holder == NULL ? NULL : shown_then(call, holder, holder_today, moment);
}

static void
persons_find_one(const Mt__FindPersonsRequest *in, const Mt__AuthorityRecord *authority, const struct moment *moment,
		 Mt__FindPersonsReply_Closure reply, void *call)
{
	const char *code = call_text(call, "staff_code", in->staff_code, CODE_BYTES_MAX, false);
	if (code == NULL)
		return;
	Mt__FindPersonsReply out = MT__FIND_PERSONS_REPLY__INIT;
	Mt__PersonRecord *found = moment->now ? NULL : find_holder(call, authority, code, moment);
	struct staff_row row = staff_row_reached(call_store(call), authority, code);
	if (found == NULL && (row.kind == STAFF_CURRENT || row.kind == STAFF_FORMER)) {
		Mt__PersonRecord *today = person_behind(call, person_get(call, row.person), moment);
		found = person_open_to(call, today) ? person_moment(call, today, moment) : person_hidden(call, today);
	}
	if (found != NULL) {
		person_answer(call, found);
		out.persons = &found;
		out.n_persons = 1;
	}
	reply(&out, call);
}

static int
compare_range(const void *a, const void *b)
{
	uint32_t first = ((const struct locality_range *)a)->first;
	uint32_t second = ((const struct locality_range *)b)->first;
	return (first > second) - (first < second);
}

/* Nobody moves in a merger: whoever served what was merged is still listed under its staff codes. */
static struct span
span_of_merged(struct call *call, const Mt__AuthorityRecord *authority)
{
	struct id *ids = arena_alloc(call_arena(call), TREE_MERGED_MAX * sizeof(*ids));
	struct span span = {.at = 0};
	span.count = tree_merged(call_store(call), authority->authority_id, ids, TREE_MERGED_MAX);
	span.ranges = arena_alloc(call_arena(call), span.count * sizeof(*span.ranges));
	for (size_t i = 0; i < span.count; i++)
		span.ranges[i] = (struct locality_range){id_locality(ids[i]), id_locality(ids[i])};
	qsort(span.ranges, span.count, sizeof(*span.ranges), compare_range);
	return span;
}

/* What a list is asked for. */
struct listing {
	struct moment moment;
	Mt__Person__Category category;
};

/* Whoever a former authority may not know the category of stands in no list by category. */
static void
find_row(struct page *page, const struct key *key, const struct staff_row *row, const struct listing *listing)
{
	Mt__PersonRecord *today;
	Mt__PersonRecord *then = listed_then(page->call, key, row, &listing->moment, &today);
	if (then == NULL)
		return;
	Mt__PersonRecord *shown = shown_then(page->call, then, today, &listing->moment);
	if (listing->category == MT__PERSON__CATEGORY__UNSPECIFIED || shown->category == listing->category)
		page_add(page, shown);
}

/* A page that is full where the span ends has nothing behind it. */
static void
find_span(struct page *page, struct span *span, const struct key *prefix, const struct listing *listing)
{
	while (page_next(page)) {
		uint32_t locality = get_u32(page->walk.key.data + prefix->size);
		struct staff_row row = staff_row_read(page->walk.value);
		struct key key = key_copy(page->walk.key);
		if (span_shows(span, page, prefix, locality))
			find_row(page, &key, &row, listing);
		else if (span->at == span->count)
			return;
	}
	if (page->more && !span_shows(span, page, prefix, get_u32(page->walk.key.data + prefix->size)))
		page->more = span->at < span->count;
}

static void
persons_find(Mt__Persons_Service *service, const Mt__FindPersonsRequest *in, Mt__FindPersonsReply_Closure reply,
	     void *call)
{
	(void)service;
	struct listing listing = {.category = in->category};
	const Mt__AuthorityRecord *authority = call_authority_ref(call, "authority", in->authority);
	if (authority == NULL || !moment_of(call, in->as_of, in->known_at, &listing.moment))
		return;
	if (in->staff_code[0] != '\0') {
		persons_find_one(in, authority, &listing.moment, reply, call);
		return;
	}
	struct page page;
	struct key prefix = key_of(TABLE_STAFF_CODE);
	struct span span = span_of_merged(call, authority);
	if (!page_begin(&page, call, &prefix, in->page_size, in->page_token))
		return;
	find_span(&page, &span, &prefix, &listing);
	Mt__FindPersonsReply out = MT__FIND_PERSONS_REPLY__INIT;
	out.persons = (Mt__PersonRecord **)page.items;
	out.n_persons = page.count;
	out.next_page_token = page_token(&page);
	reply(&out, call);
}

static bool
is_corrected(const struct history *history, size_t at)
{
	const ProtobufCBinaryData *event = &history->rows[at]->event;
	for (size_t i = at + 1; i < history->count && event->len > 0; i++) {
		const ProtobufCBinaryData *corrects = &history->rows[i]->change->corrects;
		if (corrects->len == event->len && memcmp(corrects->data, event->data, event->len) == 0)
			return true;
	}
	return false;
}

static Mt__ChangeView *
change_view(struct call *call, const struct history *history, size_t at)
{
	const Mt__ChangeRecord *row = history->rows[at];
	Mt__ChangeView *view = (Mt__ChangeView *)pb_new(&mt__change_view__descriptor, call_arena(call));
	char *recorded_at = arena_alloc(call_arena(call), INSTANT_TEXT_BYTES);
	instant_format(row->recorded_us, recorded_at);
	view->change = row->change;
	view->recorded_at = recorded_at;
	view->person_id = row->person_id;
	view->corrected = is_corrected(history, at);
	return view;
}

static void
persons_history(Mt__Persons_Service *service, const Mt__PersonHistoryRequest *in, Mt__PersonHistoryReply_Closure reply,
		void *call)
{
	(void)service;
	struct moment moment;
	const Mt__PersonRecord *person = person_or_refuse(call, in->person_id);
	if (person == NULL)
		return;
	if (!call_is_self(call, person->person_id) && !call_scope(call, person->authority_id))
		return;
	if (!moment_of(call, "", in->known_at, &moment))
		return;
	struct history history = history_of(call, in->person_id);
	for (size_t i = 0; i < person->n_merged; i++) {
		struct history other = history_of(call, person->merged[i]->person_id);
		history_join(call_arena(call), &history, &other, 0);
	}
	Mt__PersonHistoryReply out = MT__PERSON_HISTORY_REPLY__INIT;
	out.changes = arena_alloc(call_arena(call), (history.count + 1) * sizeof(*out.changes));
	for (size_t i = 0; i < history.count; i++) {
		if (history.rows[i]->recorded_us <= moment.known_us)
			out.changes[out.n_changes++] = change_view(call, &history, i);
	}
	reply(&out, call);
}

static void
persons_lookup(Mt__Persons_Service *service, const Mt__LookupPersonRequest *in, Mt__PersonRecord_Closure reply,
	       void *call)
{
	(void)service;
	person_lookup(in, reply, call);
}

Mt__Persons_Service persons_handlers = MT__PERSONS__INIT(persons_);
