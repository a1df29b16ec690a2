/* services/certificate/completion_apply.c
 *
 * What becomes of completions: rows of who waits for which round, and the timer that issues. completion.c says what a
 * round is. */
#include "services/certificate/completion.h"

#include "common/wire/pb.h"
#include "services/certificate/holder.h"
#include "services/certificate/tables.h"

static const char issue_method[] = "CompletionTimers.IssueDue";

static Mt__CompletionListRecord *
list_of(struct apply *apply, const char *class_id)
{
	struct key key = completion_list_key(class_id);
	Mt__CompletionListRecord *list = apply_record(apply, &key, &mt__completion_list_record__descriptor);
	assert(list != NULL);
	return list;
}

static void
put_list(struct apply *apply, Mt__CompletionListRecord *list)
{
	struct key key = completion_list_key(list->class_id);
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

/* For a round of approval, or to be issued at once. */
static void
begin_waiting(struct apply *apply, Mt__CompletionListRecord *list, const Mt__CompletionRecord *completion)
{
	static char rule[] = "rule";
	if (list->state == MT__COMPLETION_LIST__STATE__ISSUED)
		list->state = MT__COMPLETION_LIST__STATE__COLLECTING;
	if (completion->released) {
		if (list->state != MT__COMPLETION_LIST__STATE__ISSUING) {
			list->approved_by = rule;
			list->kind_code = completion->kind_code;
			list->kind_authority_id = completion->kind_authority_id;
		}
		set_timer(apply, list->class_id);
	} else {
		list->waiting++;
	}
	put_list(apply, list);
	uint32_t round = completion->released ? ROUND_RELEASED : list->round;
	struct key waiting = completion_waiting_key(list->class_id, round, completion->person_id);
	apply_put_bytes(apply, &waiting, slice_text(""));
}

/* True if the person waited in that round. */
static bool
end_waiting(struct apply *apply, const Mt__CompletionListRecord *list, uint32_t round, const char *person_id)
{
	struct key waiting = completion_waiting_key(list->class_id, round, person_id);
	if (!store_has(apply_store(apply), key_slice(&waiting)))
		return false;
	apply_delete(apply, &waiting);
	return true;
}

static void
apply_listed(struct apply *apply, const Mt__CompletionListed *fact)
{
	const Mt__CompletionRecord *completion = fact->completion;
	struct key key = completion_list_key(completion->class_id);
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
		begin_waiting(apply, list, completion);

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
	end_waiting(apply, list, completion->released ? ROUND_RELEASED : list->round - 1, fact->person_id);
}

static void
apply_regraded(struct apply *apply, const Mt__CompletionRegraded *fact)
{
	Mt__CompletionListRecord *list = list_of(apply, fact->class_id);
	struct key row = completion_key(fact->class_id, fact->person_id);
	Mt__CompletionRecord *completion = apply_record(apply, &row, &mt__completion_record__descriptor);
	assert(completion != NULL);
	bool waited = end_waiting(apply, list, list->round, fact->person_id);
	bool released = end_waiting(apply, list, ROUND_RELEASED, fact->person_id);
	bool approved = fact->short_of[0] != '\0' && end_waiting(apply, list, list->round - 1, fact->person_id);
	list->waiting -= waited ? 1 : 0;
	completion->mark_percent = fact->mark_percent;
	completion->short_of = fact->short_of;
	completion->released = fact->released;
	completion->kind_code = fact->kind_code;
	completion->kind_authority_id = fact->kind_authority_id;
	apply_put(apply, &row, &completion->base);
	if (waited || released || approved)
		begin_waiting(apply, list, completion);
}

static void
apply_approved(struct apply *apply, const Mt__ListApproved *fact)
{
	Mt__CompletionListRecord *list = list_of(apply, fact->class_id);
	for (size_t i = 0; i < fact->n_except_person_ids; i++) {
		struct key from = completion_waiting_key(list->class_id, list->round, fact->except_person_ids[i]);
		struct key to = completion_waiting_key(list->class_id, list->round + 1, fact->except_person_ids[i]);
		apply_delete(apply, &from);
		apply_put_bytes(apply, &to, slice_text(""));
	}
	list->state = MT__COMPLETION_LIST__STATE__ISSUING;
	list->round++;
	list->waiting -= fact->approved;
	list->approved_by = fact->approved_by;
	list->decision_number = fact->decision_number;
	list->decision_date = fact->decision_date;
	list->kind_code = fact->kind_code;
	list->kind_authority_id = fact->kind_authority_id;
	list->signatory = fact->signatory;
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
	Mt__CompletionRecord *completion = apply_record_closed(apply, &row, &mt__completion_record__descriptor);
	assert(completion != NULL);
	completion->approved = true;
	completion->certificate_id = certificate->certificate_id;
	apply_put(apply, &row, &completion->base);
	/* Whoever is certified was found among those that wait: there is such a row. */
	uint32_t round = completion->released ? ROUND_RELEASED : list->round - 1;
	struct key waiting = completion_waiting_key(certificate->class_id, round, certificate->person_id);
	apply_delete(apply, &waiting);
}

void
completion_apply_corrected(struct apply *apply, const Mt__CertificateRecord *certificate,
			   const Mt__CertificateContent *content)
{
	struct key row = completion_key(certificate->class_id, certificate->person_id);
	Mt__CompletionRecord *completion = apply_record(apply, &row, &mt__completion_record__descriptor);
	assert(completion != NULL);
	if (completion->personal == NULL)
		return;
	completion->personal->name = content->name;
	completion->personal->birth_date = content->birth_date;
	apply_put(apply, &row, &completion->base);
}

/* Nothing is issued without a name. */
static void
stop_waiting(struct apply *apply, Mt__CompletionListRecord *list, const char *person_id)
{
	end_waiting(apply, list, ROUND_RELEASED, person_id);
	end_waiting(apply, list, list->round - 1, person_id);
	if (!end_waiting(apply, list, list->round, person_id))
		return;
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

void
completion_apply_holder(struct apply *apply, const char *person_id, const Mt__HolderCorrected *fact)
{
	struct key prefix = completions_of_key(person_id);
	struct store_walk walk = store_walk(apply_store(apply), key_slice(&prefix));
	for (Mt__CompletionRecord *it; (it = completions_next(apply, &walk, person_id)) != NULL;) {
		if (it->personal == NULL || !holder_put_right(fact, &it->personal->name, &it->personal->birth_date))
			continue;
		struct key row = completion_key(it->class_id, person_id);
		apply_put(apply, &row, &it->base);
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
		begin_waiting(apply, list_of(apply, it->class_id), it);
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
		apply_regraded(apply, fact->completion_regraded);
		return;
	case MT__COMPLETION_FACT__KIND__NOT_SET:
		break;
	}
	assert(false); /* the core lets no empty fact through */
}
