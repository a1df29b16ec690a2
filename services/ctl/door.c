/* services/ctl/door.c
 *
 * Door keys: CURVE public keys whose holders may push events for an authority. A pair
 * made here (--generate FILE) is written for the province to keep: the public line, then
 * the secret one; only the public key goes to enrollment. */
#include "services/ctl/link.h"
#include "services/ctl/units.h"

#include "common/host/files.h"

#include "matricula/access.pb-c.h"

#include <stdio.h>
#include <string.h>

static bool
pair_generate(const char *path, struct curve_pair *pair)
{
	char text[2 * CURVE_TEXT_BYTES + 2];
	struct host_error error;
	if (path_exists(path)) {
		say("file %s is there already", path);
		return false;
	}
	curve_pair_make(pair);
	snprintf(text, sizeof(text), "%s\n%s\n", pair->public_text, pair->secret_text);
	if (file_replace(path, text, 0600, &error))
		return true;
	say("%s", error.text);
	return false;
}

static int
door_add(const struct args *args, struct link *link)
{
	struct curve_pair pair;
	Mt__RegisterDoorKeyRequest request = MT__REGISTER_DOOR_KEY_REQUEST__INIT;
	const char *file = args_get(args, "generate", NULL);
	const char *key = args_get(args, "key", NULL);
	request.authority = (char *)args_get(args, "authority", "");
	request.name = (char *)args_get(args, "name", "");
	if (request.authority[0] == '\0' || (file == NULL) == (key == NULL)) {
		say("a door key wants --authority and either --key or --generate");
		return EXIT_USED_WRONGLY;
	}
	if (!units_ensure(args, link, request.authority))
		return EXIT_FAILED;
	if (file != NULL && !pair_generate(file, &pair))
		return EXIT_FAILED;
	request.door_key = file == NULL ? (char *)(uintptr_t)key : pair.public_text;
	if (link_call(link, &(struct link_ask){.method = "Access.RegisterDoorKey"}, &request.base) == NULL) {
		if (file != NULL)
			remove(file);
		return EXIT_FAILED;
	}
	printf("%s\n", request.door_key);
	return EXIT_DONE;
}

static int
door_list(struct link *link)
{
	Mt__ListDoorKeysRequest request = MT__LIST_DOOR_KEYS_REQUEST__INIT;
	do {
		const Mt__ListDoorKeysReply *reply = (const Mt__ListDoorKeysReply *)link_call(
			link, &(struct link_ask){.method = "Access.ListDoorKeys"}, &request.base);
		if (reply == NULL)
			return EXIT_FAILED;
		for (size_t i = 0; i < reply->n_keys; i++)
			printf("%s  %s  %s\n", reply->keys[i]->door_key, reply->keys[i]->authority_id,
			       reply->keys[i]->name);
		request.page_token = reply->next_page_token;
	} while (request.page_token[0] != '\0');
	return EXIT_DONE;
}

static int
door_remove(const struct args *args, struct link *link)
{
	Mt__RemoveDoorKeyRequest request = MT__REMOVE_DOOR_KEY_REQUEST__INIT;
	request.door_key = (char *)args->values[1];
	return link_call(link, &(struct link_ask){.method = "Access.RemoveDoorKey"}, &request.base) == NULL
		       ? EXIT_FAILED
		       : EXIT_DONE;
}

int
command_door(const struct args *args)
{
	struct link link;
	const char *verb = args->values[0];
	bool removes = strcmp(verb, "remove") == 0;
	if ((strcmp(verb, "add") != 0 && strcmp(verb, "list") != 0 && !removes) ||
	    removes != (args->values_count == 2)) {
		say("used as: matricula door %s", args->command->form);
		return EXIT_USED_WRONGLY;
	}
	if (!link_open(&link, args, "enrollment"))
		return EXIT_FAILED;
	int exit_code = removes ? door_remove(args, &link) : verb[0] == 'a' ? door_add(args, &link) : door_list(&link);
	link_close(&link);
	return exit_code;
}
