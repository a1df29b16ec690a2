/* services/certificate/key_seal.c */
#include "services/certificate/key_seal.h"

#include <assert.h>
#include <sodium.h>

enum { SEALING_KEY = 1 }; /* number of the subkey; another use takes another */

static_assert(KEY_SEAL_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "a nonce");
static_assert(KEY_SEAL_BYTES == KEY_SEAL_NONCE_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES, "nonce and tag");
static_assert(KEY_SEAL_SECRET_BYTES == crypto_kdf_KEYBYTES, "the service's secret");

static void
sealing_key(const struct key_seal *seal, uint8_t key[crypto_kdf_KEYBYTES])
{
	crypto_kdf_derive_from_key(key, crypto_kdf_KEYBYTES, SEALING_KEY, "issuers", seal->secret);
}

/* What the seal is bound to: "SCHOOL/KEY". */
struct context {
	size_t size;
	uint8_t bytes[256];
};

static void
context_add(struct context *context, const char *text)
{
	size_t size = strlen(text);
	assert(context->size + size <= sizeof(context->bytes));
	memcpy(context->bytes + context->size, text, size);
	context->size += size;
}

static struct context
context_of(const struct key_seal *seal)
{
	struct context context = {.size = 0};
	context_add(&context, seal->school_id);
	context_add(&context, "/");
	context_add(&context, seal->key_id);
	return context;
}

struct slice
key_seal_make(struct arena *arena, const struct key_seal *seal, const uint8_t nonce[KEY_SEAL_NONCE_BYTES],
	      struct slice plain)
{
	uint8_t key[crypto_kdf_KEYBYTES];
	struct context context = context_of(seal);
	uint8_t *sealed = arena_alloc(arena, KEY_SEAL_BYTES + plain.size);
	memcpy(sealed, nonce, KEY_SEAL_NONCE_BYTES);
	sealing_key(seal, key);
	crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + KEY_SEAL_NONCE_BYTES, NULL, plain.data, plain.size,
						   context.bytes, context.size, NULL, nonce, key);
	sodium_memzero(key, sizeof(key));
	return slice_of(sealed, KEY_SEAL_BYTES + plain.size);
}

bool
key_seal_open(const struct key_seal *seal, struct slice sealed, uint8_t *out)
{
	uint8_t key[crypto_kdf_KEYBYTES];
	struct context context = context_of(seal);
	if (sealed.size <= KEY_SEAL_BYTES)
		return false;
	sealing_key(seal, key);
	int code = crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.data + KEY_SEAL_NONCE_BYTES,
							      sealed.size - KEY_SEAL_NONCE_BYTES, context.bytes,
							      context.size, sealed.data, key);
	sodium_memzero(key, sizeof(key));
	return code == 0;
}
