/* services/ctl/verify.c
 *
 * Does the state say what the journal says? Works on hot copies, state first, so that it
 * is never ahead; nothing is locked and a running service is not disturbed. The copies
 * lie beside the data while it lasts and need as much space again. The keys that sealed
 * data is opened with are copied first of all, so that somebody who is erased meanwhile
 * reads as in the state.
 *
 * Promise: exit code 0 only if every chain is whole and every key and value is the same. */
#include "services/ctl/chain.h"
#include "services/ctl/ctl.h"
#include "services/ctl/replay_world.h"

#include "common/base/codec.h"
#include "common/base/text.h"
#include "common/core/tables.h"
#include "common/host/keys.h"
#include "common/wire/pb.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	MEMORY_MIB_DEFAULT_VERIFY = 1024,
	MEMORY_MIB_LIMIT = 1 << 20,
	SHOWN_MAX = 5,
	HEX_BYTES_SHOWN = 48,
	TABLES = 256
};

struct verifying {
	const struct module *module;
	const char *data;
	uint64_t memory_bytes;
	char home[PATH_BYTES_MAX];
	char state_copy[PATH_BYTES_MAX];
	char journal_copy[PATH_BYTES_MAX];
	char scratch[PATH_BYTES_MAX];
	char folder[PATH_BYTES_MAX];
	struct state_lmdb *state; /* NULL: there is none yet */
	struct journal_lmdb *journal;
	char slots_copy[PATH_BYTES_MAX];
	struct replay_keys keys;
	uint64_t equal;
	uint64_t different;
};

static bool
paths_make(struct verifying *verifying)
{
	return path_format(verifying->home, "%s/%s", verifying->data, verifying->module->name) &&
	       path_format(verifying->folder, "%s/verify.%ld", verifying->home, (long)getpid()) &&
	       path_format(verifying->state_copy, "%s/state", verifying->folder) &&
	       path_format(verifying->journal_copy, "%s/journal", verifying->folder) &&
	       path_format(verifying->slots_copy, "%s/slots", verifying->folder) &&
	       path_format(verifying->scratch, "%s/scratch", verifying->folder);
}

static bool
copy_slots(struct verifying *verifying, struct host_error *error)
{
	char keys[PATH_BYTES_MAX];
	char path[PATH_BYTES_MAX];
	if (!path_format(keys, "%s/keys", verifying->data) || !path_format(path, "%s/slots", verifying->home))
		return host_error_set(error, "path of the data folder is too long");
	if (!keys_load_secret(keys, verifying->module->name, verifying->keys.secret, error) ||
	    !slots_copy(path, verifying->slots_copy, error))
		return false;
	verifying->keys.before = slots_open_reader(verifying->slots_copy, verifying->keys.secret, error);
	return verifying->keys.before != NULL;
}

static bool
open_slots(struct verifying *verifying, struct host_error *error)
{
	char path[PATH_BYTES_MAX];
	path_format(path, "%s/slots", verifying->home);
	verifying->keys.after = slots_open_reader(path, verifying->keys.secret, error);
	return verifying->keys.after != NULL;
}

static bool
copy_state(const struct verifying *verifying, struct host_error *error)
{
	char path[PATH_BYTES_MAX];
	char file[PATH_BYTES_MAX];
	if (!path_format(path, "%s/state", verifying->home) || !path_format(file, "%s/data.mdb", path))
		return host_error_set(error, "path of the data folder is too long");
	if (!path_exists(file))
		return true;
	struct state_lmdb *state = state_lmdb_open_reader(path, error);
	bool good = state != NULL && state_lmdb_copy(state, verifying->state_copy, error);
	state_lmdb_close(state);
	return good;
}

static bool
copy_journal(const struct verifying *verifying)
{
	struct host_error error;
	struct journal_lmdb *journal = journal_reader(verifying->data, verifying->module->name);
	if (journal == NULL)
		return false;
	bool good = journal_lmdb_copy(journal, verifying->journal_copy, &error);
	if (!good)
		say("%s", error.text);
	journal_lmdb_close(journal);
	return good;
}

static bool
copies_open(struct verifying *verifying)
{
	struct host_error error;
	if (!folder_make(verifying->folder, &error) || !copy_slots(verifying, &error) ||
	    !copy_state(verifying, &error)) {
		say("%s", error.text);
		return false;
	}
	if (!copy_journal(verifying))
		return false;
	verifying->journal = journal_lmdb_open_reader(verifying->journal_copy, &error);
	bool good = verifying->journal != NULL && open_slots(verifying, &error);
	if (good && path_exists(verifying->state_copy)) {
		verifying->state = state_lmdb_open_reader(verifying->state_copy, &error);
		good = verifying->state != NULL;
	}
	if (!good)
		say("%s", error.text);
	return good;
}

static void
copies_remove(struct verifying *verifying)
{
	struct host_error error;
	if (verifying->state != NULL)
		state_lmdb_close(verifying->state);
	if (verifying->journal != NULL)
		journal_lmdb_close(verifying->journal);
	slots_close(verifying->keys.before);
	slots_close(verifying->keys.after);
	sodium_memzero(&verifying->keys, sizeof(verifying->keys));
	if (!folder_remove(verifying->state_copy, &error) || !folder_remove(verifying->journal_copy, &error) ||
	    !folder_remove(verifying->scratch, &error) || !folder_remove(verifying->folder, &error))
		say("%s", error.text);
}

/* Which entry the state stands for; 0 if it is empty. False, and said, if journal and state do not belong together. */
static bool
state_seq(const struct verifying *verifying, uint64_t *seq)
{
	const uint8_t table[] = {TABLE_HEAD};
	struct slice row;
	struct arena arena;
	*seq = 0;
	if (verifying->state == NULL)
		return true;
	struct store_base base = state_lmdb_base(verifying->state);
	if (!base.get(base.context, slice_of(table, sizeof(table)), &row))
		return true;
	arena_init(&arena, 4096, 0);
	const Mt__StateHead *head = (const Mt__StateHead *)pb_unpack_trusted(&mt__state_head__descriptor, &arena, row);
	const char *fault = NULL;
	struct slice bytes;
	if (head == NULL || head->hash.len != HASH_BYTES)
		fault = "the head of the state cannot be read";
	else if (head->apply_version != verifying->module->apply_version)
		fault = "the state was built by another version of the service";
	else if (!journal_lmdb_read(verifying->journal, head->seq, &bytes))
		fault = "the state is ahead of the journal";
	else
		*seq = head->seq;
	const Mt__Entry *entry =
		fault != NULL ? NULL : (const Mt__Entry *)pb_unpack_trusted(&mt__entry__descriptor, &arena, bytes);
	if (fault == NULL && (entry == NULL || entry->hash.len != HASH_BYTES ||
			      memcmp(entry->hash.data, head->hash.data, HASH_BYTES) != 0))
		fault = "state and journal differ in the hash of the entry they meet at";
	if (fault != NULL)
		say("%s: %s", verifying->module->name, fault);
	arena_free(&arena);
	return fault == NULL;
}

static void
say_different(struct verifying *verifying, const char *what, struct slice key, struct slice state, struct slice replay)
{
	char key_hex[2 * KEY_BYTES_MAX + 1];
	char state_hex[2 * HEX_BYTES_SHOWN + 1] = "";
	char replay_hex[2 * HEX_BYTES_SHOWN + 1] = "";
	if (verifying->different++ >= SHOWN_MAX)
		return;
	text_hex(slice_of(key.data, key.size < KEY_BYTES_MAX ? key.size : KEY_BYTES_MAX), key_hex);
	text_hex(slice_of(state.data, state.size < HEX_BYTES_SHOWN ? state.size : HEX_BYTES_SHOWN), state_hex);
	text_hex(slice_of(replay.data, replay.size < HEX_BYTES_SHOWN ? replay.size : HEX_BYTES_SHOWN), replay_hex);
	say("%s: table %02x key %s %s\n  state  (%zu bytes) %s\n  replay (%zu bytes) %s", verifying->module->name,
	    key.data[0], key_hex, what, state.size, state_hex, replay.size, replay_hex);
}

/* One table of both, side by side. */
static void
compare_table(struct verifying *verifying, const struct store *state, const struct store *replay, uint8_t table)
{
	const struct slice nothing = slice_text("");
	struct store_walk left = store_walk(state, slice_of(&table, 1));
	struct store_walk right = store_walk(replay, slice_of(&table, 1));
	bool in_left = store_walk_next(&left);
	bool in_right = store_walk_next(&right);
	while (in_left || in_right) {
		int order = !in_left ? 1 : !in_right ? -1 : slice_compare(left.key, right.key);
		if (order < 0)
			say_different(verifying, "stands in the state alone", left.key, left.value, nothing);
		else if (order > 0)
			say_different(verifying, "stands in the replay alone", right.key, nothing, right.value);
		else if (!slice_equal(left.value, right.value))
			say_different(verifying, "has two values", left.key, left.value, right.value);
		else
			verifying->equal++;
		if (order <= 0)
			in_left = store_walk_next(&left);
		if (order >= 0)
			in_right = store_walk_next(&right);
	}
}

static void
compare(struct verifying *verifying, uint64_t seq)
{
	static struct replay replay;
	struct memtable *none = memtable_new();
	struct store state = {.top = none, .base = state_lmdb_base(verifying->state)};
	replay_run(&replay, verifying->module, verifying->journal, &verifying->keys, seq, verifying->scratch,
		   verifying->memory_bytes);
	for (unsigned table = 0; table < TABLES; table++) {
		/* The head row is written with each flush and was checked before. */
		if (table != TABLE_HEAD)
			compare_table(verifying, &state, replay_store(&replay), (uint8_t)table);
	}
	replay_end(&replay);
	memtable_free(none);
}

static bool
verify_one(struct verifying *verifying)
{
	uint64_t seq = 0;
	const char *name = verifying->module->name;
	if (!journal_is_there(verifying->data, name)) {
		printf("%s: no journal here\n", name);
		return true;
	}
	if (!paths_make(verifying)) {
		say("path of the data folder is too long");
		return false;
	}
	bool good = copies_open(verifying) && chain_check(verifying->module, verifying->journal) &&
		    state_seq(verifying, &seq);
	if (good && seq > 0)
		compare(verifying, seq);
	if (good)
		printf("%s: chain of %llu entries is whole; state at %llu: %llu keys equal, %llu different\n", name,
		       (unsigned long long)journal_lmdb_head(verifying->journal), (unsigned long long)seq,
		       (unsigned long long)verifying->equal, (unsigned long long)verifying->different);
	fflush(stdout);
	copies_remove(verifying);
	return good && verifying->different == 0;
}

int
command_verify(const struct args *args)
{
	const char *only = args_get(args, "service", NULL);
	long long memory_mib;
	bool good = true;
	if ((only != NULL && service_find(only) == NULL) ||
	    !args_number(args, "memory", 32, MEMORY_MIB_LIMIT, MEMORY_MIB_DEFAULT_VERIFY, &memory_mib))
		return EXIT_USED_WRONGLY;
	for (const struct module *const *module = service_modules; *module != NULL; module++) {
		static struct verifying verifying;
		if (only != NULL && strcmp((*module)->name, only) != 0)
			continue;
		verifying = (struct verifying){
			.module = *module, .data = args_data(args), .memory_bytes = (uint64_t)memory_mib << 20};
		good = verify_one(&verifying) && good;
	}
	return good ? EXIT_DONE : EXIT_FAILED;
}
