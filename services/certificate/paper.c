/* services/certificate/paper.c
 *
 * What was issued on paper before the system is recorded from lists, so that it stands in
 * passports and registers; recorded is not confirmed, and no verification calls it valid
 * until a leader of its institution says that the institution issued it. Then it is signed,
 * under the number and date that stand on the paper.
 *
 * Edition 0 is what was recorded: content, and the token of a verification URL, but no
 * credential. It stays as printed beside what is signed later, which says what the registry
 * corrected meanwhile (holder.c). Promise: one certificate for a number in an institution's
 * register of a year and on a numbered blank form, however often the list is sent. */
#include "services/certificate/paper.h"

#include "common/base/date.h"
#include "common/base/text.h"
#include "common/core/access.h"
#include "common/wire/pb.h"
#include "services/certificate/certificate.h"
#include "services/certificate/content.h"
#include "services/certificate/expiry.h"
#include "services/certificate/holder.h"
#include "services/certificate/issue.h"
#include "services/certificate/issuer_url.h"
#include "services/certificate/kind.h"
#include "services/certificate/paper_row.h"
#include "services/certificate/register.h"
#include "services/certificate/service.h"
#include "services/certificate/tables.h"
#include "services/certificate/token.h"

/* --- look-ups --------------------------------------------------------------------------------------------------- */

const char *
paper_number(struct arena *arena, const char *printed)
{
	const char *folded = text_fold_case(arena, text_spaced(arena, printed));
	size_t size = folded == NULL ? 0 : strlen(folded);
	return size == 0 || size > PAPER_NUMBER_BYTES_MAX ? NULL : folded;
}

static const Mt__EditionRecord *
recorded_find(const struct call *call, const char *certificate_id)
{
	struct key key = edition_key(certificate_id, 0);
	return call_record(call, &key, &mt__edition_record__descriptor);
}

/* --- import ----------------------------------------------------------------------------------------------------- */

/* A call that records: rows that were taken already in the same call are not in the store yet. */
struct importing {
	struct call *call;
	const char *school_id;
	struct tlog_places log;
	struct paper_row rows[PAPER_ROWS_MAX];
	const char *ids[PAPER_ROWS_MAX]; /* of the certificate of each row taken; NULL: none */
	const Mt__PaperRow *in[PAPER_ROWS_MAX];
	size_t count;
	char today[DATE_TEXT_BYTES];
	char now[INSTANT_TEXT_BYTES];
};

static bool
same_content(struct arena *arena, const Mt__CertificateContent *a, const Mt__CertificateContent *b)
{
	return slice_equal(pb_pack(arena, &a->base), pb_pack(arena, &b->base));
}

/* The same row again, or another one under the same number. Of one whose words were erased the rest is compared. */
static bool
same_as_recorded(struct call *call, const Mt__CertificateRecord *record, const Mt__PaperRow *in,
		 const struct paper_row *row)
{
	const Mt__EditionRecord *recorded = recorded_find(call, record->certificate_id);
	bool has_words = recorded != NULL && recorded->signed_edition != NULL;
	return strcmp(record->person_id, in->person_id) == 0 && strcmp(record->issued_on, in->issued_on) == 0 &&
	       strcmp(record->valid_until, in->valid_until) == 0 && strcmp(record->kind_code, row->kind_code) == 0 &&
	       (!has_words || same_content(call_arena(call), recorded->signed_edition->content, row->content));
}

static bool
same_row(struct call *call, const Mt__PaperRow *a, const Mt__PaperRow *b)
{
	return slice_equal(pb_pack(call_arena(call), &a->base), pb_pack(call_arena(call), &b->base));
}

/* The certificate that has the number already, "" if none; same says whether it is this row. */
static const char *
number_taken(struct importing *importing, const Mt__PaperRow *in, const struct paper_row *row, bool *same)
{
	struct call *call = importing->call;
	struct key key = register_entry_key(importing->school_id, row->year, REGISTER_PAPER, row->number_key);
	const Mt__RegisterRecord *entry = call_record(call, &key, &mt__register_record__descriptor);
	if (entry != NULL) {
		*same = same_as_recorded(call, certificate_find(call, entry->certificate_id), in, row);
		return entry->certificate_id;
	}
	for (size_t i = 0; i < importing->count; i++) {
		const struct paper_row *earlier = &importing->rows[i];
		if (earlier->year != row->year || strcmp(earlier->number_key, row->number_key) != 0)
			continue;
		*same = same_row(call, importing->in[i], in);
		return importing->ids[i];
	}
	return "";
}

/* The row's blank form bears another certificate, or was spoiled. */
static bool
form_taken(const struct importing *importing, const struct paper_row *row)
{
	if (row->blank_serial[0] == '\0')
		return false;
	for (size_t i = 0; i < importing->count; i++) {
		if (strcmp(importing->rows[i].blank_serial, row->blank_serial) == 0)
			return true;
	}
	return register_form_is_used(importing->call, importing->school_id, row->blank_serial);
}

static void
fill_certificate(struct importing *importing, const Mt__PaperRow *in, const struct paper_row *row,
		 Mt__CertificateRecord *certificate)
{
	struct id person;
	struct call *call = importing->call;
	bool is_id = id_parse(in->person_id, &person);
	assert(is_id);
	certificate->certificate_id = (char *)call_new_id(call, id_locality(person));
	certificate->person_id = in->person_id;
	certificate->school_id = (char *)importing->school_id;
	certificate->authority_id = (char *)row->authority_id;
	certificate->state = MT__CERTIFICATE__STATE__RECORDED;
	certificate->issued_on = in->issued_on;
	certificate->register_number = (char *)row->register_number;
	certificate->paper_year = row->year;
	certificate->kind_code = (char *)row->kind_code;
	certificate->valid_until = in->valid_until;
	const Mt__CertificateKindRecord *kind = kind_find(call, importing->school_id, row->kind_code);
	if (kind != NULL) {
		certificate->remind_days = kind->remind_days;
		certificate->n_remind_days = kind->n_remind_days;
	}
	certificate->blank_serial = (char *)row->blank_serial;
	certificate->specimen = call_public_url(call)[0] == '\0';
	certificate->origin = MT__CERTIFICATE__ORIGIN__PAPER;
	certificate->state_on = importing->today;
	certificate->state_by = (char *)call_subject(call);
	certificate->version = 1;
	certificate->programme_id = row->content->programme_id;
	certificate->completed_on = row->content->completed_on;
}

static void
fill_retained(const Mt__CertificateRecord *certificate, const Mt__CertificateContent *content,
	      Mt__RegisterRecord *entry, Mt__RetainedEntry *retained)
{
	retained->name = content->name;
	retained->birth_date = content->birth_date;
	retained->programme_title = content->programme_title;
	entry->certificate_id = certificate->certificate_id;
	entry->sealed_for = certificate->school_id;
	entry->register_number = certificate->register_number;
	entry->paper_year = certificate->paper_year;
	entry->retained = retained;
}

/* Emits PaperRecorded, and that its numbered form is used; the certificate's id. */
static const char *
record(struct importing *importing, const Mt__PaperRow *in, const struct paper_row *row)
{
	struct call *call = importing->call;
	Mt__CertificateRecord certificate = MT__CERTIFICATE_RECORD__INIT;
	Mt__EditionRecord edition = MT__EDITION_RECORD__INIT;
	Mt__SealedEdition sealed = MT__SEALED_EDITION__INIT;
	Mt__RegisterRecord entry = MT__REGISTER_RECORD__INIT;
	Mt__RetainedEntry retained = MT__RETAINED_ENTRY__INIT;
	Mt__LogEntry leaf = MT__LOG_ENTRY__INIT;
	Mt__LogSalt salt = MT__LOG_SALT__INIT;
	Mt__PaperRecorded fact = MT__PAPER_RECORDED__INIT;
	fill_certificate(importing, in, row, &certificate);
	fill_retained(&certificate, row->content, &entry, &retained);
	salt.salt = issue_random(call, LOG_SALT_BYTES);
	leaf.kind = MT__LOG_STATEMENT__KIND__RECORDED;
	leaf.certificate_id = certificate.certificate_id;
	leaf.person_id = certificate.person_id;
	leaf.at = importing->now;
	leaf.salt = &salt;
	tlog_leaf(call, &importing->log, &leaf, salt.salt.data);
	sealed.token = issue_random(call, TOKEN_BYTES);
	sealed.content = row->content;
	edition.certificate_id = certificate.certificate_id;
	edition.person_id = certificate.person_id;
	edition.school_id = certificate.school_id;
	edition.log_index = leaf.index;
	edition.issued_at = importing->now;
	edition.signed_edition = &sealed;
	fact.certificate = &certificate;
	fact.edition = &edition;
	fact.entry = &entry;
	fact.leaf = &leaf;
	call_emit(call, &fact.base);
	if (row->blank_serial[0] != '\0')
		register_form_use(call, importing->school_id, row->blank_serial, certificate.certificate_id);
	return certificate.certificate_id;
}

static void
reject(Mt__PaperOutcome *outcome, const char *field, const char *en, const char *vi)
{
	outcome->result = MT__PAPER_OUTCOME__RESULT__REJECTED;
	outcome->field = (char *)field;
	outcome->message = (char *)en;
	outcome->message_vi = (char *)vi;
}

static Mt__PaperOutcome *
import_row(struct importing *importing, const Mt__PaperRow *in)
{
	bool same;
	struct paper_fault fault;
	struct paper_row *row = &importing->rows[importing->count];
	Mt__PaperOutcome *outcome =
		(Mt__PaperOutcome *)pb_new(&mt__paper_outcome__descriptor, call_arena(importing->call));
	if (!paper_row_read(importing->call, importing->school_id, in, row, &fault)) {
		reject(outcome, fault.field, fault.en, fault.vi);
		return outcome;
	}
	const char *taken = number_taken(importing, in, row, &same);
	if (taken[0] != '\0' && !same) {
		reject(outcome, "register_number", "another certificate is recorded under this number of this year",
		       "số này của năm này đã ghi cho một chứng chỉ khác");
		return outcome;
	}
	if (taken[0] == '\0' && form_taken(importing, row)) {
		reject(outcome, "blank_serial",
		       "the blank form of this serial bears another certificate or was spoiled",
		       "phôi mang số hiệu này đã in cho một chứng chỉ khác hoặc đã bị hủy");
		return outcome;
	}
	outcome->certificate_id = (char *)(taken[0] != '\0' ? taken : record(importing, in, row));
	outcome->result = taken[0] != '\0' ? MT__PAPER_OUTCOME__RESULT__UNCHANGED : MT__PAPER_OUTCOME__RESULT__RECORDED;
	if (taken[0] == '\0') {
		importing->in[importing->count] = in;
		importing->ids[importing->count++] = outcome->certificate_id;
	}
	return outcome;
}

static void
papers_import(Mt__Papers_Service *service, const Mt__ImportPaperRequest *in, Mt__ImportPaperReply_Closure reply,
	      void *call)
{
	(void)service;
	const Mt__AuthorityRecord *school = call_authority_ref(call, "authority", in->authority);
	if (school == NULL || !call_scope(call, school->authority_id))
		return;
	if (in->n_rows == 0 || in->n_rows > PAPER_ROWS_MAX) {
		call_refuse_field(call, "rows", "%zu rows are given, 1 to %d may come at once", in->n_rows,
				  PAPER_ROWS_MAX);
		return;
	}
	if (!public_url_agrees(call)) /* which says, too, whether this is a trial */
		return;
	struct importing *importing = arena_zero(call_arena(call), sizeof(*importing));
	int64_t now_us = call_now_us(call);
	importing->call = call;
	importing->school_id = school->authority_id;
	date_format(call_today(call), importing->today);
	instant_format(now_us - now_us % SECOND_US, importing->now);
	if (!tlog_begin(call, &importing->log))
		return;
	Mt__ImportPaperReply out = MT__IMPORT_PAPER_REPLY__INIT;
	out.outcomes = arena_alloc(call_arena(call), in->n_rows * sizeof(*out.outcomes));
	for (size_t i = 0; i < in->n_rows; i++)
		out.outcomes[out.n_outcomes++] = import_row(importing, in->rows[i]);
	reply(&out, call);
}

/* --- confirmation ----------------------------------------------------------------------------------------------- */

/* The recorded content with the decision and what the kind says; NULL and refused. */
static Mt__CertificateContent *
content_to_sign(struct call *call, const Mt__ConfirmPaperRequest *in, const Mt__CertificateRecord *certificate)
{
	const Mt__EditionRecord *recorded = recorded_find(call, certificate->certificate_id);
	if (recorded == NULL || recorded->signed_edition == NULL) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION,
			    "what was recorded of certificate %s was erased with its holder's data",
			    certificate->certificate_id);
		return NULL;
	}
	Mt__CertificateContent *content = recorded->signed_edition->content;
	const Mt__CertificateKindRecord *kind = kind_find(call, certificate->school_id, certificate->kind_code);
	if (kind != NULL)
		content_of_kind(content, kind, 0);
	bool numbered = in->decision_number[0] != '\0';
	if (numbered != (in->decision_date[0] != '\0')) {
		call_refuse_field(call, numbered ? "decision_date" : "decision_number",
				  "decision_number and decision_date come together");
		return NULL;
	}
	if (!numbered)
		return content;
	content->decision_number = (char *)content_text(call, "decision_number", in->decision_number, false);
	if (content->decision_number == NULL || content_date(call, "decision_date", in->decision_date) == DATE_NONE)
		return NULL;
	content->decision_date = in->decision_date;
	return content;
}

/* What the registry corrected since it was recorded is signed, and stands in the register from then on. */
static void
confirm(struct issuing *issuing, const Mt__CertificateRecord *recorded, Mt__CertificateContent *content)
{
	Mt__CertificateRecord certificate = *recorded;
	Mt__RegisterRecord entry = MT__REGISTER_RECORD__INIT;
	Mt__EditionRecord edition = MT__EDITION_RECORD__INIT;
	Mt__LogEntry leaf = MT__LOG_ENTRY__INIT;
	Mt__PaperConfirmed fact = MT__PAPER_CONFIRMED__INIT;
	certificate.state = MT__CERTIFICATE__STATE__VALID;
	certificate.edition = 1;
	leaf.kind = MT__LOG_STATEMENT__KIND__CONFIRMED;
	if (holder_put_paper_right(issuing->call, certificate.person_id, content)) {
		issue_entry(issuing, &certificate, content, &entry);
		fact.entry = &entry;
	}
	issue_edition(issuing, &certificate, content, &edition, &leaf);
	fact.certificate_id = certificate.certificate_id;
	fact.school_id = certificate.school_id;
	fact.person_id = certificate.person_id;
	fact.authority_id = certificate.authority_id;
	fact.confirmed_on = issuing->today;
	fact.confirmed_by = (char *)call_subject(issuing->call);
	fact.edition = &edition;
	fact.leaf = &leaf;
	fact.programme_title = content->programme_title;
	fact.specimen = issuing->issuer.trial;
	call_emit(issuing->call, &fact.base);
}

static void
papers_confirm(Mt__Papers_Service *service, const Mt__ConfirmPaperRequest *in, Mt__ConfirmPaperReply_Closure reply,
	       void *call)
{
	(void)service;
	struct issuing issuing;
	const Mt__CertificateRecord *certificate = certificate_or_refuse(call, in->certificate_id);
	if (certificate == NULL || !call_scope(call, certificate->school_id))
		return;
	if (certificate->state != MT__CERTIFICATE__STATE__RECORDED) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION,
			    "certificate %s is not a recorded one that waits to be confirmed", in->certificate_id);
		return;
	}
	Mt__CertificateContent *content = content_to_sign(call, in, certificate);
	if (content == NULL || !issue_begin(&issuing, call, certificate->school_id))
		return;
	confirm(&issuing, certificate, content);
	issue_end(&issuing);
	Mt__ConfirmPaperReply out = MT__CONFIRM_PAPER_REPLY__INIT;
	reply(&out, call);
}

Mt__Papers_Service papers = MT__PAPERS__INIT(papers_);

/* --- apply ------------------------------------------------------------------------------------------------------ */

void
paper_apply_entry(struct apply *apply, const Mt__RegisterRecord *entry)
{
	const char *number = paper_number(apply_arena(apply), entry->register_number);
	assert(number != NULL);
	struct key key = register_entry_key(entry->sealed_for, entry->paper_year, REGISTER_PAPER, number);
	apply_put(apply, &key, &entry->base);
}

static void
apply_recorded(struct apply *apply, const Mt__PaperRecorded *fact)
{
	const Mt__CertificateRecord *certificate = fact->certificate;
	struct key key = certificate_key(certificate->certificate_id);
	apply_put(apply, &key, &certificate->base);
	struct key of = certificates_of_key(certificate->person_id);
	key_id_of(&of, certificate->certificate_id);
	apply_put_bytes(apply, &of, slice_text(""));
	struct key edition = edition_key(certificate->certificate_id, 0);
	apply_put(apply, &edition, &fact->edition->base);
	paper_apply_entry(apply, fact->entry);
	tlog_apply(apply, fact->leaf);
}

static void
apply_confirmed(struct apply *apply, const Mt__PaperConfirmed *fact)
{
	struct key key = certificate_key(fact->certificate_id);
	Mt__CertificateRecord *certificate = apply_record(apply, &key, &mt__certificate_record__descriptor);
	assert(certificate != NULL);
	certificate->state = MT__CERTIFICATE__STATE__VALID;
	certificate->state_on = fact->confirmed_on;
	certificate->state_by = fact->confirmed_by;
	certificate->edition = fact->edition->edition;
	certificate->specimen = fact->specimen;
	certificate->version++;
	apply_put(apply, &key, &certificate->base);
	issue_apply_edition(apply, fact->edition, fact->leaf);
	if (fact->entry != NULL)
		paper_apply_entry(apply, fact->entry);
	if (certificate->valid_until[0] != '\0')
		expiry_apply_issued(apply, certificate);
	certificate_count(apply, METRIC_CERTIFICATES_VALID, fact->authority_id, fact->confirmed_on, 1);
}

void
paper_apply(struct apply *apply, const Mt__PaperFact *fact)
{
	switch (fact->kind_case) {
	case MT__PAPER_FACT__KIND_PAPER_RECORDED:
		apply_recorded(apply, fact->paper_recorded);
		return;
	case MT__PAPER_FACT__KIND_PAPER_CONFIRMED:
		apply_confirmed(apply, fact->paper_confirmed);
		return;
	case MT__PAPER_FACT__KIND__NOT_SET:
		break;
	}
	assert(false); /* the core lets no empty fact through */
}

void
paper_apply_erased(struct apply *apply, const char *person_id)
{
	struct key prefix = certificates_of_key(person_id);
	struct store_walk walk = store_walk(apply_store(apply), key_slice(&prefix));
	while (store_walk_next(&walk)) {
		struct key key = key_of(TABLE_EDITION);
		key_bytes(&key, slice_of(walk.key.data + walk.key.size - ID_BYTES, ID_BYTES));
		key_u32(&key, 0);
		Mt__EditionRecord *recorded = apply_record(apply, &key, &mt__edition_record__descriptor);
		if (recorded == NULL)
			continue;
		recorded->signed_edition = NULL;
		apply_put(apply, &key, &recorded->base);
	}
}
