/* common/core/timer.c
 *
 * Timers are rows keyed by due time. A due one fires as an ordinary journalled call of
 * the node itself; its entry names the row, and applying the entry deletes it, so a
 * timer acts once. One that its handler refuses becomes a ReactionRefused fact. */
#include "common/core/impl.h"

#include <assert.h>

static struct key
timer_key(int64_t due_us, const char *method, const char *name)
{
	struct key key = key_of(TABLE_TIMER);
	key_i64(&key, due_us);
	key_text(&key, method);
	key_text(&key, name);
	return key;
}

void
apply_timer_set(struct apply *apply, int64_t due_us, const char *method, const char *name,
		const ProtobufCMessage *request)
{
	struct key key = timer_key(due_us, method, name);
	/* Rows of timers are nobody's: they could not be emptied when somebody is erased. */
	assert(personal_verdict(apply->node, request->descriptor) == PERSONAL_NOT);
	struct slice packed = pb_pack(apply->arena, request);
	Mt__TimerRecord record = MT__TIMER_RECORD__INIT;
	record.method = (char *)method;
	record.request = (ProtobufCBinaryData){packed.size, (uint8_t *)packed.data};
	apply_put(apply, &key, &record.base);
	struct node *node = apply->node;
	if (apply->scratch)
		return;
	if (due_us < node->timer_due_us)
		node->timer_due_us = due_us;
	if (slice_compare(key_slice(&key), key_slice(&node->timers_from)) < 0)
		node->timers_from = key;
}

void
apply_timer_clear(struct apply *apply, int64_t due_us, const char *method, const char *name)
{
	struct key key = timer_key(due_us, method, name);
	apply_delete(apply, &key);
}

void
timer_apply_fired(struct apply *apply, struct slice key)
{
	store_delete(apply->store, key);
}

/* The first row; false if there is none. Remembers when it is due, and its place: walking over
 * the rows of timers that fired before would cost more with each. */
static bool
timer_first(struct node *node, struct slice *key, struct slice *value)
{
	struct key table = key_of(TABLE_TIMER);
	struct slice from = node->timers_from.size == 0 ? key_slice(&table) : key_slice(&node->timers_from);
	struct store_walk walk = store_walk_from(&node->store, key_slice(&table), from);
	node->timer_due_us = INT64_MAX;
	if (!store_walk_next(&walk))
		return false;
	node->timers_from = key_copy(walk.key);
	*key = arena_copy(&node->call_arena, walk.key);
	*value = arena_copy(&node->call_arena, walk.value);
	struct slice rest = slice_of(key->data + 1, key->size - 1);
	bool read = key_read_i64(&rest, &node->timer_due_us);
	assert(read);
	return true;
}

static void
emit_refused(struct call *call, const Mt__TimerRecord *timer)
{
	Mt__ReactionRefused refused = MT__REACTION_REFUSED__INIT;
	refused.producer = (char *)"timer";
	refused.method = timer->method;
	refused.input = timer->request;
	refused.message = (char *)call->message;
	call->state = CALL_OPEN;
	call_emit(call, &refused.base);
}

bool
timers_fire(struct node *node)
{
	struct slice key;
	struct slice value;
	if (node->timer_due_us > node_now_us(node))
		return false;
	arena_reset(&node->call_arena);
	if (!timer_first(node, &key, &value) || node->timer_due_us > node_now_us(node))
		return false;

	const Mt__TimerRecord *timer =
		(const Mt__TimerRecord *)pb_unpack_trusted(&mt__timer_record__descriptor, &node->call_arena, value);
	assert(timer != NULL);
	const struct method *method = methods_find(node, timer->method);
	assert(method != NULL);
	const ProtobufCMessage *request = pb_unpack_trusted(method->rule->input, &node->call_arena,
							    slice_of(timer->request.data, timer->request.len));
	assert(request != NULL);

	struct call call;
	call_begin(&call, node, method, &caller_node);
	if (!dispatch_internal(node, &call, method, request))
		emit_refused(&call, timer);
	struct entry entry;
	entry_begin(node, &entry);
	entry.header.method = timer->method;
	entry.header.timer = (ProtobufCBinaryData){key.size, (uint8_t *)key.data};
	entry_add(&entry, &call);
	node->world->crash_point(node->world->context, CRASH_TIMER);
	entry_commit(node, &entry);
	node->counts.timers_fired++;
	node->timer_due_us = 0; /* look again: more may be due */
	return true;
}
