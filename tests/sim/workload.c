/* tests/sim/workload.c
 *
 * The clients' rhythm, and what they learn from answers. */
#include "tests/sim/workload.h"

#include <assert.h>
#include <stdio.h>

#include "common/wire/pb.h"

#include "matricula/access.pb-c.h"
#include "matricula/attempt.pb-c.h"
#include "matricula/certificate.pb-c.h"
#include "matricula/class.pb-c.h"
#include "matricula/enrolment.pb-c.h"
#include "matricula/event.pb-c.h"
#include "matricula/exam.pb-c.h"
#include "matricula/message.pb-c.h"
#include "matricula/programme.pb-c.h"

enum { THINK_US_MIN = 20 * 1000, THINK_DOUBLINGS = 6 };

static void workload_alarm(void *context, uint64_t number);
static void workload_answer(void *context, struct errand *errand);

static const struct {
	Mt__Role roles[2];
	size_t roles_count;
	const char *authority;
} desks[DESKS] = {
	[DESK_PROVINCE_01] = {{MT__ROLE__PROVINCE_SYSTEM}, 1, "01"},
	[DESK_PROVINCE_79] = {{MT__ROLE__PROVINCE_SYSTEM}, 1, "79"},
	[DESK_HR_01] = {{MT__ROLE__HR_OFFICER}, 1, "01"},
	[DESK_HR_79] = {{MT__ROLE__HR_OFFICER}, 1, "79"},
	[DESK_HR_WARD] = {{MT__ROLE__HR_OFFICER, MT__ROLE__PROVINCE_SYSTEM}, 2, "00004"},
	[DESK_SCHOOL_1] = {{MT__ROLE__REGISTRAR, MT__ROLE__EXAMINER}, 2, "SCHOOL-1"},
	[DESK_SCHOOL_2] = {{MT__ROLE__REGISTRAR, MT__ROLE__EXAMINER}, 2, "SCHOOL-2"},
	[DESK_LEADER_1] = {{MT__ROLE__LEADER}, 1, "SCHOOL-1"},
	[DESK_LEADER_2] = {{MT__ROLE__LEADER}, 1, "SCHOOL-2"},
	[DESK_LECTURER_1] = {{MT__ROLE__LECTURER}, 1, "SCHOOL-1"},
	[DESK_AUDITOR] = {{MT__ROLE__AUDITOR}, 1, "VN"},
	[DESK_DASHBOARD] = {{MT__ROLE__DASHBOARD}, 1, "VN"},
	[DESK_HR_NATION] = {{MT__ROLE__HR_OFFICER}, 1, "VN"},
	[DESK_PRIVACY] = {{MT__ROLE__PRIVACY_OFFICER}, 1, "VN"},
};

bool
workload_open(struct workload *workload, struct office *office)
{
	*workload = (struct workload){.sim = office->sim, .office = office};
	arena_init(&workload->arena, 64 << 10, 0);
	for (size_t i = 0; i < DESKS; i++) {
		char token_id[17];
		if (!standard_grant(office, desks[i].roles, desks[i].roles_count, desks[i].authority, "",
				    &workload->desks[i], token_id))
			return false;
	}
	/* A hurried day is a few seconds long, a slow one minutes, with flushes and timers in it. */
	workload->think_us = THINK_US_MIN << workload_below(workload, THINK_DOUBLINGS);
	office->context = workload;
	office->on_answer = workload_answer;
	office->on_alarm = workload_alarm;
	return true;
}

void
workload_close(struct workload *workload)
{
	workload->office->on_answer = NULL;
	workload->office->on_alarm = NULL;
	arena_free(&workload->arena);
}

uint64_t
workload_below(struct workload *workload, uint64_t bound)
{
	return random_below(&workload->sim->random, bound);
}

bool
workload_chance(struct workload *workload, uint32_t percent)
{
	return random_chance(&workload->sim->random, percent);
}

void
pool_add(struct workload *workload, struct pool *pool, const char *id, const char *with)
{
	if (id[0] == '\0')
		return;
	for (size_t i = 0; i < pool->count; i++) {
		if (strcmp(pool->ids[i], id) == 0 && strcmp(pool->with[i], with) == 0)
			return;
	}
	size_t at = pool->count < POOL_MAX ? pool->count++ : workload_below(workload, POOL_MAX);
	snprintf(pool->ids[at], sizeof(pool->ids[at]), "%s", id);
	snprintf(pool->with[at], sizeof(pool->with[at]), "%s", with);
}

const char *
pool_pick(struct workload *workload, const struct pool *pool)
{
	static const char unknown[] = "00000000000000000000000000";
	if (pool->count == 0 || workload_below(workload, 50) == 0)
		return unknown;
	return pool->ids[workload_below(workload, pool->count)];
}

void
pool_pick_learner(struct workload *workload, char **class_id, char **person_id)
{
	struct pool *pool = &workload->enrolments;
	if (pool->count == 0 || workload_chance(workload, 20)) {
		*class_id = (char *)pool_pick(workload, &workload->classes);
		*person_id = (char *)pool_pick(workload, &workload->persons);
		return;
	}
	size_t at = workload_below(workload, pool->count);
	*class_id = pool->ids[at];
	*person_id = pool->with[at];
}

/* --- calls -------------------------------------------------------------------------------------------------------- */

struct errand *
workload_file(struct workload *workload, uint32_t client, const struct proof *proof, const char *method,
	      const ProtobufCMessage *request)
{
	char id[CALL_ID_BYTES_MAX + 1] = "";
	const struct rule *rule = rule_find(method);
	assert(rule != NULL);
	if (rule->kind == MT__KIND__COMMAND && !rule->open)
		snprintf(id, sizeof(id), "call-%llu", (unsigned long long)++workload->calls);
	struct errand *errand = errand_new(workload->office, client, errand_owner(rule), proof, rule, id, request);
	errand->patient = true;
	return errand;
}

struct errand *
workload_call(struct workload *workload, uint32_t client, const struct proof *proof, const char *method,
	      const ProtobufCMessage *request)
{
	struct errand *errand = workload_file(workload, client, proof, method, request);
	errand_send(workload->office, errand);
	return errand;
}

static void
run_a_task(struct workload *workload, uint32_t client)
{
	const struct task *const lists[] = {tasks_people, tasks_classes, tasks_access, tasks_authorities};
	uint64_t total = 0;
	for (size_t list = 0; list < sizeof(lists) / sizeof(lists[0]); list++) {
		for (const struct task *task = lists[list]; task->weight > 0; task++)
			total += task->weight;
	}
	uint64_t at = workload_below(workload, total);
	for (size_t list = 0; list < sizeof(lists) / sizeof(lists[0]); list++) {
		for (const struct task *task = lists[list]; task->weight > 0; task++) {
			if (at < task->weight) {
				arena_reset(&workload->arena);
				task->run(workload, client);
				return;
			}
			at -= task->weight;
		}
	}
}

static void
think(struct workload *workload, uint32_t client)
{
	world_alarm(workload->sim, (int64_t)workload_below(workload, workload->think_us), OFFICE_ALARMS + client);
}

static void
workload_alarm(void *context, uint64_t number)
{
	struct workload *workload = context;
	uint32_t client = (uint32_t)(number - OFFICE_ALARMS);
	if (workload->stopped)
		return;
	if (workload->office->count - workload->office->answered < UNDER_WAY_MAX)
		run_a_task(workload, client);
	think(workload, client);
}

void
workload_begin(struct workload *workload)
{
	workload->events_first = workload_below(workload, EVENT_NUMBERS);
	for (uint32_t client = 1; client <= WORKLOAD_CLIENTS; client++)
		think(workload, client);
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

static void
learn_list(struct workload *workload, const ProtobufCMessage *reply)
{
	if (reply->descriptor == &mt__list_certificates_reply__descriptor) {
		const Mt__ListCertificatesReply *list = (const void *)reply;
		for (size_t i = 0; i < list->n_certificates; i++)
			pool_add(workload, &workload->certificates, list->certificates[i]->certificate_id, "");
	} else if (reply->descriptor == &mt__inbox_reply__descriptor) {
		const Mt__InboxReply *inbox = (const void *)reply;
		for (size_t i = 0; i < inbox->n_messages; i++)
			pool_add(workload, &workload->messages, inbox->messages[i]->message_id, "");
	}
}

static void
learn(struct workload *workload, const ProtobufCMessage *request, const ProtobufCMessage *reply)
{
	if (reply->descriptor == &mt__push_event_reply__descriptor)
		pool_add(workload, &workload->persons, ((const Mt__PushEventReply *)reply)->person_id, "");
	else if (reply->descriptor == &mt__publish_programme_reply__descriptor)
		pool_add(workload, &workload->programmes, ((const Mt__PublishProgrammeReply *)reply)->programme_id, "");
	else if (reply->descriptor == &mt__open_class_reply__descriptor)
		pool_add(workload, &workload->classes, ((const Mt__OpenClassReply *)reply)->class_id, "");
	else if (reply->descriptor == &mt__nominate_reply__descriptor)
		pool_add(workload, &workload->enrolments, ((const Mt__NominateRequest *)request)->class_id,
			 ((const Mt__NominateRequest *)request)->person_id);
	else if (reply->descriptor == &mt__create_exam_reply__descriptor)
		pool_add(workload, &workload->exams, ((const Mt__CreateExamReply *)reply)->exam_id,
			 ((const Mt__CreateExamRequest *)request)->class_id);
	else if (reply->descriptor == &mt__start_attempt_reply__descriptor)
		pool_add(workload, &workload->attempts, ((const Mt__StartAttemptReply *)reply)->attempt_id, "");
	else
		learn_list(workload, reply);
}

static void
workload_answer(void *context, struct errand *errand)
{
	struct workload *workload = context;
	struct arena arena;
	arena_init(&arena, 4096, 0);
	const ProtobufCMessage *reply = errand_reply(errand, &arena);
	const ProtobufCMessage *request =
		pb_unpack_trusted(errand->rule->input, &arena, slice_of(errand->request, errand->request_size));
	if (reply != NULL && request != NULL && !errand->dry_run)
		learn(workload, request, reply);
	arena_free(&arena);
	if (errand->rule == rule_find("Access.RevokeToken"))
		workload_revoked(workload, errand);
}
