/* services/gateway/paper_page.c
 *
 * The reply's message lives in the request's arena, and the request until it is answered, so
 * a worker may read both while the loop goes on; it touches nothing else. */
#include "services/gateway/paper_page.h"

#include "common/base/date.h"
#include "services/gateway/certificates.h"
#include "services/gateway/forward.h"
#include "services/gateway/http_impl.h"
#include "services/paper/paper.h"

#include "matricula/certificate.pb-c.h"
#include "matricula/passport.pb-c.h"

#include <stdlib.h>

struct drawing {
	uv_work_t work;
	struct request *request;
	bool (*draw)(struct drawing *drawing);
	const void *reply;
	struct buf pdf;
	struct fault fault; /* "" unless the drawing said what is wrong */
	bool is_passport;
	bool drawn;
};

static unsigned drawings; /* in work or waiting; of the loop's thread */

static void
on_work(uv_work_t *work)
{
	struct drawing *drawing = work->data;
	drawing->drawn = drawing->draw(drawing);
}

/* --- what cannot be drawn ----------------------------------------------------------------------------------------- */

/* A member of what is drawn and the field of the reply that it was taken from; of lists the part before the number and
 * the part behind it. */
struct source {
	const char *list, *member;
	const char *field_list, *field;
};

static const struct source sources[] = {
	{"", "institution_vi", "", "institution"},
	{"", "kind_vi", "", "content.kindName"},
	{"", "kind_en", "", "content.kindNameEn"},
	{"", "holder_name", "", "content.name"},
	{"", "birth_date", "", "content.birthDate"},
	{"", "programme_vi", "", "content.programmeTitle"},
	{"", "programme_en", "", "content.programmeTitleEn"},
	{"", "ends_on", "", "content.completedOn"},
	{"", "register_number", "", "certificate.registerNumber"},
	{"", "serial", "", "certificate.blankSerial"},
	{"", "decision_number", "", "content.decisionNumber"},
	{"", "decision_date", "", "content.decisionDate"},
	{"", "issued_on", "", "certificate.issuedOn"},
	{"", "signatory_title_vi", "", "content.signatoryTitle"},
	{"", "signatory_title_en", "", "content.signatoryTitleEn"},
	{"", "signatory_name", "", "content.signatoryName"},
	{"", "valid_until", "", "certificate.validUntil"},
	{"trainings", "institution", "courses", "institution"},
	{"trainings", "programme", "courses", "programmeTitle"},
	{"trainings", "completed_on", "courses", "completedOn"},
	{"trainings", "register_number", "courses", "certificate.registerNumber"},
	{"recognitions", "what", "recognitions", "recognition.text.title"},
	{"recognitions", "recognised_on", "recognitions", "recognition.on"},
};

/* The field of the reply whose text is to blame; NULL if none is. */
static const char *
field_to_blame(struct arena *arena, const char *member)
{
	const char *index = strchr(member, '[');
	size_t list_size = index == NULL ? 0 : (size_t)(index - member);
	const char *behind = index == NULL ? member : strchr(member, '.');
	if (behind == NULL)
		return NULL;
	size_t index_size = index == NULL ? 0 : (size_t)(behind - index) + 1;
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		const struct source *source = &sources[i];
		if (strlen(source->list) == list_size && strncmp(source->list, member, list_size) == 0 &&
		    strcmp(source->member, member + list_size + index_size) == 0)
			return arena_format(arena, "%s%.*s%s", source->field_list, (int)index_size, member + list_size,
					    source->field);
	}
	return NULL;
}

/* Whose text it is can correct it; what blames no text is ours. */
static void
refuse_drawing(struct drawing *drawing)
{
	struct request *request = drawing->request;
	const char *field = field_to_blame(&request->arena, drawing->fault.field);
	const char *why = strchr(drawing->fault.message, ':');
	if (field != NULL && drawing->is_passport && strncmp(field, "content.", strlen("content.")) == 0)
		field += strlen("content."); /* it says who its holder is itself */
	if (field != NULL)
		request_refuse(request, PROBLEM_UNDRAWABLE, field, "the PDF cannot be drawn: %s%s", field,
			       why == NULL ? "" : why);
	else
		request_refuse(request, PROBLEM_INTERNAL, NULL, "the PDF cannot be drawn: %s", drawing->fault.message);
}

/* --- drawing ------------------------------------------------------------------------------------------------------ */

static void
on_drawn(uv_work_t *work, int status)
{
	struct drawing *drawing = work->data;
	struct request *request = drawing->request;
	drawings--;
	if (status == 0 && drawing->drawn) {
		request_header_add(request, "Cache-Control", "private, no-store");
		request_header_add(request, "X-Robots-Tag", "noindex");
		request_answer(request, 200, "application/pdf", &drawing->pdf);
	} else {
		buf_free(&drawing->pdf);
		refuse_drawing(drawing);
	}
	http_wake(request->http);
}

static void
draw_begin(struct request *request, const void *reply, bool is_passport, bool (*draw)(struct drawing *drawing))
{
	struct drawing *drawing = arena_zero(&request->arena, sizeof(*drawing));
	if (drawings == PAPERS_MAX) {
		request_refuse(request, PROBLEM_RESOURCE_EXHAUSTED, NULL,
			       "%d PDFs are being drawn: try again in a second", PAPERS_MAX);
		return;
	}
	drawings++;
	drawing->work.data = drawing;
	drawing->request = request;
	drawing->reply = reply;
	drawing->draw = draw;
	drawing->is_passport = is_passport;
	buf_init(&drawing->pdf, PAPER_PDF_BYTES_MAX);
	uv_queue_work(request->http->loop, &drawing->work, on_work, on_drawn);
}

/* --- certificates ------------------------------------------------------------------------------------------------- */

static const char *
result_text(struct arena *arena, uint32_t mark_percent)
{
	return mark_percent == 0 ? NULL : arena_format(arena, "%u/100", mark_percent);
}

static bool
draw_certificate(struct drawing *drawing)
{
	struct arena *arena = &drawing->request->arena;
	const Mt__GetCertificateReply *reply = drawing->reply;
	const Mt__CertificateContent *content = reply->content;
	const Mt__CertificateView *view = reply->certificate;
	const char *result = result_text(arena, content->mark_percent);
	struct paper_certificate in = {
		.institution_vi = reply->institution,
		.kind_vi = content->kind_name,
		.kind_en = content->kind_name_en,
		.holder_name = content->name,
		.birth_date = content->birth_date,
		.programme_vi = content->programme_title,
		.programme_en = content->programme_title_en,
		.hours = content->hours,
		.ends_on = content->completed_on,
		.result_vi = result,
		.register_number = view->register_number,
		.serial = view->blank_serial,
		.decision_number = content->decision_number,
		.decision_date = content->decision_date,
		.issued_on = view->issued_on,
		.signatory_title_vi = content->signatory_title,
		.signatory_title_en = content->signatory_title_en,
		.signatory_name = content->signatory_name,
		.valid_until = view->valid_until,
		.edition = view->edition > 1 ? view->edition - 1 : 0,
		.verification_url = view->verification_url,
		.short_url = view->verification_url,
		.specimen = view->specimen,
		.credential = slice_text(reply->credential),
	};
	instant_parse(reply->issued_at, &in.made_us);
	return paper_certificate(&in, &drawing->pdf, &drawing->fault);
}

static void
on_certificate(void *context, size_t number, const Mt__Reply *reply)
{
	struct request *request = context;
	(void)number;
	const Mt__GetCertificateReply *found = forward_reply(request, reply, &mt__get_certificate_reply__descriptor);
	if (found == NULL)
		return;
	if (found->content == NULL || found->certificate == NULL) {
		request_refuse(request, PROBLEM_NOT_FOUND, NULL, "there is no credential to draw");
		return;
	}
	draw_begin(request, found, false, draw_certificate);
}

void
certificate_paper_serve(struct request *request, void *context)
{
	static const char *const names[] = {"token", "edition", NULL};
	const struct verifying *verifying = context;
	Mt__GetCertificateRequest get = MT__GET_CERTIFICATE_REQUEST__INIT;
	uint64_t edition = 0;
	const char *token = request_query(request, "token");
	if (!request_query_only(request, names) || !request_query_number(request, "edition", UINT32_MAX, &edition))
		return;
	/* A PDF costs a hundred times what its credential does, and a stranger's are counted like his look-ups. */
	if (request_header(request, "Authorization") == NULL && !visitors_may_look(verifying->visitors, request))
		return;
	get.certificate_id = (char *)(uintptr_t)request_path_value(request, "certificateId");
	get.token = (char *)(uintptr_t)(token == NULL ? "" : token);
	get.edition = (uint32_t)edition;
	forward_call(request, verifying->upstream, "Certificates.Get", &get.base, on_certificate);
}

/* --- passports ---------------------------------------------------------------------------------------------------- */

static const char *
state_text(const Mt__CertificateView *view)
{
	if (view == NULL)
		return "Hoàn thành / completed";
	switch (view->state) {
	case MT__CERTIFICATE__STATE__VALID:
		return view->specimen ? "Bản thử / specimen" : "Hiệu lực / valid";
	case MT__CERTIFICATE__STATE__REVOKED:
		return "Thu hồi / revoked";
	case MT__CERTIFICATE__STATE__SUSPENDED:
		return "Đình chỉ / suspended";
	case MT__CERTIFICATE__STATE__RECORDED:
		return "Chưa xác nhận / unconfirmed";
	case MT__CERTIFICATE__STATE__EXPIRED:
		return "Hết hạn / expired";
	case MT__CERTIFICATE__STATE__UNSET:
		break;
	}
	return "";
}

static void
fill_courses(struct arena *arena, const Mt__PassportReply *passport, struct paper_passport *in)
{
	struct paper_training *rows = arena_zero(arena, (passport->n_courses + 1) * sizeof(*rows));
	for (size_t i = 0; i < passport->n_courses; i++) {
		const Mt__PassportCourse *course = passport->courses[i];
		rows[i] = (struct paper_training){
			.completed_on = course->completed_on,
			.institution = course->institution,
			.programme = course->programme_title,
			.hours = course->hours,
			.result = result_text(arena, course->mark_percent),
			.register_number = course->certificate == NULL ? NULL : course->certificate->register_number,
			.state = state_text(course->certificate),
		};
	}
	in->trainings = rows;
	in->trainings_count = passport->n_courses;
}

static void
fill_recognitions(struct arena *arena, const Mt__PassportReply *passport, struct paper_passport *in)
{
	struct paper_recognition *rows = arena_zero(arena, (passport->n_recognitions + 1) * sizeof(*rows));
	for (size_t i = 0; i < passport->n_recognitions; i++) {
		const Mt__RecognitionRecord *recognition = passport->recognitions[i]->recognition;
		rows[i] = (struct paper_recognition){
			.recognised_on = recognition->on,
			.what = recognition->text == NULL ? NULL : recognition->text->title,
			.hours = recognition->hours,
		};
	}
	in->recognitions = rows;
	in->recognitions_count = passport->n_recognitions;
}

static uint32_t
courses_in(const Mt__PassportReply *passport, uint32_t year)
{
	uint32_t count = 0;
	for (size_t i = 0; i < passport->n_courses; i++)
		count += strtoul(passport->courses[i]->completed_on, NULL, 10) == year;
	return count;
}

static void
fill_years(struct arena *arena, const Mt__PassportReply *passport, struct paper_passport *in)
{
	struct paper_year *rows = arena_zero(arena, (passport->n_years + 1) * sizeof(*rows));
	for (size_t i = 0; i < passport->n_years; i++) {
		rows[i].year = passport->years[i]->year;
		rows[i].trainings = courses_in(passport, rows[i].year);
		rows[i].hours = passport->years[i]->hours;
		rows[i].points = arena_format(arena, "%u", passport->years[i]->points);
	}
	in->years = rows;
	in->years_count = passport->n_years;
}

static bool
draw_passport(struct drawing *drawing)
{
	struct arena *arena = &drawing->request->arena;
	const Mt__PassportReply *passport = drawing->reply;
	enum { DATE_BYTES = 10 };
	struct paper_passport in = {
		.holder_name = passport->name,
		.birth_date = passport->birth_date,
		.points = arena_format(arena, "%u", passport->points),
		.check_url = passport->check_url,
		.short_url = passport->check_url,
		.made_on = arena_text(arena, slice_of(passport->made_at, DATE_BYTES)),
	};
	fill_courses(arena, passport, &in);
	fill_recognitions(arena, passport, &in);
	fill_years(arena, passport, &in);
	instant_parse(passport->made_at, &in.made_us);
	return paper_passport(&in, &drawing->pdf, &drawing->fault);
}

static void
on_passport(void *context, size_t number, const Mt__Reply *reply)
{
	struct request *request = context;
	(void)number;
	const Mt__PassportReply *found = forward_reply(request, reply, &mt__passport_reply__descriptor);
	if (found == NULL)
		return;
	if (found->name[0] == '\0') {
		request_refuse(request, PROBLEM_NOT_FOUND, NULL,
			       "there is no passport to draw: nothing is on record with a name");
		return;
	}
	draw_begin(request, found, true, draw_passport);
}

void
passport_paper_serve(struct request *request, void *context)
{
	static const char *const names[] = {"authority", NULL};
	Mt__PassportRequest get = MT__PASSPORT_REQUEST__INIT;
	const char *authority = request_query(request, "authority");
	if (!request_query_only(request, names))
		return;
	get.person_id = (char *)(uintptr_t)request_path_value(request, "personId");
	get.authority = (char *)(uintptr_t)(authority == NULL ? "" : authority);
	forward_call(request, context, "Passports.Get", &get.base, on_passport);
}
