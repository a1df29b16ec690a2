/* common/core/journal.c
 *
 * The journal from the node's side: an outcome becomes an entry, chained to the one
 * before; entries gather in one batch while the other is being committed, so the loop
 * goes on deciding while the disk syncs. This is the seam for a replicated journal:
 * entry_commit puts in, node_committed says it is durable.
 *
 *   hash = SHA-256(previous hash, header, SHA-256(facts), SHA-256(reply)) */
#include "common/core/impl.h"

#include "common/base/fatal.h"
#include "common/wire/varint.h"

#include <assert.h>
#include <stdlib.h>

enum {
	ENTRY_HEADER = 1,
	ENTRY_FACTS,
	ENTRY_REPLY,
	ENTRY_HASH,
	ENTRY_REPLY_HASH,
	ENTRY_PERSONAL,
	ENTRY_FACTS_HASH,
	WIRE_LENGTH_DELIMITED = 2,
};

static void
put_part(struct buf *buf, unsigned field, struct slice bytes)
{
	uint8_t *at = buf_extend(buf, 1 + varint_size(bytes.size) + bytes.size);
	if (at == NULL)
		return; /* buf_failed says so */
	*at = (uint8_t)(field << 3 | WIRE_LENGTH_DELIMITED);
	at = varint_write(at + 1, bytes.size);
	if (bytes.size > 0)
		memcpy(at, bytes.data, bytes.size);
}

/* The next length-delimited field; false at the end or if it is none. */
static bool
next_part(struct slice *rest, unsigned *field, struct slice *content)
{
	if (rest->size < 2 || (rest->data[0] & 0x87) != WIRE_LENGTH_DELIMITED)
		return false;
	*field = rest->data[0] >> 3;
	size_t length = 0;
	size_t at = 1;
	for (unsigned shift = 0; shift < 35; shift += 7) {
		if (at == rest->size)
			return false;
		uint8_t byte = rest->data[at++];
		length |= (size_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			break;
	}
	if (length > rest->size - at)
		return false;
	*content = slice_of(rest->data + at, length);
	*rest = slice_of(rest->data + at + length, rest->size - at - length);
	return true;
}

bool
entry_split(struct slice bytes, struct entry_parts *parts)
{
	const struct slice nothing = slice_text("");
	*parts = (struct entry_parts){nothing, nothing, nothing, nothing, nothing, nothing, 0};
	unsigned field;
	struct slice content;
	while (bytes.size > 0) {
		if (!next_part(&bytes, &field, &content))
			return false;
		if (field == ENTRY_HEADER)
			parts->header = content;
		else if (field == ENTRY_FACTS)
			parts->facts = content;
		else if (field == ENTRY_REPLY)
			parts->reply = content;
		else if (field == ENTRY_HASH)
			parts->hash = content;
		else if (field == ENTRY_REPLY_HASH)
			parts->reply_hash = content;
		else if (field == ENTRY_FACTS_HASH)
			parts->facts_hash = content;
		else if (field == ENTRY_PERSONAL)
			parts->personal_count++;
		else
			return false;
	}
	return parts->hash.size == HASH_BYTES && parts->header.size > 0;
}

struct slice *
entry_personal(struct arena *arena, struct slice bytes, const struct entry_parts *parts)
{
	struct slice *texts = arena_alloc(arena, (parts->personal_count + 1) * sizeof(*texts));
	unsigned field;
	struct slice content;
	for (size_t count = 0; next_part(&bytes, &field, &content);) {
		if (field == ENTRY_PERSONAL)
			texts[count++] = content;
	}
	return texts;
}

void
entry_facts_hash(const struct node *node, uint64_t seq, struct slice facts, uint8_t out[HASH_BYTES])
{
	const struct facts_hash *kept = &node->facts_hashes[seq % FACTS_HASHES_KEPT];
	if (kept->seq == seq)
		memcpy(out, kept->hash, HASH_BYTES);
	else
		hash_sha256(facts, out);
}

void
entry_hash(const uint8_t previous[HASH_BYTES], struct slice header, const uint8_t facts_hash[HASH_BYTES],
	   const uint8_t reply_hash[HASH_BYTES], uint8_t out[HASH_BYTES])
{
	struct slice parts[] = {slice_of(previous, HASH_BYTES), header, slice_of(facts_hash, HASH_BYTES),
				slice_of(reply_hash, HASH_BYTES)};
	hash_sha256_parts(parts, sizeof(parts) / sizeof(parts[0]), out);
}

bool
facts_next(struct slice *list, struct slice *fact)
{
	unsigned field;
	return next_part(list, &field, fact);
}

size_t
facts_split(struct arena *arena, struct slice list, struct slice **facts)
{
	struct slice fact;
	size_t count = 0;
	for (struct slice rest = list; facts_next(&rest, &fact);)
		count++;
	*facts = arena_alloc(arena, (count + 1) * sizeof(**facts));
	count = 0;
	for (struct slice rest = list; facts_next(&rest, &fact);)
		(*facts)[count++] = fact;
	return count;
}

static void
batch_init(struct batch *batch)
{
	*batch = (struct batch){.first_seq = 0};
	batch->sizes = malloc(JOURNAL_BATCH_ENTRIES_MAX * sizeof(*batch->sizes));
	if (batch->sizes == NULL)
		fatal("no memory for a journal batch");
	/* One entry may pass the mark at which deciding stops; it is at most a frame long. */
	buf_init(&batch->bytes, (size_t)JOURNAL_BATCH_BYTES_MAX + 2 * FRAME_BYTES_MAX);
}

static void
batch_clear(struct batch *batch)
{
	free(batch->sizes);
	buf_free(&batch->bytes);
}

void
journal_init(struct node *node)
{
	node->facts_hashes = calloc(FACTS_HASHES_KEPT, sizeof(*node->facts_hashes));
	if (node->facts_hashes == NULL)
		fatal("no memory for the hashes of facts");
	batch_init(&node->filling);
	batch_init(&node->committing);
}

void
journal_clear(struct node *node)
{
	free(node->facts_hashes);
	batch_clear(&node->filling);
	batch_clear(&node->committing);
}

static bool
batch_find(const struct batch *batch, uint64_t seq, struct slice *entry)
{
	if (batch->count == 0 || seq < batch->first_seq || seq >= batch->first_seq + batch->count)
		return false;
	size_t at = 0;
	for (uint64_t i = 0; i < seq - batch->first_seq; i++)
		at += batch->sizes[i];
	*entry = slice_of(batch->bytes.data + at, batch->sizes[seq - batch->first_seq]);
	return true;
}

bool
entry_read(struct node *node, uint64_t seq, struct entry_parts *parts)
{
	struct slice bytes;
	bool found = seq <= node->durable_seq
			     ? node->world->journal_read(node->world->context, seq, &bytes)
			     : batch_find(&node->committing, seq, &bytes) || batch_find(&node->filling, seq, &bytes);
	return found && entry_split(bytes, parts);
}

void
entry_begin(struct node *node, struct entry *entry)
{
	*entry = (struct entry){.header = MT__ENTRY_HEADER__INIT, .reply = slice_text("")};
	entry->header.incarnation = node->head.incarnation;
	entry->header.seq = node->head.seq + 1;
	entry->header.time_us = node_now_us(node);
	entry->facts_last = &entry->facts;
	entry->unapplied = &entry->facts;
	node->recent->writing_seq = entry->header.seq;
}

void
entry_add(struct entry *entry, const struct call *call)
{
	if (call->facts_count == 0)
		return;
	*entry->facts_last = call->facts;
	entry->facts_last = call->facts_last;
	entry->facts_count += call->facts_count;
}

void
entry_apply(struct node *node, struct store *store, bool scratch, struct entry *entry)
{
	struct apply apply = {
		.node = node,
		.store = store,
		.arena = &node->apply_arena,
		.time_us = entry->header.time_us,
		.seq = entry->header.seq,
		.scratch = scratch,
	};
	for (; *entry->unapplied != NULL; entry->unapplied = &(*entry->unapplied)->next) {
		apply.index = entry->applied_count++;
		arena_reset(&node->apply_arena);
		personal_next(node);
		ProtobufCMessage *fact =
			pb_unpack_trusted(node->module->facts, apply.arena, (*entry->unapplied)->bytes);
		if (fact == NULL)
			fatal("%s: entry %llu holds a fact that cannot be read", node->module->name,
			      (unsigned long long)entry->header.seq);
		if (fact_stays_closed(node->module, (*entry->unapplied)->bytes))
			personal_take_closed(&apply, fact);
		else
			personal_take(&apply, fact, (*entry->unapplied)->pieces);
		node->module->apply(&apply, fact);
	}
}

static struct apply
apply_beside(struct node *node, const Mt__EntryHeader *header)
{
	arena_reset(&node->apply_arena);
	personal_next(node);
	return (struct apply){
		.node = node,
		.store = &node->store,
		.arena = &node->apply_arena,
		.time_us = header->time_us,
		.seq = header->seq,
	};
}

/* The row of the timer that fired goes first: a fact may set the same timer again. */
static void
apply_before_facts(struct node *node, const Mt__EntryHeader *header)
{
	struct apply apply = apply_beside(node, header);
	if (header->timer.len > 0)
		timer_apply_fired(&apply, slice_of(header->timer.data, header->timer.len));
}

/* What every entry writes beside its facts. */
static void
apply_after_facts(struct node *node, const Mt__EntryHeader *header)
{
	struct apply apply = apply_beside(node, header);
	if (header->call_id[0] != '\0')
		saved_apply(&apply, header);
	if (header->followed != NULL)
		feed_apply_position(&apply, header->followed);
}

/* The list of facts as it stands in the buffer, until something is put behind it. */
static struct slice
put_facts(struct buf *buf, const struct entry *entry)
{
	size_t size = 0;
	for (const struct emitted *emitted = entry->facts; emitted != NULL; emitted = emitted->next)
		size += 1 + varint_size(emitted->bytes.size) + emitted->bytes.size;
	assert(size <= FACTS_BYTES_MAX);
	uint8_t *at = buf_extend(buf, 1 + varint_size(size));
	assert(at != NULL);
	*at = ENTRY_FACTS << 3 | WIRE_LENGTH_DELIMITED;
	varint_write(at + 1, size);
	for (const struct emitted *emitted = entry->facts; emitted != NULL; emitted = emitted->next)
		put_part(buf, 1, emitted->bytes);
	assert(!buf_failed(buf));
	return slice_of(buf->data + buf->size - size, size);
}

/* The entry as it is committed; out is its hash. */
static void
batch_append(struct node *node, const struct entry *entry, uint8_t out[HASH_BYTES])
{
	struct batch *batch = &node->filling;
	struct facts_hash *facts_hash = &node->facts_hashes[entry->header.seq % FACTS_HASHES_KEPT];
	struct slice header = pb_pack(&node->call_arena, &entry->header.base);
	uint8_t reply_hash[HASH_BYTES];
	if (batch->count == 0)
		batch->first_seq = entry->header.seq;
	assert(batch->count < JOURNAL_BATCH_ENTRIES_MAX);
	size_t before = batch->bytes.size;
	put_part(&batch->bytes, ENTRY_HEADER, header);
	facts_hash->seq = entry->header.seq;
	hash_sha256(put_facts(&batch->bytes, entry), facts_hash->hash);
	hash_sha256(entry->reply, reply_hash);
	entry_hash(node->head.hash, header, facts_hash->hash, reply_hash, out);
	put_part(&batch->bytes, ENTRY_REPLY, entry->reply);
	put_part(&batch->bytes, ENTRY_HASH, slice_of(out, HASH_BYTES));
	assert(!buf_failed(&batch->bytes));
	batch->sizes[batch->count++] = batch->bytes.size - before;
	node->counts.journal_bytes += batch->bytes.size - before;
}

void
entry_commit(struct node *node, struct entry *entry)
{
	const struct world *world = node->world;
	const Mt__EntryHeader *header = &entry->header;
	assert(header->seq == node->head.seq + 1);
	world->crash_point(world->context, CRASH_DECIDED);
	apply_before_facts(node, header);
	entry_apply(node, &node->store, false, entry);
	apply_after_facts(node, header);
	world->crash_point(world->context, CRASH_APPLIED);

	uint8_t hash[HASH_BYTES];
	batch_append(node, entry, hash);
	node->head.seq = header->seq;
	node->head.time_us = header->time_us;
	node->head.facts += entry->facts_count;
	node->counts.facts += entry->facts_count;
	memcpy(node->head.hash, hash, HASH_BYTES);
	world->crash_point(world->context, CRASH_APPENDED);
}

/* The facts of a stored entry, ready to be applied. */
static void
entry_load(struct node *node, struct entry *entry, const Mt__EntryHeader *header, struct slice list)
{
	struct slice *facts;
	size_t count = facts_split(&node->call_arena, list, &facts);
	entry_begin(node, entry);
	entry->header = *header;
	for (size_t i = 0; i < count; i++) {
		struct emitted *emitted = arena_alloc(&node->call_arena, sizeof(*emitted));
		*emitted = (struct emitted){.bytes = facts[i]}; /* its pieces have to be opened */
		*entry->facts_last = emitted;
		entry->facts_last = &emitted->next;
		entry->facts_count++;
	}
}

void
entry_replay(struct node *node)
{
	uint64_t seq = node->head.seq + 1;
	struct entry_parts parts;
	uint8_t hash[HASH_BYTES];
	uint8_t facts_hash[HASH_BYTES];
	uint8_t reply_hash[HASH_BYTES];
	arena_reset(&node->call_arena);
	if (!entry_read(node, seq, &parts))
		fatal("%s: journal entry %llu is missing or unreadable", node->module->name, (unsigned long long)seq);
	const Mt__EntryHeader *header = (const Mt__EntryHeader *)pb_unpack_trusted(&mt__entry_header__descriptor,
										   &node->call_arena, parts.header);
	hash_sha256(parts.facts, facts_hash);
	hash_sha256(parts.reply, reply_hash);
	entry_hash(node->head.hash, parts.header, facts_hash, reply_hash, hash);
	if (header == NULL || header->seq != seq || memcmp(hash, parts.hash.data, HASH_BYTES) != 0)
		fatal("%s: the journal's chain is broken at entry %llu", node->module->name, (unsigned long long)seq);

	struct entry entry;
	entry_load(node, &entry, header, arena_copy(&node->call_arena, parts.facts));
	apply_before_facts(node, header);
	entry_apply(node, &node->store, false, &entry);
	apply_after_facts(node, header);
	node->head.seq = seq;
	node->head.incarnation = header->incarnation;
	node->head.time_us = header->time_us;
	node->head.facts += entry.facts_count;
	memcpy(node->head.hash, hash, HASH_BYTES);
}

/* The world looks at the batch until node_committed, so its description lives as long as the node. */
void
journal_commit_batch(struct node *node)
{
	const struct world *world = node->world;
	node->committed = (struct journal_batch){
		.first_seq = node->committing.first_seq,
		.count = node->committing.count,
		.sizes = node->committing.sizes,
		.bytes = node->committing.bytes.data,
	};
	node->commit_under_way = true;
	world->crash_point(world->context, CRASH_COMMITTING);
	world->journal_commit(world->context, &node->committed);
}

void
journal_begin_commit(struct node *node)
{
	if (node->commit_under_way || node->commit_retry_us != 0 || node->filling.count == 0)
		return;
	struct batch batch = node->committing;
	node->committing = node->filling;
	node->filling = batch;
	node->filling.count = 0;
	buf_reset(&node->filling.bytes);
	journal_commit_batch(node);
}
