/* services/gateway/certificates.c
 *
 * A credential is served byte for byte as it was signed, and passed on for verification as it
 * was sent: what it says is for the service to judge. Whoever presents one may send it as it
 * is (application/vc, application/vc+jwt, application/pdf), or in a JSON object, where the
 * member "credential" is the credential itself or its text. */
#include "services/gateway/certificates.h"

#include "common/base/date.h"
#include "common/wire/json.h"
#include "common/wire/pb_json.h"
#include "services/gateway/forward.h"
#include "services/paper/paper.h"

#include "matricula/certificate.pb-c.h"
#include "matricula/verification.pb-c.h"

static const char vc_type[] = "application/vc";
static const char jwt_type[] = "application/vc+jwt";

/* --- the credential ----------------------------------------------------------------------------------------------- */

static bool
wants_jwt(struct request *request)
{
	return request_prefers(request, jwt_type, vc_type);
}

static void
on_certificate(void *context, size_t number, const Mt__Reply *reply)
{
	struct request *request = context;
	struct buf body;
	(void)number;
	const Mt__GetCertificateReply *found = forward_reply(request, reply, &mt__get_certificate_reply__descriptor);
	if (found == NULL)
		return;
	buf_init(&body, RESPONSE_BYTES_MAX);
	buf_text(&body, found->credential);
	request_header_add(request, "Vary", "Accept");
	request_header_add(request, "X-Robots-Tag", "noindex");
	request_answer(request, 200, wants_jwt(request) ? jwt_type : vc_type, &body);
}

void
certificate_serve(struct request *request, void *context)
{
	bool dry_run;
	ProtobufCMessage *message = forward_message(request, &dry_run);
	if (message == NULL)
		return;
	((Mt__GetCertificateRequest *)message)->jwt |= wants_jwt(request);
	forward_call(request, context, "Certificates.Get", message, on_certificate);
}

/* --- verification ------------------------------------------------------------------------------------------------- */

static void
verdict_answer(struct request *request, const Mt__VerifyReply *verdict)
{
	struct buf body;
	buf_init(&body, RESPONSE_BYTES_MAX);
	pb_to_json_reply(&body, &verdict->base);
	buf_byte(&body, '\n');
	request_answer(request, 200, "application/json", &body);
}

static void
on_verdict(void *context, size_t number, const Mt__Reply *reply)
{
	struct request *request = context;
	(void)number;
	const Mt__VerifyReply *verdict = forward_reply(request, reply, &mt__verify_reply__descriptor);
	if (verdict != NULL)
		verdict_answer(request, verdict);
}

/* The body with the member "credential", where it is an object, turned into its own text; the rest stays for
 * pb_from_json to judge. NULL and what is wrong. */
static const char *
credential_to_text(struct request *request, struct buf *body)
{
	struct json_reader json;
	struct slice name;
	struct slice raw;
	bool first = true;
	json_open(&json, buf_slice(&request->body), &request->arena);
	if (json_next(&json, &name) != JSON_OBJECT)
		return "the body is not a JSON object";
	buf_byte(body, '{');
	enum json_kind kind = json_next(&json, &name);
	for (; kind == JSON_NAME; kind = json_next(&json, &name)) {
		if (!first)
			buf_byte(body, ',');
		first = false;
		json_write_string(body, name);
		buf_byte(body, ':');
		if (!json_skip(&json, &raw))
			return "the body is not JSON";
		if (slice_equal(name, slice_text("credential")) && raw.size > 0 && raw.data[0] == '{')
			json_write_string(body, raw);
		else
			buf_append(body, raw);
	}
	if (kind != JSON_OBJECT_END || json_next(&json, &name) != JSON_END)
		return "the body is not one JSON object";
	buf_byte(body, '}');
	return NULL;
}

static Mt__VerifyRequest *
read_json(struct request *request)
{
	struct buf body;
	struct fault fault;
	ProtobufCMessage *message = NULL;
	buf_init(&body, 2 * REQUEST_BYTES_MAX);
	const char *wrong = credential_to_text(request, &body);
	if (wrong == NULL && buf_failed(&body))
		wrong = "the body is too large";
	if (wrong != NULL) {
		request_refuse(request, PROBLEM_INVALID_ARGUMENT, NULL, "%s", wrong);
	} else {
		message = pb_from_json(&mt__verify_request__descriptor, &request->arena, buf_slice(&body), &fault);
		if (message == NULL)
			request_refuse(request, PROBLEM_INVALID_ARGUMENT, fault.field, "%s", fault.message);
	}
	buf_free(&body);
	return (Mt__VerifyRequest *)message;
}

static Mt__VerifyRequest *
read_text(struct request *request, struct slice text)
{
	Mt__VerifyRequest *verify = (Mt__VerifyRequest *)pb_new(&mt__verify_request__descriptor, &request->arena);
	if (text.size > 0 && memchr(text.data, 0, text.size) == NULL) {
		verify->credential = arena_text(&request->arena, text);
		return verify;
	}
	request_refuse(request, PROBLEM_INVALID_ARGUMENT, "credential", "the body is empty or holds a NUL");
	return NULL;
}

/* What is not one of our files is presented as what it is: nothing that could be valid. */
static void
answer_unreadable(struct request *request, const char *why)
{
	Mt__VerifyReply verdict = MT__VERIFY_REPLY__INIT;
	char *reasons[] = {(char *)(uintptr_t)why};
	char *reasons_vi[] = {(char *)(uintptr_t) "tệp PDF này không phải chứng chỉ của hệ thống, hoặc đã bị sửa"};
	char now[INSTANT_TEXT_BYTES];
	uv_timeval64_t clock = {0, 0};
	uv_gettimeofday(&clock);
	instant_format(clock.tv_sec * SECOND_US, now);
	verdict.verdict = (char *)(uintptr_t) "invalid";
	verdict.reasons = reasons;
	verdict.n_reasons = 1;
	verdict.reasons_vi = reasons_vi;
	verdict.n_reasons_vi = 1;
	verdict.checked_at = now;
	verdict_answer(request, &verdict);
}

static Mt__VerifyRequest *
read_pdf(struct request *request)
{
	struct fault fault;
	struct buf credential;
	Mt__VerifyRequest *verify = NULL;
	buf_init(&credential, PAPER_CREDENTIAL_BYTES_MAX);
	if (paper_credential(buf_slice(&request->body), &credential, &fault))
		verify = read_text(request, buf_slice(&credential));
	else
		answer_unreadable(request, fault.message);
	buf_free(&credential);
	return verify;
}

static Mt__VerifyRequest *
read_presented(struct request *request)
{
	if (request_content_is(request, "application/json"))
		return read_json(request);
	if (request_content_is(request, "application/pdf"))
		return read_pdf(request);
	if (request_content_is(request, vc_type) || request_content_is(request, jwt_type) ||
	    request_content_is(request, "application/ld+json") || request_content_is(request, "application/jwt"))
		return read_text(request, buf_slice(&request->body));
	request_refuse(request, PROBLEM_UNSUPPORTED_MEDIA_TYPE, NULL,
		       "the body is none of application/json, application/vc, application/vc+jwt, application/pdf");
	return NULL;
}

void
certificate_verify_serve(struct request *request, void *context)
{
	static const char *const none[] = {NULL};
	const struct verifying *verifying = context;
	if (!request_query_only(request, none))
		return;
	const Mt__VerifyRequest *verify = read_presented(request);
	if (verify == NULL)
		return;
	if (verify->credential[0] == '\0' && !visitors_may_look(verifying->visitors, request))
		return;
	forward_call(request, verifying->upstream, "Verifications.Verify", &verify->base, on_verdict);
}
