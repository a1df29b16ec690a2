/* tests/sim/check_reactions.c
 *
 * What one service knows of another follows from that other's facts, none left out:
 * each cause in one journal has its effect in another, or a refused reaction that
 * says why not. Cause and effect find each other by the ids they name. */
#include "tests/sim/check.h"

#include <stdio.h>

#include "common/base/text.h"
#include "common/wire/pb.h"
#include "tests/sim/ledger.h"

#include "matricula/enrollment_service.pb-c.h"

enum { PATHS_MAX = 2, IDENTITY_BYTES = 200 };

struct trace {
	const char *name;             /* of the fact */
	const char *paths[PATHS_MAX]; /* fields that identify what it is about */
};

static const struct consequence {
	uint32_t producer;
	struct trace cause;
	uint32_t follower;
	struct trace effect;
	bool each; /* every cause has an effect of its own; else one effect stands for all causes of one identity */
} consequences[] = {
	{ENROLLMENT,
	 {"AuthorityRegistered", {"authority.authority_id"}},
	 ASSESSMENT,
	 {"AuthorityRegistered", {"authority.authority_id"}},
	 true},
	{ENROLLMENT,
	 {"AuthorityRegistered", {"authority.authority_id"}},
	 CERTIFICATE,
	 {"AuthorityRegistered", {"authority.authority_id"}},
	 true},
	{ENROLLMENT,
	 {"AuthorityRegistered", {"authority.authority_id"}},
	 NOTIFICATION,
	 {"AuthorityRegistered", {"authority.authority_id"}},
	 true},
	{ENROLLMENT, {"AuthorityMoved", {"authority_id"}}, ASSESSMENT, {"AuthorityMoved", {"authority_id"}}, true},
	{ENROLLMENT, {"AuthorityMoved", {"authority_id"}}, CERTIFICATE, {"AuthorityMoved", {"authority_id"}}, true},
	{ENROLLMENT, {"AuthorityMoved", {"authority_id"}}, NOTIFICATION, {"AuthorityMoved", {"authority_id"}}, true},
	{ENROLLMENT, {"AuthorityMerged", {"authority_id"}}, ASSESSMENT, {"AuthorityMerged", {"authority_id"}}, true},
	{ENROLLMENT, {"AuthorityMerged", {"authority_id"}}, CERTIFICATE, {"AuthorityMerged", {"authority_id"}}, true},
	{ENROLLMENT, {"AuthorityMerged", {"authority_id"}}, NOTIFICATION, {"AuthorityMerged", {"authority_id"}}, true},
	{ENROLLMENT,
	 {"PersonsMerged", {"person_id", "merged_id"}},
	 ASSESSMENT,
	 {"PersonsMerged", {"person_id", "merged_id"}},
	 true},
	{ENROLLMENT,
	 {"PersonsMerged", {"person_id", "merged_id"}},
	 CERTIFICATE,
	 {"PersonsMerged", {"person_id", "merged_id"}},
	 true},
	{ENROLLMENT,
	 {"PersonsMerged", {"person_id", "merged_id"}},
	 NOTIFICATION,
	 {"PersonsMerged", {"person_id", "merged_id"}},
	 true},
	{ENROLLMENT,
	 {"PersonsSplit", {"person_id", "split_id"}},
	 ASSESSMENT,
	 {"PersonsSplit", {"person_id", "split_id"}},
	 true},
	{ENROLLMENT,
	 {"PersonsSplit", {"person_id", "split_id"}},
	 CERTIFICATE,
	 {"PersonsSplit", {"person_id", "split_id"}},
	 true},
	{ENROLLMENT,
	 {"PersonsSplit", {"person_id", "split_id"}},
	 NOTIFICATION,
	 {"PersonsSplit", {"person_id", "split_id"}},
	 true},
	{ENROLLMENT, {"TokenGranted", {"token.token_hash"}}, ASSESSMENT, {"TokenGranted", {"token.token_hash"}}, true},
	{ENROLLMENT, {"TokenGranted", {"token.token_hash"}}, CERTIFICATE, {"TokenGranted", {"token.token_hash"}}, true},
	{ENROLLMENT,
	 {"TokenGranted", {"token.token_hash"}},
	 NOTIFICATION,
	 {"TokenGranted", {"token.token_hash"}},
	 true},
	{ENROLLMENT, {"TokenRevoked", {"token_hash"}}, ASSESSMENT, {"TokenRevoked", {"token_hash"}}, true},
	{ENROLLMENT,
	 {"LearnerEnrolled", {"class_id", "person_id"}},
	 ASSESSMENT,
	 {"RosterJoined", {"roster.class_id", "roster.person_id"}},
	 true},
	{ENROLLMENT,
	 {"LearnerCompleted", {"class_id", "person_id"}},
	 CERTIFICATE,
	 {"CompletionListed", {"completion.class_id", "completion.person_id"}},
	 false},
	{ENROLLMENT, {"PersonHired", {"person_id"}}, NOTIFICATION, {"ContactNoted", {"contact.person_id"}}, false},
	{ENROLLMENT, {"LearnerEnrolled", {"person_id"}}, NOTIFICATION, {"MessageQueued", {"message.person_id"}}, false},
	{ASSESSMENT,
	 {"AttemptGraded", {"class_id", "person_id"}},
	 ENROLLMENT,
	 {"MarkNoted", {"class_id", "person_id"}},
	 false},
};

/* The text, or the bytes in hex, at a path of field names; "" if there is none. */
static void
field_text(const ProtobufCMessage *message, const char *path, char *out, size_t size)
{
	char name[64];
	out[0] = '\0';
	while (message != NULL) {
		size_t part = strcspn(path, ".");
		snprintf(name, sizeof(name), "%.*s", (int)part, path);
		const ProtobufCFieldDescriptor *field =
			protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
		if (field == NULL)
			return;
		const uint8_t *at = (const uint8_t *)message + field->offset;
		if (path[part] == '.') {
			memcpy(&message, at, sizeof(message));
			path += part + 1;
			continue;
		}
		ProtobufCBinaryData bytes;
		if (field->type == PROTOBUF_C_TYPE_STRING) {
			const char *text = pb_string(message, name);
			snprintf(out, size, "%s", text == NULL ? "" : text);
		} else if (field->type == PROTOBUF_C_TYPE_BYTES) {
			memcpy(&bytes, at, sizeof(bytes));
			if (bytes.len * 2 < size)
				text_hex(slice_of(bytes.data, bytes.len), out);
		}
		return;
	}
}

static void
identity_of(const ProtobufCMessage *fact, const struct trace *trace, char out[IDENTITY_BYTES])
{
	char first[IDENTITY_BYTES / 2 - 1];
	char second[IDENTITY_BYTES / 2 - 1] = "";
	field_text(fact, trace->paths[0], first, sizeof(first));
	if (trace->paths[1] != NULL)
		field_text(fact, trace->paths[1], second, sizeof(second));
	snprintf(out, IDENTITY_BYTES, "%s %s", first, second);
}

/* identity -> causes (4 bytes), effects (4 bytes) */
struct tally {
	struct sim *sim;
	const char *name;
	const struct consequence *consequence;
	struct memtable *map;
};

static void
tally_add(struct tally *tally, const char *identity, bool is_effect)
{
	struct slice before;
	uint8_t counts[8] = {0};
	if (memtable_get(tally->map, slice_text(identity), &before) == MEMTABLE_PRESENT)
		memcpy(counts, before.data, sizeof(counts));
	uint8_t *at = is_effect ? counts + 4 : counts;
	put_u32(at, get_u32(at) + 1);
	memtable_put(tally->map, slice_text(identity), slice_of(counts, sizeof(counts)));
}

/* The cause, if this is the record of a reaction to it that was refused. */
static const ProtobufCMessage *
refused_cause(const struct tally *tally, struct arena *arena, const ProtobufCMessage *fact)
{
	const Mt__ReactionRefused *refused = (const void *)fact;
	if (fact->descriptor != &mt__reaction_refused__descriptor)
		return NULL;
	const char *dot = strrchr(refused->method, '.');
	const struct rule *rule = rule_find(refused->method);
	if (dot == NULL || rule == NULL || strcmp(dot + 1, tally->consequence->cause.name) != 0)
		return NULL;
	return pb_unpack_trusted(rule->input, arena, slice_of(refused->input.data, refused->input.len));
}

static void
tally_fact(struct tally *tally, struct arena *arena, const ProtobufCMessage *fact, bool is_follower)
{
	char identity[IDENTITY_BYTES];
	const struct trace *trace = is_follower ? &tally->consequence->effect : &tally->consequence->cause;
	if (strcmp(ledger_name(fact), trace->name) == 0) {
		identity_of(fact, trace, identity);
		tally_add(tally, identity, is_follower);
		return;
	}
	const ProtobufCMessage *cause = is_follower ? refused_cause(tally, arena, fact) : NULL;
	if (cause == NULL)
		return;
	identity_of(cause, &tally->consequence->cause, identity);
	tally_add(tally, identity, true);
}

static void
tally_journal(struct tally *tally, uint32_t node, bool is_follower)
{
	const struct disk *disk = &tally->sim->processes[node].disk;
	struct arena arena;
	arena_init(&arena, 16 << 10, 0);
	for (uint64_t seq = 1; seq <= disk->head; seq++) {
		struct ledger_entry entry;
		arena_reset(&arena);
		if (!ledger_read(world_modules[node], &arena, disk_entry(disk, seq), &entry))
			continue; /* the chain's check says so */
		for (size_t i = 0; i < entry.facts_count; i++)
			tally_fact(tally, &arena, entry.facts[i], is_follower);
	}
	arena_free(&arena);
}

static bool
tally_compare(void *context, struct slice key, struct slice value)
{
	struct tally *tally = context;
	const struct consequence *it = tally->consequence;
	uint32_t causes = get_u32(value.data);
	uint32_t effects = get_u32(value.data + 4);
	bool right = it->each ? causes == effects : causes == 0 || effects > 0;
	if (!right)
		world_blame(tally->sim, tally->name, "%s has %u %s of %.*s, %s has %u %s",
			    world_modules[it->producer]->name, causes, it->cause.name, (int)key.size,
			    (const char *)key.data, world_modules[it->follower]->name, effects, it->effect.name);
	return right;
}

void
check_reactions(struct sim *sim, const struct office *office, const char *name)
{
	(void)office;
	for (size_t i = 0; i < sizeof(consequences) / sizeof(consequences[0]) && !world_blamed(sim); i++) {
		struct tally tally = {.sim = sim, .name = name, .consequence = &consequences[i], .map = memtable_new()};
		tally_journal(&tally, consequences[i].producer, false);
		tally_journal(&tally, consequences[i].follower, true);
		memtable_each(tally.map, tally_compare, &tally);
		memtable_free(tally.map);
	}
}
