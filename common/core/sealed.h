/* common/core/sealed.h
 *
 * One piece of personal data as it stands in facts and records: sealed under the key of
 * the subject it is about, so that it can be read as long as that key exists and by nobody
 * once it is destroyed.
 *
 *   slot (u32, big-endian) | nonce (24) | XChaCha20-Poly1305 of the text and its tag
 *
 * The associated data is the subject's id and the full name of the message type: a piece
 * that is moved to another person, or into another field, does not open. The nonce is made
 * of key, associated data and text (a synthetic one, after RFC 5297), so the same text
 * seals to the same bytes: replaying a journal gives the same state, and two seals under
 * one nonce are two seals of one text. */
#ifndef COMMON_CORE_SEALED_H
#define COMMON_CORE_SEALED_H

#include "common/base/arena.h"
#include "common/base/id.h"

enum {
	SEALED_KEY_BYTES = 32,
	SEALED_SLOT_BYTES = 4,
	SEALED_NONCE_BYTES = 24,
	SEALED_TAG_BYTES = 16,
	SEALED_OVERHEAD_BYTES = SEALED_SLOT_BYTES + SEALED_NONCE_BYTES + SEALED_TAG_BYTES,
};

/* Whose it is, and what. */
struct sealed_label {
	struct id subject;
	const char *type; /* full name: "matricula.Personal" */
};

/* In the arena. */
struct slice sealed_make(struct arena *arena, uint32_t slot, const uint8_t key[SEALED_KEY_BYTES],
			 const struct sealed_label *label, struct slice text);

/* The text in the arena; false if it was not sealed so: another key, label, or changed bytes. */
bool sealed_open(struct arena *arena, const uint8_t key[SEALED_KEY_BYTES], const struct sealed_label *label,
		 struct slice sealed, struct slice *text);

/* False if these bytes are too short to be sealed ones. */
bool sealed_slot(struct slice sealed, uint32_t *slot);

#endif
