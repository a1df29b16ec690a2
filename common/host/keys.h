/* common/host/keys.h
 *
 * The keys folder of a deployment (0700, files 0600):
 *
 *   A-B.seal        what A seals with when it talks to B, one "KEYID HEX64" a line: the
 *                   first seals, all are accepted. A is gateway, operator or a service.
 *   NAME.curve      two Z85 lines, public and secret key, of a service, the gateway, the
 *                   operator or the door
 *   NAME.curve.pub  the public line alone: who holds it may be let in
 *   NAME.secret     one HEX64 line: what a service seals its rows with (call_secret), and
 *                   wraps the keys of subjects with (slots.h); who loses it loses these,
 *                   so it is backed up apart from the data
 *   NAME.erasures   who was erased, see ledger.h; kept for ever, like the secret
 *
 * A machine of its own gets the files it needs, no more. Key ids are random and
 * unique among the keys one service accepts. */
#ifndef COMMON_HOST_KEYS_H
#define COMMON_HOST_KEYS_H

#include "common/core/node.h"
#include "common/host/curve.h"
#include "common/host/error.h"

#include <stddef.h>

enum {
	KEYS_LINES_MAX = 2,     /* the new key and the one before it */
	KEYS_ACCEPTED_MAX = 32, /* of one service: five sealers with two lines each today */
	KEYS_CURVES_MAX = 64,
	KEYS_SECRET_BYTES = 32,
};

struct keys_accepted {
	size_t count;
	struct seal_key keys[KEYS_ACCEPTED_MAX];
};

struct keys_curves {
	size_t count;
	uint8_t keys[KEYS_CURVES_MAX][CURVE_KEY_BYTES];
};

/* Makes every file that is missing, and never changes one that is there. */
bool keys_create(const char *folder, struct host_error *error);
/* Puts a new first line into PAIR.seal ("gateway-enrollment"); the former stays accepted. Take
 * effect: restart first B, then A. */
bool keys_rotate(const char *folder, const char *pair, struct host_error *error);

/* The keys whose seals a service accepts, of everyone whose file is there. */
bool
keys_load_accepted(const char *folder, const char *service, struct keys_accepted *accepted, struct host_error *error);
/* What sealer seals with when it talks to service. */
bool keys_load_sending(const char *folder, const char *sealer, const char *service, struct seal_key *key,
		       struct host_error *error);

bool
keys_load_secret(const char *folder, const char *service, uint8_t secret[KEYS_SECRET_BYTES], struct host_error *error);

bool keys_load_curve(const char *folder, const char *name, struct curve_pair *pair, struct host_error *error);
bool keys_load_curve_public(const char *folder, const char *name, char public_text[CURVE_TEXT_BYTES],
			    struct host_error *error);
/* Every public key in the folder, and whether one is among them. */
bool keys_load_curves(const char *folder, struct keys_curves *curves, struct host_error *error);
bool keys_curves_hold(const struct keys_curves *curves, const uint8_t key[CURVE_KEY_BYTES]);

#endif
