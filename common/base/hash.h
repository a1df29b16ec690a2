/* common/base/hash.h
 *
 * The three hashes of the house, each with one job:
 *   SHA-256 (FIPS 180-4, OpenSSL) chains the journal and fingerprints requests and tokens;
 *   keyed BLAKE2b-256 (RFC 7693, libsodium) seals frames between gateway and services;
 *   FNV-1a spreads keys in memory and promises nothing. */
#ifndef COMMON_BASE_HASH_H
#define COMMON_BASE_HASH_H

#include "common/base/slice.h"

enum { HASH_BYTES = 32, SEAL_BYTES = 32, SEAL_KEY_BYTES = 32 };

void hash_sha256(struct slice bytes, uint8_t out[HASH_BYTES]);
/* Hash of the concatenation of the parts. */
void hash_sha256_parts(const struct slice *parts, size_t count, uint8_t out[HASH_BYTES]);

void seal_make(struct slice bytes, const uint8_t key[SEAL_KEY_BYTES], uint8_t out[SEAL_BYTES]);
/* Constant time. */
bool seal_check(struct slice bytes, const uint8_t key[SEAL_KEY_BYTES], struct slice seal);

uint64_t hash_fnv(struct slice bytes);

#endif
