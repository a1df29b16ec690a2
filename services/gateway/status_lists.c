/* services/gateway/status_lists.c
 *
 * The service is asked each time, and answers with a number if we hold what it would
 * sign: a changed bit is seen at once, and a list that did not change costs neither a
 * signature nor its bytes on the way. Bounded in number and bytes; what was not asked for
 * the longest makes room. */
#include "services/gateway/status_lists.h"

#include "common/base/fatal.h"
#include "common/wire/pb.h"
#include "services/gateway/forward.h"

#include "matricula/status_list.pb-c.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { ETAG_BYTES = 32, NUMBER_MAX = 1 << 20 };

struct held {
	char name[64]; /* "AUTHORITY/NUMBER/PURPOSE"; empty: free */
	uint64_t changes;
	uint64_t used; /* when, counted in requests */
	size_t size;
	char *text;
};

struct status_lists {
	struct upstream *certificate;
	uint64_t clock;
	size_t bytes;
	struct held held[STATUS_LISTS_HELD_MAX];
};

/* A request that waits for the service. */
struct asked {
	struct request *request;
	struct status_lists *lists;
	Mt__GetStatusListRequest get;
	char name[64];
};

struct status_lists *
status_lists_open(struct upstream *certificate)
{
	struct status_lists *lists = calloc(1, sizeof(*lists));
	if (lists == NULL)
		fatal("no memory for status lists");
	lists->certificate = certificate;
	return lists;
}

void
status_lists_close(struct status_lists *lists)
{
	if (lists == NULL)
		return;
	for (size_t i = 0; i < STATUS_LISTS_HELD_MAX; i++)
		free(lists->held[i].text);
	free(lists);
}

/* --- what is held --------------------------------------------------------------------------------------------------
 */

static struct held *
held_find(struct status_lists *lists, const char *name)
{
	for (size_t i = 0; i < STATUS_LISTS_HELD_MAX; i++) {
		struct held *held = &lists->held[i];
		if (strcmp(held->name, name) != 0)
			continue;
		held->used = ++lists->clock;
		return held;
	}
	return NULL;
}

static void
held_drop(struct status_lists *lists, struct held *held)
{
	lists->bytes -= held->size;
	free(held->text);
	*held = (struct held){.text = NULL};
}

/* A free place, or the one that was used longest ago, emptied. */
static struct held *
held_room(struct status_lists *lists, size_t size)
{
	for (;;) {
		struct held *free_one = NULL;
		struct held *oldest = NULL;
		for (size_t i = 0; i < STATUS_LISTS_HELD_MAX; i++) {
			struct held *held = &lists->held[i];
			if (held->name[0] == '\0')
				free_one = held;
			else if (oldest == NULL || held->used < oldest->used)
				oldest = held;
		}
		if (free_one != NULL && (oldest == NULL || lists->bytes + size <= STATUS_LISTS_HELD_BYTES_MAX))
			return free_one;
		held_drop(lists, oldest);
	}
}

static void
held_keep(struct status_lists *lists, const char *name, const Mt__GetStatusListReply *reply)
{
	size_t size = strlen(reply->credential);
	struct held *held = held_find(lists, name);
	if (held != NULL && held->changes >= reply->changes)
		return; /* an answer that was overtaken by a newer one */
	if (held != NULL)
		held_drop(lists, held);
	held = held_room(lists, size);
	held->text = malloc(size);
	if (held->text == NULL)
		fatal("no memory for a status list of %zu bytes", size);
	memcpy(held->text, reply->credential, size);
	memcpy(held->name, name, sizeof(held->name));
	held->size = size;
	held->changes = reply->changes;
	held->used = ++lists->clock;
	lists->bytes += size;
}

/* --- answering -----------------------------------------------------------------------------------------------------
 */

static void
answer(struct request *request, uint64_t changes, struct slice text)
{
	char etag[ETAG_BYTES];
	char age[ETAG_BYTES];
	struct buf body;
	buf_init(&body, RESPONSE_BYTES_MAX);
	snprintf(etag, sizeof(etag), "\"s%llu\"", (unsigned long long)changes);
	snprintf(age, sizeof(age), "public, max-age=%d", STATUS_LIST_MAX_AGE_S);
	request_header_add(request, "ETag", etag);
	request_header_add(request, "Cache-Control", age);
	buf_append(&body, text);
	request_answer(request, forward_etag_known(request, etag) ? 304 : 200, "application/vc", &body);
}

static void ask(struct asked *asked);

static void
on_list(void *context, size_t number, const Mt__Reply *reply)
{
	struct asked *asked = context;
	struct request *request = asked->request;
	(void)number;
	if (reply->status == MT__STATUS__INVALID_ARGUMENT) { /* the path names nobody */
		request_refuse(request, PROBLEM_NOT_FOUND, NULL, "there is no such status list");
		return;
	}
	const Mt__GetStatusListReply *list = forward_reply(request, reply, &mt__get_status_list_reply__descriptor);
	if (list == NULL)
		return;
	if (list->credential[0] != '\0') {
		held_keep(asked->lists, asked->name, list);
		answer(request, list->changes, slice_text(list->credential));
		return;
	}
	const struct held *held = held_find(asked->lists, asked->name);
	if (held != NULL && held->changes == list->changes) {
		answer(request, held->changes, slice_of(held->text, held->size));
		return;
	}
	if (asked->get.known_changes == 0) {
		request_refuse(request, PROBLEM_INTERNAL, NULL, "the service's reply cannot be read");
		return;
	}
	asked->get.known_changes = 0; /* it made room for others meanwhile */
	ask(asked);
}

static void
ask(struct asked *asked)
{
	struct upstream_call call = {
		.method = "StatusLists.Get",
		.asks = true,
		.request = pb_pack(&asked->request->arena, &asked->get.base),
		.caller = request_caller(asked->request),
		.on_reply = on_list,
		.context = asked,
	};
	Mt__Status refusal;
	if (upstream_send(asked->lists->certificate, &call, &refusal) == 0)
		request_refuse_upstream(asked->request, asked->lists->certificate, refusal);
}

static Mt__StatusList__Purpose
purpose_of(const char *name)
{
	if (strcmp(name, "revocation") == 0)
		return MT__STATUS_LIST__PURPOSE__REVOCATION;
	return strcmp(name, "suspension") == 0 ? MT__STATUS_LIST__PURPOSE__SUSPENSION : MT__STATUS_LIST__PURPOSE__UNSET;
}

void
status_list_serve(struct request *request, void *context)
{
	struct asked *asked = arena_zero(&request->arena, sizeof(*asked));
	const char *authority = request_path_value(request, "authority");
	const char *digits = request_path_value(request, "number");
	const char *purpose = request_path_value(request, "purpose");
	char *end;
	unsigned long number = strtoul(digits, &end, 10);
	bool is_number = digits[0] >= '1' && digits[0] <= '9' && *end == '\0' && number <= NUMBER_MAX;
	asked->request = request;
	asked->lists = context;
	asked->get = (Mt__GetStatusListRequest)MT__GET_STATUS_LIST_REQUEST__INIT;
	asked->get.authority = (char *)(uintptr_t)authority;
	asked->get.number = (uint32_t)number;
	asked->get.purpose = purpose_of(purpose);
	int size = snprintf(asked->name, sizeof(asked->name), "%s/%lu/%s", authority, number, purpose);
	if (!is_number || asked->get.purpose == MT__STATUS_LIST__PURPOSE__UNSET || size >= (int)sizeof(asked->name)) {
		request_refuse(request, PROBLEM_NOT_FOUND, NULL, "there is no such status list");
		return;
	}
	const struct held *held = held_find(asked->lists, asked->name);
	asked->get.known_changes = held == NULL ? 0 : held->changes;
	ask(asked);
}
