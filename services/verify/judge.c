/* services/verify/judge.c
 *
 * Bad news may be old, good news must not: a bit that is set in a list of last year is
 * believed, one that is not set in a list of the day before yesterday is not. So whatever
 * speaks against a certificate stands, with the date of what says so; that nothing does is
 * worth only as much as the oldest file that was asked, and unknown since then. */
#include "services/verify/judge.h"

#include "common/credential/bits.h"
#include "common/credential/did.h"
#include "common/credential/inclusion.h"

static struct arena *
arena_of(const struct judge *judge)
{
	return judge->trust->arena;
}

static bool
conclude(const struct judge *judge, struct judgement *out, enum reason reason, const struct reason_words *words)
{
	out->verdict = reason_verdict(reason);
	out->reason = reason_en(arena_of(judge), reason, words);
	out->reason_vi = reason_vi(arena_of(judge), reason, words);
	return false;
}

static bool
unknown(struct judgement *out, const char *reason, const char *reason_vi)
{
	out->verdict = VERDICT_UNKNOWN;
	out->reason = reason;
	out->reason_vi = reason_vi;
	return false;
}

/* --- age -------------------------------------------------------------------------------------------------------- */

static const char *
instant_text(struct arena *arena, int64_t us)
{
	char *text = arena_alloc(arena, INSTANT_TEXT_BYTES);
	instant_format(us - us % SECOND_US, text);
	return text;
}

static void
rely_on(struct judgement *out, int64_t oldest_us, int64_t newest_us)
{
	if (oldest_us < out->as_of_us)
		out->as_of_us = oldest_us;
	if (newest_us > out->newest_us)
		out->newest_us = newest_us;
}

static bool
unknown_since(const struct judge *judge, struct judgement *out)
{
	const char *since = instant_text(arena_of(judge), out->as_of_us);
	return unknown(out,
		       arena_format(arena_of(judge),
				    "unknown since %s: what is held was fetched then, which is too long ago", since),
		       arena_format(arena_of(judge), "không rõ từ %s: dữ liệu tải từ khi đó đã quá cũ", since));
}

/* A file of tomorrow would be fresh for ever: its date, or this machine's clock, is wrong. */
static bool
is_fresh(const struct judge *judge, struct judgement *out)
{
	if (out->newest_us > judge->now_us + CHECK_CLOCK_SKEW_S * SECOND_US)
		return unknown(out, "a file that is held is dated later than this machine's clock",
			       "có tệp đã tải mang ngày giờ muộn hơn đồng hồ của máy này");
	return judge->now_us - out->as_of_us <= judge->age_max_us || unknown_since(judge, out);
}

/* --- status ----------------------------------------------------------------------------------------------------- */

/* The bit of one purpose; false and unknown if it cannot be read. */
static bool
bit_read(const struct judge *judge, struct judgement *out, enum check_status_purpose purpose, bool *is_set)
{
	struct arena *arena = arena_of(judge);
	struct status_list list;
	const struct check_status *status = &out->check.status[purpose];
	const struct trust_list *held = trust_list_find(judge->trust, status->list);
	*is_set = false;
	if (held == NULL)
		return unknown(out, arena_format(arena, "the status list %s is not held", status->list),
			       arena_format(arena, "không có danh sách trạng thái %s", status->list));
	const char *fault = status_list_read(arena, held->text, &judge->trust->issuers, &list);
	if (fault == NULL && (strcmp(list.url, status->list) != 0 || strcmp(list.issuer, out->check.issuer) != 0 ||
			      list.purpose != purpose))
		fault = "it is of another address, issuer or purpose";
	if (fault == NULL)
		fault = bits_get(list.bits, status->index, is_set);
	if (fault != NULL)
		return unknown(out,
			       arena_format(arena, "the status list in %s cannot be relied on: %s", held->path, fault),
			       arena_format(arena, "không thể tin danh sách trạng thái trong tệp %s", held->path));
	rely_on(out, held->fetched_us, held->fetched_us);
	return true;
}

/* A set bit of one list counts though the other cannot be read. */
static bool
status_passes(const struct judge *judge, struct judgement *out)
{
	bool revoked;
	bool suspended;
	const struct reason_words words = {.by = out->check.content.institution};
	bool known = bit_read(judge, out, CHECK_REVOCATION, &revoked);
	known = bit_read(judge, out, CHECK_SUSPENSION, &suspended) && known;
	if (revoked)
		return conclude(judge, out, REASON_REVOKED, &words);
	if (suspended)
		return conclude(judge, out, REASON_SUSPENDED, &words);
	return known;
}

/* --- the log ---------------------------------------------------------------------------------------------------- */

/* The name of a deployment's log; NULL if the DID is of none. */
static const char *
origin_of(struct arena *arena, const char *did)
{
	const char *host = did_host(arena, did);
	return host == NULL ? NULL : arena_format(arena, "%s/log", host);
}

/* The keys log-1, log-2... of the document; any of them may have signed the checkpoint, while it was good. */
static const char *
fault_by_keys(const struct judge *judge, const struct jcs_value *deployment, const char *origin,
	      struct slice credential, struct inclusion *inclusion)
{
	enum { LOG_KEYS_MAX = 16 };
	struct arena *arena = arena_of(judge);
	const char *fault = "the deployment's DID document has no key of its log";
	for (unsigned number = 1; number <= LOG_KEYS_MAX; number++) {
		struct check_key key;
		if (!did_document_key(arena, deployment, arena_format(arena, "log-%u", number), &key) ||
		    key.alg != JWT_EDDSA || key.public_key.size != NOTE_PUBLIC_BYTES)
			continue;
		struct note_key log = note_key_make(slice_text(origin), key.public_key.data);
		const char *wrong = inclusion_fault(arena, judge->inclusion, credential, &log, inclusion);
		if (wrong == NULL && key.compromised_since_us != INT64_MAX)
			wrong = "the log's key was compromised: whoever has it may write any checkpoint";
		if (wrong == NULL && inclusion->checkpoint_us > key.retired_us)
			wrong = "the log's key was retired before it signed the checkpoint";
		if (wrong == NULL)
			return NULL;
		fault = wrong;
	}
	return fault;
}

/* The log is named after the address of today, which need not be the one that the credential has. */
static const char *
fault_by_names(const struct judge *judge, const struct jcs_value *deployment, struct slice credential,
	       struct inclusion *inclusion)
{
	struct arena *arena = arena_of(judge);
	const char *origin = origin_of(arena, did_document_id(arena, deployment));
	const char *fault = "the deployment's DID document is of no deployment";
	const struct jcs_value *aliases = jcs_member(deployment, "alsoKnownAs");
	const struct jcs_value *alias = aliases != NULL && aliases->kind == JSON_ARRAY ? aliases->first : NULL;
	for (;;) {
		if (origin != NULL)
			fault = fault_by_keys(judge, deployment, origin, credential, inclusion);
		if (fault == NULL || alias == NULL)
			return fault;
		origin = alias->kind == JSON_STRING ? origin_of(arena, arena_text(arena, alias->text)) : NULL;
		alias = alias->next;
	}
}

/* Two trees of the same size that differ: the log shows different people different things. */
static bool
forks(const struct judge *judge, const struct inclusion *inclusion)
{
	struct note note;
	struct note_checkpoint held;
	const struct note_checkpoint *proven = &inclusion->checkpoint;
	if (judge->trust->checkpoint.data == NULL || note_parse(judge->trust->checkpoint, &note) != NULL ||
	    note_checkpoint_parse(note.text, &held) != NULL)
		return false;
	return slice_equal(held.origin, proven->origin) && held.size == proven->size &&
	       memcmp(held.root, proven->root, HASH_BYTES) != 0;
}

static const char *
log_fault(const struct judge *judge, const struct credential_check *check, struct inclusion *inclusion)
{
	if (check->is_jwt)
		return "of a JWT the log says nothing: present the JSON";
	const struct jcs_value *deployment = trust_deployment(judge->trust, check->base_url);
	if (deployment == NULL)
		return "the deployment's DID document, with the log's key, is not held";
	struct slice credential = jcs_text(arena_of(judge), check->document, NULL);
	const char *fault = fault_by_names(judge, deployment, credential, inclusion);
	if (fault == NULL && forks(judge, inclusion))
		fault = "the checkpoint that is held has another tree of the same size: raise the alarm";
	return fault;
}

/* With a proof of inclusion the log has to hold the credential; a doubted key needs one. */
static bool
log_passes(const struct judge *judge, struct judgement *out)
{
	struct arena *arena = arena_of(judge);
	struct inclusion inclusion;
	if (judge->inclusion.data == NULL)
		return !out->check.key_doubted ||
		       conclude(judge, out, REASON_KEY_DOUBTED, &(struct reason_words){.by = NULL});
	const char *fault = log_fault(judge, &out->check, &inclusion);
	if (fault != NULL)
		return unknown(out, arena_format(arena, "the proof of inclusion does not hold: %s", fault),
			       "bằng chứng nhật ký minh bạch không đúng");
	out->log = arena_format(arena, "leaf %llu of the log, whose checkpoint has %llu leaves",
				(unsigned long long)inclusion.index, (unsigned long long)inclusion.checkpoint.size);
	return true;
}

/* --- the verdict ------------------------------------------------------------------------------------------------ */

/* The key may have been made since the document was fetched: then nothing is known of it. */
static bool
may_be_a_newer_key(const struct judge *judge, const struct judgement *out)
{
	const struct credential_check *check = &out->check;
	int64_t known_us = judge->trust->oldest_us;
	return check->reason == REASON_KEY && check->key_id[0] != '\0' && known_us != INT64_MAX &&
	       (check->signed_us + CHECK_CLOCK_SKEW_S * SECOND_US > known_us ||
		judge->now_us - known_us > judge->age_max_us);
}

/* What is out of its period may have been revoked besides, which says more. */
static bool
is_of_period(enum verdict verdict)
{
	return verdict == VERDICT_EXPIRED || verdict == VERDICT_NOT_YET_VALID;
}

static void
judge_refused(const struct judge *judge, struct judgement *out)
{
	char since[DATE_TEXT_BYTES];
	const struct credential_check *check = &out->check;
	rely_on(out, judge->trust->oldest_us, judge->trust->newest_us);
	if (may_be_a_newer_key(judge, out)) {
		unknown_since(judge, out);
		return;
	}
	date_format(date_of_instant(check->valid_until_us == INT64_MAX ? judge->now_us : check->valid_until_us, 0),
		    since);
	conclude(judge, out, check->reason,
		 &(struct reason_words){.by = check->content.institution, .since = since, .what = check->what});
	struct judgement status = *out;
	if (is_of_period(out->verdict) && check->signature_holds && !status_passes(judge, &status) &&
	    status.verdict == VERDICT_REVOKED)
		*out = status;
}

void
judge_credential(const struct judge *judge, struct slice presented, struct judgement *out)
{
	struct credential_check *check = &out->check;
	*out = (struct judgement){.verdict = VERDICT_UNKNOWN, .as_of_us = INT64_MAX, .newest_us = INT64_MIN};
	judge->trust->oldest_us = INT64_MAX;
	judge->trust->newest_us = INT64_MIN;
	credential_check(check, arena_of(judge), presented, &judge->trust->issuers, judge->now_us);
	if (check->reason != REASON_NONE) {
		judge_refused(judge, out);
		return;
	}
	bool passes = status_passes(judge, out) && log_passes(judge, out);
	rely_on(out, judge->trust->oldest_us, judge->trust->newest_us);
	if (!passes || !is_fresh(judge, out))
		return;
	conclude(judge, out, REASON_VALID,
		 &(struct reason_words){.by = check->content.institution, .what = check->content.register_number});
}
