/* common/core/sealed.c
 *
 * libsodium does the work. The key serves two functions that share nothing, BLAKE2b for
 * the nonce and XChaCha20-Poly1305 for the text. */
#include "common/core/sealed.h"

#include "common/base/codec.h"

#include <assert.h>
#include <sodium.h>

enum { LABEL_BYTES_MAX = 256 };

/* The associated data; the name with its NUL, so that no text can continue it. */
static size_t
label_write(const struct sealed_label *label, uint8_t out[LABEL_BYTES_MAX])
{
	size_t name_size = strlen(label->type) + 1;
	assert(ID_BYTES + name_size <= LABEL_BYTES_MAX);
	memcpy(out, label->subject.bytes, ID_BYTES);
	memcpy(out + ID_BYTES, label->type, name_size);
	return ID_BYTES + name_size;
}

static void
nonce_make(const uint8_t key[SEALED_KEY_BYTES], struct slice label, struct slice text,
	   uint8_t nonce[SEALED_NONCE_BYTES])
{
	crypto_generichash_state state;
	crypto_generichash_init(&state, key, SEALED_KEY_BYTES, SEALED_NONCE_BYTES);
	crypto_generichash_update(&state, label.data, label.size);
	crypto_generichash_update(&state, text.data, text.size);
	crypto_generichash_final(&state, nonce, SEALED_NONCE_BYTES);
}

struct slice
sealed_make(struct arena *arena, uint32_t slot, const uint8_t key[SEALED_KEY_BYTES], const struct sealed_label *label,
	    struct slice text)
{
	uint8_t ad[LABEL_BYTES_MAX];
	size_t ad_size = label_write(label, ad);
	uint8_t *out = arena_alloc(arena, SEALED_OVERHEAD_BYTES + text.size);
	uint8_t *nonce = out + SEALED_SLOT_BYTES;
	put_u32(out, slot);
	nonce_make(key, slice_of(ad, ad_size), text, nonce);
	unsigned long long size = 0;
	crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + SEALED_NONCE_BYTES, &size, text.data, text.size, ad, ad_size,
						   NULL, nonce, key);
	assert(size == text.size + SEALED_TAG_BYTES);
	return slice_of(out, SEALED_OVERHEAD_BYTES + text.size);
}

bool
sealed_open(struct arena *arena, const uint8_t key[SEALED_KEY_BYTES], const struct sealed_label *label,
	    struct slice sealed, struct slice *text)
{
	uint8_t ad[LABEL_BYTES_MAX];
	size_t ad_size = label_write(label, ad);
	if (sealed.size < SEALED_OVERHEAD_BYTES)
		return false;
	const uint8_t *nonce = sealed.data + SEALED_SLOT_BYTES;
	const uint8_t *body = nonce + SEALED_NONCE_BYTES;
	size_t body_size = sealed.size - SEALED_SLOT_BYTES - SEALED_NONCE_BYTES;
	uint8_t *out = arena_alloc(arena, body_size);
	unsigned long long size = 0;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, &size, NULL, body, body_size, ad, ad_size, nonce, key) != 0)
		return false;
	*text = slice_of(out, (size_t)size);
	return true;
}

bool
sealed_slot(struct slice sealed, uint32_t *slot)
{
	if (sealed.size < SEALED_OVERHEAD_BYTES)
		return false;
	*slot = get_u32(sealed.data);
	return true;
}
