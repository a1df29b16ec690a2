/* services/enrollment/erasure.c
 *
 * Erasing a person's data for a legal reason (Law on Personal Data Protection 91/2025/QH15).
 * The core destroys the person's key in every service; here the record loses what was
 * personal, and with it go the rows by which it was found (person_settle.c). What the law
 * wants kept stays: id, staff codes, posts, states and their dates.
 *
 * Whoever is in service, or is to be, is not erased: the record is kept by law. Records
 * merged into the person are erased with it. */
#include "services/enrollment/enrollment.h"

#include "common/wire/pb.h"

#include <assert.h>

static void
emit_erased(struct call *call, const Mt__PersonRecord *person, const char *legal_basis)
{
	Mt__PersonErased fact = MT__PERSON_ERASED__INIT;
	fact.person_id = person->person_id;
	fact.authority_id = person->authority_id;
	fact.legal_basis = (char *)legal_basis;
	call_emit(call, &fact.base);
}

static bool
may_erase(struct call *call, const Mt__PersonRecord *person)
{
	if (person->erased) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "person %s is erased already", person->person_id);
		return false;
	}
	if (person->merged_into[0] != '\0') {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "person %s is merged into %s: erase that one",
			    person->person_id, person->merged_into);
		return false;
	}
	/* Whose hire was withdrawn has no staff code and is not awaited. */
	bool awaited = person->state == MT__PERSON__STATE__NOT_YET && person->n_staff_codes > 0;
	if (!person_in_service(person) && !awaited)
		return true;
	call_refuse(call, MT__STATUS__FAILED_PRECONDITION,
		    "person %s is in service: the record is kept by law until the person has left", person->person_id);
	return false;
}

static void
erasures_erase(Mt__Erasures_Service *service, const Mt__ErasePersonRequest *in, Mt__ErasePersonReply_Closure reply,
	       void *call)
{
	(void)service;
	const Mt__PersonRecord *person = person_or_refuse(call, in->person_id);
	if (person == NULL || !call_scope(call, person->authority_id))
		return;
	const char *basis = call_text(call, "legal_basis", in->legal_basis, NAME_BYTES_MAX, false);
	if (basis == NULL || !may_erase(call, person))
		return;
	for (size_t i = 0; i < person->n_merged; i++)
		emit_erased(call, person_get(call, id_known(person->merged[i]->person_id)), basis);
	emit_erased(call, person, basis);
	Mt__ErasePersonReply out = MT__ERASE_PERSON_REPLY__INIT;
	reply(&out, call);
}

Mt__Erasures_Service erasures_handlers = MT__ERASURES__INIT(erasures_);

/* --- apply -------------------------------------------------------------------------------------------------------- */

/* What a rebuild can no longer open must not stand here sealed either. */
static void
history_erase(struct apply *apply, const char *person_id)
{
	struct history history = history_applied(apply, person_id);
	struct key prefix = history_key(id_known(person_id));
	struct store_walk walk = store_walk(apply_store(apply), key_slice(&prefix));
	for (size_t i = 0; i < history.count && store_walk_next(&walk); i++) {
		struct key key = key_copy(walk.key);
		history.rows[i]->change->personal = NULL;
		history.rows[i]->change->n_qualifications = 0;
		apply_put(apply, &key, &history.rows[i]->base);
	}
}

/* What is recorded through a merged record acts in who stands for it, until that one is erased too. */
static void
merged_history_erase(struct apply *apply, const Mt__PersonRecord *person)
{
	Mt__PersonRecord *standing = person_known(apply, person->merged_into);
	struct past was;
	past_of(apply, standing, &was);
	bool renamed = standing->renamed;
	history_erase(apply, person->person_id);
	past_follow(apply, standing, &was, standing);
	if (standing->renamed != renamed)
		person_put(apply, standing);
}

void
person_erase_rows(struct apply *apply, const char *subject_id)
{
	struct key key = person_key(id_known(subject_id));
	Mt__PersonRecord *before = apply_record(apply, &key, &mt__person_record__descriptor);
	if (before == NULL || before->erased)
		return; /* the subject of a kept event, or done already */
	person_whole(before);
	Mt__PersonRecord *after = (Mt__PersonRecord *)pb_new(&mt__person_record__descriptor, apply_arena(apply));
	*after = *before;
	after->personal = NULL;
	after->n_qualifications = 0;
	after->erased = true;
	after->version++;
	struct past was;
	past_of(apply, before, &was);
	past_follow(apply, before, &was, after);
	staff_rows_unexpect(apply, before);
	person_settle(apply, before, after, false);
	if (before->merged_into[0] != '\0')
		merged_history_erase(apply, before);
	else
		history_erase(apply, subject_id);
	event_erase_kept(apply, before);
}

void
person_apply_erased(struct apply *apply, const Mt__PersonErased *fact)
{
	person_erase_rows(apply, fact->person_id);
	apply_erase(apply, fact->person_id);
}
