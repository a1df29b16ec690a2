/* services/ctl/token.c
 *
 * Bearer tokens. A token is made here and shown once; the services learn its SHA-256 and
 * nothing else. It is printed when every node that can be reached knows it, so that the
 * next command may use it.
 *
 * Promise: standard output holds the token and a newline, or nothing. */
#include "services/ctl/link.h"
#include "services/ctl/spawn.h"
#include "services/ctl/tree.h"
#include "services/ctl/units.h"

#include "common/base/hash.h"
#include "common/base/text.h"
#include "common/host/probe.h"

#include "matricula/access.pb-c.h"
#include "matricula/node.pb-c.h"

#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { TOKEN_BYTES = 32, MIRROR_MS_MAX = 5000, MIRROR_PAUSE_MS = 10, DAYS_MAX = 3660, ROLES_MAX = 16 };

#define TOKEN_PREFIX "mtk_"

/* True when that node's feed of enrollment came that far. */
static bool
has_mirrored(struct link *link, uint64_t seq)
{
	Mt__StatusRequest request = MT__STATUS_REQUEST__INIT;
	struct link_ask ask = {.method = "Node.Status", .timeout_ms = MIRROR_MS_MAX};
	link_reset(link);
	const Mt__NodeStatus *status = (const Mt__NodeStatus *)link_call(link, &ask, &request.base);
	for (size_t i = 0; status != NULL && i < status->n_feeds; i++) {
		if (strcmp(status->feeds[i]->producer, "enrollment") == 0 && status->feeds[i]->seq >= seq)
			return true;
	}
	return false;
}

static void
wait_mirrored(const struct args *args, uint64_t seq)
{
	int64_t until_us = probe_monotonic_us() + (int64_t)MIRROR_MS_MAX * 1000;
	for (const struct module *const *module = service_modules; *module != NULL; module++) {
		struct link link;
		const char *name = (*module)->name;
		if (strcmp(name, "enrollment") == 0 || !link_is_there(args, name) || !link_open(&link, args, name))
			continue;
		bool mirrored = has_mirrored(&link, seq);
		while (!mirrored && probe_monotonic_us() < until_us) {
			poll(NULL, 0, MIRROR_PAUSE_MS);
			mirrored = has_mirrored(&link, seq);
		}
		if (!mirrored)
			say("%s does not know the change yet; it may refuse the token for a moment", name);
		link_close(&link);
	}
}

/* Sends the command and waits until the other nodes know of it. */
static bool
change_access(const struct args *args, struct link *link, const char *method, const ProtobufCMessage *request)
{
	const Mt__Reply *reply = link_ask(link, &(struct link_ask){.method = method}, request);
	if (reply == NULL)
		return false;
	if (reply->status != MT__STATUS__OK) {
		link_say_refusal(link, method, reply);
		return false;
	}
	wait_mirrored(args, reply->seq);
	return true;
}

static int
grant(const struct args *args, struct link *link)
{
	uint8_t bytes[TOKEN_BYTES];
	char token[sizeof(TOKEN_PREFIX) + TEXT_BASE64_BYTES(TOKEN_BYTES)] = TOKEN_PREFIX;
	uint8_t hash[HASH_BYTES];
	Mt__Role roles[ROLES_MAX];
	Mt__GrantTokenRequest request = MT__GRANT_TOKEN_REQUEST__INIT;
	long long days;
	const char *authority = args_get(args, "authority", NULL);
	const char *roles_text = args_get(args, "roles", NULL);
	if (roles_text == NULL || authority == NULL) {
		say("a token wants --roles and --authority");
		return EXIT_USED_WRONGLY;
	}
	if (!args_number(args, "days", 1, DAYS_MAX, 0, &days) ||
	    !roles_read(roles_text, roles, ROLES_MAX, &request.n_roles))
		return EXIT_USED_WRONGLY;
	if (!units_ensure(args, link, authority))
		return EXIT_FAILED;
	randombytes_buf(bytes, sizeof(bytes));
	text_base64url(slice_of(bytes, sizeof(bytes)), token + strlen(TOKEN_PREFIX));
	hash_sha256(slice_text(token), hash);
	request.token_hash = (ProtobufCBinaryData){HASH_BYTES, hash};
	request.roles = roles;
	request.authority = (char *)authority;
	request.subject = (char *)args_get(args, "subject", "");
	request.days = (uint32_t)days;
	if (!change_access(args, link, "Access.GrantToken", &request.base))
		return EXIT_FAILED;
	printf("%s\n", token);
	return EXIT_DONE;
}

static void
print_token(const Mt__TokenView *view)
{
	char name[32];
	printf("%s  %s  %-24s ", view->token_id, view->expires_at, view->subject);
	for (size_t i = 0; i < view->n_roles; i++)
		printf("%s%s", i == 0 ? "" : ",", role_name(view->roles[i], name));
	printf("\n");
}

static int
list(const struct args *args, struct link *link)
{
	Mt__ListTokensRequest request = MT__LIST_TOKENS_REQUEST__INIT;
	const Mt__ListTokensReply *reply;
	request.authority = (char *)args_get(args, "authority", ROOT_CODE);
	do {
		reply = (const Mt__ListTokensReply *)link_call(link, &(struct link_ask){.method = "Access.ListTokens"},
							       &request.base);
		if (reply == NULL)
			return EXIT_FAILED;
		for (size_t i = 0; i < reply->n_tokens; i++)
			print_token(reply->tokens[i]);
		request.page_token = reply->next_page_token;
	} while (request.page_token[0] != '\0');
	return EXIT_DONE;
}

static int
revoke(const struct args *args, struct link *link)
{
	Mt__RevokeTokenRequest request = MT__REVOKE_TOKEN_REQUEST__INIT;
	request.token_id = (char *)args->values[1];
	return change_access(args, link, "Access.RevokeToken", &request.base) ? EXIT_DONE : EXIT_FAILED;
}

int
command_token(const struct args *args)
{
	struct link link;
	const char *verb = args->values_count == 0 ? "grant" : args->values[0];
	bool known = strcmp(verb, "grant") == 0 || strcmp(verb, "list") == 0 || strcmp(verb, "revoke") == 0;
	if (!known || (strcmp(verb, "revoke") == 0) != (args->values_count == 2)) {
		say("used as: matricula token %s", args->command->form);
		return EXIT_USED_WRONGLY;
	}
	pid_t server = 0;
	if (!data_prepare(args_data(args)))
		return EXIT_FAILED;
	if (!link_is_there(args, "enrollment"))
		server = server_start(args, "enrollment");
	if (server < 0)
		return EXIT_FAILED;
	int exit_code = EXIT_FAILED;
	if (link_open(&link, args, "enrollment")) {
		if (strcmp(verb, "list") == 0)
			exit_code = list(args, &link);
		else
			exit_code = strcmp(verb, "revoke") == 0 ? revoke(args, &link) : grant(args, &link);
		link_close(&link);
	}
	server_stop(server);
	return exit_code;
}
