/* services/verify/judge.c
 *
 * Bad news may be old, good news must not: a bit that is set in a list of last year is
 * believed, one that is not set in a list of the day before yesterday is not. So revoked and
 * invalid stand whatever the age of what says so; everything else is unknown since then. */
#include "services/verify/judge.h"

#include "common/credential/bits.h"
#include "common/credential/did.h"
#include "common/credential/inclusion.h"

enum { DAY_TEXT = 10 };

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

static const char *
instant_text(struct arena *arena, int64_t us)
{
	char *text = arena_alloc(arena, INSTANT_TEXT_BYTES);
	instant_format(us - us % SECOND_US, text);
	return text;
}

static void
rely_on(struct judgement *out, int64_t fetched_us)
{
	if (fetched_us < out->as_of_us)
		out->as_of_us = fetched_us;
}

/* The bit of one purpose; false and concluded if it cannot be read. */
static bool
bit_read(const struct judge *judge, struct judgement *out, enum check_status_purpose purpose, bool *is_set)
{
	struct arena *arena = arena_of(judge);
	struct status_list list;
	const struct check_status *status = &out->check.status[purpose];
	const struct trust_list *held = trust_list_find(judge->trust, status->list);
	if (held == NULL)
		return unknown(out, arena_format(arena, "the status list %s is not held", status->list),
			       arena_format(arena, "không có danh sách trạng thái %s", status->list));
	const char *fault = status_list_read(arena, held->text, &judge->trust->issuers, &list);
	if (fault == NULL && (strcmp(list.issuer, out->check.issuer) != 0 || list.purpose != purpose))
		fault = "it is of another issuer or purpose";
	if (fault == NULL)
		fault = bits_get(list.bits, status->index, is_set);
	if (fault != NULL)
		return unknown(out, arena_format(arena, "the status list in %s cannot be relied on: %s", held->path, fault),
			       arena_format(arena, "không thể tin danh sách trạng thái trong tệp %s", held->path));
	rely_on(out, held->fetched_us);
	return true;
}

static bool
status_passes(const struct judge *judge, struct judgement *out)
{
	bool revoked;
	bool suspended;
	const struct reason_words words = {.by = out->check.content.institution};
	if (!bit_read(judge, out, CHECK_REVOCATION, &revoked))
		return false;
	if (revoked)
		return conclude(judge, out, REASON_REVOKED, &words);
	if (!bit_read(judge, out, CHECK_SUSPENSION, &suspended))
		return false;
	return !suspended || conclude(judge, out, REASON_SUSPENDED, &words);
}

/* The key of the log is one of its deployment's; any of them may have signed the checkpoint. */
static const char *
log_fault(const struct judge *judge, const struct credential_check *check, struct slice credential,
	  struct inclusion *inclusion)
{
	enum { LOG_KEYS_MAX = 16 };
	struct arena *arena = arena_of(judge);
	const char *fault = "the deployment's DID document, with the log's key, is not held";
	const struct jcs_value *deployment = trust_deployment(judge->trust, check->base_url);
	const char *origin = arena_format(arena, "%s/log", check->base_url + strlen("https://"));
	for (unsigned number = 1; deployment != NULL && number <= LOG_KEYS_MAX; number++) {
		struct check_key key;
		if (!did_document_key(arena, deployment, arena_format(arena, "log-%u", number), &key) ||
		    key.alg != JWT_EDDSA)
			continue;
		struct note_key log = note_key_make(slice_text(origin), key.public_key.data);
		fault = inclusion_fault(arena, judge->inclusion, credential, &log, inclusion);
		if (fault == NULL)
			return NULL;
	}
	return fault;
}

/* With a proof of inclusion the log has to hold the credential; a doubted key needs one. */
static bool
log_passes(const struct judge *judge, struct judgement *out)
{
	struct arena *arena = arena_of(judge);
	struct inclusion inclusion;
	if (judge->inclusion.data == NULL)
		return !out->check.key_doubted || conclude(judge, out, REASON_KEY_DOUBTED, &(struct reason_words){NULL});
	const char *fault =
		out->check.is_jwt
			? "of a JWT the log says nothing: present the JSON"
			: log_fault(judge, &out->check, jcs_text(arena, out->check.document, NULL), &inclusion);
	if (fault != NULL)
		return unknown(out, arena_format(arena, "the proof of inclusion does not hold: %s", fault),
			       "bằng chứng nhật ký minh bạch không đúng");
	out->log = arena_format(arena, "leaf %llu of the log, whose checkpoint has %llu leaves",
				(unsigned long long)inclusion.index, (unsigned long long)inclusion.checkpoint.size);
	return true;
}

static bool
is_fresh(const struct judge *judge, struct judgement *out)
{
	struct arena *arena = arena_of(judge);
	rely_on(out, judge->trust->oldest_us);
	if (judge->now_us - out->as_of_us <= judge->age_max_us)
		return true;
	const char *since = instant_text(arena, out->as_of_us);
	return unknown(out, arena_format(arena, "unknown since %s: what is held was fetched then, which is too long ago", since),
		       arena_format(arena, "không rõ từ %s: dữ liệu tải từ khi đó đã quá cũ", since));
}

void
judge_credential(const struct judge *judge, struct slice presented, struct judgement *out)
{
	struct credential_check *check = &out->check;
	*out = (struct judgement){.verdict = VERDICT_UNKNOWN, .as_of_us = INT64_MAX};
	judge->trust->oldest_us = INT64_MAX;
	credential_check(check, arena_of(judge), presented, &judge->trust->issuers, judge->now_us);
	if (check->reason != REASON_NONE) {
		char since[DATE_TEXT_BYTES];
		date_format(date_of_instant(check->valid_until_us == INT64_MAX ? judge->now_us : check->valid_until_us, 0),
			    since);
		conclude(judge, out, check->reason,
			 &(struct reason_words){.by = check->content.institution, .since = since, .what = check->what});
		if (out->verdict == VERDICT_EXPIRED && check->signature_holds) {
			struct judgement status = *out;
			if (!status_passes(judge, &status) && status.verdict == VERDICT_REVOKED)
				*out = status;
		}
		return;
	}
	if (!status_passes(judge, out) || !log_passes(judge, out) || !is_fresh(judge, out))
		return;
	conclude(judge, out, REASON_VALID,
		 &(struct reason_words){.by = check->content.institution, .what = check->content.register_number});
}
