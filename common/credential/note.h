/* common/credential/note.h
 *
 * Signed notes (c2sp.org/signed-note): a text that ends in a newline, an empty line, and a
 * line for each signature,
 *     — NAME BASE64(key id || signature)
 * with Ed25519, where the key id is SHA-256(NAME || 0x0A || 0x01 || public key), the first 4
 * bytes. A log's checkpoint (c2sp.org/tlog-checkpoint) is a note whose lines are its origin, the
 * size and the root of its tree, and extensions. */
#ifndef COMMON_CREDENTIAL_NOTE_H
#define COMMON_CREDENTIAL_NOTE_H

#include "common/base/arena.h"
#include "common/base/hash.h"

enum {
	NOTE_BYTES_MAX = 64 << 10,
	NOTE_SIGNATURES_MAX = 100, /* as the Go implementation has it; the specification asks for 16 at least */
	NOTE_NAME_BYTES_MAX = 255, /* a host name and a path */
	NOTE_KEY_ID_BYTES = 4,
	NOTE_PUBLIC_BYTES = 32,
	NOTE_SECRET_BYTES = 64, /* as libsodium has it: seed, then public key */
};

/* --- keys ------------------------------------------------------------------------------------------------------- */

struct note_key {
	struct slice name; /* of whoever made the struct */
	uint8_t id[NOTE_KEY_ID_BYTES];
	uint8_t public_key[NOTE_PUBLIC_BYTES];
};

/* A name is not empty, and has no white space, control character or plus sign. */
bool note_name_valid(struct slice name);
struct note_key note_key_make(struct slice name, const uint8_t public_key[NOTE_PUBLIC_BYTES]);
/* "NAME+ID+BASE64(0x01 || public key)", in the arena: what an auditor is given. */
const char *note_key_format(struct arena *arena, const struct note_key *key);
/* NULL and the key, whose name points into text, or why it is none. */
const char *note_key_parse(struct slice text, struct note_key *key);

/* --- notes ------------------------------------------------------------------------------------------------------ */

struct note {
	struct slice text; /* with its last newline: what is signed */
	struct slice signatures;
};

/* The whole note with one signature, in the arena. text must be one that note_parse takes, name a valid one. */
struct slice
note_sign(struct arena *arena, struct slice text, struct slice name, const uint8_t secret[NOTE_SECRET_BYTES]);
/* NULL if the bytes are a note, else why not, a sentence; nothing is verified yet. Points into the bytes. */
const char *note_parse(struct slice bytes, struct note *note);
/* NULL if the key signed it. Signatures by other keys are passed over; a false one under this key's name and id is a
 * fault even beside a true one. */
const char *note_fault(const struct note *note, const struct note_key *key);

/* --- checkpoints ------------------------------------------------------------------------------------------------ */

struct note_checkpoint {
	struct slice origin;
	uint64_t size; /* leaves */
	uint8_t root[HASH_BYTES];
	struct slice extensions; /* whole lines, each with its newline; may be empty */
};

/* The text to sign, in the arena. */
struct slice note_checkpoint_format(struct arena *arena, const struct note_checkpoint *checkpoint);
/* NULL and the checkpoint, pointing into text, or why the text is none. */
const char *note_checkpoint_parse(struct slice text, struct note_checkpoint *checkpoint);
/* What follows "NAME " on the first extension line that begins so; data NULL if none does. */
struct slice note_checkpoint_extension(const struct note_checkpoint *checkpoint, const char *name);

#endif
