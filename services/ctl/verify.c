/* services/ctl/verify.c
 *
 * Does the state say what the journal says? Works on hot copies (copies.h); a running service is
 * not disturbed.
 *
 * Promise: exit code 0 only if every chain is whole and every key and value is the same. */
#include "services/ctl/chain.h"
#include "services/ctl/copies.h"
#include "services/ctl/ctl.h"

#include "common/base/codec.h"
#include "common/base/text.h"
#include "common/core/tables.h"

#include <stdio.h>
#include <string.h>

enum {
	MEMORY_MIB_DEFAULT_VERIFY = 1024,
	MEMORY_MIB_LIMIT = 1 << 20,
	SHOWN_MAX = 5,
	HEX_BYTES_SHOWN = 48,
	TABLES = 256
};

struct verifying {
	const struct module *module;
	uint64_t memory_bytes;
	struct copies copies;
	uint64_t equal;
	uint64_t different;
};

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
	struct store state = {.top = none, .base = state_lmdb_base(verifying->copies.state)};
	const struct copies *copies = &verifying->copies;
	replay_run(&replay, verifying->module, copies->journal, &copies->keys, seq, copies->scratch,
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
	if (!journal_is_there(verifying->copies.data, name)) {
		printf("%s: no journal here\n", name);
		return true;
	}
	bool good = copies_open(&verifying->copies) && chain_check(verifying->module, verifying->copies.journal) &&
		    copies_state_seq(&verifying->copies, &seq);
	if (good && seq > 0)
		compare(verifying, seq);
	if (good)
		printf("%s: chain of %llu entries is whole; state at %llu: %llu keys equal, %llu different\n", name,
		       (unsigned long long)journal_file_head(verifying->copies.journal), (unsigned long long)seq,
		       (unsigned long long)verifying->equal, (unsigned long long)verifying->different);
	fflush(stdout);
	copies_remove(&verifying->copies);
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
			.module = *module,
			.memory_bytes = (uint64_t)memory_mib << 20,
			.copies = {.module = *module, .data = args_data(args), .name = "verify"},
		};
		good = verify_one(&verifying) && good;
	}
	return good ? EXIT_DONE : EXIT_FAILED;
}
