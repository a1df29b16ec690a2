/* services/enrollment/subject_grant.c
 *
 * Who may read a person's whole file: granting is a fact, told to the other services, which
 * answer nobody without it. And the rows that lead from a person to what is held of them. */
#include "services/enrollment/subject.h"

#include "services/subject_part.h"

/* --- look-ups ----------------------------------------------------------------------------------------------------- */

struct key
subject_rows_key(uint8_t table, const char *person_id)
{
	struct key key = person_key(id_known(person_id));
	key.data[0] = table;
	return key;
}

static struct key
row_key(uint8_t table, const char *person_id, struct slice rest)
{
	struct key key = subject_rows_key(table, person_id);
	key_bytes(&key, rest);
	return key;
}

/* --- granting ----------------------------------------------------------------------------------------------------- */

static void
subject_exports_begin(Mt__SubjectExports_Service *service, const Mt__BeginExportRequest *in,
		      Mt__BeginExportReply_Closure reply, void *call)
{
	(void)service;
	const Mt__PersonRecord *person = person_or_refuse(call, in->person_id);
	if (person == NULL)
		return;
	if (person->merged_into[0] != '\0')
		person = person_get(call, id_known(person->merged_into));
	assert(person != NULL);
	if (!call_is_self(call, in->person_id) && !call_scope(call, person->authority_id))
		return;
	Mt__SubjectExport granted = MT__SUBJECT_EXPORT__INIT;
	granted.person_id = person->person_id;
	granted.merged_ids = arena_alloc(call_arena(call), (person->n_merged + 1) * sizeof(*granted.merged_ids));
	for (size_t i = 0; i < person->n_merged; i++)
		granted.merged_ids[granted.n_merged_ids++] = person->merged[i]->person_id;
	granted.authority_id = person->authority_id;
	granted.by = (char *)call_subject(call);
	granted.exported_us = call_now_us(call);
	Mt__SubjectExported fact = MT__SUBJECT_EXPORTED__INIT;
	fact.granted = &granted;
	call_emit(call, &fact.base);

	Mt__BeginExportReply out = MT__BEGIN_EXPORT_REPLY__INIT;
	out.person_id = granted.person_id;
	out.merged_ids = granted.merged_ids;
	out.n_merged_ids = granted.n_merged_ids;
	out.exported_us = granted.exported_us;
	reply(&out, call);
}

Mt__SubjectExports_Service enrollment_subject_exports = MT__SUBJECT_EXPORTS__INIT(subject_exports_);

/* --- apply -------------------------------------------------------------------------------------------------------- */

void
enrollment_subject_apply(struct apply *apply, const Mt__SubjectFact *fact)
{
	assert(fact->kind_case == MT__SUBJECT_FACT__KIND_SUBJECT_EXPORTED);
	subject_grant_put(apply, TABLE_SUBJECT_EXPORT, fact->subject_exported->granted);
}

static void
index_put(struct apply *apply, uint8_t table, const char *person_id, const char *other_id)
{
	struct id id = id_known(other_id);
	struct key key = row_key(table, person_id, slice_of(id.bytes, ID_BYTES));
	if (!store_has(apply_store(apply), key_slice(&key)))
		apply_put_bytes(apply, &key, slice_text(""));
}

static void
index_enrolment(struct apply *apply, const Mt__EnrolmentFact *fact)
{
	if (fact->kind_case == MT__ENROLMENT_FACT__KIND_LEARNER_ENROLLED)
		index_put(apply, TABLE_SUBJECT_CLASS, fact->learner_enrolled->person_id,
			  fact->learner_enrolled->class_id);
	if (fact->kind_case == MT__ENROLMENT_FACT__KIND_LEARNER_WAITLISTED)
		index_put(apply, TABLE_SUBJECT_CLASS, fact->learner_waitlisted->person_id,
			  fact->learner_waitlisted->class_id);
}

static void
index_access(struct apply *apply, const Mt__AccessFact *fact)
{
	struct id id;
	bool granted = fact->kind_case == MT__ACCESS_FACT__KIND_TOKEN_GRANTED;
	if (!granted && fact->kind_case != MT__ACCESS_FACT__KIND_TOKEN_REVOKED)
		return;
	const ProtobufCBinaryData *hash =
		granted ? &fact->token_granted->token->token_hash : &fact->token_revoked->token_hash;
	const Mt__TokenRecord *token =
		granted ? fact->token_granted->token
			: access_token(apply_store(apply), apply_arena(apply), slice_of(hash->data, hash->len));
	if (token == NULL || !id_parse(token->subject, &id))
		return;
	struct key key = row_key(TABLE_SUBJECT_TOKEN, token->subject, slice_of(hash->data, hash->len));
	if (granted)
		apply_put_bytes(apply, &key, slice_text(""));
	else
		apply_delete(apply, &key);
}

void
enrollment_subject_index(struct apply *apply, const Mt__EnrollmentServiceFact *fact)
{
	if (fact->noun_case == MT__ENROLLMENT_SERVICE_FACT__NOUN_ENROLMENT)
		index_enrolment(apply, fact->enrolment);
	if (fact->noun_case == MT__ENROLLMENT_SERVICE_FACT__NOUN_ACCESS)
		index_access(apply, fact->access);
	if (fact->noun_case == MT__ENROLLMENT_SERVICE_FACT__NOUN_TEAM &&
	    fact->team->kind_case == MT__TEAM_FACT__KIND_TEAM_MEMBER_ADDED)
		index_put(apply, TABLE_SUBJECT_TEAM, fact->team->team_member_added->person_id,
			  fact->team->team_member_added->team_id);
	if (fact->noun_case != MT__ENROLLMENT_SERVICE_FACT__NOUN_DUPLICATE ||
	    fact->duplicate->kind_case != MT__DUPLICATE_FACT__KIND_ADOPTION_PROPOSED)
		return;
	const Mt__AdoptionProposed *proposed = fact->duplicate->adoption_proposed;
	index_put(apply, TABLE_SUBJECT_ADOPTION, proposed->person_id, proposed->provisional_id);
	index_put(apply, TABLE_SUBJECT_ADOPTION, proposed->provisional_id, proposed->person_id);
}
