/* services/paper/paper_passport.c
 *
 * One sheet, or as many as it takes, with all the training of a person: what was completed,
 * what was recognised, and the sums. It carries no credential: whoever doubts it scans its
 * code and sees today's state. */
#include "services/paper/paper.h"

#include "services/paper/paper_attach.h"
#include "services/paper/paper_mark.h"
#include "services/paper/paper_ornament.h"
#include "services/paper/paper_table.h"
#include "services/paper/paper_words.h"

#define WIDTH (210 * PAPER_MM)
#define HEIGHT (297 * PAPER_MM)
#define MARGIN (18 * PAPER_MM)

enum { ARENA_BLOCK_BYTES = 32 << 10 };

static const char fonts[] = "Linux Libertine O, Noto Serif, DejaVu Serif, serif";
static const double QR_SIZE = 28 * PAPER_MM;

static const struct paper_colour INK = {0.13, 0.11, 0.09};
static const struct paper_colour SOFT = {0.42, 0.37, 0.31};
static const struct paper_colour RED = {0.60, 0.11, 0.09};
static const struct paper_colour GOLD = {0.72, 0.57, 0.25};
static const struct paper_colour MIST = {0.965, 0.937, 0.875};
static const struct paper_colour BLUSH = {0.953, 0.776, 0.753};

struct making {
	const struct paper_passport *in;
	const char *name, *authority, *short_url; /* checked */
	struct arena arena;
	struct paper_canvas canvas;
	struct paper_flow flow;
	struct fault *fault;
};

/* --- cells ------------------------------------------------------------------------------------------------------ */

/* One text of row `row` of a list, checked: its field is "trainings[3].programme". */
static bool
text_put(struct making *making, const char *list, size_t row, const char *member, const char *text, const char **cell)
{
	const char *field = arena_format(&making->arena, "%s[%zu].%s", list, row, member);
	return paper_clean(&making->arena, field, text, cell, making->fault);
}

static bool
date_put(struct making *making, const char *list, size_t row, const char *member, const char *text, const char **cell)
{
	struct paper_date date;
	const char *field = arena_format(&making->arena, "%s[%zu].%s", list, row, member);
	if (!paper_date(&making->arena, field, text, &date, making->fault))
		return false;
	*cell = date.brief;
	return true;
}

static const char *
number_text(struct making *making, uint32_t number)
{
	return number == 0 ? NULL : arena_format(&making->arena, "%u", number);
}

static bool
post_row(void *context, size_t row, const char *cells[PAPER_COLUMNS_MAX])
{
	struct making *making = context;
	const struct paper_post *post = &making->in->posts[row];
	bool today = post->ends_on == NULL || post->ends_on[0] == '\0';
	bool put = date_put(making, "posts", row, "begins_on", post->begins_on, &cells[0]) &&
		   date_put(making, "posts", row, "ends_on", post->ends_on, &cells[1]) &&
		   text_put(making, "posts", row, "title", post->title, &cells[2]) &&
		   text_put(making, "posts", row, "authority", post->authority, &cells[3]);
	if (today)
		cells[1] = "nay";
	return put;
}

static bool
training_row(void *context, size_t row, const char *cells[PAPER_COLUMNS_MAX])
{
	struct making *making = context;
	const struct paper_training *training = &making->in->trainings[row];
	cells[3] = number_text(making, training->hours);
	return date_put(making, "trainings", row, "completed_on", training->completed_on, &cells[0]) &&
	       text_put(making, "trainings", row, "programme", training->programme, &cells[1]) &&
	       text_put(making, "trainings", row, "institution", training->institution, &cells[2]) &&
	       text_put(making, "trainings", row, "result", training->result, &cells[4]) &&
	       text_put(making, "trainings", row, "register_number", training->register_number, &cells[5]) &&
	       text_put(making, "trainings", row, "state", training->state, &cells[6]);
}

static bool
recognition_row(void *context, size_t row, const char *cells[PAPER_COLUMNS_MAX])
{
	struct making *making = context;
	const struct paper_recognition *recognition = &making->in->recognitions[row];
	cells[3] = number_text(making, recognition->hours);
	return date_put(making, "recognitions", row, "recognised_on", recognition->recognised_on, &cells[0]) &&
	       text_put(making, "recognitions", row, "what", recognition->what, &cells[1]) &&
	       text_put(making, "recognitions", row, "authority", recognition->authority, &cells[2]);
}

static bool
total_row(struct making *making, const char *cells[PAPER_COLUMNS_MAX])
{
	uint32_t trainings = 0;
	uint32_t hours = 0;
	for (size_t i = 0; i < making->in->years_count; i++) {
		trainings += making->in->years[i].trainings;
		hours += making->in->years[i].hours;
	}
	cells[0] = "Tổng / Total";
	cells[1] = arena_format(&making->arena, "%u", trainings);
	cells[2] = arena_format(&making->arena, "%u", hours);
	return paper_clean(&making->arena, "points", making->in->points, &cells[3], making->fault);
}

static bool
year_row(void *context, size_t row, const char *cells[PAPER_COLUMNS_MAX])
{
	struct making *making = context;
	if (row == making->in->years_count)
		return total_row(making, cells);
	const struct paper_year *year = &making->in->years[row];
	cells[0] = arena_format(&making->arena, "%u", year->year);
	cells[1] = arena_format(&making->arena, "%u", year->trainings);
	cells[2] = arena_format(&making->arena, "%u", year->hours);
	return text_put(making, "years", row, "points", year->points, &cells[3]);
}

/* --- tables ----------------------------------------------------------------------------------------------------- */

static const struct paper_column post_columns[] = {
	{"Từ ngày", "From", "begins_on", 0.14, PAPER_LEFT},
	{"Đến ngày", "Until", "ends_on", 0.14, PAPER_LEFT},
	{"Chức vụ, vị trí việc làm", "Post", "title", 0.34, PAPER_LEFT},
	{"Cơ quan", "Authority", "authority", 0.38, PAPER_LEFT},
};
static const struct paper_column training_columns[] = {
	{"Hoàn thành", "Completed", "completed_on", 0.12, PAPER_LEFT},
	{"Chương trình", "Programme", "programme", 0.26, PAPER_LEFT},
	{"Cơ sở", "Institution", "institution", 0.2, PAPER_LEFT},
	{"Giờ", "Hours", "hours", 0.07, PAPER_RIGHT},
	{"Kết quả", "Result", "result", 0.1, PAPER_LEFT},
	{"Số vào sổ", "Register No.", "register_number", 0.13, PAPER_LEFT},
	{"Tình trạng", "State", "state", 0.12, PAPER_LEFT},
};
static const struct paper_column recognition_columns[] = {
	{"Ngày", "Date", "recognised_on", 0.14, PAPER_LEFT},
	{"Nội dung được công nhận", "Recognised learning", "what", 0.42, PAPER_LEFT},
	{"Nơi công nhận", "Recognised by", "authority", 0.34, PAPER_LEFT},
	{"Giờ", "Hours", "hours", 0.1, PAPER_RIGHT},
};
static const struct paper_column year_columns[] = {
	{"Năm", "Year", "year", 0.4, PAPER_LEFT},
	{"Số khóa", "Programmes", "trainings", 0.2, PAPER_RIGHT},
	{"Số giờ", "Hours", "hours", 0.2, PAPER_RIGHT},
	{"Điểm", "Points", "points", 0.2, PAPER_RIGHT},
};

static bool
tables_set(struct making *making)
{
	const struct paper_passport *in = making->in;
	const struct paper_table tables[] = {
		{"Quá trình công tác", "Posts", "posts", post_columns, 4, in->posts_count, false, post_row},
		{"Chương trình đào tạo, bồi dưỡng đã hoàn thành", "Programmes completed", "trainings", training_columns,
		 7, in->trainings_count, false, training_row},
		{"Học tập ngoài chương trình được công nhận", "Recognised informal learning", "recognitions",
		 recognition_columns, 4, in->recognitions_count, false, recognition_row},
		{"Tổng hợp theo năm", "Totals by year", "years", year_columns, 4,
		 in->years_count == 0 ? 0 : in->years_count + 1, true, year_row},
	};
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (!paper_table(&making->flow, &tables[i]))
			return false;
	}
	return true;
}

/* --- pages ------------------------------------------------------------------------------------------------------ */

static void
frame_draw(struct paper_canvas *canvas)
{
	const struct paper_colour colours[] = {RED, GOLD};
	for (int i = 0; i < 2; i++) {
		double by = (9 + 1.2 * i) * PAPER_MM;
		cairo_rectangle(canvas->cairo, by, by, WIDTH - 2 * by, HEIGHT - 2 * by);
		paper_colour_set(canvas, colours[i]);
		cairo_set_line_width(canvas->cairo, i == 0 ? 1.0 : 0.4);
		cairo_stroke(canvas->cairo);
	}
}

static bool
foot_draw(struct making *making, const char *left, const char *right, double y)
{
	const char *texts[] = {left, right};
	for (int i = 0; i < 2; i++) {
		const struct paper_style style = {.size = 8,
						  .least = 6,
						  .rows = 1,
						  .colour = SOFT,
						  .beside = SOFT,
						  .align = i == 0 ? PAPER_LEFT : PAPER_RIGHT};
		double width = making->flow.width * (i == 0 ? 0.8 : 0.2);
		PangoLayout *layout =
			paper_text(&making->canvas, &style, texts[i], NULL, width, "holder_name", making->fault);
		if (layout == NULL)
			return false;
		paper_text_draw(&making->canvas, layout, &style, i == 0 ? MARGIN : WIDTH - MARGIN - width, y, width);
		g_object_unref(layout);
	}
	return true;
}

static bool
page_draw(struct paper_flow *flow, void *context, struct fault *fault)
{
	struct making *making = context;
	const struct paper_passport *in = making->in;
	struct paper_date made;
	frame_draw(&making->canvas);
	paper_drum(&making->canvas, WIDTH / 2, HEIGHT * 0.55, 62 * PAPER_MM, MIST);
	if (in->specimen && !paper_specimen(&making->canvas, "BẢN THỬ · SPECIMEN", WIDTH, HEIGHT, BLUSH, fault))
		return false;
	if (!paper_date(&making->arena, "made_on", in->made_on, &made, fault))
		return false;
	const char *left = arena_format(&making->arena, "%s  ·  lập %s / made on %s  ·  %s", making->name, made.vi,
					made.en, making->short_url == NULL ? "" : making->short_url);
	const char *right = arena_format(&making->arena, "Trang %u/%u  ·  page %u of %u", flow->page, flow->pages,
					 flow->page, flow->pages);
	return foot_draw(making, left, right, HEIGHT - 16.5 * PAPER_MM);
}

static bool
title_set(struct making *making)
{
	struct paper_flow *flow = &making->flow;
	const struct paper_style nation = {.size = 11, .rows = 1, .bold = true, .colour = INK, .align = PAPER_CENTRE};
	const struct paper_style motto = {
		.size = 8.5, .rows = 1, .italic = true, .colour = SOFT, .align = PAPER_CENTRE};
	const struct paper_style title = {
		.size = 24, .rows = 1, .bold = true, .tracking = 1, .colour = RED, .align = PAPER_CENTRE};
	const struct paper_style english = {
		.size = 13, .rows = 1, .italic = true, .colour = SOFT, .align = PAPER_CENTRE};
	if (!paper_flow_text(flow, &nation, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", NULL, 0, "head") ||
	    !paper_flow_text(flow, &nation, "Độc lập - Tự do - Hạnh phúc", NULL, 0, "head") ||
	    !paper_flow_text(flow, &motto, "Socialist Republic of Viet Nam  ·  Independence - Freedom - Happiness",
			     NULL, 0, "head"))
		return false;
	flow->y += 2 * PAPER_MM;
	if (flow->drawing)
		paper_rule(flow->canvas, WIDTH / 2, flow->y, 60 * PAPER_MM, GOLD);
	return paper_flow_text(flow, &title, "SỔ ĐÀO TẠO, BỒI DƯỠNG", NULL, 4 * PAPER_MM, "head") &&
	       paper_flow_text(flow, &english, "Training Passport", NULL, 0, "head");
}

/* The person, with the code on the right. */
static bool
holder_set(struct making *making)
{
	const struct paper_passport *in = making->in;
	struct paper_flow *flow = &making->flow;
	const struct paper_style large = {.size = 20, .least = 13, .rows = 1, .bold = true, .colour = INK};
	const struct paper_style usual = {.size = 11, .least = 9, .rows = 1, .colour = INK, .beside = SOFT};
	double top = flow->y + 5 * PAPER_MM;
	struct paper_date birth;
	if (!paper_date(&making->arena, "birth_date", in->birth_date, &birth, making->fault))
		return false;
	flow->width -= QR_SIZE + 5 * PAPER_MM;
	bool set = paper_flow_text(flow, &large, making->name, NULL, 6 * PAPER_MM, "holder_name");
	if (set && birth.vi != NULL)
		set = paper_flow_text(flow, &usual, arena_format(&making->arena, "Sinh %s", birth.vi),
				      arena_format(&making->arena, "Born %s", birth.en), 0, "birth_date");
	if (set && making->authority != NULL)
		set = paper_flow_text(flow, &usual, making->authority, NULL, 0.5 * PAPER_MM, "authority");
	flow->width += QR_SIZE + 5 * PAPER_MM;
	if (set && flow->drawing)
		set = paper_qr(flow->canvas, in->check_url, WIDTH - MARGIN - QR_SIZE, top, QR_SIZE, INK, making->fault);
	if (flow->y < top + QR_SIZE)
		flow->y = top + QR_SIZE;
	return set;
}

static bool
set_all(struct making *making, bool drawing)
{
	struct paper_flow *flow = &making->flow;
	flow->pages = flow->page;
	flow->page = 0;
	flow->drawing = drawing;
	bool set = paper_flow_page(flow) && title_set(making) && holder_set(making) && tables_set(making);
	if (set && drawing)
		paper_canvas_page_end(&making->canvas);
	return set;
}

static bool
input_check(struct making *making)
{
	const struct paper_passport *in = making->in;
	struct fault *fault = making->fault;
	const size_t counts[] = {in->posts_count, in->trainings_count, in->recognitions_count, in->years_count};
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		if (counts[i] > PAPER_ROWS_MAX)
			return paper_fault(fault, "", "a passport has at most %d rows of a kind", PAPER_ROWS_MAX);
	}
	if (!paper_clean(&making->arena, "holder_name", in->holder_name, &making->name, fault) ||
	    !paper_clean(&making->arena, "authority", in->authority, &making->authority, fault) ||
	    !paper_clean(&making->arena, "short_url", in->short_url, &making->short_url, fault))
		return false;
	if (making->name == NULL)
		return paper_fault(fault, "holder_name", "holder_name: a passport needs it");
	if (in->made_on == NULL || in->made_on[0] == '\0' || in->check_url == NULL)
		return paper_fault(fault, "", "a passport needs the day it was made and its check URL");
	return true;
}

static bool
make(struct making *making, struct buf *pdf)
{
	if (!input_check(making))
		return false;
	const struct paper_about about = {
		.title = arena_format(&making->arena, "Sổ đào tạo, bồi dưỡng – %s", making->name),
		.author = making->authority == NULL ? "Matricula" : making->authority,
		.made_us = making->in->made_us};
	struct fault unheeded;
	struct buf drawn;
	buf_init(&drawn, PAPER_PDF_BYTES_MAX);
	paper_canvas_open(&making->canvas, &drawn, WIDTH, HEIGHT, fonts, &about);
	bool whole = set_all(making, false) && set_all(making, true);
	bool made = paper_canvas_close(&making->canvas, whole ? making->fault : &unheeded) && whole &&
		    paper_attach(buf_slice(&drawn), slice_of(NULL, 0), making->in->made_us, pdf, making->fault);
	buf_free(&drawn);
	return made;
}

bool
paper_passport(const struct paper_passport *in, struct buf *pdf, struct fault *fault)
{
	struct making making = {.in = in, .fault = fault};
	arena_init(&making.arena, ARENA_BLOCK_BYTES, 0);
	making.flow = (struct paper_flow){.canvas = &making.canvas,
					  .left = MARGIN,
					  .width = WIDTH - 2 * MARGIN,
					  .top = 16 * PAPER_MM,
					  .bottom = HEIGHT - 20 * PAPER_MM,
					  .page_draw = page_draw,
					  .context = &making,
					  .fault = fault};
	bool made = make(&making, pdf);
	arena_free(&making.arena);
	return made;
}
