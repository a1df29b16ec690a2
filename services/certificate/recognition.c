/* services/certificate/recognition.c
 *
 * Learning without a course - on the job, as a mentor, in a community of practice - counts
 * once an authority recognises it, by hours and evidence. A recognition that was wrong is
 * withdrawn and stays on record; it is never changed. Its words may tell of the person and
 * go with an erasure; form, hours and date stay. */
#include "services/certificate/passport.h"

#include "common/base/date.h"
#include "services/certificate/certificate.h"
#include "services/certificate/content.h"
#include "services/certificate/tables.h"

/* --- look-ups --------------------------------------------------------------------------------------------------- */

struct key
recognitions_key(const char *person_id)
{
	struct key key = key_of(TABLE_RECOGNITION);
	key_id_of(&key, person_id);
	return key;
}

/* Under whichever of the person's ids it was given. */
static const Mt__RecognitionRecord *
recognition_or_refuse(struct call *call, const char *person_id, const char *recognition_id)
{
	const char *ids[PERSON_IDS_MAX];
	struct id id;
	if (!call_id(call, "person_id", person_id, &id) || !call_id(call, "recognition_id", recognition_id, &id))
		return NULL;
	size_t count = call_person_ids(call, person_id, ids, PERSON_IDS_MAX);
	for (size_t i = 0; i < count; i++) {
		struct key key = recognitions_key(ids[i]);
		key_bytes(&key, slice_of(id.bytes, ID_BYTES));
		const Mt__RecognitionRecord *recognition = call_record(call, &key, &mt__recognition_record__descriptor);
		if (recognition != NULL)
			return recognition;
	}
	call_refuse(call, MT__STATUS__NOT_FOUND, "recognition %s is not known", recognition_id);
	return NULL;
}

/* --- decisions -------------------------------------------------------------------------------------------------- */

static bool
has_room(struct call *call, const char *person_id)
{
	struct key prefix = recognitions_key(person_id);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	size_t count = 0;
	while (store_walk_next(&walk))
		count++;
	if (count < RECOGNITIONS_MAX)
		return true;
	call_refuse(call, MT__STATUS__RESOURCE_EXHAUSTED, "person %s has %d recognitions, no more are possible",
		    person_id, RECOGNITIONS_MAX);
	return false;
}

static bool
text_checked(struct call *call, const Mt__RecognitionText *in, Mt__RecognitionText *out)
{
	if (in == NULL) {
		call_refuse_field(call, "text", "text is missing");
		return false;
	}
	out->title = (char *)content_text(call, "text.title", in->title, false);
	if (out->title == NULL)
		return false;
	out->evidence = (char *)call_text(call, "text.evidence", in->evidence, EVIDENCE_BYTES_MAX, true);
	return out->evidence != NULL;
}

static bool
request_is_good(struct call *call, const Mt__RecogniseRequest *in)
{
	if (in->form == MT__RECOGNITION__FORM__UNSET) {
		call_refuse_field(call, "form", "form is missing");
		return false;
	}
	if (in->hours == 0 || in->hours > RECOGNITION_HOURS_MAX) {
		call_refuse_field(call, "hours", "hours is %u, 1 to %d are possible", in->hours, RECOGNITION_HOURS_MAX);
		return false;
	}
	if (content_date(call, "on", in->on) == DATE_NONE)
		return false;
	if (!call_erased(call, in->person_id))
		return true;
	call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "the data of person %s were erased", in->person_id);
	return false;
}

void
passports_recognise(Mt__Passports_Service *service, const Mt__RecogniseRequest *in, Mt__RecogniseReply_Closure reply,
		    void *call)
{
	(void)service;
	struct id person;
	Mt__RecognitionText text = MT__RECOGNITION_TEXT__INIT;
	if (!call_id(call, "person_id", in->person_id, &person))
		return;
	const Mt__AuthorityRecord *authority = call_authority_ref(call, "authority", in->authority);
	if (authority == NULL || !call_scope(call, authority->authority_id))
		return;
	if (!request_is_good(call, in) || !text_checked(call, in->text, &text) || !has_room(call, in->person_id))
		return;
	Mt__RecognitionRecord recognition = MT__RECOGNITION_RECORD__INIT;
	Mt__RecognitionGiven fact = MT__RECOGNITION_GIVEN__INIT;
	recognition.recognition_id = (char *)call_new_id(call, id_locality(person));
	recognition.person_id = in->person_id;
	recognition.authority_id = authority->authority_id;
	recognition.form = in->form;
	recognition.hours = in->hours;
	recognition.on = in->on;
	recognition.text = &text;
	recognition.recognised_by = (char *)call_subject(call);
	fact.recognition = &recognition;
	call_emit(call, &fact.base);
	Mt__RecogniseReply out = MT__RECOGNISE_REPLY__INIT;
	out.recognition_id = recognition.recognition_id;
	reply(&out, call);
}

void
passports_withdraw_recognition(Mt__Passports_Service *service, const Mt__WithdrawRecognitionRequest *in,
			       Mt__WithdrawRecognitionReply_Closure reply, void *call)
{
	(void)service;
	char today[DATE_TEXT_BYTES];
	const Mt__RecognitionRecord *recognition = recognition_or_refuse(call, in->person_id, in->recognition_id);
	if (recognition == NULL || !call_scope(call, recognition->authority_id))
		return;
	const char *text = call_text(call, "reason", in->reason, REASON_BYTES_MAX, false);
	if (text == NULL)
		return;
	if (recognition->withdrawn_on[0] != '\0') {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "recognition %s was withdrawn on %s",
			    in->recognition_id, recognition->withdrawn_on);
		return;
	}
	Mt__Reason reason = MT__REASON__INIT;
	Mt__RecognitionWithdrawn fact = MT__RECOGNITION_WITHDRAWN__INIT;
	date_format(call_today(call), today);
	reason.text = (char *)text;
	fact.person_id = recognition->person_id;
	fact.recognition_id = recognition->recognition_id;
	fact.withdrawn_on = today;
	fact.reason = &reason;
	call_emit(call, &fact.base);
	Mt__WithdrawRecognitionReply out = MT__WITHDRAW_RECOGNITION_REPLY__INIT;
	reply(&out, call);
}

/* --- apply ------------------------------------------------------------------------------------------------------ */

static struct key
recognition_key(const char *person_id, const char *recognition_id)
{
	struct key key = recognitions_key(person_id);
	key_id_of(&key, recognition_id);
	return key;
}

void
recognition_apply_given(struct apply *apply, const Mt__RecognitionGiven *fact)
{
	struct key key = recognition_key(fact->recognition->person_id, fact->recognition->recognition_id);
	apply_put(apply, &key, &fact->recognition->base);
}

void
recognition_apply_withdrawn(struct apply *apply, const Mt__RecognitionWithdrawn *fact)
{
	struct key key = recognition_key(fact->person_id, fact->recognition_id);
	Mt__RecognitionRecord *recognition = apply_record(apply, &key, &mt__recognition_record__descriptor);
	assert(recognition != NULL);
	recognition->withdrawn_on = fact->withdrawn_on;
	apply_put(apply, &key, &recognition->base);
}

void
passport_apply_erased(struct apply *apply, const char *person_id)
{
	struct key prefix = recognitions_key(person_id);
	struct store_walk walk = store_walk(apply_store(apply), key_slice(&prefix));
	while (store_walk_next(&walk)) {
		struct key key = key_copy(walk.key);
		Mt__RecognitionRecord *recognition =
			apply_unpack(apply, &mt__recognition_record__descriptor, walk.value);
		recognition->text = NULL;
		apply_put(apply, &key, &recognition->base);
	}
}
