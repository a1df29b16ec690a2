/* common/credential/inclusion.h
 *
 * That an edition stands in the transparency log: its statement and salt give the leaf's data,
 * the data and the proof's hashes give a root, and a signed checkpoint has that root. */
#ifndef COMMON_CREDENTIAL_INCLUSION_H
#define COMMON_CREDENTIAL_INCLUSION_H

#include "common/base/arena.h"
#include "common/credential/note.h"

struct inclusion {
	uint64_t index; /* of the leaf */
	struct note_checkpoint checkpoint;
	int64_t checkpoint_us; /* as it says; INT64_MIN: it does not */
};

/* SHA-256(salt || statement): what a leaf holds. */
void inclusion_data(struct slice salt, struct slice statement, uint8_t data[HASH_BYTES]);

/* json: what GET /v1/certificates/{id}/inclusion answers; credential: the bytes as signed; log: the key that signs
 * checkpoints. NULL if the credential is in the log under a checkpoint of that key, else why not, a sentence. */
const char *inclusion_fault(struct arena *arena, struct slice json, struct slice credential, const struct note_key *log,
			    struct inclusion *inclusion);

#endif
