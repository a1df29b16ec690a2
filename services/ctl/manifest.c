/* services/ctl/manifest.c
 *
 * Text for people, read back by the same words. */
#include "services/ctl/manifest.h"

#include "services/ctl/ctl.h"

#include "common/base/date.h"
#include "common/base/text.h"

#include <stdio.h>
#include <string.h>

enum { LINE_BYTES = 256, FILE_BYTES = 4096 };

bool
manifest_write(const struct manifest *manifest, const char *folder)
{
	char path[PATH_BYTES_MAX];
	char text[FILE_BYTES] = "# matricula backup 1\n";
	struct host_error error = {.text = "a folder cannot be renamed, or its path is too long"};
	for (size_t i = 0; i < manifest->count; i++) {
		const struct chain_end *end = &manifest->ends[i];
		char hash[2 * HASH_BYTES + 1];
		char time[INSTANT_TEXT_BYTES];
		size_t used = strlen(text);
		text_hex(slice_of(end->hash, HASH_BYTES), hash);
		instant_format(end->time_us, time);
		snprintf(text + used, sizeof(text) - used, "%s seq=%llu hash=%s incarnation=%llu time=%s\n",
			 manifest->modules[i]->name, (unsigned long long)end->seq, hash,
			 (unsigned long long)end->incarnation, time);
	}
	if (path_format(path, "%s/MANIFEST", folder) && file_replace(path, text, 0600, &error))
		return true;
	say("%s", error.text);
	return false;
}

static bool
line_read(struct manifest *manifest, const char *line)
{
	char name[32];
	char hash[2 * HASH_BYTES + 1];
	unsigned long long seq;
	unsigned long long incarnation;
	struct chain_end *end = &manifest->ends[manifest->count];
	if (manifest->count == MANIFEST_SERVICES_MAX ||
	    sscanf(line, "%31s seq=%llu hash=%64s incarnation=%llu", name, &seq, hash, &incarnation) != 4)
		return false;
	*end = (struct chain_end){.seq = seq, .incarnation = incarnation};
	manifest->modules[manifest->count] = service_find(name);
	return manifest->modules[manifest->count++] != NULL && text_from_hex(hash, end->hash, HASH_BYTES);
}

bool
manifest_read(struct manifest *manifest, const char *folder)
{
	char path[PATH_BYTES_MAX];
	char text[FILE_BYTES];
	struct host_error error = {.text = "a folder cannot be renamed, or its path is too long"};
	*manifest = (struct manifest){.count = 0};
	if (!path_format(path, "%s/MANIFEST", folder) || !file_read(path, text, sizeof(text), &error)) {
		say("%s is no complete backup: %s", folder, error.text);
		return false;
	}
	char *rest = text;
	for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
		if (line[0] == '\0' || line[0] == '#')
			continue;
		if (line_read(manifest, line))
			continue;
		say("file %s: line \"%.200s\" cannot be read", path, line);
		return false;
	}
	return true;
}
