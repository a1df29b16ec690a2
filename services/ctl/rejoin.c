/* services/ctl/rejoin.c
 *
 * A producer was restored from a backup and lacks entries that this follower followed.
 * The follower's own journal says how far it had come, batch by batch; the newest of these
 * places that the producer still has is shared. The producer may share some more: behind
 * that place its entries are the same as long as they are of the incarnation that the
 * follower went on to follow, because a restored journal goes on under a new one.
 *
 * Promise: the feed goes on behind the last shared entry, so nothing is followed twice;
 * what was followed and is lost is shown, with the facts that were made of it. */
#include "services/ctl/chain.h"
#include "services/ctl/entry.h"
#include "services/ctl/link.h"

#include "common/wire/pb.h"

#include "matricula/node.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BLOCK_BYTES = 256 << 10, LINES_BYTES_MAX = 64 << 20, READ_BYTES = 1 << 20 };

struct place {
	uint64_t incarnation;
	uint64_t seq;
	uint8_t hash[HASH_BYTES];
};

struct rejoining {
	const struct args *args;
	const struct module *follower;
	const struct module *producer;
	struct link to_follower;
	struct link to_producer;
	struct journal_file *journal; /* the follower's */
	struct arena arena;
	uint64_t stopped_seq;
	struct place shared;       /* seq 0: nothing is */
	uint64_t own_seq;          /* the follower's entry that recorded it */
	uint64_t next_incarnation; /* of what the follower followed behind it; 0: unknown */
};

static bool
find_stopped(struct rejoining *rejoining)
{
	Mt__StatusRequest request = MT__STATUS_REQUEST__INIT;
	const Mt__NodeStatus *status = (const Mt__NodeStatus *)link_call(
		&rejoining->to_follower, &(struct link_ask){.method = "Node.Status"}, &request.base);
	for (size_t i = 0; status != NULL && i < status->n_feeds; i++) {
		const Mt__FeedStatus *feed = status->feeds[i];
		if (strcmp(feed->producer, rejoining->producer->name) != 0)
			continue;
		if (strcmp(feed->state, "stopped") != 0) {
			say("the feed of %s at %s is not stopped: it is %s", feed->producer, rejoining->follower->name,
			    feed->state);
			return false;
		}
		printf("%s stopped following %s at entry %llu: %s\n", rejoining->follower->name, feed->producer,
		       (unsigned long long)feed->seq, feed->reason);
		rejoining->stopped_seq = feed->seq;
		return true;
	}
	if (status != NULL)
		say("%s does not follow %s", rejoining->follower->name, rejoining->producer->name);
	return false;
}

/* Asks the producer for what stands behind a place; NULL, and said, if it cannot be asked. */
static const Mt__Reply *
producer_read(struct rejoining *rejoining, uint64_t after_seq, const uint8_t *hash, uint32_t bytes_max)
{
	Mt__JournalReadRequest request = MT__JOURNAL_READ_REQUEST__INIT;
	link_reset(&rejoining->to_producer);
	request.after_seq = after_seq;
	if (hash != NULL)
		request.hash = (ProtobufCBinaryData){HASH_BYTES, (uint8_t *)(uintptr_t)hash};
	request.bytes_max = bytes_max;
	return link_ask(&rejoining->to_producer, &(struct link_ask){.method = "Journal.Read"}, &request.base);
}

static bool
own_entry(struct rejoining *rejoining, uint64_t seq, struct entry_view *view)
{
	struct slice bytes;
	arena_reset(&rejoining->arena);
	if (journal_file_read(rejoining->journal, seq, &bytes) &&
	    entry_view_read(view, rejoining->follower, &rejoining->arena, bytes))
		return true;
	say("%s: entry %llu cannot be read", rejoining->follower->name, (unsigned long long)seq);
	return false;
}

/* Where that entry says the feed stands; NULL if it says nothing. */
static const Mt__Position *
position_in(const struct rejoining *rejoining, const struct entry_view *view)
{
	const Mt__Position *position = view->header->followed;
	for (size_t i = 0; i < view->facts_count; i++) {
		if (view->facts[i]->descriptor == &mt__feed_rejoined__descriptor)
			position = ((const Mt__FeedRejoined *)view->facts[i])->position;
	}
	return position != NULL && strcmp(position->producer, rejoining->producer->name) == 0 ? position : NULL;
}

/* Walks back through the follower's journal to a place that the producer still has. */
static bool
find_recorded(struct rejoining *rejoining)
{
	struct entry_view view;
	for (uint64_t seq = journal_file_head(rejoining->journal); seq > 0; seq--) {
		if (!own_entry(rejoining, seq, &view))
			return false;
		const Mt__Position *position = position_in(rejoining, &view);
		if (position == NULL || position->hash.len != HASH_BYTES)
			continue;
		const Mt__Reply *reply = producer_read(rejoining, position->seq, position->hash.data, 1);
		if (reply == NULL)
			return false;
		if (reply->status == MT__STATUS__OK) {
			rejoining->shared = (struct place){.incarnation = position->incarnation, .seq = position->seq};
			memcpy(rejoining->shared.hash, position->hash.data, HASH_BYTES);
			rejoining->own_seq = seq;
			return true;
		}
		if (reply->status != MT__STATUS__ABORTED) {
			link_say_refusal(&rejoining->to_producer, "Journal.Read", reply);
			return false;
		}
		rejoining->next_incarnation = position->incarnation;
	}
	return true;
}

/* The producer's entries that follow, as far as they are of the incarnation followed. False, and said, on an error. */
static bool
extend_shared(struct rejoining *rejoining)
{
	uint64_t wanted =
		rejoining->next_incarnation != 0 ? rejoining->next_incarnation : rejoining->shared.incarnation;
	uint64_t at = rejoining->shared.seq;
	struct fault fault;
	while (at < rejoining->stopped_seq) {
		const Mt__Reply *reply = producer_read(rejoining, at, NULL, READ_BYTES);
		const Mt__JournalReadReply *read =
			reply == NULL || reply->status != MT__STATUS__OK
				? NULL
				: (const Mt__JournalReadReply *)pb_unpack(
					  &mt__journal_read_reply__descriptor, &rejoining->to_producer.arena,
					  slice_of(reply->reply.data, reply->reply.len), false, &fault);
		if (read == NULL) {
			say("%s cannot be read behind entry %llu", rejoining->producer->name, (unsigned long long)at);
			return false;
		}
		for (size_t i = 0; i < read->n_entries; i++) {
			struct entry_view view;
			if (!entry_view_read(&view, rejoining->producer, &rejoining->to_producer.arena,
					     slice_of(read->entries[i].data, read->entries[i].len)))
				return false;
			at = view.header->seq;
			if (view.header->incarnation != wanted || at > rejoining->stopped_seq)
				continue;
			rejoining->shared = (struct place){.incarnation = wanted, .seq = at};
			memcpy(rejoining->shared.hash, view.entry->hash.data, HASH_BYTES);
		}
		if (read->n_entries == 0)
			return true;
	}
	return true;
}

/* What the follower made of entries that are lost. */
static bool
print_lost(struct rejoining *rejoining)
{
	struct buf out;
	struct entry_view view;
	bool good = true;
	size_t shown = 0;
	buf_init(&out, LINES_BYTES_MAX);
	for (uint64_t seq = rejoining->own_seq + 1; good && seq <= journal_file_head(rejoining->journal); seq++) {
		good = own_entry(rejoining, seq, &view);
		const Mt__Position *position = good ? position_in(rejoining, &view) : NULL;
		if (position == NULL || position->seq <= rejoining->shared.seq)
			continue;
		buf_reset(&out);
		entry_view_print(&view, rejoining->follower->name, &out);
		if (out.size > 0)
			fwrite(out.data, 1, out.size, stdout);
		shown += view.facts_count;
	}
	buf_free(&out);
	if (good)
		printf("%zu facts above were made by %s in batches that hold lost entries; they stay\n", shown,
		       rejoining->follower->name);
	return good;
}

static int
rejoin_do(struct rejoining *rejoining)
{
	Mt__RejoinRequest request = MT__REJOIN_REQUEST__INIT;
	Mt__Position position = MT__POSITION__INIT;
	if (rejoining->shared.seq == 0 && !args_has(rejoining->args, "from-start"))
		return fail("%s shares no entry; --from-start follows all of it anew, and its facts act a second time",
			    rejoining->producer->name);
	position.producer = (char *)(uintptr_t)rejoining->producer->name;
	position.seq = rejoining->shared.seq;
	position.incarnation = rejoining->shared.incarnation;
	if (position.seq > 0)
		position.hash = (ProtobufCBinaryData){HASH_BYTES, rejoining->shared.hash};
	request.position = &position;
	request.producer = position.producer;
	request.lost_from_seq = position.seq + 1;
	request.lost_to_seq = rejoining->stopped_seq;
	if (link_call(&rejoining->to_follower, &(struct link_ask){.method = "Node.Rejoin"}, &request.base) == NULL)
		return EXIT_FAILED;
	printf("%s follows %s again behind entry %llu\n", rejoining->follower->name, rejoining->producer->name,
	       (unsigned long long)position.seq);
	return EXIT_DONE;
}

static int
rejoin(struct rejoining *rejoining)
{
	if (!find_stopped(rejoining) || !find_recorded(rejoining) || !extend_shared(rejoining))
		return EXIT_FAILED;
	if (rejoining->shared.seq < rejoining->stopped_seq) {
		printf("both share %s up to entry %llu; entries %llu to %llu are lost\n", rejoining->producer->name,
		       (unsigned long long)rejoining->shared.seq, (unsigned long long)rejoining->shared.seq + 1,
		       (unsigned long long)rejoining->stopped_seq);
		if (!print_lost(rejoining))
			return EXIT_FAILED;
	}
	return args_has(rejoining->args, "dry-run") ? EXIT_DONE : rejoin_do(rejoining);
}

int
command_rejoin(const struct args *args)
{
	static struct rejoining rejoining;
	rejoining.args = args;
	rejoining.follower = service_find(args->values[0]);
	rejoining.producer = service_find(args->values[1]);
	if (rejoining.follower == NULL || rejoining.producer == NULL)
		return EXIT_USED_WRONGLY;
	rejoining.journal = journal_reader(args_data(args), rejoining.follower->name);
	if (rejoining.journal == NULL)
		return EXIT_FAILED;
	int exit_code = EXIT_FAILED;
	arena_init(&rejoining.arena, ARENA_BLOCK_BYTES, 0);
	if (link_open(&rejoining.to_follower, args, rejoining.follower->name) &&
	    link_open(&rejoining.to_producer, args, rejoining.producer->name))
		exit_code = rejoin(&rejoining);
	link_close(&rejoining.to_follower);
	link_close(&rejoining.to_producer);
	arena_free(&rejoining.arena);
	journal_file_close(rejoining.journal);
	return exit_code;
}
