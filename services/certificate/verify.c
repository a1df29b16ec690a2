/* services/certificate/verify.c
 *
 * A verdict is reached by a row of checks, each of which either passes or gives the
 * verdict and ends. It starts as "unknown", and "valid" stands only at the very end: what
 * could not be checked is never valid.
 *
 *   invalid   this text is not a credential, or was changed, or is not what was issued
 *   unknown   it may be right, but not by anything on record here
 *   revoked   it was issued here and taken back
 *   valid     signed by a school of this register, on record to the byte, not taken back
 *
 * The last word on the content is the record, not the signature alone: a presented text
 * must be canonically the stored one, proof included, and spell its numbers as issued. So
 * no cunning in canonicalisation gains anything. */
#include "services/certificate/verify.h"

#include "common/base/date.h"
#include "common/core/access.h"
#include "common/credential/proof.h"
#include "services/certificate/certificate.h"
#include "services/certificate/credential.h"
#include "services/certificate/issuer.h"

struct check {
	struct call *call;
	struct arena *arena;
	Mt__VerifyCredentialReply *out;
	const struct jcs_value *document;
	const struct jcs_value *proof;
	const char *school_id;
	const char *key_id;
	const char *certificate_id;
};

static bool
conclude(struct check *check, const char *verdict, const char *reason)
{
	enum { REASONS_MAX = 1 };
	check->out->verdict = (char *)verdict;
	check->out->reasons = arena_alloc(check->arena, REASONS_MAX * sizeof(char *));
	check->out->reasons[0] = (char *)reason;
	check->out->n_reasons = REASONS_MAX;
	return false;
}

static bool
check_text(struct check *check, const char *credential)
{
	struct jcs_tree tree = jcs_parse(check->arena, slice_text(credential));
	if (tree.root == NULL)
		return conclude(check, "invalid",
				arena_format(check->arena, "this is not a credential: %s", tree.fault));
	if (tree.root->kind != JSON_OBJECT)
		return conclude(check, "invalid", "this is not a credential: it is not a JSON object");
	if (tree.respelt)
		return conclude(check, "invalid", "a number is spelt in another way than it was signed");
	check->document = tree.root;
	return true;
}

static bool
check_issuer(struct check *check)
{
	const struct jcs_value *issuer = jcs_member(check->document, "issuer");
	if (issuer == NULL)
		return conclude(check, "invalid", "this is not a credential: it names no issuer");
	if (!jcs_member_is(issuer, "id", CREDENTIAL_DID))
		return conclude(check, "unknown", "its issuer is not one of this register: it cannot be checked here");
	return true;
}

static bool
check_id(struct check *check)
{
	struct id id;
	const struct jcs_value *member = jcs_member(check->document, "id");
	struct slice prefix = slice_text(CREDENTIAL_ID_PREFIX);
	if (member == NULL || member->kind != JSON_STRING || !slice_begins(member->text, prefix))
		return conclude(check, "invalid", "its id is not one of this register");
	const char *text =
		arena_text(check->arena, slice_of(member->text.data + prefix.size, member->text.size - prefix.size));
	if (strlen(text) != member->text.size - prefix.size || !id_parse(text, &id))
		return conclude(check, "invalid", "its id is not one of this register");
	check->certificate_id = text;
	return true;
}

/* We sign with one proof; a second one could only be somebody else's. */
static bool
check_proof(struct check *check)
{
	const struct jcs_value *proof = jcs_member(check->document, "proof");
	if (proof == NULL)
		return conclude(check, "invalid", "it is not signed");
	if (proof->kind == JSON_ARRAY) {
		if (proof->first == NULL || proof->first->next != NULL)
			return conclude(check, "invalid", "it does not carry exactly one proof");
		proof = proof->first;
	}
	const struct jcs_value *method = jcs_member(proof, "verificationMethod");
	if (method == NULL || method->kind != JSON_STRING ||
	    !credential_method_split(check->arena, method->text, &check->school_id, &check->key_id))
		return conclude(check, "invalid", "it was not signed with a key of this register");
	check->proof = proof;
	return true;
}

static bool
check_signature(struct check *check)
{
	const Mt__IssuerKeyRecord *key = issuer_key_find(check->call, check->school_id, check->key_id);
	if (key == NULL || key->public_key.len != PROOF_PUBLIC_BYTES)
		return conclude(check, "invalid", "it was not signed with a key of this register");
	const char *fault = proof_fault(check->arena, check->document, check->proof, key->public_key.data);
	return fault == NULL || conclude(check, "invalid", fault);
}

static bool
is_as_stored(const struct check *check, const Mt__CertificateRecord *certificate)
{
	struct jcs_tree stored = jcs_parse(check->arena, certificate_credential(certificate));
	return stored.root != NULL &&
	       slice_equal(jcs_text(check->arena, stored.root, NULL), jcs_text(check->arena, check->document, NULL));
}

static const char *
school_name(const struct check *check, const char *school_id)
{
	bool ambiguous;
	const Mt__AuthorityRecord *school = tree_find(call_store(check->call), check->arena, school_id, &ambiguous);
	return school == NULL ? school_id : school->name;
}

static void
check_record(struct check *check)
{
	const Mt__CertificateRecord *certificate = certificate_find(check->call, check->certificate_id);
	if (certificate == NULL) {
		conclude(check, "unknown", "no certificate of this id is on record");
		return;
	}
	check->out->certificate_id = certificate->certificate_id;
	if (certificate_credential(certificate).size == 0 && certificate->state == MT__CERTIFICATE__STATE__VALID) {
		conclude(check, "unknown",
			 arena_format(check->arena,
				      "it is signed by a school of this register, but what was issued under number %s "
				      "was erased with its holder's data and cannot be compared",
				      certificate->register_number));
		return;
	}
	if (certificate_credential(certificate).size > 0 && !is_as_stored(check, certificate)) {
		conclude(check, "invalid", "it is not what was issued under this id");
		return;
	}
	const char *school = school_name(check, certificate->school_id);
	switch (certificate->state) {
	case MT__CERTIFICATE__STATE__VALID:
		conclude(check, "valid",
			 arena_format(check->arena, "signed by %s, on record under number %s, not revoked", school,
				      certificate->register_number));
		return;
	case MT__CERTIFICATE__STATE__REVOKED:
		conclude(check, "revoked",
			 arena_format(check->arena, "revoked by %s on %s", school, certificate->revoked_on));
		return;
	case MT__CERTIFICATE__STATE__UNSET:
		return; /* no such record is ever written; it stays unknown */
	}
}

void
verify_credential(struct call *call, const char *credential, Mt__VerifyCredentialReply *out)
{
	struct check check = {.call = call, .arena = call_arena(call), .out = out};
	out->checked_at = arena_alloc(check.arena, INSTANT_TEXT_BYTES);
	instant_format(call_now_us(call), out->checked_at);
	conclude(&check, "unknown", "it could not be checked");
	if (check_text(&check, credential) && check_issuer(&check) && check_id(&check) && check_proof(&check) &&
	    check_signature(&check))
		check_record(&check);
}
