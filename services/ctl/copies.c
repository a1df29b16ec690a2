/* services/ctl/copies.c
 *
 * The keys that sealed data is opened with are copied first of all, so that somebody who is
 * erased meanwhile reads as in the state; then the state, so that it is never ahead. */
#include "services/ctl/copies.h"

#include "services/ctl/chain.h"
#include "services/ctl/ctl.h"

#include "common/core/tables.h"
#include "common/host/keys.h"
#include "common/wire/pb.h"

#include "matricula/journal.pb-c.h"

#include <sodium.h>
#include <string.h>
#include <unistd.h>

static bool
paths_make(struct copies *copies)
{
	return path_format(copies->home, "%s/%s", copies->data, copies->module->name) &&
	       path_format(copies->folder, "%s/%s.%ld", copies->home, copies->name, (long)getpid()) &&
	       path_format(copies->state_copy, "%s/state", copies->folder) &&
	       path_format(copies->journal_copy, "%s/journal", copies->folder) &&
	       path_format(copies->slots_copy, "%s/slots", copies->folder) &&
	       path_format(copies->scratch, "%s/scratch", copies->folder);
}

static bool
copy_slots(struct copies *copies, struct host_error *error)
{
	char keys[PATH_BYTES_MAX];
	char path[PATH_BYTES_MAX];
	if (!path_format(keys, "%s/keys", copies->data) || !path_format(path, "%s/slots", copies->home))
		return host_error_set(error, "path of the data folder is too long");
	if (!keys_load_secret(keys, copies->module->name, copies->keys.secret, error) ||
	    !slots_copy(path, copies->slots_copy, error))
		return false;
	copies->keys.before = slots_open_reader(copies->slots_copy, copies->keys.secret, error);
	return copies->keys.before != NULL;
}

static bool
open_slots(struct copies *copies, struct host_error *error)
{
	char path[PATH_BYTES_MAX];
	path_format(path, "%s/slots", copies->home);
	copies->keys.after = slots_open_reader(path, copies->keys.secret, error);
	return copies->keys.after != NULL;
}

static bool
copy_state(const struct copies *copies, struct host_error *error)
{
	char path[PATH_BYTES_MAX];
	char file[PATH_BYTES_MAX];
	if (!path_format(path, "%s/state", copies->home) || !path_format(file, "%s/data.mdb", path))
		return host_error_set(error, "path of the data folder is too long");
	if (!path_exists(file))
		return true;
	struct state_lmdb *state = state_lmdb_open_reader(path, error);
	bool good = state != NULL && state_lmdb_copy(state, copies->state_copy, error);
	state_lmdb_close(state);
	return good;
}

static bool
copy_journal(const struct copies *copies)
{
	struct host_error error;
	struct journal_file *journal = journal_reader(copies->data, copies->module->name);
	if (journal == NULL)
		return false;
	bool good = journal_file_copy(journal, copies->journal_copy, &error);
	if (!good)
		say("%s", error.text);
	journal_file_close(journal);
	return good;
}

bool
copies_open(struct copies *copies)
{
	struct host_error error;
	if (!paths_make(copies)) {
		say("path of the data folder is too long");
		return false;
	}
	if (!folder_make(copies->folder, &error) || !copy_slots(copies, &error) || !copy_state(copies, &error)) {
		say("%s", error.text);
		return false;
	}
	if (!copy_journal(copies))
		return false;
	copies->journal = journal_file_open_reader(copies->journal_copy, &error);
	bool good = copies->journal != NULL && open_slots(copies, &error);
	if (good && path_exists(copies->state_copy)) {
		copies->state = state_lmdb_open_reader(copies->state_copy, &error);
		good = copies->state != NULL;
	}
	if (!good)
		say("%s", error.text);
	return good;
}

void
copies_remove(struct copies *copies)
{
	struct host_error error;
	if (copies->state != NULL)
		state_lmdb_close(copies->state);
	if (copies->journal != NULL)
		journal_file_close(copies->journal);
	slots_close(copies->keys.before);
	slots_close(copies->keys.after);
	sodium_memzero(&copies->keys, sizeof(copies->keys));
	if (!folder_remove(copies->state_copy, &error) || !folder_remove(copies->journal_copy, &error) ||
	    !folder_remove(copies->scratch, &error) || !folder_remove(copies->folder, &error))
		say("%s", error.text);
}

bool
copies_state_seq(const struct copies *copies, uint64_t *seq)
{
	const uint8_t table[] = {TABLE_HEAD};
	struct slice row;
	struct arena arena;
	*seq = 0;
	if (copies->state == NULL)
		return true;
	struct store_base base = state_lmdb_base(copies->state);
	if (!base.get(base.context, slice_of(table, sizeof(table)), &row))
		return true;
	arena_init(&arena, 4096, 0);
	const Mt__StateHead *head = (const Mt__StateHead *)pb_unpack_trusted(&mt__state_head__descriptor, &arena, row);
	const char *fault = NULL;
	struct slice bytes;
	if (head == NULL || head->hash.len != HASH_BYTES)
		fault = "the head of the state cannot be read";
	else if (head->apply_version != copies->module->apply_version)
		fault = "the state was built by another version of the service";
	else if (!journal_file_read(copies->journal, head->seq, &bytes))
		fault = "the state is ahead of the journal";
	else
		*seq = head->seq;
	const Mt__Entry *entry =
		fault != NULL ? NULL : (const Mt__Entry *)pb_unpack_trusted(&mt__entry__descriptor, &arena, bytes);
	if (fault == NULL && (entry == NULL || entry->hash.len != HASH_BYTES ||
			      memcmp(entry->hash.data, head->hash.data, HASH_BYTES) != 0))
		fault = "state and journal differ in the hash of the entry they meet at";
	if (fault != NULL)
		say("%s: %s", copies->module->name, fault);
	arena_free(&arena);
	return fault == NULL;
}
