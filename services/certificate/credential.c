/* services/certificate/credential.c
 *
 * The text is written in the order of RFC 8785 from the start: members of each object by their names' code units,
 * strings with the shortest escapes, no white space, no number but small integers. So it is canonical as it
 * stands, and is hashed and signed without being parsed or sorted. tests/unit/credential_test.c holds it against the
 * canonicaliser; whoever adds a member puts it in its place.
 *
 * Terms are Open Badges' own where it has one: licenseNumber is the register number ("số vào sổ"), identifier the
 * holder's name, awardedDate the day of issue whatever the edition. What it lacks (hours, decision, signatory, the
 * second language, birth date) is covered by W3C's context for undefined terms. Contexts are named, never fetched.
 * There are two status entries, as VC 2.0 allows; Open Badges 3.0 foresees one, so its JSON schema is not named.
 *
 * Promise: the bytes made here are what is stored, served and verified, to the byte. */
#include "services/certificate/credential.h"

#include "common/base/date.h"
#include "common/wire/json.h"

#include <assert.h>

enum { CREDENTIAL_BYTES_MAX = 64 << 10, CREDENTIAL_BYTES_USUAL = 3 << 10 }; /* titles and names are limited */

/* Around the two halves of the proof and its value. */
#define PROOF_FROM ",\"proof\":["
#define PROOF_VALUE_FROM ",\"proofValue\":\""
#define PROOF_VALUE_TO "\""
#define PROOF_TO "]"
enum { PROOF_AROUND_BYTES = sizeof(PROOF_FROM PROOF_VALUE_FROM PROOF_VALUE_TO PROOF_TO) };

static const char contexts[] = "[\"https://www.w3.org/ns/credentials/v2\","
			       "\"https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json\","
			       "\"https://www.w3.org/ns/credentials/undefined-terms/v2\"]";

/* What all parts are written from. */
struct writing {
	struct buf buf;
	struct arena *arena;
	const struct issuer *issuer;
	const Mt__CertificateRecord *certificate;
	const Mt__CertificateContent *content;
	const Mt__EditionRecord *edition;
	int zone_minutes;
};

/* --- writing ---------------------------------------------------------------------------------------------------- */

static void
put_string(struct buf *buf, const char *before, const char *text)
{
	buf_text(buf, before);
	json_write_string(buf, slice_text(text));
}

static void
put_optional(struct buf *buf, const char *before, const char *text)
{
	if (text[0] != '\0')
		put_string(buf, before, text);
}

static void
put_number(struct buf *buf, const char *before, uint32_t number)
{
	buf_text(buf, before);
	buf_number(buf, number);
}

/* A civil date's first instant, or the second before it, in UTC. */
static void
put_instant(struct buf *buf, const char *before, int32_t date, int zone_minutes, int64_t less_us)
{
	char instant[INSTANT_TEXT_BYTES];
	instant_format(date_begins_us(date, zone_minutes) - less_us, instant);
	put_string(buf, before, instant);
}

static int32_t
known_date(const char *text)
{
	int32_t date = DATE_NONE;
	bool is_date = date_parse(text, &date);
	assert(is_date);
	return date;
}

/* --- parts, each in canonical order ----------------------------------------------------------------------------- */

/* Addresses, ids and numbers have nothing to escape, so what is made of them is written in pieces. */
static void
put_list(struct writing *it, const char *before, const char *purpose)
{
	struct buf *buf = &it->buf;
	buf_text(buf, before);
	buf_text(buf, it->issuer->url);
	buf_text(buf, "/v1/status-lists/");
	buf_text(buf, it->issuer->school_id);
	put_number(buf, "/", it->edition->status_list);
	buf_text(buf, "/");
	buf_text(buf, purpose);
}

static void
put_status(struct writing *it, const char *purpose)
{
	struct buf *buf = &it->buf;
	put_list(it, "{\"id\":\"", purpose);
	put_number(buf, "#", it->edition->status_index);
	put_list(it, "\",\"statusListCredential\":\"", purpose);
	put_number(buf, "\",\"statusListIndex\":\"", it->edition->status_index);
	buf_text(buf, "\",\"statusPurpose\":\"");
	buf_text(buf, purpose);
	buf_text(buf, "\",\"type\":\"BitstringStatusListEntry\"}");
}

static void
put_narrative(struct buf *buf, uint32_t hours)
{
	if (hours == 0) {
		buf_text(buf, ",\"criteria\":{\"narrative\":\"Đáp ứng các điều kiện của cơ sở cấp chứng chỉ. / "
			      "Met the requirements of the issuing institution.\"}");
		return;
	}
	put_number(buf, ",\"criteria\":{\"narrative\":\"Hoàn thành khóa bồi dưỡng ", hours);
	put_number(buf, " giờ. / Completed the course of ", hours);
	buf_text(buf, " hours.\"}");
}

/* The programme, else the institution's kind: where it says what it issues. */
static void
put_achievement_id(struct writing *it, const char *before)
{
	struct buf *buf = &it->buf;
	bool programme = it->content->programme_id[0] != '\0';
	buf_text(buf, before);
	buf_text(buf, it->issuer->url);
	buf_text(buf, programme ? "/v1/programmes/" : "/v1/authorities/");
	buf_text(buf, programme ? it->content->programme_id : it->issuer->school_id);
	if (programme)
		return;
	buf_text(buf, "/certificate-kinds#");
	buf_text(buf, it->certificate->kind_code);
}

static void
put_achievement(struct writing *it)
{
	struct buf *buf = &it->buf;
	const Mt__CertificateContent *content = it->content;
	bool degree = content->class_of == MT__CERTIFICATE_KIND__CLASS__DEGREE_EQUIVALENT;
	put_string(buf, "\"achievement\":{\"achievementType\":",
		   degree ? "ext:DegreeEquivalent" : "CertificateOfCompletion");
	put_narrative(buf, content->hours);
	put_string(buf,
		   ",\"description\":", content->kind_name[0] != '\0' ? content->kind_name : content->programme_title);
	put_number(buf, ",\"hours\":", content->hours);
	put_achievement_id(it, ",\"id\":\"");
	put_string(buf, "\",\"inLanguage\":\"vi\",\"kind\":{\"code\":", it->certificate->kind_code);
	put_optional(buf, ",\"name\":", content->kind_name);
	put_optional(buf, ",\"nameEn\":", content->kind_name_en);
	put_string(buf, "},\"name\":", content->programme_title);
	put_optional(buf, ",\"nameEn\":", content->programme_title_en);
	if (content->mark_percent > 0) {
		put_achievement_id(it, ",\"resultDescription\":[{\"id\":\"");
		buf_text(buf, "/mark\",\"name\":\"Điểm / Mark\",\"resultType\":\"Percent\","
			      "\"type\":[\"ResultDescription\"],\"valueMax\":\"100\",\"valueMin\":\"0\"}]");
	}
	buf_text(buf, ",\"type\":[\"Achievement\"]}");
}

static void
put_result(struct writing *it)
{
	struct buf *buf = &it->buf;
	put_achievement_id(it, ",\"result\":[{\"resultDescription\":\"");
	put_number(buf, "/mark\",\"type\":[\"Result\"],\"value\":\"", it->content->mark_percent);
	buf_text(buf, "\"}]");
}

static void
put_subject(struct writing *it)
{
	struct buf *buf = &it->buf;
	const Mt__CertificateContent *content = it->content;
	buf_text(buf, ",\"credentialSubject\":{");
	put_achievement(it);
	put_optional(buf, ",\"birthDate\":", content->birth_date);
	put_string(buf, ",\"completedOn\":", content->completed_on);
	put_string(buf, ",\"identifier\":[{\"hashed\":false,\"identityHash\":", content->name);
	buf_text(buf, ",\"identityType\":\"name\",\"type\":\"IdentityObject\"}]");
	put_string(buf, ",\"licenseNumber\":", it->certificate->register_number);
	put_string(buf, ",\"name\":", content->name);
	if (content->mark_percent > 0)
		put_result(it);
	buf_text(buf, ",\"type\":[\"AchievementSubject\"]}");
}

static void
put_decision(struct writing *it)
{
	struct buf *buf = &it->buf;
	if (it->content->decision_number[0] == '\0')
		return;
	put_string(buf, ",\"decision\":{\"date\":", it->content->decision_date);
	put_string(buf, ",\"number\":", it->content->decision_number);
	buf_text(buf, "}");
}

static void
put_signatory(struct writing *it)
{
	struct buf *buf = &it->buf;
	if (it->content->signatory_name[0] == '\0')
		return;
	put_string(buf, ",\"signatory\":{\"name\":", it->content->signatory_name);
	put_string(buf, ",\"title\":", it->content->signatory_title);
	put_optional(buf, ",\"titleEn\":", it->content->signatory_title_en);
	buf_text(buf, "}");
}

/* Up to where the proof stands. */
static void
put_before_proof(struct writing *it)
{
	struct buf *buf = &it->buf;
	const struct issuer *issuer = it->issuer;
	buf_text(buf, "{\"@context\":");
	buf_text(buf, contexts);
	put_instant(buf, ",\"awardedDate\":", known_date(it->certificate->issued_on), it->zone_minutes, 0);
	buf_text(buf, ",\"credentialStatus\":[");
	put_status(it, "revocation");
	buf_text(buf, ",");
	put_status(it, "suspension");
	buf_text(buf, "]");
	put_subject(it);
	put_decision(it);
	put_number(buf, ",\"edition\":", it->edition->edition);
	buf_text(buf, ",\"id\":\"");
	buf_text(buf, issuer->url);
	buf_text(buf, "/v1/certificates/");
	buf_text(buf, it->certificate->certificate_id);
	put_number(buf, "/editions/", it->edition->edition);
	put_string(buf, "\",\"issuer\":{\"id\":", issuer->did);
	put_string(buf, ",\"name\":", issuer->name);
	put_string(buf, ",\"type\":[\"Profile\"]},\"name\":",
		   issuer->trial ? arena_format(it->arena, CREDENTIAL_SPECIMEN "%s", it->content->programme_title)
				 : it->content->programme_title);
}

/* From where it ended. */
static void
put_after_proof(struct writing *it)
{
	struct buf *buf = &it->buf;
	put_signatory(it);
	if (it->issuer->trial)
		buf_text(buf, ",\"specimen\":true");
	buf_text(buf, ",\"type\":[\"VerifiableCredential\",\"AchievementCredential\"]");
	put_string(buf, ",\"validFrom\":", it->edition->issued_at);
	if (it->certificate->valid_until[0] != '\0')
		put_instant(buf, ",\"validUntil\":", known_date(it->certificate->valid_until) + 1, it->zone_minutes,
			    SECOND_US);
	buf_text(buf, "}");
}

static struct slice
taken(struct arena *arena, struct buf *buf)
{
	assert(!buf_failed(buf));
	struct slice text = arena_copy(arena, buf_slice(buf));
	buf_free(buf);
	return text;
}

/* The proof object; without its value it is what is signed with the document. */
void
credential_begin(struct arena *arena, struct issuer *issuer, const char *created)
{
	struct buf buf;
	buf_init(&buf, CREDENTIAL_BYTES_MAX);
	buf_text(&buf, "{\"@context\":");
	buf_text(&buf, contexts);
	put_string(&buf, ",\"created\":", created);
	buf_text(&buf, ",\"cryptosuite\":\"eddsa-jcs-2022\",\"proofPurpose\":\"assertionMethod\"");
	issuer->proof_before = taken(arena, &buf);
	buf_text(&buf, ",\"type\":\"DataIntegrityProof\",\"verificationMethod\":\"");
	buf_text(&buf, issuer->did);
	buf_text(&buf, "#");
	buf_text(&buf, issuer->key_id);
	buf_text(&buf, "\"}");
	issuer->proof_after = taken(arena, &buf);
	struct slice parts[] = {issuer->proof_before, issuer->proof_after};
	hash_sha256_parts(parts, sizeof(parts) / sizeof(parts[0]), issuer->proof_hash);
}

void
credential_write(struct credential *credential, struct arena *arena, const struct issuer *issuer,
		 const Mt__CertificateRecord *certificate, const Mt__CertificateContent *content,
		 const Mt__EditionRecord *edition, int zone_minutes)
{
	struct writing it = {.arena = arena,
			     .issuer = issuer,
			     .certificate = certificate,
			     .content = content,
			     .edition = edition,
			     .zone_minutes = zone_minutes};
	buf_init(&it.buf, CREDENTIAL_BYTES_MAX);
	buf_extend(&it.buf, CREDENTIAL_BYTES_USUAL); /* held at once */
	buf_reset(&it.buf);
	put_before_proof(&it);
	credential->before_size = it.buf.size;
	put_after_proof(&it);
	assert(!buf_failed(&it.buf));
	credential->after_size = it.buf.size - credential->before_size;
	credential->room_size = it.buf.size + issuer->proof_before.size + issuer->proof_after.size +
				PROOF_AROUND_BYTES + PROOF_VALUE_BYTES;
	credential->room = arena_alloc(arena, credential->room_size);
	memcpy(credential->room, it.buf.data, credential->before_size);
	memcpy(credential->room + credential->room_size - credential->after_size, it.buf.data + credential->before_size,
	       credential->after_size);
	buf_free(&it.buf);
}

static uint8_t *
appended(uint8_t *end, struct slice part)
{
	memcpy(end, part.data, part.size);
	return end + part.size;
}

/* The document is hashed without its proof to be signed, and with it to be logged: from the same beginning. */
void
credential_sign(struct credential *credential, const struct issuer *issuer)
{
	uint8_t hash[PROOF_HASH_BYTES];
	char value[PROOF_VALUE_BYTES];
	uint8_t *end = credential->room + credential->before_size;
	struct slice after =
		slice_of(credential->room + credential->room_size - credential->after_size, credential->after_size);
	memcpy(hash, issuer->proof_hash, HASH_BYTES);
	hash_sha256_begin(slice_of(credential->room, credential->before_size));
	hash_sha256_go_on(&after, 1, hash + HASH_BYTES);
	proof_sign_hash(hash, issuer->secret, value);
	end = appended(end, slice_text(PROOF_FROM));
	end = appended(end, issuer->proof_before);
	end = appended(end, slice_text(PROOF_VALUE_FROM));
	end = appended(end, slice_text(value));
	end = appended(end, slice_text(PROOF_VALUE_TO));
	end = appended(end, issuer->proof_after);
	end = appended(end, slice_text(PROOF_TO));
	memmove(end, after.data, after.size);
	credential->text = slice_of(credential->room, (size_t)(end + after.size - credential->room));
	struct slice rest =
		slice_of(credential->room + credential->before_size, credential->text.size - credential->before_size);
	hash_sha256_go_on(&rest, 1, credential->hash);
}
