/* common/credential/check_form.c
 *
 * The form of what we issue, member by member. It is asked of the text before any effort
 * for signatures, and of what is signed as well: a key that signs status lists or checkpoints
 * too must not make certificates of them. */
#include "common/credential/check_form.h"

#include "common/credential/bits.h"

#include <assert.h>

/* --- reading ---------------------------------------------------------------------------------------------------- */

static struct slice
string_member(const struct jcs_value *object, const char *name)
{
	const struct jcs_value *member = jcs_member(object, name);
	return member == NULL || member->kind != JSON_STRING ? slice_of(NULL, 0) : member->text;
}

/* "" if there is none; a NUL inside would cut it, so that is none either. */
static const char *
text_member(struct arena *arena, const struct jcs_value *object, const char *name)
{
	struct slice text = object == NULL ? slice_of(NULL, 0) : string_member(object, name);
	if (text.size == 0 || memchr(text.data, '\0', text.size) != NULL)
		return "";
	return arena_text(arena, text);
}

static bool
instant_member(struct arena *arena, const struct jcs_value *object, const char *name, int64_t *us)
{
	return instant_parse(text_member(arena, object, name), us);
}

/* Digits without a leading zero, at most limit. */
static bool
count_read(struct slice text, uint32_t limit, uint32_t *count)
{
	uint64_t number = 0;
	if (text.size == 0 || text.size > 10 || (text.size > 1 && text.data[0] == '0'))
		return false;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		number = number * 10 + (uint64_t)(text.data[i] - '0');
	}
	*count = (uint32_t)number;
	return number <= limit;
}

/* Nothing but these members; names end with NULL. */
static bool
only_members(const struct jcs_value *object, const char *const *names)
{
	for (const struct jcs_value *member = object->first; member != NULL; member = member->next) {
		size_t i = 0;
		while (names[i] != NULL && !slice_equal(member->name, slice_text(names[i])))
			i++;
		if (names[i] == NULL)
			return false;
	}
	return true;
}

/* An array of exactly these strings, in this order. */
static bool
is_list_of(const struct jcs_value *array, const char *const *texts)
{
	if (array == NULL || array->kind != JSON_ARRAY)
		return false;
	const struct jcs_value *item = array->first;
	for (; *texts != NULL && item != NULL; texts++, item = item->next) {
		if (item->kind != JSON_STRING || !slice_equal(item->text, slice_text(*texts)))
			return false;
	}
	return *texts == NULL && item == NULL;
}

/* --- a token's claims ------------------------------------------------------------------------------------------- */

/* Takes a member out of the document; NULL if it is not there. */
static const struct jcs_value *
member_take(struct jcs_value *object, const char *name)
{
	for (struct jcs_value **link = &object->first; *link != NULL; link = &(*link)->next) {
		struct jcs_value *member = *link;
		if (!slice_equal(member->name, slice_text(name)))
			continue;
		*link = member->next;
		return member;
	}
	return NULL;
}

static bool
same_text(const struct jcs_value *claim, struct slice text)
{
	return claim == NULL || (claim->kind == JSON_STRING && text.data != NULL && slice_equal(claim->text, text));
}

/* Seconds since 1970, whole ones as we write them. */
static bool
same_second(struct checking *at, const struct jcs_value *claim, const char *name)
{
	uint32_t seconds;
	int64_t us;
	if (claim == NULL)
		return true;
	return claim->kind == JSON_NUMBER && count_read(claim->text, UINT32_MAX, &seconds) &&
	       instant_member(at->arena, at->root, name, &us) && us / SECOND_US == seconds;
}

static bool
claims_agree(struct checking *at)
{
	const struct jcs_value *subject = jcs_member(at->root, "credentialSubject");
	struct slice subject_id = subject == NULL ? slice_of(NULL, 0) : string_member(subject, "id");
	return same_text(member_take(at->root, "iss"), slice_text(at->check->issuer)) &&
	       same_text(member_take(at->root, "jti"), string_member(at->root, "id")) &&
	       same_text(member_take(at->root, "sub"), subject_id) &&
	       same_second(at, member_take(at->root, "nbf"), "validFrom") &&
	       same_second(at, member_take(at->root, "exp"), "validUntil");
}

bool
check_claims(struct checking *at)
{
	if (!at->check->is_jwt)
		return true;
	if (jcs_member(at->root, "proof") != NULL)
		return check_fails(at->check, REASON_PROOFS, NULL);
	if (jcs_member(at->root, "vc") != NULL || jcs_member(at->root, "vp") != NULL || !claims_agree(at))
		return check_fails(at->check, REASON_TOKEN_CLAIMS, NULL);
	const struct jcs_value *claim = member_take(at->root, "iat");
	if (claim == NULL)
		return instant_member(at->arena, at->root, "validFrom", &at->check->signed_us) ||
		       check_fails(at->check, REASON_SIGNED_AT, NULL);
	uint32_t seconds;
	if (claim->kind != JSON_NUMBER || !count_read(claim->text, UINT32_MAX, &seconds))
		return check_fails(at->check, REASON_SIGNED_AT, NULL);
	at->check->signed_us = (int64_t)seconds * SECOND_US;
	return true;
}

/* --- form ------------------------------------------------------------------------------------------------------- */

static bool
is_ours(const struct jcs_value *contexts)
{
	static const char *const ours[] = {CREDENTIAL_CONTEXT_V2, CREDENTIAL_CONTEXT_BADGES, CREDENTIAL_CONTEXT_TERMS,
					   NULL};
	return is_list_of(contexts, ours);
}

/* "https://host/v1/certificates/ID/editions/2"; the number stands beside it once more. */
static bool
check_id(struct checking *at)
{
	struct id id;
	struct credential_check *check = at->check;
	static const char editions[] = "/editions/";
	const struct jcs_value *number = jcs_member(at->root, "edition");
	const char *prefix = arena_format(at->arena, "%s/v1/certificates/", check->base_url);
	const char *text = text_member(at->arena, at->root, "id");
	size_t before = strlen(prefix);
	size_t size = strlen(text);
	if (size < before + ID_TEXT_BYTES - 1 || strncmp(text, prefix, before) != 0)
		return check_fails(check, REASON_ID, NULL);
	const char *behind = text + before + ID_TEXT_BYTES - 1;
	const char *certificate_id = arena_text(at->arena, slice_of(text + before, ID_TEXT_BYTES - 1));
	if (!id_parse(certificate_id, &id) || strncmp(behind, editions, strlen(editions)) != 0 ||
	    !count_read(slice_text(behind + strlen(editions)), UINT32_MAX, &check->edition) || check->edition == 0 ||
	    number == NULL || number->kind != JSON_NUMBER ||
	    !slice_equal(number->text, slice_text(behind + strlen(editions))))
		return check_fails(check, REASON_ID, NULL);
	check->credential_id = text;
	check->certificate_id = certificate_id;
	return true;
}

/* We sign with one proof; a second one could only be somebody else's. */
static bool
check_proof(struct checking *at)
{
	static const char *const members[] = {"@context",           "type",         "cryptosuite", "created",
					      "verificationMethod", "proofPurpose", "proofValue",  NULL};
	struct credential_check *check = at->check;
	const struct jcs_value *proof = jcs_member(at->root, "proof");
	if (proof == NULL)
		return check_fails(check, REASON_NO_PROOF, NULL);
	if (proof->kind == JSON_ARRAY) {
		if (proof->first == NULL || proof->first->next != NULL)
			return check_fails(check, REASON_PROOFS, NULL);
		proof = proof->first;
	}
	if (proof->kind != JSON_OBJECT || !only_members(proof, members))
		return check_fails(check, REASON_PROOF_FORM, NULL);
	if (!jcs_member_is(proof, "type", "DataIntegrityProof") ||
	    !jcs_member_is(proof, "cryptosuite", "eddsa-jcs-2022"))
		return check_fails(check, REASON_PROOF_SUITE, NULL);
	if (!jcs_member_is(proof, "proofPurpose", "assertionMethod"))
		return check_fails(check, REASON_PROOF_PURPOSE, NULL);
	if (!is_ours(jcs_member(proof, "@context")))
		return check_fails(check, REASON_PROOF_CONTEXT, NULL);
	if (!instant_member(at->arena, proof, "created", &check->signed_us))
		return check_fails(check, REASON_SIGNED_AT, NULL);
	check->proof = proof;
	return true;
}

bool
check_form(struct checking *at)
{
	static const char *const types[] = {"VerifiableCredential", "AchievementCredential", NULL};
	if (!is_ours(jcs_member(at->root, "@context")))
		return check_fails(at->check, REASON_CONTEXT, NULL);
	if (!is_list_of(jcs_member(at->root, "type"), types))
		return check_fails(at->check, REASON_TYPE, NULL);
	return check_id(at) && (at->check->is_jwt || check_proof(at));
}

/* --- what it says ----------------------------------------------------------------------------------------------- */

static bool
check_period(struct checking *at)
{
	struct credential_check *check = at->check;
	if (!instant_member(at->arena, at->root, "validFrom", &check->valid_from_us))
		return check_fails(check, REASON_PERIOD, NULL);
	if (jcs_member(at->root, "validUntil") == NULL)
		return true;
	return instant_member(at->arena, at->root, "validUntil", &check->valid_until_us) ||
	       check_fails(check, REASON_PERIOD, NULL);
}

/* "https://host/v1/status-lists/AUTHORITY/NUMBER/revocation": of this issuer and no other. */
static bool
list_read(struct checking *at, struct slice list, const char *purpose, uint32_t *number)
{
	const char *before =
		arena_format(at->arena, "%s/v1/status-lists/%s/", at->check->base_url, at->check->authority_id);
	size_t size = strlen(before);
	size_t tail = strlen(purpose) + 1;
	if (list.size <= size + tail || memcmp(list.data, before, size) != 0)
		return false;
	const uint8_t *behind = list.data + list.size - tail;
	return behind[0] == '/' && memcmp(behind + 1, purpose, tail - 1) == 0 &&
	       count_read(slice_of(list.data + size, list.size - size - tail), UINT32_MAX, number) && *number > 0;
}

static bool
check_entry(struct checking *at, const struct jcs_value *entry, const char *purpose, struct check_status *status)
{
	static const char *const members[] = {"id", "type", "statusPurpose", "statusListIndex", "statusListCredential",
					      NULL};
	if (entry->kind != JSON_OBJECT || !only_members(entry, members) ||
	    !jcs_member_is(entry, "type", "BitstringStatusListEntry"))
		return check_fails(at->check, REASON_STATUS, NULL);
	struct slice list = string_member(entry, "statusListCredential");
	if (status->list != NULL || list.data == NULL || !list_read(at, list, purpose, &status->number))
		return check_fails(at->check, REASON_STATUS, NULL);
	if (!count_read(string_member(entry, "statusListIndex"), BITS_ENTRIES - 1, &status->index))
		return check_fails(at->check, REASON_STATUS_INDEX, NULL);
	status->list = arena_text(at->arena, list);
	return true;
}

/* One entry for each purpose, both in the same place: an entry that is not understood must not be passed over. */
static bool
check_status(struct checking *at)
{
	static const char *const purposes[CHECK_STATUS_ENTRIES] = {
		[CHECK_REVOCATION] = "revocation",
		[CHECK_SUSPENSION] = "suspension",
	};
	struct check_status *status = at->check->status;
	const struct jcs_value *entries = jcs_member(at->root, "credentialStatus");
	if (entries == NULL || entries->kind != JSON_ARRAY)
		return check_fails(at->check, REASON_STATUS, NULL);
	for (const struct jcs_value *entry = entries->first; entry != NULL; entry = entry->next) {
		size_t purpose = 0;
		while (purpose < CHECK_STATUS_ENTRIES && !jcs_member_is(entry, "statusPurpose", purposes[purpose]))
			purpose++;
		if (purpose == CHECK_STATUS_ENTRIES)
			return check_fails(at->check, REASON_STATUS, NULL);
		if (!check_entry(at, entry, purposes[purpose], &status[purpose]))
			return false;
	}
	const struct check_status *revocation = &status[CHECK_REVOCATION];
	const struct check_status *suspension = &status[CHECK_SUSPENSION];
	if (revocation->list == NULL || suspension->list == NULL || revocation->number != suspension->number ||
	    revocation->index != suspension->index)
		return check_fails(at->check, REASON_STATUS, NULL);
	return true;
}

static bool
check_content(struct checking *at)
{
	struct arena *arena = at->arena;
	struct check_content *content = &at->check->content;
	const struct jcs_value *subject = jcs_member(at->root, "credentialSubject");
	const struct jcs_value *achievement = subject == NULL ? NULL : jcs_member(subject, "achievement");
	const struct jcs_value *hours = achievement == NULL ? NULL : jcs_member(achievement, "hours");
	const struct jcs_value *kind = achievement == NULL ? NULL : jcs_member(achievement, "kind");
	*content = (struct check_content){
		.name = text_member(arena, subject, "name"),
		.birth_date = text_member(arena, subject, "birthDate"),
		.programme_title = text_member(arena, achievement, "name"),
		.programme_title_en = text_member(arena, achievement, "nameEn"),
		.completed_on = text_member(arena, subject, "completedOn"),
		.register_number = text_member(arena, subject, "licenseNumber"),
		.institution = text_member(arena, jcs_member(at->root, "issuer"), "name"),
		.kind_name = text_member(arena, kind, "name"),
	};
	if (hours != NULL && (hours->kind != JSON_NUMBER || !count_read(hours->text, UINT32_MAX, &content->hours)))
		return check_fails(at->check, REASON_CONTENT, NULL);
	if (content->name[0] == '\0' || content->programme_title[0] == '\0')
		return check_fails(at->check, REASON_CONTENT, NULL);
	return true;
}

/* Whatever the member says: no certificate has it. */
static bool
note_specimen(struct checking *at)
{
	at->check->is_specimen = jcs_member(at->root, "specimen") != NULL;
	return true;
}

bool
check_says(struct checking *at)
{
	return note_specimen(at) && check_period(at) && check_status(at) && check_content(at);
}
