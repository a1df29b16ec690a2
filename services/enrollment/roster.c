/* services/enrollment/roster.c
 *
 * A roster takes the rows of a file in order, some hundred a call. The record says up to
 * which row they are decided: a call that does not go on there changes nothing and is
 * told where to go on, so a sender may have many on their way, send any of them again,
 * and come back after whatever broke.
 *
 * Promises: a row acts at most once; what is acknowledged is durable; a roster never makes
 * anyone leave. A dry run decides and reports the same, and changes nobody. */
#include "services/enrollment/roster.h"

#include "common/base/date.h"
#include "common/base/text.h"
#include "common/wire/pb.h"

#include <assert.h>

/* --- look-ups ----------------------------------------------------------------------------------------------------- */

struct key
roster_key(const char *roster_id)
{
	return key_of_id(TABLE_ROSTER, id_known(roster_id));
}

struct key
roster_fault_key(const char *roster_id, uint32_t number)
{
	struct key key = key_of_id(TABLE_ROSTER_FAULT, id_known(roster_id));
	key_u32(&key, number);
	return key;
}

struct key
roster_seen_prefix(const char *roster_id)
{
	return key_of_id(TABLE_ROSTER_SEEN, id_known(roster_id));
}

struct key
roster_seen_key(const char *roster_id, uint32_t locality, const char *staff_code)
{
	struct key key = roster_seen_prefix(roster_id);
	person_key_staff(&key, locality, staff_code);
	return key;
}

/* The newest first. */
struct key
roster_of_key(uint32_t locality, const Mt__RosterFileRecord *roster)
{
	struct key key = key_of(TABLE_ROSTER_OF);
	key_u32(&key, locality);
	key_u64(&key, UINT64_MAX - (uint64_t)roster->begun_us);
	key_bytes(&key, slice_of(id_known(roster->roster_id).bytes, ID_BYTES));
	return key;
}

const Mt__RosterFileRecord *
roster_get(const struct call *call, const char *roster_id)
{
	struct key key = roster_key(roster_id);
	return call_record(call, &key, &mt__roster_file_record__descriptor);
}

/* Of an authority in the caller's scope; NULL and refused. */
static const Mt__RosterFileRecord *
roster_or_refuse(struct call *call, const char *roster_id)
{
	struct id id;
	if (!call_id(call, "roster_id", roster_id, &id))
		return NULL;
	const Mt__RosterFileRecord *roster = roster_get(call, roster_id);
	if (roster == NULL) {
		call_refuse(call, MT__STATUS__NOT_FOUND, "roster %s is unknown, or has expired", roster_id);
		return NULL;
	}
	return call_scope(call, roster->authority_id) ? roster : NULL;
}

static char *
instant_text(struct arena *arena, int64_t us)
{
	char *text = arena_zero(arena, INSTANT_TEXT_BYTES);
	if (us != 0)
		instant_format(us, text);
	return text;
}

static char *
digest_text(struct arena *arena, const ProtobufCBinaryData *digest)
{
	char *text = arena_zero(arena, 2 * ROSTER_DIGEST_BYTES + 1);
	if (digest->len == ROSTER_DIGEST_BYTES)
		text_hex(slice_of(digest->data, digest->len), text);
	return text;
}

static Mt__RosterView *
roster_view(struct arena *arena, const Mt__RosterFileRecord *roster)
{
	Mt__RosterView *view = (Mt__RosterView *)pb_new(&mt__roster_view__descriptor, arena);
	view->roster_id = roster->roster_id;
	view->authority_id = roster->authority_id;
	view->mode = roster->mode;
	view->dry_run = roster->dry_run;
	view->state = roster->state;
	view->counts = roster->counts;
	view->acknowledged_row = roster->acknowledged_row;
	view->faults = roster->faults;
	view->faults_kept = roster->faults_kept;
	view->digest = digest_text(arena, &roster->digest);
	view->file_sha256 = digest_text(arena, &roster->file_digest);
	view->semicolons = roster->semicolons;
	view->begun_at = instant_text(arena, roster->begun_us);
	view->finished_at = instant_text(arena, roster->finished_us);
	return view;
}

/* --- decisions ---------------------------------------------------------------------------------------------------- */

static void
rosters_begin(Mt__Rosters_Service *service, const Mt__BeginRosterRequest *in, Mt__BeginRosterReply_Closure reply,
	      void *call)
{
	(void)service;
	const Mt__AuthorityRecord *authority = call_authority_ref(call, "authority", in->authority);
	if (authority == NULL)
		return;
	Mt__RosterBegun fact = MT__ROSTER_BEGUN__INIT;
	fact.roster_id = (char *)call_new_id(call, authority->locality);
	fact.authority_id = authority->authority_id;
	fact.mode = in->mode == MT__ROSTER__MODE__UNSET_MODE ? MT__ROSTER__MODE__UPSERT : in->mode;
	fact.dry_run = in->dry_run;
	call_emit(call, &fact.base);
	Mt__BeginRosterReply out = MT__BEGIN_ROSTER_REPLY__INIT;
	out.roster_id = fact.roster_id;
	reply(&out, call);
}

static bool
rows_check(struct call *call, const Mt__PushRosterRequest *in)
{
	uint32_t before = in->after_row;
	if (in->n_rows > ROSTER_ROWS_PER_CALL_MAX) {
		call_refuse_field(call, "rows", "rows holds more than %d", ROSTER_ROWS_PER_CALL_MAX);
		return false;
	}
	if (in->digest.len != 0 && in->digest.len != ROSTER_DIGEST_BYTES) {
		call_refuse_field(call, "digest", "digest is not %d bytes", ROSTER_DIGEST_BYTES);
		return false;
	}
	for (size_t i = 0; i < in->n_rows; i++) {
		const Mt__RosterRow *row = in->rows[i];
		if (row->row <= before) {
			call_refuse_field(call, "rows", "row %u does not come after row %u", row->row, before);
			return false;
		}
		before = row->row;
		for (size_t k = 0; k < row->n_faults; k++) {
			if (roster_column(row->faults[k]->column) && roster_code(row->faults[k]->code))
				continue;
			call_refuse_field(call, "rows", "a fault of row %u has no known column and code", row->row);
			return false;
		}
	}
	return true;
}

static void
rows_taken(const struct roster_taking *taking, const Mt__PushRosterRequest *in, size_t taken)
{
	Mt__RosterRowsTaken fact = MT__ROSTER_ROWS_TAKEN__INIT;
	fact.roster_id = taking->roster->roster_id;
	fact.authority_id = taking->roster->authority_id;
	fact.counts = (Mt__RosterCounts *)(uintptr_t)&taking->counts;
	fact.acknowledged_row = in->rows[taken - 1]->row;
	if (taken == in->n_rows)
		fact.digest = in->digest;
	fact.faults_count = (uint32_t)taking->faults_count;
	fact.faults = (Mt__RosterFault **)(uintptr_t)taking->faults;
	fact.n_faults = taking->faults_kept;
	fact.seen = (Mt__RosterSeen **)(uintptr_t)taking->seen;
	fact.n_seen = taking->seen_count;
	fact.semicolons = in->semicolons;
	ProtobufCBinaryData counted_at[ROSTER_ROWS_PER_CALL_MAX];
	for (size_t i = 0; i < taking->counted_count; i++)
		counted_at[i] = (ProtobufCBinaryData){ID_BYTES, (uint8_t *)(uintptr_t)taking->counted_at[i].bytes};
	fact.counted_at = counted_at;
	fact.n_counted_at = taking->counted_count;
	call_emit(taking->call, &fact.base);
}

static void
rosters_push(Mt__Rosters_Service *service, const Mt__PushRosterRequest *in, Mt__PushRosterReply_Closure reply,
	     void *call)
{
	(void)service;
	Mt__PushRosterReply out = MT__PUSH_ROSTER_REPLY__INIT;
	const Mt__RosterFileRecord *roster = roster_or_refuse(call, in->roster_id);
	if (roster == NULL || !rows_check(call, in))
		return;
	size_t taken = 0;
	while (taken < in->n_rows && in->rows[taken]->row <= roster->acknowledged_row)
		taken++;
	out.acknowledged_row = roster->acknowledged_row;
	if (in->after_row > roster->acknowledged_row || roster->state != MT__ROSTER__STATE__OPEN ||
	    taken == in->n_rows) {
		reply(&out, call);
		return;
	}
	struct roster_taking *taking = arena_zero(call_arena(call), sizeof(*taking));
	taking->call = call;
	taking->roster = roster;
	taking->own = call_authority_ref(call, "authority", roster->authority_id);
	mt__roster_counts__init(&taking->counts);
	taking->facts = 1;
	while (taken < in->n_rows && roster_row(taking, in->rows[taken]))
		taken++;
	rows_taken(taking, in, taken);
	out.acknowledged_row = in->rows[taken - 1]->row;
	reply(&out, call);
}

static void
rosters_finish(Mt__Rosters_Service *service, const Mt__FinishRosterRequest *in, Mt__RosterView_Closure reply,
	       void *call)
{
	(void)service;
	const Mt__RosterFileRecord *roster = roster_or_refuse(call, in->roster_id);
	if (roster == NULL)
		return;
	if (in->last_row != roster->acknowledged_row) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION,
			    "roster %s is acknowledged up to row %u, and the file ends with row %u", in->roster_id,
			    roster->acknowledged_row, in->last_row);
		return;
	}
	if (in->file_digest.len != 0 && in->file_digest.len != ROSTER_DIGEST_BYTES) {
		call_refuse_field(call, "file_digest", "file_digest is not %d bytes", ROSTER_DIGEST_BYTES);
		return;
	}
	Mt__RosterView *view = roster_view(call_arena(call), roster);
	if (roster->state == MT__ROSTER__STATE__OPEN) {
		Mt__RosterFinished fact = MT__ROSTER_FINISHED__INIT;
		fact.roster_id = roster->roster_id;
		fact.authority_id = roster->authority_id;
		fact.file_digest = in->file_digest;
		call_emit(call, &fact.base);
		view->state =
			roster->mode == MT__ROSTER__MODE__FULL ? MT__ROSTER__STATE__COMPARING : MT__ROSTER__STATE__DONE;
		view->file_sha256 = digest_text(call_arena(call), &in->file_digest);
		view->finished_at = instant_text(call_arena(call), call_now_us(call));
	}
	reply(view, call);
}

static void
rosters_get(Mt__Rosters_Service *service, const Mt__GetRosterRequest *in, Mt__RosterView_Closure reply, void *call)
{
	(void)service;
	const Mt__RosterFileRecord *roster = roster_or_refuse(call, in->roster_id);
	if (roster != NULL)
		reply(roster_view(call_arena(call), roster), call);
}

static void
rosters_list(Mt__Rosters_Service *service, const Mt__ListRostersRequest *in, Mt__ListRostersReply_Closure reply,
	     void *call)
{
	(void)service;
	const Mt__AuthorityRecord *authority = call_authority_ref(call, "authority", in->authority);
	if (authority == NULL)
		return;
	struct page page;
	struct key prefix = key_of(TABLE_ROSTER_OF);
	key_u32(&prefix, authority->locality);
	if (!page_begin(&page, call, &prefix, in->page_size, in->page_token))
		return;
	while (page_next(&page)) {
		struct slice id = slice_of(page.walk.key.data + page.walk.key.size - ID_BYTES, ID_BYTES);
		const Mt__RosterFileRecord *roster = roster_get(call, id_text(call_arena(call), id));
		assert(roster != NULL);
		page_add(&page, roster_view(call_arena(call), roster));
	}
	Mt__ListRostersReply out = MT__LIST_ROSTERS_REPLY__INIT;
	out.rosters = (Mt__RosterView **)page.items;
	out.n_rosters = page.count;
	out.next_page_token = page_token(&page);
	reply(&out, call);
}

static void
rosters_faults(Mt__Rosters_Service *service, const Mt__ListRosterFaultsRequest *in,
	       Mt__ListRosterFaultsReply_Closure reply, void *call)
{
	(void)service;
	static char nothing[] = "";
	const Mt__RosterFileRecord *roster = roster_or_refuse(call, in->roster_id);
	if (roster == NULL)
		return;
	struct page page;
	struct key prefix = key_of_id(TABLE_ROSTER_FAULT, id_known(roster->roster_id));
	if (!page_begin(&page, call, &prefix, in->page_size, in->page_token))
		return;
	while (page_next(&page)) {
		Mt__RosterFault *fault = call_unpack(call, &mt__roster_fault__descriptor, page.walk.value);
		roster_fault_words(call_arena(call), fault);
		fault->sealed_for = nothing;
		page_add(&page, fault);
	}
	Mt__ListRosterFaultsReply out = MT__LIST_ROSTER_FAULTS_REPLY__INIT;
	out.faults = (Mt__RosterFault **)page.items;
	out.n_faults = page.count;
	out.next_page_token = page_token(&page);
	reply(&out, call);
}

Mt__Rosters_Service rosters_handlers = MT__ROSTERS__INIT(rosters_);

/* --- apply -------------------------------------------------------------------------------------------------------- */

Mt__RosterFileRecord *
roster_known(struct apply *apply, const char *roster_id)
{
	struct key key = roster_key(roster_id);
	return apply_record(apply, &key, &mt__roster_file_record__descriptor);
}

void
roster_put(struct apply *apply, const Mt__RosterFileRecord *roster)
{
	struct key key = roster_key(roster->roster_id);
	apply_put(apply, &key, &roster->base);
}

void
roster_faults_put(struct apply *apply, Mt__RosterFileRecord *roster, Mt__RosterFault **faults, size_t kept,
		  size_t count)
{
	for (size_t i = 0; i < kept; i++) {
		struct key key = roster_fault_key(roster->roster_id, roster->faults_kept++);
		apply_put(apply, &key, &faults[i]->base);
	}
	roster->faults += (uint32_t)count;
}

static void
apply_begun(struct apply *apply, const Mt__RosterBegun *fact)
{
	Mt__RosterFileRecord roster = MT__ROSTER_FILE_RECORD__INIT;
	Mt__RosterCounts counts = MT__ROSTER_COUNTS__INIT;
	roster.roster_id = fact->roster_id;
	roster.authority_id = fact->authority_id;
	roster.mode = fact->mode;
	roster.dry_run = fact->dry_run;
	roster.state = MT__ROSTER__STATE__OPEN;
	roster.counts = &counts;
	roster.begun_us = apply_time_us(apply);
	roster_put(apply, &roster);
	struct key of = roster_of_key(id_locality(id_known(fact->authority_id)), &roster);
	apply_put_bytes(apply, &of, slice_text(""));
	roster_sweep_at(apply, roster.begun_us + ROSTER_KEPT_DAYS * DAY_US, fact->roster_id, false, slice_text(""));
}

static void
apply_rows_taken(struct apply *apply, const Mt__RosterRowsTaken *fact)
{
	Mt__RosterFileRecord *roster = roster_known(apply, fact->roster_id);
	assert(roster != NULL);
	Mt__RosterCounts *counts = roster->counts;
	counts->rows += fact->counts->rows;
	counts->hired += fact->counts->hired;
	counts->changed += fact->counts->changed;
	counts->unchanged += fact->counts->unchanged;
	counts->rejected += fact->counts->rejected;
	counts->warnings += fact->counts->warnings;
	roster->acknowledged_row = fact->acknowledged_row;
	roster->digest = fact->digest;
	roster->semicolons = fact->semicolons;
	roster_faults_put(apply, roster, fact->faults, fact->n_faults, fact->faults_count);
	for (size_t i = 0; i < fact->n_seen; i++) {
		struct key key = roster_seen_key(fact->roster_id, fact->seen[i]->locality, fact->seen[i]->staff_code);
		apply_put_bytes(apply, &key, slice_text(""));
	}
	for (size_t i = 0; i < fact->n_counted_at; i++) {
		struct id counted_at;
		assert(fact->counted_at[i].len == ID_BYTES);
		memcpy(counted_at.bytes, fact->counted_at[i].data, ID_BYTES);
		freshness_received(apply, counted_at);
	}
	roster_put(apply, roster);
}

static void
apply_finished(struct apply *apply, const Mt__RosterFinished *fact)
{
	Mt__RosterFileRecord *roster = roster_known(apply, fact->roster_id);
	assert(roster != NULL);
	roster->file_digest = fact->file_digest;
	roster->finished_us = apply_time_us(apply);
	roster->state = MT__ROSTER__STATE__DONE;
	if (roster->mode == MT__ROSTER__MODE__FULL) {
		Mt__RosterCompareDue due = MT__ROSTER_COMPARE_DUE__INIT;
		roster->state = MT__ROSTER__STATE__COMPARING;
		roster_compare_next(apply, fact->roster_id, &due);
	} else {
		roster_sweep_at(apply, apply_time_us(apply), fact->roster_id, true, slice_text(""));
	}
	roster_put(apply, roster);
}

void
roster_apply(struct apply *apply, const Mt__RosterFact *fact)
{
	switch (fact->kind_case) {
	case MT__ROSTER_FACT__KIND_ROSTER_BEGUN:
		apply_begun(apply, fact->roster_begun);
		return;
	case MT__ROSTER_FACT__KIND_ROSTER_ROWS_TAKEN:
		apply_rows_taken(apply, fact->roster_rows_taken);
		return;
	case MT__ROSTER_FACT__KIND_ROSTER_FINISHED:
		apply_finished(apply, fact->roster_finished);
		return;
	case MT__ROSTER_FACT__KIND_ROSTER_COMPARED:
		roster_apply_compared(apply, fact->roster_compared);
		return;
	case MT__ROSTER_FACT__KIND_ROSTER_SWEPT:
		roster_apply_swept(apply, fact->roster_swept);
		return;
	case MT__ROSTER_FACT__KIND__NOT_SET:
		break;
	}
	assert(!"a roster fact of no kind");
}
