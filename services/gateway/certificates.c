/* services/gateway/certificates.c
 *
 * A credential is served byte for byte as it was signed, and passed on for
 * verification as it was sent: nothing here reads it. */
#include "services/gateway/certificates.h"

#include "common/wire/json.h"
#include "services/gateway/forward.h"

#include "matricula/certificate.pb-c.h"
#include "matricula/issuer.pb-c.h"
#include "matricula/verification.pb-c.h"

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
	request_header_add(request, "Access-Control-Allow-Origin", "*");
	request_answer(request, 200, "application/vc", &body);
}

void
certificate_serve(struct request *request, void *context)
{
	bool dry_run;
	const ProtobufCMessage *message = forward_message(request, &dry_run);
	if (message != NULL)
		forward_call(request, context, "Certificates.Get", message, on_certificate);
}

static void
on_verdict(void *context, size_t number, const Mt__Reply *reply)
{
	struct request *request = context;
	struct buf body;
	(void)number;
	const Mt__VerifyReply *verdict =
		forward_reply(request, reply, &mt__verify_reply__descriptor);
	if (verdict == NULL)
		return;
	buf_init(&body, RESPONSE_BYTES_MAX);
	buf_text(&body, "{\"verdict\":");
	json_write_string(&body, slice_text(verdict->verdict));
	buf_text(&body, ",\"reasons\":[");
	for (size_t i = 0; i < verdict->n_reasons; i++) {
		if (i > 0)
			buf_byte(&body, ',');
		json_write_string(&body, slice_text(verdict->reasons[i]));
	}
	buf_text(&body, "],\"checkedAt\":");
	json_write_string(&body, slice_text(verdict->checked_at));
	buf_text(&body, ",\"certificateId\":");
	json_write_string(&body, slice_text(verdict->certificate_id));
	buf_text(&body, "}\n");
	request_header_add(request, "Access-Control-Allow-Origin", "*");
	request_answer(request, 200, "application/json", &body);
}

/* The text of the member "credential", an object as it stands or a string; NULL and what is wrong. */
static const char *
credential_read(struct request *request, const char **wrong)
{
	struct json_reader json;
	struct json_reader value;
	struct slice name;
	struct slice raw = {.data = NULL};
	struct slice text;
	json_open(&json, buf_slice(&request->body), &request->arena);
	*wrong = "the body is not a JSON object";
	if (json_next(&json, &name) != JSON_OBJECT)
		return NULL;
	enum json_kind kind = json_next(&json, &name);
	for (; kind == JSON_NAME; kind = json_next(&json, &name)) {
		bool known = slice_equal(name, slice_text("credential"));
		*wrong = known ? "field credential is given twice or cannot be read" : "only field credential is known";
		if (!known || raw.data != NULL || !json_skip(&json, &raw))
			return NULL;
	}
	if (kind != JSON_OBJECT_END || json_next(&json, &name) != JSON_END) {
		*wrong = "the body is not one JSON object";
		return NULL;
	}
	*wrong = "field credential is neither an object nor a string";
	if (raw.data == NULL)
		return NULL;
	json_open(&value, raw, &request->arena);
	kind = json_next(&value, &text);
	if (kind == JSON_OBJECT)
		return arena_text(&request->arena, raw);
	if (kind != JSON_STRING || memchr(text.data, 0, text.size) != NULL)
		return NULL;
	return arena_text(&request->arena, text);
}

void
certificate_verify_serve(struct request *request, void *context)
{
	static const char *const none[] = {NULL};
	const char *wrong;
	if (!request_query_only(request, none))
		return;
	if (!request_content_is(request, "application/json")) {
		request_refuse(request, PROBLEM_UNSUPPORTED_MEDIA_TYPE, NULL, "the body is not application/json");
		return;
	}
	const char *credential = credential_read(request, &wrong);
	if (credential == NULL) {
		request_refuse(request, PROBLEM_INVALID_ARGUMENT, "credential", "%s", wrong);
		return;
	}
	Mt__VerifyRequest verify = MT__VERIFY_REQUEST__INIT;
	verify.credential = (char *)(uintptr_t)credential;
	forward_call(request, context, "Verifications.Verify", &verify.base, on_verdict);
}
