/* common/host/rebuild.c
 *
 * The state can always be derived from the journal, so every step may be cut off:
 * whatever is half done is either continued or thrown away at the next start. */
#include "common/host/rebuild.h"

#include "common/base/arena.h"
#include "common/host/state_lmdb.h"
#include "common/wire/pb.h"

#include "matricula/journal.pb-c.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { STATE_HEAD_TABLE = 0xF0, HEAD_BLOCK_BYTES = 4096 };

struct state_paths {
	char state[PATH_BYTES_MAX];
	char beside[PATH_BYTES_MAX];
	char old[PATH_BYTES_MAX];
};

enum version_found { VERSION_NO_STATE, VERSION_EMPTY, VERSION_KNOWN };

static bool
paths_make(const char *home, struct state_paths *paths, struct host_error *error)
{
	if (path_format(paths->state, "%s/state", home) && path_format(paths->beside, "%s/state.rebuild", home) &&
	    path_format(paths->old, "%s/state.old", home))
		return true;
	return host_error_set(error, "path of the data folder is too long");
}

/* The apply version in the head row of a state; an empty state has none yet. */
static bool
version_read(const char *folder, enum version_found *found, uint32_t *version, struct host_error *error)
{
	char file[PATH_BYTES_MAX];
	*found = VERSION_NO_STATE;
	*version = 0;
	if (!path_format(file, "%s/data.mdb", folder))
		return host_error_set(error, "path of the data folder is too long");
	if (!path_exists(file))
		return true;
	/* As its writer, which we are about to be: a reader could not open a file that a crash left empty. */
	struct state_lmdb *state = state_lmdb_open(folder, NULL, NULL, NULL);
	struct store_base base = state_lmdb_base(state);
	struct arena arena;
	struct slice row;
	const uint8_t key[] = {STATE_HEAD_TABLE};
	bool good = true;
	arena_init(&arena, HEAD_BLOCK_BYTES, 0);
	*found = VERSION_EMPTY;
	if (base.get(base.context, slice_of(key, sizeof(key)), &row)) {
		const ProtobufCMessage *head = pb_unpack_trusted(&mt__state_head__descriptor, &arena, row);
		good = head != NULL || host_error_set(error, "state %s is corrupt: its head row", folder);
		*found = VERSION_KNOWN;
		*version = good ? ((const Mt__StateHead *)head)->apply_version : 0;
	}
	arena_free(&arena);
	state_lmdb_close(state);
	return good;
}

static bool
folder_rename(const char *home, const char *from, const char *to, struct host_error *error)
{
	if (rename(from, to) != 0)
		return host_error_set(error, "folder %s cannot be renamed to %s: %s", from, to, strerror(errno));
	return folder_sync(home, error);
}

/* Throws a half-built state away unless it is of this version. */
static bool
beside_check(const struct state_paths *paths, uint32_t apply_version, bool *usable, struct host_error *error)
{
	enum version_found found;
	uint32_t version;
	if (!version_read(paths->beside, &found, &version, error))
		return false;
	*usable = found == VERSION_KNOWN && version == apply_version;
	return *usable || folder_remove(paths->beside, error);
}

bool
rebuild_begin(const char *home, uint32_t apply_version, char folder[PATH_BYTES_MAX], bool *rebuilding,
	      struct host_error *error)
{
	struct state_paths paths;
	enum version_found found;
	uint32_t version;
	bool usable;
	*rebuilding = false;
	if (!paths_make(home, &paths, error) || !version_read(paths.state, &found, &version, error))
		return false;
	if (found == VERSION_KNOWN && version > apply_version)
		return host_error_set(error,
				      "state %s was written by apply version %u, newer than this binary's version %u",
				      paths.state, version, apply_version);
	if (!beside_check(&paths, apply_version, &usable, error))
		return false;
	*rebuilding = found == VERSION_KNOWN && version < apply_version;
	path_format(folder, "%s", *rebuilding ? paths.beside : paths.state);
	/* The end of a swap that was cut off between its two renames. */
	if (found == VERSION_NO_STATE && usable)
		return folder_rename(home, paths.beside, paths.state, error);
	if (!*rebuilding && usable && !folder_remove(paths.beside, error))
		return false;
	return found == VERSION_NO_STATE || folder_remove(paths.old, error);
}

bool
rebuild_finish(const char *home, struct host_error *error)
{
	struct state_paths paths;
	return paths_make(home, &paths, error) && folder_remove(paths.old, error) &&
	       folder_rename(home, paths.state, paths.old, error) &&
	       folder_rename(home, paths.beside, paths.state, error) && folder_remove(paths.old, error);
}
