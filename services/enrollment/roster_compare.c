/* services/enrollment/roster_compare.c
 *
 * What goes on behind a roster, by timer and in bounded steps. Of a full roster: who
 * serves in the authorities it names and stands in none of its rows is reported. Nobody is
 * changed: a file that lost its second half must not retire half a province. Of any
 * roster, after its time: its rows here are deleted and its key goes, so that what the
 * journal holds of its cells is read by nobody any more. */
#include "services/enrollment/roster.h"

#include <assert.h>

/* --- comparing ---------------------------------------------------------------------------------------------------- */

/* The lowest locality from there on that the roster is about: its authority's, or one that a row named. */
static bool
locality_from(struct call *call, const Mt__RosterFileRecord *roster, uint32_t from, uint32_t *locality)
{
	uint32_t own = id_locality(id_known(roster->authority_id));
	struct key prefix = roster_seen_prefix(roster->roster_id);
	struct key first = prefix;
	key_u32(&first, from);
	bool found = own >= from;
	*locality = own;
	struct store_walk walk = store_walk_from(call_store(call), key_slice(&prefix), key_slice(&first));
	if (!store_walk_next(&walk))
		return found;
	uint32_t seen = get_u32(walk.key.data + prefix.size);
	if (!found || seen < own)
		*locality = seen;
	return true;
}

static bool
is_missing(struct call *call, const Mt__RosterFileRecord *roster, uint32_t locality, const char *staff_code,
	   const struct staff_row *row)
{
	struct key seen = roster_seen_key(roster->roster_id, locality, staff_code);
	if (row->kind != STAFF_CURRENT || store_has(call_store(call), key_slice(&seen)))
		return false;
	const Mt__PersonRecord *person = person_get(call, row->person);
	return person != NULL && person_in_service(person);
}

/* A step through the staff codes of one locality. */
static void
compare_step(struct call *call, const Mt__RosterFileRecord *roster, Mt__RosterCompared *fact)
{
	struct key prefix = key_of(TABLE_STAFF_CODE);
	key_u32(&prefix, fact->locality);
	struct key after = key_of(TABLE_STAFF_CODE);
	person_key_staff(&after, fact->locality, fact->after_staff_code);
	struct store_walk walk = fact->after_staff_code[0] == '\0'
					 ? store_walk(call_store(call), key_slice(&prefix))
					 : store_walk_after(call_store(call), key_slice(&prefix), key_slice(&after));
	size_t room = ROSTER_FAULTS_MAX - roster->faults_kept;
	size_t looked = 0;
	while (looked < ROSTER_COMPARED_PER_CALL && store_walk_next(&walk)) {
		struct staff_row row = staff_row_read(walk.value);
		const char *in_key = (const char *)walk.key.data + prefix.size;
		fact->after_staff_code = arena_text(call_arena(call), slice_text(in_key));
		looked++;
		if (!is_missing(call, roster, fact->locality, fact->after_staff_code, &row))
			continue;
		fact->missing++;
		if (fact->n_faults < room)
			fact->faults[fact->n_faults++] =
				roster_fault_new(call_arena(call), roster->roster_id, 0, MT__ROSTER__SEVERITY__REPORT,
						 "staff_code", "missing_in_file", fact->after_staff_code);
	}
	static char nothing[] = "";
	if (looked == ROSTER_COMPARED_PER_CALL)
		return;
	fact->after_staff_code = nothing;
	fact->complete =
		fact->locality == UINT32_MAX || !locality_from(call, roster, fact->locality + 1, &fact->locality);
}

static void
roster_timers_compare_due(Mt__RosterTimers_Service *service, const Mt__RosterCompareDue *in, Mt__Noted_Closure reply,
			  void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	const Mt__RosterFileRecord *roster = roster_get(call, in->roster_id);
	if (roster != NULL && roster->state == MT__ROSTER__STATE__COMPARING) {
		Mt__RosterCompared fact = MT__ROSTER_COMPARED__INIT;
		fact.roster_id = roster->roster_id;
		fact.authority_id = roster->authority_id;
		fact.locality = in->locality;
		fact.after_staff_code = in->after_staff_code;
		fact.faults = arena_alloc(call_arena(call), ROSTER_COMPARED_PER_CALL * sizeof(Mt__RosterFault *));
		if (!in->begun)
			locality_from(call, roster, 0, &fact.locality);
		compare_step(call, roster, &fact);
		call_emit(call, &fact.base);
	}
	reply(&noted, call);
}

/* --- sweeping ----------------------------------------------------------------------------------------------------- */

static void
roster_timers_sweep_due(Mt__RosterTimers_Service *service, const Mt__RosterSweepDue *in, Mt__Noted_Closure reply,
			void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	const Mt__RosterFileRecord *roster = roster_get(call, in->roster_id);
	if (roster != NULL) {
		Mt__RosterSwept fact = MT__ROSTER_SWEPT__INIT;
		fact.roster_id = roster->roster_id;
		fact.authority_id = roster->authority_id;
		fact.seen_only = in->seen_only;
		fact.after = in->after;
		call_emit(call, &fact.base);
	}
	reply(&noted, call);
}

Mt__RosterTimers_Service roster_timers_handlers = MT__ROSTER_TIMERS__INIT(roster_timers_);

/* --- apply -------------------------------------------------------------------------------------------------------- */

void
roster_compare_next(struct apply *apply, const char *roster_id, const Mt__RosterCompareDue *due)
{
	Mt__RosterCompareDue next = *due;
	next.roster_id = (char *)(uintptr_t)roster_id;
	apply_timer_set(apply, apply_time_us(apply), "RosterTimers.CompareDue", roster_id, &next.base);
}

void
roster_sweep_at(struct apply *apply, int64_t due_us, const char *roster_id, bool seen_only, struct slice after)
{
	Mt__RosterSweepDue due = MT__ROSTER_SWEEP_DUE__INIT;
	due.roster_id = (char *)(uintptr_t)roster_id;
	due.seen_only = seen_only;
	due.after = (ProtobufCBinaryData){after.size, (uint8_t *)(uintptr_t)after.data};
	apply_timer_set(apply, due_us, "RosterTimers.SweepDue", roster_id, &due.base);
}

void
roster_apply_compared(struct apply *apply, const Mt__RosterCompared *fact)
{
	Mt__RosterFileRecord *roster = roster_known(apply, fact->roster_id);
	assert(roster != NULL);
	roster->counts->missing += fact->missing;
	roster_faults_put(apply, roster, fact->faults, fact->n_faults, fact->missing);
	if (fact->complete) {
		roster->state = MT__ROSTER__STATE__DONE;
		roster_sweep_at(apply, apply_time_us(apply), fact->roster_id, true, slice_text(""));
	} else {
		Mt__RosterCompareDue due = MT__ROSTER_COMPARE_DUE__INIT;
		due.begun = true;
		due.locality = fact->locality;
		due.after_staff_code = fact->after_staff_code;
		roster_compare_next(apply, fact->roster_id, &due);
	}
	roster_put(apply, roster);
}

/* How many rows below the prefix went; what was deleted before is not walked over again. */
static size_t
rows_delete(struct apply *apply, const struct key *prefix, struct slice after, struct key *last)
{
	struct key *keys = arena_alloc(apply_arena(apply), ROSTER_SWEPT_PER_CALL * sizeof(*keys));
	struct key from = *prefix;
	size_t count = 0;
	key_bytes(&from, after);
	struct store_walk walk = store_walk_after(apply_store(apply), key_slice(prefix), key_slice(&from));
	while (count < ROSTER_SWEPT_PER_CALL && store_walk_next(&walk))
		keys[count++] = key_copy(walk.key);
	for (size_t i = 0; i < count; i++)
		apply_delete(apply, &keys[i]);
	if (count > 0)
		*last = keys[count - 1];
	return count;
}

void
roster_apply_swept(struct apply *apply, const Mt__RosterSwept *fact)
{
	Mt__RosterFileRecord *roster = roster_known(apply, fact->roster_id);
	assert(roster != NULL);
	struct key seen = roster_seen_prefix(fact->roster_id);
	struct key faults = key_of_id(TABLE_ROSTER_FAULT, id_known(fact->roster_id));
	struct key last = seen;
	if (rows_delete(apply, &seen, slice_of(fact->after.data, fact->after.len), &last) == ROSTER_SWEPT_PER_CALL) {
		struct slice after = slice_of(last.data + seen.size, last.size - seen.size);
		roster_sweep_at(apply, apply_time_us(apply), fact->roster_id, fact->seen_only, after);
		return;
	}
	if (fact->seen_only)
		return;
	if (rows_delete(apply, &faults, slice_text(""), &last) == ROSTER_SWEPT_PER_CALL) {
		struct slice after = slice_of(fact->after.data, fact->after.len);
		roster_sweep_at(apply, apply_time_us(apply), fact->roster_id, false, after);
		return;
	}
	struct key key = roster_key(fact->roster_id);
	struct key of = roster_of_key(id_locality(id_known(fact->authority_id)), roster);
	apply_delete(apply, &of);
	apply_delete(apply, &key);
	if (roster->faults_kept > 0)
		apply_erase(apply, fact->roster_id);
}
