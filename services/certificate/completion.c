/* services/certificate/completion.c
 *
 * Completions come from enrollment and collect in one list per class. A signatory approves
 * all that wait, minus named people (completion_list.c); what was approved is then issued
 * in bounded steps by a timer, while later completions collect for the next round.
 *
 * A completion waits in a row under its round of approval. Approving turns the round, so
 * it is one small fact whatever the size of the class, and nobody who completes afterwards
 * slips into what was signed. It promises that nothing is issued that a signatory did not
 * approve, and one certificate for a person's completion of a class, ever. Of a person who
 * completed it under two ids that were merged, the second completion is held: listed, and
 * issued nothing until a split makes it somebody else's. */
#include "services/certificate/completion.h"

#include "common/base/date.h"
#include "common/wire/pb.h"
#include "services/certificate/certificate.h"
#include "services/certificate/issue.h"
#include "services/certificate/kind.h"
#include "services/certificate/tables.h"

static const char issue_method[] = "CompletionTimers.IssueDue";

/* --- look-ups --------------------------------------------------------------------------------------------------- */

static struct key
list_key(const char *class_id)
{
	struct key key = key_of(TABLE_LIST);
	key_id_of(&key, class_id);
	return key;
}

struct key
completions_key(const char *class_id)
{
	struct key key = key_of(TABLE_COMPLETION);
	key_id_of(&key, class_id);
	return key;
}

static struct key
completion_key(const char *class_id, const char *person_id)
{
	struct key key = completions_key(class_id);
	key_id_of(&key, person_id);
	return key;
}

static struct key
completions_of_key(const char *person_id)
{
	struct key key = key_of(TABLE_COMPLETION_OF);
	key_id_of(&key, person_id);
	return key;
}

static struct key
round_key(const char *class_id, uint32_t round)
{
	struct key key = key_of(TABLE_WAITING);
	key_id_of(&key, class_id);
	key_u32(&key, round);
	return key;
}

static struct key
waiting_key(const char *class_id, uint32_t round, const char *person_id)
{
	struct key key = round_key(class_id, round);
	key_id_of(&key, person_id);
	return key;
}

const Mt__CompletionListRecord *
completion_list_or_refuse(struct call *call, const char *class_id)
{
	struct id id;
	if (!call_id(call, "class_id", class_id, &id))
		return NULL;
	struct key key = list_key(class_id);
	const Mt__CompletionListRecord *list = call_record(call, &key, &mt__completion_list_record__descriptor);
	if (list == NULL)
		call_refuse(call, MT__STATUS__NOT_FOUND, "nobody has completed class %s yet", class_id);
	return list;
}

bool
completion_is_waiting(const struct call *call, const Mt__CompletionListRecord *list, uint32_t round,
		      const char *person_id)
{
	struct key key = waiting_key(list->class_id, round, person_id);
	return store_has(call_store(call), key_slice(&key));
}

/* True if the person holds a certificate of the class under another id, or is to get one under an id that goes before
 * in the round that is being issued; list is NULL where nothing is. */
static bool
certified_elsewhere(const struct call *call, const char *class_id, const char *person_id,
		    const Mt__CompletionListRecord *list)
{
	const char *ids[PERSON_IDS_MAX];
	size_t count = call_person_ids(call, person_id, ids, PERSON_IDS_MAX);
	bool goes_before = true;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(ids[i], person_id) == 0) {
			goes_before = false;
			continue;
		}
		struct key key = completion_key(class_id, ids[i]);
		const Mt__CompletionRecord *other = call_record(call, &key, &mt__completion_record__descriptor);
		if (other != NULL && other->certificate_id[0] != '\0')
			return true;
		if (list != NULL && goes_before && completion_is_waiting(call, list, list->round - 1, ids[i]))
			return true;
	}
	return false;
}

/* --- issuing ---------------------------------------------------------------------------------------------------- */

static const Mt__CompletionRecord *
completion_of_row(const struct call *call, const char *class_id, struct slice row_key)
{
	struct key key = completions_key(class_id);
	key_bytes(&key, slice_of(row_key.data + row_key.size - ID_BYTES, ID_BYTES));
	const Mt__CompletionRecord *completion = call_record(call, &key, &mt__completion_record__descriptor);
	assert(completion != NULL);
	return completion;
}

static void
emit_held(struct call *call, const Mt__CompletionRecord *completion)
{
	Mt__CompletionHeld fact = MT__COMPLETION_HELD__INIT;
	fact.class_id = completion->class_id;
	fact.person_id = completion->person_id;
	call_emit(call, &fact.base);
}

static void
issue_completion(struct issuing *issuing, const Mt__CompletionListRecord *list, const Mt__CompletionRecord *completion)
{
	Mt__CertificateRecord certificate = MT__CERTIFICATE_RECORD__INIT;
	Mt__CertificateContent content = MT__CERTIFICATE_CONTENT__INIT;
	certificate.person_id = completion->person_id;
	certificate.class_id = completion->class_id;
	certificate.authority_id = completion->authority_id;
	certificate.kind_code = list->kind_code;
	certificate.programme_id = completion->programme_id;
	certificate.completed_on = completion->completed_on;
	content.name = completion->personal->name;
	content.birth_date = completion->personal->birth_date;
	content.programme_title = completion->programme_title;
	content.programme_title_en = completion->programme_title_en;
	content.programme_id = completion->programme_id;
	content.hours = completion->hours;
	content.mark_percent = completion->mark_percent;
	content.completed_on = completion->completed_on;
	content.decision_number = list->decision_number;
	content.decision_date = list->decision_date;
	issue_certificate(issuing, &certificate, &content, NULL);
}

/* Issues to the first ISSUE_PER_STEP of the approved round; true if more are left. */
static bool
issue_step(struct issuing *issuing, const Mt__CompletionListRecord *list)
{
	struct call *call = issuing->call;
	struct key prefix = round_key(list->class_id, list->round - 1);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	for (unsigned decided = 0; store_walk_next(&walk); decided++) {
		if (decided == ISSUE_PER_STEP)
			return true;
		const Mt__CompletionRecord *completion = completion_of_row(call, list->class_id, walk.key);
		if (certified_elsewhere(call, list->class_id, completion->person_id, list))
			emit_held(call, completion);
		else
			issue_completion(issuing, list, completion);
	}
	return false;
}

static void
completion_timers_issue_due(Mt__CompletionTimers_Service *service, const Mt__IssueDue *in, Mt__Noted_Closure reply,
			     void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	struct issuing issuing;
	const Mt__CompletionListRecord *list = completion_list_or_refuse(call, in->class_id);
	if (list == NULL)
		return;
	if (list->state != MT__COMPLETION_LIST__STATE__ISSUING) {
		reply(&noted, call);
		return;
	}
	if (!issue_begin(&issuing, call, list->school_id))
		return;
	bool more = issue_step(&issuing, list);
	issue_end(&issuing);

	Mt__IssuingContinued continued = MT__ISSUING_CONTINUED__INIT;
	Mt__ListIssued done = MT__LIST_ISSUED__INIT;
	continued.class_id = list->class_id;
	done.class_id = list->class_id;
	call_emit(call, more ? &continued.base : &done.base);
	reply(&noted, call);
}

Mt__CompletionTimers_Service completion_timers = MT__COMPLETION_TIMERS__INIT(completion_timers_);

/* --- reactions -------------------------------------------------------------------------------------------------- */

/* What goes into a credential is signed for ever: it is checked before it is listed. */
static bool
can_be_certified(struct call *call, const Mt__LearnerCompleted *in)
{
	int32_t date;
	if (in->personal == NULL || in->personal->name[0] == '\0') {
		call_refuse(call, MT__STATUS__INVALID_ARGUMENT, "the completion of person %s in class %s has no name",
			    in->person_id, in->class_id);
		return false;
	}
	if (!date_parse(in->completed_on, &date)) {
		call_refuse(call, MT__STATUS__INVALID_ARGUMENT, "the completion of person %s in class %s has no date",
			    in->person_id, in->class_id);
		return false;
	}
	return call_text(call, "personal.name", in->personal->name, NAME_BYTES_MAX, false) != NULL &&
	       call_text(call, "programme_title", in->programme_title, NAME_BYTES_MAX, false) != NULL &&
	       call_text(call, "programme_title_en", in->programme_title_en, NAME_BYTES_MAX, true) != NULL;
}

static void
emit_listed(struct call *call, const Mt__LearnerCompleted *in)
{
	Mt__CompletionRecord completion = MT__COMPLETION_RECORD__INIT;
	completion.class_id = in->class_id;
	completion.person_id = in->person_id;
	completion.authority_id = in->authority_id;
	completion.school_id = in->school_id;
	completion.programme_title = in->programme_title;
	completion.programme_title_en = in->programme_title_en;
	completion.hours = in->hours;
	completion.mark_percent = in->mark_percent;
	completion.completed_on = in->completed_on;
	completion.programme_id = in->programme_id;
	completion.personal = in->personal;
	completion.held = certified_elsewhere(call, in->class_id, in->person_id, NULL);
	Mt__CompletionListed fact = MT__COMPLETION_LISTED__INIT;
	fact.completion = &completion;
	call_emit(call, &fact.base);
}

static void
completion_reactions_learner_completed(Mt__CompletionReactions_Service *service, const Mt__LearnerCompleted *in,
					Mt__Noted_Closure reply, void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	struct key key = completion_key(in->class_id, in->person_id);
	if (!store_has(call_store(call), key_slice(&key))) {
		if (!can_be_certified(call, in))
			return;
		emit_listed(call, in);
	}
	reply(&noted, call);
}

static void
completion_reactions_mark_noted(Mt__CompletionReactions_Service *service, const Mt__MarkNoted *in,
				Mt__Noted_Closure reply, void *call)
{
	(void)service;
	(void)in;
	Mt__Noted noted = MT__NOTED__INIT;
	reply(&noted, call);
}

Mt__CompletionReactions_Service completion_reactions = MT__COMPLETION_REACTIONS__INIT(completion_reactions_);

/* --- apply ------------------------------------------------------------------------------------------------------ */

static Mt__CompletionListRecord *
list_of(struct apply *apply, const char *class_id)
{
	struct key key = list_key(class_id);
	Mt__CompletionListRecord *list = apply_record(apply, &key, &mt__completion_list_record__descriptor);
	assert(list != NULL);
	return list;
}

static void
put_list(struct apply *apply, Mt__CompletionListRecord *list)
{
	struct key key = list_key(list->class_id);
	list->version++;
	apply_put(apply, &key, &list->base);
}

static void
set_timer(struct apply *apply, char *class_id)
{
	Mt__IssueDue due = MT__ISSUE_DUE__INIT;
	due.class_id = class_id;
	/* Due at once, under a name of this entry's own: a timer firing in this entry is a row with another name,
	 * deleted after the facts are applied. */
	const char *name = arena_format(apply_arena(apply), "%s/%llu", class_id, (unsigned long long)apply_seq(apply));
	apply_timer_set(apply, apply_time_us(apply), issue_method, name, &due.base);
}

static void
wait_for_approval(struct apply *apply, Mt__CompletionListRecord *list, const char *person_id)
{
	if (list->state == MT__COMPLETION_LIST__STATE__ISSUED)
		list->state = MT__COMPLETION_LIST__STATE__COLLECTING;
	list->waiting++;
	put_list(apply, list);
	struct key waiting = waiting_key(list->class_id, list->round, person_id);
	apply_put_bytes(apply, &waiting, slice_text(""));
}

static void
apply_listed(struct apply *apply, const Mt__CompletionListed *fact)
{
	const Mt__CompletionRecord *completion = fact->completion;
	struct key key = list_key(completion->class_id);
	Mt__CompletionListRecord *list = apply_record(apply, &key, &mt__completion_list_record__descriptor);
	Mt__CompletionListRecord fresh = MT__COMPLETION_LIST_RECORD__INIT;
	if (list == NULL) {
		list = &fresh;
		list->class_id = completion->class_id;
		list->school_id = completion->school_id;
		list->state = MT__COMPLETION_LIST__STATE__COLLECTING;
		list->round = 1;
	}
	if (!completion->held)
		wait_for_approval(apply, list, completion->person_id);

	struct key row = completion_key(completion->class_id, completion->person_id);
	apply_put(apply, &row, &completion->base);
	struct key of = completions_of_key(completion->person_id);
	key_id_of(&of, completion->class_id);
	apply_put_bytes(apply, &of, slice_text(""));
}

static void
apply_held(struct apply *apply, const Mt__CompletionHeld *fact)
{
	const Mt__CompletionListRecord *list = list_of(apply, fact->class_id);
	struct key row = completion_key(fact->class_id, fact->person_id);
	Mt__CompletionRecord *completion = apply_record(apply, &row, &mt__completion_record__descriptor);
	assert(completion != NULL);
	completion->held = true;
	apply_put(apply, &row, &completion->base);
	struct key waiting = waiting_key(list->class_id, list->round - 1, fact->person_id);
	apply_delete(apply, &waiting);
}

static void
apply_approved(struct apply *apply, const Mt__ListApproved *fact)
{
	Mt__CompletionListRecord *list = list_of(apply, fact->class_id);
	for (size_t i = 0; i < fact->n_except_person_ids; i++) {
		struct key from = waiting_key(list->class_id, list->round, fact->except_person_ids[i]);
		struct key to = waiting_key(list->class_id, list->round + 1, fact->except_person_ids[i]);
		apply_delete(apply, &from);
		apply_put_bytes(apply, &to, slice_text(""));
	}
	list->state = MT__COMPLETION_LIST__STATE__ISSUING;
	list->round++;
	list->waiting -= fact->approved;
	list->approved_by = fact->approved_by;
	list->decision_number = fact->decision_number;
	list->decision_date = fact->decision_date;
	put_list(apply, list);
	set_timer(apply, fact->class_id);
}

static void
apply_list_issued(struct apply *apply, const Mt__ListIssued *fact)
{
	Mt__CompletionListRecord *list = list_of(apply, fact->class_id);
	list->state = list->waiting > 0 ? MT__COMPLETION_LIST__STATE__COLLECTING : MT__COMPLETION_LIST__STATE__ISSUED;
	put_list(apply, list);
}

void
completion_apply_certified(struct apply *apply, const Mt__CertificateRecord *certificate)
{
	const Mt__CompletionListRecord *list = list_of(apply, certificate->class_id);
	struct key row = completion_key(certificate->class_id, certificate->person_id);
	Mt__CompletionRecord *completion = apply_record(apply, &row, &mt__completion_record__descriptor);
	assert(completion != NULL);
	completion->approved = true;
	completion->certificate_id = certificate->certificate_id;
	apply_put(apply, &row, &completion->base);
	struct key waiting = waiting_key(certificate->class_id, list->round - 1, certificate->person_id);
	apply_delete(apply, &waiting);
}

/* Nothing is issued without a name. */
static void
stop_waiting(struct apply *apply, Mt__CompletionListRecord *list, const char *person_id)
{
	struct key now = waiting_key(list->class_id, list->round, person_id);
	struct key approved = waiting_key(list->class_id, list->round - 1, person_id);
	if (store_has(apply_store(apply), key_slice(&approved)))
		apply_delete(apply, &approved);
	if (!store_has(apply_store(apply), key_slice(&now)))
		return;
	apply_delete(apply, &now);
	list->waiting--;
	put_list(apply, list);
}

/* The next of a person's completions; NULL at the end. */
static Mt__CompletionRecord *
completions_next(struct apply *apply, struct store_walk *walk, const char *person_id)
{
	struct id class_id;
	char class_text[ID_TEXT_BYTES];
	if (!store_walk_next(walk))
		return NULL;
	memcpy(class_id.bytes, walk->key.data + walk->key.size - ID_BYTES, ID_BYTES);
	id_format(class_id, class_text);
	struct key row = completion_key(class_text, person_id);
	Mt__CompletionRecord *completion = apply_record(apply, &row, &mt__completion_record__descriptor);
	assert(completion != NULL);
	return completion;
}

void
completion_apply_erased(struct apply *apply, const char *person_id)
{
	struct key prefix = completions_of_key(person_id);
	struct store_walk walk = store_walk(apply_store(apply), key_slice(&prefix));
	for (Mt__CompletionRecord *it; (it = completions_next(apply, &walk, person_id)) != NULL;) {
		struct key row = completion_key(it->class_id, person_id);
		it->personal = NULL;
		apply_put(apply, &row, &it->base);
		stop_waiting(apply, list_of(apply, it->class_id), person_id);
	}
}

static void
release_held(struct apply *apply, const char *person_id)
{
	struct key prefix = completions_of_key(person_id);
	struct store_walk walk = store_walk(apply_store(apply), key_slice(&prefix));
	for (Mt__CompletionRecord *it; (it = completions_next(apply, &walk, person_id)) != NULL;) {
		if (!it->held || it->personal == NULL)
			continue;
		struct key row = completion_key(it->class_id, person_id);
		it->held = false;
		apply_put(apply, &row, &it->base);
		wait_for_approval(apply, list_of(apply, it->class_id), person_id);
	}
}

/* All that may wait again: what is still one person's is held again once it is approved. */
void
completion_apply_split(struct apply *apply, const Mt__PersonsSplit *fact)
{
	const char *ids[PERSON_IDS_MAX];
	size_t count = apply_person_ids(apply, fact->person_id, ids, PERSON_IDS_MAX);
	for (size_t i = 0; i < count; i++)
		release_held(apply, ids[i]);
	release_held(apply, fact->split_id);
}

void
completion_apply(struct apply *apply, const Mt__CompletionFact *fact)
{
	switch (fact->kind_case) {
	case MT__COMPLETION_FACT__KIND_COMPLETION_LISTED:
		apply_listed(apply, fact->completion_listed);
		return;
	case MT__COMPLETION_FACT__KIND_LIST_APPROVED:
		apply_approved(apply, fact->list_approved);
		return;
	case MT__COMPLETION_FACT__KIND_LIST_ISSUED:
		apply_list_issued(apply, fact->list_issued);
		return;
	case MT__COMPLETION_FACT__KIND_ISSUING_CONTINUED:
		set_timer(apply, fact->issuing_continued->class_id);
		return;
	case MT__COMPLETION_FACT__KIND_COMPLETION_HELD:
		apply_held(apply, fact->completion_held);
		return;
	case MT__COMPLETION_FACT__KIND_COMPLETION_REGRADED:
		return;
	case MT__COMPLETION_FACT__KIND__NOT_SET:
		break;
	}
	assert(false); /* the core lets no empty fact through */
}
