/* services/certificate/credential.c
 *
 * Terms are Open Badges' own where it has one: licenseNumber is the register number ("số
 * vào sổ"), identifier the holder's name. What it lacks (hours, the second language) is
 * covered by W3C's context for undefined terms. Contexts are named, never fetched.
 *
 * Promise: the bytes made here are what is stored, served and verified, to the byte; no
 * number in them but small integers; nothing of the person but the name. */
#include "services/certificate/credential.h"

#include "common/base/id.h"

#include <assert.h>

enum { CREDENTIAL_BYTES_MAX = 32 << 10 }; /* titles and names are limited; it takes about 2 KiB */

static const char contexts[] = "[\"https://www.w3.org/ns/credentials/v2\","
			       "\"https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json\","
			       "\"https://www.w3.org/ns/credentials/undefined-terms/v2\"]";

/* --- writing ---------------------------------------------------------------------------------------------------- */

static void
put_string(struct buf *buf, const char *before, const char *text)
{
	buf_text(buf, before);
	json_write_string(buf, slice_text(text));
}

static void
put_issuer(struct buf *buf, const struct issuer *issuer)
{
	put_string(buf, ",\"issuer\":{\"id\":", issuer->did);
	put_string(buf, ",\"type\":[\"Profile\"],\"name\":", issuer->name);
	buf_text(buf, "}");
}

static void
put_achievement(struct buf *buf, const Mt__CertificateContent *content)
{
	buf_text(buf, ",\"achievement\":{\"id\":\"urn:x\"");
	put_string(buf, ",\"type\":[\"Achievement\"],\"inLanguage\":\"vi\",\"name\":", content->programme_title);
	if (content->programme_title_en[0] != '\0')
		put_string(buf, ",\"nameEn\":", content->programme_title_en);
	put_string(buf, ",\"description\":", content->programme_title);
	buf_format(buf, ",\"hours\":%u", content->hours);
	buf_format(buf,
		   ",\"criteria\":{\"narrative\":\"Hoàn thành khóa bồi dưỡng %u giờ. / "
		   "Completed the course of %u hours.\"}}",
		   content->hours, content->hours);
}

static void
put_subject(struct buf *buf, const Mt__CertificateContent *content, const char *register_number)
{
	const char *name = content->name;
	put_string(buf, ",\"credentialSubject\":{\"type\":[\"AchievementSubject\"],\"name\":", name);
	put_string(buf,
		   ",\"identifier\":[{\"type\":\"IdentityObject\",\"identityType\":\"name\",\"hashed\":false,"
		   "\"identityHash\":",
		   name);
	put_string(buf, "}],\"licenseNumber\":", register_number);
	put_string(buf, ",\"completedOn\":", content->completed_on);
	put_achievement(buf, content);
	buf_text(buf, "}");
}

static struct slice
take(struct arena *arena, struct buf *buf)
{
	assert(!buf_failed(buf));
	struct slice text = arena_copy(arena, buf_slice(buf));
	buf_free(buf);
	return text;
}

/* An object without its closing brace, so that a member can follow. */
static struct slice
document_text(struct arena *arena, const struct issuer *issuer, const Mt__CertificateRecord *certificate,
	      const Mt__CertificateContent *content, const char *issued_at)
{
	struct buf buf;
	buf_init(&buf, CREDENTIAL_BYTES_MAX);
	buf_format(&buf, "{\"@context\":%s,\"id\":\"%s/v1/certificates/%s\"", contexts, issuer->url, certificate->certificate_id);
	buf_text(&buf, ",\"type\":[\"VerifiableCredential\",\"AchievementCredential\"]");
	put_string(&buf, ",\"name\":", content->programme_title);
	put_issuer(&buf, issuer);
	put_string(&buf, ",\"validFrom\":", issued_at);
	put_subject(&buf, content, certificate->register_number);
	return take(arena, &buf);
}

static struct slice
proof_text(struct arena *arena, const struct issuer *issuer, const char *issued_at)
{
	struct buf buf;
	buf_init(&buf, CREDENTIAL_BYTES_MAX);
	buf_format(&buf, "{\"@context\":%s,\"type\":\"DataIntegrityProof\"", contexts);
	buf_text(&buf, ",\"cryptosuite\":\"eddsa-jcs-2022\"");
	put_string(&buf, ",\"created\":", issued_at);
	put_string(&buf, ",\"verificationMethod\":", arena_format(arena, "%s#%s", issuer->did, issuer->key_id));
	buf_text(&buf, ",\"proofPurpose\":\"assertionMethod\"");
	return take(arena, &buf);
}

static struct jcs_value *
tree_of(struct arena *arena, struct slice open_object)
{
	struct buf buf;
	buf_init(&buf, CREDENTIAL_BYTES_MAX);
	buf_append(&buf, open_object);
	buf_text(&buf, "}");
	struct jcs_tree tree = jcs_parse(arena, take(arena, &buf));
	assert(tree.root != NULL);
	return tree.root;
}

struct slice
credential_make(struct arena *arena, const struct issuer *issuer, const Mt__CertificateRecord *certificate,
		const Mt__CertificateContent *content, const Mt__EditionRecord *edition)
{
	const char *issued_at = edition->issued_at;
	struct slice document = document_text(arena, issuer, certificate, content, issued_at);
	struct slice proof = proof_text(arena, issuer, issued_at);
	const char *value = proof_sign(arena, tree_of(arena, document), tree_of(arena, proof), issuer->secret);
	struct buf buf;
	buf_init(&buf, CREDENTIAL_BYTES_MAX);
	buf_append(&buf, document);
	buf_text(&buf, ",\"proof\":[");
	buf_append(&buf, proof);
	buf_format(&buf, ",\"proofValue\":\"%s\"}]}", value);
	return take(arena, &buf);
}
