/* services/ctl/follow.c
 *
 * A service's journal as it grows: one line of JSON for each fact, in order, durable ones
 * only. A service that is away is waited for; the position is kept meanwhile. */
#include "services/ctl/entry.h"
#include "services/ctl/link.h"

#include "common/wire/pb.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { WAIT_MS = 5000, ASK_MS = 7000, READ_BYTES = 1 << 20, LINES_BYTES_MAX = 64 << 20, PAUSE_MS = 200 };

struct following {
	const struct args *args;
	const struct module *module;
	uint64_t after_seq;
	bool once;
};

/* Writes what came; false if an entry cannot be read. */
static bool
entries_print(struct following *following, struct arena *arena, const Mt__JournalReadReply *reply)
{
	struct buf out;
	bool good = true;
	buf_init(&out, LINES_BYTES_MAX);
	for (size_t i = 0; good && i < reply->n_entries; i++) {
		struct entry_view view;
		good = entry_view_read(&view, following->module, arena,
				       slice_of(reply->entries[i].data, reply->entries[i].len));
		if (!good)
			break;
		entry_view_print(&view, following->module->name, &out);
		following->after_seq = view.header->seq;
	}
	if (out.size > 0)
		fwrite(out.data, 1, out.size, stdout);
	fflush(stdout);
	buf_free(&out);
	if (!good)
		say("entry %llu holds a fact unknown to this binary", (unsigned long long)following->after_seq + 1);
	return good && !ferror(stdout);
}

/* Until the connection is of no use any more (true) or there is an end (false). */
static bool
follow_link(struct following *following, struct link *link)
{
	for (;;) {
		Mt__JournalReadRequest request = MT__JOURNAL_READ_REQUEST__INIT;
		struct fault fault;
		link_reset(link);
		request.after_seq = following->after_seq;
		request.bytes_max = READ_BYTES;
		request.wait_ms = following->once ? 0 : WAIT_MS;
		struct link_ask ask = {.method = "Journal.Read", .timeout_ms = ASK_MS};
		const Mt__Reply *reply = link_ask(link, &ask, &request.base);
		if (reply == NULL)
			return true;
		if (reply->status != MT__STATUS__OK) {
			link_say_refusal(link, ask.method, reply);
			return false;
		}
		const Mt__JournalReadReply *read = (const Mt__JournalReadReply *)pb_unpack(
			&mt__journal_read_reply__descriptor, &link->arena,
			slice_of(reply->reply.data, reply->reply.len), false, &fault);
		if (read == NULL || !entries_print(following, &link->arena, read))
			return false;
		if (following->once && following->after_seq >= read->head_seq)
			return false;
	}
}

int
command_follow(const struct args *args)
{
	struct following following = {.args = args, .once = args_has(args, "once")};
	long long after;
	struct link link;
	following.module = service_find(args->values[0]);
	if (following.module == NULL || !args_number(args, "after", 0, INT64_MAX, 0, &after))
		return EXIT_USED_WRONGLY;
	following.after_seq = (uint64_t)after;
	bool again = true;
	if (!link_open(&link, args, following.module->name))
		return EXIT_FAILED;
	while (again) {
		again = follow_link(&following, &link);
		link_close(&link);
		while (again && !link_is_there(args, following.module->name))
			poll(NULL, 0, PAUSE_MS);
		again = again && link_open(&link, args, following.module->name);
	}
	return following.once ? EXIT_DONE : EXIT_FAILED;
}
