/* services/certificate/subject.c
 *
 * What this service holds of a person, for whoever was granted their file: completions,
 * certificates with their credentials as they were signed and all that hangs on them, corrections that they wait for,
 * and recognitions. */
#include "services/certificate/subject.h"

#include "services/certificate/certificate.h"
#include "services/certificate/register.h"
#include "services/certificate/review.h"
#include "services/certificate/tables.h"
#include "services/certificate/transparency.h"
#include "services/subject_part.h"

static void
completions_add(struct subject_part *part, Mt__CertificatePart *held)
{
	struct page page;
	struct key prefix = subject_key_of(TABLE_COMPLETION_OF, part->record_id);
	if (!subject_list_begin(part, &page, "completions", &prefix))
		return;
	while (page_next(&page)) {
		struct id class_id = subject_row_id(page.walk.key);
		struct key key = key_of(TABLE_COMPLETION);
		key_bytes(&key, slice_of(class_id.bytes, ID_BYTES));
		key_id_of(&key, part->record_id);
		page_add(&page, (void *)call_record(part->call, &key, &mt__completion_record__descriptor));
	}
	held->completions = (Mt__CompletionRecord **)page.items;
	held->n_completions = page.count;
	subject_list_end(part, &page, "completions");
}

/* Of whom was erased it is told that there is a row, and whose: what it says is left to the institution's staff. */
static Mt__RegisterRecord *
entry_shown(struct call *call, const Mt__CertificateRecord *certificate)
{
	Mt__RegisterRecord *shown = (Mt__RegisterRecord *)pb_new(&mt__register_record__descriptor, call_arena(call));
	*shown = *register_entry_of(call, certificate);
	if (call_erased(call, certificate->person_id))
		shown->retained = NULL;
	return shown;
}

static Mt__SubjectCertificate *
certificate_shown(struct call *call, struct id id)
{
	char certificate_id[ID_TEXT_BYTES];
	id_format(id, certificate_id);
	Mt__SubjectCertificate *shown =
		(Mt__SubjectCertificate *)pb_new(&mt__subject_certificate__descriptor, call_arena(call));
	shown->certificate = (Mt__CertificateRecord *)certificate_find(call, certificate_id);
	assert(shown->certificate != NULL);
	size_t count = shown->certificate->edition + 1; /* of paper, 0 is what was recorded */
	shown->editions = arena_zero(call_arena(call), count * sizeof(*shown->editions));
	for (uint32_t number = 0; number < count; number++) {
		struct key key = edition_key(certificate_id, number);
		const Mt__EditionRecord *edition = call_record(call, &key, &mt__edition_record__descriptor);
		if (edition != NULL)
			shown->editions[shown->n_editions++] = (Mt__EditionRecord *)edition;
	}
	shown->entry = entry_shown(call, shown->certificate);
	shown->review = (Mt__ReviewRecord *)review_find(call, shown->certificate);
	shown->leaves = tlog_leaves_of(call, certificate_id, &shown->n_leaves);
	return shown;
}

static void
certificates_add(struct subject_part *part, Mt__CertificatePart *held)
{
	struct page page;
	struct key prefix = subject_key_of(TABLE_CERTIFICATE_OF, part->record_id);
	if (!subject_list_begin(part, &page, "certificates", &prefix))
		return;
	while (page_next(&page))
		page_add(&page, certificate_shown(part->call, subject_row_id(page.walk.key)));
	held->certificates = (Mt__SubjectCertificate **)page.items;
	held->n_certificates = page.count;
	subject_list_end(part, &page, "certificates");
}

static void
recognitions_add(struct subject_part *part, Mt__CertificatePart *held)
{
	struct page page;
	struct key prefix = subject_key_of(TABLE_RECOGNITION, part->record_id);
	if (!subject_list_begin(part, &page, "recognitions", &prefix))
		return;
	while (page_next(&page))
		page_add(&page, call_unpack(part->call, &mt__recognition_record__descriptor, page.walk.value));
	held->recognitions = (Mt__RecognitionRecord **)page.items;
	held->n_recognitions = page.count;
	subject_list_end(part, &page, "recognitions");
}

/* One of the two lists of corrections. */
static Mt__HolderCorrected **
corrections_of(struct subject_part *part, uint8_t table, const char *list, size_t *count)
{
	struct page page;
	struct key prefix = subject_key_of(table, part->record_id);
	if (!subject_list_begin(part, &page, list, &prefix))
		return NULL;
	while (page_next(&page))
		page_add(&page, call_unpack(part->call, &mt__holder_corrected__descriptor, page.walk.value));
	*count = page.count;
	subject_list_end(part, &page, list);
	return (Mt__HolderCorrected **)page.items;
}

static void
subjects_part(Mt__Subjects_Service *service, const Mt__SubjectPartRequest *in, Mt__SubjectPart_Closure reply,
	      void *call)
{
	(void)service;
	struct subject_part part;
	Mt__CertificatePart held = MT__CERTIFICATE_PART__INIT;
	if (!subject_part_begin(&part, call, TABLE_SUBJECT_EXPORT, in))
		return;
	completions_add(&part, &held);
	certificates_add(&part, &held);
	recognitions_add(&part, &held);
	held.corrections = corrections_of(&part, TABLE_HOLDER_CORRECTED, "corrections", &held.n_corrections);
	held.paper_corrections =
		corrections_of(&part, TABLE_PAPER_CORRECTED, "paperCorrections", &held.n_paper_corrections);
	part.out.certificate = &held;
	if (!call_refused(call))
		reply(&part.out, call);
}

Mt__Subjects_Service certificate_subjects = MT__SUBJECTS__INIT(subjects_);

static void
subject_reactions_subject_exported(Mt__SubjectReactions_Service *service, const Mt__SubjectExported *in,
				   Mt__Noted_Closure reply, void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	subject_grant_note(call, TABLE_SUBJECT_EXPORT, in->granted);
	reply(&noted, call);
}

Mt__SubjectReactions_Service certificate_subject_reactions = MT__SUBJECT_REACTIONS__INIT(subject_reactions_);

void
certificate_subject_apply(struct apply *apply, const Mt__SubjectFact *fact)
{
	assert(fact->kind_case == MT__SUBJECT_FACT__KIND_SUBJECT_EXPORT_NOTED);
	subject_grant_put(apply, TABLE_SUBJECT_EXPORT, fact->subject_export_noted->granted);
}
