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

enum { MICROSECONDS = 1000000, PATH_BYTES = 4096 };

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

static void
sort_json(struct trust *trust, const struct jcs_value *root, struct slice text, const char *path, int64_t fetched_us)
{
	const struct jcs_value *id = jcs_member(root, "id");
	if (root->kind != JSON_OBJECT || id == NULL || id->kind != JSON_STRING)
		return;
	if (did_document_id(trust->arena, root) != NULL) {
		struct trust_document *document = arena_alloc(trust->arena, sizeof(*document));
		*document = (struct trust_document){trust->documents, root, path, fetched_us};
		trust->documents = document;
		return;
	}
	struct trust_list *list = arena_alloc(trust->arena, sizeof(*list));
	*list = (struct trust_list){trust->lists, text, arena_text(trust->arena, id->text), path, fetched_us};
	trust->lists = list;
}

static void
sort_file(struct trust *trust, struct slice text, const char *path, int64_t fetched_us)
{
	struct note note;
	struct jcs_tree tree = jcs_parse_upto(trust->arena, text, JCS_LARGE_BYTES_MAX);
	if (tree.root != NULL) {
		sort_json(trust, tree.root, text, path, fetched_us);
	} else if (note_parse(text, &note) == NULL && (trust->checkpoint.data == NULL || fetched_us > trust->checkpoint_us)) {
		trust->checkpoint = text;
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

static enum check_key_found
key_find(void *context, const char *did, const char *key_id, struct check_key *key)
{
	struct trust *trust = context;
	const struct trust_document *document = document_find(trust, did);
	if (document == NULL)
		return CHECK_ISSUER_UNKNOWN;
	if (document->fetched_us < trust->oldest_us)
		trust->oldest_us = document->fetched_us;
	return did_document_key(trust->arena, document->root, key_id, key) ? CHECK_KEY_FOUND : CHECK_KEY_UNKNOWN;
}

bool
trust_open(struct trust *trust, struct arena *arena, const char *folder, struct host_error *error)
{
	unsigned files = 0;
	*trust = (struct trust){.arena = arena, .oldest_us = INT64_MAX};
	trust->issuers = (struct check_issuers){key_find, trust};
	DIR *listing = opendir(folder);
	if (listing == NULL)
		return host_error_set(error, "folder %s cannot be read: %s", folder, strerror(errno));
	bool good = true;
	for (struct dirent *entry; good && (entry = readdir(listing)) != NULL;) {
		struct stat info;
		struct slice text;
		int64_t fetched_us;
		if (entry->d_name[0] == '.' || strlen(folder) + strlen(entry->d_name) + 2 > PATH_BYTES)
			continue;
		const char *path = arena_format(arena, "%s/%s", folder, entry->d_name);
		if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
			continue;
		if (++files > TRUST_FILES_MAX)
			good = host_error_set(error, "folder %s holds more than %d files", folder, TRUST_FILES_MAX);
		else if (info.st_size <= TRUST_FILE_BYTES_MAX)
			good = file_load(arena, path, (size_t)info.st_size, &text, &fetched_us, error);
		else
			continue;
		if (good)
			sort_file(trust, text, path, fetched_us);
	}
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

/* "https://host:8443" is "did:web:host%3A8443". */
const struct jcs_value *
trust_deployment(struct trust *trust, const char *base_url)
{
	const char *host = base_url + strlen("https://");
	const char *colon = strchr(host, ':');
	const char *did = colon == NULL ? arena_format(trust->arena, "did:web:%s", host)
					: arena_format(trust->arena, "did:web:%.*s%%3A%s", (int)(colon - host), host,
						       colon + 1);
	const struct trust_document *document = document_find(trust, did);
	return document == NULL ? NULL : document->root;
}
