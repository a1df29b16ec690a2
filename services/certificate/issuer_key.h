/* services/certificate/issuer_key.h
 *
 * The signing keys of an institution, and of the log; see issuer_key.c. */
#ifndef SERVICES_CERTIFICATE_ISSUER_KEY_H
#define SERVICES_CERTIFICATE_ISSUER_KEY_H

#include "common/core/call.h"
#include "common/credential/proof.h"

#include "matricula/issuer.pb-c.h"

enum {
	ISSUER_KEYS_MAX = 200,     /* of one institution, ever: all of them stand in its DID document */
	ISSUER_KEYS_RESERVED = 20, /* of them, to follow compromised ones */
};

/* Keys are numbered within a series: "key-1" of an institution, "log-1" of the log, under the root authority. */
enum key_series { SERIES_ISSUER, SERIES_LOG };

struct issuer_keys {
	const char *school_id;
	enum key_series series;
	const Mt__IssuerKeyRecord *signs;  /* the active Ed25519 key; NULL: none */
	const Mt__IssuerKeyRecord *rs256;  /* NULL: none is active */
	const Mt__IssuerKeyRecord *wanted; /* an RS256 key being made, or NULL */
	unsigned count;
	uint64_t changes; /* of the Ed25519 keys: how often one was made, retired or compromised */
	const Mt__IssuerKeyRecord *all[ISSUER_KEYS_MAX]; /* in the order of their making */
};

void issuer_keys_read(const struct call *call, const char *school_id, enum key_series series, struct issuer_keys *keys);
const Mt__IssuerKeyRecord *issuer_key_find(const struct call *call, const char *school_id, const char *key_id);
/* The series that a key's name belongs to; false if the name is none of ours. */
bool issuer_key_series(const char *key_id, enum key_series *series);

/* A key ready to sign, wiped by whoever asked as soon as it has. */
struct signing_key {
	const char *key_id;
	const char *created_at; /* RFC 3339 */
	uint8_t secret[PROOF_SECRET_BYTES];
};

/* Opens the series' active key, or makes its next one (emits IssuerKeyCreated). False and refused if it does not open
 * under the service's secret, or no more keys may be made. */
bool issuer_key_open(struct call *call, const struct issuer_keys *keys, struct signing_key *key);
/* Opens one that is there, for what was signed in its time. False and refused as above. */
bool issuer_key_reopen(struct call *call, const Mt__IssuerKeyRecord *record, struct signing_key *key);
/* Emits IssuerKeyCreated for the next Ed25519 key. False and refused if no more may be made. */
bool issuer_key_make(struct call *call, const struct issuer_keys *keys, struct signing_key *key);
/* "key-4" */
const char *issuer_key_next(struct call *call, const struct issuer_keys *keys);
/* The instant of keys and signatures: whole seconds, so that what is signed in the second of a change stays good. */
const char *issuer_key_now(struct call *call);

/* NULL if what the key signed at that instant (RFC 3339) stands, else why not, a sentence in the arena. */
const char *issuer_key_fault(struct arena *arena, const Mt__IssuerKeyRecord *key, const char *signed_at);

/* The facts of IssuerFact that change keys. */
void issuer_key_apply(struct apply *apply, const Mt__IssuerFact *fact);
/* Prefix of the keys to be made: school and key id follow. */
struct key issuer_keys_wanted_key(void);

#endif
