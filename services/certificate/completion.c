/* services/certificate/completion.c
 *
 * Completions come from enrollment and collect in one list per class. A signatory approves
 * all that wait, minus named people and whoever is short of the rules of the certificate's
 * kind (completion_list.c); what was approved is then issued in bounded steps by a timer,
 * while later completions collect for the next round. A kind may release by itself: who
 * reaches its rules is issued a certificate at once, as if in a round of its own.
 *
 * A completion waits in a row under its round of approval. Approving turns the round, so
 * it is one small fact whatever the size of the class, and nobody who completes afterwards
 * slips into what was signed. It promises that nothing is issued that neither a signatory
 * approved nor a rule released, and one certificate for a person's completion of a class, ever. Of a
 * person who completed it under two ids that were merged, the second completion is held:
 * listed, and issued nothing until a split makes it somebody else's. */
#include "services/certificate/completion.h"

#include "common/base/date.h"
#include "common/wire/pb.h"
#include "services/certificate/certificate.h"
#include "services/certificate/content.h"
#include "services/certificate/issue.h"
#include "services/certificate/kind.h"
#include "services/certificate/review.h"
#include "services/certificate/tables.h"

/* --- look-ups --------------------------------------------------------------------------------------------------- */

struct key
completion_list_key(const char *class_id)
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

struct key
completion_key(const char *class_id, const char *person_id)
{
	struct key key = completions_key(class_id);
	key_id_of(&key, person_id);
	return key;
}

struct key
completions_of_key(const char *person_id)
{
	struct key key = key_of(TABLE_COMPLETION_OF);
	key_id_of(&key, person_id);
	return key;
}

struct key
completion_round_key(const char *class_id, uint32_t round)
{
	struct key key = key_of(TABLE_WAITING);
	key_id_of(&key, class_id);
	key_u32(&key, round);
	return key;
}

struct key
completion_waiting_key(const char *class_id, uint32_t round, const char *person_id)
{
	struct key key = completion_round_key(class_id, round);
	key_id_of(&key, person_id);
	return key;
}

const Mt__CompletionListRecord *
completion_list_or_refuse(struct call *call, const char *class_id)
{
	struct id id;
	if (!call_id(call, "class_id", class_id, &id))
		return NULL;
	struct key key = completion_list_key(class_id);
	const Mt__CompletionListRecord *list = call_record(call, &key, &mt__completion_list_record__descriptor);
	if (list == NULL)
		call_refuse(call, MT__STATUS__NOT_FOUND, "nobody has completed class %s yet", class_id);
	return list;
}

bool
completion_is_waiting(const struct call *call, const Mt__CompletionListRecord *list, uint32_t round,
		      const char *person_id)
{
	struct key key = completion_waiting_key(list->class_id, round, person_id);
	return store_has(call_store(call), key_slice(&key));
}

bool
completion_is_being_issued(const struct call *call, const Mt__CompletionListRecord *list, const char *person_id)
{
	return completion_is_waiting(call, list, ROUND_RELEASED, person_id) ||
	       completion_is_waiting(call, list, list->round - 1, person_id);
}

/* True if the person holds a certificate of the class under another id, or is to get one under an id that goes before;
 * list is NULL where nothing is being issued. */
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
		if (list != NULL && goes_before && completion_is_being_issued(call, list, ids[i]))
			return true;
	}
	return false;
}

/* --- issuing ---------------------------------------------------------------------------------------------------- */

/* One firing of the timer. */
struct step {
	struct issuing issuing;
	const Mt__CompletionListRecord *list;
	const Mt__CertificateKindRecord *approved; /* kind of the round that was approved */
	unsigned decided;
};

static const Mt__CompletionRecord *
completion_by_id(const struct call *call, const char *class_id, struct id person)
{
	struct key key = completions_key(class_id);
	key_bytes(&key, slice_of(person.bytes, ID_BYTES));
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
content_of_completion(const Mt__CompletionRecord *completion, Mt__CertificateContent *content)
{
	content->name = completion->personal->name;
	content->birth_date = completion->personal->birth_date;
	content->programme_title = completion->programme_title;
	content->programme_title_en = completion->programme_title_en;
	content->programme_id = completion->programme_id;
	content->hours = completion->hours;
	content->mark_percent = completion->mark_percent;
	content->completed_on = completion->completed_on;
}

static void
issue_completion(struct step *step, const Mt__CompletionRecord *completion, bool released)
{
	const Mt__CompletionListRecord *list = step->list;
	const Mt__CertificateKindRecord *kind = step->approved;
	Mt__CertificateRecord certificate = MT__CERTIFICATE_RECORD__INIT;
	Mt__CertificateContent content = MT__CERTIFICATE_CONTENT__INIT;
	uint32_t signatory;
	content_of_completion(completion, &content);
	if (released) {
		kind = kind_at(step->issuing.call, completion->kind_authority_id, completion->kind_code,
			       completion->school_id, completion->programme_id);
		signatory = 1; /* whom the kind names first */
	} else {
		signatory = kind_signatory_now(step->issuing.call, kind, list->signatory, list->approved_by);
		content.decision_number = list->decision_number;
		content.decision_date = list->decision_date;
	}
	content_of_kind(&content, kind, signatory);
	certificate.person_id = completion->person_id;
	certificate.class_id = completion->class_id;
	certificate.authority_id = completion->authority_id;
	issue_of_kind(&step->issuing, &certificate, kind, &content, NULL);
}

/* Who waits in a round, as many as this step may still decide; true if more are left. All are found before the first is
 * decided: what is looked up for one in between would make the walk search its place anew, below all rows that the
 * steps before have deleted. */
static bool
waiting_find(const struct step *step, uint32_t round, struct id persons[ISSUE_PER_STEP], unsigned *count)
{
	struct key prefix = completion_round_key(step->list->class_id, round);
	struct store_walk walk = store_walk(call_store(step->issuing.call), key_slice(&prefix));
	for (*count = 0; store_walk_next(&walk); ++*count) {
		if (step->decided + *count == ISSUE_PER_STEP)
			return true;
		memcpy(persons[*count].bytes, walk.key.data + walk.key.size - ID_BYTES, ID_BYTES);
	}
	return false;
}

/* Issues to who waits in a round, at most ISSUE_PER_STEP in a step; true if more are left. */
static bool
issue_round(struct step *step, uint32_t round)
{
	struct call *call = step->issuing.call;
	struct id persons[ISSUE_PER_STEP];
	unsigned count;
	bool more = waiting_find(step, round, persons, &count);
	for (unsigned i = 0; i < count; i++) {
		const Mt__CompletionRecord *completion = completion_by_id(call, step->list->class_id, persons[i]);
		if (certified_elsewhere(call, step->list->class_id, completion->person_id, step->list))
			emit_held(call, completion);
		else
			issue_completion(step, completion, round == ROUND_RELEASED);
	}
	step->decided += count;
	return more;
}

static bool
issue_step(struct step *step)
{
	const Mt__CompletionListRecord *list = step->list;
	if (issue_round(step, ROUND_RELEASED))
		return true;
	if (list->state != MT__COMPLETION_LIST__STATE__ISSUING)
		return false;
	step->approved = kind_at(step->issuing.call, list->kind_authority_id, list->kind_code, list->school_id,
				 completion_programme(step->issuing.call, list->class_id));
	return issue_round(step, list->round - 1);
}

static bool
something_to_issue(const struct call *call, const Mt__CompletionListRecord *list)
{
	struct key released = completion_round_key(list->class_id, ROUND_RELEASED);
	struct store_walk walk = store_walk(call_store(call), key_slice(&released));
	return list->state == MT__COMPLETION_LIST__STATE__ISSUING || store_walk_next(&walk);
}

static void
completion_timers_issue_due(Mt__CompletionTimers_Service *service, const Mt__IssueDue *in, Mt__Noted_Closure reply,
			    void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	struct step step = {.list = completion_list_or_refuse(call, in->class_id)};
	if (step.list == NULL)
		return;
	if (!something_to_issue(call, step.list)) {
		reply(&noted, call);
		return;
	}
	if (!issue_begin(&step.issuing, call, step.list->school_id))
		return;
	bool more = issue_step(&step);
	issue_end(&step.issuing);

	Mt__IssuingContinued continued = MT__ISSUING_CONTINUED__INIT;
	Mt__ListIssued done = MT__LIST_ISSUED__INIT;
	continued.class_id = step.list->class_id;
	done.class_id = step.list->class_id;
	call_emit(call, more ? &continued.base : &done.base);
	reply(&noted, call);
}

Mt__CompletionTimers_Service completion_timers = MT__COMPLETION_TIMERS__INIT(completion_timers_);

/* --- reactions -------------------------------------------------------------------------------------------------- */

/* What goes into a credential is signed for ever: it is checked before it is listed. NULL and refused if it cannot be
 * certified. */
static Mt__CompletionRecord *
completion_of(struct call *call, const Mt__LearnerCompleted *in)
{
	int32_t date;
	Mt__CompletionRecord *completion =
		(Mt__CompletionRecord *)pb_new(&mt__completion_record__descriptor, call_arena(call));
	if (in->personal == NULL || in->personal->name[0] == '\0') {
		call_refuse(call, MT__STATUS__INVALID_ARGUMENT, "the completion of person %s in class %s has no name",
			    in->person_id, in->class_id);
		return NULL;
	}
	if (!date_parse(in->completed_on, &date)) {
		call_refuse(call, MT__STATUS__INVALID_ARGUMENT, "the completion of person %s in class %s has no date",
			    in->person_id, in->class_id);
		return NULL;
	}
	completion->personal = in->personal;
	completion->personal->name = (char *)content_text(call, "personal.name", in->personal->name, false);
	if (completion->personal->name == NULL)
		return NULL;
	completion->programme_title = (char *)content_text(call, "programme_title", in->programme_title, false);
	if (completion->programme_title == NULL)
		return NULL;
	completion->programme_title_en = (char *)content_text(call, "programme_title_en", in->programme_title_en, true);
	return completion->programme_title_en == NULL ? NULL : completion;
}

/* By the rules as they are now; a kind that releases by itself is fixed for the completion. */
static void
apply_rules(struct call *call, Mt__CompletionRecord *completion)
{
	const Mt__CertificateKindRecord *kind = kind_for(call, completion->school_id, completion->programme_id);
	const char *short_of = kind_short_of(call_arena(call), kind, completion);
	if (short_of != NULL)
		completion->short_of = (char *)short_of;
	if (short_of != NULL || kind->release != MT__CERTIFICATE_KIND__RELEASE__AUTOMATIC)
		return;
	completion->released = true;
	completion->kind_code = kind->kind_code;
	completion->kind_authority_id = kind->authority_id;
}

static void
completion_reactions_learner_completed(Mt__CompletionReactions_Service *service, const Mt__LearnerCompleted *in,
				       Mt__Noted_Closure reply, void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	struct key key = completion_key(in->class_id, in->person_id);
	if (store_has(call_store(call), key_slice(&key))) {
		reply(&noted, call);
		return;
	}
	Mt__CompletionRecord *completion = completion_of(call, in);
	if (completion == NULL)
		return;
	completion->class_id = in->class_id;
	completion->person_id = in->person_id;
	completion->authority_id = in->authority_id;
	completion->school_id = in->school_id;
	completion->hours = in->hours;
	completion->mark_percent = in->mark_percent;
	completion->completed_on = in->completed_on;
	completion->programme_id = in->programme_id;
	completion->held = certified_elsewhere(call, in->class_id, in->person_id, NULL);
	apply_rules(call, completion);
	Mt__CompletionListed fact = MT__COMPLETION_LISTED__INIT;
	fact.completion = completion;
	call_emit(call, &fact.base);
	reply(&noted, call);
}

/* Before anything is issued the completion bears the new mark; what is being issued and falls short of the rules by it
 * goes back to who wait. */
static void
regrade(struct call *call, const Mt__CompletionRecord *completion, uint32_t mark_percent)
{
	struct key key = completion_list_key(completion->class_id);
	const Mt__CompletionListRecord *list = call_record(call, &key, &mt__completion_list_record__descriptor);
	assert(list != NULL);
	Mt__CompletionRecord regraded = *completion;
	regraded.mark_percent = mark_percent;
	regraded.short_of = (char *)"";
	regraded.released = false;
	regraded.kind_code = (char *)"";
	regraded.kind_authority_id = (char *)"";
	apply_rules(call, &regraded);
	Mt__CompletionRegraded fact = MT__COMPLETION_REGRADED__INIT;
	fact.class_id = completion->class_id;
	fact.person_id = completion->person_id;
	fact.mark_percent = mark_percent;
	fact.short_of = regraded.short_of;
	bool approved = !completion->released && completion_is_being_issued(call, list, completion->person_id);
	if (regraded.released && !approved) {
		fact.released = true;
		fact.kind_code = regraded.kind_code;
		fact.kind_authority_id = regraded.kind_authority_id;
	}
	call_emit(call, &fact.base);
}

/* After issue nothing changes by itself: it is for people to decide. */
static void
review(struct call *call, const Mt__CompletionRecord *completion, uint32_t mark_percent)
{
	const Mt__CertificateRecord *certificate = certificate_find(call, completion->certificate_id);
	assert(certificate != NULL);
	const Mt__EditionRecord *edition = certificate_edition(call, certificate, 0);
	if (edition == NULL || edition->signed_edition == NULL || edition->signed_edition->content == NULL)
		return; /* erased */
	Mt__CompletionRecord regraded = *completion;
	regraded.mark_percent = mark_percent;
	const Mt__CertificateKindRecord *kind = kind_binding(call, certificate->school_id, certificate->programme_id);
	if (kind == NULL || strcmp(kind->kind_code, certificate->kind_code) != 0)
		kind = kind_find(call, certificate->school_id, certificate->kind_code);
	bool short_of = kind != NULL && kind_short_of(call_arena(call), kind, &regraded) != NULL;
	review_propose(call, certificate, edition->signed_edition->content->mark_percent, mark_percent, short_of);
}

static void
completion_reactions_mark_noted(Mt__CompletionReactions_Service *service, const Mt__MarkNoted *in,
				Mt__Noted_Closure reply, void *call)
{
	(void)service;
	struct id class_id;
	struct id person_id;
	Mt__Noted noted = MT__NOTED__INIT;
	if (!call_id(call, "class_id", in->class_id, &class_id) ||
	    !call_id(call, "person_id", in->person_id, &person_id))
		return;
	struct key key = completion_key(in->class_id, in->person_id);
	const Mt__CompletionRecord *completion = call_record(call, &key, &mt__completion_record__descriptor);
	if (completion != NULL && completion->certificate_id[0] != '\0')
		review(call, completion, in->mark_percent);
	else if (completion != NULL && completion->mark_percent != in->mark_percent)
		regrade(call, completion, in->mark_percent);
	reply(&noted, call);
}

Mt__CompletionReactions_Service completion_reactions = MT__COMPLETION_REACTIONS__INIT(completion_reactions_);
