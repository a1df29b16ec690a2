/* services/gateway/subject.c
 *
 * Enrollment says whether the caller may read the file, of which records it consists, and
 * leaves the fact that it was read; then all services are asked for their part of each
 * record at once. A part that does not come fails the whole: what is missing must not look
 * as if it were not held. A list that is longer than one answer holds says where it goes on. */
#include "services/gateway/subject.h"

#include "common/base/date.h"
#include "common/wire/json.h"
#include "common/wire/pb.h"
#include "common/wire/pb_json.h"
#include "services/gateway/person_page.h"
#include "services/subject_lists.h"

#include <stdio.h>

enum { PATH_TEXT_BYTES = 1024, LIST_BYTES_MAX = 32 };

struct subject {
	struct request *request;
	struct upstream **upstreams;
	const Mt__BeginExportReply *begun;
	const char *only_record; /* NULL: the person and what was merged into them */
	const char *list;        /* "": the first page of all */
	const char *page_token;
	struct subject_file file;
	unsigned waiting;
	bool sending;
	Mt__Reply *refusal; /* the first */
};

/* --- lists -------------------------------------------------------------------------------------------------------- */

static bool
list_owner(const char *list, enum service *service)
{
	const char *owner = subject_list_owner(list);
	return owner != NULL && service_find(owner, service);
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

static const ProtobufCMessage *
part_held(const Mt__SubjectPart *part, int service)
{
	if (part == NULL)
		return NULL;
	const ProtobufCMessage *held[SERVICES] = {
		[SERVICE_ENROLLMENT] = part->enrollment != NULL ? &part->enrollment->base : NULL,
		[SERVICE_ASSESSMENT] = part->assessment != NULL ? &part->assessment->base : NULL,
		[SERVICE_CERTIFICATE] = part->certificate != NULL ? &part->certificate->base : NULL,
		[SERVICE_NOTIFICATION] = part->notification != NULL ? &part->notification->base : NULL,
	};
	return held[service];
}

static void
next_add(struct subject *subject, const char *record_id, const Mt__SubjectMore *more)
{
	char path[PATH_TEXT_BYTES];
	int size = snprintf(path, sizeof(path), "/v1/persons/%s/export?record=%s%s%s%s%s", subject->file.person_id,
			    record_id, more == NULL ? "" : "&list=", more == NULL ? "" : more->list,
			    more == NULL ? "" : "&pageToken=", more == NULL ? "" : more->page_token);
	if (size > 0 && (size_t)size < sizeof(path))
		subject->file.next[subject->file.next_count++] = arena_text(&subject->request->arena, slice_text(path));
}

/* What did not fit: lists that go on, and records beyond the limit. */
static void
next_find(struct subject *subject)
{
	struct subject_file *file = &subject->file;
	size_t count = subject->begun->n_merged_ids;
	for (size_t i = 0; i < file->records_count * SERVICES; i++) {
		const Mt__SubjectPart *part = file->records[i / SERVICES].parts[i % SERVICES];
		count += part == NULL ? 0 : part->n_more;
	}
	file->next = arena_alloc(&subject->request->arena, (count + 1) * sizeof(*file->next));
	for (size_t i = 0; i < file->records_count * SERVICES; i++) {
		const Mt__SubjectPart *part = file->records[i / SERVICES].parts[i % SERVICES];
		for (size_t j = 0; part != NULL && j < part->n_more; j++)
			next_add(subject, file->records[i / SERVICES].record_id, part->more[j]);
	}
	for (size_t i = SUBJECT_RECORDS_MAX - 1; subject->only_record == NULL && i < subject->begun->n_merged_ids; i++)
		next_add(subject, subject->begun->merged_ids[i], NULL);
}

static void
record_json(struct buf *body, const struct subject_record *record)
{
	for (int i = 0; i < SERVICES; i++) {
		const ProtobufCMessage *held = part_held(record->parts[i], i);
		if (held == NULL)
			continue;
		buf_format(body, ",\"%s\":", service_name((enum service)i));
		pb_to_json_reply(body, held);
	}
}

static void
file_json(struct buf *body, const struct subject_file *file)
{
	char exported_at[INSTANT_TEXT_BYTES];
	instant_format(file->exported_us, exported_at);
	buf_text(body, "{\"personId\":");
	json_write_string(body, slice_text(file->person_id));
	buf_format(body, ",\"exportedAt\":\"%s\",\"record\":", exported_at);
	json_write_string(body, slice_text(file->records[0].record_id));
	buf_format(body, ",\"complete\":%s", file->next_count == 0 ? "true" : "false");
	record_json(body, &file->records[0]);
	buf_text(body, ",\"merged\":[");
	for (size_t i = 1; i < file->records_count; i++) {
		buf_text(body, i > 1 ? ",{\"record\":" : "{\"record\":");
		json_write_string(body, slice_text(file->records[i].record_id));
		record_json(body, &file->records[i]);
		buf_byte(body, '}');
	}
	buf_text(body, "],\"next\":[");
	for (size_t i = 0; i < file->next_count; i++) {
		if (i > 0)
			buf_byte(body, ',');
		json_write_string(body, slice_text(file->next[i]));
	}
	buf_text(body, "]}\n");
}

static void
answer(struct subject *subject)
{
	struct request *request = subject->request;
	struct buf body;
	if (subject->refusal != NULL) {
		request_refuse_reply(request, subject->refusal);
		return;
	}
	next_find(subject);
	buf_init(&body, RESPONSE_BYTES_MAX);
	if (request_accepts(request, "text/html")) {
		person_page_write(request, &body, &subject->file);
		request_answer(request, 200, "text/html; charset=utf-8", &body);
		return;
	}
	file_json(&body, &subject->file);
	request_answer(request, 200, "application/json", &body);
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

static void
refusal_keep(struct subject *subject, Mt__Status status, const char *message, const char *field, uint32_t retry_after_s)
{
	struct arena *arena = &subject->request->arena;
	if (subject->refusal != NULL)
		return;
	subject->refusal = arena_alloc(arena, sizeof(*subject->refusal));
	*subject->refusal = (Mt__Reply)MT__REPLY__INIT;
	subject->refusal->status = status;
	subject->refusal->message = arena_text(arena, slice_text(message));
	subject->refusal->field = arena_text(arena, slice_text(field));
	subject->refusal->retry_after_s = retry_after_s;
}

static void
on_part(void *context, size_t number, const Mt__Reply *reply)
{
	struct subject *subject = context;
	struct slice bytes = slice_of(reply->reply.data, reply->reply.len);
	const void *part = NULL;
	if (reply->status != MT__STATUS__OK)
		refusal_keep(subject, reply->status, reply->message, reply->field, reply->retry_after_s);
	else
		part = pb_unpack_trusted(&mt__subject_part__descriptor, &subject->request->arena, bytes);
	if (reply->status == MT__STATUS__OK && part == NULL)
		refusal_keep(subject, MT__STATUS__INTERNAL, "the service's reply cannot be read", "", 0);
	subject->file.records[number / SERVICES].parts[number % SERVICES] = part;
	subject->waiting--;
	if (subject->waiting == 0 && !subject->sending)
		answer(subject);
}

static void
part_ask(struct subject *subject, size_t number)
{
	struct upstream *upstream = subject->upstreams[number % SERVICES];
	struct request *request = subject->request;
	Mt__SubjectPartRequest part = MT__SUBJECT_PART_REQUEST__INIT;
	Mt__Status status;
	part.person_id = subject->begun->person_id;
	part.record_id = (char *)(uintptr_t)subject->file.records[number / SERVICES].record_id;
	part.exported_us = subject->begun->exported_us;
	part.list = (char *)(uintptr_t)subject->list;
	part.page_token = (char *)(uintptr_t)subject->page_token;
	struct upstream_call call = {
		.method = "Subjects.Part",
		.request = pb_pack(&request->arena, &part.base),
		.caller = request_caller(request),
		.trace_id = slice_of(request->trace_id, request->has_trace ? TRACE_ID_BYTES : 0),
		.waits = true, /* until the export is heard of there */
		.on_reply = on_part,
		.context = subject,
		.number = number,
	};
	if (upstream_send(upstream, &call, &status) != 0)
		subject->waiting++;
	else
		refusal_keep(subject, status, upstream_refusal(upstream, status), "", 1);
}

static void
records_find(struct subject *subject)
{
	const Mt__BeginExportReply *begun = subject->begun;
	struct subject_file *file = &subject->file;
	file->records[file->records_count++].record_id =
		subject->only_record != NULL ? subject->only_record : begun->person_id;
	for (size_t i = 0; i < begun->n_merged_ids && subject->only_record == NULL; i++) {
		if (file->records_count == SUBJECT_RECORDS_MAX)
			return;
		file->records[file->records_count++].record_id = begun->merged_ids[i];
	}
}

static void
on_begun(void *context, size_t number, const Mt__Reply *reply)
{
	struct subject *subject = context;
	struct request *request = subject->request;
	enum service only = SERVICE_ENROLLMENT;
	(void)number;
	if (reply->status != MT__STATUS__OK) {
		request_refuse_reply(request, reply);
		return;
	}
	subject->begun = (const Mt__BeginExportReply *)pb_unpack_trusted(
		&mt__begin_export_reply__descriptor, &request->arena, slice_of(reply->reply.data, reply->reply.len));
	if (subject->begun == NULL) {
		request_refuse(request, PROBLEM_INTERNAL, NULL, "the service's reply cannot be read");
		return;
	}
	subject->file.person_id = subject->begun->person_id;
	subject->file.exported_us = subject->begun->exported_us;
	records_find(subject);
	bool all = !list_owner(subject->list, &only);
	subject->sending = true;
	for (size_t i = 0; i < subject->file.records_count * SERVICES; i++) {
		if (all || i % SERVICES == (size_t)only)
			part_ask(subject, i);
	}
	subject->sending = false;
	if (subject->waiting == 0)
		answer(subject);
}

/* --- what was asked ----------------------------------------------------------------------------------------------- */

static bool
query_read_into(struct request *request, struct subject *subject)
{
	static const char *const names[] = {"record", "list", "pageToken", NULL};
	enum service service;
	if (!request_query_only(request, names))
		return false;
	const char *list = request_query(request, "list");
	const char *page_token = request_query(request, "pageToken");
	subject->only_record = request_query(request, "record");
	subject->list = list == NULL ? "" : list;
	subject->page_token = page_token == NULL ? "" : page_token;
	if (list != NULL && (strlen(list) > LIST_BYTES_MAX || !list_owner(list, &service))) {
		request_refuse(request, PROBLEM_INVALID_ARGUMENT, "list", "there is no such list in an export");
		return false;
	}
	if (list != NULL && subject->only_record == NULL) {
		request_refuse(request, PROBLEM_INVALID_ARGUMENT, "record",
			       "a list goes on for one record: record is missing");
		return false;
	}
	if (page_token != NULL && list == NULL) {
		request_refuse(request, PROBLEM_INVALID_ARGUMENT, "list", "a pageToken is of a list: list is missing");
		return false;
	}
	return true;
}

void
subject_serve(struct request *request, void *context)
{
	struct subject *subject = arena_zero(&request->arena, sizeof(*subject));
	Mt__BeginExportRequest begin = MT__BEGIN_EXPORT_REQUEST__INIT;
	Mt__Status refusal;
	subject->request = request;
	subject->upstreams = context;
	if (!query_read_into(request, subject))
		return;
	/* The services' own bytes, bounded by frames: the limit of the arena is for what clients send. */
	request->arena.limit = 0;
	begin.person_id = (char *)(uintptr_t)request_path_value(request, "personId");
	struct upstream_call call = {
		.method = "SubjectExports.Begin",
		.request = pb_pack(&request->arena, &begin.base),
		.caller = request_caller(request),
		.trace_id = slice_of(request->trace_id, request->has_trace ? TRACE_ID_BYTES : 0),
		.on_reply = on_begun,
		.context = subject,
	};
	struct upstream *upstream = subject->upstreams[SERVICE_ENROLLMENT];
	if (upstream_send(upstream, &call, &refusal) == 0)
		request_refuse_upstream(request, upstream, refusal);
}
