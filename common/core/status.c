/* common/core/status.c
 *
 * The Node service: how this node is doing, and what it refused while following. */
#include "common/base/text.h"
#include "common/core/impl.h"

#include <assert.h>

static struct key
refused_key(uint64_t seq, uint32_t index)
{
	struct key key = key_of(TABLE_REFUSED);
	key_u64(&key, seq);
	key_u32(&key, index);
	return key;
}

void
refused_apply(struct apply *apply, const Mt__ReactionRefused *fact)
{
	struct key key = refused_key(apply->seq, apply->index);
	const struct method *method = methods_find(apply->node, fact->method);
	if (method != NULL && personal_verdict(apply->node, method->rule->input) == PERSONAL_HOLDS) {
		ProtobufCMessage *input = pb_unpack_trusted(method->rule->input, apply->arena,
							    slice_of(fact->input.data, fact->input.len));
		assert(input != NULL);
		personal_note(apply, input);
	}
	apply_put(apply, &key, &fact->base);
	if (!apply->scratch)
		apply->node->counts.refused_reactions++;
}

/* A refusal's id is the hex of its key behind the table. */
static bool
refused_key_of(const char *refusal_id, struct key *key)
{
	*key = key_of(TABLE_REFUSED);
	if (!text_from_hex(refusal_id, key->data + key->size, 12))
		return false;
	key->size += 12;
	return true;
}

void
refused_apply_settled(struct apply *apply, const Mt__RefusedReactionSettled *fact)
{
	struct key key;
	if (!refused_key_of(fact->refusal_id, &key))
		return;
	apply_delete(apply, &key);
	if (!apply->scratch && apply->node->counts.refused_reactions > 0)
		apply->node->counts.refused_reactions--;
}

static Mt__FeedStatus *
feed_status(struct arena *arena, const struct feed *feed)
{
	Mt__FeedStatus *status = arena_alloc(arena, sizeof(*status));
	mt__feed_status__init(status);
	status->producer = (char *)feed->producer->name;
	status->state = (char *)(feed->state == FEED_STOPPED ? "stopped" : "following");
	status->reason = arena_text(arena, slice_text(feed->reason));
	status->seq = feed->seq;
	status->head_seq = feed->head_seq > feed->seq ? feed->head_seq : feed->seq;
	return status;
}

void
node_status(struct node *node, struct arena *arena, Mt__NodeStatus *status)
{
	const struct world *world = node->world;
	mt__node_status__init(status);
	status->service = (char *)node->module->name;
	status->ready = node_ready(node);
	status->incarnation = node->head.incarnation;
	status->seq = node->head.seq;
	status->durable_seq = node->durable_seq;
	status->flushed_seq = node->flushed_seq;
	struct slice hash = arena_copy(arena, slice_of(node->head.hash, HASH_BYTES));
	status->hash = (ProtobufCBinaryData){hash.size, (uint8_t *)hash.data};
	status->calls = node->counts.calls;
	status->refusals = node->counts.refusals;
	status->facts = node->counts.facts;
	status->rows_written = node->store.rows_written;
	status->journal_bytes = node->counts.journal_bytes;
	status->queue_bytes = node->queue.bytes;
	status->memtable_bytes = memtable_bytes(node->store.top);
	status->memory_bytes = world->memory_used(world->context);
	status->space_free_bytes = world->space_free(world->context);
	status->commits = node->counts.commits;
	status->flushes = node->counts.flushes;
	status->parked_calls = node->parked_count;
	status->refused_reactions = node->counts.refused_reactions;
	status->overloads = node->counts.overloads;
	status->timers_fired = node->counts.timers_fired;
	status->slots_used = node->personal->slots_next;
	status->slots_ready = world->slots_ready(world->context);
	status->erasures_waiting = node->personal->erasures_waiting;
	status->latency_us = arena_alloc(arena, 3 * sizeof(uint64_t));
	status->n_latency_us = 3;
	replies_latency(&node->replies, status->latency_us);
	status->feeds = arena_alloc(arena, (node->feeds_count + 1) * sizeof(*status->feeds));
	for (size_t i = 0; i < node->feeds_count; i++)
		status->feeds[status->n_feeds++] = feed_status(arena, &node->feeds[i]);
}

static void
node_rpc_status(Mt__Node_Service *service, const Mt__StatusRequest *in, Mt__NodeStatus_Closure reply,
		void *closure_data)
{
	(void)service;
	(void)in;
	struct call *call = closure_data;
	call->saw_all = true;
	Mt__NodeStatus out;
	node_status(call->node, call->arena, &out);
	reply(&out, call);
}

static void
node_rpc_list_refused(Mt__Node_Service *service, const Mt__ListRefusedRequest *in, Mt__ListRefusedReply_Closure reply,
		      void *closure_data)
{
	(void)service;
	struct call *call = closure_data;
	struct key prefix = key_of(TABLE_REFUSED);
	struct page page;
	if (!page_begin(&page, call, &prefix, in->page_size, in->page_token))
		return;
	while (page_next(&page)) {
		Mt__RefusedReaction *item = arena_alloc(call->arena, sizeof(*item));
		mt__refused_reaction__init(item);
		struct slice rest = slice_of(page.walk.key.data + 1, page.walk.key.size - 1);
		item->refusal_id = arena_alloc(call->arena, rest.size * 2 + 1);
		text_hex(rest, item->refusal_id);
		item->refusal = (Mt__ReactionRefused *)pb_unpack_trusted(&mt__reaction_refused__descriptor, call->arena,
									 page.walk.value);
		assert(item->refusal != NULL);
		page_add(&page, item);
	}
	Mt__ListRefusedReply out = MT__LIST_REFUSED_REPLY__INIT;
	out.refusals = (Mt__RefusedReaction **)page.items;
	out.n_refusals = page.count;
	out.next_page_token = page_token(&page);
	reply(&out, call);
}

static const Mt__ReactionRefused *
refusal_or_refuse(struct call *call, const char *refusal_id)
{
	struct key key;
	const Mt__ReactionRefused *refusal = NULL;
	if (refused_key_of(refusal_id, &key))
		refusal = call_record(call, &key, &mt__reaction_refused__descriptor);
	if (refusal == NULL)
		call_refuse(call, MT__STATUS__NOT_FOUND, "refusal %.*s is unknown or settled",
			    text_cut(refusal_id, ID_TEXT_BYTES), refusal_id);
	return refusal;
}

static void
settle(struct call *call, const char *refusal_id, Mt__SettleRefusedReply_Closure reply)
{
	Mt__RefusedReactionSettled fact = MT__REFUSED_REACTION_SETTLED__INIT;
	fact.refusal_id = (char *)refusal_id;
	call_emit(call, &fact.base);
	Mt__SettleRefusedReply out = MT__SETTLE_REFUSED_REPLY__INIT;
	reply(&out, call);
}

static void
node_rpc_retry_refused(Mt__Node_Service *service, const Mt__SettleRefusedRequest *in,
		       Mt__SettleRefusedReply_Closure reply, void *closure_data)
{
	(void)service;
	struct call *call = closure_data;
	const Mt__ReactionRefused *refusal = refusal_or_refuse(call, in->refusal_id);
	if (refusal == NULL)
		return;
	const struct method *method = methods_find(call->node, refusal->method);
	assert(method != NULL);
	const ProtobufCMessage *input =
		call_unpack(call, method->rule->input, slice_of(refusal->input.data, refusal->input.len));
	assert(input != NULL);
	struct call again;
	call_begin(&again, call->node, method, &caller_node);
	bool accepted = dispatch_internal(call->node, &again, method, input);
	call->slots_short = again.slots_short;
	if (!accepted) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "refused again: %s", again.message);
		return;
	}
	if (again.facts_count >= FACTS_PER_CALL_MAX) {
		call_refuse(call, MT__STATUS__RESOURCE_EXHAUSTED, "the reaction makes %d facts or more",
			    FACTS_PER_CALL_MAX);
		return;
	}
	if (again.facts_count > 0) {
		*call->facts_last = again.facts;
		call->facts_last = again.facts_last;
		call->facts_count += again.facts_count;
	}
	settle(call, in->refusal_id, reply);
}

static void
node_rpc_dismiss_refused(Mt__Node_Service *service, const Mt__SettleRefusedRequest *in,
			 Mt__SettleRefusedReply_Closure reply, void *closure_data)
{
	(void)service;
	struct call *call = closure_data;
	if (refusal_or_refuse(call, in->refusal_id) != NULL)
		settle(call, in->refusal_id, reply);
}

static void
node_rpc_rejoin(Mt__Node_Service *service, const Mt__RejoinRequest *in, Mt__RejoinReply_Closure reply,
		void *closure_data)
{
	(void)service;
	struct call *call = closure_data;
	if (in->position == NULL || (in->position->seq > 0 && in->position->hash.len != HASH_BYTES)) {
		call_refuse_field(call, "position", "position wants seq, incarnation and hash");
		return;
	}
	for (size_t i = 0; i < call->node->feeds_count; i++) {
		const struct feed *feed = &call->node->feeds[i];
		if (strcmp(feed->producer->name, in->position->producer) != 0)
			continue;
		if (feed->state != FEED_STOPPED) {
			call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "the feed of %s is not stopped",
				    feed->producer->name);
			return;
		}
		Mt__FeedRejoined fact = MT__FEED_REJOINED__INIT;
		fact.position = in->position;
		fact.lost_from_seq = in->lost_from_seq;
		fact.lost_to_seq = in->lost_to_seq;
		call_emit(call, &fact.base);
		Mt__RejoinReply out = MT__REJOIN_REPLY__INIT;
		reply(&out, call);
		return;
	}
	call_refuse_field(call, "position.producer", "this node does not follow %.*s",
			  text_cut(in->position->producer, CODE_BYTES_MAX), in->position->producer);
}

Mt__Node_Service node_service = MT__NODE__INIT(node_rpc_);
