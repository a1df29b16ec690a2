/* services/verify/trust.c
 *
 * Reading a folder decides nothing: documents and lists are only sorted here, and checked
 * when a credential asks for them. What is none of the three is passed over. */
#include "services/verify/trust.h"

#include "common/credential/did.h"
#include "common/credential/note.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MICROSECONDS = 1000000, PATH_BYTES = 4096, SCRATCH_BLOCK_BYTES = 2 << 20 };

bool
file_load(struct arena *arena, const char *path, size_t size_max, struct slice *bytes, int64_t *modified_us,
	  struct host_error *error)
{
	struct stat info;
	FILE *file = fopen(path, "rbe");
	if (file == NULL)
		return host_error_set(error, "%s cannot be read: %s", path, strerror(errno));
	uint8_t *data = arena_alloc(arena, size_max + 1);
	size_t size = fread(data, 1, size_max + 1, file);
	bool failed = ferror(file) != 0 || fstat(fileno(file), &info) != 0;
	fclose(file);
	if (failed)
		return host_error_set(error, "%s cannot be read", path);
	if (size > size_max)
		return host_error_set(error, "%s is larger than %zu bytes", path, size_max);
	*bytes = slice_of(data, size);
	*modified_us = (int64_t)info.st_mtim.tv_sec * MICROSECONDS + info.st_mtim.tv_nsec / 1000;
	return true;
}

static bool
is_list(const struct jcs_value *root)
{
	const struct jcs_value *subject = jcs_member(root, "credentialSubject");
	return subject != NULL && jcs_member_is(subject, "type", "BitstringStatusList");
}

/* What is kept is copied out of the scratch arena that it was read into. */
static void
keep_json(struct trust *trust, const struct jcs_value *root, struct slice text, const char *path, int64_t fetched_us)
{
	const struct jcs_value *id = jcs_member(root, "id");
	if (id == NULL || id->kind != JSON_STRING || memchr(id->text.data, '\0', id->text.size) != NULL)
		return;
	text = arena_copy(trust->arena, text);
	path = arena_format(trust->arena, "%s", path);
	if (did_document_id(trust->arena, root) != NULL) {
		struct trust_document *document = arena_alloc(trust->arena, sizeof(*document));
		struct jcs_tree tree = jcs_parse_upto(trust->arena, text, JCS_LARGE_BYTES_MAX);
		*document = (struct trust_document){trust->documents, tree.root, path, fetched_us};
		trust->documents = document;
	} else if (is_list(root)) {
		struct trust_list *list = arena_alloc(trust->arena, sizeof(*list));
		*list = (struct trust_list){trust->lists, text, arena_text(trust->arena, id->text), path, fetched_us};
		trust->lists = list;
	}
}

static void
keep_file(struct trust *trust, struct arena *scratch, struct slice text, const char *path, int64_t fetched_us)
{
	struct note note;
	struct jcs_tree tree = jcs_parse_upto(scratch, text, JCS_LARGE_BYTES_MAX);
	if (tree.root != NULL) {
		keep_json(trust, tree.root, text, path, fetched_us);
	} else if (note_parse(text, &note) == NULL &&
		   (trust->checkpoint.data == NULL || fetched_us > trust->checkpoint_us)) {
		trust->checkpoint = arena_copy(trust->arena, text);
		trust->checkpoint_us = fetched_us;
	}
}

/* The newest document that speaks for the DID. */
static const struct trust_document *
document_find(const struct trust *trust, const char *did)
{
	const struct trust_document *found = NULL;
	for (const struct trust_document *at = trust->documents; at != NULL; at = at->next) {
		if (did_document_is(at->root, did) && (found == NULL || at->fetched_us > found->fetched_us))
			found = at;
	}
	return found;
}

static void
rely_on(struct trust *trust, const struct trust_document *document)
{
	if (document->fetched_us < trust->oldest_us)
		trust->oldest_us = document->fetched_us;
	if (document->fetched_us > trust->newest_us)
		trust->newest_us = document->fetched_us;
}

static enum check_key_found
key_find(void *context, const char *did, const char *key_id, struct check_key *key)
{
	struct trust *trust = context;
	const struct trust_document *document = document_find(trust, did);
	if (document == NULL)
		return CHECK_ISSUER_UNKNOWN;
	rely_on(trust, document);
	return did_document_key(trust->arena, document->root, key_id, key) ? CHECK_KEY_FOUND : CHECK_KEY_UNKNOWN;
}

/* One entry of the folder; what is no file, or too large to be one of ours, is passed over. */
static bool
open_entry(struct trust *trust, struct arena *scratch, const char *path, unsigned *files, struct host_error *error)
{
	struct stat info;
	struct slice text;
	int64_t fetched_us;
	if (stat(path, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > TRUST_FILE_BYTES_MAX)
		return true;
	if (++*files > TRUST_FILES_MAX)
		return host_error_set(error, "the folder holds more than %d files", TRUST_FILES_MAX);
	if (!file_load(scratch, path, TRUST_FILE_BYTES_MAX, &text, &fetched_us, error))
		return false;
	keep_file(trust, scratch, text, path, fetched_us);
	return trust->arena->used - trust->used_before <= TRUST_BYTES_MAX ||
	       host_error_set(error, "the folder holds more than %d MiB of keys and lists", TRUST_BYTES_MAX >> 20);
}

bool
trust_open(struct trust *trust, struct arena *arena, const char *folder, struct host_error *error)
{
	char path[PATH_BYTES];
	unsigned files = 0;
	struct arena scratch;
	*trust = (struct trust){
		.arena = arena, .used_before = arena->used, .oldest_us = INT64_MAX, .newest_us = INT64_MIN};
	trust->issuers = (struct check_issuers){key_find, trust};
	DIR *listing = opendir(folder);
	if (listing == NULL)
		return host_error_set(error, "folder %s cannot be read: %s", folder, strerror(errno));
	bool good = true;
	arena_init(&scratch, SCRATCH_BLOCK_BYTES, 0);
	for (struct dirent *entry; good && (entry = readdir(listing)) != NULL; arena_reset(&scratch)) {
		if (entry->d_name[0] == '.')
			continue;
		int size = snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (size > 0 && (size_t)size < sizeof(path))
			good = open_entry(trust, &scratch, path, &files, error);
	}
	arena_free(&scratch);
	closedir(listing);
	return good;
}

const struct trust_list *
trust_list_find(const struct trust *trust, const char *url)
{
	const struct trust_list *found = NULL;
	for (const struct trust_list *at = trust->lists; at != NULL; at = at->next) {
		if (strcmp(at->url, url) == 0 && (found == NULL || at->fetched_us > found->fetched_us))
			found = at;
	}
	return found;
}

const struct jcs_value *
trust_deployment(struct trust *trust, const char *base_url)
{
	const char *did = did_of_host(trust->arena, base_url + strlen("https://"));
	const struct trust_document *document = document_find(trust, did);
	if (document == NULL)
		return NULL;
	rely_on(trust, document);
	return document->root;
}
