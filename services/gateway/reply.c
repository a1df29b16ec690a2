/* services/gateway/reply.c
 *
 * The answer to a request. If its connection sleeps it is woken; if the endpoint still
 * runs, the server takes the answer when it returns. */
#include "services/gateway/request.h"

#include "common/base/date.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "services/gateway/http_impl.h"
#include "services/gateway/pages.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum { SENTENCE_BYTES = 512, FIELD_BYTES = 128, LOG_LINE_BYTES = 1024 };

void
request_header_add(struct request *request, const char *name, const char *value)
{
	assert(request->headers_out_count < REQUEST_HEADERS_OUT_MAX);
	struct request_parameter *header = &request->headers_out[request->headers_out_count++];
	header->name = name;
	header->value = arena_text(&request->arena, slice_text(value));
}

static bool
header_is_out(const struct request *request, const char *name)
{
	for (size_t i = 0; i < request->headers_out_count; i++) {
		if (strcmp(request->headers_out[i].name, name) == 0)
			return true;
	}
	return false;
}

void
request_respond(struct request *request, unsigned status, const char *type, struct MHD_Response *response)
{
	assert(request->response == NULL);
	if (type != NULL)
		MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	for (size_t i = 0; i < request->headers_out_count; i++) {
		const struct request_parameter *header = &request->headers_out[i];
		MHD_add_response_header(response, header->name, header->value);
	}
	if (!header_is_out(request, "Cache-Control"))
		MHD_add_response_header(response, "Cache-Control", "no-store");
	if (request->endpoint != NULL && request->endpoint->shared) {
		MHD_add_response_header(response, "Access-Control-Allow-Origin", "*");
		MHD_add_response_header(response, "Access-Control-Expose-Headers", "ETag, Retry-After");
	}
	request->response = response;
	request->status = status;
	http_wake(request->http);
	if (!request->suspended)
		return;
	request->suspended = false;
	MHD_resume_connection(request->connection);
}

void
request_go_on(struct request *request)
{
	http_wake(request->http);
	if (!request->suspended)
		return;
	request->suspended = false;
	MHD_resume_connection(request->connection);
}

void
request_answer(struct request *request, unsigned status, const char *type, struct buf *body)
{
	if (buf_failed(body)) {
		buf_free(body);
		request_refuse(request, PROBLEM_INTERNAL, NULL, "the answer is larger than %d bytes",
			       RESPONSE_BYTES_MAX);
		return;
	}
	enum MHD_ResponseMemoryMode mode = body->data == NULL ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_FREE;
	static char nothing[] = "";
	void *data = body->data == NULL ? (void *)nothing : body->data;
	struct MHD_Response *response = MHD_create_response_from_buffer(body->size, data, mode);
	body->data = NULL;
	body->size = 0;
	body->capacity = 0;
	request_respond(request, status, type, response);
}

void
request_answer_static(struct request *request, unsigned status, const char *type, struct slice body)
{
	void *data = (void *)(uintptr_t)body.data;
	request_respond(request, status, type,
			MHD_create_response_from_buffer(body.size, data, MHD_RESPMEM_PERSISTENT));
}

/* One line for what went wrong on our side; a client's mistake is the client's. */
static void
refusal_log(const struct request *request, const struct problem *problem)
{
	struct buf line;
	unsigned status = problem_http_status(problem->kind);
	uv_timeval64_t now;
	if (status < 500 || uv_gettimeofday(&now) != 0)
		return;
	buf_init(&line, LOG_LINE_BYTES);
	log_begin(&line, now.tv_sec * SECOND_US + now.tv_usec, "error", "request_failed");
	log_text(&line, "verb", request->verb);
	log_text(&line, "route", request->endpoint == NULL ? "none" : request->endpoint->path);
	log_number(&line, "status", status);
	log_text(&line, "why", problem->detail);
	buf_byte(&line, '\n');
	if (write(STDERR_FILENO, line.data, line.size) < 0)
		http_wake(request->http); /* nobody reads our log: nothing to be done about it */
	buf_free(&line);
}

static void
refuse(struct request *request, const struct problem *problem)
{
	struct buf body;
	char seconds[16];
	/* Where nothing is, a browser is told by a page. */
	bool is_page = request->endpoint == NULL ? request_accepts(request, "text/html") : request->endpoint->is_page;
	buf_init(&body, RESPONSE_BYTES_MAX);
	if (is_page)
		page_refusal(&body, problem);
	else
		problem_write(&body, problem, problem_language(request_header_list(request, "Accept-Language")));
	if (problem_retry_after(problem) > 0 && !header_is_out(request, "Retry-After")) {
		snprintf(seconds, sizeof(seconds), "%u", problem_retry_after(problem));
		request_header_add(request, "Retry-After", seconds);
	}
	if (problem->kind == PROBLEM_UNAUTHENTICATED)
		request_header_add(request, "WWW-Authenticate",
				   request->has_token ? "Bearer realm=\"matricula\", error=\"invalid_token\""
						      : "Bearer realm=\"matricula\"");
	if (is_page)
		page_headers(request, slice_text(""));
	refusal_log(request, problem);
	request_answer(request, problem_http_status(problem->kind),
		       is_page ? "text/html; charset=utf-8" : "application/problem+json", &body);
}

void
request_refuse(struct request *request, enum problem_kind kind, const char *field, const char *format, ...)
{
	char detail[SENTENCE_BYTES];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(detail, sizeof(detail), format, arguments);
	va_end(arguments);
	detail[text_cut(detail, sizeof(detail))] = '\0'; /* it may have been cut inside a character */
	struct problem problem = {.kind = kind, .detail = detail, .field = field};
	refuse(request, &problem);
}

void
request_refuse_reply(struct request *request, const Mt__Reply *reply)
{
	char field[FIELD_BYTES];
	struct problem problem = {
		.kind = problem_of_status(reply->status, reply->field),
		.detail = reply->message,
		.field = field,
		.retry_after_s = reply->retry_after_s,
	};
	problem_field_name(problem.kind == PROBLEM_KEY_REUSED ? "" : reply->field, field, sizeof(field));
	refuse(request, &problem);
}

void
request_refuse_upstream(struct request *request, const struct upstream *upstream, Mt__Status refusal)
{
	struct problem problem = {
		.kind = problem_of_status(refusal, NULL),
		.detail = upstream_refusal(upstream, refusal),
	};
	refuse(request, &problem);
}
