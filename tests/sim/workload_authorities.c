/* tests/sim/workload_authorities.c
 *
 * Reorganisations while the day goes on: wards and a school change places, names and
 * codes, are merged, now or on a day to come. Most of it is refused sooner or later,
 * since what was merged never changes again; the figures must be right all the same. */
#include "tests/sim/workload.h"

#include <stdio.h>

#include "common/base/date.h"

#include "matricula/authority.pb-c.h"

static const char *const movable[] = {"00008", "00025", "25747", "25750", "SCHOOL-2"};
static const char *const tops[] = {"01", "79", "VN"};

enum {
	MOVABLE = sizeof(movable) / sizeof(movable[0]),
	TOPS = sizeof(tops) / sizeof(tops[0]),
	ZONE_MINUTES = 7 * 60,
	DAYS_BACK = 60, /* into the months that flows of the day are dated in */
	DAYS_AHEAD = 2,
};

static char *
some_movable(struct workload *workload)
{
	return (char *)(uintptr_t)movable[workload_below(workload, MOVABLE)];
}

/* Today mostly; else some day before, or one to come. */
static char *
some_day(struct workload *workload)
{
	int32_t day = date_of_instant(world_now_us(workload->sim), ZONE_MINUTES);
	char *text = arena_alloc(&workload->arena, DATE_TEXT_BYTES);
	if (workload_chance(workload, 30))
		day += (int32_t)workload_below(workload, DAYS_BACK + DAYS_AHEAD) - DAYS_BACK;
	date_format(day, text);
	return text;
}

static void
move(struct workload *workload, uint32_t client)
{
	struct proof operator= proof_operator();
	Mt__MoveAuthorityRequest request = MT__MOVE_AUTHORITY_REQUEST__INIT;
	request.authority = some_movable(workload);
	request.parent = workload_chance(workload, 80) ? (char *)(uintptr_t)tops[workload_below(workload, TOPS)]
						       : some_movable(workload);
	request.effective_date = some_day(workload);
	workload_call(workload, client, &operator, "Authorities.Move", &request.base);
}

/* A whole province, with all who push and serve in it, to where no other desk reaches. */
static void
move_province(struct workload *workload, uint32_t client)
{
	struct proof operator= proof_operator();
	Mt__MoveAuthorityRequest request = MT__MOVE_AUTHORITY_REQUEST__INIT;
	request.authority = (char *)"79";
	request.parent = (char *)(workload_chance(workload, 50) ? "VN" : "SCHOOL-1");
	request.effective_date = some_day(workload);
	workload_call(workload, client, &operator, "Authorities.Move", &request.base);
}

static void
merge(struct workload *workload, uint32_t client)
{
	struct proof operator= proof_operator();
	Mt__MergeAuthorityRequest request = MT__MERGE_AUTHORITY_REQUEST__INIT;
	if (!workload_chance(workload, 20)) /* else all would be merged before noon */
		return;
	request.authority = some_movable(workload);
	request.into = some_movable(workload);
	request.effective_date = some_day(workload);
	workload_call(workload, client, &operator, "Authorities.Merge", &request.base);
}

static void
rename_or_code(struct workload *workload, uint32_t client)
{
	struct proof operator= proof_operator();
	Mt__RenameAuthorityRequest rename = MT__RENAME_AUTHORITY_REQUEST__INIT;
	Mt__CodeAuthorityRequest code = MT__CODE_AUTHORITY_REQUEST__INIT;
	char *text = arena_format(&workload->arena, "N%llu", (unsigned long long)workload_below(workload, 20));
	if (workload_chance(workload, 50)) {
		rename.authority = some_movable(workload);
		rename.name = text;
		workload_call(workload, client, &operator, "Authorities.Rename", &rename.base);
		return;
	}
	code.authority = some_movable(workload);
	code.code_list = (char *)"sim";
	code.list_version = text;
	code.code = text;
	workload_call(workload, client, &operator, "Authorities.Code", &code.base);
}

static void
read_tree(struct workload *workload, uint32_t client)
{
	struct proof stranger = proof_stranger();
	Mt__ListAuthoritiesRequest request = MT__LIST_AUTHORITIES_REQUEST__INIT;
	request.authority = (char *)(uintptr_t)tops[workload_below(workload, TOPS)];
	request.as_of = some_day(workload);
	workload_call(workload, client, &stranger, "Authorities.List", &request.base);
}

const struct task tasks_authorities[] = {
	{2, move}, {1, move_province}, {1, merge}, {1, rename_or_code}, {1, read_tree}, {0, NULL},
};
