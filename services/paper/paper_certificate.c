/* services/paper/paper_certificate.c
 *
 * A certificate from its template: each box sets its lines at their sizes, and if they are
 * too high together, all of them smaller, step by step. Nothing ever leaves its box: what
 * does not fit at half the size is a fault. */
#include "services/paper/paper.h"

#include "services/paper/paper_attach.h"
#include "services/paper/paper_mark.h"
#include "services/paper/paper_ornament.h"
#include "services/paper/paper_template.h"
#include "services/paper/paper_words.h"

#include <stdio.h>

extern const uint8_t _binary_services_paper_national_json_start[];
extern const uint8_t _binary_services_paper_national_json_end[];

enum { VALUES_MAX = 40, ARENA_BLOCK_BYTES = 32 << 10 };

static const double BOX_STEP = 0.96;
static const double BOX_LEAST = 0.5;
static const double RULE_SPACE = 2.2 * PAPER_MM;

struct making {
	const struct paper_certificate *in;
	struct arena arena;
	struct paper_value values[VALUES_MAX];
	size_t values_count;
	const struct paper_template *template;
	struct paper_canvas canvas;
	struct fault *fault;
};

/* A line as it will be drawn. */
struct set_line {
	const struct paper_line *line;
	struct paper_style style;
	PangoLayout *layout;
	double before, height;
};

/* --- values ----------------------------------------------------------------------------------------------------- */

static void
value_add(struct making *making, const char *name, const char *text)
{
	making->values[making->values_count++] = (struct paper_value){.name = name, .text = text};
}

static bool
texts_add(struct making *making)
{
	const struct paper_certificate *in = making->in;
	const struct paper_value texts[] = {
		{"institution_vi", in->institution_vi},
		{"institution_en", in->institution_en},
		{"kind_vi", in->kind_vi},
		{"kind_en", in->kind_en},
		{"holder_name", in->holder_name},
		{"programme_vi", in->programme_vi},
		{"programme_en", in->programme_en},
		{"result_vi", in->result_vi},
		{"result_en", in->result_en},
		{"register_number", in->register_number},
		{"serial", in->serial},
		{"decision_number", in->decision_number},
		{"place", in->place},
		{"signatory_title_vi", in->signatory_title_vi},
		{"signatory_title_en", in->signatory_title_en},
		{"signatory_name", in->signatory_name},
		{"short_url", in->short_url},
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *clean;
		if (!paper_clean(&making->arena, texts[i].name, texts[i].text, &clean, making->fault))
			return false;
		value_add(making, texts[i].name, clean);
	}
	return true;
}

static bool
dates_add(struct making *making)
{
	const struct paper_certificate *in = making->in;
	const struct {
		const char *field, *text, *vi, *en;
	} dates[] = {
		{"birth_date", in->birth_date, "birth_vi", "birth_en"},
		{"begins_on", in->begins_on, "begins_vi", "begins_en"},
		{"ends_on", in->ends_on, "ends_vi", "ends_en"},
		{"decision_date", in->decision_date, "decision_vi", "decision_en"},
		{"issued_on", in->issued_on, "issued_vi", "issued_en"},
		{"valid_until", in->valid_until, "valid_until_vi", "valid_until_en"},
	};
	for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		struct paper_date date;
		if (!paper_date(&making->arena, dates[i].field, dates[i].text, &date, making->fault))
			return false;
		value_add(making, dates[i].vi, date.vi);
		value_add(making, dates[i].en, date.en);
	}
	return true;
}

static bool
values_make(struct making *making)
{
	const struct paper_certificate *in = making->in;
	if (!texts_add(making) || !dates_add(making))
		return false;
	value_add(making, "hours", in->hours == 0 ? NULL : arena_format(&making->arena, "%u", in->hours));
	value_add(making, "edition", in->edition == 0 ? NULL : arena_format(&making->arena, "%u", in->edition));
	return true;
}

static const char *
value_of(const struct making *making, const char *name)
{
	for (size_t i = 0; i < making->values_count; i++) {
		if (strcmp(making->values[i].name, name) == 0)
			return making->values[i].text;
	}
	return NULL;
}

/* Looked at as they will be drawn: a name of joiners alone is none. */
static bool
required_check(const struct making *making)
{
	const struct paper_certificate *in = making->in;
	static const char *const texts[] = {"institution_vi", "kind_vi", "holder_name", "programme_vi"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (value_of(making, texts[i]) == NULL)
			return paper_fault(making->fault, texts[i], "%s: a certificate needs it", texts[i]);
	}
	if (value_of(making, "issued_vi") == NULL)
		return paper_fault(making->fault, "issued_on", "issued_on: a certificate needs it");
	if (in->verification_url == NULL || in->verification_url[0] == '\0')
		return paper_fault(making->fault, "verification_url", "verification_url: a certificate needs it");
	if (in->credential.size > PAPER_CREDENTIAL_BYTES_MAX)
		return paper_fault(making->fault, "credential", "credential: larger than %d bytes",
				   PAPER_CREDENTIAL_BYTES_MAX);
	return true;
}

/* --- boxes ------------------------------------------------------------------------------------------------------ */

static const char *
fill(struct making *making, const char *text)
{
	return text == NULL ? NULL : paper_fill(&making->arena, text, making->values, making->values_count);
}

static bool
present(struct making *making, const char *name)
{
	return name != NULL && fill(making, arena_format(&making->arena, "{%s}", name)) != NULL;
}

static bool
stands_in(const char *text, const char *name)
{
	const char *at = text == NULL ? NULL : strstr(text, name);
	return at != NULL && at > text && at[-1] == '{' && at[strlen(name)] == '}';
}

/* A line that cannot be drawn: which of the texts in it is to blame. If none is, it is the template's own. */
static void
line_blame(struct making *making, const struct paper_line *line, double width)
{
	for (size_t i = 0; i < making->values_count; i++) {
		const struct paper_value *value = &making->values[i];
		if (value->text == NULL ||
		    (!stands_in(line->text, value->name) && !stands_in(line->beside, value->name)))
			continue;
		const char *text = line->upper ? paper_capitals(&making->arena, value->text) : value->text;
		PangoLayout *alone =
			paper_text(&making->canvas, &line->style, text, NULL, width, value->name, making->fault);
		if (alone == NULL)
			return;
		g_object_unref(alone);
	}
}

/* layout stays NULL if the line is left out. */
static bool
line_set(struct making *making, const struct paper_box *box, const struct paper_line *line, double scale,
	 struct set_line *set)
{
	const char *text = present(making, line->unless) ? NULL : fill(making, line->text);
	char field[sizeof(making->fault->field)];
	*set = (struct set_line){.line = line, .style = line->style, .before = line->before * scale};
	if (text == NULL)
		return true;
	if (line->upper)
		text = paper_capitals(&making->arena, text);
	snprintf(field, sizeof(field), "boxes[%zu].lines[%zu].text", (size_t)(box - making->template->boxes),
		 (size_t)(line - box->lines));
	set->style.size *= scale;
	set->style.least *= scale;
	set->style.tracking *= scale;
	set->layout = paper_text(&making->canvas, &set->style, text, fill(making, line->beside), box->width, field,
				 making->fault);
	if (set->layout == NULL) {
		line_blame(making, line, box->width);
		return false;
	}
	set->height = paper_text_height(set->layout) + (line->rule > 0 ? RULE_SPACE : 0);
	return true;
}

static void
lines_release(struct set_line *set, size_t count)
{
	for (size_t i = 0; i < count; i++)
		g_clear_object(&set[i].layout);
}

/* All lines at one scale; the height they take, or less than 0 after a fault. */
static double
lines_set(struct making *making, const struct paper_box *box, double scale, struct set_line *set)
{
	double height = 0;
	for (size_t i = 0; i < box->lines_count; i++) {
		if (!line_set(making, box, &box->lines[i], scale, &set[i])) {
			lines_release(set, i);
			return -1;
		}
		if (set[i].layout != NULL)
			height += set[i].height + (height > 0 ? set[i].before : 0);
	}
	return height;
}

static void
lines_draw(struct making *making, const struct paper_box *box, const struct set_line *set, double top)
{
	bool first = true;
	for (size_t i = 0; i < box->lines_count; i++) {
		if (set[i].layout == NULL)
			continue;
		top += first ? 0 : set[i].before;
		first = false;
		paper_text_draw(&making->canvas, set[i].layout, &set[i].style, box->left, top, box->width);
		top += set[i].height;
		if (set[i].line->rule > 0)
			paper_rule(&making->canvas, box->left + box->width / 2, top - RULE_SPACE / 2, set[i].line->rule,
				   making->template->ornament);
	}
}

/* The longest of the texts in a box that is too full; false. */
static bool
box_blame(struct making *making, const struct paper_box *box)
{
	const struct paper_value *longest = NULL;
	for (size_t i = 0; i < box->lines_count * making->values_count; i++) {
		const struct paper_line *line = &box->lines[i / making->values_count];
		const struct paper_value *value = &making->values[i % making->values_count];
		if (value->text != NULL && stands_in(line->text, value->name) &&
		    (longest == NULL || strlen(value->text) > strlen(longest->text)))
			longest = value;
	}
	char number[32];
	snprintf(number, sizeof(number), "boxes[%zu]", (size_t)(box - making->template->boxes));
	const char *field = longest == NULL ? number : longest->name;
	return paper_fault(making->fault, field,
			   "%s: the texts beside it and it do not fit, not even at half their size", field);
}

static bool
box_draw(struct making *making, const struct paper_box *box)
{
	struct set_line set[PAPER_LINES_MAX];
	for (double scale = 1; scale >= BOX_LEAST; scale *= BOX_STEP) {
		double height = lines_set(making, box, scale, set);
		if (height < 0)
			return false;
		if (height <= box->height) {
			lines_draw(making, box, set, box->top + (box->height - height) * box->place);
			lines_release(set, box->lines_count);
			return true;
		}
		lines_release(set, box->lines_count);
	}
	return box_blame(making, box);
}

/* --- page ------------------------------------------------------------------------------------------------------- */

static bool
page_draw(struct making *making)
{
	const struct paper_template *template = making->template;
	struct paper_canvas *canvas = &making->canvas;
	paper_frame(canvas, template->width, template->height, template->ground, template->frame, template->ornament);
	paper_drum(canvas, template->watermark_centre[0], template->watermark_centre[1], template->watermark_radius,
		   template->watermark);
	if (making->in->specimen && !paper_specimen(canvas, template->specimen, template->width, template->height,
						    template->warning, making->fault))
		return false;
	if (!paper_qr(canvas, making->in->verification_url, template->qr_left, template->qr_top, template->qr_size,
		      template->ink, making->fault))
		return false;
	for (size_t i = 0; i < template->boxes_count; i++) {
		if (!box_draw(making, &template->boxes[i]))
			return false;
	}
	paper_canvas_page_end(canvas);
	return true;
}

static bool
draw(struct making *making, struct buf *drawn)
{
	const struct paper_template *template = making->template;
	struct fault unheeded;
	const char *title = fill(making, template->title);
	const struct paper_about about = {
		.title = title == NULL ? "" : title,
		.author = fill(making, "{institution_vi}"),
		.made_us = making->in->made_us,
	};
	paper_canvas_open(&making->canvas, drawn, template->width, template->height, template->fonts, &about);
	bool whole = page_draw(making);
	return paper_canvas_close(&making->canvas, whole ? making->fault : &unheeded) && whole;
}

static bool
make(struct making *making, struct buf *pdf)
{
	const uint8_t *json = _binary_services_paper_national_json_start;
	struct slice bytes = slice_of(json, (size_t)(_binary_services_paper_national_json_end - json));
	struct buf drawn;
	if (!values_make(making) || !required_check(making))
		return false;
	making->template =
		paper_template_read(&making->arena, bytes, making->values, making->values_count, making->fault);
	if (making->template == NULL)
		return false;
	buf_init(&drawn, PAPER_PDF_BYTES_MAX);
	bool made = draw(making, &drawn) &&
		    paper_attach(buf_slice(&drawn), making->in->credential, making->in->made_us, pdf, making->fault);
	buf_free(&drawn);
	return made;
}

bool
paper_certificate(const struct paper_certificate *in, struct buf *pdf, struct fault *fault)
{
	struct making making = {.in = in, .fault = fault};
	arena_init(&making.arena, ARENA_BLOCK_BYTES, 0);
	bool made = make(&making, pdf);
	arena_free(&making.arena);
	return made;
}
