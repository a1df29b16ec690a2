/* services/certificate/verify.c
 *
 * A verdict is reached by a row of checks, each of which either passes or gives the
 * verdict and ends. It starts as "unknown", and "valid" stands only at the very end: what
 * could not be checked is never valid. Three ways in:
 *
 *   a credential  its text, issuer, key and signature first (common/credential/check.h), then the record
 *   a code        of a verification URL: an unguessable token, and the leaf by which its edition is found
 *   typed fields  of a photocopy, see verify_typed.c
 *
 * The last word on content and state is the record, not the signature: a presented text
 * must be canonically the stored one, proof included. So no cunning in canonicalisation
 * gains anything, nor does a stolen key. State is read from the record itself and not from
 * a status list, so it is never older than the answer. */
#include "services/certificate/verify.h"

#include "common/base/date.h"
#include "common/core/access.h"
#include "common/credential/check.h"
#include "common/wire/pb.h"
#include "services/certificate/certificate.h"
#include "services/certificate/issuer.h"
#include "services/certificate/tables.h"
#include "services/certificate/token.h"
#include "services/certificate/verify_inside.h"

/* --- verdicts --------------------------------------------------------------------------------------------------- */

void
verify_add(struct verifying *verifying, enum reason reason, const struct reason_words *words)
{
	Mt__VerifyReply *out = verifying->out;
	assert(out->n_reasons < VERIFY_REASONS_MAX);
	if (out->n_reasons == 0) {
		out->verdict = (char *)verdict_name(reason_verdict(reason));
		out->since = (char *)(words->since != NULL ? words->since : "");
	}
	verifying->reasons[out->n_reasons++] = (char *)reason_en(verifying->arena, reason, words);
	verifying->reasons_vi[out->n_reasons_vi++] = (char *)reason_vi(verifying->arena, reason, words);
}

const char *
verify_institution(const struct verifying *verifying, const char *school_id)
{
	bool ambiguous;
	const Mt__AuthorityRecord *school =
		tree_find(call_store(verifying->call), verifying->arena, school_id, &ambiguous);
	return school == NULL ? school_id : school->name;
}

static const char *
civil_date(struct call *call, const char *instant)
{
	int64_t us;
	char *text = arena_alloc(call_arena(call), DATE_TEXT_BYTES);
	if (!instant_parse(instant, &us))
		return NULL;
	date_format(date_of_instant(us, call_zone_minutes(call)), text);
	return text;
}

/* True if its key was no longer safe when it was signed, as was found out afterwards. */
static bool
key_was_unsafe(struct call *call, const Mt__EditionRecord *edition)
{
	int64_t signed_us, since_us;
	if (edition->key_id[0] == '\0')
		return false;
	const Mt__IssuerKeyRecord *key = issuer_key_find(call, edition->school_id, edition->key_id);
	return key == NULL || (key->compromised_since[0] != '\0' &&
			       (!instant_parse(key->compromised_since, &since_us) ||
				!instant_parse(edition->issued_at, &signed_us) || signed_us >= since_us));
}

/* Its last day is past, whether or not the timer that says so has run. */
static bool
is_expired(struct call *call, const Mt__CertificateRecord *certificate)
{
	int32_t last;
	return certificate->state == MT__CERTIFICATE__STATE__EXPIRED ||
	       (date_parse(certificate->valid_until, &last) && last < call_today(call));
}

bool
verify_is_good(struct call *call, const Mt__CertificateRecord *certificate, const Mt__EditionRecord *edition)
{
	return certificate->state == MT__CERTIFICATE__STATE__VALID && !certificate->specimen &&
	       edition->edition == certificate->edition && !is_expired(call, certificate) &&
	       !key_was_unsafe(call, edition);
}

void
verify_state(struct verifying *verifying, const Mt__CertificateRecord *certificate, const Mt__EditionRecord *edition)
{
	struct call *call = verifying->call;
	const char *by = verify_institution(verifying, certificate->school_id);
	struct reason_words words = {.by = by, .since = certificate->state_on, .what = certificate->register_number};
	struct reason_words bare = {.by = by, .what = certificate->register_number};
	verifying->out->certificate_id = certificate->certificate_id;
	verifying->out->by = (char *)by;
	if (key_was_unsafe(call, edition))
		verify_add(verifying, REASON_KEY_COMPROMISED, &bare);
	if (certificate->specimen)
		verify_add(verifying, REASON_SPECIMEN, &bare);
	if (certificate->state == MT__CERTIFICATE__STATE__REVOKED)
		verify_add(verifying, REASON_REVOKED, &words);
	if (edition->edition != certificate->edition)
		verify_add(verifying, REASON_SUPERSEDED,
			   &(struct reason_words){.by = by, .since = civil_date(call, edition->superseded_at)});
	if (certificate->state == MT__CERTIFICATE__STATE__SUSPENDED)
		verify_add(verifying, REASON_SUSPENDED, &words);
	if (certificate->state == MT__CERTIFICATE__STATE__RECORDED)
		verify_add(verifying, REASON_UNCONFIRMED, &words);
	if (is_expired(call, certificate))
		verify_add(verifying, REASON_EXPIRED,
			   &(struct reason_words){.by = by, .since = certificate->valid_until});
	if (verify_is_good(call, certificate, edition))
		verify_add(verifying, REASON_VALID, &bare);
}

static void
show(struct verifying *verifying, const struct check_content *shown, const Mt__CertificateRecord *certificate,
     uint32_t edition)
{
	Mt__VerifiedContent *content = &verifying->content;
	content->name = (char *)shown->name;
	content->birth_date = (char *)shown->birth_date;
	content->programme_title = (char *)shown->programme_title;
	content->programme_title_en = (char *)shown->programme_title_en;
	content->hours = shown->hours;
	content->completed_on = (char *)shown->completed_on;
	content->institution = (char *)shown->institution;
	content->kind_name = (char *)shown->kind_name;
	content->register_number = certificate->register_number;
	content->issued_on = certificate->issued_on;
	content->valid_until = certificate->valid_until;
	content->edition = edition;
	verifying->out->content = content;
}

/* --- a presented credential ------------------------------------------------------------------------------------- */

/* A DID of an address that this deployment has or had. */
static bool
is_ours(const struct call *call, const char *did)
{
	struct key prefix = key_of(TABLE_PUBLIC_URL);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	size_t before = strlen(did) - strlen(":issuers:") - (ID_TEXT_BYTES - 1);
	while (store_walk_next(&walk)) {
		const Mt__PublicUrlRecord *url = call_unpack(call, &mt__public_url_record__descriptor, walk.value);
		if (strlen(url->did) == before && strncmp(url->did, did, before) == 0)
			return true;
	}
	return false;
}

static int64_t
instant_or_never(const char *text)
{
	int64_t us;
	return instant_parse(text, &us) ? us : INT64_MAX;
}

static enum check_key_found
find_key(void *context, const char *did, const char *key_id, struct check_key *found)
{
	const struct call *call = context;
	const char *school_id = did + strlen(did) - (ID_TEXT_BYTES - 1);
	if (!is_ours(call, did))
		return CHECK_ISSUER_UNKNOWN;
	const Mt__IssuerKeyRecord *key = issuer_key_find(call, school_id, key_id);
	if (key == NULL || key->state == MT__ISSUER_KEY__STATE__WANTED)
		return CHECK_KEY_UNKNOWN;
	*found = (struct check_key){
		.alg = key->algorithm == MT__ISSUER_KEY__ALGORITHM__RS256 ? JWT_RS256 : JWT_EDDSA,
		.public_key = slice_of(key->public_key.data, key->public_key.len),
		.active_from_us = instant_or_never(key->created_at),
		.retired_us = instant_or_never(key->retired_at),
		.compromised_since_us = instant_or_never(key->compromised_since),
	};
	return CHECK_KEY_FOUND;
}

/* The stored bytes are canonical, so most need not be parsed. A token has no proof: what it says is compared. */
bool
verify_as_stored(struct arena *arena, const struct credential_check *check, struct slice stored)
{
	struct slice presented = jcs_text(arena, check->document, NULL);
	if (slice_equal(presented, stored))
		return true;
	struct jcs_tree tree = jcs_parse(arena, stored);
	const char *without = check->is_jwt ? "proof" : NULL;
	return tree.root != NULL && slice_equal(presented, jcs_text(arena, tree.root, without));
}

/* Nothing is left to compare with. What the record still says against it is said; nothing for it. */
static void
say_erased(struct verifying *verifying, const struct credential_check *check, const Mt__CertificateRecord *certificate,
	   const Mt__EditionRecord *edition)
{
	struct reason_words words = {.by = verify_institution(verifying, certificate->school_id),
				     .what = certificate->register_number};
	if (strcmp(edition->key_id, check->key_id) != 0 && !check->is_jwt)
		verify_add(verifying, REASON_NOT_AS_ISSUED, &words);
	else if (verify_is_good(verifying->call, certificate, edition))
		verify_add(verifying, REASON_ERASED, &words);
	else
		verify_state(verifying, certificate, edition);
	verifying->out->certificate_id = certificate->certificate_id;
}

static void
check_record(struct verifying *verifying, const struct credential_check *check)
{
	struct call *call = verifying->call;
	const struct reason_words none = {.by = NULL};
	const Mt__CertificateRecord *certificate = certificate_find(call, check->certificate_id);
	if (certificate == NULL) {
		verify_add(verifying, REASON_NOT_ON_RECORD, &none);
		return;
	}
	const Mt__EditionRecord *edition = certificate_edition(call, certificate, check->edition);
	if (edition == NULL || strcmp(certificate->school_id, check->authority_id) != 0) {
		verify_add(verifying, REASON_NOT_AS_ISSUED, &none);
		return;
	}
	if (edition->signed_edition == NULL) {
		say_erased(verifying, check, certificate, edition);
		return;
	}
	const ProtobufCBinaryData *stored = &edition->signed_edition->credential;
	if (!verify_as_stored(verifying->arena, check, slice_of(stored->data, stored->len))) {
		verify_add(verifying, REASON_NOT_AS_ISSUED, &none);
		return;
	}
	if (check->reason == REASON_NOT_YET)
		verify_add(verifying, REASON_NOT_YET,
			   &(struct reason_words){.since = civil_date(call, edition->issued_at)});
	verify_state(verifying, certificate, edition);
	show(verifying, &check->content, certificate, edition->edition);
}

void
verify_credential(struct verifying *verifying, const char *credential)
{
	struct credential_check check;
	struct check_issuers ours = {.find = find_key, .context = verifying->call};
	credential_check(&check, verifying->arena, slice_text(credential), &ours, call_now_us(verifying->call));
	bool is_signed = check.verdict != VERDICT_INVALID && check.signature_holds;
	if (is_signed)
		check_record(verifying, &check);
	else
		verify_add(verifying, check.reason, &(struct reason_words){.what = check.what});
}

/* --- a code ----------------------------------------------------------------------------------------------------- */

static const Mt__LogEntry *
leaf_find(const struct call *call, uint64_t index)
{
	struct key key = key_of(TABLE_LOG_LEAF);
	key_u64(&key, index);
	return call_record(call, &key, &mt__log_entry__descriptor);
}

static const Mt__EditionRecord *
edition_find(const struct call *call, const char *certificate_id, uint32_t number)
{
	struct key key = edition_key(certificate_id, number);
	return call_record(call, &key, &mt__edition_record__descriptor);
}

/* The edition that the code is of; NULL if there is none, or its token was erased. What was recorded from paper is
 * confirmed by its first signed edition. */
static const Mt__EditionRecord *
edition_of_code(const struct call *call, const uint8_t token[TOKEN_BYTES], uint64_t log_index,
		const Mt__CertificateRecord **certificate)
{
	const Mt__LogEntry *leaf = leaf_find(call, log_index);
	bool is_silent = leaf == NULL || leaf->certificate_id[0] == '\0'; /* its holder was erased */
	*certificate = is_silent ? NULL : certificate_find(call, leaf->certificate_id);
	const Mt__EditionRecord *edition =
		*certificate == NULL ? NULL : edition_find(call, leaf->certificate_id, leaf->edition);
	if (edition == NULL || edition->signed_edition == NULL || edition->log_index != log_index)
		return NULL;
	const ProtobufCBinaryData *its = &edition->signed_edition->token;
	if (its->len != TOKEN_BYTES || !token_equal(its->data, token))
		return NULL;
	bool is_confirmed = edition->edition == 0 && (*certificate)->edition > 0;
	return is_confirmed ? edition_find(call, leaf->certificate_id, 1) : edition;
}

void
verify_code(struct verifying *verifying, const char *code)
{
	uint8_t token[TOKEN_BYTES];
	uint64_t log_index;
	const Mt__CertificateRecord *certificate;
	const struct reason_words none = {.by = NULL};
	const char *last = strrchr(code, '/'); /* the whole address, as a scanner reads it */
	if (!token_parse(last != NULL ? last + 1 : code, token, &log_index)) {
		verify_add(verifying, REASON_CODE_FORM, &none);
		return;
	}
	const Mt__EditionRecord *edition = edition_of_code(verifying->call, token, log_index, &certificate);
	if (edition == NULL) {
		verify_add(verifying, REASON_CODE_UNKNOWN, &none);
		return;
	}
	const Mt__CertificateContent *content = edition->signed_edition->content;
	struct check_content shown = {
		.name = content->name,
		.birth_date = content->birth_date,
		.programme_title = content->programme_title,
		.programme_title_en = content->programme_title_en,
		.completed_on = content->completed_on,
		.institution = verify_institution(verifying, certificate->school_id),
		.kind_name = content->kind_name,
		.hours = content->hours,
	};
	verify_state(verifying, certificate, edition);
	show(verifying, &shown, certificate, edition->edition);
}

void
verify_begin(struct verifying *verifying, struct call *call, Mt__VerifyReply *out)
{
	char *now = arena_alloc(call_arena(call), INSTANT_TEXT_BYTES);
	*verifying = (struct verifying){.call = call, .arena = call_arena(call), .out = out};
	mt__verified_content__init(&verifying->content);
	instant_format(call_now_us(call), now);
	out->verdict = (char *)verdict_name(VERDICT_UNKNOWN);
	out->reasons = verifying->reasons;
	out->reasons_vi = verifying->reasons_vi;
	out->checked_at = now;
	out->status_list_as_of = now;
}

/* --- the query -------------------------------------------------------------------------------------------------- */

static void
verifications_verify(Mt__Verifications_Service *service, const Mt__VerifyRequest *in, Mt__VerifyReply_Closure reply,
		     void *call)
{
	(void)service;
	Mt__VerifyReply out = MT__VERIFY_REPLY__INIT;
	struct verifying verifying;
	verify_begin(&verifying, call, &out);
	bool is_typed = in->register_number[0] != '\0';
	int ways = (in->credential[0] != '\0') + (in->code[0] != '\0') + is_typed;
	if (ways != 1) {
		call_refuse_field(call, "credential",
				  ways == 0 ? "credential, code or register_number is missing"
					    : "more than one of credential, code and register_number is given");
		return;
	}
	if (is_typed)
		verify_typed(&verifying, in);
	else if (in->code[0] != '\0')
		verify_code(&verifying, in->code);
	else
		verify_credential(&verifying, in->credential);
	if (out.n_reasons == 0)
		verify_add(&verifying, REASON_NONE, &(struct reason_words){.by = NULL});
	if (!call_refused(call))
		reply(&out, call);
}

Mt__Verifications_Service verifications = MT__VERIFICATIONS__INIT(verifications_);
