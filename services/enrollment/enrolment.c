/* services/enrollment/enrolment.c
 *
 * A person's seat in a class, or place on its waitlist. The waitlist is first come, first
 * served by journal order (the place is the entry's sequence number), so replaying gives
 * the same queue; a seat given back goes to the first of it in the same decision.
 *
 * Promises: seats taken never exceed seats; nobody is in a class twice; nobody who is no
 * longer in service moves up. Whoever withdrew may be nominated again and finds the
 * attendance that was marked. */
#include "services/enrollment/enrollment.h"

#include "common/wire/pb.h"

#include <assert.h>

/* Who may change an enrolment, and who may read it: by covering the school, or the place where the person serves. */
static const uint32_t CHANGE_AT_SCHOOL = 1u << MT__ROLE__REGISTRAR;
static const uint32_t CHANGE_AT_HOME = 1u << MT__ROLE__HR_OFFICER;
static const uint32_t READ_AT_SCHOOL =
	1u << MT__ROLE__REGISTRAR | 1u << MT__ROLE__LECTURER | 1u << MT__ROLE__LEADER | 1u << MT__ROLE__AUDITOR;
static const uint32_t READ_AT_HOME = 1u << MT__ROLE__HR_OFFICER | 1u << MT__ROLE__LEADER | 1u << MT__ROLE__AUDITOR;

/* --- look-ups ----------------------------------------------------------------------------------------------------- */

const Mt__EnrolmentRecord *
enrolment_get(const struct call *call, struct id class_id, struct id person_id)
{
	struct key key = key_of_ids(TABLE_ENROLMENT, class_id, person_id);
	return call_record(call, &key, &mt__enrolment_record__descriptor);
}

const Mt__EnrolmentRecord *
enrolment_of_person(const struct call *call, struct id class_id, const Mt__PersonRecord *person)
{
	const Mt__EnrolmentRecord *found = enrolment_get(call, class_id, id_known(person->person_id));
	for (size_t i = 0; i < person->n_merged; i++) {
		if (found != NULL && found->state != MT__ENROLMENT__STATE__WITHDRAWN)
			break;
		const Mt__EnrolmentRecord *other =
			enrolment_get(call, class_id, id_known(person->merged[i]->person_id));
		found = other != NULL ? other : found;
	}
	return found;
}

bool
enrolment_holds_seat(const Mt__EnrolmentRecord *enrolment)
{
	switch (enrolment->state) {
	case MT__ENROLMENT__STATE__ENROLLED:
	case MT__ENROLMENT__STATE__COMPLETED:
	case MT__ENROLMENT__STATE__NOT_COMPLETED:
		return true;
	case MT__ENROLMENT__STATE__UNSET:
	case MT__ENROLMENT__STATE__WAITLISTED:
	case MT__ENROLMENT__STATE__WITHDRAWN:
		break;
	}
	return false;
}

struct key
waitlist_key(struct id class_id)
{
	return key_of_id(TABLE_WAITLIST, class_id);
}

static bool
scope_change(struct call *call, const Mt__ClassRecord *class, const Mt__PersonRecord *person)
{
	const struct scope_way ways[] = {
		{CHANGE_AT_SCHOOL, class->authority_id},
		{CHANGE_AT_HOME, person->authority_id},
	};
	return scope_one_of(call, ways, sizeof(ways) / sizeof(ways[0]));
}

static bool
scope_read(struct call *call, const Mt__ClassRecord *class, const Mt__PersonRecord *person)
{
	const struct scope_way ways[] = {
		{READ_AT_SCHOOL, class->authority_id},
		{READ_AT_HOME, person->authority_id},
	};
	return scope_one_of(call, ways, sizeof(ways) / sizeof(ways[0]));
}

/* --- decisions ---------------------------------------------------------------------------------------------------- */

static void
emit_enrolled(struct call *call, const Mt__ClassRecord *class, const Mt__PersonRecord *person, const char *nominated_by,
	      bool from_waitlist)
{
	const Mt__ProgrammeRecord *programme = programme_get(call, class->programme_id);
	assert(programme != NULL);
	Mt__LearnerEnrolled fact = MT__LEARNER_ENROLLED__INIT;
	fact.class_id = class->class_id;
	fact.person_id = person->person_id;
	fact.authority_id = person->authority_id;
	fact.nominated_by = (char *)nominated_by;
	fact.from_waitlist = from_waitlist;
	fact.class_title = class->title;
	fact.school_id = class->authority_id;
	fact.programme_id = class->programme_id;
	fact.mark_percent_min = programme->mark_percent_min;
	call_emit(call, &fact.base);
}

static void
emit_withdrawn(struct call *call, const Mt__ClassRecord *class, const Mt__EnrolmentRecord *enrolment,
	       const char *reason)
{
	Mt__EnrolmentWithdrawn fact = MT__ENROLMENT_WITHDRAWN__INIT;
	fact.class_id = enrolment->class_id;
	fact.person_id = enrolment->person_id;
	fact.authority_id = enrolment->authority_id;
	fact.reason = (char *)reason;
	fact.was_waitlisted = enrolment->state == MT__ENROLMENT__STATE__WAITLISTED;
	fact.class_title = class->title;
	call_emit(call, &fact.base);
}

void
enrolment_leave_waitlist(struct call *call, const Mt__ClassRecord *class, const Mt__EnrolmentRecord *enrolment,
			 const char *reason)
{
	assert(enrolment != NULL && enrolment->state == MT__ENROLMENT__STATE__WAITLISTED);
	emit_withdrawn(call, class, enrolment, reason);
}

const char *
enrolment_fault(struct call *call, const Mt__ClassRecord *class, const Mt__PersonRecord *person, Mt__Status *status)
{
	struct arena *arena = call_arena(call);
	*status = MT__STATUS__FAILED_PRECONDITION;
	if (class->state != MT__CLASS__STATE__OPEN)
		return arena_format(arena, "class %s is not open for enrolment", class->class_id);
	if (!person_may_learn(person))
		return arena_format(arena, "person %s is not in service", person->person_id);
	const Mt__EnrolmentRecord *there = enrolment_of_person(call, id_known(class->class_id), person);
	if (there != NULL && there->state != MT__ENROLMENT__STATE__WITHDRAWN) {
		*status = MT__STATUS__ALREADY_EXISTS;
		return arena_format(arena, "person %s is in class %s already", person->person_id, class->class_id);
	}
	if (class->seats_taken >= class->seats && class->waitlisted >= WAITLIST_MAX) {
		*status = MT__STATUS__RESOURCE_EXHAUSTED;
		return arena_format(arena, "the waitlist of class %s is full at %d people", class->class_id,
				    WAITLIST_MAX);
	}
	return NULL;
}

Mt__Enrolment__State
enrolment_nominate(struct call *call, Mt__ClassRecord *class, const Mt__PersonRecord *person)
{
	const char *nominated_by = call_authority(call);
	if (class->seats_taken < class->seats) {
		emit_enrolled(call, class, person, nominated_by, false);
		class->seats_taken++;
		return MT__ENROLMENT__STATE__ENROLLED;
	}
	Mt__LearnerWaitlisted fact = MT__LEARNER_WAITLISTED__INIT;
	fact.class_id = class->class_id;
	fact.person_id = person->person_id;
	fact.authority_id = person->authority_id;
	fact.nominated_by = (char *)nominated_by;
	fact.class_title = class->title;
	call_emit(call, &fact.base);
	class->waitlisted++;
	return MT__ENROLMENT__STATE__WAITLISTED;
}

static void
enrolments_nominate(Mt__Enrolments_Service *service, const Mt__NominateRequest *in, Mt__NominateReply_Closure reply,
		    void *call)
{
	(void)service;
	Mt__ClassRecord *class = class_or_refuse(call, in->class_id);
	if (class == NULL)
		return;
	const Mt__PersonRecord *person = person_standing(call, person_or_refuse(call, in->person_id));
	if (person == NULL || !scope_change(call, class, person))
		return;
	Mt__Status status;
	const char *fault = enrolment_fault(call, class, person, &status);
	if (fault != NULL) {
		call_refuse(call, status, "%s", fault);
		return;
	}
	Mt__NominateReply out = MT__NOMINATE_REPLY__INIT;
	out.state = enrolment_nominate(call, class, person);
	reply(&out, call);
}

/* The first of the waitlist who is still in service gets the seat; "" if nobody does. */
static const char *
move_up(struct call *call, const Mt__ClassRecord *class)
{
	struct id class_id = id_known(class->class_id);
	struct key prefix = waitlist_key(class_id);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	while (store_walk_next(&walk)) {
		struct id person_id;
		assert(walk.value.size == ID_BYTES);
		memcpy(person_id.bytes, walk.value.data, ID_BYTES);
		const Mt__EnrolmentRecord *waiting = enrolment_get(call, class_id, person_id);
		const Mt__PersonRecord *person = person_learner(call, person_id);
		assert(waiting != NULL);
		if (person_may_learn(person)) {
			emit_enrolled(call, class, person, waiting->nominated_by, true);
			return person->person_id;
		}
		enrolment_leave_waitlist(call, class, waiting, "no longer in service");
	}
	return "";
}

static void
enrolments_withdraw(Mt__Enrolments_Service *service, const Mt__WithdrawRequest *in, Mt__WithdrawReply_Closure reply,
		    void *call)
{
	(void)service;
	const Mt__ClassRecord *class = class_or_refuse(call, in->class_id);
	if (class == NULL)
		return;
	const Mt__PersonRecord *person = person_standing(call, person_or_refuse(call, in->person_id));
	if (person == NULL)
		return;
	if (!call_is_self(call, person->person_id) && !scope_change(call, class, person))
		return;
	const char *reason = call_text(call, "reason", in->reason, TEXT_BYTES_MAX, true);
	if (reason == NULL)
		return;
	const Mt__EnrolmentRecord *there = enrolment_of_person(call, id_known(class->class_id), person);
	if (there == NULL || there->state == MT__ENROLMENT__STATE__WITHDRAWN) {
		call_refuse(call, MT__STATUS__NOT_FOUND, "person %s is not in class %s", in->person_id, in->class_id);
		return;
	}
	bool waits = there->state == MT__ENROLMENT__STATE__WAITLISTED;
	if (!waits && there->state != MT__ENROLMENT__STATE__ENROLLED) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "class %s is over for person %s", in->class_id,
			    in->person_id);
		return;
	}
	emit_withdrawn(call, class, there, reason);
	Mt__WithdrawReply out = MT__WITHDRAW_REPLY__INIT;
	if (!waits && class->state == MT__CLASS__STATE__OPEN)
		out.moved_up_person_id = (char *)move_up(call, class);
	reply(&out, call);
}

static void
enrolments_get(Mt__Enrolments_Service *service, const Mt__GetEnrolmentRequest *in, Mt__EnrolmentRecord_Closure reply,
	       void *call)
{
	(void)service;
	const Mt__ClassRecord *class = class_or_refuse(call, in->class_id);
	if (class == NULL)
		return;
	const Mt__PersonRecord *person = person_standing(call, person_or_refuse(call, in->person_id));
	if (person == NULL)
		return;
	if (!call_is_self(call, person->person_id) && !scope_read(call, class, person))
		return;
	const Mt__EnrolmentRecord *there = enrolment_of_person(call, id_known(in->class_id), person);
	if (there == NULL) {
		call_refuse(call, MT__STATUS__NOT_FOUND, "person %s is not in class %s", in->person_id, in->class_id);
		return;
	}
	reply(there, call);
}

static void
enrolments_list(Mt__Enrolments_Service *service, const Mt__ListEnrolmentsRequest *in,
		Mt__ListEnrolmentsReply_Closure reply, void *call)
{
	(void)service;
	const Mt__ClassRecord *class = class_or_refuse(call, in->class_id);
	if (class == NULL || !call_scope(call, class->authority_id))
		return;
	struct page page;
	struct key prefix = key_of_id(TABLE_ENROLMENT, id_known(class->class_id));
	if (!page_begin(&page, call, &prefix, in->page_size, in->page_token))
		return;
	while (page_next(&page)) {
		ProtobufCMessage *record =
			pb_unpack_trusted(&mt__enrolment_record__descriptor, call_arena(call), page.walk.value);
		assert(record != NULL);
		page_add(&page, record);
	}
	Mt__ListEnrolmentsReply out = MT__LIST_ENROLMENTS_REPLY__INIT;
	out.enrolments = (Mt__EnrolmentRecord **)page.items;
	out.n_enrolments = page.count;
	out.next_page_token = page_token(&page);
	reply(&out, call);
}

Mt__Enrolments_Service enrolments_handlers = MT__ENROLMENTS__INIT(enrolments_);

/* --- apply -------------------------------------------------------------------------------------------------------- */

Mt__EnrolmentRecord *
enrolment_known(struct apply *apply, const char *class_id, const char *person_id)
{
	struct key key = key_of_ids(TABLE_ENROLMENT, id_known(class_id), id_known(person_id));
	Mt__EnrolmentRecord *enrolment = apply_record(apply, &key, &mt__enrolment_record__descriptor);
	assert(enrolment != NULL);
	return enrolment;
}

void
enrolment_put(struct apply *apply, Mt__EnrolmentRecord *enrolment)
{
	struct key key = key_of_ids(TABLE_ENROLMENT, id_known(enrolment->class_id), id_known(enrolment->person_id));
	enrolment->version++;
	apply_put(apply, &key, &enrolment->base);
}

/* The row as it was, or a new one. */
static Mt__EnrolmentRecord *
enrolment_begin(struct apply *apply, const char *class_id, const char *person_id)
{
	struct key key = key_of_ids(TABLE_ENROLMENT, id_known(class_id), id_known(person_id));
	Mt__EnrolmentRecord *enrolment = apply_record(apply, &key, &mt__enrolment_record__descriptor);
	if (enrolment != NULL)
		return enrolment;
	enrolment = (Mt__EnrolmentRecord *)pb_new(&mt__enrolment_record__descriptor, apply_arena(apply));
	enrolment->class_id = (char *)class_id;
	enrolment->person_id = (char *)person_id;
	return enrolment;
}

/* Takes the enrolment out of what its present state counts for; the caller puts tally and row. */
static void
leave_state(struct apply *apply, Mt__EnrolmentRecord *enrolment, struct class_tally *tally)
{
	if (enrolment->state == MT__ENROLMENT__STATE__WAITLISTED) {
		struct key key = waitlist_key(id_known(enrolment->class_id));
		key_u64(&key, enrolment->waitlist_place);
		apply_delete(apply, &key);
		enrolment->waitlist_place = 0;
		assert(tally->waitlisted > 0);
		tally->waitlisted--;
		metric_stock(apply, METRIC_ENROLMENTS_WAITLISTED, enrolment->authority_id, "", -1);
	}
	if (enrolment->state == MT__ENROLMENT__STATE__ENROLLED) {
		assert(tally->seats_taken > 0);
		tally->seats_taken--;
		metric_stock(apply, METRIC_ENROLMENTS_ACTIVE, enrolment->authority_id, "", -1);
	}
	tally->version++;
}

static void
apply_enrolled(struct apply *apply, const Mt__LearnerEnrolled *fact)
{
	struct id class_id = id_known(fact->class_id);
	struct class_tally tally = class_tally_get(apply_store(apply), class_id);
	Mt__EnrolmentRecord *enrolment = enrolment_begin(apply, fact->class_id, fact->person_id);
	leave_state(apply, enrolment, &tally);
	enrolment->state = MT__ENROLMENT__STATE__ENROLLED;
	enrolment->nominated_by = fact->nominated_by;
	enrolment->authority_id = fact->authority_id;
	tally.seats_taken++;
	class_tally_put(apply, class_id, &tally);
	enrolment_put(apply, enrolment);
	metric_stock(apply, METRIC_ENROLMENTS_ACTIVE, fact->authority_id, "", 1);
}

static void
apply_waitlisted(struct apply *apply, const Mt__LearnerWaitlisted *fact)
{
	struct id class_id = id_known(fact->class_id);
	struct id person_id = id_known(fact->person_id);
	struct class_tally tally = class_tally_get(apply_store(apply), class_id);
	Mt__EnrolmentRecord *enrolment = enrolment_begin(apply, fact->class_id, fact->person_id);
	leave_state(apply, enrolment, &tally);
	enrolment->state = MT__ENROLMENT__STATE__WAITLISTED;
	enrolment->nominated_by = fact->nominated_by;
	enrolment->authority_id = fact->authority_id;
	enrolment->waitlist_place = apply_seq(apply);
	tally.waitlisted++;
	class_tally_put(apply, class_id, &tally);
	enrolment_put(apply, enrolment);
	struct key key = waitlist_key(class_id);
	key_u64(&key, enrolment->waitlist_place);
	apply_put_bytes(apply, &key, slice_of(person_id.bytes, ID_BYTES));
	metric_stock(apply, METRIC_ENROLMENTS_WAITLISTED, fact->authority_id, "", 1);
}

static void
apply_withdrawn(struct apply *apply, const Mt__EnrolmentWithdrawn *fact)
{
	struct id class_id = id_known(fact->class_id);
	struct class_tally tally = class_tally_get(apply_store(apply), class_id);
	Mt__EnrolmentRecord *enrolment = enrolment_known(apply, fact->class_id, fact->person_id);
	leave_state(apply, enrolment, &tally);
	enrolment->state = MT__ENROLMENT__STATE__WITHDRAWN;
	class_tally_put(apply, class_id, &tally);
	enrolment_put(apply, enrolment);
}

static void
apply_warned(struct apply *apply, const Mt__LearnerWarned *fact)
{
	Mt__EnrolmentRecord *enrolment = enrolment_known(apply, fact->class_id, fact->person_id);
	enrolment->warned = true;
	enrolment_put(apply, enrolment);
	metric_flow_at(apply, METRIC_WARNINGS, fact->authority_id, apply_time_us(apply), 1);
}

void
enrolment_apply(struct apply *apply, const Mt__EnrolmentFact *fact)
{
	switch (fact->kind_case) {
	case MT__ENROLMENT_FACT__KIND_LEARNER_ENROLLED:
		apply_enrolled(apply, fact->learner_enrolled);
		return;
	case MT__ENROLMENT_FACT__KIND_LEARNER_WAITLISTED:
		apply_waitlisted(apply, fact->learner_waitlisted);
		return;
	case MT__ENROLMENT_FACT__KIND_ENROLMENT_WITHDRAWN:
		apply_withdrawn(apply, fact->enrolment_withdrawn);
		return;
	case MT__ENROLMENT_FACT__KIND_LEARNER_WARNED:
		apply_warned(apply, fact->learner_warned);
		return;
	case MT__ENROLMENT_FACT__KIND_LEARNER_COMPLETED:
		completion_apply_completed(apply, fact->learner_completed);
		return;
	case MT__ENROLMENT_FACT__KIND_LEARNER_FELL_SHORT:
		completion_apply_fell_short(apply, fact->learner_fell_short);
		return;
	case MT__ENROLMENT_FACT__KIND_MARK_NOTED:
		completion_apply_mark(apply, fact->mark_noted);
		return;
	case MT__ENROLMENT_FACT__KIND_CLASS_SETTLING_CONTINUED:
		completion_apply_continued(apply, fact->class_settling_continued);
		return;
	case MT__ENROLMENT_FACT__KIND__NOT_SET:
		break;
	}
	assert(!"an enrolment fact of no kind");
}
