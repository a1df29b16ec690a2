/* tests/sim/clerk.h
 *
 * The callers of the simulated world, and what they remember. A clerk sends a call
 * again, under the same call id, until it is answered; every call and its answer
 * stay in the office's files, so that afterwards the journals can be held against
 * what callers were told. */
#ifndef TESTS_SIM_CLERK_H
#define TESTS_SIM_CLERK_H

#include "common/base/arena.h"
#include "common/wire/rule.h"
#include "tests/sim/world.h"

#include "matricula/envelope.pb-c.h"

/* On whose behalf, and how it is proved. */
struct proof {
	uint32_t key_id;           /* KEY_ID_GATEWAY: by token; else the seal itself */
	uint8_t token[HASH_BYTES]; /* hash; used with the gateway's key if has_token */
	bool has_token;
	char subject[SUBJECT_BYTES_MAX + 1]; /* what the node will make of it; for the files */
};

struct errand {
	uint64_t tag; /* place in the files, from 1 */
	uint32_t client;
	uint32_t to; /* node index */
	struct proof proof;
	const struct rule *rule;
	char id[CALL_ID_BYTES_MAX + 1]; /* empty: a query */
	bool dry_run;
	bool patient;                /* RESOURCE_EXHAUSTED is tried again, as UNAVAILABLE is */
	bool unavailable_is_answer;  /* when a handler says so, and not the core of a node that is not there yet */
	bool must_refuse;            /* accepting it breaks a promise */
	const struct errand *before; /* the same call, accepted already: the reply must be that one's */
	uint8_t *request;
	size_t request_size;

	uint32_t tries;
	bool answered;
	uint64_t seq_before; /* of that node, as this client knew it when the call was first sent */
	Mt__Status status;
	char *message;
	char *field;
	uint8_t *reply;
	size_t reply_size;
	uint64_t seq;
	bool repeated;
	int64_t answered_us;
};

struct office {
	struct sim *sim;
	struct errand **files;
	uint64_t count;
	uint64_t answered;
	uint64_t seq[WORLD_CLIENTS_MAX][WORLD_NODES]; /* highest each client was told of */
	struct arena arena;
	/* Told of each first answer; may be NULL. */
	void (*on_answer)(void *context, struct errand *errand);
	void *context;
	/* Alarms with a number from OFFICE_ALARMS on belong to whoever set them. */
	void (*on_alarm)(void *context, uint64_t number);
};

#define OFFICE_ALARMS (UINT64_C(1) << 63)

void office_open(struct office *office, struct sim *sim);
void office_close(struct office *office);

struct proof proof_operator(void);
struct proof proof_courier(void);
struct proof proof_stranger(void);
/* By the text of a token, granted or not. */
struct proof proof_token(const char *token, const char *subject);

/* Files an errand; the request is packed now. id "" for none. */
struct errand *errand_new(struct office *office, uint32_t client, uint32_t to, const struct proof *proof,
			  const struct rule *rule, const char *id, const ProtobufCMessage *request);
/* Sends it for the first time; it is sent again until answered. */
void errand_send(struct office *office, struct errand *errand);
/* Several calls of one client to one node under one proof's key in one frame. */
void errands_send(struct office *office, struct errand *const *errands, size_t count);

/* The node that answers the method. */
uint32_t errand_owner(const struct rule *rule);
/* The reply unpacked in the arena; NULL unless answered OK. */
ProtobufCMessage *errand_reply(const struct errand *errand, struct arena *arena);

#endif
