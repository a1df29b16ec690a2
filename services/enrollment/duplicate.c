/* services/enrollment/duplicate.c
 *
 * Two records of one person. Merging makes one of them a second name of the other: its
 * history stays its own, what it knew before fills what the staying record lacks, what is
 * recorded for it later acts on the staying one (person_history.c). So a split has
 * nothing to undo but the link: both are folded again, each from its own rows.
 *
 * Promises: of two merged records one stands, in lists, figures and search; a split gives
 * both back exactly, with what was recorded for each since. A record that others were
 * merged into is not merged itself: there are no chains. */
#include "services/enrollment/duplicate.h"

#include "common/core/persons.h"
#include "common/wire/pb.h"

#include <assert.h>

/* --- look-ups ----------------------------------------------------------------------------------------------------- */

struct merge_fault
merge_fault(const Mt__PersonRecord *person, const Mt__PersonRecord *other)
{
	if (strcmp(person->person_id, other->person_id) == 0)
		return (struct merge_fault){"same_person", "the two are one record already"};
	if (person->erased || other->erased)
		return (struct merge_fault){"erased", "the data of one of the two was erased"};
	if (person->state == MT__PERSON__STATE__MERGED || other->state == MT__PERSON__STATE__MERGED)
		return (struct merge_fault){"already_merged", "one of the two is merged into a record already"};
	if (other->n_merged > 0)
		return (struct merge_fault){"has_merged",
					    "records were merged into the one that would go; they are split first"};
	if (person->n_merged >= MERGED_PER_PERSON_MAX)
		return (struct merge_fault){"too_many", "the record that would stay holds as many as one may"};
	if (person->state == MT__PERSON__STATE__PROVISIONAL && other->state != MT__PERSON__STATE__PROVISIONAL)
		return (struct merge_fault){"provisional_stays", "a provisional record goes, it does not stay"};
	return (struct merge_fault){.code = NULL};
}

struct merge_fault
merge_fault_alone(const Mt__PersonRecord *person, const Mt__PersonRecord *other)
{
	struct merge_fault fault = merge_fault(person, other);
	if (fault.code == NULL && other->state == MT__PERSON__STATE__PROVISIONAL &&
	    person->state != MT__PERSON__STATE__PROVISIONAL)
		return (struct merge_fault){"adoption", "a provisional record is adopted with :adopt, by both sides"};
	return fault;
}

static bool
was_merged(const Mt__PersonRecord *person, const Mt__PersonRecord *other)
{
	return other->merged_into[0] != '\0' && strcmp(other->merged_into, person->person_id) == 0;
}

Mt__PersonRecord *
person_standing(struct call *call, Mt__PersonRecord *person)
{
	if (person == NULL || person->merged_into[0] == '\0')
		return person;
	Mt__PersonRecord *standing = person_get(call, id_known(person->merged_into));
	assert(standing != NULL);
	return standing;
}

const Mt__PersonRecord *
person_learner(struct call *call, struct id id)
{
	Mt__PersonRecord *person = person_get(call, id);
	assert(person != NULL);
	if (person->merged_into[0] == '\0')
		return person;
	Mt__PersonRecord *learner = (Mt__PersonRecord *)pb_new(&mt__person_record__descriptor, call_arena(call));
	*learner = *person_standing(call, person);
	learner->person_id = person->person_id;
	return learner;
}

/* --- decisions ---------------------------------------------------------------------------------------------------- */

void
emit_merged(struct call *call, const Mt__PersonRecord *person, const Mt__PersonRecord *other, const char *proof,
	    bool adopted)
{
	Mt__Reason sealed = MT__REASON__INIT;
	Mt__PersonsMerged fact = MT__PERSONS_MERGED__INIT;
	fact.person_id = person->person_id;
	fact.merged_id = other->person_id;
	fact.authority_id = person->authority_id;
	sealed.text = (char *)proof;
	fact.proof = &sealed;
	fact.adopted = adopted;
	call_emit(call, &fact.base);
}

static void
emit_split(struct call *call, const Mt__PersonRecord *person, const Mt__PersonRecord *other, const char *reason)
{
	Mt__Reason sealed = MT__REASON__INIT;
	Mt__PersonsSplit fact = MT__PERSONS_SPLIT__INIT;
	fact.person_id = person->person_id;
	fact.split_id = other->person_id;
	fact.authority_id = person->authority_id;
	sealed.text = (char *)reason;
	fact.reason = &sealed;
	call_emit(call, &fact.base);
}

/* A school's registrar decides about provisional people only, an HR officer about all within reach. */
static bool
pair_scope(struct call *call, const Mt__PersonRecord *person, const Mt__PersonRecord *other)
{
	bool both_provisional = person->state == MT__PERSON__STATE__PROVISIONAL &&
				(other->state == MT__PERSON__STATE__PROVISIONAL || other->n_staff_codes == 0);
	if (!call_has_role(call, MT__ROLE__HR_OFFICER) && !both_provisional) {
		call_refuse(call, MT__STATUS__PERMISSION_DENIED,
			    "only an HR officer merges or splits people who are not provisional");
		return false;
	}
	return call_scope(call, person->authority_id);
}

/* Two records of a request; false and refused if one is unknown. */
static bool
pair_read_ids(struct call *call, const char *person_id, const char *other_id, Mt__PersonRecord **person,
	      Mt__PersonRecord **other)
{
	struct id id;
	*person = person_or_refuse(call, person_id);
	if (*person == NULL || !call_id(call, "other_id", other_id, &id))
		return false;
	*other = person_get(call, id);
	if (*other == NULL)
		call_refuse(call, MT__STATUS__NOT_FOUND, "person %s is unknown", other_id);
	return *other != NULL;
}

static void
duplicates_merge(Mt__Duplicates_Service *service, const Mt__MergePersonsRequest *in,
		 Mt__MergePersonsReply_Closure reply, void *call)
{
	(void)service;
	Mt__PersonRecord *person;
	Mt__PersonRecord *other;
	if (!pair_read_ids(call, in->person_id, in->other_id, &person, &other) || !pair_scope(call, person, other) ||
	    !call_scope(call, other->authority_id))
		return;
	const char *proof = call_text(call, "proof", in->proof, NAME_BYTES_MAX, false);
	if (proof == NULL)
		return;
	struct merge_fault fault = merge_fault_alone(person, other);
	if (fault.code != NULL) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "persons %s and %s cannot be merged: %s",
			    person->person_id, other->person_id, fault.sentence);
		return;
	}
	emit_merged(call, person, other, proof, false);
	Mt__MergePersonsReply out = MT__MERGE_PERSONS_REPLY__INIT;
	out.version = person->version + 1;
	reply(&out, call);
}

static void
duplicates_split(Mt__Duplicates_Service *service, const Mt__SplitPersonsRequest *in,
		 Mt__SplitPersonsReply_Closure reply, void *call)
{
	(void)service;
	Mt__PersonRecord *person;
	Mt__PersonRecord *other;
	if (!pair_read_ids(call, in->person_id, in->other_id, &person, &other) || !pair_scope(call, person, other))
		return;
	/* Who adopted a provisional record may give it back without the school. */
	if (other->n_staff_codes > 0 && !call_scope(call, other->authority_id))
		return;
	const char *reason = call_text(call, "reason", in->reason, NAME_BYTES_MAX, false);
	if (reason == NULL)
		return;
	if (!was_merged(person, other)) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "person %s is not merged into person %s",
			    other->person_id, person->person_id);
		return;
	}
	if (person->erased) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "the data of person %s was erased",
			    person->person_id);
		return;
	}
	emit_split(call, person, other, reason);
	Mt__SplitPersonsReply out = MT__SPLIT_PERSONS_REPLY__INIT;
	out.version = person->version + 1;
	reply(&out, call);
}

static void
duplicates_dismiss(Mt__Duplicates_Service *service, const Mt__DismissDuplicateRequest *in,
		   Mt__DismissDuplicateReply_Closure reply, void *call)
{
	(void)service;
	Mt__PersonRecord *person;
	Mt__PersonRecord *other;
	if (!pair_read_ids(call, in->person_id, in->other_id, &person, &other))
		return;
	const uint32_t roles = 1u << MT__ROLE__HR_OFFICER | 1u << MT__ROLE__REGISTRAR;
	const struct scope_way ways[] = {{roles, person->authority_id}, {roles, other->authority_id}};
	if (!scope_one_of(call, ways, sizeof(ways) / sizeof(ways[0])))
		return;
	const char *reason = call_text(call, "reason", in->reason, NAME_BYTES_MAX, false);
	if (reason == NULL)
		return;
	bool open;
	bool other_open;
	Mt__Reason sealed = MT__REASON__INIT;
	Mt__DuplicateDismissed fact = MT__DUPLICATE_DISMISSED__INIT;
	fact.for_person = tree_covers(call_store(call), call_authority(call), person->authority_id);
	fact.for_other = tree_covers(call_store(call), call_authority(call), other->authority_id);
	fact.shared = pair_shared(call_store(call), person, other, &open);
	pair_shared(call_store(call), other, person, &other_open);
	if (!(open && fact.for_person) && !(other_open && fact.for_other)) {
		call_refuse(call, MT__STATUS__NOT_FOUND, "persons %s and %s are no candidates", person->person_id,
			    other->person_id);
		return;
	}
	fact.person_id = person->person_id;
	fact.other_id = other->person_id;
	fact.authority_id = (char *)call_authority(call);
	sealed.text = (char *)reason;
	fact.reason = &sealed;
	call_emit(call, &fact.base);
	Mt__DismissDuplicateReply out = MT__DISMISS_DUPLICATE_REPLY__INIT;
	reply(&out, call);
}

Mt__Duplicates_Service duplicates_handlers = MT__DUPLICATES__INIT(duplicates_);

/* The record behind the other staff code; NULL and rejected. */
static Mt__PersonRecord *
event_other(struct call *call, const struct arrival *arrival, struct verdict *verdict)
{
	const struct change *change = &arrival->change;
	struct staff_row row = staff_row_find(call_store(call), change->other->locality, change->other_staff_code);
	if (row.kind != STAFF_CURRENT && row.kind != STAFF_FORMER && row.kind != STAFF_EXPECTED) {
		verdict_reject(verdict, "data.otherStaffCode", "unknown_other",
			       "nobody is known under data.otherStaffCode");
		return NULL;
	}
	Mt__PersonRecord *other = person_get(call, row.person);
	assert(other != NULL);
	if (tree_covers(call_store(call), arrival->authority->authority_id, other->authority_id))
		return other;
	verdict_reject(verdict, "data.otherAuthority", "not_the_source",
		       "the other serves outside the authority of the source");
	return NULL;
}

bool
duplicate_event(struct call *call, const struct arrival *arrival, struct subject *subject, struct verdict *verdict)
{
	Mt__PersonRecord *person = subject->person;
	if (!tree_covers(call_store(call), arrival->authority->authority_id, person->authority_id))
		return verdict_reject(verdict, "subject", "transferred_away",
				      "the person serves another authority now");
	Mt__PersonRecord *other = event_other(call, arrival, verdict);
	if (other == NULL)
		return false;
	subject->recorded_id = person->person_id;
	if (arrival->change.kind == MT__EVENT_DATA__KIND_SPLIT) {
		if (!was_merged(person, other))
			return verdict_reject(verdict, "data.otherStaffCode", "not_merged", "the two were not merged");
		emit_split(call, person, other, arrival->change.reason);
	} else {
		struct merge_fault fault = merge_fault_alone(person, other);
		if (fault.code != NULL)
			return verdict_reject(verdict, "data.otherStaffCode", fault.code, fault.sentence);
		emit_merged(call, person, other, arrival->change.reason, false);
	}
	*verdict = (struct verdict){.outcome = MT__EVENT__OUTCOME__ACCEPTED};
	return true;
}

/* --- apply -------------------------------------------------------------------------------------------------------- */

static Mt__PersonRecord *
record_copy(struct apply *apply, const Mt__PersonRecord *person)
{
	Mt__PersonRecord *copy = (Mt__PersonRecord *)pb_new(&mt__person_record__descriptor, apply_arena(apply));
	*copy = *person;
	return copy;
}

/* Whatever leads elsewhere lets go first, then the other takes it. */
void
duplicate_apply_merged(struct apply *apply, const Mt__PersonsMerged *fact)
{
	struct arena *arena = apply_arena(apply);
	apply_persons_merged(apply, fact);
	Mt__PersonRecord *other = person_known(apply, fact->merged_id);
	Mt__PersonRecord *gone = record_copy(apply, other);
	gone->merged_into = fact->person_id;
	person_refresh(apply, other, gone);

	Mt__PersonRecord *person = person_known(apply, fact->person_id);
	Mt__PersonRecord *joined = record_copy(apply, person);
	Mt__MergedRecord *merged = (Mt__MergedRecord *)pb_new(&mt__merged_record__descriptor, arena);
	merged->person_id = fact->merged_id;
	merged->recorded_us = apply_time_us(apply);
	merged->seq = apply_seq(apply);
	joined->merged = arena_alloc(arena, (person->n_merged + 1) * sizeof(Mt__MergedRecord *));
	if (person->n_merged > 0)
		memcpy(joined->merged, person->merged, person->n_merged * sizeof(Mt__MergedRecord *));
	joined->merged[joined->n_merged++] = merged;
	person_refresh(apply, person, joined);
	adoption_settle(apply, fact->merged_id, fact->person_id);
}

void
duplicate_apply_split(struct apply *apply, const Mt__PersonsSplit *fact)
{
	struct arena *arena = apply_arena(apply);
	static char nowhere[] = "";
	apply_persons_split(apply, fact);
	Mt__PersonRecord *person = person_known(apply, fact->person_id);
	Mt__PersonRecord *left = record_copy(apply, person);
	left->merged = arena_alloc(arena, (person->n_merged + 1) * sizeof(Mt__MergedRecord *));
	left->n_merged = 0;
	for (size_t i = 0; i < person->n_merged; i++) {
		if (strcmp(person->merged[i]->person_id, fact->split_id) != 0)
			left->merged[left->n_merged++] = person->merged[i];
	}
	person_refresh(apply, person, left);

	Mt__PersonRecord *other = person_known(apply, fact->split_id);
	Mt__PersonRecord *alone = record_copy(apply, other);
	alone->merged_into = nowhere;
	person_refresh(apply, other, alone);

	/* They are two people, whatever they share. */
	Mt__DismissedRecord dismissed = MT__DISMISSED_RECORD__INIT;
	dismissed.shared = SHARED_ANYTHING;
	dismissed.authority_id = fact->authority_id;
	dismissed.recorded_us = apply_time_us(apply);
	person = person_known(apply, fact->person_id);
	other = person_known(apply, fact->split_id);
	pair_dismiss(apply, person, other, &dismissed);
	pair_dismiss(apply, other, person, &dismissed);
}

static void
apply_dismissed(struct apply *apply, const Mt__DuplicateDismissed *fact)
{
	Mt__DismissedRecord dismissed = MT__DISMISSED_RECORD__INIT;
	dismissed.shared = fact->shared;
	dismissed.authority_id = fact->authority_id;
	dismissed.recorded_us = apply_time_us(apply);
	const Mt__PersonRecord *person = person_known(apply, fact->person_id);
	const Mt__PersonRecord *other = person_known(apply, fact->other_id);
	if (fact->for_person)
		pair_dismiss(apply, person, other, &dismissed);
	if (fact->for_other)
		pair_dismiss(apply, other, person, &dismissed);
	adoption_settle(apply, fact->person_id, fact->other_id);
	adoption_settle(apply, fact->other_id, fact->person_id);
}

void
duplicate_apply(struct apply *apply, const Mt__DuplicateFact *fact)
{
	switch (fact->kind_case) {
	case MT__DUPLICATE_FACT__KIND_DUPLICATE_DISMISSED:
		apply_dismissed(apply, fact->duplicate_dismissed);
		return;
	case MT__DUPLICATE_FACT__KIND_ADOPTION_PROPOSED:
		adoption_apply_proposed(apply, fact->adoption_proposed);
		return;
	case MT__DUPLICATE_FACT__KIND__NOT_SET:
		break;
	}
	assert(!"a duplicate fact of no kind");
}
