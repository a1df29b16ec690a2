/* tests/unit/seal_node_test.c
 *
 * A whole node that seals what is personal: it writes nothing that can be read, shows it to
 * its service, and comes to the same state when its journal is replayed, with the key of an
 * erased subject or without it. The bytes and the file of keys: seal_test.c. */
#include "tests/unit/small_node.h"

#include "services/notification/message.h"
#include "services/notification/service.h"

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
	small_open(&small, &notification_module);
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
	small_open(&small, &notification_module);
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
	small_open(&small, &notification_module);
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
	small_open(&again, &notification_module);
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
	small_open(&small, &notification_module);
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
	small_open(&small, &notification_module);
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
	small_open(&small, &notification_module);
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

/* Of kinds whose reactions look at nothing personal: the fact is there, as if who it is about had been erased, and the
 * hash of what is chained beside it. */
static void
a_follower_gets_nothing_personal_that_it_does_not_want(void **state)
{
	(void)state;
	struct small small = {.slots_ready = SLOTS};
	struct call call;
	uint32_t kinds = 1 << 16 | 1; /* MessageFact, ContactNoted */
	struct entry_parts stored;
	struct slice list;
	struct slice fact;
	struct slice bytes;
	uint8_t hash[HASH_BYTES];
	const ProtobufCMessageDescriptor *leaf;
	Mt__JournalReadRequest request = MT__JOURNAL_READ_REQUEST__INIT;
	small_open(&small, &notification_module);
	small_note(&small, 3, "Vu Mai");
	small_begin(&small, &call);
	call.from_node = true;
	request.without_personal = &kinds;
	request.n_without_personal = 1;
	journal_service.read(&journal_service, &request, on_served, &call);
	assert_true(entry_read(small.node, small.node->head.seq, &stored));
	hash_sha256(stored.facts, hash);
	assert_int_equal(served.facts_hash.size, HASH_BYTES);
	assert_memory_equal(served.facts_hash.data, hash, HASH_BYTES);
	assert_int_equal(served.personal_count, 0);
	assert_true(served.facts.size < stored.facts.size);
	list = served.facts;
	assert_true(facts_next(&list, &fact));
	assert_int_equal(list.size, 0);
	assert_true(fact_open(small.node->module->facts, fact, &leaf, &bytes));
	const Mt__ContactNoted *noted = (const Mt__ContactNoted *)pb_unpack_trusted(leaf, call.arena, bytes);
	assert_string_equal(noted->contact->person_id, person_text(3));
	assert_string_equal(noted->contact->personal->name, "");
	assert_int_equal(noted->contact->personal->sealed.len, 0);
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
		cmocka_unit_test(a_follower_gets_nothing_personal_that_it_does_not_want),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
