/* services/enrollment/provisional.c
 *
 * Learners whom no province has sent yet. A school registers one and may enrol it; it
 * has no staff code, so no event reaches it, and it is in no headcount. When a record of
 * the same person stands elsewhere, the two are candidates (duplicate_pair.c), and
 * adoption joins them: one side proposes, the other confirms, and the provisional record
 * is merged into the owner's with all that hangs on it.
 *
 * Promise: nobody adopts alone. School and owner both said so, by different callers. */
#include "services/enrollment/duplicate.h"

#include "common/base/date.h"
#include "common/wire/pb.h"

#include <assert.h>

/* --- look-ups ----------------------------------------------------------------------------------------------------- */

static struct key
adoption_key(const char *provisional_id, const char *person_id)
{
	struct key provisional = person_key(id_known(provisional_id));
	struct key person = person_key(id_known(person_id));
	struct key key = key_of(TABLE_ADOPTION);
	key_bytes(&key, person_rest(&provisional));
	key_bytes(&key, person_rest(&person));
	return key;
}

/* --- decisions ---------------------------------------------------------------------------------------------------- */

static bool
birth_date_or_refuse(struct call *call, const char *birth_date)
{
	int year;
	int this_year;
	int month;
	int day;
	date_split(call_today(call), &this_year, &month, &day);
	if (!event_date_partial(birth_date, &year)) {
		call_refuse_field(call, "birth_date", "birth_date is not a date written YYYY-MM-DD, YYYY-MM or YYYY");
		return false;
	}
	if (year >= BIRTH_YEAR_MIN && year <= this_year - BIRTH_AGE_MIN)
		return true;
	call_refuse_field(call, "birth_date", "birth_date makes the person younger than %d or born before %d",
			  BIRTH_AGE_MIN, BIRTH_YEAR_MIN);
	return false;
}

static void
provisional_persons_create(Mt__ProvisionalPersons_Service *service, const Mt__RegisterPersonRequest *in,
			   Mt__RegisterPersonReply_Closure reply, void *call)
{
	(void)service;
	const Mt__AuthorityRecord *school = call_authority_ref(call, "authority", in->authority);
	if (school == NULL)
		return;
	const char *name = call_text(call, "name", in->name, NAME_BYTES_MAX, false);
	if (name == NULL || !birth_date_or_refuse(call, in->birth_date))
		return;
	const char *employer = call_text(call, "employer", in->employer, NAME_BYTES_MAX, false);
	const char *email = employer != NULL ? call_text(call, "email", in->email, NAME_BYTES_MAX, true) : NULL;
	if (email == NULL)
		return;
	char today[DATE_TEXT_BYTES];
	date_format(call_today(call), today);
	Mt__Personal personal = MT__PERSONAL__INIT;
	personal.name = (char *)name;
	personal.birth_date = in->birth_date;
	personal.email = (char *)email;
	personal.employer = (char *)employer;
	Mt__PersonChange change = MT__PERSON_CHANGE__INIT;
	change.kind = MT__PERSON_CHANGE__KIND__REGISTERED;
	change.effective_date = today;
	change.personal = &personal;
	Mt__PersonHired fact = MT__PERSON_HIRED__INIT;
	fact.person_id = (char *)call_new_id(call, school->locality);
	fact.authority_id = school->authority_id;
	fact.change = &change;
	call_emit(call, &fact.base);
	Mt__RegisterPersonReply out = MT__REGISTER_PERSON_REPLY__INIT;
	out.person_id = fact.person_id;
	reply(&out, call);
}

static void
provisional_persons_list(Mt__ProvisionalPersons_Service *service, const Mt__ListProvisionalRequest *in,
			 Mt__ListProvisionalReply_Closure reply, void *call)
{
	(void)service;
	const Mt__AuthorityRecord *school = call_authority_ref(call, "authority", in->authority);
	if (school == NULL)
		return;
	struct page page;
	struct key prefix = key_of(TABLE_PROVISIONAL);
	key_u32(&prefix, school->locality);
	if (!page_begin(&page, call, &prefix, in->page_size, in->page_token))
		return;
	while (page_next(&page)) {
		Mt__PersonRecord *person = person_get(call, person_of_rest(block_person(page.walk.key)));
		assert(person != NULL);
		page_add(&page, person);
	}
	Mt__ListProvisionalReply out = MT__LIST_PROVISIONAL_REPLY__INIT;
	out.persons = (Mt__PersonRecord **)page.items;
	out.n_persons = page.count;
	out.next_page_token = page_token(&page);
	reply(&out, call);
}

/* For whom the caller speaks; who could speak for both speaks for the side that has not spoken yet. */
static Mt__Adoption__Side
adoption_side(struct call *call, const Mt__PersonRecord *provisional, const Mt__PersonRecord *person,
	      const Mt__AdoptionRecord *proposed)
{
	bool school = call_has_role(call, MT__ROLE__REGISTRAR) &&
		      tree_covers(call_store(call), call_authority(call), provisional->authority_id);
	bool owner = call_has_role(call, MT__ROLE__HR_OFFICER) &&
		     tree_covers(call_store(call), call_authority(call), person->authority_id);
	const char *reach = school ? provisional->authority_id : person->authority_id;
	if (!call_scope(call, reach))
		return MT__ADOPTION__SIDE__UNSET;
	if (school && owner && proposed != NULL)
		return proposed->side == MT__ADOPTION__SIDE__SCHOOL ? MT__ADOPTION__SIDE__OWNER
								    : MT__ADOPTION__SIDE__SCHOOL;
	if (school)
		return MT__ADOPTION__SIDE__SCHOOL;
	if (owner)
		return MT__ADOPTION__SIDE__OWNER;
	call_refuse(call, MT__STATUS__PERMISSION_DENIED,
		    "adoption is proposed by a registrar of the school or an HR officer of the owner");
	return MT__ADOPTION__SIDE__UNSET;
}

static bool
adoption_possible(struct call *call, const Mt__PersonRecord *provisional, const Mt__PersonRecord *person)
{
	struct merge_fault fault = merge_fault(person, provisional);
	if (fault.code != NULL)
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "person %s cannot be adopted: %s",
			    provisional->person_id, fault.sentence);
	else if (provisional->state != MT__PERSON__STATE__PROVISIONAL)
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "person %s is not provisional",
			    provisional->person_id);
	else if (person->state == MT__PERSON__STATE__PROVISIONAL)
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "person %s is provisional itself",
			    person->person_id);
	return !call_refused(call);
}

static void
emit_proposed(struct call *call, const Mt__PersonRecord *provisional, const Mt__PersonRecord *person,
	      Mt__Adoption__Side side, const char *proof)
{
	Mt__Reason sealed = MT__REASON__INIT;
	Mt__AdoptionProposed fact = MT__ADOPTION_PROPOSED__INIT;
	fact.provisional_id = provisional->person_id;
	fact.person_id = person->person_id;
	fact.side = side;
	fact.authority_id = (char *)call_authority(call);
	fact.proposed_by = (char *)call_subject(call);
	sealed.text = (char *)proof;
	fact.proof = &sealed;
	call_emit(call, &fact.base);
}

static void
provisional_persons_adopt(Mt__ProvisionalPersons_Service *service, const Mt__AdoptPersonRequest *in,
			  Mt__AdoptPersonReply_Closure reply, void *call)
{
	(void)service;
	struct id id;
	const Mt__PersonRecord *person = person_or_refuse(call, in->person_id);
	if (person == NULL || !call_id(call, "provisional_id", in->provisional_id, &id))
		return;
	const Mt__PersonRecord *provisional = person_get(call, id);
	if (provisional == NULL) {
		call_refuse(call, MT__STATUS__NOT_FOUND, "person %s is unknown", in->provisional_id);
		return;
	}
	struct key key = adoption_key(in->provisional_id, in->person_id);
	const Mt__AdoptionRecord *proposed = call_record(call, &key, &mt__adoption_record__descriptor);
	Mt__Adoption__Side side = adoption_side(call, provisional, person, proposed);
	const char *proof =
		side != MT__ADOPTION__SIDE__UNSET ? call_text(call, "proof", in->proof, NAME_BYTES_MAX, false) : NULL;
	if (proof == NULL || !adoption_possible(call, provisional, person))
		return;
	Mt__AdoptPersonReply out = MT__ADOPT_PERSON_REPLY__INIT;
	out.state = MT__ADOPTION__STATE__PROPOSED;
	if (proposed == NULL) {
		emit_proposed(call, provisional, person, side, proof);
		reply(&out, call);
		return;
	}
	if (side == proposed->side || strcmp(proposed->proposed_by, call_subject(call)) == 0) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION,
			    "the adoption of person %s is proposed; the other side has to confirm it",
			    provisional->person_id);
		return;
	}
	emit_merged(call, person, provisional, proof, true);
	out.state = MT__ADOPTION__STATE__ADOPTED;
	reply(&out, call);
}

Mt__ProvisionalPersons_Service provisional_persons_handlers = MT__PROVISIONAL_PERSONS__INIT(provisional_persons_);

/* --- apply -------------------------------------------------------------------------------------------------------- */

void
adoption_apply_proposed(struct apply *apply, const Mt__AdoptionProposed *fact)
{
	Mt__AdoptionRecord record = MT__ADOPTION_RECORD__INIT;
	record.provisional_id = fact->provisional_id;
	record.person_id = fact->person_id;
	record.side = fact->side;
	record.authority_id = fact->authority_id;
	record.proposed_by = fact->proposed_by;
	record.recorded_us = apply_time_us(apply);
	struct key key = adoption_key(fact->provisional_id, fact->person_id);
	apply_put(apply, &key, &record.base);
}

void
adoption_settle(struct apply *apply, const char *provisional_id, const char *person_id)
{
	struct key key = adoption_key(provisional_id, person_id);
	if (store_has(apply_store(apply), key_slice(&key)))
		apply_delete(apply, &key);
}
