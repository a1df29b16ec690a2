/* common/core/journal_read.c
 *
 * Serving the journal: durable entries after a position, without their replies, as a
 * long poll. A reader that names the hash it stands at is told when this journal is
 * not the one it followed. A reader from outside gets the entries of its own
 * authority and below, with gaps in the sequence. Another service also gets the text of
 * what is sealed in them, to seal it under keys of its own; but what it says it does
 * nothing with it does not get: of some kinds nothing personal, of others nothing at all,
 * and then the hash of the entry's facts instead. */
#include "common/core/impl.h"

#include <assert.h>

enum {
	ENTRY_OVERHEAD_BYTES = 128, /* hashes and tags beside header and facts */
	NOUNS_PASSED_MAX = 128,     /* numbers of nouns and kinds beyond these are never passed over */
	KINDS_PASSED_MAX = 64,
};

struct kinds {
	bool some;
	uint64_t of_noun[NOUNS_PASSED_MAX]; /* a bit for each kind */
};

struct reading {
	struct call *call;
	struct slice *entries;
	size_t count;
	size_t capacity;
	size_t bytes;
	uint64_t read_seq; /* looked at up to here */
	struct kinds passes;
	struct kinds without_personal;
};

/* What of an entry's facts is served. */
enum serving { SERVES_ALL, SERVES_SOME, SERVES_NONE };

static void
kinds_set(struct kinds *kinds, const uint32_t *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t noun = list[i] >> 16;
		uint32_t kind = list[i] & UINT16_MAX;
		if (noun >= NOUNS_PASSED_MAX || kind >= KINDS_PASSED_MAX)
			continue;
		kinds->of_noun[noun] |= UINT64_C(1) << kind;
		kinds->some = true;
	}
}

static bool
kinds_has(const struct kinds *kinds, uint32_t kind)
{
	return kind >> 16 < NOUNS_PASSED_MAX && (kind & UINT16_MAX) < KINDS_PASSED_MAX &&
	       (kinds->of_noun[kind >> 16] >> (kind & UINT16_MAX) & 1) != 0;
}

/* Whoever names no kinds without personal data may know of none, and is served all facts or none. */
static enum serving
serving_of(const struct reading *reading, struct slice list)
{
	struct slice fact;
	bool all_passed = reading->passes.some;
	bool some_less = false;
	while ((all_passed || !some_less) && facts_next(&list, &fact)) {
		uint32_t kind = fact_kind(fact);
		all_passed = all_passed && kinds_has(&reading->passes, kind);
		some_less = some_less || kinds_has(&reading->without_personal, kind);
	}
	return all_passed ? SERVES_NONE : some_less ? SERVES_SOME : SERVES_ALL;
}

static bool
may_see(struct call *call, struct slice header_bytes)
{
	if (call->caller->everywhere)
		return true;
	const Mt__EntryHeader *header =
		(const Mt__EntryHeader *)pb_unpack_trusted(&mt__entry_header__descriptor, call->arena, header_bytes);
	assert(header != NULL);
	/* What the node did by itself (reactions, timers) belongs to no authority but the root. */
	const Mt__AuthorityRecord *root = tree_root(call->store, call->arena);
	const char *authority = header->authority;
	if (authority[0] == '\0' && root != NULL)
		authority = root->authority_id;
	return tree_covers(call->store, call->caller->authority, authority);
}

/* The fact unpacked, if there may be something personal in it; else NULL. */
static ProtobufCMessage *
open_personal(struct reading *reading, struct slice bytes)
{
	struct node *node = reading->call->node;
	const ProtobufCMessageDescriptor *leaf;
	struct slice content;
	bool known = fact_open(node->module->facts, bytes, &leaf, &content);
	assert(known);
	if (personal_verdict(node, leaf) != PERSONAL_HOLDS)
		return NULL;
	ProtobufCMessage *fact = pb_unpack_trusted(leaf, reading->call->arena, content);
	assert(fact != NULL);
	return fact;
}

/* What the reader wants of the facts; beside facts that it wants in part, those that it passes are left out. */
static struct slice
pick_facts(struct reading *reading, struct slice list)
{
	struct node *node = reading->call->node;
	struct arena *arena = reading->call->arena;
	struct slice *facts;
	size_t count = facts_split(arena, list, &facts);
	Mt__FactList picked = MT__FACT_LIST__INIT;
	picked.facts = arena_alloc(arena, (count + 1) * sizeof(*picked.facts));
	for (size_t i = 0; i < count; i++) {
		struct slice fact = facts[i];
		uint32_t kind = fact_kind(fact);
		if (kinds_has(&reading->passes, kind))
			continue;
		ProtobufCMessage *opened =
			kinds_has(&reading->without_personal, kind) ? open_personal(reading, fact) : NULL;
		if (opened != NULL) {
			personal_strip(node, arena, opened);
			fact = fact_wrap(node->module, arena, opened);
		}
		picked.facts[picked.n_facts++] = (ProtobufCBinaryData){fact.size, (uint8_t *)fact.data};
	}
	return pb_pack(arena, &picked.base);
}

/* The texts of what is sealed in the facts as they are served. */
static void
add_personal(struct reading *reading, struct slice list, Mt__Entry *entry)
{
	struct arena *arena = reading->call->arena;
	struct personal_texts texts = {.node = reading->call->node, .arena = arena};
	struct slice fact;
	while (facts_next(&list, &fact)) {
		bool stripped = kinds_has(&reading->without_personal, fact_kind(fact));
		ProtobufCMessage *opened = stripped ? NULL : open_personal(reading, fact);
		if (opened != NULL)
			personal_texts_add(&texts, opened);
	}
	entry->n_personal = texts.count;
	entry->personal = arena_alloc(arena, (texts.count + 1) * sizeof(*entry->personal));
	for (size_t i = 0; i < texts.count; i++)
		entry->personal[i] = (ProtobufCBinaryData){texts.list[i].size, (uint8_t *)texts.list[i].data};
	reading->bytes += texts.bytes;
}

static void
reading_add(struct reading *reading, uint64_t seq, const struct entry_parts *parts, enum serving serving)
{
	struct arena *arena = reading->call->arena;
	uint8_t reply_hash[HASH_BYTES];
	uint8_t facts_hash[HASH_BYTES];
	struct slice facts = slice_text("");
	hash_sha256(parts->reply, reply_hash);
	Mt__Entry entry = MT__ENTRY__INIT;
	entry.header = (ProtobufCBinaryData){parts->header.size, (uint8_t *)parts->header.data};
	entry.hash = (ProtobufCBinaryData){parts->hash.size, (uint8_t *)parts->hash.data};
	entry.reply_hash = (ProtobufCBinaryData){HASH_BYTES, reply_hash};
	if (serving != SERVES_NONE)
		facts = serving == SERVES_SOME ? pick_facts(reading, parts->facts) : parts->facts;
	if (serving != SERVES_ALL) {
		entry_facts_hash(reading->call->node, seq, parts->facts, facts_hash);
		entry.facts_hash = (ProtobufCBinaryData){HASH_BYTES, facts_hash};
	}
	entry.facts = (ProtobufCBinaryData){facts.size, (uint8_t *)facts.data};
	if (reading->call->from_node)
		add_personal(reading, facts, &entry);
	if (reading->count == reading->capacity) {
		size_t capacity = reading->capacity == 0 ? 64 : reading->capacity * 2;
		struct slice *entries = arena_alloc(arena, capacity * sizeof(*entries));
		if (reading->count > 0)
			memcpy(entries, reading->entries, reading->count * sizeof(*entries));
		reading->entries = entries;
		reading->capacity = capacity;
	}
	reading->entries[reading->count++] = pb_pack(arena, &entry.base);
}

static void
reading_fill(struct reading *reading, uint64_t after_seq, size_t bytes_max)
{
	struct node *node = reading->call->node;
	if (after_seq >= node->durable_seq)
		return;
	for (uint64_t seq = after_seq + 1; seq <= node->durable_seq; seq++) {
		struct entry_parts parts;
		bool found = entry_read(node, seq, &parts);
		assert(found);
		enum serving serving = serving_of(reading, parts.facts);
		reading->bytes +=
			parts.header.size + (serving == SERVES_NONE ? 0 : parts.facts.size) + ENTRY_OVERHEAD_BYTES;
		if (reading->bytes > bytes_max && seq > after_seq + 1)
			return;
		reading->read_seq = seq;
		if (may_see(reading->call, parts.header))
			reading_add(reading, seq, &parts, serving);
	}
}

static bool
position_agrees(struct call *call, const Mt__JournalReadRequest *in)
{
	struct node *node = call->node;
	struct entry_parts parts;
	if (in->hash.len == 0 || in->after_seq == 0)
		return true;
	if (in->after_seq > node->durable_seq) {
		/* Undurable entries are served to nobody: the reader knows more than we ever told. */
		call_refuse(call, MT__STATUS__ABORTED, "entry %llu is not in this journal, which ends at %llu",
			    (unsigned long long)in->after_seq, (unsigned long long)node->durable_seq);
		return false;
	}
	bool found = entry_read(node, in->after_seq, &parts);
	assert(found);
	if (in->hash.len == HASH_BYTES && memcmp(in->hash.data, parts.hash.data, HASH_BYTES) == 0)
		return true;
	call_refuse(call, MT__STATUS__ABORTED, "entry %llu of this journal has another hash",
		    (unsigned long long)in->after_seq);
	return false;
}

static void
journal_rpc_read(Mt__Journal_Service *service, const Mt__JournalReadRequest *in, Mt__JournalReadReply_Closure reply,
		 void *closure_data)
{
	(void)service;
	struct call *call = closure_data;
	struct node *node = call->node;
	if (!position_agrees(call, in))
		return;
	size_t bytes_max =
		in->bytes_max != 0 && in->bytes_max < JOURNAL_READ_BYTES_MAX ? in->bytes_max : JOURNAL_READ_BYTES_MAX;
	struct reading reading = {.call = call, .read_seq = in->after_seq};
	kinds_set(&reading.passes, in->passes, in->n_passes);
	kinds_set(&reading.without_personal, in->without_personal, in->n_without_personal);
	reading_fill(&reading, in->after_seq, bytes_max);
	call->park_on = PARK_ON_JOURNAL;
	bool at_head = reading.read_seq >= node->durable_seq;
	if (reading.count == 0 && at_head && call_park(call, in->wait_ms))
		return;

	Mt__JournalReadReply out = MT__JOURNAL_READ_REPLY__INIT;
	out.n_entries = reading.count;
	out.entries = arena_alloc(call->arena, (reading.count + 1) * sizeof(*out.entries));
	for (size_t i = 0; i < reading.count; i++)
		out.entries[i] = (ProtobufCBinaryData){reading.entries[i].size, (uint8_t *)reading.entries[i].data};
	out.incarnation = node->head.incarnation;
	out.head_seq = node->durable_seq;
	out.read_seq = reading.read_seq;
	reply(&out, call);
}

Mt__Journal_Service journal_service = MT__JOURNAL__INIT(journal_rpc_);
