/* services/ctl/call.c
 *
 * Any method of any service, asked as the operator, or by the operator as somebody else:
 * JSON in, JSON out, both in the mapping that the gateway speaks too. */
#include "services/ctl/link.h"

#include "common/wire/pb_json.h"

#include <stdio.h>
#include <string.h>

enum { ROLES_MAX = 16, JSON_BYTES_MAX = 64 << 20, TIMEOUT_MS_MAX = 600000 };

static bool
principal_read(const struct args *args, Mt__Principal *principal, Mt__Role roles[ROLES_MAX])
{
	mt__principal__init(principal);
	principal->subject = (char *)args_get(args, "as-subject", "");
	principal->authority = (char *)args_get(args, "authority", "");
	principal->roles = roles;
	return roles_read(args_get(args, "roles", ""), roles, ROLES_MAX, &principal->n_roles);
}

static int
print_reply(struct link *link, const struct rule *rule, const Mt__Reply *reply)
{
	struct buf json;
	struct fault fault;
	const ProtobufCMessage *message =
		pb_unpack(rule->output, &link->arena, slice_of(reply->reply.data, reply->reply.len), false, &fault);
	if (message == NULL)
		return fail("the reply cannot be read: %s", fault.message);
	buf_init(&json, JSON_BYTES_MAX);
	pb_to_json(&json, message);
	buf_byte(&json, '\n');
	if (!buf_failed(&json))
		fwrite(json.data, 1, json.size, stdout);
	bool whole = !buf_failed(&json);
	buf_free(&json);
	return whole ? EXIT_DONE : fail("the reply is larger than %d bytes as JSON", JSON_BYTES_MAX);
}

static int
call_on(struct link *link, const struct args *args, const struct rule *rule)
{
	Mt__Principal principal;
	Mt__Role roles[ROLES_MAX];
	struct fault fault;
	long long timeout_ms;
	if (!principal_read(args, &principal, roles) ||
	    !args_number(args, "timeout", 1, TIMEOUT_MS_MAX, LINK_TIMEOUT_MS, &timeout_ms))
		return EXIT_USED_WRONGLY;
	const char *json = args->values_count > 1 ? args->values[1] : "{}";
	const ProtobufCMessage *request = pb_from_json(rule->input, &link->arena, slice_text(json), &fault);
	if (request == NULL)
		return fail("the request does not fit %s: %s", rule->input->short_name, fault.message);
	struct link_ask ask = {.method = rule->name,
			       .id = args_get(args, "id", NULL),
			       .principal = &principal,
			       .timeout_ms = (int)timeout_ms,
			       .dry_run = args_has(args, "dry-run")};
	const Mt__Reply *reply = link_ask(link, &ask, request);
	if (reply == NULL)
		return EXIT_FAILED;
	if (reply->status == MT__STATUS__OK)
		return print_reply(link, rule, reply);
	link_say_refusal(link, rule->name, reply);
	return EXIT_FAILED;
}

int
command_call(const struct args *args)
{
	const struct rule *rule = rule_find(args->values[0]);
	if (rule == NULL)
		return fail("there is no method %s", args->values[0]);
	const char *service = rule->owner[0] == '\0' ? "enrollment" : rule->owner;
	service = args_get(args, "service", service);
	struct link link;
	if (service_find(service) == NULL || !link_open(&link, args, service))
		return EXIT_FAILED;
	int exit_code = call_on(&link, args, rule);
	link_close(&link);
	return exit_code;
}
