/* services/enrollment/authority_history.c
 *
 * An authority through time. Each change leaves the whole record as the version that
 * holds from its effective date on; changes of one authority come in the order of their
 * dates (decisions see to it), so its version of a day is the last that began by then.
 * What is decided and not in effect yet is a plan with a timer on its day. */
#include "services/enrollment/authority.h"

#include "common/base/date.h"

#include <assert.h>
#include <stdio.h>

enum { TIMER_NAME_BYTES = 21 };

#define TIMER_METHOD "Authorities.ChangeDue"

/* Dates in keys sort as dates do; what holds since ever comes first. */
static uint32_t
date_in_key(const char *text)
{
	int32_t date;
	return date_parse(text, &date) ? (uint32_t)date ^ UINT32_C(1) << 31 : 0;
}

static struct key
dated_key(uint8_t table, struct id id, const char *date, uint64_t seq)
{
	struct key key = key_of_id(table, id);
	key_u32(&key, date_in_key(date));
	key_u64(&key, seq);
	return key;
}

struct key
authority_ever_key(const char *parent_id)
{
	return key_of_id(TABLE_AUTHORITY_EVER, id_known(parent_id));
}

/* --- what was ----------------------------------------------------------------------------------------------------- */

/* The last version that began by that day and was recorded by then; NULL if there is none. */
static const Mt__AuthorityRecord *
version_of(struct call *call, struct id id, int32_t date, int64_t known_us)
{
	struct key prefix = key_of_id(TABLE_AUTHORITY_HISTORY, id);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	const Mt__AuthorityRecord *found = NULL;
	while (store_walk_next(&walk)) {
		int64_t recorded_us;
		if (get_u32(walk.key.data + prefix.size) > ((uint32_t)date ^ UINT32_C(1) << 31))
			break;
		const struct key key = key_copy(walk.key);
		const Mt__AuthorityVersion *version = call_record(call, &key, &mt__authority_version__descriptor);
		bool valid = instant_parse(version->recorded_at, &recorded_us);
		assert(valid);
		if (recorded_us <= known_us)
			found = version->authority;
	}
	return found;
}

void
authority_change(struct arena *arena, Mt__AuthorityRecord *record, const Mt__AuthorityChange *change)
{
	switch (change->change_case) {
	case MT__AUTHORITY_CHANGE__CHANGE_RENAMED:
		authority_renamed(arena, record, change->renamed);
		return;
	case MT__AUTHORITY_CHANGE__CHANGE_MOVED:
		authority_moved(arena, record, change->moved);
		return;
	case MT__AUTHORITY_CHANGE__CHANGE_MERGED:
		authority_merged(arena, record, change->merged);
		return;
	case MT__AUTHORITY_CHANGE__CHANGE_SPLIT:
		authority_split(arena, record, change->split);
		return;
	case MT__AUTHORITY_CHANGE__CHANGE_CODED:
		authority_coded(arena, record, change->coded);
		return;
	case MT__AUTHORITY_CHANGE__CHANGE__NOT_SET:
		break;
	}
	assert(!"a change of no kind");
}

const Mt__AuthorityRecord *
authority_as_of(struct call *call, struct id id, int32_t date, int64_t known_us)
{
	const Mt__AuthorityRecord *version = version_of(call, id, date, known_us);
	if (version == NULL || date <= call_today(call) || known_us < call_now_us(call))
		return version;
	Mt__AuthorityPlan *plans[AUTHORITY_PLANS_MAX];
	size_t count = authority_plans(call, id, plans);
	Mt__AuthorityRecord *record = arena_alloc(call_arena(call), sizeof(*record));
	*record = *version;
	for (size_t i = 0; i < count; i++) {
		if (date_in_key(plans[i]->effective_date) <= ((uint32_t)date ^ UINT32_C(1) << 31))
			authority_change(call_arena(call), record, plans[i]->change);
	}
	return record;
}

void
authorities_history(Mt__Authorities_Service *service, const Mt__AuthorityHistoryRequest *in,
		    Mt__AuthorityHistoryReply_Closure reply, void *call)
{
	(void)service;
	const Mt__AuthorityRecord *authority = call_authority_ref(call, "authority", in->authority);
	if (authority == NULL)
		return;
	struct page page;
	struct key prefix = key_of_id(TABLE_AUTHORITY_HISTORY, id_known(authority->authority_id));
	if (!page_begin(&page, call, &prefix, in->page_size, in->page_token))
		return;
	while (page_next(&page)) {
		const struct key key = key_copy(page.walk.key);
		page_add(&page, (void *)call_record(call, &key, &mt__authority_version__descriptor));
	}
	Mt__AuthorityHistoryReply out = MT__AUTHORITY_HISTORY_REPLY__INIT;
	out.versions = (Mt__AuthorityVersion **)page.items;
	out.n_versions = page.count;
	out.next_page_token = page_token(&page);
	reply(&out, call);
}

void
authority_history_put(struct apply *apply, const char *authority_id, const char *effective_date)
{
	bool ambiguous;
	char recorded_at[INSTANT_TEXT_BYTES];
	Mt__AuthorityVersion version = MT__AUTHORITY_VERSION__INIT;
	instant_format(apply_time_us(apply), recorded_at);
	version.effective_date = (char *)effective_date;
	version.recorded_at = recorded_at;
	version.authority =
		(Mt__AuthorityRecord *)tree_find(apply_store(apply), apply_arena(apply), authority_id, &ambiguous);
	assert(version.authority != NULL);
	struct key key = dated_key(TABLE_AUTHORITY_HISTORY, id_known(authority_id), effective_date, apply_seq(apply));
	apply_put(apply, &key, &version.base);
}

void
authority_ever_put(struct apply *apply, const char *parent_id, const char *authority_id)
{
	struct key key = authority_ever_key(parent_id);
	struct id id = id_known(authority_id);
	key_bytes(&key, slice_of(id.bytes, ID_BYTES));
	apply_put_bytes(apply, &key, slice_text(""));
}

/* --- what is planned ---------------------------------------------------------------------------------------------- */

size_t
authority_plans(const struct call *call, struct id id, Mt__AuthorityPlan *plans[AUTHORITY_PLANS_MAX])
{
	struct key prefix = key_of_id(TABLE_AUTHORITY_PLAN, id);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	size_t count = 0;
	while (count < AUTHORITY_PLANS_MAX && store_walk_next(&walk)) {
		const struct key key = key_copy(walk.key);
		plans[count++] = (Mt__AuthorityPlan *)call_record(call, &key, &mt__authority_plan__descriptor);
	}
	return count;
}

static int64_t
due_us(const struct apply *apply, const Mt__AuthorityPlan *plan)
{
	int32_t date;
	bool valid = date_parse(plan->effective_date, &date);
	assert(valid);
	return date_begins_us(date, apply_zone_minutes(apply));
}

/* Timers of one instant fire in the order of their names: in the order in which they were planned. */
static void
timer_name(const Mt__AuthorityPlan *plan, char name[TIMER_NAME_BYTES])
{
	snprintf(name, TIMER_NAME_BYTES, "%020llu", (unsigned long long)plan->planned_seq);
}

/* Where it would go, so that a list as of a day to come finds it there. */
static void
plan_ever_put(struct apply *apply, const char *authority_id, const Mt__AuthorityChange *change)
{
	if (change->change_case == MT__AUTHORITY_CHANGE__CHANGE_MOVED)
		authority_ever_put(apply, change->moved->parent_id, authority_id);
	else if (change->change_case == MT__AUTHORITY_CHANGE__CHANGE_MERGED)
		authority_ever_put(apply, change->merged->into_id, authority_id);
}

void
authority_plan_put(struct apply *apply, const Mt__AuthorityChangePlanned *fact)
{
	char name[TIMER_NAME_BYTES];
	Mt__AuthorityPlan plan = *fact->plan;
	Mt__AuthorityChangeDue due = MT__AUTHORITY_CHANGE_DUE__INIT;
	plan.planned_seq = apply_seq(apply);
	due.authority_id = fact->authority_id;
	due.plan_id = plan.plan_id;
	struct key key =
		dated_key(TABLE_AUTHORITY_PLAN, id_known(fact->authority_id), plan.effective_date, plan.planned_seq);
	apply_put(apply, &key, &plan.base);
	timer_name(&plan, name);
	apply_timer_set(apply, due_us(apply, &plan), TIMER_METHOD, name, &due.base);
	plan_ever_put(apply, fact->authority_id, plan.change);
}

void
authority_plan_delete(struct apply *apply, const char *authority_id, const char *plan_id)
{
	struct key prefix = key_of_id(TABLE_AUTHORITY_PLAN, id_known(authority_id));
	struct store_walk walk = store_walk(apply_store(apply), key_slice(&prefix));
	while (plan_id[0] != '\0' && store_walk_next(&walk)) {
		char name[TIMER_NAME_BYTES];
		struct key key = key_copy(walk.key);
		const Mt__AuthorityPlan *plan = apply_record(apply, &key, &mt__authority_plan__descriptor);
		if (strcmp(plan->plan_id, plan_id) != 0)
			continue;
		timer_name(plan, name);
		apply_timer_clear(apply, due_us(apply, plan), TIMER_METHOD, name);
		apply_delete(apply, &key);
		return;
	}
}
