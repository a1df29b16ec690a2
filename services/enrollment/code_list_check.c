/* services/enrollment/code_list_check.c
 *
 * A change's codes held against the version in force on the change's own day, so that what
 * happened under an older list stays true under it. Where no version is in force, any code
 * is taken: a deployment may load no list at all.
 *
 * A check costs one look-up for the whole event, in a small row of what is in force since
 * when, and one more for each code whose list has a version on that day. */
#include "services/enrollment/code_list.h"

#include "common/base/date.h"

/* CODE_LISTS if there is none for that axis. */
static enum code_list
list_of_axis(Mt__Qualification__Axis axis)
{
	switch (axis) {
	case MT__QUALIFICATION__AXIS__PROFESSIONAL:
		return CODE_LIST_PROFESSIONAL;
	case MT__QUALIFICATION__AXIS__POLITICAL_THEORY:
		return CODE_LIST_POLITICAL_THEORY;
	case MT__QUALIFICATION__AXIS__STATE_MANAGEMENT:
		return CODE_LIST_STATE_MANAGEMENT;
	case MT__QUALIFICATION__AXIS__JOB_SKILLS:
		return CODE_LIST_JOB_SKILLS;
	case MT__QUALIFICATION__AXIS__LANGUAGE:
		return CODE_LIST_LANGUAGE;
	case MT__QUALIFICATION__AXIS__INFORMATION_TECHNOLOGY:
		return CODE_LIST_INFORMATION_TECHNOLOGY;
	case MT__QUALIFICATION__AXIS__UNKNOWN_AXIS:
		break;
	}
	return CODE_LISTS; /* a number that a newer sender may know */
}

struct checking {
	struct call *call;
	struct slice in_force;
	const char *date_text;
	int32_t date;
	struct verdict *verdict;
};

/* field may be NULL: it is then that of the qualification with this number. */
static bool
check_code(struct checking *checking, enum code_list list, const char *code, const char *field, size_t i)
{
	struct arena *arena = call_arena(checking->call);
	if (code[0] == '\0' || list == CODE_LISTS)
		return true;
	uint32_t number = code_list_number_at(checking->in_force, list, checking->date);
	if (number == 0 || code_list_code_at(checking->call, list, number, code, checking->date_text) != NULL)
		return true;
	if (field == NULL)
		field = arena_format(arena, "data.qualifications[%zu].code", i);
	return verdict_reject(checking->verdict, field, "unknown_code",
			      arena_format(arena, "code %s is not in list %s on %s", code, code_list_names[list],
					   checking->date_text));
}

bool
code_list_check(struct call *call, const struct change *change, const char *date, struct verdict *verdict)
{
	const Mt__PersonChange *body = change->body;
	const char *reason = body->personal != NULL ? body->personal->reason : "";
	bool leaves = change->kind == MT__EVENT_DATA__KIND_LEAVE_BEGUN;
	bool gained = change->kind == MT__EVENT_DATA__KIND_QUALIFICATION_GAINED;
	if (body->position[0] == '\0' && body->rank[0] == '\0' && body->n_qualifications == 0 && !leaves)
		return true;
	struct checking checking = {call, code_list_in_force(call_store(call)), date, DATE_NONE, verdict};
	/* A correction need not say its day: that is the corrected event's, which is known later. */
	if (checking.in_force.size == 0 || !date_parse(date, &checking.date))
		return true;
	if (!check_code(&checking, CODE_LIST_POSITION, body->position, "data.position", 0) ||
	    !check_code(&checking, CODE_LIST_RANK, body->rank, "data.rank", 0) ||
	    (leaves && !check_code(&checking, CODE_LIST_LEAVE_REASON, reason, "data.reason", 0)))
		return false;
	for (size_t i = 0; i < body->n_qualifications; i++) {
		const Mt__Qualification *one = body->qualifications[i];
		if (!check_code(&checking, list_of_axis(one->axis), one->code,
				gained ? "data.qualification.code" : NULL, i))
			return false;
	}
	return true;
}
