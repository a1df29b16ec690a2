/* common/host/curve.h
 *
 * CURVE (ZeroMQ RFC 26) on a socket, and the ZAP handler (RFC 27) that decides whose
 * key may connect. The handler names each admitted connection after its key, so a
 * message tells who sent it. Without an allow-list nobody connects. */
#ifndef COMMON_HOST_CURVE_H
#define COMMON_HOST_CURVE_H

#include <stdbool.h>
#include <stdint.h>

enum { CURVE_TEXT_BYTES = 41, CURVE_KEY_BYTES = 32 }; /* Z85 text with its NUL; raw */

struct curve_pair {
	char public_text[CURVE_TEXT_BYTES];
	char secret_text[CURVE_TEXT_BYTES];
};

struct curve {
	struct curve_pair own;
	/* One that connects: the public key of whom it connects to. */
	char server_text[CURVE_TEXT_BYTES];
	/* One that binds: whose key is let in. Asked at the handshake and again for every
	 * message, so it must be quick; NULL refuses everybody. */
	bool (*allow)(void *context, const uint8_t key[CURVE_KEY_BYTES]);
	void *context;
};

/* Sets the keys on a socket before it binds or connects. False if a key is no key. */
bool curve_bind(void *socket, const struct curve *curve, const char *domain);
bool curve_connect(void *socket, const struct curve *curve);
void curve_pair_make(struct curve_pair *pair);
bool curve_key_parse(const char *text, uint8_t key[CURVE_KEY_BYTES]);

/* Answers one request on the ZAP socket. False if there was none. allow is asked with
 * the domain that curve_bind was given. */
bool zap_answer(void *zap, bool (*allow)(void *context, const char *domain, const uint8_t key[CURVE_KEY_BYTES]),
		void *context);
/* The key of the connection a message (zmq_msg_t) came in by; false if it has none. */
bool zap_sender(void *message, uint8_t key[CURVE_KEY_BYTES]);

#endif
