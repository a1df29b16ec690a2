/* tests/unit/seal_node_test.c
 *
 * A whole node that seals what is personal: it writes nothing that can be read, shows it to
 * its service, and comes to the same state when its journal is replayed, with the key of an
 * erased subject or without it. The bytes and the file of keys: seal_test.c. */
#include "common/core/impl.h"
#include "services/notification/message.h"
#include "services/notification/service.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <sodium.h>
#include <stdlib.h>

static const uint8_t secret[32] = {5};

enum { SLOTS = 8, ENTRIES_MAX = 64 };

/* A world of one notification node: everything is done at once, time moves when it is told to. */
struct small {
	struct world world;
	struct node *node;
	struct slice entries[ENTRIES_MAX];
	uint64_t head;
	const struct journal_batch *committing;
	const struct memtable *flushing;
	struct memtable *state;
	int64_t now_us;
	uint32_t slots_ready;
	bool destroyed[SLOTS];
	size_t ledger_count;
	bool erasing;
};

static int64_t
small_now(void *context)
{
	return ((struct small *)context)->now_us;
}

static void
small_random(void *context, void *bytes, size_t size)
{
	(void)context;
	randombytes_buf(bytes, size);
}

static void
small_reply(void *context, struct slice route, struct slice frame)
{
	(void)context;
	(void)route;
	(void)frame;
}

static bool
small_send(void *context, unsigned peer, struct slice frame)
{
	(void)context;
	(void)peer;
	(void)frame;
	return false;
}

static void
small_commit(void *context, const struct journal_batch *batch)
{
	((struct small *)context)->committing = batch;
}

static bool
small_read(void *context, uint64_t seq, struct slice *entry)
{
	struct small *small = context;
	if (seq == 0 || seq > small->head)
		return false;
	*entry = small->entries[seq - 1];
	return true;
}

static uint64_t
small_head(void *context)
{
	return ((struct small *)context)->head;
}

static void
small_flush(void *context, const struct memtable *frozen)
{
	((struct small *)context)->flushing = frozen;
}

static bool
small_get(void *context, struct slice key, struct slice *value)
{
	return memtable_get(((struct small *)context)->state, key, value) == MEMTABLE_PRESENT;
}

static bool
small_next(void *context, struct slice from, bool inclusive, struct slice *key, struct slice *value)
{
	const struct memtable *state = ((struct small *)context)->state;
	enum memtable_hit hit = memtable_next(state, from, inclusive, key, value);
	while (hit == MEMTABLE_DELETED)
		hit = memtable_next(state, *key, false, key, value);
	return hit == MEMTABLE_PRESENT;
}

static struct store_base
small_base(void *context)
{
	return (struct store_base){.context = context, .get = small_get, .next = small_next};
}

static bool
small_flush_row(void *context, struct slice key, struct slice value)
{
	struct small *small = context;
	if (value.data == NULL)
		memtable_delete(small->state, key);
	else
		memtable_put(small->state, key, value);
	return true;
}

static uint64_t
small_much(void *context)
{
	(void)context;
	return UINT64_MAX / 2;
}

static void
small_wake(void *context, int64_t monotonic_us)
{
	(void)context;
	(void)monotonic_us;
}

static void
small_crash_point(void *context, const char *name)
{
	(void)context;
	(void)name;
}

static enum slot_state
small_slot_key(void *context, uint32_t slot, uint8_t key[32])
{
	const struct small *small = context;
	if (slot >= small->slots_ready)
		return SLOT_NONE;
	memset(key, (int)slot + 1, 32);
	return small->destroyed[slot] ? SLOT_DESTROYED : SLOT_PRESENT;
}

static uint32_t
small_slots_ready(void *context)
{
	return ((struct small *)context)->slots_ready;
}

static void
small_slots_more(void *context)
{
	(void)context; /* never done */
}

static void
small_slots_erase(void *context, const struct slot_erasure *erasures, size_t count)
{
	struct small *small = context;
	for (size_t i = 0; i < count; i++)
		small->destroyed[erasures[i].slot] = true;
	small->ledger_count += count;
	small->erasing = true;
}

static void
small_turn(struct small *small)
{
	node_run(small->node, 1000);
	if (small->committing != NULL) {
		const uint8_t *at = small->committing->bytes;
		for (uint32_t i = 0; i < small->committing->count; i++) {
			uint8_t *copy = malloc(small->committing->sizes[i]);
			memcpy(copy, at, small->committing->sizes[i]);
			assert_in_range(small->head, 0, ENTRIES_MAX - 1);
			small->entries[small->head++] = slice_of(copy, small->committing->sizes[i]);
			at += small->committing->sizes[i];
		}
		small->committing = NULL;
		node_committed(small->node, OUTCOME_DONE);
	}
	if (small->flushing != NULL) {
		memtable_each(small->flushing, small_flush_row, small);
		small->flushing = NULL;
		node_flushed(small->node, OUTCOME_DONE);
	}
	if (small->erasing) {
		small->erasing = false;
		node_slots_erased(small->node, OUTCOME_DONE);
	}
}

static void
small_open(struct small *small)
{
	static struct seal_key peers[PRODUCERS_MAX];
	small->state = memtable_new();
	small->world = (struct world){
		.context = small,
		.now_us = small_now,
		.monotonic_us = small_now,
		.random = small_random,
		.reply = small_reply,
		.send = small_send,
		.journal_commit = small_commit,
		.journal_read = small_read,
		.journal_head = small_head,
		.state_flush = small_flush,
		.state_base = small_base,
		.slot_key = small_slot_key,
		.slots_ready = small_slots_ready,
		.slots_block = SLOTS,
		.slots_more = small_slots_more,
		.slots_erase = small_slots_erase,
		.space_free = small_much,
		.memory_used = small_much,
		.wake_at = small_wake,
		.crash_point = small_crash_point,
	};
	small->node = node_new(&(struct node_config){.module = &notification_module,
						     .world = &small->world,
						     .peer_keys = peers,
						     .memory_bytes = 64 << 20,
						     .secret = secret});
	node_open(small->node);
	while (!node_opened(small->node))
		small_turn(small);
}

static void
small_close(struct small *small)
{
	node_free(small->node);
	memtable_free(small->state);
	for (uint64_t i = 0; i < small->head; i++)
		free((void *)small->entries[i].data);
}

static void
small_begin(struct small *small, struct call *call)
{
	arena_reset(&small->node->call_arena);
	call_begin(call, small->node, methods_find(small->node, "MessageReactions.LearnerEnrolled"), &caller_node);
	call->scoped = true;
}

static char *
person_text(uint8_t number)
{
	static char text[ID_TEXT_BYTES];
	struct id id = {.bytes = {0, 4, [ID_BYTES - 1] = number}};
	id_format(id, text);
	return text;
}

static void
emit_contact(struct call *call, uint8_t person, const char *name)
{
	Mt__Personal personal = MT__PERSONAL__INIT;
	Mt__ContactRecord contact = MT__CONTACT_RECORD__INIT;
	Mt__ContactNoted fact = MT__CONTACT_NOTED__INIT;
	personal.name = (char *)name;
	contact.person_id = person_text(person);
	contact.personal = &personal;
	fact.contact = &contact;
	call_emit(call, &fact.base);
}

static void
small_note(struct small *small, uint8_t person, const char *name)
{
	struct call call;
	struct entry entry;
	small_begin(small, &call);
	emit_contact(&call, person, name);
	assert_false(call.slots_short);
	entry_begin(small->node, &entry);
	entry_add(&entry, &call);
	entry_commit(small->node, &entry);
	small_turn(small);
}

static const char *
name_of(struct small *small, uint8_t person)
{
	struct call call;
	small_begin(small, &call);
	const Mt__ContactRecord *contact = contact_find(&call, person_text(person));
	return contact == NULL || contact->personal == NULL ? "none" : contact->personal->name;
}

static bool
is_written(const struct small *small, const char *text)
{
	struct store_walk walk = store_walk(node_store(small->node), slice_of("", 0));
	for (uint64_t i = 0; i < small->head; i++) {
		if (memmem(small->entries[i].data, small->entries[i].size, text, strlen(text)) != NULL)
			return true;
	}
	while (store_walk_next(&walk)) {
		if (memmem(walk.value.data, walk.value.size, text, strlen(text)) != NULL)
			return true;
	}
	return false;
}

static void
a_node_writes_nothing_that_can_be_read(void **state)
{
	(void)state;
	struct small small = {.slots_ready = SLOTS};
	small_open(&small);
	small_note(&small, 1, "Tran Canh");
	small_note(&small, 2, "Le Hoa");
	small_note(&small, 1, "Tran Canh Moi");
	assert_string_equal(name_of(&small, 1), "Tran Canh Moi");
	assert_string_equal(name_of(&small, 2), "Le Hoa");
	assert_int_equal(small.node->personal->slots_next, 2);
	assert_false(is_written(&small, "Tran"));
	assert_false(is_written(&small, "Hoa"));
	small_close(&small);
}

static void
a_call_that_came_to_nothing_gives_its_slots_back(void **state)
{
	(void)state;
	struct small small = {.slots_ready = SLOTS};
	struct call call;
	small_open(&small);
	small_begin(&small, &call);
	emit_contact(&call, 5, "A");
	emit_contact(&call, 5, "B");
	emit_contact(&call, 6, "C");
	assert_int_equal(call.subjects->slot, 1); /* two facts about one person share a slot */
	small_note(&small, 7, "D");
	assert_int_equal(small.node->personal->slots_next, 1);
	small_close(&small);
}

static void
a_call_without_a_slot_is_told_so(void **state)
{
	(void)state;
	struct small small = {.slots_ready = 1};
	struct call call;
	small_open(&small);
	small_note(&small, 1, "A");
	small_begin(&small, &call);
	emit_contact(&call, 1, "still");
	assert_false(call.slots_short);
	emit_contact(&call, 2, "B");
	assert_true(call.slots_short);
	assert_false(slots_leave_room(small.node));
	small_close(&small);
}

/* The journal again, in another node: the rows that hold something sealed are the same. */
static void
check_rebuilt(struct small *small)
{
	struct small again = *small;
	small_open(&again);
	struct store_walk one = store_walk(node_store(small->node), slice_of("", 0));
	struct store_walk other = store_walk(node_store(again.node), slice_of("", 0));
	for (bool more = true; more;) {
		more = store_walk_next(&one);
		assert_int_equal(store_walk_next(&other), more);
		assert_true(!more || (slice_equal(one.key, other.key) && slice_equal(one.value, other.value)));
	}
	node_free(again.node);
	memtable_free(again.state);
}

static void
who_is_erased_is_gone_and_stays_so(void **state)
{
	(void)state;
	struct small small = {.slots_ready = SLOTS};
	Mt__SubjectErased erased = MT__SUBJECT_ERASED__INIT;
	small_open(&small);
	small_note(&small, 1, "Tran Canh");
	small_note(&small, 2, "Le Hoa");
	check_rebuilt(&small);
	erased.person_id = person_text(1);
	node_commit_own(small.node, &erased.base);
	small_turn(&small);
	assert_string_equal(name_of(&small, 1), "none");
	assert_false(small.destroyed[0]); /* the state on disk does not stand for it yet */
	check_rebuilt(&small);
	small.destroyed[0] = true;
	check_rebuilt(&small);
	small.destroyed[0] = false;
	small_note(&small, 1, "Tran Canh"); /* nothing is sealed for who was erased */
	assert_string_equal(name_of(&small, 1), "");
	check_rebuilt(&small);

	for (int i = 0; i < 5; i++) {
		small.now_us += 1100 * 1000;
		small_turn(&small);
	}
	assert_true(small.destroyed[0]);
	assert_false(small.destroyed[1]);
	assert_int_equal(small.ledger_count, 1);
	assert_false(small.node->personal->erasures_waiting);
	small_close(&small);
}

/* What a follower is served: the texts, which it seals under keys of its own. */
static void
a_follower_gets_texts_and_no_keys(void **state)
{
	(void)state;
	struct small small = {.slots_ready = SLOTS};
	struct call call;
	struct fault fault;
	const ProtobufCMessageDescriptor *leaf;
	struct slice bytes;
	size_t used = 0;
	small_open(&small);
	small_begin(&small, &call);
	emit_contact(&call, 3, "Vu Mai");
	assert_true(fact_open(small.node->module->facts, call.facts->bytes, &leaf, &bytes));
	ProtobufCMessage *served = pb_unpack_trusted(leaf, call.arena, bytes);
	struct personal_texts texts = {.node = small.node, .arena = call.arena};
	personal_texts_add(&texts, served);
	assert_int_equal(texts.count, 1);
	ProtobufCMessage *got = pb_unpack(leaf, call.arena, bytes, true, &fault);
	assert_string_equal(((Mt__ContactNoted *)got)->contact->personal->name, "");
	assert_false(personal_fill(small.node, call.arena, got, texts.list, 0, &used));
	got = pb_unpack(leaf, call.arena, bytes, true, &fault);
	used = 0;
	assert_true(personal_fill(small.node, call.arena, got, texts.list, texts.count, &used));
	assert_int_equal(used, 1);
	assert_string_equal(((Mt__ContactNoted *)got)->contact->personal->name, "Vu Mai");
	small_close(&small);
}

static struct entry_parts served;

static void
on_served(const Mt__JournalReadReply *reply, void *call)
{
	(void)call;
	ProtobufCBinaryData last = reply->entries[reply->n_entries - 1];
	assert_true(entry_split(slice_of(last.data, last.len), &served));
}

static void
a_follower_gets_no_facts_that_it_passes_over(void **state)
{
	(void)state;
	struct small small = {.slots_ready = SLOTS};
	struct call call;
	const uint32_t noted = 1 << 16 | 1; /* MessageFact, ContactNoted */
	small_open(&small);
	small_note(&small, 3, "Vu Mai");
	for (uint32_t passes = noted; passes <= noted + 1; passes++) {
		Mt__JournalReadRequest request = MT__JOURNAL_READ_REQUEST__INIT;
		small_begin(&small, &call);
		call.from_node = true;
		request.passes = &passes;
		request.n_passes = 1;
		journal_service.read(&journal_service, &request, on_served, &call);
		assert_int_equal(served.personal_count, passes == noted ? 0 : 1);
		assert_int_equal(served.facts.size > 0, passes != noted);
		assert_int_equal(served.facts_hash.size, passes == noted ? HASH_BYTES : 0);
	}
	small_close(&small);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_node_writes_nothing_that_can_be_read),
		cmocka_unit_test(a_call_that_came_to_nothing_gives_its_slots_back),
		cmocka_unit_test(a_call_without_a_slot_is_told_so),
		cmocka_unit_test(who_is_erased_is_gone_and_stays_so),
		cmocka_unit_test(a_follower_gets_texts_and_no_keys),
		cmocka_unit_test(a_follower_gets_no_facts_that_it_passes_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
