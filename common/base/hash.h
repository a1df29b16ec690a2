/* common/base/hash.h
 *
 * The four hashes of the house, each with one job:
 *   SHA-256 (FIPS 180-4, OpenSSL) chains the journal and fingerprints requests and tokens;
 *   keyed BLAKE2b-256 (RFC 7693, libsodium) seals frames between gateway and services;
 *   SipHash-2-4 of 128 bits (Aumasson and Bernstein 2012, libsodium) makes the tokens that
 *   stand in rows instead of names, ids and payloads;
 *   hash_spread, eight bytes a multiplication, spreads keys and promises nothing. */
#ifndef COMMON_BASE_HASH_H
#define COMMON_BASE_HASH_H

#include "common/base/slice.h"

enum { HASH_BYTES = 32, SEAL_BYTES = 32, SEAL_KEY_BYTES = 32, KEYED_BYTES = 16, KEYED_KEY_BYTES = 16 };

void hash_sha256(struct slice bytes, uint8_t out[HASH_BYTES]);
/* Hash of the concatenation of the parts. */
void hash_sha256_parts(const struct slice *parts, size_t count, uint8_t out[HASH_BYTES]);

/* The same of texts that begin alike, the beginning hashed once: what this thread's last hash_sha256_begin was told,
 * then the parts. */
void hash_sha256_begin(struct slice beginning);
void hash_sha256_go_on(const struct slice *parts, size_t count, uint8_t out[HASH_BYTES]);

void seal_make(struct slice bytes, const uint8_t key[SEAL_KEY_BYTES], uint8_t out[SEAL_BYTES]);
/* Constant time. */
bool seal_check(struct slice bytes, const uint8_t key[SEAL_KEY_BYTES], struct slice seal);

/* The key for hash_keyed that follows from a secret. */
void hash_key_derive(const uint8_t secret[SEAL_KEY_BYTES], uint8_t key[KEYED_KEY_BYTES]);
/* A token of short bytes, a tenth of the work of a seal. SipHash is a pseudorandom function: whoever
 * does not have the key can neither tell what a token is of nor find two inputs of one token better
 * than by asking us about 2^64 of them. That is enough because the key never leaves the node and no
 * token is ever shown. It is no hash to check against without the key, and no seal. */
void hash_keyed(struct slice bytes, const uint8_t key[KEYED_KEY_BYTES], uint8_t out[KEYED_BYTES]);

/* The same on every machine: it stands in keys too. Its low bits are as good as its high ones. */
uint64_t hash_spread(struct slice bytes);

#endif
