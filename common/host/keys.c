/* common/host/keys.c
 *
 * Small text files, read whole and checked line by line; a file that does not read
 * exactly as it should is refused by name rather than half used. */
#include "common/host/keys.h"

#include "common/base/text.h"
#include "common/host/files.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	SEAL_LINE_BYTES = 10 + 1 + 2 * SEAL_KEY_BYTES + 1, /* key id, blank, hexadecimal key, newline */
	SEAL_FILE_BYTES = KEYS_LINES_MAX * SEAL_LINE_BYTES + 2,
	CURVE_FILE_BYTES = 2 * CURVE_TEXT_BYTES + 2,
};

static const char *const services[] = {"enrollment", "assessment", "certificate", "notification", NULL};
static const char *const sealers[] = {"gateway",     "operator",     "enrollment", "assessment",
				      "certificate", "notification", NULL};
static const char *const curve_names[] = {"enrollment", "assessment", "certificate", "notification",
					  "gateway",    "operator",   "door",        NULL};

static enum key_kind
sealer_kind(const char *sealer)
{
	if (strcmp(sealer, "gateway") == 0)
		return KEY_GATEWAY;
	return strcmp(sealer, "operator") == 0 ? KEY_OPERATOR : KEY_NODE;
}

static void
seal_line_make(char line[SEAL_LINE_BYTES + 1])
{
	uint8_t key[SEAL_KEY_BYTES];
	char hex[2 * SEAL_KEY_BYTES + 1];
	randombytes_buf(key, sizeof(key));
	text_hex(slice_of(key, sizeof(key)), hex);
	uint32_t key_id = randombytes_uniform(UINT32_MAX) + 1; /* 0 means none */
	snprintf(line, SEAL_LINE_BYTES + 1, "%u %s\n", key_id, hex);
	sodium_memzero(key, sizeof(key));
	sodium_memzero(hex, sizeof(hex));
}

/* One line, without its newline. */
static bool
seal_line_parse(const char *line, enum key_kind kind, struct seal_key *key)
{
	char *end;
	if (line[0] < '1' || line[0] > '9')
		return false;
	unsigned long key_id = strtoul(line, &end, 10);
	if (*end != ' ' || key_id > UINT32_MAX)
		return false;
	key->key_id = (uint32_t)key_id;
	key->kind = kind;
	return text_from_hex(end + 1, key->key, SEAL_KEY_BYTES);
}

static bool
seal_file_read(const char *path, enum key_kind kind, struct seal_key keys[KEYS_LINES_MAX], size_t *count,
	       struct host_error *error)
{
	char text[SEAL_FILE_BYTES];
	if (!file_read(path, text, sizeof(text), error))
		return false;
	*count = 0;
	char *rest = text;
	for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
		if (line[0] == '\0' && rest == NULL)
			break;
		if (*count == KEYS_LINES_MAX || !seal_line_parse(line, kind, &keys[*count]))
			return host_error_set(error, "key file %s: line %zu is no key", path, *count + 1);
		(*count)++;
	}
	sodium_memzero(text, sizeof(text));
	return *count > 0 || host_error_set(error, "key file %s is empty", path);
}

static bool
seal_path(char path[PATH_BYTES_MAX], const char *folder, const char *sealer, const char *service,
	  struct host_error *error)
{
	return path_format(path, "%s/%s-%s.seal", folder, sealer, service) ||
	       host_error_set(error, "path of the keys folder is too long");
}

static bool
seal_create(const char *folder, const char *sealer, const char *service, struct host_error *error)
{
	char path[PATH_BYTES_MAX];
	char line[SEAL_LINE_BYTES + 1];
	if (!seal_path(path, folder, sealer, service, error))
		return false;
	if (path_exists(path))
		return true;
	seal_line_make(line);
	return file_replace(path, line, 0600, error);
}

static bool
secret_path(char path[PATH_BYTES_MAX], const char *folder, const char *service, struct host_error *error)
{
	return path_format(path, "%s/%s.secret", folder, service) ||
	       host_error_set(error, "path of the keys folder is too long");
}

static bool
secret_create(const char *folder, const char *service, struct host_error *error)
{
	char path[PATH_BYTES_MAX];
	uint8_t secret[KEYS_SECRET_BYTES];
	char text[2 * KEYS_SECRET_BYTES + 2];
	if (!secret_path(path, folder, service, error))
		return false;
	if (path_exists(path))
		return true;
	randombytes_buf(secret, sizeof(secret));
	text_hex(slice_of(secret, sizeof(secret)), text);
	text[2 * KEYS_SECRET_BYTES] = '\n';
	text[2 * KEYS_SECRET_BYTES + 1] = '\0';
	bool made = file_replace(path, text, 0600, error);
	sodium_memzero(secret, sizeof(secret));
	sodium_memzero(text, sizeof(text));
	return made;
}

bool
keys_load_secret(const char *folder, const char *service, uint8_t secret[KEYS_SECRET_BYTES], struct host_error *error)
{
	char path[PATH_BYTES_MAX];
	char text[2 * KEYS_SECRET_BYTES + 3];
	if (!secret_path(path, folder, service, error) || !file_read(path, text, sizeof(text), error))
		return false;
	text[strcspn(text, "\n")] = '\0';
	bool good = text_from_hex(text, secret, KEYS_SECRET_BYTES);
	sodium_memzero(text, sizeof(text));
	return good || host_error_set(error, "key file %s is no secret of %d bytes", path, KEYS_SECRET_BYTES);
}

static bool
curve_create(const char *folder, const char *name, struct host_error *error)
{
	char path[PATH_BYTES_MAX];
	char path_public[PATH_BYTES_MAX];
	char text[CURVE_FILE_BYTES];
	struct curve_pair pair;
	if (!path_format(path, "%s/%s.curve", folder, name) ||
	    !path_format(path_public, "%s/%s.curve.pub", folder, name))
		return host_error_set(error, "path of the keys folder is too long");
	if (!path_exists(path)) {
		if (path_exists(path_public))
			return true; /* a machine that knows the other's public key only */
		curve_pair_make(&pair);
		snprintf(text, sizeof(text), "%s\n%s\n", pair.public_text, pair.secret_text);
		if (!file_replace(path, text, 0600, error))
			return false;
	}
	if (path_exists(path_public))
		return true;
	if (!keys_load_curve(folder, name, &pair, error))
		return false;
	snprintf(text, sizeof(text), "%s\n", pair.public_text);
	return file_replace(path_public, text, 0600, error);
}

bool
keys_create(const char *folder, struct host_error *error)
{
	if (sodium_init() < 0)
		return host_error_set(error, "libsodium cannot start");
	bool fresh = !path_exists(folder);
	if (!folder_make(folder, error))
		return false;
	if (fresh && chmod(folder, 0700) != 0)
		return host_error_set(error, "folder %s cannot be closed to others: %s", folder, strerror(errno));
	for (size_t i = 0; sealers[i] != NULL; i++) {
		for (size_t j = 0; services[j] != NULL; j++) {
			/* A service seals for itself too: the courier beside its node calls it. */
			if (!seal_create(folder, sealers[i], services[j], error))
				return false;
		}
	}
	for (size_t i = 0; services[i] != NULL; i++) {
		if (!secret_create(folder, services[i], error))
			return false;
	}
	for (size_t i = 0; curve_names[i] != NULL; i++) {
		if (!curve_create(folder, curve_names[i], error))
			return false;
	}
	return true;
}

bool
keys_rotate(const char *folder, const char *pair, struct host_error *error)
{
	char path[PATH_BYTES_MAX];
	char old[SEAL_FILE_BYTES];
	char line[SEAL_LINE_BYTES + 1];
	char text[2 * SEAL_LINE_BYTES + 2];
	struct seal_key keys[KEYS_LINES_MAX];
	size_t count;
	if (sodium_init() < 0)
		return host_error_set(error, "libsodium cannot start");
	if (strchr(pair, '/') != NULL || !path_format(path, "%s/%s.seal", folder, pair))
		return host_error_set(error, "%s is no pair of names", pair);
	if (!seal_file_read(path, KEY_NODE, keys, &count, error) || !file_read(path, old, sizeof(old), error))
		return false;
	seal_line_make(line);
	snprintf(text, sizeof(text), "%s%.*s\n", line, (int)strcspn(old, "\n"), old);
	return file_replace(path, text, 0600, error);
}

static bool
accepted_add(struct keys_accepted *accepted, const char *path, enum key_kind kind, struct host_error *error)
{
	struct seal_key keys[KEYS_LINES_MAX];
	size_t count;
	if (!seal_file_read(path, kind, keys, &count, error))
		return false;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < accepted->count; j++) {
			if (accepted->keys[j].key_id == keys[i].key_id)
				return host_error_set(error, "key file %s: key id %u is used twice", path,
						      keys[i].key_id);
		}
		if (accepted->count == KEYS_ACCEPTED_MAX)
			return host_error_set(error, "more than %d keys are accepted", KEYS_ACCEPTED_MAX);
		accepted->keys[accepted->count++] = keys[i];
	}
	return true;
}

bool
keys_load_accepted(const char *folder, const char *service, struct keys_accepted *accepted, struct host_error *error)
{
	accepted->count = 0;
	for (size_t i = 0; sealers[i] != NULL; i++) {
		char path[PATH_BYTES_MAX];
		if (!seal_path(path, folder, sealers[i], service, error))
			return false;
		if (!path_exists(path))
			continue;
		if (!accepted_add(accepted, path, sealer_kind(sealers[i]), error))
			return false;
	}
	return accepted->count > 0 || host_error_set(error, "folder %s holds no key file for %s", folder, service);
}

bool
keys_load_sending(const char *folder, const char *sealer, const char *service, struct seal_key *key,
		  struct host_error *error)
{
	char path[PATH_BYTES_MAX];
	struct seal_key keys[KEYS_LINES_MAX];
	size_t count;
	if (!seal_path(path, folder, sealer, service, error))
		return false;
	if (!seal_file_read(path, sealer_kind(sealer), keys, &count, error))
		return false;
	*key = keys[0];
	return true;
}

/* The first lines of a file into texts; each must be a Z85 key. */
static bool
curve_file_read(const char *path, char (*texts)[CURVE_TEXT_BYTES], size_t count, struct host_error *error)
{
	char text[CURVE_FILE_BYTES];
	if (!file_read(path, text, sizeof(text), error))
		return false;
	char *rest = text;
	for (size_t i = 0; i < count; i++) {
		uint8_t key[CURVE_KEY_BYTES];
		const char *line = strsep(&rest, "\n");
		if (line == NULL || !curve_key_parse(line, key))
			return host_error_set(error, "key file %s: line %zu is no Z85 key", path, i + 1);
		memcpy(texts[i], line, CURVE_TEXT_BYTES);
	}
	sodium_memzero(text, sizeof(text));
	return true;
}

bool
keys_load_curve(const char *folder, const char *name, struct curve_pair *pair, struct host_error *error)
{
	char path[PATH_BYTES_MAX];
	char texts[2][CURVE_TEXT_BYTES];
	if (!path_format(path, "%s/%s.curve", folder, name))
		return host_error_set(error, "path of the keys folder is too long");
	if (!curve_file_read(path, texts, 2, error))
		return false;
	memcpy(pair->public_text, texts[0], CURVE_TEXT_BYTES);
	memcpy(pair->secret_text, texts[1], CURVE_TEXT_BYTES);
	return true;
}

bool
keys_load_curve_public(const char *folder, const char *name, char public_text[CURVE_TEXT_BYTES],
		       struct host_error *error)
{
	char path[PATH_BYTES_MAX];
	char texts[1][CURVE_TEXT_BYTES];
	if (!path_format(path, "%s/%s.curve.pub", folder, name))
		return host_error_set(error, "path of the keys folder is too long");
	if (!curve_file_read(path, texts, 1, error))
		return false;
	memcpy(public_text, texts[0], CURVE_TEXT_BYTES);
	return true;
}

static bool
curves_add(struct keys_curves *curves, const char *folder, const char *file, struct host_error *error)
{
	static const char suffix[] = ".curve.pub";
	char name[256];
	char public_text[CURVE_TEXT_BYTES];
	size_t size = strlen(file);
	if (size < sizeof(suffix) || size >= sizeof(name) || strcmp(file + size - (sizeof(suffix) - 1), suffix) != 0)
		return true;
	if (curves->count == KEYS_CURVES_MAX)
		return host_error_set(error, "folder %s holds more than %d public keys", folder, KEYS_CURVES_MAX);
	snprintf(name, sizeof(name), "%.*s", (int)(size - (sizeof(suffix) - 1)), file);
	if (!keys_load_curve_public(folder, name, public_text, error))
		return false;
	return curve_key_parse(public_text, curves->keys[curves->count++]);
}

bool
keys_load_curves(const char *folder, struct keys_curves *curves, struct host_error *error)
{
	DIR *listing = opendir(folder);
	if (listing == NULL)
		return host_error_set(error, "folder %s cannot be read: %s", folder, strerror(errno));
	curves->count = 0;
	bool good = true;
	for (const struct dirent *entry = readdir(listing); good && entry != NULL; entry = readdir(listing))
		good = curves_add(curves, folder, entry->d_name, error);
	closedir(listing);
	return good;
}

bool
keys_curves_hold(const struct keys_curves *curves, const uint8_t key[CURVE_KEY_BYTES])
{
	for (size_t i = 0; i < curves->count; i++) {
		if (memcmp(curves->keys[i], key, CURVE_KEY_BYTES) == 0)
			return true;
	}
	return false;
}
