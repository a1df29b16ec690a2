/* services/enrollment/team.c
 *
 * Teams and working groups: people who learn together. A team is of one authority; a
 * cross-functional one may have members who serve elsewhere. A membership has a first
 * and a last day and is never overwritten: who comes back has a second one.
 *
 * Whoever serves outside the caller's authority is proposed only, and is a member once an
 * HR officer whose authority covers the person adds them too.
 *
 * Promise: a team is nominated as it stands on the day, in one call, with an outcome for
 * each of its members; what one is refused does not touch the others. */
#include "services/enrollment/enrollment.h"

#include "common/base/date.h"
#include "common/wire/pb.h"

#include <assert.h>

enum {
	/* A large working group; all of them are nominated in one call of FACTS_PER_CALL_MAX facts. */
	TEAM_MEMBERS_MAX = 300,
	/* Memberships in all, past ones included. */
	TEAM_MEMBERSHIPS_MAX = 3000,
};

/* --- look-ups ----------------------------------------------------------------------------------------------------- */

static Mt__TeamRecord *
team_or_refuse(struct call *call, const char *team_id)
{
	struct id id;
	if (!call_id(call, "team_id", team_id, &id))
		return NULL;
	struct key key = key_of_id(TABLE_TEAM, id);
	Mt__TeamRecord *team = (Mt__TeamRecord *)call_record(call, &key, &mt__team_record__descriptor);
	if (team == NULL)
		call_refuse(call, MT__STATUS__NOT_FOUND, "team %s is unknown", team_id);
	return team;
}

static bool
check_open(struct call *call, const Mt__TeamRecord *team)
{
	if (team->dissolved)
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "team %s is dissolved", team->team_id);
	return !team->dissolved;
}

/* The same, of a team that may still change. */
static Mt__TeamRecord *
team_to_change(struct call *call, const char *team_id)
{
	Mt__TeamRecord *team = team_or_refuse(call, team_id);
	if (team == NULL || !call_scope(call, team->authority_id))
		return NULL;
	return check_open(call, team) ? team : NULL;
}

static struct key
member_key(const char *team_id, const char *person_id, const char *since)
{
	struct key key = key_of_ids(TABLE_TEAM_MEMBER, id_known(team_id), id_known(person_id));
	key_text(&key, since);
	return key;
}

static bool
member_on(const Mt__TeamMember *member, const char *date)
{
	return strcmp(member->since, date) <= 0 && (member->until[0] == '\0' || strcmp(member->until, date) >= 0);
}

/* Whoever was in it on a date, or proposed for it, in the order of their ids. */
static Mt__TeamMember **
team_members(struct call *call, const char *team_id, const char *date, bool proposed, size_t *count)
{
	struct key prefix = key_of_id(TABLE_TEAM_MEMBER, id_known(team_id));
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	Mt__TeamMember **members = arena_alloc(call_arena(call), TEAM_MEMBERS_MAX * sizeof(Mt__TeamMember *));
	*count = 0;
	for (size_t rows = 0; rows < TEAM_MEMBERSHIPS_MAX && *count < TEAM_MEMBERS_MAX && store_walk_next(&walk);
	     rows++) {
		Mt__TeamMember *member = call_unpack(call, &mt__team_member__descriptor, walk.value);
		assert(member != NULL);
		if (member_on(member, date) && (bool)member->proposed == proposed)
			members[(*count)++] = member;
	}
	return members;
}

/* The membership of a person that lasts on a date, be it proposed; NULL if there is none. */
static Mt__TeamMember *
member_of(struct call *call, const char *team_id, const char *person_id, const char *date)
{
	struct key prefix = key_of_ids(TABLE_TEAM_MEMBER, id_known(team_id), id_known(person_id));
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	while (store_walk_next(&walk)) {
		Mt__TeamMember *member = call_unpack(call, &mt__team_member__descriptor, walk.value);
		assert(member != NULL);
		if (member->until[0] == '\0' || member_on(member, date))
			return member;
	}
	return NULL;
}

/* A date field, today if it is empty; NULL and refused. */
static const char *
date_or_today(struct call *call, const char *field, const char *value)
{
	int32_t date = value[0] != '\0' ? call_date(call, field, value) : call_today(call);
	if (date == DATE_NONE)
		return NULL;
	char *text = arena_alloc(call_arena(call), DATE_TEXT_BYTES);
	date_format(date, text);
	return text;
}

/* --- decisions ---------------------------------------------------------------------------------------------------- */

static void
teams_create(Mt__Teams_Service *service, const Mt__RegisterTeamRequest *in, Mt__RegisterTeamReply_Closure reply,
	     void *call)
{
	(void)service;
	const Mt__AuthorityRecord *authority = call_authority_ref(call, "authority", in->authority);
	const char *name = authority != NULL ? call_text(call, "name", in->name, NAME_BYTES_MAX, false) : NULL;
	const char *purpose = name != NULL ? call_text(call, "purpose", in->purpose, TEXT_BYTES_MAX, true) : NULL;
	if (purpose == NULL)
		return;
	if (in->kind == MT__TEAM__KIND__UNSET) {
		call_refuse_field(call, "kind", "kind is missing");
		return;
	}
	Mt__TeamRegistered fact = MT__TEAM_REGISTERED__INIT;
	fact.team_id = (char *)call_new_id(call, authority->locality);
	fact.authority_id = authority->authority_id;
	fact.name = (char *)name;
	fact.kind = in->kind;
	fact.purpose = (char *)purpose;
	call_emit(call, &fact.base);
	Mt__RegisterTeamReply out = MT__REGISTER_TEAM_REPLY__INIT;
	out.team_id = fact.team_id;
	reply(&out, call);
}

static void
teams_get(Mt__Teams_Service *service, const Mt__GetTeamRequest *in, Mt__GetTeamReply_Closure reply, void *call)
{
	(void)service;
	Mt__GetTeamReply out = MT__GET_TEAM_REPLY__INIT;
	out.team = team_or_refuse(call, in->team_id);
	if (out.team == NULL || !call_scope(call, out.team->authority_id))
		return;
	const char *date = date_or_today(call, "as_of", in->as_of);
	if (date == NULL)
		return;
	out.members = team_members(call, in->team_id, date, false, &out.n_members);
	out.proposed = team_members(call, in->team_id, date, true, &out.n_proposed);
	reply(&out, call);
}

static void
teams_list(Mt__Teams_Service *service, const Mt__ListTeamsRequest *in, Mt__ListTeamsReply_Closure reply, void *call)
{
	(void)service;
	const Mt__AuthorityRecord *authority = call_authority_ref(call, "authority", in->authority);
	if (authority == NULL)
		return;
	struct page page;
	struct key prefix = key_of(TABLE_TEAM);
	key_u32(&prefix, authority->locality);
	if (!page_begin(&page, call, &prefix, in->page_size, in->page_token))
		return;
	while (page_next(&page)) {
		Mt__TeamRecord *team = call_unpack(call, &mt__team_record__descriptor, page.walk.value);
		assert(team != NULL);
		page_add(&page, team);
	}
	Mt__ListTeamsReply out = MT__LIST_TEAMS_REPLY__INIT;
	out.teams = (Mt__TeamRecord **)page.items;
	out.n_teams = page.count;
	out.next_page_token = page_token(&page);
	reply(&out, call);
}

/* The caller may say of a proposed member what the team's side could not. */
static bool
is_confirmed_by(struct call *call, const Mt__PersonRecord *person, const Mt__TeamMember *there)
{
	return there->proposed && there->until[0] == '\0' && call_has_role(call, MT__ROLE__HR_OFFICER) &&
	       tree_covers(call_store(call), call_authority(call), person->authority_id);
}

/* The team's side adds anybody, the person's side only whom the team's proposed. */
static bool
join_scope(struct call *call, const Mt__TeamRecord *team, const Mt__PersonRecord *person, const Mt__TeamMember *there)
{
	const struct scope_way ways[] = {
		{1u << MT__ROLE__HR_OFFICER | 1u << MT__ROLE__REGISTRAR, team->authority_id},
		{1u << MT__ROLE__HR_OFFICER, person->authority_id},
	};
	bool proposed = there != NULL && there->proposed;
	return scope_one_of(call, ways, proposed ? 2 : 1);
}

static bool
check_join(struct call *call, const Mt__TeamRecord *team, const Mt__PersonRecord *person, const Mt__TeamMember *there)
{
	bool at_home = tree_covers(call_store(call), team->authority_id, person->authority_id);
	if (!at_home && team->kind != MT__TEAM__KIND__CROSS_FUNCTIONAL)
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION,
			    "person %s serves elsewhere, and team %s is not cross-functional", person->person_id,
			    team->team_id);
	else if (!person_may_learn(person))
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "person %s is not in service", person->person_id);
	else if (there != NULL && !is_confirmed_by(call, person, there))
		call_refuse(call, MT__STATUS__ALREADY_EXISTS, "person %s is in team %s already", person->person_id,
			    team->team_id);
	else if (team->members >= TEAM_MEMBERS_MAX || team->version >= TEAM_MEMBERSHIPS_MAX)
		call_refuse(call, MT__STATUS__RESOURCE_EXHAUSTED, "team %s has as many members as one may, %d",
			    team->team_id, TEAM_MEMBERS_MAX);
	return !call_refused(call);
}

static void
teams_add(Mt__Teams_Service *service, const Mt__AddTeamMemberRequest *in, Mt__ChangeTeamReply_Closure reply, void *call)
{
	(void)service;
	const Mt__TeamRecord *team = team_or_refuse(call, in->team_id);
	const Mt__PersonRecord *person =
		team != NULL ? person_standing(call, person_or_refuse(call, in->person_id)) : NULL;
	const char *since = person != NULL ? date_or_today(call, "since", in->since) : NULL;
	if (since == NULL)
		return;
	const Mt__TeamMember *there = member_of(call, team->team_id, person->person_id, since);
	const char *task =
		join_scope(call, team, person, there) ? call_text(call, "task", in->task, NAME_BYTES_MAX, true) : NULL;
	if (task == NULL || !check_open(call, team) || !check_join(call, team, person, there))
		return;
	Mt__TeamMemberAdded fact = MT__TEAM_MEMBER_ADDED__INIT;
	fact.team_id = team->team_id;
	fact.person_id = person->person_id;
	fact.since = there != NULL ? there->since : (char *)since;
	fact.task = there != NULL ? there->task : (char *)task;
	fact.proposed = !tree_covers(call_store(call), call_authority(call), person->authority_id);
	call_emit(call, &fact.base);
	Mt__ChangeTeamReply out = MT__CHANGE_TEAM_REPLY__INIT;
	out.version = team->version + 1;
	out.proposed = fact.proposed;
	reply(&out, call);
}

static void
teams_remove(Mt__Teams_Service *service, const Mt__RemoveTeamMemberRequest *in, Mt__ChangeTeamReply_Closure reply,
	     void *call)
{
	(void)service;
	struct id id;
	const Mt__TeamRecord *team = team_to_change(call, in->team_id);
	if (team == NULL || !call_id(call, "person_id", in->person_id, &id))
		return;
	const char *until = date_or_today(call, "until", in->until);
	if (until == NULL)
		return;
	const Mt__TeamMember *member = member_of(call, in->team_id, in->person_id, until);
	if (member == NULL || member->until[0] != '\0') {
		call_refuse(call, MT__STATUS__NOT_FOUND, "person %s is not in team %s", in->person_id, in->team_id);
		return;
	}
	if (strcmp(until, member->since) < 0) {
		call_refuse_field(call, "until", "until lies before the membership began, on %s", member->since);
		return;
	}
	Mt__TeamMemberRemoved fact = MT__TEAM_MEMBER_REMOVED__INIT;
	fact.team_id = team->team_id;
	fact.person_id = in->person_id;
	fact.since = member->since;
	fact.until = (char *)until;
	call_emit(call, &fact.base);
	Mt__ChangeTeamReply out = MT__CHANGE_TEAM_REPLY__INIT;
	out.version = team->version + 1;
	reply(&out, call);
}

static void
teams_dissolve(Mt__Teams_Service *service, const Mt__DissolveTeamRequest *in, Mt__ChangeTeamReply_Closure reply,
	       void *call)
{
	(void)service;
	const Mt__TeamRecord *team = team_to_change(call, in->team_id);
	if (team == NULL)
		return;
	Mt__TeamDissolved fact = MT__TEAM_DISSOLVED__INIT;
	fact.team_id = team->team_id;
	call_emit(call, &fact.base);
	Mt__ChangeTeamReply out = MT__CHANGE_TEAM_REPLY__INIT;
	out.version = team->version + 1;
	reply(&out, call);
}

/* A registrar fills the own classes, an HR officer sends the own people. */
static const char *
nominee_fault(struct call *call, const Mt__ClassRecord *class, const Mt__PersonRecord *person)
{
	const struct store *store = call_store(call);
	bool at_school = call_has_role(call, MT__ROLE__REGISTRAR) &&
			 tree_covers(store, call_authority(call), class->authority_id);
	bool at_home = call_has_role(call, MT__ROLE__HR_OFFICER) &&
		       tree_covers(store, call_authority(call), person->authority_id);
	Mt__Status status;
	if (!at_school && !at_home)
		return arena_format(call_arena(call), "person %s is outside the caller's authority", person->person_id);
	return enrolment_fault(call, class, person, &status);
}

static Mt__TeamNomination *
nominate_member(struct call *call, Mt__ClassRecord *class, const Mt__TeamMember *member)
{
	Mt__TeamNomination *outcome = (Mt__TeamNomination *)pb_new(&mt__team_nomination__descriptor, call_arena(call));
	const Mt__PersonRecord *person = person_standing(call, person_get(call, id_known(member->person_id)));
	assert(person != NULL);
	outcome->person_id = person->person_id;
	const char *fault = nominee_fault(call, class, person);
	if (fault != NULL)
		outcome->refusal = (char *)fault;
	else
		outcome->state = enrolment_nominate(call, class, person);
	return outcome;
}

/* Two records of one person may both be members. */
static bool
named_already(struct call *call, Mt__TeamMember *const *members, size_t at)
{
	const Mt__PersonRecord *person = person_standing(call, person_get(call, id_known(members[at]->person_id)));
	for (size_t i = 0; i < at && person->n_merged > 0; i++) {
		const Mt__PersonRecord *other =
			person_standing(call, person_get(call, id_known(members[i]->person_id)));
		if (strcmp(other->person_id, person->person_id) == 0)
			return true;
	}
	return false;
}

static void
teams_nominate(Mt__Teams_Service *service, const Mt__NominateTeamRequest *in, Mt__NominateTeamReply_Closure reply,
	       void *call)
{
	(void)service;
	const Mt__TeamRecord *team = team_or_refuse(call, in->team_id);
	Mt__ClassRecord *class = team != NULL ? class_or_refuse(call, in->class_id) : NULL;
	if (class == NULL)
		return;
	const struct scope_way ways[] = {
		{1u << MT__ROLE__REGISTRAR, class->authority_id},
		{1u << MT__ROLE__HR_OFFICER, team->authority_id},
	};
	if (!scope_one_of(call, ways, sizeof(ways) / sizeof(ways[0])))
		return;
	if (!check_open(call, team))
		return;
	size_t count;
	Mt__TeamMember **members = team_members(call, team->team_id, date_or_today(call, "", ""), false, &count);
	Mt__NominateTeamReply out = MT__NOMINATE_TEAM_REPLY__INIT;
	out.members = arena_alloc(call_arena(call), (count + 1) * sizeof(Mt__TeamNomination *));
	for (size_t i = 0; i < count; i++) {
		if (named_already(call, members, i))
			continue;
		Mt__TeamNomination *outcome = nominate_member(call, class, members[i]);
		out.members[out.n_members++] = outcome;
		out.enrolled += outcome->state == MT__ENROLMENT__STATE__ENROLLED;
		out.waitlisted += outcome->state == MT__ENROLMENT__STATE__WAITLISTED;
		out.refused += outcome->state == MT__ENROLMENT__STATE__UNSET;
	}
	reply(&out, call);
}

Mt__Teams_Service teams_handlers = MT__TEAMS__INIT(teams_);

/* --- apply -------------------------------------------------------------------------------------------------------- */

static Mt__TeamRecord *
team_known(struct apply *apply, const char *team_id)
{
	struct key key = key_of_id(TABLE_TEAM, id_known(team_id));
	Mt__TeamRecord *team = apply_record(apply, &key, &mt__team_record__descriptor);
	assert(team != NULL);
	return team;
}

static void
team_put(struct apply *apply, Mt__TeamRecord *team)
{
	struct key key = key_of_id(TABLE_TEAM, id_known(team->team_id));
	team->version++;
	apply_put(apply, &key, &team->base);
}

static void
apply_registered(struct apply *apply, const Mt__TeamRegistered *fact)
{
	Mt__TeamRecord team = MT__TEAM_RECORD__INIT;
	team.team_id = fact->team_id;
	team.authority_id = fact->authority_id;
	team.name = fact->name;
	team.kind = fact->kind;
	team.purpose = fact->purpose;
	team_put(apply, &team);
}

static void
apply_member_added(struct apply *apply, const Mt__TeamMemberAdded *fact)
{
	Mt__TeamMember member = MT__TEAM_MEMBER__INIT;
	member.team_id = fact->team_id;
	member.person_id = fact->person_id;
	member.since = fact->since;
	member.task = fact->task;
	member.proposed = fact->proposed;
	struct key key = member_key(fact->team_id, fact->person_id, fact->since);
	apply_put(apply, &key, &member.base);
	Mt__TeamRecord *team = team_known(apply, fact->team_id);
	team->members += !fact->proposed;
	team_put(apply, team);
}

static void
apply_member_removed(struct apply *apply, const Mt__TeamMemberRemoved *fact)
{
	struct key key = member_key(fact->team_id, fact->person_id, fact->since);
	Mt__TeamMember *member = apply_record(apply, &key, &mt__team_member__descriptor);
	assert(member != NULL);
	member->until = fact->until;
	apply_put(apply, &key, &member->base);
	Mt__TeamRecord *team = team_known(apply, fact->team_id);
	assert(member->proposed || team->members > 0);
	team->members -= !member->proposed;
	team_put(apply, team);
}

static void
apply_dissolved(struct apply *apply, const Mt__TeamDissolved *fact)
{
	Mt__TeamRecord *team = team_known(apply, fact->team_id);
	team->dissolved = true;
	team_put(apply, team);
}

void
team_apply(struct apply *apply, const Mt__TeamFact *fact)
{
	switch (fact->kind_case) {
	case MT__TEAM_FACT__KIND_TEAM_REGISTERED:
		apply_registered(apply, fact->team_registered);
		return;
	case MT__TEAM_FACT__KIND_TEAM_MEMBER_ADDED:
		apply_member_added(apply, fact->team_member_added);
		return;
	case MT__TEAM_FACT__KIND_TEAM_MEMBER_REMOVED:
		apply_member_removed(apply, fact->team_member_removed);
		return;
	case MT__TEAM_FACT__KIND_TEAM_DISSOLVED:
		apply_dissolved(apply, fact->team_dissolved);
		return;
	case MT__TEAM_FACT__KIND__NOT_SET:
		break;
	}
	assert(!"a team fact of no kind");
}
