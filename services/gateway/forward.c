/* services/gateway/forward.c
 *
 * Nothing here knows any method: descriptors do. The query of a command may hold
 * dryRun=true beside its fields; a record with a version gets an ETag. */
#include "services/gateway/forward.h"

#include "common/wire/pb_json.h"
#include "services/gateway/etag.h"

enum { NAME_SPELT_BYTES = 128 };

static bool
takes_body(const char *verb)
{
	return strcmp(verb, "POST") == 0 || strcmp(verb, "PUT") == 0 || strcmp(verb, "PATCH") == 0;
}

static bool
refuse_fault(struct request *request, const struct fault *fault)
{
	request_refuse(request, PROBLEM_INVALID_ARGUMENT, fault->field, "%s", fault->message);
	return false;
}

static ProtobufCMessage *
message_begin(struct request *request, const struct rule *rule)
{
	struct fault fault;
	if (request->body.size == 0)
		return pb_new(rule->input, &request->arena);
	if (!request_content_is(request, "application/json")) {
		request_refuse(request, PROBLEM_UNSUPPORTED_MEDIA_TYPE, NULL, "the body is not application/json");
		return NULL;
	}
	ProtobufCMessage *message = pb_from_json(rule->input, &request->arena, buf_slice(&request->body), &fault);
	if (message == NULL)
		refuse_fault(request, &fault);
	return message;
}

static bool
is_repeated(const ProtobufCMessageDescriptor *type, const char *name)
{
	char spelt[NAME_SPELT_BYTES];
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		if (field->label != PROTOBUF_C_LABEL_REPEATED || strlen(field->name) >= sizeof(spelt))
			continue;
		pb_json_name(field->name, spelt);
		if (strcmp(spelt, name) == 0 || strcmp(field->name, name) == 0)
			return true;
	}
	return false;
}

/* A parameter that the path gives already, or that stands twice, is refused. */
static bool
query_is_single(struct request *request, const struct rule *rule, size_t index)
{
	const char *name = request->query[index].name;
	bool twice = request_path_value(request, name)[0] != '\0';
	for (size_t i = 0; i < index && !is_repeated(rule->input, name); i++)
		twice = twice || strcmp(request->query[i].name, name) == 0;
	if (twice)
		request_refuse(request, PROBLEM_INVALID_ARGUMENT, name, "query parameter %s is given twice", name);
	return !twice;
}

/* What is neither must not be carried out for real. */
static bool
dry_run_read(struct request *request, const char *value, bool *dry_run)
{
	*dry_run = strcmp(value, "true") == 0;
	if (*dry_run || strcmp(value, "false") == 0)
		return true;
	request_refuse(request, PROBLEM_INVALID_ARGUMENT, "dryRun", "query parameter dryRun is neither true nor false");
	return false;
}

static bool
query_fill(struct request *request, const struct rule *rule, ProtobufCMessage *message, bool *dry_run)
{
	struct fault fault;
	for (size_t i = 0; i < request->query_count; i++) {
		const struct request_parameter *parameter = &request->query[i];
		if (!query_is_single(request, rule, i))
			return false;
		if (rule->kind == MT__KIND__COMMAND && strcmp(parameter->name, "dryRun") == 0) {
			if (!dry_run_read(request, parameter->value, dry_run))
				return false;
			continue;
		}
		if (takes_body(rule->verb)) {
			request_refuse(request, PROBLEM_INVALID_ARGUMENT, parameter->name,
				       "query parameter %s is not known, fields stand in the body", parameter->name);
			return false;
		}
		if (!pb_set_text(message, &request->arena, parameter->name, parameter->value, &fault))
			return refuse_fault(request, &fault);
	}
	return true;
}

/* The text in a field of that JSON name; "" if there is none. What stands in a path is a string. */
static const char *
text_of(const ProtobufCMessage *message, const char *name)
{
	const char *text;
	char spelt[NAME_SPELT_BYTES];
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		if (field->type != PROTOBUF_C_TYPE_STRING || field->label == PROTOBUF_C_LABEL_REPEATED ||
		    strlen(field->name) >= sizeof(spelt))
			continue;
		pb_json_name(field->name, spelt);
		if (strcmp(spelt, name) != 0)
			continue;
		memcpy(&text, (const char *)message + field->offset, sizeof(text));
		return text == NULL ? "" : text;
	}
	return "";
}

static bool
path_fill(struct request *request, ProtobufCMessage *message)
{
	struct fault fault;
	for (size_t i = 0; i < request->match.count; i++) {
		const struct route_value *value = &request->match.values[i];
		const char *said = text_of(message, value->name);
		if (said[0] != '\0' && strcmp(said, value->value) != 0) {
			request_refuse(request, PROBLEM_INVALID_ARGUMENT, value->name,
				       "field %s is not the same in the body as in the path", value->name);
			return false;
		}
		if (!pb_set_text(message, &request->arena, value->name, value->value, &fault))
			return refuse_fault(request, &fault);
	}
	return true;
}

bool
forward_key(struct request *request, const char **id)
{
	const char *key = request_header(request, "Idempotency-Key");
	*id = NULL;
	if (key == NULL)
		return true;
	size_t size = strlen(key);
	bool good = size >= 1 && size <= CALL_ID_BYTES_MAX;
	for (size_t i = 0; good && i < size; i++)
		good = key[i] > ' ' && key[i] < 0x7f;
	*id = key;
	if (!good)
		request_refuse(request, PROBLEM_INVALID_ARGUMENT, NULL,
			       "the Idempotency-Key is not 1 to %d visible ASCII characters", CALL_ID_BYTES_MAX);
	return good;
}

/* --- the reply --------------------------------------------------------------------------------------------------- */

static void
on_reply(void *context, size_t number, const Mt__Reply *reply)
{
	struct request *request = context;
	char etag[ETAG_BYTES];
	struct buf body;
	unsigned status = 200;
	(void)number;
	const ProtobufCMessage *message = forward_reply(request, reply, request->endpoint->rule->output);
	if (message == NULL)
		return;
	buf_init(&body, RESPONSE_BYTES_MAX);
	if (reply->repeated)
		request_header_add(request, "Idempotent-Replayed", "true");
	pb_to_json_reply(&body, message);
	buf_byte(&body, '\n');
	bool is_shown = strcmp(request->endpoint->verb, "GET") == 0; /* what a command says is not the record */
	if (is_shown && etag_make(message, slice_of(reply->reply.data, reply->reply.len), etag)) {
		request_header_add(request, "ETag", etag);
		status = etag_known(request, etag) ? 304 : 200;
	}
	request_answer(request, status, "application/json", &body);
}

const void *
forward_reply(struct request *request, const Mt__Reply *reply, const ProtobufCMessageDescriptor *type)
{
	if (reply->status != MT__STATUS__OK) {
		request_refuse_reply(request, reply);
		return NULL;
	}
	/* A service's own bytes, bounded by the frame: the limit of the arena is for what clients send. */
	request->arena.limit = 0;
	const void *message = pb_unpack_trusted(type, &request->arena, slice_of(reply->reply.data, reply->reply.len));
	if (message == NULL)
		request_refuse(request, PROBLEM_INTERNAL, NULL, "the service's reply cannot be read");
	return message;
}

/* --- the call ---------------------------------------------------------------------------------------------------- */

static void
call_make(struct request *request, struct upstream *upstream, const struct upstream_call *call)
{
	Mt__Status refusal;
	if (upstream_send(upstream, call, &refusal) == 0)
		request_refuse_upstream(request, upstream, refusal);
}

void
forward_call(struct request *request, struct upstream *upstream, const char *method, const ProtobufCMessage *message,
	     void (*on_reply_to)(void *context, size_t number, const Mt__Reply *reply))
{
	struct upstream_call call = {
		.method = method,
		.asks = true,
		.request = pb_pack(&request->arena, message),
		.caller = request_caller(request),
		.trace_id = slice_of(request->trace_id, request->has_trace ? TRACE_ID_BYTES : 0),
		.on_reply = on_reply_to,
		.context = request,
	};
	call_make(request, upstream, &call);
}

ProtobufCMessage *
forward_message(struct request *request, bool *dry_run)
{
	const struct rule *rule = request->endpoint->rule;
	ProtobufCMessage *message = message_begin(request, rule);
	*dry_run = false;
	if (message == NULL || !query_fill(request, rule, message, dry_run) || !path_fill(request, message))
		return NULL;
	return message;
}

void
forward_serve(struct request *request, void *context)
{
	struct upstream *const *upstreams = context;
	const struct rule *rule = request->endpoint->rule;
	enum service service;
	struct upstream_call call = {
		.method = rule->name,
		.asks = rule->kind == MT__KIND__QUERY,
		.on_reply = on_reply,
		.context = request,
	};
	if (!service_find(rule->owner, &service)) {
		request_refuse(request, PROBLEM_UNIMPLEMENTED, NULL, "method %s has no owner", rule->name);
		return;
	}
	const ProtobufCMessage *message = forward_message(request, &call.dry_run);
	if (message == NULL || (rule->kind == MT__KIND__COMMAND && !forward_key(request, &call.id)) ||
	    !etag_precondition(request, &call.precondition))
		return;
	call.request = pb_pack(&request->arena, message);
	call.caller = request_caller(request);
	call.trace_id = slice_of(request->trace_id, request->has_trace ? TRACE_ID_BYTES : 0);
	if (call.request.size > REQUEST_BYTES_MAX) {
		request_refuse(request, PROBLEM_CONTENT_TOO_LARGE, NULL, "the request is larger than %d bytes",
			       REQUEST_BYTES_MAX);
		return;
	}
	call_make(request, upstreams[service], &call);
}
