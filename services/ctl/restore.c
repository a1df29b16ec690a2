/* services/ctl/restore.c
 *
 * Journals of a backup in the place of what is there. All locks are taken and all of the
 * backup is checked before anything is touched. The state goes away and is built anew by
 * replay; a mark tells the service to go on under a new incarnation, so that whoever
 * followed further stops and says so.
 *
 * Promise: the journal that was there is kept as journal.before-restore, its keys as
 * slots.before-restore, until the next restore. Whom the backup brings back although they
 * were erased since, the ledger beside the service's secret erases again at the start. */
#include "services/ctl/ctl.h"
#include "services/ctl/manifest.h"

#include "common/host/lock.h"
#include "common/host/slots.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

struct restoring {
	const char *source;
	const char *data;
	const struct module *module;
	const struct chain_end *end;
	char home[PATH_BYTES_MAX];
	int lock;
};

static bool
error_say(const struct host_error *error)
{
	say("%s", error->text);
	return false;
}

/* The backup's journal is what its manifest says. */
static bool
backup_check(const struct restoring *restoring)
{
	struct chain_end end;
	struct journal_file *journal = journal_reader(restoring->source, restoring->module->name);
	if (journal == NULL)
		return false;
	bool good = chain_check(restoring->module, journal) && chain_end(&end, restoring->module, journal);
	journal_file_close(journal);
	char slots[PATH_BYTES_MAX];
	if (!path_format(slots, "%s/%s/slots", restoring->source, restoring->module->name) || !path_exists(slots)) {
		say("%s: the backup lacks the keys to what its journal has sealed", restoring->module->name);
		return false;
	}
	if (good && end.seq == restoring->end->seq && memcmp(end.hash, restoring->end->hash, HASH_BYTES) == 0)
		return true;
	say("%s: the backup is not what its MANIFEST says", restoring->module->name);
	return false;
}

static bool
restoring_prepare(struct restoring *restoring)
{
	struct host_error error;
	restoring->lock = -1;
	if (!path_format(restoring->home, "%s/%s", restoring->data, restoring->module->name)) {
		say("path of the data folder is too long");
		return false;
	}
	if (!folder_make(restoring->home, &error))
		return error_say(&error);
	restoring->lock = lock_take(restoring->home, 0, &error);
	if (restoring->lock < 0)
		return error_say(&error);
	return backup_check(restoring);
}

/* The new journal takes the name in one step; the old one gets another. */
static bool
journal_swap(const char *fresh, const char *journal, const char *before, struct host_error *error)
{
	if (!path_exists(journal))
		return rename(fresh, journal) == 0 ||
		       host_error_set(error, "folder %s cannot be renamed: %s", fresh, strerror(errno));
	if (!folder_remove(before, error))
		return false;
	if (renameat2(AT_FDCWD, fresh, AT_FDCWD, journal, RENAME_EXCHANGE) != 0)
		return host_error_set(error, "folders %s and %s cannot be exchanged: %s", fresh, journal,
				      strerror(errno));
	return rename(fresh, before) == 0 ||
	       host_error_set(error, "folder %s cannot be renamed: %s", fresh, strerror(errno));
}

static bool
state_remove(const char *home, struct host_error *error)
{
	static const char *const names[] = {"state", "state.rebuild", "state.old"};
	char path[PATH_BYTES_MAX];
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!path_format(path, "%s/%s", home, names[i]) || !folder_remove(path, error))
			return false;
	}
	return true;
}

/* Behind the journal: what is there has all that the backup's journal uses, if it is of the same
 * deployment, and the other way round would leave a journal without its keys. */
static bool
slots_swap(const struct restoring *restoring, struct host_error *error)
{
	char source[PATH_BYTES_MAX];
	char fresh[PATH_BYTES_MAX];
	char slots[PATH_BYTES_MAX];
	char before[PATH_BYTES_MAX];
	if (!path_format(source, "%s/%s/slots", restoring->source, restoring->module->name) ||
	    !path_format(fresh, "%s/slots.restore", restoring->home) ||
	    !path_format(slots, "%s/slots", restoring->home) ||
	    !path_format(before, "%s/slots.before-restore", restoring->home))
		return host_error_set(error, "path of the data folder is too long");
	if (!slots_copy(source, fresh, error))
		return false;
	if ((path_exists(slots) && rename(slots, before) != 0) || rename(fresh, slots) != 0)
		return host_error_set(error, "file %s cannot be replaced: %s", slots, strerror(errno));
	return true;
}

static bool
restore_one(const struct restoring *restoring)
{
	char fresh[PATH_BYTES_MAX];
	char journal[PATH_BYTES_MAX];
	char before[PATH_BYTES_MAX];
	char mark[PATH_BYTES_MAX];
	struct host_error error = {.text = "path of the data folder is too long"};
	struct journal_file *source = journal_reader(restoring->source, restoring->module->name);
	if (source == NULL)
		return false;
	bool copied = path_format(fresh, "%s/journal.restore", restoring->home) && folder_remove(fresh, &error) &&
		      journal_file_copy(source, fresh, &error);
	journal_file_close(source);
	/* In this order a crash leaves either the old journal or the new one, and no state that is not of it. */
	bool good = copied && path_format(journal, "%s/journal", restoring->home) &&
		    path_format(before, "%s/journal.before-restore", restoring->home) &&
		    path_format(mark, "%s/restored", restoring->home) && state_remove(restoring->home, &error) &&
		    file_replace(mark, "restored\n", 0600, &error) && journal_swap(fresh, journal, before, &error) &&
		    slots_swap(restoring, &error) && folder_sync(restoring->home, &error);
	return good || error_say(&error);
}

int
command_restore(const struct args *args)
{
	static struct manifest manifest;
	static struct restoring restoring[MANIFEST_SERVICES_MAX];
	const char *only = args_get(args, "service", NULL);
	size_t count = 0;
	bool good = true;
	if (only != NULL && service_find(only) == NULL)
		return EXIT_USED_WRONGLY;
	if (!manifest_read(&manifest, args->values[0]))
		return EXIT_FAILED;
	for (size_t i = 0; good && i < manifest.count; i++) {
		if (only != NULL && strcmp(manifest.modules[i]->name, only) != 0)
			continue;
		restoring[count] = (struct restoring){.source = args->values[0],
						      .data = args_data(args),
						      .module = manifest.modules[i],
						      .end = &manifest.ends[i]};
		good = restoring_prepare(&restoring[count++]);
	}
	if (count == 0)
		return fail("the backup holds nothing of %s", only == NULL ? "any service" : only);
	for (size_t i = 0; good && i < count; i++) {
		good = restore_one(&restoring[i]);
		if (good)
			printf("%s: restored, %llu entries; it replays them at its next start\n",
			       restoring[i].module->name, (unsigned long long)restoring[i].end->seq);
	}
	for (size_t i = 0; i < count; i++) {
		if (restoring[i].lock >= 0)
			lock_release(restoring[i].lock);
	}
	return good ? EXIT_DONE : EXIT_FAILED;
}
