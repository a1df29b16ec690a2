/* tests/sim/clerk.c
 *
 * A refusal that only says "not now" is not an answer: the clerk waits and tries
 * again. An answer heard twice must be the same answer, and what a client was told
 * by a node never comes from before what it was told already. */
#include "tests/sim/clerk.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/fatal.h"
#include "common/wire/frame.h"
#include "common/wire/pb.h"

enum { RETRY_US = 400 * 1000, RETRY_US_MAX = 5000 * 1000, DEADLINE_MS = 8000 };

static void office_answer(void *context, uint32_t client, struct slice bytes);
static void office_alarm(void *context, uint64_t number);

void
office_open(struct office *office, struct sim *sim)
{
	*office = (struct office){.sim = sim};
	arena_init(&office->arena, 64 << 10, 0);
	sim->audience = (struct audience){.context = office, .answer = office_answer, .alarm = office_alarm};
}

void
office_close(struct office *office)
{
	for (uint64_t i = 0; i < office->count; i++) {
		struct errand *errand = office->files[i];
		free(errand->request);
		free(errand->reply);
		free(errand->message);
		free(errand->field);
		free(errand);
	}
	free(office->files);
	arena_free(&office->arena);
	office->sim->audience = (struct audience){0};
}

struct proof
proof_operator(void)
{
	return (struct proof){.key_id = KEY_ID_OPERATOR, .subject = "operator"};
}

struct proof
proof_courier(void)
{
	return (struct proof){.key_id = KEY_ID_COURIER, .subject = "node"};
}

struct proof
proof_stranger(void)
{
	return (struct proof){.key_id = KEY_ID_GATEWAY};
}

struct proof
proof_token(const char *token, const char *subject)
{
	struct proof proof = {.key_id = KEY_ID_GATEWAY, .has_token = true};
	hash_sha256(slice_text(token), proof.token);
	snprintf(proof.subject, sizeof(proof.subject), "%s", subject);
	return proof;
}

static void *
bytes_copy(const void *bytes, size_t size)
{
	void *copy = malloc(size + 1);
	if (copy == NULL)
		fatal("no memory left for the files of an office");
	if (size > 0)
		memcpy(copy, bytes, size);
	((char *)copy)[size] = '\0';
	return copy;
}

struct errand *
errand_new(struct office *office, uint32_t client, uint32_t to, const struct proof *proof, const struct rule *rule,
	   const char *id, const ProtobufCMessage *request)
{
	struct errand *errand = calloc(1, sizeof(*errand));
	struct errand **files = realloc(office->files, (office->count + 1) * sizeof(office->files[0]));
	if (errand == NULL || files == NULL)
		fatal("no memory left for the files of an office");
	office->files = files;
	office->files[office->count++] = errand;
	errand->tag = office->count;
	errand->client = client;
	errand->to = to;
	errand->proof = *proof;
	errand->rule = rule;
	snprintf(errand->id, sizeof(errand->id), "%s", id);
	arena_reset(&office->arena);
	struct slice packed = pb_pack(&office->arena, request);
	errand->request = bytes_copy(packed.data, packed.size);
	errand->request_size = packed.size;
	errand->seq_before = office->seq[client][to];
	return errand;
}

static struct slice
call_pack(struct office *office, const struct errand *errand)
{
	Mt__Principal principal = MT__PRINCIPAL__INIT;
	Mt__Call call = MT__CALL__INIT;
	call.tag = errand->tag;
	call.id = (char *)errand->id;
	call.method = (char *)errand->rule->name;
	call.request = (ProtobufCBinaryData){errand->request_size, errand->request};
	call.deadline_ms = DEADLINE_MS;
	call.dry_run = errand->dry_run;
	call.principal = &principal;
	if (errand->proof.has_token)
		principal.token_hash = (ProtobufCBinaryData){HASH_BYTES, (uint8_t *)errand->proof.token};
	return pb_pack(&office->arena, &call.base);
}

void
errands_send(struct office *office, struct errand *const *errands, size_t count)
{
	assert(count > 0);
	struct buf frame;
	buf_init(&frame, FRAME_BYTES_MAX);
	arena_reset(&office->arena);
	int64_t wait_us = RETRY_US;
	for (size_t i = 0; i < count; i++) {
		assert(errands[i]->to == errands[0]->to);
		assert(errands[i]->proof.key_id == errands[0]->proof.key_id);
		frame_add_call(&frame, call_pack(office, errands[i]));
		errands[i]->tries++;
	}
	frame_close(&frame, errands[0]->proof.key_id, world_key(errands[0]->proof.key_id)->key);
	assert(!buf_failed(&frame));
	world_send(office->sim, errands[0]->client, errands[0]->to, buf_slice(&frame),
		   count == 1 ? errands[0]->tag : 0);
	buf_free(&frame);
	for (uint32_t i = 1; i < errands[0]->tries && wait_us < RETRY_US_MAX; i++)
		wait_us *= 2;
	for (size_t i = 0; i < count; i++)
		world_alarm(office->sim, wait_us, errands[i]->tag);
}

void
errand_send(struct office *office, struct errand *errand)
{
	errands_send(office, &errand, 1);
}

static void
office_alarm(void *context, uint64_t number)
{
	struct office *office = context;
	if (number >= OFFICE_ALARMS) {
		if (office->on_alarm != NULL)
			office->on_alarm(office->context, number);
		return;
	}
	assert(number >= 1);
	assert(number <= office->count);
	struct errand *errand = office->files[number - 1];
	if (!errand->answered)
		errand_send(office, errand);
}

static bool
is_not_now(const struct errand *errand, Mt__Status status, const char *message)
{
	bool is_handlers = strncmp(message, "the service is", 14) != 0 && strncmp(message, "keys for new", 12) != 0;
	if (status == MT__STATUS__UNAVAILABLE && errand->unavailable_is_answer && is_handlers)
		return false;
	if (status == MT__STATUS__RESOURCE_EXHAUSTED)
		return errand->patient;
	return status == MT__STATUS__UNAVAILABLE || status == MT__STATUS__DEADLINE_EXCEEDED;
}

static void
check_again(struct office *office, const struct errand *errand, const Mt__Reply *reply)
{
	bool both_accepted = errand->status == MT__STATUS__OK && reply->status == MT__STATUS__OK;
	if (!both_accepted || errand->id[0] == '\0' || errand->dry_run)
		return; /* a query sees what is; a refusal is not saved */
	if (!slice_equal(slice_of(errand->reply, errand->reply_size), slice_of(reply->reply.data, reply->reply.len)))
		world_blame(office->sim, "a retry gets the same reply", "call %s of %s was answered twice, differently",
			    errand->id, errand->rule->name);
}

static void
check_session(struct office *office, struct errand *errand)
{
	uint64_t *known = &office->seq[errand->client][errand->to];
	if (errand->status == MT__STATUS__OK && !errand->repeated && errand->seq < errand->seq_before)
		world_blame(office->sim, "a client reads its own writes",
			    "client %u knew entry %llu of %s, %s answered from entry %llu", errand->client,
			    (unsigned long long)errand->seq_before, world_modules[errand->to]->name, errand->rule->name,
			    (unsigned long long)errand->seq);
	if (errand->status == MT__STATUS__OK && errand->seq > *known)
		*known = errand->seq;
}

static void
check_promises(struct office *office, const struct errand *errand)
{
	const struct errand *before = errand->before;
	if (errand->status != MT__STATUS__OK)
		return;
	if (errand->must_refuse)
		world_blame(office->sim, "what is not allowed is refused", "%s %s of %s was accepted",
			    errand->rule->name, errand->id, errand->proof.subject);
	if (before == NULL)
		return;
	if (!slice_equal(slice_of(errand->reply, errand->reply_size), slice_of(before->reply, before->reply_size)))
		world_blame(office->sim, "a retry gets the same reply", "call %s of %s was answered otherwise later",
			    errand->id, errand->rule->name);
}

static void
errand_answer(struct office *office, struct errand *errand, const Mt__Reply *reply)
{
	if (errand->answered) {
		check_again(office, errand, reply);
		return;
	}
	if (is_not_now(errand, reply->status, reply->message))
		return; /* its alarm is set */
	errand->answered = true;
	errand->status = reply->status;
	errand->message = bytes_copy(reply->message, strlen(reply->message));
	errand->field = bytes_copy(reply->field, strlen(reply->field));
	errand->reply = bytes_copy(reply->reply.data, reply->reply.len);
	errand->reply_size = reply->reply.len;
	errand->seq = reply->seq;
	errand->repeated = reply->repeated;
	errand->answered_us = office->sim->time_us;
	office->answered++;
	check_session(office, errand);
	check_promises(office, errand);
	if (office->on_answer != NULL)
		office->on_answer(office->context, errand);
}

static void
office_answer(void *context, uint32_t client, struct slice bytes)
{
	struct office *office = context;
	struct frame frame;
	if (!frame_read(bytes, FRAME_CALLS_MAX, &frame)) {
		world_blame(office->sim, "frames are sound", "a client got a frame that cannot be read");
		return;
	}
	struct arena arena;
	arena_init(&arena, 4096, 0);
	struct slice part;
	for (size_t at = 0; frame_next(&frame, &at, &part);) {
		arena_reset(&arena);
		const Mt__Reply *reply = (const void *)pb_unpack_trusted(&mt__reply__descriptor, &arena, part);
		if (reply == NULL || reply->tag == 0 || reply->tag > office->count ||
		    office->files[reply->tag - 1]->client != client) {
			world_blame(office->sim, "answers find their callers", "client %u got an answer to tag %llu",
				    client, reply == NULL ? 0 : (unsigned long long)reply->tag);
			break;
		}
		errand_answer(office, office->files[reply->tag - 1], reply);
	}
	arena_free(&arena);
}

uint32_t
errand_owner(const struct rule *rule)
{
	return world_owner(rule->owner);
}

ProtobufCMessage *
errand_reply(const struct errand *errand, struct arena *arena)
{
	if (!errand->answered || errand->status != MT__STATUS__OK)
		return NULL;
	return pb_unpack_trusted(errand->rule->output, arena, slice_of(errand->reply, errand->reply_size));
}
