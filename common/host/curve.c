/* common/host/curve.c
 *
 * A ZAP request is a handful of small frames in fixed order; whatever does not fit
 * is refused with 300, a temporary failure: a client whose key is registered a moment
 * later gets in when it connects again, while 400 would end its socket for good. The user id we answer with is the key
 * in hexadecimal, and libzmq attaches it to every message of the connection. */
#include "common/host/curve.h"

#include "common/base/text.h"

#include <assert.h>
#include <string.h>
#include <zmq.h>

enum {
	ZAP_VERSION,
	ZAP_REQUEST_ID,
	ZAP_DOMAIN,
	ZAP_ADDRESS,
	ZAP_IDENTITY,
	ZAP_MECHANISM,
	ZAP_KEY,
	ZAP_PARTS,
	ZAP_PART_BYTES_MAX = 256, /* an identity is at most 255 bytes, an address is short */
	USER_ID_BYTES = 2 * CURVE_KEY_BYTES + 1,
};

struct zap_part {
	size_t size;
	char data[ZAP_PART_BYTES_MAX];
};

bool
curve_bind(void *socket, const struct curve *curve, const char *domain)
{
	int server = 1;
	return zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &server, sizeof(server)) == 0 &&
	       zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, curve->own.secret_text, CURVE_TEXT_BYTES) == 0 &&
	       zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, domain, strlen(domain)) == 0;
}

bool
curve_connect(void *socket, const struct curve *curve)
{
	return zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, curve->server_text, CURVE_TEXT_BYTES) == 0 &&
	       zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, curve->own.public_text, CURVE_TEXT_BYTES) == 0 &&
	       zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, curve->own.secret_text, CURVE_TEXT_BYTES) == 0;
}

void
curve_pair_make(struct curve_pair *pair)
{
	int code = zmq_curve_keypair(pair->public_text, pair->secret_text);
	assert(code == 0);
}

bool
curve_key_parse(const char *text, uint8_t key[CURVE_KEY_BYTES])
{
	return strlen(text) == CURVE_TEXT_BYTES - 1 && zmq_z85_decode(key, text) != NULL;
}

/* Reads one request whole; false if there is none. good tells whether it has the right shape. */
static bool
zap_receive(void *zap, struct zap_part parts[ZAP_PARTS], bool *good)
{
	size_t count = 0;
	*good = true;
	for (int more = 1; more != 0; count++) {
		struct zap_part spare;
		struct zap_part *part = count < ZAP_PARTS ? &parts[count] : &spare;
		int size = zmq_recv(zap, part->data, sizeof(part->data) - 1, ZMQ_DONTWAIT);
		if (size < 0)
			return false;
		*good = *good && (size_t)size < sizeof(part->data);
		part->size = *good ? (size_t)size : 0;
		part->data[part->size] = '\0';
		size_t more_size = sizeof(more);
		zmq_getsockopt(zap, ZMQ_RCVMORE, &more, &more_size);
	}
	*good = *good && count == ZAP_PARTS && strcmp(parts[ZAP_VERSION].data, "1.0") == 0 &&
		strcmp(parts[ZAP_MECHANISM].data, "CURVE") == 0 && parts[ZAP_KEY].size == CURVE_KEY_BYTES;
	return true;
}

bool
zap_answer(void *zap, bool (*allow)(void *context, const char *domain, const uint8_t key[CURVE_KEY_BYTES]),
	   void *context)
{
	struct zap_part parts[ZAP_PARTS];
	memset(parts, 0, sizeof(parts));
	bool good;
	if (!zap_receive(zap, parts, &good))
		return false;
	const uint8_t *key = (const uint8_t *)parts[ZAP_KEY].data;
	bool allowed = good && allow(context, parts[ZAP_DOMAIN].data, key);
	const char *status = allowed ? "200" : "300";
	char user_id[USER_ID_BYTES] = "";
	if (allowed)
		text_hex(slice_of(key, CURVE_KEY_BYTES), user_id);
	zmq_send(zap, "1.0", 3, ZMQ_SNDMORE);
	zmq_send(zap, parts[ZAP_REQUEST_ID].data, parts[ZAP_REQUEST_ID].size, ZMQ_SNDMORE);
	zmq_send(zap, status, 3, ZMQ_SNDMORE);
	zmq_send(zap, "", 0, ZMQ_SNDMORE);
	zmq_send(zap, user_id, strlen(user_id), ZMQ_SNDMORE);
	zmq_send(zap, "", 0, 0);
	return true;
}

bool
zap_sender(void *message, uint8_t key[CURVE_KEY_BYTES])
{
	const char *user_id = zmq_msg_gets(message, "User-Id");
	return user_id != NULL && text_from_hex(user_id, key, CURVE_KEY_BYTES);
}
