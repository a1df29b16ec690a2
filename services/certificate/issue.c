/* services/certificate/issue.c
 *
 * Issuing takes places in three sequences at once: the institution's register of the year,
 * its status list, and the log. All of a call's certificates stand in one entry, so either
 * all of the places are taken or none: the register and the log have no gaps.
 *
 * It promises that a signed edition never changes, and that its bytes, its leaf and its
 * place in the register are decided in the same instant. */
#include "services/certificate/issue.h"

#include "common/base/date.h"
#include "common/core/access.h"
#include "common/wire/pb.h"
#include "services/certificate/certificate.h"
#include "services/certificate/completion.h"
#include "services/certificate/credential.h"
#include "services/certificate/expiry.h"
#include "services/certificate/paper.h"
#include "services/certificate/issuer_jwt.h"
#include "services/certificate/service.h"
#include "services/certificate/tables.h"
#include "services/certificate/token.h"

/* A certificate that waits to be signed. */
struct issued {
	struct issued *next;
	Mt__CertificateRecord certificate;
	Mt__CertificateContent content;
	Mt__EditionRecord edition;
	Mt__RegisterRecord entry;
	Mt__LogEntry leaf;
	Mt__Reason *reason; /* NULL: none */
	struct credential credential;
};

/* --- the register ----------------------------------------------------------------------------------------------- */

static struct key
register_key(const char *school_id, uint32_t year)
{
	struct key key = key_of(TABLE_REGISTER);
	key_id_of(&key, school_id);
	key_u32(&key, year);
	return key;
}

struct key
register_year_key(const char *school_id, uint32_t year)
{
	struct key key = key_of(TABLE_REGISTER_ENTRY);
	key_id_of(&key, school_id);
	key_u32(&key, year);
	return key;
}

struct key
register_entry_key(const char *school_id, uint32_t year, uint32_t place, const char *paper_number)
{
	struct key key = register_year_key(school_id, year);
	key_u32(&key, place);
	if (place == REGISTER_PAPER)
		key_text(&key, paper_number);
	return key;
}

uint32_t
register_last(const struct call *call, const char *school_id, int year)
{
	struct key key = register_key(school_id, (uint32_t)year);
	struct slice value;
	if (!store_get(call_store(call), key_slice(&key), &value))
		return 0;
	assert(value.size == sizeof(uint32_t));
	return get_u32(value.data);
}

/* --- signing ---------------------------------------------------------------------------------------------------- */

bool
issue_begin(struct issuing *issuing, struct call *call, const char *school_id)
{
	int month;
	int day;
	int64_t now_us = call_now_us(call);
	*issuing = (struct issuing){.call = call};
	issuing->issued_last = &issuing->issued;
	if (!tlog_begin(call, &issuing->log) || !issuer_open(call, school_id, &issuing->issuer))
		return false;
	status_begin(call, school_id, issuing->issuer.url_number, &issuing->status);
	date_split(call_today(call), &issuing->year, &month, &day);
	date_format(call_today(call), issuing->today);
	instant_format(now_us - now_us % SECOND_US, issuing->now);
	credential_begin(call_arena(call), &issuing->issuer, issuing->now);
	if (issuing->issuer.trial)
		issuing->year = 0; /* a specimen takes no place in a real register */
	issuing->place = register_last(call, school_id, issuing->year);
	return true;
}

ProtobufCBinaryData
issue_random(struct call *call, size_t size)
{
	enum { RANDOM_MAX = 16 };
	uint8_t *bytes = arena_alloc(call_arena(call), RANDOM_MAX);
	assert(size <= RANDOM_MAX);
	for (size_t at = 0; at < RANDOM_MAX; at += sizeof(uint64_t))
		put_u64(bytes + at, call_random(call));
	return (ProtobufCBinaryData){size, bytes};
}

/* All of an edition but its signature and its leaf. */
static void
edition_write(struct issuing *issuing, const Mt__CertificateRecord *certificate, Mt__CertificateContent *content,
	      Mt__EditionRecord *edition, struct credential *credential)
{
	struct call *call = issuing->call;
	struct arena *arena = call_arena(call);
	Mt__SealedEdition *sealed = (Mt__SealedEdition *)pb_new(&mt__sealed_edition__descriptor, arena);
	edition->certificate_id = certificate->certificate_id;
	edition->person_id = certificate->person_id;
	edition->school_id = certificate->school_id;
	edition->edition = certificate->edition;
	edition->status_list = issuing->status.list;
	edition->status_index = status_next(&issuing->status);
	edition->issued_at = issuing->now;
	edition->key_id = (char *)issuing->issuer.key_id;
	edition->jwt_key_id = (char *)issuing->issuer.jwt_key_id;
	edition->signed_edition = sealed;
	sealed->token = issue_random(call, TOKEN_BYTES);
	sealed->salt = issue_random(call, LOG_SALT_BYTES);
	sealed->content = content;
	credential_write(credential, arena, &issuing->issuer, certificate, content, edition, call_zone_minutes(call));
}

/* What the signed bytes decide. */
static void
edition_end(struct issuing *issuing, struct credential *credential, Mt__EditionRecord *edition, Mt__LogEntry *leaf)
{
	Mt__SealedEdition *sealed = edition->signed_edition;
	sealed->credential = (ProtobufCBinaryData){credential->text.size, (uint8_t *)credential->text.data};
	leaf->certificate_id = edition->certificate_id;
	leaf->person_id = edition->person_id;
	leaf->edition = edition->edition;
	leaf->at = issuing->now;
	leaf->credential_hash = (ProtobufCBinaryData){HASH_BYTES, credential->hash};
	tlog_leaf(issuing->call, &issuing->log, leaf, sealed->salt.data);
	edition->log_index = leaf->index;
}

void
issue_edition(struct issuing *issuing, const Mt__CertificateRecord *certificate, Mt__CertificateContent *content,
	      Mt__EditionRecord *edition, Mt__LogEntry *leaf)
{
	struct credential *credential = arena_zero(call_arena(issuing->call), sizeof(*credential));
	edition_write(issuing, certificate, content, edition, credential);
	credential_sign(credential, &issuing->issuer);
	edition_end(issuing, credential, edition, leaf);
}

void
issue_entry(struct issuing *issuing, const Mt__CertificateRecord *certificate, const Mt__CertificateContent *content,
	    Mt__RegisterRecord *entry)
{
	Mt__RetainedEntry *retained =
		(Mt__RetainedEntry *)pb_new(&mt__retained_entry__descriptor, call_arena(issuing->call));
	retained->name = content->name;
	retained->birth_date = content->birth_date;
	retained->programme_title = content->programme_title;
	entry->certificate_id = certificate->certificate_id;
	entry->sealed_for = certificate->school_id;
	entry->register_number = certificate->register_number;
	entry->paper_year = certificate->paper_year;
	entry->retained = retained;
}

void
issue_certificate(struct issuing *issuing, Mt__CertificateRecord *certificate, Mt__CertificateContent *content,
		  Mt__Reason *reason)
{
	struct id person;
	bool is_id = id_parse(certificate->person_id, &person);
	assert(is_id);
	certificate->certificate_id = (char *)call_new_id(issuing->call, id_locality(person));
	certificate->school_id = (char *)issuing->issuer.school_id;
	certificate->state = MT__CERTIFICATE__STATE__VALID;
	certificate->issued_on = issuing->today;
	certificate->state_on = issuing->today;
	certificate->register_number =
		arena_format(call_arena(issuing->call), "%04d/%06u", issuing->year, ++issuing->place);
	certificate->edition = 1;
	certificate->specimen = issuing->issuer.trial;
	certificate->version = 1;

	struct issued *one = arena_alloc(call_arena(issuing->call), sizeof(*one));
	*one = (struct issued){
		.certificate = *certificate,
		.content = *content,
		.edition = MT__EDITION_RECORD__INIT,
		.entry = MT__REGISTER_RECORD__INIT,
		.leaf = MT__LOG_ENTRY__INIT,
		.reason = reason,
	};
	edition_write(issuing, &one->certificate, &one->content, &one->edition, &one->credential);
	issue_entry(issuing, &one->certificate, &one->content, &one->entry);
	*issuing->issued_last = one;
	issuing->issued_last = &one->next;
	issuing->issued_count++;
}

static void
emit_issued(struct issuing *issuing, struct issued *one)
{
	Mt__CertificateIssued fact = MT__CERTIFICATE_ISSUED__INIT;
	one->leaf.kind = MT__LOG_STATEMENT__KIND__ISSUED;
	edition_end(issuing, &one->credential, &one->edition, &one->leaf);
	fact.certificate = &one->certificate;
	fact.edition = &one->edition;
	fact.entry = &one->entry;
	fact.leaf = &one->leaf;
	fact.programme_title = one->content.programme_title;
	fact.reason = one->reason;
	fact.person_id = one->certificate.person_id;
	call_emit(issuing->call, &fact.base);
}

/* A part of the certificates, signed in whatever thread. */
struct signing {
	struct issued **issued;
	const struct issuer *issuer;
};

static void
sign_one(void *context, size_t index)
{
	const struct signing *signing = context;
	credential_sign(&signing->issued[index]->credential, signing->issuer);
}

void
issue_end(struct issuing *issuing)
{
	size_t count = 0;
	struct signing signing = {.issuer = &issuing->issuer};
	signing.issued = arena_alloc(call_arena(issuing->call), (issuing->issued_count + 1) * sizeof(*signing.issued));
	for (struct issued *one = issuing->issued; one != NULL; one = one->next)
		signing.issued[count++] = one;
	call_share(issuing->call, sign_one, &signing, count);
	for (size_t i = 0; i < count; i++)
		emit_issued(issuing, signing.issued[i]);
	issuer_close(&issuing->issuer);
}

/* The newest of the person's certificates of a programme that was not revoked; "" if there is none. */
static const char *
newest_before(struct call *call, const char *person_id, const char *programme_id)
{
	const char *ids[PERSON_IDS_MAX];
	const Mt__CertificateRecord *newest = NULL;
	size_t count = programme_id[0] == '\0' ? 0 : call_person_ids(call, person_id, ids, PERSON_IDS_MAX);
	for (size_t i = 0; i < count; i++) {
		struct key prefix = certificates_of_key(ids[i]);
		struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
		while (store_walk_next(&walk)) {
			const Mt__CertificateRecord *one = certificate_of_row(call, walk.key);
			if (strcmp(one->programme_id, programme_id) != 0 ||
			    one->state == MT__CERTIFICATE__STATE__REVOKED)
				continue;
			if (newest == NULL || strcmp(one->issued_on, newest->issued_on) >= 0)
				newest = one;
		}
	}
	return newest == NULL ? "" : newest->certificate_id;
}

void
issue_of_kind(struct issuing *issuing, Mt__CertificateRecord *certificate, const Mt__CertificateKindRecord *kind,
	      Mt__CertificateContent *content, Mt__Reason *reason)
{
	struct call *call = issuing->call;
	certificate->kind_code = kind->kind_code;
	certificate->remind_days = kind->remind_days;
	certificate->n_remind_days = kind->n_remind_days;
	certificate->valid_until = (char *)kind_valid_until(call_arena(call), kind, call_today(call));
	certificate->programme_id = content->programme_id;
	certificate->completed_on = content->completed_on;
	certificate->renews = (char *)newest_before(call, certificate->person_id, content->programme_id);
	issue_certificate(issuing, certificate, content, reason);
}

/* --- apply ------------------------------------------------------------------------------------------------------ */

static uint32_t
read_digits(const char **at)
{
	uint32_t number = 0;
	for (; **at >= '0' && **at <= '9'; (*at)++)
		number = number * 10 + (uint32_t)(**at - '0');
	return number;
}

void
register_place(const char *register_number, uint32_t *year, uint32_t *place)
{
	*year = read_digits(&register_number);
	assert(*register_number == '/');
	register_number++;
	*place = read_digits(&register_number);
}

void
issue_apply_edition(struct apply *apply, const Mt__EditionRecord *edition, const Mt__LogEntry *leaf)
{
	struct key key = edition_key(edition->certificate_id, edition->edition);
	apply_put(apply, &key, &edition->base);
	status_apply_given(apply, edition);
	issuer_jwt_apply_edition(apply, edition);
	tlog_apply(apply, leaf);
}

void
issue_apply_entry(struct apply *apply, const Mt__RegisterRecord *entry)
{
	if (entry->paper_year != 0) {
		paper_apply_entry(apply, entry);
		return;
	}
	uint8_t place[sizeof(uint32_t)];
	uint32_t year;
	uint32_t number;
	register_place(entry->register_number, &year, &number);
	put_u32(place, number);
	struct key last = register_key(entry->sealed_for, year);
	struct slice value;
	if (!store_get(apply_store(apply), key_slice(&last), &value) || get_u32(value.data) < get_u32(place))
		apply_put_bytes(apply, &last, slice_of(place, sizeof(place)));
	struct key row = register_entry_key(entry->sealed_for, year, number, NULL);
	apply_put(apply, &row, &entry->base);
}

void
issue_apply_issued(struct apply *apply, const Mt__CertificateIssued *fact)
{
	const Mt__CertificateRecord *certificate = fact->certificate;
	struct key key = certificate_key(certificate->certificate_id);
	apply_put(apply, &key, &certificate->base);
	struct key of = certificates_of_key(certificate->person_id);
	key_id_of(&of, certificate->certificate_id);
	apply_put_bytes(apply, &of, slice_text(""));
	issue_apply_edition(apply, fact->edition, fact->leaf);
	issue_apply_entry(apply, fact->entry);
	if (certificate->class_id[0] != '\0')
		completion_apply_certified(apply, certificate);
	if (certificate->valid_until[0] != '\0')
		expiry_apply_issued(apply, certificate);
	certificate_count(apply, METRIC_CERTIFICATES_VALID, certificate->authority_id, certificate->issued_on, 1);
	certificate_count(apply, METRIC_CERTIFICATES_ISSUED, certificate->authority_id, certificate->issued_on, 1);
}
