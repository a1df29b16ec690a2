/* tests/bench/node_bench.c
 *
 * The enrollment node alone (alone.h): frames of 500 events go in, durable replies come
 * out. What is left is what the loop thread itself does for an event; callgrind counts it
 * (profile.sh), and without callgrind the time is printed.
 *
 *   node_bench WORK EVENTS PEOPLE UNITS_FILE           WORK as in people.h, or nominate
 *   node_bench WORK EVENTS PEOPLE UNITS_FILE replay    and a new node replays these events
 *   node_bench WORK EVENTS PEOPLE UNITS_FILE FOLLOWER  and assessment, certificate or
 *                                                      notification follows them
 *   node_bench certificates COUNT [notification]       the certificate node alone; see issuing.h
 *   node_bench officers COUNT [notification]           the same, of a kind with rules, an end, reminders
 *
 * Profiled are, an event each: measured(), the frames of the events; measured_issuing();
 * replayed(); served() and followed(), see following.h. People and authorities are there
 * before. */
#include "tests/bench/alone.h"
#include "tests/bench/deed_call.h"
#include "tests/bench/following.h"
#include "tests/bench/issuing.h"

#include "common/base/id.h"
#include "common/core/limits.h"
#include "common/wire/frame.h"
#include "common/wire/pb.h"
#include "services/assessment/service.h"
#include "services/certificate/service.h"
#include "services/enrollment/service.h"
#include "services/notification/service.h"

#include "matricula/access.pb-c.h"
#include "matricula/authority.pb-c.h"
#include "matricula/class.pb-c.h"
#include "matricula/enrolment.pb-c.h"
#include "matricula/envelope.pb-c.h"
#include "matricula/event.pb-c.h"
#include "matricula/programme.pb-c.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 500, FRAME_STEP_US = 100, SEATS = 100000, STRIDE = 7919, ISSUING_US = 1000000, ISSUING_STEP_US = 100 };

static const char DOOR_KEY[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";

struct bench {
	struct alone enrollment;
	struct nation nation;
	uint64_t accepted;
	uint64_t refused;
	struct arena arena;
	struct buf frame;
	struct buf packed;
	char (*persons)[ID_TEXT_BYTES]; /* who was hired before, in order */
	uint64_t persons_count;
	char given_id[ID_TEXT_BYTES]; /* by the last reply to an operator's command */
};

/* --- replies ----------------------------------------------------------------------------------------------------- */

static const ProtobufCMessage *
reply_read(struct bench *bench, const ProtobufCMessageDescriptor *type, struct slice part)
{
	arena_reset(&bench->arena);
	const Mt__Reply *reply = (const Mt__Reply *)pb_unpack_trusted(&mt__reply__descriptor, &bench->arena, part);
	if (reply->status == MT__STATUS__OK)
		return pb_unpack_trusted(type, &bench->arena, slice_of(reply->reply.data, reply->reply.len));
	fprintf(stderr, "node_bench: refused: %d %s %s\n", (int)reply->status, reply->field, reply->message);
	abort();
}

static void
person_take(void *context, struct slice part)
{
	struct bench *bench = context;
	const Mt__PushEventReply *reply =
		(const Mt__PushEventReply *)reply_read(bench, &mt__push_event_reply__descriptor, part);
	snprintf(bench->persons[bench->persons_count++], ID_TEXT_BYTES, "%s", reply->person_id);
}

static void
programme_take(void *context, struct slice part)
{
	struct bench *bench = context;
	const Mt__PublishProgrammeReply *reply =
		(const Mt__PublishProgrammeReply *)reply_read(bench, &mt__publish_programme_reply__descriptor, part);
	snprintf(bench->given_id, ID_TEXT_BYTES, "%s", reply->programme_id);
}

static void
class_take(void *context, struct slice part)
{
	struct bench *bench = context;
	const Mt__OpenClassReply *reply =
		(const Mt__OpenClassReply *)reply_read(bench, &mt__open_class_reply__descriptor, part);
	snprintf(bench->given_id, ID_TEXT_BYTES, "%s", reply->class_id);
}

static void
reply_look(void *context, struct slice part)
{
	struct bench *bench = context;
	arena_reset(&bench->arena);
	const Mt__Reply *reply = (const Mt__Reply *)pb_unpack_trusted(&mt__reply__descriptor, &bench->arena, part);
	if (reply->status != MT__STATUS__OK) {
		bench->refused++;
		fprintf(stderr, "refused: %d %s %s\n", (int)reply->status, reply->field, reply->message);
		return;
	}
	const Mt__PushEventReply *outcome = (const Mt__PushEventReply *)pb_unpack_trusted(
		&mt__push_event_reply__descriptor, &bench->arena, slice_of(reply->reply.data, reply->reply.len));
	bench->accepted += outcome != NULL && outcome->outcome == MT__EVENT__OUTCOME__ACCEPTED;
}

/* --- frames ------------------------------------------------------------------------------------------------------ */

static void
frame_send(struct bench *bench, const struct seal_key *key)
{
	frame_close(&bench->frame, key->key_id, key->key);
	node_receive(bench->enrollment.node, slice_text("route"), buf_slice(&bench->frame));
	buf_reset(&bench->frame);
	bench->enrollment.time_us += FRAME_STEP_US;
	alone_settle(&bench->enrollment);
}

/* One more call in the frame, by the operator in that role. */
static void
call_add(struct bench *bench, uint64_t tag, Mt__Role role, const char *method, const ProtobufCMessage *request)
{
	Mt__Call call = MT__CALL__INIT;
	Mt__Principal principal = MT__PRINCIPAL__INIT;
	uint8_t bytes[1024];
	principal.subject = (char *)"operator";
	principal.roles = &role;
	principal.n_roles = 1;
	principal.authority = (char *)(role == MT__ROLE__OPERATOR ? "" : "VN");
	call.tag = tag;
	call.method = (char *)(uintptr_t)method;
	call.request = (ProtobufCBinaryData){protobuf_c_message_pack(request, bytes), bytes};
	call.principal = &principal;
	buf_reset(&bench->packed);
	pb_pack_into(&bench->packed, &call.base);
	frame_add_call(&bench->frame, buf_slice(&bench->packed));
}

static void
operate(struct bench *bench, Mt__Role role, const char *method, const ProtobufCMessage *request)
{
	call_add(bench, 1, role, method, request);
	frame_send(bench, &alone_keys[ALONE_OPERATOR_ID - 1]);
}

static void
authorities_add(struct bench *bench)
{
	Mt__AddAuthorityRequest request = MT__ADD_AUTHORITY_REQUEST__INIT;
	Mt__RegisterDoorKeyRequest door = MT__REGISTER_DOOR_KEY_REQUEST__INIT;
	request.code_list = (char *)"vn-units";
	request.list_version = (char *)"2025";
	request.code = request.name = (char *)"VN";
	request.kind = (char *)"nation";
	operate(bench, MT__ROLE__OPERATOR, "Authorities.Add", &request.base);
	request.parent = (char *)"VN";
	request.code = request.name = (char *)"01";
	request.kind = (char *)"city";
	operate(bench, MT__ROLE__OPERATOR, "Authorities.Add", &request.base);
	request.parent = (char *)"01";
	request.kind = (char *)"ward";
	for (size_t i = 0; i < bench->nation.units_count; i++) {
		request.code = request.name = bench->nation.units[i];
		operate(bench, MT__ROLE__OPERATOR, "Authorities.Add", &request.base);
	}
	door.door_key = (char *)(uintptr_t)DOOR_KEY;
	door.authority = (char *)"VN";
	operate(bench, MT__ROLE__OPERATOR, "Access.RegisterDoorKey", &door.base);
}

/* A class with a seat for everybody; its id is given_id afterwards. */
static void
class_open(struct bench *bench)
{
	Mt__PublishProgrammeRequest programme = MT__PUBLISH_PROGRAMME_REQUEST__INIT;
	Mt__OpenClassRequest class = MT__OPEN_CLASS_REQUEST__INIT;
	Mt__Session session = MT__SESSION__INIT;
	Mt__Session *sessions = &session;
	char programme_id[ID_TEXT_BYTES];
	programme.authority = (char *)"01";
	programme.code = (char *)"P-1";
	programme.title = (char *)"Quản lý nhà nước ngạch chuyên viên";
	programme.hours = 40;
	programme.attendance_percent_min = 80;
	bench->enrollment.on_reply = programme_take;
	operate(bench, MT__ROLE__REGISTRAR, "Programmes.Publish", &programme.base);
	memcpy(programme_id, bench->given_id, sizeof(programme_id));
	session.begins_at = (char *)"2026-01-12T01:00:00Z";
	session.minutes = 240;
	class.programme_id = programme_id;
	class.title = (char *)"Lớp bồi dưỡng";
	class.seats = SEATS;
	class.sessions = &sessions;
	class.n_sessions = 1;
	bench->enrollment.on_reply = class_take;
	operate(bench, MT__ROLE__REGISTRAR, "Classes.Open", &class.base);
	bench->enrollment.on_reply = NULL;
}

static void
frame_nominate(struct bench *bench, uint64_t first)
{
	const struct seal_key *key = &alone_keys[ALONE_OPERATOR_ID - 1];
	Mt__NominateRequest request = MT__NOMINATE_REQUEST__INIT;
	request.class_id = bench->given_id;
	for (uint64_t i = 0; i < BATCH; i++) {
		request.person_id = bench->persons[(first + i) * STRIDE % bench->persons_count];
		call_add(bench, i + 1, MT__ROLE__REGISTRAR, "Enrolments.Nominate", &request.base);
	}
	frame_close(&bench->frame, key->key_id, key->key);
}

static void
frame_fill(struct bench *bench, const char *work, uint64_t first)
{
	const struct seal_key *key = &alone_keys[ALONE_GATEWAY_ID - 1];
	struct deed deed;
	for (uint64_t i = 0; i < BATCH; i++) {
		if (!deed_make(&bench->nation, work, first + i, &deed))
			abort();
		deed_call(&bench->packed, &deed, i + 1, slice_text(DOOR_KEY));
		frame_add_call(&bench->frame, buf_slice(&bench->packed));
	}
	frame_close(&bench->frame, key->key_id, key->key);
}

/* What callgrind counts: a frame from its arrival until its replies left. */
__attribute__((noinline)) static void
measured(struct bench *bench)
{
	node_receive(bench->enrollment.node, slice_text("route"), buf_slice(&bench->frame));
	alone_settle(&bench->enrollment);
}

/* The same for the people who are there before. */
__attribute__((noinline)) static void
prepared(struct bench *bench)
{
	node_receive(bench->enrollment.node, slice_text("before"), buf_slice(&bench->frame));
	alone_settle(&bench->enrollment);
}

/* Puts and deletes of the state, figures included. */
static uint64_t
rows_written(struct bench *bench)
{
	Mt__NodeStatus status = MT__NODE_STATUS__INIT;
	arena_reset(&bench->arena);
	node_status(bench->enrollment.node, &bench->arena, &status);
	return status.rows_written;
}

static double
push(struct bench *bench, const char *work, uint64_t first, uint64_t events, bool measures)
{
	double seconds = 0;
	for (uint64_t done = 0; done < events; done += BATCH) {
		buf_reset(&bench->frame);
		if (strcmp(work, "nominate") == 0)
			frame_nominate(bench, first + done);
		else
			frame_fill(bench, work, first + done);
		bench->enrollment.time_us += FRAME_STEP_US;
		double began_s = alone_cpu_s(&bench->enrollment);
		if (measures)
			measured(bench);
		else
			prepared(bench);
		seconds += alone_cpu_s(&bench->enrollment) - began_s;
	}
	buf_reset(&bench->frame);
	return seconds;
}

/* --- after the events -------------------------------------------------------------------------------------------- */

__attribute__((noinline)) static void
replayed(struct alone *alone)
{
	alone_settle(alone);
}

/* Up to the first event of those that are measured, then the rest. */
static void
replay(struct bench *bench, uint64_t before, uint64_t events)
{
	struct alone again;
	alone_close(&bench->enrollment);
	alone_open_on(&again, &enrollment_module, &bench->enrollment);
	again.pause_at = before + 1;
	while (node_seq(again.node) < before)
		node_run(again.node, 1);
	double began_s = alone_cpu_s(&again);
	replayed(&again);
	printf("replay cpu_us=%.3f\n", (alone_cpu_s(&again) - began_s) * 1e6 / (double)events);
	assert(node_seq(again.node) == again.head);
	bench->enrollment = again;
}

static bool
afterwards(struct bench *bench, const char *what, uint64_t before, uint64_t events)
{
	const struct module *followers[] = {&assessment_module, &certificate_module, &notification_module};
	if (strcmp(what, "replay") == 0) {
		replay(bench, before, events);
		return true;
	}
	for (size_t i = 0; i < sizeof(followers) / sizeof(followers[0]); i++) {
		if (strcmp(what, followers[i]->name) == 0) {
			following_run(&bench->enrollment, followers[i], before, events);
			return true;
		}
	}
	return false;
}

/* The timers that issue are due as soon as the node runs. */
__attribute__((noinline)) static void
measured_issuing(struct alone *alone)
{
	for (int64_t end_us = alone->time_us + ISSUING_US; alone->time_us < end_us; alone->time_us += ISSUING_STEP_US)
		alone_settle(alone);
}

static int
issue(struct alone *alone, uint64_t count, bool followed)
{
	struct alone nothing = {.drawn = 7};
	issuing_wanted = count;
	alone_open_on(alone, issuing_module(), &nothing); /* unlike alone_open it does not run yet */
	node_run(alone->node, 1);                         /* founded: the classes are there */
	uint64_t before = alone->head;
	double began_s = alone_cpu_s(alone);
	measured_issuing(alone);
	double seconds = alone_cpu_s(alone) - began_s;
	printf("work=%s events=%llu cpu_us=%.3f journal_bytes=%.0f\n", issuing_of_kind ? "officers" : "certificates",
	       (unsigned long long)issuing_done, seconds * 1e6 / (double)issuing_done,
	       (double)alone->journal_bytes / (double)issuing_done);
	if (followed)
		following_run(alone, issuing_follower(), before, issuing_done);
	alone_close(alone);
	return issuing_done == count ? 0 : 1;
}

int
main(int argc, char **argv)
{
	static struct bench bench = {.nation = {.run = "base"}};
	bool follows = argc == 4 && strcmp(argv[3], notification_module.name) == 0;
	issuing_of_kind = argc > 1 && strcmp(argv[1], "officers") == 0;
	if ((argc == 3 || follows) && (issuing_of_kind || strcmp(argv[1], "certificates") == 0))
		return sodium_init() < 0 ? 1 : issue(&bench.enrollment, strtoull(argv[2], NULL, 10), follows);
	if ((argc != 5 && argc != 6) || !nation_read(&bench.nation, argv[4])) {
		fprintf(stderr, "used as: node_bench WORK EVENTS PEOPLE UNITS_FILE [replay|FOLLOWER]\n");
		return 2;
	}
	if (sodium_init() < 0) /* picks the fast functions, as the host does */
		return 1;
	const char *work = argv[1];
	struct alone *alone = &bench.enrollment;
	uint64_t events = strtoull(argv[2], NULL, 10) / BATCH * BATCH;
	bench.nation.people = strtoull(argv[3], NULL, 10) / BATCH * BATCH;
	arena_init(&bench.arena, 64 << 10, 16 << 20);
	buf_init(&bench.frame, FRAME_BYTES_MAX);
	buf_init(&bench.packed, FRAME_BYTES_MAX);
	alone_open(alone, &enrollment_module, 7);
	authorities_add(&bench);
	bench.persons = calloc(bench.nation.people, sizeof(*bench.persons));
	alone->reply_context = &bench;
	alone->on_reply = person_take;
	push(&bench, "hired", 0, bench.nation.people, false);
	class_open(&bench);
	bench.nation.run = "node";
	alone->on_reply = getenv("LOOK") != NULL ? reply_look : NULL;
	uint64_t before = alone->head;
	uint64_t replies = alone->replies;
	uint64_t bytes = alone->journal_bytes;
	uint64_t rows = rows_written(&bench);
	uint64_t first = work[0] == 'h' ? bench.nation.people : 0;
	double seconds = push(&bench, work, first, events, true);
	assert(alone->replies - replies == events);
	printf("work=%s events=%llu cpu_us=%.3f journal_bytes=%.0f rows=%.2f refused=%llu accepted=%llu\n", work,
	       (unsigned long long)events, seconds * 1e6 / (double)events,
	       (double)(alone->journal_bytes - bytes) / (double)events,
	       (double)(rows_written(&bench) - rows) / (double)events, (unsigned long long)bench.refused,
	       (unsigned long long)bench.accepted);
	alone->on_reply = NULL;
	if (argc == 6 && !afterwards(&bench, argv[5], before, events)) {
		fprintf(stderr, "node_bench: %s is neither replay nor a follower\n", argv[5]);
		return 2;
	}
	alone_close(alone);
	free(bench.persons);
	return 0;
}
