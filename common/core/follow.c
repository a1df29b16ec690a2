/* common/core/follow.c
 *
 * Following another node's journal. A feed asks for entries after its position, checks
 * the chain, and runs the reaction of each fact that has one. One entry of our own
 * holds all effects of a batch and how far it came; that position alone keeps a fact
 * from acting twice. A hash that does not match, or a fact unknown to this binary,
 * stops the feed and says so: nothing is skipped. A reaction that refuses becomes a
 * ReactionRefused fact and the feed goes on.
 *
 * The feed names the kinds of facts that nothing here reacts to. Of an entry of these alone
 * it is served the hash of the facts, enough for the chain: most entries concern few
 * followers, and a person's data leaves its service only where it is needed. A kind that
 * this binary does not know is never among those named.
 *
 * A batch without effects is not recorded, up to FEED_UNRECORDED_MAX entries: reading
 * them again after a crash costs nothing, while two nodes that follow each other would
 * otherwise answer each other's empty entries for ever. */
#include "common/core/impl.h"

#include "common/base/fatal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static struct key
cursor_key(const char *producer)
{
	struct key key = key_of(TABLE_CURSOR);
	key_text(&key, producer);
	return key;
}

static void
feed_goto(struct feed *feed, const Mt__Position *position)
{
	feed->incarnation = position->incarnation;
	feed->seq = position->seq;
	feed->recorded_seq = position->seq;
	assert(position->hash.len == HASH_BYTES || position->seq == 0);
	memset(feed->hash, 0, HASH_BYTES);
	if (position->hash.len == HASH_BYTES)
		memcpy(feed->hash, position->hash.data, HASH_BYTES);
	feed->state = FEED_IDLE;
	feed->retry_us = 0;
}

/* A producer's own mirror lags behind the owner's feed: acting on it would bring back what was revoked. */
static const struct method *
reaction_to(const struct node *node, const ProtobufCMessageDescriptor *noun, const ProtobufCMessageDescriptor *leaf)
{
	return noun == &mt__core_fact__descriptor ? NULL : methods_reaction(node, leaf);
}

/* Which facts are served in part, or not at all. */
static void
feed_sort_kinds(const struct node *node, struct feed *feed)
{
	const ProtobufCMessageDescriptor *facts = feed->producer->facts;
	feed->passes = calloc(FACT_KINDS_MAX, sizeof(*feed->passes));
	feed->without_personal = calloc(FACT_KINDS_MAX, sizeof(*feed->without_personal));
	if (feed->passes == NULL || feed->without_personal == NULL)
		fatal("no memory for a feed");
	for (unsigned i = 0; i < facts->n_fields; i++) {
		const ProtobufCMessageDescriptor *noun = facts->fields[i].descriptor;
		for (unsigned j = 0; j < noun->n_fields; j++) {
			const ProtobufCMessageDescriptor *leaf = noun->fields[j].descriptor;
			const struct method *reaction = reaction_to(node, noun, leaf);
			uint32_t kind = facts->fields[i].id << 16 | noun->fields[j].id;
			if (leaf == &mt__node_restored__descriptor)
				continue;
			assert(feed->passes_count + feed->without_personal_count < FACT_KINDS_MAX);
			if (reaction == NULL)
				feed->passes[feed->passes_count++] = kind;
			else if (reaction->rule->without_personal)
				feed->without_personal[feed->without_personal_count++] = kind;
		}
	}
}

void
feeds_init(struct node *node)
{
	for (const struct producer *producer = node->module->follows; producer->name != NULL; producer++) {
		assert(node->feeds_count < PRODUCERS_MAX);
		struct feed *feed = &node->feeds[node->feeds_count++];
		*feed = (struct feed){.producer = producer};
		buf_init(&feed->arrived, FRAME_BYTES_MAX);
		feed_sort_kinds(node, feed);
		struct key key = cursor_key(producer->name);
		struct slice value;
		if (!store_get(&node->store, key_slice(&key), &value))
			continue;
		arena_reset(&node->call_arena);
		const ProtobufCMessage *position =
			pb_unpack_trusted(&mt__position__descriptor, &node->call_arena, value);
		assert(position != NULL);
		feed_goto(feed, (const Mt__Position *)position);
	}
}

void
feeds_clear(struct node *node)
{
	for (size_t i = 0; i < node->feeds_count; i++) {
		buf_free(&node->feeds[i].arrived);
		free(node->feeds[i].passes);
		free(node->feeds[i].without_personal);
	}
}

void
feed_apply_position(struct apply *apply, const Mt__Position *position)
{
	struct key key = cursor_key(position->producer);
	apply_put(apply, &key, &position->base);
}

void
feed_apply_rejoined(struct apply *apply, const Mt__FeedRejoined *fact)
{
	feed_apply_position(apply, fact->position);
	struct node *node = apply->node;
	for (size_t i = 0; i < node->feeds_count && !apply->scratch; i++) {
		if (strcmp(node->feeds[i].producer->name, fact->position->producer) == 0)
			feed_goto(&node->feeds[i], fact->position);
	}
}

static void
feed_stop(struct feed *feed, const char *reason, uint64_t seq)
{
	feed->state = FEED_STOPPED;
	snprintf(feed->reason, sizeof(feed->reason), "entry %llu: %s", (unsigned long long)seq, reason);
}

static void
feed_ask(struct node *node, unsigned peer, struct feed *feed, int64_t now_us)
{
	const struct world *world = node->world;
	arena_reset(&node->call_arena);
	Mt__JournalReadRequest request = MT__JOURNAL_READ_REQUEST__INIT;
	request.after_seq = feed->seq;
	if (feed->seq > 0)
		request.hash = (ProtobufCBinaryData){HASH_BYTES, feed->hash};
	request.bytes_max = FEED_READ_BYTES;
	request.wait_ms = FEED_WAIT_MS;
	request.passes = feed->passes;
	request.n_passes = feed->passes_count;
	request.without_personal = feed->without_personal;
	request.n_without_personal = feed->without_personal_count;
	struct slice packed = pb_pack(&node->call_arena, &request.base);

	Mt__Call call = MT__CALL__INIT;
	call.tag = feed->tag = ++node->next_tag;
	call.method = (char *)"Journal.Read";
	call.request = (ProtobufCBinaryData){packed.size, (uint8_t *)packed.data};
	buf_reset(&node->send_frame);
	frame_add_call(&node->send_frame, pb_pack(&node->call_arena, &call.base));
	const struct seal_key *key = &node->config.peer_keys[peer];
	frame_close(&node->send_frame, key->key_id, key->key);
	if (!world->send(world->context, peer, buf_slice(&node->send_frame))) {
		feed->retry_us = now_us + (int64_t)FEED_AWAY_MS * 1000;
		return;
	}
	feed->state = FEED_ASKED;
	feed->retry_us = now_us + (int64_t)(FEED_WAIT_MS + FEED_RETRY_MS) * 1000;
}

void
feeds_pump(struct node *node)
{
	int64_t now_us = node->world->monotonic_us(node->world->context);
	for (unsigned i = 0; i < node->feeds_count; i++) {
		struct feed *feed = &node->feeds[i];
		bool lost = feed->state == FEED_ASKED && now_us >= feed->retry_us;
		bool free_to_ask = feed->state == FEED_IDLE && now_us >= feed->retry_us;
		if ((lost || free_to_ask) && !node->draining)
			feed_ask(node, i, feed, now_us);
	}
}

int64_t
feeds_next_us(const struct node *node)
{
	int64_t next = INT64_MAX;
	for (size_t i = 0; i < node->feeds_count && !node->draining; i++) {
		const struct feed *feed = &node->feeds[i];
		if ((feed->state == FEED_IDLE || feed->state == FEED_ASKED) && feed->retry_us < next)
			next = feed->retry_us;
	}
	return next;
}

/* The reply to what this feed asked last; anything else is an echo of an earlier request. */
static const Mt__Reply *
find_reply(struct node *node, const struct feed *feed, struct slice bytes)
{
	struct frame frame;
	struct slice part;
	struct fault fault;
	if (!frame_read(bytes, FRAME_CALLS_MAX, &frame) || frame.calls > 0)
		return NULL;
	for (size_t at = 0; frame_next(&frame, &at, &part);) {
		const Mt__Reply *reply =
			(const Mt__Reply *)pb_unpack(&mt__reply__descriptor, &node->call_arena, part, false, &fault);
		if (reply != NULL && reply->tag == feed->tag)
			return reply;
	}
	return NULL;
}

void
feeds_receive(struct node *node, unsigned peer, struct slice frame)
{
	assert(peer < node->feeds_count);
	struct feed *feed = &node->feeds[peer];
	arena_reset(&node->call_arena);
	if (feed->state != FEED_ASKED || find_reply(node, feed, frame) == NULL)
		return;
	buf_reset(&feed->arrived);
	buf_append(&feed->arrived, frame);
	if (!buf_failed(&feed->arrived))
		feed->state = FEED_ARRIVED;
}

static void
react(struct node *node, struct entry *entry, const struct feed *feed, uint64_t seq, const struct method *method,
      const ProtobufCMessage *fact)
{
	struct call call;
	call_begin(&call, node, method, &caller_node);
	call.arena = &node->feed_arena;
	call.now_us = entry->header.time_us;
	if (!dispatch_internal(node, &call, method, fact)) {
		/* Sealed anew: the producer's keys are not ours. */
		struct slice input = pb_pack(call.arena, personal_sealed(&call, fact, NULL));
		Mt__ReactionRefused refused = MT__REACTION_REFUSED__INIT;
		refused.producer = (char *)feed->producer->name;
		refused.seq = seq;
		refused.method = (char *)method->rule->name;
		refused.input = (ProtobufCBinaryData){input.size, (uint8_t *)input.data};
		refused.message = (char *)call.message;
		call.state = CALL_OPEN;
		call_emit(&call, &refused.base);
	}
	if (call.slots_short)
		fatal("%s: no slot of keys is left for what %s brought", node->module->name, feed->producer->name);
	entry_add(entry, &call);
	entry_apply(node, &node->store, false, entry);
}

/* The texts of what is sealed in an entry's facts. */
struct personal_part {
	const struct slice *texts;
	size_t count;
};

struct known_fact {
	const struct method *method;
	const ProtobufCMessage *fact;
	struct slice bytes;
};

/* All facts of an entry must be known before any acts. False if one is not, or lacks a text of what is
 * sealed in it. */
static bool
know_facts(struct node *node, const struct feed *feed, const struct slice *facts, size_t count,
	   const struct personal_part *personal, struct known_fact *known, bool *restored)
{
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		const ProtobufCMessageDescriptor *leaf;
		struct fault fault;
		known[i] = (struct known_fact){.method = NULL};
		if (!fact_open(feed->producer->facts, facts[i], &leaf, &known[i].bytes))
			return false;
		if (leaf == &mt__node_restored__descriptor)
			*restored = true;
		known[i].method = fact_is_core(feed->producer->facts, facts[i]) ? NULL : methods_reaction(node, leaf);
		if (known[i].method == NULL && personal_verdict(node, leaf) != PERSONAL_HOLDS)
			continue;
		ProtobufCMessage *fact = pb_unpack(leaf, &node->feed_arena, known[i].bytes, true, &fault);
		if (fact == NULL ||
		    !personal_fill(node, &node->feed_arena, fact, personal->texts, personal->count, &used))
			return false;
		known[i].fact = fact;
	}
	return used == personal->count;
}

static bool
chain_holds(const struct feed *feed, const struct entry_parts *parts, const Mt__EntryHeader *header)
{
	uint8_t hash[HASH_BYTES];
	uint8_t facts_hash[HASH_BYTES];
	if (header == NULL || header->seq != feed->seq + 1 || parts->reply_hash.size != HASH_BYTES)
		return false;
	if (parts->facts_hash.size == HASH_BYTES) /* of all of them; served were only those that are wanted */
		memcpy(facts_hash, parts->facts_hash.data, HASH_BYTES);
	else
		hash_sha256(parts->facts, facts_hash);
	entry_hash(feed->hash, parts->header, facts_hash, parts->reply_hash.data, hash);
	return memcmp(hash, parts->hash.data, HASH_BYTES) == 0;
}

/* False if the feed stopped here. */
static bool
follow_entry(struct node *node, struct entry *entry, struct feed *feed, struct slice bytes)
{
	struct entry_parts parts;
	struct arena *arena = &node->feed_arena;
	struct slice *facts;
	bool restored = false;
	if (!entry_split(bytes, &parts)) {
		feed_stop(feed, "cannot be read", feed->seq + 1);
		return false;
	}
	const Mt__EntryHeader *header =
		(const Mt__EntryHeader *)pb_unpack_trusted(&mt__entry_header__descriptor, arena, parts.header);
	if (!chain_holds(feed, &parts, header)) {
		feed_stop(feed, "its hash does not follow from the entry before", feed->seq + 1);
		return false;
	}
	size_t count = facts_split(arena, parts.facts, &facts);
	struct known_fact *known = arena_alloc(arena, (count + 1) * sizeof(*known));
	struct personal_part personal = {entry_personal(arena, bytes, &parts), parts.personal_count};
	if (!know_facts(node, feed, facts, count, &personal, known, &restored)) {
		feed_stop(feed, "holds a fact unknown to this binary", header->seq);
		return false;
	}
	if (feed->seq > 0 && header->incarnation != feed->incarnation && !restored) {
		feed_stop(feed, "is of another incarnation", header->seq);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (known[i].method != NULL)
			react(node, entry, feed, header->seq, known[i].method, known[i].fact);
	}
	feed->seq = header->seq;
	feed->incarnation = header->incarnation;
	memcpy(feed->hash, parts.hash.data, HASH_BYTES);
	return true;
}

static void
follow_batch(struct node *node, struct feed *feed, const Mt__JournalReadReply *batch)
{
	struct entry entry;
	bool full = feed->arrived.size >= FEED_READ_BYTES / 2 || batch->read_seq < batch->head_seq;
	entry_begin(node, &entry);
	feed->state = FEED_IDLE;
	feed->retry_us = full ? 0 : node->world->monotonic_us(node->world->context) + (int64_t)FEED_REST_MS * 1000;
	feed->head_seq = batch->head_seq;
	/* What finds no slots for new subjects is asked for again. */
	for (size_t i = 0; i < batch->n_entries && slots_leave_room(node); i++) {
		if (!follow_entry(node, &entry, feed, slice_of(batch->entries[i].data, batch->entries[i].len)))
			break;
	}
	if (entry.facts_count == 0 && feed->seq - feed->recorded_seq < FEED_UNRECORDED_MAX)
		return;
	Mt__Position position = MT__POSITION__INIT;
	position.producer = (char *)feed->producer->name;
	position.incarnation = feed->incarnation;
	position.seq = feed->seq;
	position.hash = (ProtobufCBinaryData){HASH_BYTES, feed->hash};
	entry.header.followed = &position;
	node->world->crash_point(node->world->context, CRASH_FOLLOWED);
	entry_commit(node, &entry);
	feed->recorded_seq = feed->seq;
}

static void
feed_work(struct node *node, struct feed *feed)
{
	struct fault fault;
	arena_reset(&node->call_arena);
	arena_reset(&node->feed_arena);
	const Mt__Reply *reply = find_reply(node, feed, buf_slice(&feed->arrived));
	assert(reply != NULL);
	if (reply->status == MT__STATUS__ABORTED) {
		feed_stop(feed, reply->message, feed->seq);
		return;
	}
	const ProtobufCMessage *batch = NULL;
	if (reply->status == MT__STATUS__OK)
		batch = pb_unpack(&mt__journal_read_reply__descriptor, &node->feed_arena,
				  slice_of(reply->reply.data, reply->reply.len), false, &fault);
	if (batch == NULL) {
		snprintf(feed->reason, sizeof(feed->reason), "trying again: %s", reply->message);
		feed->state = FEED_IDLE;
		feed->retry_us = node->world->monotonic_us(node->world->context) + (int64_t)FEED_RETRY_MS * 1000;
		return;
	}
	feed->reason[0] = '\0';
	follow_batch(node, feed, (const Mt__JournalReadReply *)batch);
}

bool
feeds_work(struct node *node)
{
	if (!slots_leave_room(node))
		return false;
	for (size_t i = 0; i < node->feeds_count; i++) {
		if (node->feeds[i].state == FEED_ARRIVED) {
			feed_work(node, &node->feeds[i]);
			return true;
		}
	}
	return false;
}
