/* services/gateway/problem.c
 *
 * One table, a row a kind. The detail is the service's own sentence; titles are the
 * part that is translated.
 * Promise: the type and code of a kind never change; clients may rely on them. */
#include "services/gateway/problem.h"

#include "common/wire/json.h"
#include "common/wire/pb_json.h"

#include <stdlib.h>

struct row {
	unsigned http;
	const char *slug;
	const char *code;
	const char *en;
	const char *vi;
	uint32_t retry_after_s;
};

static const struct row rows[PROBLEM_KINDS] = {
	[PROBLEM_INVALID_ARGUMENT] = {400, "invalid-argument", "INVALID_ARGUMENT", "The request is not right",
				      "Yêu cầu không hợp lệ", 0},
	[PROBLEM_UNAUTHENTICATED] = {401, "unauthenticated", "UNAUTHENTICATED", "Sign in first", "Chưa xác thực", 0},
	[PROBLEM_PERMISSION_DENIED] = {403, "permission-denied", "PERMISSION_DENIED", "Not allowed", "Không có quyền",
				       0},
	[PROBLEM_NOT_FOUND] = {404, "not-found", "NOT_FOUND", "Not found", "Không tìm thấy", 0},
	[PROBLEM_NO_SUCH_ROUTE] = {404, "no-such-route", "NOT_FOUND", "There is nothing at this address",
				   "Địa chỉ này không tồn tại", 0},
	[PROBLEM_METHOD_NOT_ALLOWED] = {405, "method-not-allowed", "METHOD_NOT_ALLOWED",
					"This address does not take that method",
					"Địa chỉ này không nhận phương thức đó", 0},
	[PROBLEM_ALREADY_EXISTS] = {409, "already-exists", "ALREADY_EXISTS", "It is there already", "Đã tồn tại", 0},
	[PROBLEM_FAILED_PRECONDITION] = {409, "failed-precondition", "FAILED_PRECONDITION",
					 "Not possible in the present state", "Trạng thái hiện tại không cho phép", 0},
	[PROBLEM_ABORTED] = {412, "aborted", "ABORTED", "Somebody else changed it first",
			     "Người khác đã thay đổi trước", 0},
	[PROBLEM_CONTENT_TOO_LARGE] = {413, "content-too-large", "CONTENT_TOO_LARGE", "The body is too large",
				       "Nội dung quá lớn", 0},
	[PROBLEM_URI_TOO_LONG] = {414, "uri-too-long", "URI_TOO_LONG", "The address is too long", "Địa chỉ quá dài", 0},
	[PROBLEM_UNSUPPORTED_MEDIA_TYPE] = {415, "unsupported-media-type", "UNSUPPORTED_MEDIA_TYPE",
					    "This kind of content is not taken", "Kiểu nội dung không được hỗ trợ", 0},
	[PROBLEM_KEY_REUSED] = {422, "idempotency-key-reused", "IDEMPOTENCY_KEY_REUSED",
				"The Idempotency-Key was used for another request",
				"Idempotency-Key đã dùng cho yêu cầu khác", 0},
	[PROBLEM_UNDRAWABLE] = {422, "undrawable", "UNDRAWABLE", "It cannot be drawn on paper", "Không thể in ra giấy",
				0},
	[PROBLEM_RESOURCE_EXHAUSTED] = {429, "resource-exhausted", "RESOURCE_EXHAUSTED", "Too much at once",
					"Quá nhiều yêu cầu cùng lúc", 1},
	[PROBLEM_INTERNAL] = {500, "internal", "INTERNAL", "Something went wrong here", "Lỗi hệ thống", 0},
	[PROBLEM_UNIMPLEMENTED] = {501, "unimplemented", "UNIMPLEMENTED", "This is not built", "Chưa được hỗ trợ", 0},
	[PROBLEM_UNAVAILABLE] = {503, "unavailable", "UNAVAILABLE", "Away for the moment", "Tạm ngừng phục vụ", 1},
	[PROBLEM_DEADLINE_EXCEEDED] = {504, "deadline-exceeded", "DEADLINE_EXCEEDED", "It took too long",
				       "Quá thời hạn", 0},
};

enum problem_kind
problem_of_status(Mt__Status status, const char *field)
{
	switch (status) {
	case MT__STATUS__INVALID_ARGUMENT:
		return PROBLEM_INVALID_ARGUMENT;
	case MT__STATUS__DEADLINE_EXCEEDED:
		return PROBLEM_DEADLINE_EXCEEDED;
	case MT__STATUS__NOT_FOUND:
		return PROBLEM_NOT_FOUND;
	case MT__STATUS__ALREADY_EXISTS:
		return PROBLEM_ALREADY_EXISTS;
	case MT__STATUS__PERMISSION_DENIED:
		return PROBLEM_PERMISSION_DENIED;
	case MT__STATUS__RESOURCE_EXHAUSTED:
		return PROBLEM_RESOURCE_EXHAUSTED;
	case MT__STATUS__FAILED_PRECONDITION:
		/* The core names the call id, which is no field of any request. */
		return field != NULL && strcmp(field, "id") == 0 ? PROBLEM_KEY_REUSED : PROBLEM_FAILED_PRECONDITION;
	case MT__STATUS__ABORTED:
		return PROBLEM_ABORTED;
	case MT__STATUS__UNIMPLEMENTED:
		return PROBLEM_UNIMPLEMENTED;
	case MT__STATUS__UNAVAILABLE:
		return PROBLEM_UNAVAILABLE;
	case MT__STATUS__UNAUTHENTICATED:
		return PROBLEM_UNAUTHENTICATED;
	case MT__STATUS__OK:
	case MT__STATUS__INTERNAL:
		return PROBLEM_INTERNAL;
	}
	return PROBLEM_INTERNAL; /* a status this gateway does not know yet */
}

unsigned
problem_http_status(enum problem_kind kind)
{
	return rows[kind].http;
}

const char *
problem_code(enum problem_kind kind)
{
	return rows[kind].code;
}

uint32_t
problem_retry_after(const struct problem *problem)
{
	uint32_t own = rows[problem->kind].retry_after_s;
	return own == 0 ? 0 : problem->retry_after_s != 0 ? problem->retry_after_s : own;
}

long
problem_quality(const char *text, size_t size)
{
	for (const char *at = memchr(text, ';', size); at != NULL;) {
		at++;
		at += strspn(at, " \t");
		size_t left = at < text + size ? size - (size_t)(at - text) : 0;
		if (left >= 2 && strncasecmp(at, "q=", 2) == 0) {
			char *end;
			double value = strtod(at + 2, &end);
			return end == at + 2 || !(value >= 0 && value <= 1) ? 0 : (long)(value * 1000);
		}
		at = memchr(at, ';', left);
	}
	return 1000;
}

enum language
problem_language(const char *accept_language)
{
	long best[2] = {0, 0};
	if (accept_language == NULL)
		return LANGUAGE_EN;
	while (*accept_language != '\0') {
		size_t size = strcspn(accept_language, ",");
		size_t blank = strspn(accept_language, " \t");
		const char *range = accept_language + (blank < size ? blank : size);
		size_t left = size - (size_t)(range - accept_language);
		bool ends = left == 2 || (left > 2 && strchr("-; \t", range[2]) != NULL);
		if (ends && strncasecmp(range, "vi", 2) == 0 && problem_quality(range, left) > best[LANGUAGE_VI])
			best[LANGUAGE_VI] = problem_quality(range, left);
		if (ends && strncasecmp(range, "en", 2) == 0 && problem_quality(range, left) > best[LANGUAGE_EN])
			best[LANGUAGE_EN] = problem_quality(range, left);
		accept_language += size;
		accept_language += *accept_language == ',' ? 1 : 0;
	}
	return best[LANGUAGE_VI] > best[LANGUAGE_EN] ? LANGUAGE_VI : LANGUAGE_EN;
}

const char *
problem_title(enum problem_kind kind, enum language language)
{
	return language == LANGUAGE_VI ? rows[kind].vi : rows[kind].en;
}

static void
member(struct buf *body, const char *name, const char *value)
{
	buf_format(body, ",\"%s\":", name);
	json_write_string(body, slice_text(value));
}

void
problem_write(struct buf *body, const struct problem *problem, enum language language)
{
	const struct row *row = &rows[problem->kind];
	buf_format(body, "{\"type\":\"%s%s\"", PROBLEM_TYPE_BASE, row->slug);
	member(body, "title", problem_title(problem->kind, language));
	buf_format(body, ",\"status\":%u", row->http);
	if (problem->detail != NULL && problem->detail[0] != '\0')
		member(body, "detail", problem->detail);
	if (problem->field != NULL && problem->field[0] != '\0')
		member(body, "field", problem->field);
	member(body, "code", row->code);
	buf_text(body, "}\n");
}

void
problem_field_name(const char *field, char *out, size_t size)
{
	if (strlen(field) >= size) {
		out[0] = '\0';
		return;
	}
	pb_json_name(field, out);
}

const char *
problem_status_word(Mt__Status status)
{
	switch (status) {
	case MT__STATUS__OK:
		return "ok";
	case MT__STATUS__INVALID_ARGUMENT:
		return "invalid_argument";
	case MT__STATUS__DEADLINE_EXCEEDED:
		return "deadline_exceeded";
	case MT__STATUS__NOT_FOUND:
		return "not_found";
	case MT__STATUS__ALREADY_EXISTS:
		return "already_exists";
	case MT__STATUS__PERMISSION_DENIED:
		return "permission_denied";
	case MT__STATUS__RESOURCE_EXHAUSTED:
		return "resource_exhausted";
	case MT__STATUS__FAILED_PRECONDITION:
		return "failed_precondition";
	case MT__STATUS__ABORTED:
		return "aborted";
	case MT__STATUS__UNIMPLEMENTED:
		return "unimplemented";
	case MT__STATUS__INTERNAL:
		return "internal";
	case MT__STATUS__UNAVAILABLE:
		return "unavailable";
	case MT__STATUS__UNAUTHENTICATED:
		return "unauthenticated";
	}
	return "internal";
}
