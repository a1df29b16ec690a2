/* services/ctl/keys.c
 *
 * The keys of a deployment. Secrets are made and kept in DIR/keys and never shown. */
#include "services/ctl/ctl.h"
#include "services/ctl/spawn.h"

#include "common/host/keys.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
keys_create_all(const char *folder)
{
	struct host_error error;
	if (!keys_create(folder, &error))
		return fail("%s", error.text);
	printf("keys are in %s\n", folder);
	return EXIT_DONE;
}

static int
keys_rotate_one(const char *folder, const char *pair)
{
	struct host_error error;
	const char *dash = strchr(pair, '-');
	if (!keys_rotate(folder, pair, &error))
		return fail("%s", error.text);
	printf("%s has a new key; the former one is still accepted.\nRestart %s first, then %.*s.\n", pair,
	       dash == NULL ? "the receiver" : dash + 1, dash == NULL ? 0 : (int)(dash - pair), pair);
	return EXIT_DONE;
}

static bool
ends_with(const char *text, const char *end)
{
	size_t size = strlen(text);
	return size > strlen(end) && strcmp(text + size - strlen(end), end) == 0;
}

/* How many keys a pair has, each on a line of its own; the keys themselves stay where they are. */
static void
show_seal(const char *folder, const char *file)
{
	char path[PATH_BYTES_MAX];
	char text[1024];
	struct host_error error;
	if (!path_format(path, "%s/%s", folder, file) || !file_read(path, text, sizeof(text), &error))
		return;
	printf("%-36s ids", file);
	char *rest = text;
	for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n"))
		printf(" %.*s", (int)strcspn(line, " "), line);
	printf("\n");
}

static void
show_curve(const char *folder, const char *file)
{
	char name[256];
	char text[CURVE_TEXT_BYTES];
	struct host_error error;
	snprintf(name, sizeof(name), "%.*s", (int)(strlen(file) - strlen(".curve.pub")), file);
	if (keys_load_curve_public(folder, name, text, &error))
		printf("%-36s %s\n", file, text);
}

static int
keys_show(const char *folder)
{
	struct dirent **names;
	int count = scandir(folder, &names, NULL, alphasort);
	if (count < 0)
		return fail("folder %s cannot be read: %s", folder, strerror(errno));
	for (int i = 0; i < count; i++) {
		if (ends_with(names[i]->d_name, ".seal"))
			show_seal(folder, names[i]->d_name);
		else if (ends_with(names[i]->d_name, ".curve.pub"))
			show_curve(folder, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	return EXIT_DONE;
}

int
command_keys(const struct args *args)
{
	char folder[PATH_BYTES_MAX];
	const char *verb = args->values[0];
	if (!path_format(folder, "%s/keys", args_data(args)))
		return fail("path of the data folder is too long");
	if (strcmp(verb, "create") == 0 && args->values_count == 1)
		return keys_create_all(folder);
	if (strcmp(verb, "rotate") == 0 && args->values_count == 2)
		return keys_rotate_one(folder, args->values[1]);
	if (strcmp(verb, "show") == 0 && args->values_count == 1)
		return keys_show(folder);
	say("used as: matricula keys %s", args->command->form);
	return EXIT_USED_WRONGLY;
}
