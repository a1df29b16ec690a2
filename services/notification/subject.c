/* services/notification/subject.c
 *
 * What this service holds of a person, for whoever was granted their file: where they are
 * reached, and every message. */
#include "services/notification/message.h"
#include "services/notification/subject.h"
#include "services/notification/tables.h"
#include "services/subject_part.h"

static void
messages_add(struct subject_part *part, Mt__NotificationPart *held)
{
	struct page page;
	struct key prefix = subject_key_of(TABLE_INBOX, part->record_id);
	if (!subject_list_begin(part, &page, "messages", &prefix))
		return;
	while (page_next(&page)) {
		struct id id = subject_row_id(page.walk.key);
		struct key key = key_of(TABLE_MESSAGE);
		key_bytes(&key, slice_of(id.bytes, ID_BYTES));
		page_add(&page, (void *)call_record(part->call, &key, &mt__message_record__descriptor));
	}
	held->messages = (Mt__MessageRecord **)page.items;
	held->n_messages = page.count;
	subject_list_end(part, &page, "messages");
}

static void
subjects_part(Mt__Subjects_Service *service, const Mt__SubjectPartRequest *in, Mt__SubjectPart_Closure reply,
	      void *call)
{
	(void)service;
	struct subject_part part;
	Mt__NotificationPart held = MT__NOTIFICATION_PART__INIT;
	if (!subject_part_begin(&part, call, TABLE_SUBJECT_EXPORT, in))
		return;
	if (subject_part_first(&part))
		held.contact = (Mt__ContactRecord *)contact_find(call, part.record_id);
	messages_add(&part, &held);
	part.out.notification = &held;
	if (!call_refused(call))
		reply(&part.out, call);
}

Mt__Subjects_Service notification_subjects = MT__SUBJECTS__INIT(subjects_);

static void
subject_reactions_subject_exported(Mt__SubjectReactions_Service *service, const Mt__SubjectExported *in,
				   Mt__Noted_Closure reply, void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	subject_grant_note(call, TABLE_SUBJECT_EXPORT, in->granted);
	reply(&noted, call);
}

Mt__SubjectReactions_Service notification_subject_reactions = MT__SUBJECT_REACTIONS__INIT(subject_reactions_);

void
notification_subject_apply(struct apply *apply, const Mt__SubjectFact *fact)
{
	assert(fact->kind_case == MT__SUBJECT_FACT__KIND_SUBJECT_EXPORT_NOTED);
	subject_grant_put(apply, TABLE_SUBJECT_EXPORT, fact->subject_export_noted->granted);
}
