/* common/credential/note.c
 *
 * Everything is read line by line over slices. Both ways are strict, so that what is written
 * here is what golang.org/x/mod/sumdb/note opens, and the other way round. */
#include "common/credential/note.h"

#include "common/base/buf.h"
#include "common/base/text.h"

#include <assert.h>
#include <sodium.h>

enum {
	ED25519 = 0x01, /* the signature type's byte */
	SIGNATURE_BYTES = 64,
	KEYED_SIGNATURE_BYTES = NOTE_KEY_ID_BYTES + SIGNATURE_BYTES,
	TYPED_KEY_BYTES = 1 + NOTE_PUBLIC_BYTES,
	ROOT_TEXT_BYTES = TEXT_BASE64_BYTES(HASH_BYTES),
	SIZE_DIGITS_MAX = 20,
};

static const char dash[] = "\xe2\x80\x94 "; /* U+2014 and a space */

/* --- slices ----------------------------------------------------------------------------------------------------- */

static struct slice
slice_from(struct slice whole, size_t at)
{
	return slice_of(whole.data + at, whole.size - at);
}

/* Up to the byte, which is taken too and not given; false if there is none. */
static bool
cut(struct slice *rest, char byte, struct slice *before)
{
	const uint8_t *at = rest->size == 0 ? NULL : memchr(rest->data, byte, rest->size);
	if (at == NULL)
		return false;
	*before = slice_of(rest->data, (size_t)(at - rest->data));
	*rest = slice_from(*rest, before->size + 1);
	return true;
}

static struct slice
take(struct arena *arena, struct buf *buf)
{
	assert(!buf_failed(buf));
	struct slice text = arena_copy(arena, buf_slice(buf));
	buf_free(buf);
	return text;
}

/* --- keys ------------------------------------------------------------------------------------------------------- */

/* White space beyond ASCII (Unicode property White_Space), in UTF-8. */
static bool
begins_with_space(struct slice text)
{
	static const char *const spaces[] = {
		"\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
		"\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
		"\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
		"\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
	};
	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		if (slice_begins(text, slice_text(spaces[i])))
			return true;
	}
	return false;
}

bool
note_name_valid(struct slice name)
{
	if (name.size == 0 || name.size > NOTE_NAME_BYTES_MAX || !text_valid(name))
		return false;
	for (size_t i = 0; i < name.size; i++) {
		uint8_t byte = name.data[i];
		if (byte <= ' ' || byte == '+' || byte == 0x7f)
			return false;
		if (byte >= 0x80 && begins_with_space(slice_from(name, i)))
			return false;
	}
	return true;
}

struct note_key
note_key_make(struct slice name, const uint8_t public_key[NOTE_PUBLIC_BYTES])
{
	static const uint8_t type[] = {'\n', ED25519};
	struct note_key key = {.name = name};
	uint8_t hash[HASH_BYTES];
	const struct slice parts[] = {name, slice_of(type, sizeof(type)), slice_of(public_key, NOTE_PUBLIC_BYTES)};
	hash_sha256_parts(parts, 3, hash);
	memcpy(key.id, hash, NOTE_KEY_ID_BYTES);
	memcpy(key.public_key, public_key, NOTE_PUBLIC_BYTES);
	return key;
}

const char *
note_key_format(struct arena *arena, const struct note_key *key)
{
	char id[2 * NOTE_KEY_ID_BYTES + 1];
	char base64[TEXT_BASE64_BYTES(TYPED_KEY_BYTES)];
	uint8_t typed[TYPED_KEY_BYTES] = {ED25519};
	assert(note_name_valid(key->name));
	memcpy(typed + 1, key->public_key, NOTE_PUBLIC_BYTES);
	text_hex(slice_of(key->id, NOTE_KEY_ID_BYTES), id);
	text_base64(slice_of(typed, sizeof(typed)), base64);
	return arena_format(arena, "%.*s+%s+%s", (int)key->name.size, (const char *)key->name.data, id, base64);
}

const char *
note_key_parse(struct slice text, struct note_key *key)
{
	struct slice name, id;
	char expected[2 * NOTE_KEY_ID_BYTES + 1];
	uint8_t typed[TYPED_KEY_BYTES];
	size_t size;
	struct slice rest = text;
	if (!cut(&rest, '+', &name) || !cut(&rest, '+', &id))
		return "the key is not NAME+ID+KEY";
	if (!note_name_valid(name))
		return "the key's name is not one";
	if (!text_from_base64(rest, typed, sizeof(typed), &size) || size != sizeof(typed))
		return "the key is not base64 of a type and 32 bytes";
	if (typed[0] != ED25519)
		return "the key is not one of Ed25519";
	*key = note_key_make(name, typed + 1);
	text_hex(slice_of(key->id, NOTE_KEY_ID_BYTES), expected);
	if (!slice_equal(id, slice_text(expected)))
		return "the key's id is not the one of its name and bytes";
	return NULL;
}

/* --- notes ------------------------------------------------------------------------------------------------------ */

static bool
has_control(struct slice bytes)
{
	for (size_t i = 0; i < bytes.size; i++) {
		if (bytes.data[i] < ' ' && bytes.data[i] != '\n')
			return true;
	}
	return false;
}

/* Who signed, and what stands behind the name, still base64. */
struct line {
	struct slice name;
	struct slice base64;
};

/* One signature line, taken off rest. */
static const char *
line_read(struct slice *rest, struct line *line)
{
	struct slice whole;
	struct slice prefix = slice_text(dash);
	if (!cut(rest, '\n', &whole))
		return "the note does not end in a newline";
	if (!slice_begins(whole, prefix))
		return "a line below the text is not a signature";
	whole = slice_from(whole, prefix.size);
	if (!cut(&whole, ' ', &line->name) || !note_name_valid(line->name))
		return "a signature has no proper name";
	line->base64 = whole;
	return NULL;
}

/* Signatures of other kinds are of any size: they are held against the alphabet only, piece by piece. */
static bool
is_base64_of_signature(struct slice text)
{
	enum { PIECE = 64 };
	uint8_t bytes[PIECE];
	size_t size;
	size_t total = 0;
	while (text.size > PIECE) {
		if (!text_from_base64(slice_of(text.data, PIECE), bytes, sizeof(bytes), &size) || size != PIECE / 4 * 3)
			return false;
		total += size;
		text = slice_from(text, PIECE);
	}
	return text_from_base64(text, bytes, sizeof(bytes), &size) && total + size > NOTE_KEY_ID_BYTES;
}

/* Where the signatures begin: behind the last empty line; 0 if there is none. */
static size_t
signatures_at(struct slice bytes)
{
	for (size_t at = bytes.size; at >= 2; at--) {
		if (bytes.data[at - 1] == '\n' && bytes.data[at - 2] == '\n')
			return at;
	}
	return 0;
}

const char *
note_parse(struct slice bytes, struct note *note)
{
	*note = (struct note){.text = slice_of(NULL, 0)};
	if (bytes.size > NOTE_BYTES_MAX)
		return "the note is too large";
	if (!text_valid(bytes) || has_control(bytes))
		return "the note is not UTF-8 without control characters";
	size_t at = signatures_at(bytes);
	if (at == 0 || at == bytes.size)
		return "the note has no signatures below an empty line";
	struct slice rest = slice_from(bytes, at);
	for (unsigned count = 0; rest.size > 0; count++) {
		struct line line;
		if (count == NOTE_SIGNATURES_MAX)
			return "the note has too many signatures";
		const char *fault = line_read(&rest, &line);
		if (fault != NULL)
			return fault;
		if (!is_base64_of_signature(line.base64))
			return "a signature is not base64 of a key's id and a signature";
	}
	*note = (struct note){.text = slice_of(bytes.data, at - 1), .signatures = slice_from(bytes, at)};
	return NULL;
}

/* The key's id and what may be its signature; false if the line is not of this key. */
static bool
line_is_by(const struct line *line, const struct note_key *key, uint8_t keyed[KEYED_SIGNATURE_BYTES], size_t *size)
{
	enum { ID_TEXT_BYTES = 8 };
	uint8_t id[ID_TEXT_BYTES / 4 * 3];
	if (!slice_equal(line->name, key->name) || line->base64.size < ID_TEXT_BYTES ||
	    !text_from_base64(slice_of(line->base64.data, ID_TEXT_BYTES), id, sizeof(id), size) ||
	    memcmp(id, key->id, NOTE_KEY_ID_BYTES) != 0)
		return false;
	if (!text_from_base64(line->base64, keyed, KEYED_SIGNATURE_BYTES, size))
		*size = 0;
	return true;
}

const char *
note_fault(const struct note *note, const struct note_key *key)
{
	bool found = false;
	struct slice rest = note->signatures;
	while (rest.size > 0) {
		struct line line;
		uint8_t keyed[KEYED_SIGNATURE_BYTES];
		size_t size;
		const char *fault = line_read(&rest, &line);
		if (fault != NULL)
			return fault;
		if (!line_is_by(&line, key, keyed, &size))
			continue;
		if (size != sizeof(keyed) || crypto_sign_verify_detached(keyed + NOTE_KEY_ID_BYTES, note->text.data,
									 note->text.size, key->public_key) != 0)
			return "the signature does not belong to this text: it was changed, or signed by somebody else";
		found = true;
	}
	return found ? NULL : "the note is not signed by this key";
}

struct slice
note_sign(struct arena *arena, struct slice text, struct slice name, const uint8_t secret[NOTE_SECRET_BYTES])
{
	uint8_t keyed[KEYED_SIGNATURE_BYTES];
	char base64[TEXT_BASE64_BYTES(KEYED_SIGNATURE_BYTES)];
	struct buf buf;
	assert(note_name_valid(name));
	assert(text.size > 0);
	assert(text.data[text.size - 1] == '\n');
	assert(text_valid(text));
	assert(!has_control(text));
	struct note_key key = note_key_make(name, secret + NOTE_SECRET_BYTES - NOTE_PUBLIC_BYTES);
	memcpy(keyed, key.id, NOTE_KEY_ID_BYTES);
	crypto_sign_detached(keyed + NOTE_KEY_ID_BYTES, NULL, text.data, text.size, secret);
	text_base64(slice_of(keyed, sizeof(keyed)), base64);
	buf_init(&buf, NOTE_BYTES_MAX);
	buf_append(&buf, text);
	buf_format(&buf, "\n%s", dash);
	buf_append(&buf, name);
	buf_format(&buf, " %s\n", base64);
	return take(arena, &buf);
}

/* --- checkpoints ------------------------------------------------------------------------------------------------ */

struct slice
note_checkpoint_format(struct arena *arena, const struct note_checkpoint *checkpoint)
{
	struct buf buf;
	char root[ROOT_TEXT_BYTES];
	assert(checkpoint->origin.size > 0);
	assert(memchr(checkpoint->origin.data, '\n', checkpoint->origin.size) == NULL);
	text_base64(slice_of(checkpoint->root, HASH_BYTES), root);
	buf_init(&buf, NOTE_BYTES_MAX);
	buf_append(&buf, checkpoint->origin);
	buf_format(&buf, "\n%llu\n%s\n", (unsigned long long)checkpoint->size, root);
	buf_append(&buf, checkpoint->extensions);
	return take(arena, &buf);
}

/* Digits without leading zeros, below 2^64. */
static bool
size_read(struct slice text, uint64_t *size)
{
	*size = 0;
	if (text.size == 0 || text.size > SIZE_DIGITS_MAX || (text.size > 1 && text.data[0] == '0'))
		return false;
	for (size_t i = 0; i < text.size; i++) {
		unsigned digit = text.data[i] - (unsigned)'0';
		if (digit > 9 || *size > (UINT64_MAX - digit) / 10)
			return false;
		*size = *size * 10 + digit;
	}
	return true;
}

const char *
note_checkpoint_parse(struct slice text, struct note_checkpoint *checkpoint)
{
	struct slice size, root, line;
	struct slice rest = text;
	size_t root_bytes;
	if (!cut(&rest, '\n', &checkpoint->origin) || !cut(&rest, '\n', &size) || !cut(&rest, '\n', &root))
		return "the checkpoint has fewer than three lines";
	if (checkpoint->origin.size == 0)
		return "the checkpoint names no origin";
	if (!size_read(size, &checkpoint->size))
		return "the checkpoint's size is not a number";
	if (!text_from_base64(root, checkpoint->root, HASH_BYTES, &root_bytes) || root_bytes != HASH_BYTES)
		return "the checkpoint's root is not base64 of a hash";
	checkpoint->extensions = rest;
	while (rest.size > 0) {
		if (!cut(&rest, '\n', &line))
			return "the checkpoint does not end in a newline";
		if (line.size == 0)
			return "the checkpoint has an empty line";
	}
	return NULL;
}

struct slice
note_checkpoint_extension(const struct note_checkpoint *checkpoint, const char *name)
{
	struct slice line;
	struct slice rest = checkpoint->extensions;
	struct slice prefix = slice_text(name);
	while (cut(&rest, '\n', &line)) {
		if (slice_begins(line, prefix) && line.size > prefix.size && line.data[prefix.size] == ' ')
			return slice_from(line, prefix.size + 1);
	}
	return slice_of(NULL, 0);
}
