/* services/gateway/status_lists.c
 *
 * The service is asked each time, and answers with a word if we hold what it would
 * sign: a changed bit is seen at once, and a list that did not change costs neither a
 * signature nor its bytes on the way. What the service says is what is served and held,
 * also if it was restored and counts fewer changes than before. A request keeps hold of
 * the list that it said was there, so the answer never needs a second question. */
#include "services/gateway/status_lists.h"

#include "common/base/fatal.h"
#include "common/wire/pb.h"
#include "services/gateway/etag.h"
#include "services/gateway/forward.h"
#include "services/gateway/status_cache.h"

#include "matricula/status_list.pb-c.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { TAG_BYTES = 64, AGE_BYTES = 32, NAME_BYTES = 64, NUMBER_MAX = 1 << 20 };

struct status_lists {
	struct upstream *certificate;
	struct status_cache *cache;
};

/* A request that waits for the service. */
struct asked {
	struct request *request;
	struct status_cache *cache;
	const struct status_held *held; /* NULL: none was there */
	char name[NAME_BYTES];          /* "AUTHORITY/NUMBER/PURPOSE" */
};

struct status_lists *
status_lists_open(struct upstream *certificate)
{
	struct status_lists *lists = calloc(1, sizeof(*lists));
	if (lists == NULL)
		fatal("no memory for status lists");
	lists->certificate = certificate;
	lists->cache = status_cache_open(STATUS_LISTS_HELD_BYTES_MAX);
	return lists;
}

void
status_lists_close(struct status_lists *lists)
{
	if (lists == NULL)
		return;
	status_cache_close(lists->cache);
	free(lists);
}

/* --- answering ---------------------------------------------------------------------------------------------------- */

static void
answer(struct request *request, const char *state, struct slice text)
{
	char etag[TAG_BYTES];
	char age[AGE_BYTES];
	struct buf body;
	buf_init(&body, RESPONSE_BYTES_MAX);
	snprintf(etag, sizeof(etag), "\"s%s\"", state);
	snprintf(age, sizeof(age), "public, max-age=%d", STATUS_LIST_MAX_AGE_S);
	request_header_add(request, "ETag", etag);
	request_header_add(request, "Cache-Control", age);
	buf_append(&body, text);
	request_answer(request, etag_known(request, etag) ? 304 : 200, "application/vc", &body);
}

static const Mt__GetStatusListReply *
list_or_refuse(struct request *request, const Mt__Reply *reply)
{
	if (reply->status != MT__STATUS__INVALID_ARGUMENT)
		return forward_reply(request, reply, &mt__get_status_list_reply__descriptor);
	/* The path names nobody. */
	request_refuse(request, PROBLEM_NOT_FOUND, NULL, "there is no such status list");
	return NULL;
}

static void
on_list(void *context, size_t number, const Mt__Reply *reply)
{
	struct asked *asked = context;
	(void)number;
	const Mt__GetStatusListReply *list = list_or_refuse(asked->request, reply);
	if (list != NULL && list->credential[0] != '\0') {
		status_cache_keep(asked->cache, asked->name, list->state, slice_text(list->credential));
		answer(asked->request, list->state, slice_text(list->credential));
	} else if (list != NULL && asked->held != NULL) {
		answer(asked->request, asked->held->state, asked->held->text);
	} else if (list != NULL) {
		request_refuse(asked->request, PROBLEM_INTERNAL, NULL, "the service's reply cannot be read");
	}
	status_cache_release(asked->cache, asked->held);
}

static void
ask(struct asked *asked, struct upstream *certificate, const Mt__GetStatusListRequest *get)
{
	struct upstream_call call = {
		.method = "StatusLists.Get",
		.asks = true,
		.request = pb_pack(&asked->request->arena, &get->base),
		.caller = request_caller(asked->request),
		.on_reply = on_list,
		.context = asked,
	};
	Mt__Status refusal;
	if (upstream_send(certificate, &call, &refusal) != 0)
		return;
	status_cache_release(asked->cache, asked->held);
	request_refuse_upstream(asked->request, certificate, refusal);
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
	struct status_lists *lists = context;
	struct asked *asked = arena_zero(&request->arena, sizeof(*asked));
	Mt__GetStatusListRequest get = MT__GET_STATUS_LIST_REQUEST__INIT;
	const char *authority = request_path_value(request, "authority");
	const char *digits = request_path_value(request, "number");
	const char *purpose = request_path_value(request, "purpose");
	char *end;
	unsigned long number = strtoul(digits, &end, 10);
	bool is_number = digits[0] >= '1' && digits[0] <= '9' && *end == '\0' && number <= NUMBER_MAX;
	get.authority = (char *)(uintptr_t)authority;
	get.number = (uint32_t)number;
	get.purpose = purpose_of(purpose);
	int size = snprintf(asked->name, sizeof(asked->name), "%s/%lu/%s", authority, number, purpose);
	if (!is_number || get.purpose == MT__STATUS_LIST__PURPOSE__UNSET || size >= (int)sizeof(asked->name)) {
		request_refuse(request, PROBLEM_NOT_FOUND, NULL, "there is no such status list");
		return;
	}
	asked->request = request;
	asked->cache = lists->cache;
	asked->held = status_cache_use(lists->cache, asked->name);
	if (asked->held != NULL)
		get.known_state = (char *)(uintptr_t)asked->held->state;
	ask(asked, lists->certificate, &get);
}
