/* tests/sim/workload_access.c
 *
 * Tokens come and go; ids of calls are used again, rightly and wrongly; strangers
 * try doors. */
#include "tests/sim/workload.h"

#include <stdio.h>

#include "common/base/text.h"
#include "common/wire/pb.h"

#include "matricula/access.pb-c.h"
#include "matricula/enrolment.pb-c.h"
#include "matricula/node.pb-c.h"
#include "matricula/person.pb-c.h"

static void
grant_token(struct workload *workload, uint32_t client)
{
	struct proof operator= proof_operator();
	Mt__Role roles[] = {MT__ROLE__HR_OFFICER};
	char token[64];
	if (workload->spares_count == SPARE_TOKENS_MAX)
		return;
	snprintf(token, sizeof(token), "spare %llu", (unsigned long long)workload->office->count);
	struct spare_token *spare = &workload->spares[workload->spares_count++];
	*spare = (struct spare_token){.proof = proof_token(token, "")};
	text_hex(slice_of(spare->proof.token, 8), spare->token_id);
	memcpy(spare->proof.subject, "token:", 6);
	memcpy(spare->proof.subject + 6, spare->token_id, 8);
	Mt__GrantTokenRequest request = MT__GRANT_TOKEN_REQUEST__INIT;
	request.token_hash = (ProtobufCBinaryData){HASH_BYTES, spare->proof.token};
	request.roles = roles;
	request.n_roles = 1;
	request.authority = (char *)"79";
	request.days = 1 + (uint32_t)workload_below(workload, 30);
	workload_call(workload, client, &operator, "Access.GrantToken", &request.base);
}

static void
use_token(struct workload *workload, uint32_t client, const struct spare_token *spare)
{
	Mt__FindPersonsRequest request = MT__FIND_PERSONS_REQUEST__INIT;
	const struct errand *revoking = spare->revoking;
	request.authority = (char *)"79";
	struct errand *errand = workload_file(workload, client, &spare->proof, "Persons.Find", &request.base);
	errand->must_refuse = revoking != NULL && revoking->answered && revoking->status == MT__STATUS__OK;
	errand_send(workload->office, errand);
}

static void
use_spare(struct workload *workload, uint32_t client)
{
	if (workload->spares_count > 0)
		use_token(workload, client, &workload->spares[workload_below(workload, workload->spares_count)]);
}

static void
revoke_token(struct workload *workload, uint32_t client)
{
	struct proof operator= proof_operator();
	if (workload->spares_count == 0)
		return;
	struct spare_token *spare = &workload->spares[workload_below(workload, workload->spares_count)];
	bool is_gone = spare->revoking != NULL && spare->revoking->answered;
	if (is_gone && workload_chance(workload, 50)) { /* else somebody goes on trying it */
		*spare = workload->spares[--workload->spares_count];
		return;
	}
	use_token(workload, client, spare);
	Mt__RevokeTokenRequest request = MT__REVOKE_TOKEN_REQUEST__INIT;
	request.token_id = spare->token_id;
	spare->revoking = workload_call(workload, client, &operator, "Access.RevokeToken", &request.base);
}

void
workload_revoked(struct workload *workload, const struct errand *errand)
{
	for (size_t i = 0; i < workload->spares_count && !workload->stopped; i++) {
		if (workload->spares[i].revoking == errand)
			use_token(workload, errand->client, &workload->spares[i]);
	}
}

static void
try_unknown_token(struct workload *workload, uint32_t client)
{
	struct proof unknown = proof_token("nobody granted this", "");
	Mt__FindPersonsRequest request = MT__FIND_PERSONS_REQUEST__INIT;
	request.authority = (char *)"79";
	struct errand *errand = workload_file(workload, client, &unknown, "Persons.Find", &request.base);
	errand->must_refuse = true;
	errand_send(workload->office, errand);
}

/* A token is not the operator, whatever its roles; and no caller is a node. */
static void
try_operators_work(struct workload *workload, uint32_t client)
{
	Mt__StatusRequest request = MT__STATUS_REQUEST__INIT;
	enum desk desk = (enum desk)workload_below(workload, DESKS);
	struct errand *errand = workload_file(workload, client, &workload->desks[desk], "Node.Status", &request.base);
	errand->must_refuse = true;
	errand_send(workload->office, errand);
}

/* A call with an id that was accepted before, and has no twin yet. */
static const struct errand *
pick_accepted(struct workload *workload)
{
	const struct office *office = workload->office;
	for (unsigned tries = 0; tries < 20; tries++) {
		const struct errand *errand = office->files[workload_below(workload, office->count)];
		bool is_saved = errand->answered && errand->status == MT__STATUS__OK && errand->id[0] != '\0' &&
				!errand->dry_run && !errand->rule->open && errand->rule->kind == MT__KIND__COMMAND;
		if (is_saved && errand->client != 0)
			return errand;
	}
	return NULL;
}

static struct errand *
file_again(struct workload *workload, const struct errand *first, const ProtobufCMessage *request)
{
	struct errand *again =
		errand_new(workload->office, first->client, first->to, &first->proof, first->rule, first->id, request);
	again->patient = true;
	return again;
}

static const ProtobufCMessage *
request_of(struct workload *workload, const struct errand *errand)
{
	return pb_unpack_trusted(errand->rule->input, &workload->arena,
				 slice_of(errand->request, errand->request_size));
}

static void
send_again(struct workload *workload, uint32_t client)
{
	const struct errand *first = pick_accepted(workload);
	(void)client;
	if (first == NULL)
		return;
	struct errand *again = file_again(workload, first, request_of(workload, first));
	again->before = first;
	errand_send(workload->office, again);
}

static void
reuse_id(struct workload *workload, uint32_t client)
{
	const struct errand *first = pick_accepted(workload);
	Mt__WithdrawRequest other = MT__WITHDRAW_REQUEST__INIT;
	(void)client;
	if (first == NULL || first->rule != rule_find("Enrolments.Withdraw"))
		return;
	other.class_id = (char *)pool_pick(workload, &workload->classes);
	other.reason = (char *)"another reason";
	other.person_id = (char *)pool_pick(workload, &workload->persons);
	struct errand *again = file_again(workload, first, &other.base);
	again->must_refuse = true;
	errand_send(workload->office, again);
}

const struct task tasks_access[] = {
	{2, grant_token},        {2, revoke_token}, {6, use_spare}, {1, try_unknown_token},
	{1, try_operators_work}, {4, send_again},   {6, reuse_id},  {0, NULL},
};
