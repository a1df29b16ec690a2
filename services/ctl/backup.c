/* services/ctl/backup.c
 *
 * All journals, running or not, and behind each the keys of its subjects, so that a slot
 * which the journal uses is among them. The state is a fold of the journal and is not
 * copied; of the keys folder only the public ones are. Without the service's secret, which
 * is kept elsewhere, the slots open nothing; with it, a backup shows whoever was not yet
 * erased when it was made: it wants an end, like the right that it serves.
 *
 * Followers are copied before those they follow, so that no copy is ahead of another;
 * where two follow each other the later one is cut (cut.h). Promise: when MANIFEST is
 * there, the backup is complete, synced, and consistent as a whole. */
#include "services/ctl/ctl.h"
#include "services/ctl/cut.h"

#include "common/host/slots.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

enum { KEY_FILE_BYTES = 256 };

static size_t
services_count(void)
{
	size_t count = 0;
	while (service_modules[count] != NULL)
		count++;
	return count;
}

static bool
heads_note(const char *data, struct cut *cut)
{
	for (size_t i = 0; service_modules[i] != NULL; i++) {
		if (!journal_is_there(data, service_modules[i]->name))
			continue;
		struct journal_file *journal = journal_reader(data, service_modules[i]->name);
		if (journal == NULL)
			return false;
		cut->sure[i] = journal_file_head(journal);
		journal_file_close(journal);
	}
	return true;
}

static bool
copy_one(const char *data, const char *dest, const struct module *module, struct journal_file **copy)
{
	char path[PATH_BYTES_MAX];
	char slots[PATH_BYTES_MAX];
	char slots_dest[PATH_BYTES_MAX];
	struct host_error error = {.text = "a folder cannot be renamed, or its path is too long"};
	struct journal_file *journal = journal_reader(data, module->name);
	if (journal == NULL)
		return false;
	bool good = path_format(path, "%s/%s/journal", dest, module->name) && journal_file_copy(journal, path, &error);
	journal_file_close(journal);
	good = good && path_format(slots, "%s/%s/slots", data, module->name) &&
	       path_format(slots_dest, "%s/%s/slots", dest, module->name) && slots_copy(slots, slots_dest, &error);
	if (good)
		*copy = journal_file_open_reader(path, &error);
	if (good && *copy != NULL)
		return true;
	say("%s", error.text);
	return false;
}

static bool
copy_all(const char *data, const char *dest, struct cut *cut)
{
	if (!heads_note(data, cut))
		return false;
	for (size_t i = services_count(); i > 0; i--) {
		const struct module *module = service_modules[i - 1];
		if (!journal_is_there(data, module->name))
			continue;
		if (!copy_one(data, dest, module, &cut->journals[i - 1]))
			return false;
		cut->heads[i - 1] = journal_file_head(cut->journals[i - 1]);
	}
	return cut_make(cut);
}

/* Replaces a copy that is ahead by its beginning. */
static bool
shorten(const char *dest, size_t index, struct cut *cut)
{
	char journal[PATH_BYTES_MAX];
	char whole[PATH_BYTES_MAX];
	struct host_error error = {.text = "a folder cannot be renamed, or its path is too long"};
	const char *name = service_modules[index]->name;
	if (!path_format(journal, "%s/%s/journal", dest, name) || !path_format(whole, "%s/%s/ahead", dest, name) ||
	    rename(journal, whole) != 0 || !cut_copy(cut->journals[index], cut->heads[index], journal))
		return false;
	journal_file_close(cut->journals[index]);
	cut->journals[index] = journal_file_open_reader(journal, &error);
	if (cut->journals[index] != NULL && folder_remove(whole, &error))
		return true;
	say("%s", error.text);
	return false;
}

static bool
manifest_make(const char *dest, struct cut *cut, struct manifest *manifest)
{
	*manifest = (struct manifest){.count = 0};
	for (size_t i = 0; service_modules[i] != NULL; i++) {
		if (cut->journals[i] == NULL)
			continue;
		if (journal_file_head(cut->journals[i]) != cut->heads[i] && !shorten(dest, i, cut))
			return false;
		manifest->modules[manifest->count] = service_modules[i];
		if (!chain_end(&manifest->ends[manifest->count++], service_modules[i], cut->journals[i]))
			return false;
	}
	return true;
}

static bool
copy_public_keys(const char *data, const char *dest)
{
	char from[PATH_BYTES_MAX];
	char to[PATH_BYTES_MAX];
	struct host_error error = {.text = "a folder cannot be renamed, or its path is too long"};
	if (!path_format(from, "%s/keys", data) || !path_format(to, "%s/keys", dest) || !folder_make(to, &error))
		return false;
	DIR *folder = opendir(from);
	bool good = true;
	for (const struct dirent *entry = folder == NULL ? NULL : readdir(folder); good && entry != NULL;
	     entry = readdir(folder)) {
		char text[KEY_FILE_BYTES];
		size_t size = strlen(entry->d_name);
		if (size < 5 || strcmp(entry->d_name + size - 4, ".pub") != 0)
			continue;
		good = path_format(from, "%s/keys/%s", data, entry->d_name) &&
		       path_format(to, "%s/keys/%s", dest, entry->d_name) &&
		       file_read(from, text, sizeof(text), &error) && file_replace(to, text, 0600, &error);
		if (!good)
			say("%s", error.text);
	}
	if (folder != NULL)
		closedir(folder);
	return good;
}

int
command_backup(const struct args *args)
{
	static struct cut cut;
	static struct manifest manifest;
	char path[PATH_BYTES_MAX];
	struct host_error error = {.text = "a folder cannot be renamed, or its path is too long"};
	const char *dest = args->values[0];
	if (!path_format(path, "%s/MANIFEST", dest) || path_exists(path))
		return fail("%s holds a backup already", dest);
	if (!folder_make(dest, &error))
		return fail("%s", error.text);
	bool good = copy_all(args_data(args), dest, &cut) && manifest_make(dest, &cut, &manifest) &&
		    copy_public_keys(args_data(args), dest);
	for (size_t i = 0; i < services_count(); i++) {
		if (cut.journals[i] != NULL)
			journal_file_close(cut.journals[i]);
	}
	if (!good || !manifest_write(&manifest, dest))
		return fail("the backup in %s is not complete", dest);
	for (size_t i = 0; i < manifest.count; i++)
		printf("%s: %llu entries\n", manifest.modules[i]->name, (unsigned long long)manifest.ends[i].seq);
	return EXIT_DONE;
}
