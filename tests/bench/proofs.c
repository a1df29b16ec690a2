/* tests/bench/proofs.c
 *
 * What a proof of the transparency log costs the service itself: the certificate node alone
 * (alone.h) with so many certificates issued, asked for one proof at a time, from the frame's
 * arrival until the reply left. It is CPU time of the loop, all state in memory; no network,
 * no gateway, no page read from the disk.
 *
 *   proofs CERTIFICATES ASKED
 *
 * Inclusion: of certificates all over the log, with the checkpoint that is signed for each
 * proof. Consistency: between any two sizes. Prints one line of JSON. */
#include "tests/bench/alone.h"
#include "tests/bench/issuing.h"

#include "common/base/id.h"
#include "common/core/limits.h"
#include "common/wire/frame.h"
#include "common/wire/pb.h"

#include "matricula/certificate_service.pb-c.h"
#include "matricula/envelope.pb-c.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ISSUING_US = 1000000, STEP_US = 100, ASKED_MAX = 1000000, CALL_BYTES_MAX = 1024 };

struct proofs {
	struct alone alone;
	struct buf frame;
	struct buf packed;
	struct arena arena;
	uint64_t answered;
	double *took_us;
};

static const struct module *issuing;
static char (*certificates)[ID_TEXT_BYTES];
static char school_id[ID_TEXT_BYTES];
static uint64_t issued;

/* What is issued is noted, so that it can be asked for. */
static void
noting_apply(struct apply *apply, const ProtobufCMessage *message)
{
	const Mt__CertificateServiceFact *fact = (const Mt__CertificateServiceFact *)message;
	issuing->apply(apply, message);
	if (fact->noun_case != MT__CERTIFICATE_SERVICE_FACT__NOUN_CERTIFICATE ||
	    fact->certificate->kind_case != MT__CERTIFICATE_FACT__KIND_CERTIFICATE_ISSUED || issued == issuing_wanted)
		return;
	const Mt__CertificateRecord *certificate = fact->certificate->certificate_issued->certificate;
	snprintf(certificates[issued++], ID_TEXT_BYTES, "%s", certificate->certificate_id);
	snprintf(school_id, ID_TEXT_BYTES, "%s", certificate->school_id);
}

static void
reply_take(void *context, struct slice part)
{
	struct proofs *proofs = context;
	arena_reset(&proofs->arena);
	const Mt__Reply *reply = (const Mt__Reply *)pb_unpack_trusted(&mt__reply__descriptor, &proofs->arena, part);
	proofs->answered += reply->status == MT__STATUS__OK;
	if (reply->status == MT__STATUS__OK)
		return;
	fprintf(stderr, "proofs: refused: %d %s %s\n", (int)reply->status, reply->field, reply->message);
	exit(1);
}

static double
cpu_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double
ask(struct proofs *proofs, const char *method, const ProtobufCMessage *request)
{
	const struct seal_key *key = &alone_keys[ALONE_OPERATOR_ID - 1];
	Mt__Role role = MT__ROLE__REGISTRAR;
	Mt__Call call = MT__CALL__INIT;
	Mt__Principal principal = MT__PRINCIPAL__INIT;
	uint8_t bytes[CALL_BYTES_MAX];
	assert(protobuf_c_message_get_packed_size(request) <= sizeof(bytes));
	principal.subject = (char *)"registrar";
	principal.roles = &role;
	principal.n_roles = 1;
	principal.authority = school_id;
	call.tag = 1;
	call.method = (char *)(uintptr_t)method;
	call.request = (ProtobufCBinaryData){protobuf_c_message_pack(request, bytes), bytes};
	call.principal = &principal;
	buf_reset(&proofs->packed);
	buf_reset(&proofs->frame);
	pb_pack_into(&proofs->packed, &call.base);
	frame_add_call(&proofs->frame, buf_slice(&proofs->packed));
	frame_close(&proofs->frame, key->key_id, key->key);
	proofs->alone.time_us += STEP_US;
	double began_us = cpu_us();
	node_receive(proofs->alone.node, slice_text("route"), buf_slice(&proofs->frame));
	alone_settle(&proofs->alone);
	return cpu_us() - began_us;
}

static int
compare(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;
	return left < right ? -1 : left > right;
}

static void
report(struct proofs *proofs, const char *name, uint64_t asked)
{
	qsort(proofs->took_us, asked, sizeof(double), compare);
	printf("\"%s\":{\"p50_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f},", name, proofs->took_us[asked / 2],
	       proofs->took_us[asked * 99 / 100], proofs->took_us[asked - 1]);
}

static void
prove_inclusion(struct proofs *proofs, uint64_t asked)
{
	Mt__InclusionRequest request = MT__INCLUSION_REQUEST__INIT;
	for (uint64_t i = 0; i < asked; i++) {
		request.certificate_id = certificates[randombytes_uniform((uint32_t)issued)];
		proofs->took_us[i] = ask(proofs, "TransparencyLog.Inclusion", &request.base);
	}
	report(proofs, "inclusion", asked);
}

static void
prove_consistency(struct proofs *proofs, uint64_t asked)
{
	Mt__ConsistencyRequest request = MT__CONSISTENCY_REQUEST__INIT;
	for (uint64_t i = 0; i < asked; i++) {
		request.new_size = 1 + randombytes_uniform((uint32_t)issued);
		request.old_size = randombytes_uniform((uint32_t)request.new_size + 1);
		proofs->took_us[i] = ask(proofs, "TransparencyLog.Consistency", &request.base);
	}
	report(proofs, "consistency", asked);
}

static void
issue(struct alone *alone)
{
	static struct module module;
	struct alone nothing = {.drawn = 7};
	issuing = issuing_module();
	module = *issuing;
	module.apply = noting_apply;
	alone_open_on(alone, &module, &nothing);
	for (int64_t end_us = alone->time_us + ISSUING_US; alone->time_us < end_us; alone->time_us += STEP_US)
		alone_settle(alone);
}

int
main(int argc, char **argv)
{
	static struct proofs proofs;
	issuing_wanted = argc == 3 ? strtoull(argv[1], NULL, 10) : 0;
	uint64_t asked = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
	if (issuing_wanted == 0 || issuing_wanted >= UINT32_MAX || asked == 0 || asked > ASKED_MAX) {
		fprintf(stderr, "used as: proofs CERTIFICATES ASKED\n");
		return 2;
	}
	certificates = calloc(issuing_wanted, sizeof(*certificates));
	proofs.took_us = calloc(asked, sizeof(*proofs.took_us));
	if (certificates == NULL || proofs.took_us == NULL || sodium_init() < 0)
		return 1;
	arena_init(&proofs.arena, 64 << 10, 16 << 20);
	buf_init(&proofs.frame, FRAME_BYTES_MAX);
	buf_init(&proofs.packed, FRAME_BYTES_MAX);
	issue(&proofs.alone);
	if (issued != issuing_wanted) {
		fprintf(stderr, "proofs: %llu certificates of %llu were issued\n", (unsigned long long)issued,
			(unsigned long long)issuing_wanted);
		return 1;
	}
	proofs.alone.on_reply = reply_take;
	proofs.alone.reply_context = &proofs;
	printf("{");
	prove_inclusion(&proofs, asked);
	prove_consistency(&proofs, asked);
	printf("\"leaves\":%llu}\n", (unsigned long long)issued);
	alone_close(&proofs.alone);
	free(certificates);
	free(proofs.took_us);
	return proofs.answered == 2 * asked ? 0 : 1;
}
