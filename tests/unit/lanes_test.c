/* tests/unit/lanes_test.c
 *
 * How a node works off what waits: a frame of calls may be left half way, queries are answered
 * meanwhile, and a reply waits for the journal as far as it saw, and no further. One node
 * of enrollment is moved by hand, a call a turn, and its commits end when the test says so. */
#include "common/core/call.h"
#include "common/core/node.h"
#include "common/wire/frame.h"
#include "common/wire/pb.h"
#include "tests/sim/mishap.h"
#include "tests/sim/outside.h"

#include "matricula/authority.pb-c.h"
#include "matricula/envelope.pb-c.h"
#include "matricula/figures.pb-c.h"
#include "matricula/node.pb-c.h"
#include "matricula/programme.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { ANSWERS_MAX = 16, TURNS_MAX = 100 };

struct answer {
	char route; /* who had asked */
	size_t replies;
	uint64_t seq; /* that its first reply saw */
};

struct bench {
	struct sim *sim;
	struct process *process;
	struct node *node;
	const struct journal_batch *committing;
	struct answer answers[ANSWERS_MAX];
	size_t count;
	struct arena arena;
	struct buf frame;
};

static struct bench bench;

static void
on_commit(void *context, const struct journal_batch *batch)
{
	(void)context;
	bench.committing = batch;
}

static void
on_reply(void *context, struct slice route, struct slice bytes)
{
	(void)context;
	struct frame frame;
	struct slice part;
	struct answer *answer = &bench.answers[bench.count++];
	assert_in_range(bench.count, 1, ANSWERS_MAX);
	*answer = (struct answer){.route = (char)route.data[0]};
	assert_true(frame_read(bytes, FRAME_CALLS_MAX, &frame));
	for (size_t at = 0; frame_next(&frame, &at, &part); answer->replies++) {
		const Mt__Reply *reply =
			(const Mt__Reply *)pb_unpack_trusted(&mt__reply__descriptor, &bench.arena, part);
		assert_non_null(reply);
		/* What a reply saw is durable when it leaves. */
		assert_in_range(reply->seq, 0, node_durable_seq(bench.node));
		if (answer->replies == 0)
			answer->seq = reply->seq;
	}
}

static void
commit(void)
{
	assert_non_null(bench.committing);
	disk_commit_begin(&bench.process->disk, bench.committing);
	bench.committing = NULL;
	disk_commit_end(&bench.process->disk, OUTCOME_DONE);
	node_committed(bench.node, OUTCOME_DONE);
}

/* One call of each lane, if there is one. */
static void
turn(void)
{
	node_run(bench.node, 0);
}

static void
settle(void)
{
	for (unsigned i = 0; i < TURNS_MAX; i++) {
		turn();
		if (bench.committing != NULL)
			commit();
	}
	assert_int_equal(node_seq(bench.node), node_durable_seq(bench.node));
}

static void
add_call(const char *method, const ProtobufCMessage *request)
{
	Mt__Role roles[] = {MT__ROLE__OPERATOR, MT__ROLE__REGISTRAR};
	Mt__Principal principal = MT__PRINCIPAL__INIT;
	Mt__Call call = MT__CALL__INIT;
	struct slice packed = pb_pack(&bench.arena, request);
	principal.roles = roles;
	principal.n_roles = 2;
	call.principal = &principal;
	call.method = (char *)method;
	call.request = (ProtobufCBinaryData){packed.size, (uint8_t *)packed.data};
	frame_add_call(&bench.frame, pb_pack(&bench.arena, &call.base));
}

static void
send_as(char route)
{
	const struct seal_key *key = world_key(KEY_ID_OPERATOR);
	frame_close(&bench.frame, key->key_id, key->key);
	node_receive(bench.node, slice_of(&route, 1), buf_slice(&bench.frame));
	buf_reset(&bench.frame);
}

static void
add_authority(const char *code, const char *parent)
{
	Mt__AddAuthorityRequest request = MT__ADD_AUTHORITY_REQUEST__INIT;
	request.parent = (char *)parent;
	request.code_list = (char *)"bodies";
	request.list_version = (char *)"1";
	request.code = (char *)code;
	request.name = request.name_en = (char *)code;
	request.kind = (char *)(parent[0] == '\0' ? "nation" : "school");
	add_call("Authorities.Add", &request.base);
}

static void
publish(const char *code)
{
	Mt__PublishProgrammeRequest request = MT__PUBLISH_PROGRAMME_REQUEST__INIT;
	request.authority = (char *)"VN";
	request.code = request.title = request.title_en = (char *)code;
	request.hours = 1;
	add_call("Programmes.Publish", &request.base);
}

static void
get(const char *programme_id)
{
	Mt__GetProgrammeRequest request = MT__GET_PROGRAMME_REQUEST__INIT;
	request.programme_id = (char *)programme_id;
	add_call("Programmes.Get", &request.base);
}

static const struct answer *
answer_of(char route)
{
	for (size_t i = 0; i < bench.count; i++) {
		if (bench.answers[i].route == route)
			return &bench.answers[i];
	}
	return NULL;
}

static int
set_up(void **state)
{
	(void)state;
	memset(&bench, 0, sizeof(bench));
	arena_init(&bench.arena, 4096, 0);
	buf_init(&bench.frame, FRAME_BYTES_MAX);
	bench.sim = world_new(1, INT64_C(1770000000000000));
	world_boot(bench.sim, ENROLLMENT);
	bench.process = &bench.sim->processes[ENROLLMENT];
	bench.node = bench.process->node;
	while (!node_opened(bench.node) || node_durable_seq(bench.node) < node_seq(bench.node))
		assert_true(world_step(bench.sim));
	bench.process->world.reply = on_reply;
	bench.process->world.journal_commit = on_commit;
	add_authority("VN", "");
	publish("OLD");
	send_as('0');
	settle();
	assert_non_null(answer_of('0'));
	assert_int_equal(answer_of('0')->replies, 2);
	bench.count = 0;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	world_free(bench.sim);
	buf_free(&bench.frame);
	arena_free(&bench.arena);
	return 0;
}

static void
list_as(char route)
{
	Mt__ListProgrammesRequest request = MT__LIST_PROGRAMMES_REQUEST__INIT;
	request.authority = (char *)"VN";
	add_call("Programmes.List", &request.base);
	send_as(route);
}

static void
a_query_overtakes_a_frame_half_way(void **state)
{
	(void)state;
	publish("A");
	publish("B");
	publish("C");
	send_as('f');
	uint64_t seq = node_seq(bench.node);
	turn();
	assert_int_equal(node_seq(bench.node), seq + 1); /* one call of three */
	assert_null(bench.committing);                   /* nobody waits for it yet */
	get("nobody");
	send_as('q');
	turn();
	assert_int_equal(bench.count, 1);
	assert_int_equal(bench.answers[0].route, 'q');
	settle();
	assert_int_equal(node_seq(bench.node), seq + 3);
	assert_int_equal(bench.count, 2);
	assert_int_equal(bench.answers[1].route, 'f');
	assert_int_equal(bench.answers[1].replies, 3);
}

static void
a_frame_with_a_command_keeps_its_turn(void **state)
{
	(void)state;
	publish("A");
	publish("B");
	send_as('f');
	get("nobody");
	publish("C");
	send_as('m');
	turn();
	settle();
	assert_int_equal(bench.count, 2);
	assert_int_equal(bench.answers[0].route, 'f');
	assert_int_equal(bench.answers[1].replies, 2);
}

/* From it the gateway learns which calls were lost: those sent before it and answered by nobody. */
static void
the_question_how_the_node_is_keeps_its_turn(void **state)
{
	(void)state;
	Mt__StatusRequest request = MT__STATUS_REQUEST__INIT;
	publish("A");
	publish("B");
	send_as('f');
	add_call("Node.Status", &request.base);
	send_as('s');
	settle();
	assert_int_equal(bench.count, 2);
	assert_int_equal(bench.answers[0].route, 'f');
}

static void
a_query_waits_for_what_it_saw_and_no_further(void **state)
{
	(void)state;
	publish("NEW");
	send_as('c');
	turn();
	assert_non_null(bench.committing);
	assert_int_equal(bench.count, 0);
	uint64_t durable = node_durable_seq(bench.node);
	list_as('l'); /* the new one is on the list */
	turn();
	assert_int_equal(bench.count, 0);
	get("nobody");
	send_as('g');
	turn();
	assert_int_equal(bench.count, 1);
	assert_int_equal(bench.answers[0].route, 'g');
	assert_int_equal(bench.answers[0].seq, durable);
	commit();
	assert_int_equal(bench.count, 3);
	assert_int_equal(answer_of('l')->seq, durable + 1);
}

static void
a_query_waits_for_changes_of_what_memory_copies(void **state)
{
	(void)state;
	add_authority("S1", "VN");
	send_as('c');
	turn();
	assert_non_null(bench.committing);
	get("nobody");
	send_as('g');
	turn();
	assert_int_equal(bench.count, 0);
	commit();
	assert_int_equal(bench.count, 2);
}

static void
figures_say_for_which_position_they_stand(void **state)
{
	(void)state;
	Mt__FiguresRequest request = MT__FIGURES_REQUEST__INIT;
	request.metric = (char *)"persons.active";
	request.authority = (char *)"VN";
	uint64_t durable = node_durable_seq(bench.node);
	publish("NEW");
	send_as('c');
	turn();
	add_call("Figures.Query", &request.base);
	send_as('q');
	turn();
	assert_int_equal(bench.count, 1);
	assert_int_equal(bench.answers[0].route, 'q');
	assert_int_equal(bench.answers[0].seq, durable);
	settle();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_query_overtakes_a_frame_half_way, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_frame_with_a_command_keeps_its_turn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_question_how_the_node_is_keeps_its_turn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_query_waits_for_what_it_saw_and_no_further, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_query_waits_for_changes_of_what_memory_copies, set_up, tear_down),
		cmocka_unit_test_setup_teardown(figures_say_for_which_position_they_stand, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
