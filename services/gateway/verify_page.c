/* services/gateway/verify_page.c
 *
 * GET /verify/{certificateId}: what a stranger with a paper in hand opens. The stored
 * credential is fetched and verified like any presented one; the page shows the
 * verdict in Vietnamese and English. It loads nothing and runs nothing. Also the DID
 * document's route, which asks the same service. */
#include "services/gateway/certificates.h"

#include "common/wire/pb.h"
#include "services/gateway/did.h"
#include "services/gateway/forward.h"
#include "services/gateway/pages.h"

#include "matricula/certificate.pb-c.h"

#include <jansson.h>

struct words {
	const char *verdict; /* as the service says it */
	const char *css;
	const char *vi;
	const char *en;
};

static const struct words verdicts[] = {
	{"valid", "good", "Chứng chỉ hợp lệ", "This certificate is valid"},
	{"revoked", "bad", "Chứng chỉ đã bị thu hồi", "This certificate was revoked"},
	{"invalid", "bad", "Chứng chỉ không hợp lệ", "This certificate is not valid"},
	{"unknown", "bad", "Không tìm thấy chứng chỉ này", "This certificate is not known"},
};

struct page {
	struct request *request;
	struct upstream *upstream;
	const char *credential;
};

static const struct words *
words_of(const char *verdict)
{
	size_t count = sizeof(verdicts) / sizeof(verdicts[0]);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(verdicts[i].verdict, verdict) == 0)
			return &verdicts[i];
	}
	return &verdicts[count - 1];
}

static void
row_write(struct buf *body, const char *vi, const char *en, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	buf_format(body, "<dt>%s <small lang=\"en\">%s</small></dt><dd>", vi, en);
	html_write(body, value);
	buf_text(body, "</dd>");
}

/* The string at a path of members; NULL if it is not there. */
static const char *
member(const json_t *object, const char *first, const char *second)
{
	const json_t *value = json_object_get(object, first);
	if (second != NULL)
		value = json_object_get(value, second);
	return json_string_value(value);
}

static void
details_write(struct buf *body, const char *credential, const char *certificate_id)
{
	json_t *root = json_loads(credential, JSON_REJECT_DUPLICATES, NULL);
	const json_t *subject = json_object_get(root, "credentialSubject");
	buf_text(body, "<dl>");
	row_write(body, "Số vào sổ", "Register number", member(subject, "licenseNumber", NULL));
	row_write(body, "Khóa bồi dưỡng", "Course", member(root, "name", NULL));
	row_write(body, "Họ và tên", "Name", member(subject, "name", NULL));
	row_write(body, "Nơi cấp", "Issued by", member(root, "issuer", "name"));
	row_write(body, "Ngày hoàn thành", "Completed on", member(subject, "completedOn", NULL));
	row_write(body, "Mã chứng chỉ", "Certificate id", certificate_id);
	buf_text(body, "</dl>");
	json_decref(root);
}

static void
page_answer(struct request *request, const struct words *words, const char *credential, const char *reason,
	    const char *checked_at)
{
	struct buf body;
	const char *id = request_path_value(request, "certificateId");
	buf_init(&body, RESPONSE_BYTES_MAX);
	page_open(&body, "Tra cứu chứng chỉ – Matricula");
	buf_format(&body, "<main class=\"card\"><p class=\"verdict %s\"><b>%s</b><br><span lang=\"en\">%s</span></p>",
		   words->css, words->vi, words->en);
	if (credential != NULL)
		details_write(&body, credential, id);
	if (reason != NULL && reason[0] != '\0') {
		buf_text(&body, "<p class=\"note\" lang=\"en\">");
		html_write(&body, reason);
		buf_text(&body, "</p>");
	}
	if (checked_at != NULL) {
		buf_text(&body, "<p class=\"note\">Kiểm tra lúc <span lang=\"en\">/ checked at</span> ");
		html_write(&body, checked_at);
		buf_text(&body, "</p>");
	}
	page_close(&body);
	page_headers(request, false);
	request_answer(request, credential == NULL ? 404 : 200, "text/html; charset=utf-8", &body);
}

static void
on_verdict(void *context, size_t number, const Mt__Reply *reply)
{
	struct page *page = context;
	(void)number;
	const Mt__VerifyCredentialReply *verdict =
		forward_reply(page->request, reply, &mt__verify_credential_reply__descriptor);
	if (verdict == NULL)
		return;
	page_answer(page->request, words_of(verdict->verdict), page->credential,
		    verdict->n_reasons > 0 ? verdict->reasons[0] : NULL, verdict->checked_at);
}

static void
ask(struct page *page, const char *method, const ProtobufCMessage *message,
    void (*on_reply)(void *context, size_t number, const Mt__Reply *reply))
{
	struct upstream_call call = {
		.method = method,
		.asks = true,
		.request = pb_pack(&page->request->arena, message),
		.on_reply = on_reply,
		.context = page,
	};
	Mt__Status refusal;
	if (upstream_send(page->upstream, &call, &refusal) == 0)
		request_refuse_upstream(page->request, page->upstream, refusal);
}

static void
on_credential(void *context, size_t number, const Mt__Reply *reply)
{
	struct page *page = context;
	struct request *request = page->request;
	(void)number;
	if (reply->status == MT__STATUS__NOT_FOUND || reply->status == MT__STATUS__INVALID_ARGUMENT) {
		page_answer(request, words_of("unknown"), NULL, reply->message, NULL);
		return;
	}
	const Mt__GetCertificateReply *found = forward_reply(request, reply, &mt__get_certificate_reply__descriptor);
	if (found == NULL)
		return;
	page->credential = found->credential;
	Mt__VerifyCredentialRequest verify = MT__VERIFY_CREDENTIAL_REQUEST__INIT;
	verify.credential = found->credential;
	ask(page, "Certificates.Verify", &verify.base, on_verdict);
}

void
certificate_page_serve(struct request *request, void *context)
{
	struct page *page = arena_zero(&request->arena, sizeof(*page));
	Mt__GetCertificateRequest get = MT__GET_CERTIFICATE_REQUEST__INIT;
	page->request = request;
	page->upstream = context;
	get.certificate_id = (char *)(uintptr_t)request_path_value(request, "certificateId");
	ask(page, "Certificates.Get", &get.base, on_credential);
}

static void
on_keys(void *context, size_t number, const Mt__Reply *reply)
{
	struct request *request = context;
	struct buf body;
	(void)number;
	const Mt__ListKeysReply *keys = forward_reply(request, reply, &mt__list_keys_reply__descriptor);
	if (keys == NULL)
		return;
	buf_init(&body, RESPONSE_BYTES_MAX);
	did_write(&body, keys);
	request_header_add(request, "Access-Control-Allow-Origin", "*");
	request_answer(request, 200, "application/did+json", &body);
}

void
did_serve(struct request *request, void *context)
{
	Mt__ListKeysRequest list = MT__LIST_KEYS_REQUEST__INIT;
	forward_call(request, context, "Certificates.ListKeys", &list.base, on_keys);
}
