/* services/certificate/issuer_jwt.c
 *
 * A vc+jwt secures the same credential in another envelope (W3C Securing Verifiable
 * Credentials using JOSE and COSE, section 3.1.1): the payload is the credential as it was
 * signed, without its proof, and beside its members the claims that JWT libraries and Open
 * Badges 3.0 (section 8.2.4) look at. All of it follows from the edition, so that asking
 * twice gives the same bytes.
 *
 * EdDSA is signed here when somebody asks. RS256 takes a millisecond, too long for the loop:
 * an edition of an institution with such a key is put on a list, and the worker beside the
 * node (signer.c) takes from it, signs, and brings back what is then kept, sealed. What
 * stands on the list survives a crash; what is signed twice is the same. */
#include "services/certificate/issuer_jwt.h"

#include "common/base/date.h"
#include "common/credential/jwt.h"
#include "common/wire/pb.h"
#include "services/certificate/certificate.h"
#include "services/certificate/issuer_key.h"
#include "services/certificate/tables.h"

#include <sodium.h>

enum {
	JWTS_PER_WORK_MAX = 64,  /* 64 ms of signing, 400 KiB */
	KEYS_PER_WORK_MAX = 4,   /* each takes a second to make */
	CLAIMS_BYTES_MAX = 2048, /* three addresses and three numbers */
};

/* --- the text ------------------------------------------------------------------------------------------------------
 */

static const char *
member_text(struct arena *arena, const struct jcs_value *object, const char *name)
{
	const struct jcs_value *member = jcs_member(object, name);
	return member == NULL || member->kind != JSON_STRING ? NULL : arena_text(arena, member->text);
}

static const char *
member_id(struct arena *arena, const struct jcs_value *object, const char *name)
{
	const struct jcs_value *member = jcs_member(object, name);
	return member == NULL || member->kind != JSON_OBJECT ? NULL : member_text(arena, member, "id");
}

static void
claim_text(struct buf *claims, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_format(claims, "\"%s\":", name);
	json_write_string(claims, slice_text(value));
	buf_byte(claims, ',');
}

/* Seconds since 1970, as JWT has them. */
static void
claim_instant(struct buf *claims, const char *name, const char *instant)
{
	int64_t us;
	if (instant != NULL && instant_parse(instant, &us))
		buf_format(claims, "\"%s\":%lld,", name, (long long)(us / SECOND_US));
}

/* The credential without its proof, the claims before its members. */
static struct slice
payload_of(struct arena *arena, const struct jcs_value *credential, const char *issued_at)
{
	struct buf claims;
	struct slice text = jcs_text(arena, credential, "proof");
	buf_init(&claims, CLAIMS_BYTES_MAX + text.size);
	buf_byte(&claims, '{');
	claim_instant(&claims, "exp", member_text(arena, credential, "validUntil"));
	claim_instant(&claims, "iat", issued_at);
	claim_text(&claims, "iss", member_id(arena, credential, "issuer"));
	claim_text(&claims, "jti", member_text(arena, credential, "id"));
	claim_instant(&claims, "nbf", member_text(arena, credential, "validFrom"));
	claim_text(&claims, "sub", member_id(arena, credential, "credentialSubject"));
	buf_append(&claims, slice_of(text.data + 1, text.size - 1));
	assert(!buf_failed(&claims));
	struct slice payload = arena_copy(arena, buf_slice(&claims));
	buf_free(&claims);
	return payload;
}

static struct slice
input_of(struct arena *arena, const Mt__EditionRecord *edition, enum jwt_alg alg, const char *key_id)
{
	const ProtobufCBinaryData *credential = &edition->signed_edition->credential;
	struct jcs_tree tree = jcs_parse(arena, slice_of(credential->data, credential->len));
	assert(tree.root != NULL); /* we wrote it */
	const char *did = member_id(arena, tree.root, "issuer");
	struct jwt_header header = {
		.alg = alg, .typ = "vc+jwt", .cty = "vc", .kid = arena_format(arena, "%s#%s", did, key_id)};
	return jwt_input(arena, &header, payload_of(arena, tree.root, edition->issued_at));
}

/* --- asking for it -------------------------------------------------------------------------------------------------
 */

static const char *
sign_eddsa(struct call *call, const Mt__EditionRecord *edition)
{
	struct slice token;
	struct signing_key key;
	const Mt__IssuerKeyRecord *record = issuer_key_find(call, edition->school_id, edition->key_id);
	assert(record != NULL);
	const char *unsafe = issuer_key_fault(call_arena(call), record, edition->issued_at);
	if (unsafe != NULL) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION,
			    "no JWT is signed for certificate %s: %s; reissued, it is signed with the present key",
			    edition->certificate_id, unsafe);
		return NULL;
	}
	struct slice input = input_of(call_arena(call), edition, JWT_EDDSA, edition->key_id);
	if (!issuer_key_reopen(call, record, &key))
		return NULL;
	const char *wrong =
		jwt_sign(call_arena(call), JWT_EDDSA, slice_of(key.secret, sizeof(key.secret)), input, &token);
	sodium_memzero(&key, sizeof(key));
	assert(wrong == NULL);
	return arena_text(call_arena(call), token);
}

/* Somebody else may sign with it by now. */
static bool
is_compromised(const struct call *call, const Mt__EditionRecord *edition)
{
	const Mt__IssuerKeyRecord *key = issuer_key_find(call, edition->school_id, edition->jwt_key_id);
	return key == NULL || key->state == MT__ISSUER_KEY__STATE__COMPROMISED;
}

const char *
issuer_jwt(struct call *call, const Mt__CertificateRecord *certificate, const Mt__EditionRecord *edition)
{
	/* What a compromised key signed is good to nobody, also what it signed before: EdDSA then. */
	if (edition->jwt_key_id[0] == '\0' || is_compromised(call, edition))
		return sign_eddsa(call, edition);
	if (edition->jwt != NULL && edition->jwt->jwt.len > 0)
		return arena_text(call_arena(call), slice_of(edition->jwt->jwt.data, edition->jwt->jwt.len));
	call_refuse(call, MT__STATUS__UNAVAILABLE, "the JWT of certificate %s is still being signed",
		    certificate->certificate_id);
	return NULL;
}

/* --- the worker ----------------------------------------------------------------------------------------------------
 */

static void
keys_wanted(struct call *call, Mt__SigningWorkReply *out)
{
	struct key prefix = issuer_keys_wanted_key();
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	out->keys = arena_zero(call_arena(call), KEYS_PER_WORK_MAX * sizeof(*out->keys));
	while (out->n_keys < KEYS_PER_WORK_MAX && store_walk_next(&walk)) {
		struct id school;
		struct slice rest = slice_of(walk.key.data + 1, walk.key.size - 1);
		struct slice id;
		const char *key_id;
		bool sound = key_read_bytes(&rest, ID_BYTES, &id) && key_read_text(&rest, &key_id);
		assert(sound);
		memcpy(school.bytes, id.data, ID_BYTES);
		Mt__KeyWork *work = (Mt__KeyWork *)pb_new(&mt__key_work__descriptor, call_arena(call));
		work->school_id = arena_alloc(call_arena(call), ID_TEXT_BYTES);
		id_format(school, work->school_id);
		work->key_id = arena_text(call_arena(call), slice_text(key_id));
		out->keys[out->n_keys++] = work;
	}
}

static Mt__JwtWork *
jwt_work(struct call *call, const Mt__EditionRecord *edition)
{
	Mt__JwtWork *work = (Mt__JwtWork *)pb_new(&mt__jwt_work__descriptor, call_arena(call));
	work->certificate_id = edition->certificate_id;
	work->edition = edition->edition;
	if (edition->signed_edition == NULL || is_compromised(call, edition))
		return work;
	const Mt__IssuerKeyRecord *key = issuer_key_find(call, edition->school_id, edition->jwt_key_id);
	struct slice input = input_of(call_arena(call), edition, JWT_RS256, edition->jwt_key_id);
	work->input = (ProtobufCBinaryData){input.size, (uint8_t *)input.data};
	work->school_id = edition->school_id;
	work->key_id = edition->jwt_key_id;
	work->sealed_secret = key->sealed_secret;
	return work;
}

static void
jwts_wanted(struct call *call, Mt__SigningWorkReply *out)
{
	struct key prefix = key_of(TABLE_JWT_WANTED);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	out->jwts = arena_zero(call_arena(call), JWTS_PER_WORK_MAX * sizeof(*out->jwts));
	while (out->n_jwts < JWTS_PER_WORK_MAX && store_walk_next(&walk)) {
		struct key key = key_of(TABLE_EDITION);
		key_bytes(&key, slice_of(walk.key.data + 1, walk.key.size - 1));
		const Mt__EditionRecord *edition = call_record(call, &key, &mt__edition_record__descriptor);
		assert(edition != NULL);
		out->jwts[out->n_jwts++] = jwt_work(call, edition);
	}
}

void
issuers_signing_work(Mt__Issuers_Service *service, const Mt__SigningWorkRequest *in, Mt__SigningWorkReply_Closure reply,
		     void *call)
{
	(void)service;
	Mt__SigningWorkReply out = MT__SIGNING_WORK_REPLY__INIT;
	keys_wanted(call, &out);
	jwts_wanted(call, &out);
	if (out.n_keys == 0 && out.n_jwts == 0 && call_park(call, in->wait_ms))
		return;
	reply(&out, call);
}

static struct key
wanted_key(const char *certificate_id, uint32_t edition)
{
	struct key key = key_of(TABLE_JWT_WANTED);
	key_id_of(&key, certificate_id);
	key_u32(&key, edition);
	return key;
}

/* A signature is checked before it is kept: once kept, it is what everybody gets. */
static bool
is_signed(struct call *call, const Mt__EditionRecord *edition, struct slice text)
{
	struct jwt jwt;
	const Mt__IssuerKeyRecord *key = issuer_key_find(call, edition->school_id, edition->jwt_key_id);
	if (key == NULL || edition->signed_edition == NULL || jwt_parse(call_arena(call), text, &jwt) != NULL)
		return false;
	return slice_equal(jwt.input, input_of(call_arena(call), edition, JWT_RS256, key->key_id)) &&
	       jwt_fault(&jwt, JWT_RS256, slice_of(key->public_key.data, key->public_key.len)) == NULL;
}

/* Keeps one that was waited for and that the key really signed; others are passed over: they were brought twice. */
static void
take_signed(struct call *call, const Mt__SignedJwt *in)
{
	struct id id;
	if (!id_parse(in->certificate_id, &id))
		return;
	struct key wanted = wanted_key(in->certificate_id, in->edition);
	struct key row = edition_key(in->certificate_id, in->edition);
	const Mt__EditionRecord *edition = call_record(call, &row, &mt__edition_record__descriptor);
	if (edition == NULL || !store_has(call_store(call), key_slice(&wanted)))
		return;
	Mt__SealedJwt sealed = MT__SEALED_JWT__INIT;
	Mt__JwtSigned fact = MT__JWT_SIGNED__INIT;
	fact.certificate_id = edition->certificate_id;
	fact.edition = edition->edition;
	fact.person_id = edition->person_id;
	if (in->jwt.len > 0) {
		if (!is_signed(call, edition, slice_of(in->jwt.data, in->jwt.len)))
			return;
		sealed.jwt = in->jwt;
		fact.jwt = &sealed;
	}
	call_emit(call, &fact.base);
}

void
certificates_jwt_signed(Mt__Certificates_Service *service, const Mt__JwtSignedRequest *in,
			Mt__JwtSignedReply_Closure reply, void *call)
{
	(void)service;
	if (in->n_jwts > JWTS_PER_WORK_MAX) {
		call_refuse_field(call, "jwts", "field jwts holds more than %d", JWTS_PER_WORK_MAX);
		return;
	}
	for (size_t i = 0; i < in->n_jwts; i++)
		take_signed(call, in->jwts[i]);
	Mt__JwtSignedReply out = MT__JWT_SIGNED_REPLY__INIT;
	reply(&out, call);
}

/* --- apply ------------------------------------------------------------------------------------------------------ */

void
issuer_jwt_apply_edition(struct apply *apply, const Mt__EditionRecord *edition)
{
	if (edition->jwt_key_id[0] == '\0')
		return;
	struct key wanted = wanted_key(edition->certificate_id, edition->edition);
	apply_put_bytes(apply, &wanted, slice_text(""));
}

void
issuer_jwt_apply_signed(struct apply *apply, const Mt__JwtSigned *fact)
{
	struct key wanted = wanted_key(fact->certificate_id, fact->edition);
	struct key row = edition_key(fact->certificate_id, fact->edition);
	apply_delete(apply, &wanted);
	Mt__EditionRecord *edition = apply_record(apply, &row, &mt__edition_record__descriptor);
	assert(edition != NULL);
	if (fact->jwt == NULL)
		edition->jwt_key_id = (char *)"";
	else if (edition->signed_edition != NULL) /* its holder was not erased meanwhile */
		edition->jwt = fact->jwt;
	apply_put(apply, &row, &edition->base);
}

void
issuer_jwt_apply_erased(struct apply *apply, const Mt__EditionRecord *edition)
{
	if (edition->jwt_key_id[0] == '\0')
		return;
	struct key wanted = wanted_key(edition->certificate_id, edition->edition);
	apply_delete(apply, &wanted);
}
