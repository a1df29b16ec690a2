/* common/credential/status.c */
#include "common/credential/status.h"

#include "common/credential/bits.h"
#include "common/credential/proof.h"

static const struct jcs_value *
only_proof(const struct jcs_value *root)
{
	const struct jcs_value *proof = jcs_member(root, "proof");
	if (proof != NULL && proof->kind == JSON_ARRAY)
		proof = proof->first == NULL || proof->first->next != NULL ? NULL : proof->first;
	return proof != NULL && proof->kind == JSON_OBJECT ? proof : NULL;
}

static const char *
member_text(struct arena *arena, const struct jcs_value *object, const char *name)
{
	const struct jcs_value *member = jcs_member(object, name);
	bool is_text = member != NULL && member->kind == JSON_STRING &&
		       memchr(member->text.data, '\0', member->text.size) == NULL;
	return is_text ? arena_text(arena, member->text) : "";
}

static bool
is_list_type(const struct jcs_value *root)
{
	const struct jcs_value *types = jcs_member(root, "type");
	const struct jcs_value *at = types != NULL && types->kind == JSON_ARRAY ? types->first : NULL;
	for (; at != NULL; at = at->next) {
		if (at->kind == JSON_STRING && slice_equal(at->text, slice_text("BitstringStatusListCredential")))
			return true;
	}
	return false;
}

/* NULL if the proof is its own issuer's, by a key in force. */
static const char *
signature_fault(struct arena *arena, const struct jcs_value *root, const struct check_issuers *issuers,
		const char *issuer)
{
	struct check_key key;
	int64_t created_us;
	const struct jcs_value *proof = only_proof(root);
	if (proof == NULL)
		return "the list does not carry exactly one proof";
	const char *method = member_text(arena, proof, "verificationMethod");
	size_t size = strlen(issuer);
	if (size == 0 || strncmp(method, issuer, size) != 0 || method[size] != '#')
		return "the list is signed by another than its issuer";
	if (issuers->find(issuers->context, issuer, method + size + 1, &key) != CHECK_KEY_FOUND ||
	    key.alg != JWT_EDDSA || key.public_key.size != PROOF_PUBLIC_BYTES)
		return "the list's key is not one of its issuer's that are held";
	if (key.compromised_since_us != INT64_MAX)
		return "the list's key was compromised: whoever has it may write any list, of any date";
	if (!instant_parse(member_text(arena, proof, "created"), &created_us) || created_us < key.active_from_us ||
	    created_us > key.retired_us)
		return "the list's key was not in force when it was signed";
	return proof_fault(arena, root, proof, key.public_key.data);
}

const char *
status_list_read(struct arena *arena, struct slice text, const struct check_issuers *issuers, struct status_list *list)
{
	struct jcs_tree tree = jcs_parse_upto(arena, text, JCS_LARGE_BYTES_MAX);
	if (tree.root == NULL)
		return tree.fault;
	if (tree.root->kind != JSON_OBJECT || tree.respelt || !is_list_type(tree.root))
		return "this is no status list";
	*list = (struct status_list){.url = member_text(arena, tree.root, "id"),
				     .issuer = member_text(arena, tree.root, "issuer")};
	const char *fault = signature_fault(arena, tree.root, issuers, list->issuer);
	if (fault != NULL)
		return fault;
	const struct jcs_value *subject = jcs_member(tree.root, "credentialSubject");
	if (subject == NULL || !jcs_member_is(subject, "type", "BitstringStatusList"))
		return "the list has no bits";
	bool revocation = jcs_member_is(subject, "statusPurpose", "revocation");
	if (!revocation && !jcs_member_is(subject, "statusPurpose", "suspension"))
		return "the list is neither of revocations nor of suspensions";
	list->purpose = revocation ? CHECK_REVOCATION : CHECK_SUSPENSION;
	if (!instant_parse(member_text(arena, tree.root, "validFrom"), &list->changed_us))
		return "the list does not say since when it is so";
	return bits_decode(arena, slice_text(member_text(arena, subject, "encodedList")), BITS_BYTES, &list->bits);
}
