/* common/base/hash.c
 *
 * SHA-256 goes through OpenSSL's EVP because it uses the processor's own
 * instructions: the algorithm is fetched once for the process and each thread
 * re-initialises one context of its own, since a fetch or a new context a call
 * costs more than hashing a fact. The context ends with its thread.
 *
 * The seal needs no state. libsodium picks its fast BLAKE2b in sodium_init(),
 * which host calls at start; without it the result is the same, only slower. */
#include "common/base/hash.h"

#include "common/base/codec.h"
#include "common/base/fatal.h"

#include <assert.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <sodium.h>

/* The golden ratio's fraction: odd, with about half of its bits set. */
static const uint64_t SPREAD = UINT64_C(0x9e3779b97f4a7c15);

static EVP_MD *sha256;
static pthread_key_t context_end;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;
static _Thread_local EVP_MD_CTX *context;
static _Thread_local EVP_MD_CTX *begun; /* there as soon as context is */

static void
context_free(void *ended)
{
	EVP_MD_CTX_free(ended);
	EVP_MD_CTX_free(begun);
	context = NULL;
	begun = NULL;
}

static void
sha256_fetch(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (sha256 == NULL)
		fatal("openssl has no SHA-256");
	if (pthread_key_create(&context_end, context_free) != 0)
		fatal("out of thread keys");
}

static void
context_make(void)
{
	pthread_once(&sha256_once, sha256_fetch);
	begun = EVP_MD_CTX_new();
	context = EVP_MD_CTX_new();
	if (begun == NULL || context == NULL || pthread_setspecific(context_end, context) != 0)
		fatal("out of memory: a hash context");
}

/* Whatever the context holds already, and the parts. */
static void
context_end_with(bool done, const struct slice *parts, size_t count, uint8_t out[HASH_BYTES])
{
	for (size_t i = 0; done && i < count; i++)
		done = EVP_DigestUpdate(context, parts[i].data, parts[i].size) == 1;
	unsigned int size = 0;
	done = done && EVP_DigestFinal_ex(context, out, &size) == 1;
	if (!done || size != HASH_BYTES)
		fatal("openssl could not hash");
}

void
hash_sha256_parts(const struct slice *parts, size_t count, uint8_t out[HASH_BYTES])
{
	if (context == NULL)
		context_make();
	context_end_with(EVP_DigestInit_ex2(context, sha256, NULL) == 1, parts, count, out);
}

void
hash_sha256_begin(struct slice beginning)
{
	if (context == NULL)
		context_make();
	if (EVP_DigestInit_ex2(begun, sha256, NULL) != 1 ||
	    EVP_DigestUpdate(begun, beginning.data, beginning.size) != 1)
		fatal("openssl could not hash");
}

void
hash_sha256_go_on(const struct slice *parts, size_t count, uint8_t out[HASH_BYTES])
{
	assert(begun != NULL);
	context_end_with(EVP_MD_CTX_copy_ex(context, begun) == 1, parts, count, out);
}

/* FIPS 180-4, of nothing: each entry hashes its reply, and that of an event is empty. */
static const uint8_t SHA256_OF_NOTHING[HASH_BYTES] = {
	0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
	0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
};

void
hash_sha256(struct slice bytes, uint8_t out[HASH_BYTES])
{
	if (bytes.size == 0) {
		memcpy(out, SHA256_OF_NOTHING, HASH_BYTES);
		return;
	}
	hash_sha256_parts(&bytes, 1, out);
}

void
seal_make(struct slice bytes, const uint8_t key[SEAL_KEY_BYTES], uint8_t out[SEAL_BYTES])
{
	int result = crypto_generichash(out, SEAL_BYTES, bytes.data, bytes.size, key, SEAL_KEY_BYTES);
	assert(result == 0);
}

bool
seal_check(struct slice bytes, const uint8_t key[SEAL_KEY_BYTES], struct slice seal)
{
	if (seal.size != SEAL_BYTES)
		return false;
	uint8_t expected[SEAL_BYTES];
	seal_make(bytes, key, expected);
	return sodium_memcmp(expected, seal.data, SEAL_BYTES) == 0;
}

void
hash_key_derive(const uint8_t secret[SEAL_KEY_BYTES], uint8_t key[KEYED_KEY_BYTES])
{
	static_assert(crypto_kdf_KEYBYTES == SEAL_KEY_BYTES, "a secret is a key of crypto_kdf");
	static_assert(crypto_shorthash_siphashx24_KEYBYTES == KEYED_KEY_BYTES, "as long as SipHash wants it");
	int result = crypto_kdf_derive_from_key(key, KEYED_KEY_BYTES, 1, "tokens  ", secret);
	assert(result == 0);
}

void
hash_keyed(struct slice bytes, const uint8_t key[KEYED_KEY_BYTES], uint8_t out[KEYED_BYTES])
{
	static_assert(crypto_shorthash_siphashx24_BYTES == KEYED_BYTES, "128 bits");
	int result = crypto_shorthash_siphashx24(out, bytes.data, bytes.size, key);
	assert(result == 0);
}

static uint64_t
spread(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * SPREAD;
	return hash ^ hash >> 32;
}

/* The last bytes, fewer than eight of them, as one number. */
static uint64_t
spread_rest(struct slice bytes, size_t left)
{
	uint64_t rest = 0;
	if (bytes.size >= sizeof(rest)) /* they end the eight that end there */
		return get_u64(bytes.data + bytes.size - sizeof(rest)) & ((UINT64_C(1) << 8 * left) - 1);
	for (; left > 0; left--)
		rest = rest << 8 | bytes.data[bytes.size - left];
	return rest;
}

uint64_t
hash_spread(struct slice bytes)
{
	uint64_t hash = bytes.size;
	size_t at = 0;
	for (; bytes.size - at >= sizeof(uint64_t); at += sizeof(uint64_t))
		hash = spread(hash, get_u64(bytes.data + at));
	return spread(spread(hash, spread_rest(bytes, bytes.size - at)), 0);
}
