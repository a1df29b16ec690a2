/* services/ctl/link.c
 *
 * rpc.h does the work; here are the endpoints, the keys, and the patience with a service
 * that is replaying its journal or was restarted a moment ago. */
#include "services/ctl/link.h"

#include "common/base/text.h"
#include "common/host/files.h"
#include "common/host/keys.h"
#include "common/host/probe.h"
#include "common/wire/pb.h"

#include <ctype.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { TRY_MS = 2000, PAUSE_MS = 50, CALL_ID_BYTES = 16, ARENA_BLOCK_BYTES = 256 << 10, ROLES_TEXT_BYTES = 1024 };

/* Of --peer NAME=ENDPOINT, or under the data folder. */
static bool
endpoint_of(const struct args *args, const char *service, char endpoint[LINK_ENDPOINT_BYTES])
{
	size_t size = strlen(service);
	for (size_t i = 0; i < args->options_count; i++) {
		const struct option *option = &args->options[i];
		if (strcmp(option->name, "peer") != 0 || strncmp(option->value, service, size) != 0 ||
		    option->value[size] != '=')
			continue;
		return (size_t)snprintf(endpoint, LINK_ENDPOINT_BYTES, "%s", option->value + size + 1) <
		       LINK_ENDPOINT_BYTES;
	}
	return (size_t)snprintf(endpoint, LINK_ENDPOINT_BYTES, "ipc://%s/run/%s.ipc", args_data(args), service) <
	       LINK_ENDPOINT_BYTES;
}

bool
link_is_there(const struct args *args, const char *service)
{
	char endpoint[LINK_ENDPOINT_BYTES];
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (!endpoint_of(args, service, endpoint))
		return false;
	if (strncmp(endpoint, "ipc://", 6) != 0)
		return true;
	if (strlen(endpoint + 6) >= sizeof(address.sun_path))
		return false;
	memcpy(address.sun_path, endpoint + 6, strlen(endpoint + 6));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	bool there = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
	close(fd);
	return there;
}

static bool
curve_of(const char *keys, const char *service, struct curve *curve, struct host_error *error)
{
	*curve = (struct curve){.allow = NULL};
	return keys_load_curve(keys, "operator", &curve->own, error) &&
	       keys_load_curve_public(keys, service, curve->server_text, error);
}

bool
link_open(struct link *link, const struct args *args, const char *service)
{
	char keys[PATH_BYTES_MAX];
	struct host_error error;
	struct curve curve;
	*link = (struct link){.service = service};
	if (!endpoint_of(args, service, link->endpoint) || !path_format(keys, "%s/keys", args_data(args))) {
		say("path of the data folder is too long");
		return false;
	}
	bool local = strncmp(link->endpoint, "ipc://", 6) == 0;
	if (!link_is_there(args, service)) {
		say("%s is not running: nobody listens at %s", service, link->endpoint);
		return false;
	}
	if (!keys_load_sending(keys, "operator", service, &link->key, &error) ||
	    (!local && !curve_of(keys, service, &curve, &error))) {
		say("%s", error.text);
		return false;
	}
	link->rpc = rpc_open(link->endpoint, &link->key, local ? NULL : &curve, &error);
	if (link->rpc == NULL) {
		say("%s", error.text);
		return false;
	}
	arena_init(&link->arena, ARENA_BLOCK_BYTES, 0);
	return true;
}

void
link_close(struct link *link)
{
	if (link->rpc == NULL)
		return;
	rpc_close(link->rpc);
	arena_free(&link->arena);
	link->rpc = NULL;
}

void
link_reset(struct link *link)
{
	arena_reset(&link->arena);
}

static bool
is_passing(Mt__Status status)
{
	return status == MT__STATUS__UNAVAILABLE || status == MT__STATUS__RESOURCE_EXHAUSTED;
}

/* A command that is asked again must not act twice: it gets an id of its own. */
static const char *
call_id(struct link *link, const struct link_ask *ask)
{
	const struct rule *rule = rule_find(ask->method);
	if (ask->id != NULL || rule == NULL || rule->kind != MT__KIND__COMMAND || rule->open)
		return ask->id == NULL ? "" : ask->id;
	uint8_t bytes[CALL_ID_BYTES];
	char *hex = arena_alloc(&link->arena, 2 * CALL_ID_BYTES + 1);
	randombytes_buf(bytes, sizeof(bytes));
	text_hex(slice_of(bytes, sizeof(bytes)), hex);
	return hex;
}

const Mt__Reply *
link_ask(struct link *link, const struct link_ask *ask, const ProtobufCMessage *request)
{
	int64_t timeout_ms = ask->timeout_ms == 0 ? LINK_TIMEOUT_MS : ask->timeout_ms;
	int64_t until_us = probe_monotonic_us() + timeout_ms * 1000;
	struct slice packed = pb_pack(&link->arena, request);
	const char *id = call_id(link, ask);
	Mt__Reply *reply = NULL;
	for (int64_t left_ms = timeout_ms; left_ms > 0; left_ms = (until_us - probe_monotonic_us()) / 1000) {
		Mt__Call call = MT__CALL__INIT;
		int64_t try_ms = left_ms < TRY_MS || ask->timeout_ms != 0 ? left_ms : TRY_MS;
		call.tag = ++link->tag;
		call.id = (char *)id;
		call.method = (char *)ask->method;
		call.request = (ProtobufCBinaryData){packed.size, (uint8_t *)packed.data};
		call.principal = (Mt__Principal *)ask->principal;
		call.deadline_ms = (uint32_t)try_ms;
		call.dry_run = ask->dry_run;
		bool answered =
			rpc_call(link->rpc, pb_pack(&link->arena, &call.base), (int)try_ms, &link->arena, &reply);
		if (answered && !is_passing(reply->status))
			return reply;
		if (answered)
			poll(NULL, 0, PAUSE_MS);
	}
	if (reply == NULL)
		say("%s did not answer %s within %lld ms", link->service, ask->method, (long long)timeout_ms);
	return reply;
}

const char *
status_name(Mt__Status status)
{
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(&mt__status__descriptor, (int)status);
	return value == NULL ? "?" : value->name;
}

void
link_say_refusal(const struct link *link, const char *method, const Mt__Reply *reply)
{
	say("%s refused %s: %s: %s%s%s%s", link->service, method, status_name(reply->status), reply->message,
	    reply->field[0] == '\0' ? "" : " (", reply->field, reply->field[0] == '\0' ? "" : ")");
}

const ProtobufCMessage *
link_call(struct link *link, const struct link_ask *ask, const ProtobufCMessage *request)
{
	const struct rule *rule = rule_find(ask->method);
	struct fault fault;
	const Mt__Reply *reply = link_ask(link, ask, request);
	if (reply == NULL)
		return NULL;
	if (reply->status != MT__STATUS__OK) {
		link_say_refusal(link, ask->method, reply);
		return NULL;
	}
	const ProtobufCMessage *message =
		pb_unpack(rule->output, &link->arena, slice_of(reply->reply.data, reply->reply.len), false, &fault);
	if (message == NULL)
		say("%s: the reply cannot be read: %s", ask->method, fault.message);
	return message;
}

static bool
is_role(const char *name, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (name[i] != (text[i] == '-' ? '_' : toupper((unsigned char)text[i])))
			return false;
	}
	return name[size] == '\0';
}

static const ProtobufCEnumValue *
role_find(const char *text, size_t size)
{
	const ProtobufCEnumDescriptor *roles = &mt__role__descriptor;
	for (unsigned i = 0; i < roles->n_values; i++) {
		if (is_role(roles->values[i].name, text, size))
			return &roles->values[i];
	}
	return NULL;
}

/* Nobody is no role, and a token is never a node. */
static void
say_no_role(const char *text, size_t size)
{
	struct buf list;
	char name[32];
	buf_init(&list, ROLES_TEXT_BYTES);
	for (unsigned i = 0; i < mt__role__descriptor.n_values; i++) {
		Mt__Role role = (Mt__Role)mt__role__descriptor.values[i].value;
		if (role != MT__ROLE__NOBODY && role != MT__ROLE__NODE)
			buf_format(&list, "%s%s", list.size == 0 ? "" : ", ", role_name(role, name));
	}
	say("there is no role %.*s; there are %.*s", (int)size, text, (int)list.size, (const char *)list.data);
	buf_free(&list);
}

bool
roles_read(const char *text, Mt__Role *roles, size_t max, size_t *count)
{
	*count = 0;
	while (*text != '\0') {
		size_t size = strcspn(text, ",");
		const ProtobufCEnumValue *role = role_find(text, size);
		if (role == NULL || role->value == MT__ROLE__NOBODY) {
			say_no_role(text, size);
			return false;
		}
		if (*count == max) {
			say("more than %zu roles are given", max);
			return false;
		}
		roles[(*count)++] = (Mt__Role)role->value;
		text += size;
		text += *text == ',';
	}
	return true;
}

const char *
role_name(Mt__Role role, char name[32])
{
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(&mt__role__descriptor, (int)role);
	if (value == NULL)
		return NULL;
	size_t size = 0;
	for (; value->name[size] != '\0' && size < 31; size++)
		name[size] = (char)tolower((unsigned char)value->name[size]);
	name[size] = '\0';
	return name;
}
