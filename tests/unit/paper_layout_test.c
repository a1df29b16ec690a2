/* tests/unit/paper_layout_test.c
 *
 * A text stays in its width, ornaments in their places, a template says which of its members is at fault, and a line
 * without what it needs is left out. */
#include "services/paper/paper_ornament.h"
#include "services/paper/paper_template.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* fontconfig keeps one pattern for ever whose address it stores as an offset: no leak, but it looks like one. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libfontconfig.so";
}

enum { TRAININGS = 60, THREADS = 3 };

/* Shrunk to one row while it may be, then wrapped, even where it has no spaces; never wider than it may be. */
static void
a_text_never_leaves_its_width(void **state)
{
	static const char word[] = "NguyễnThịHườngQuyềnĐặng";
	const struct paper_about about = {.title = "", .author = ""};
	const struct paper_style style = {.size = 30, .least = 15, .rows = 1, .align = PAPER_CENTRE};
	struct paper_canvas canvas;
	struct fault fault;
	struct buf out;
	char text[PAPER_TEXT_BYTES_MAX] = "";
	int rows[3] = {0};
	(void)state;
	buf_init(&out, PAPER_PDF_BYTES_MAX);
	paper_canvas_open(&canvas, &out, 400, 400, "serif", &about);
	for (int words = 1; words <= 12; words++) {
		PangoRectangle extent;
		strncat(text, words % 3 == 0 ? " Ỹ" : word, sizeof(text) - strlen(text) - 1);
		PangoLayout *layout = paper_text(&canvas, &style, text, NULL, 500, "text", &fault);
		assert_non_null(layout);
		pango_layout_get_extents(layout, NULL, &extent);
		assert_true(extent.width <= 500 * PANGO_SCALE);
		int lines = pango_layout_get_line_count(layout);
		rows[lines > 2 ? 2 : lines - 1]++;
		int size = pango_font_description_get_size(pango_layout_get_font_description(layout));
		assert_true(lines == 1 || size < 15.5 * PANGO_SCALE);
		assert_true(size >= 15 * PANGO_SCALE);
		assert_true(words > 1 || size == 30 * PANGO_SCALE);
		g_object_unref(layout);
	}
	assert_true(rows[0] > 1 && rows[2] > 1);
	assert_true(paper_canvas_close(&canvas, &fault));
	buf_free(&out);
}

static const struct paper_value names[] = {
	{"institution_vi", "x"}, {"institution_en", NULL}, {"kind_vi", "x"}, {"kind_en", ""}, {"holder_name", "An"},
};

static void
template_refused(const char *from, const char *to, const char *field, const char *sentence)
{
	static const char start[] =
		"{\"width\":297,\"height\":210,\"fonts\":\"serif\",\"title\":\"{kind_vi}\",\"specimen\":\"s\","
		"\"colours\":{\"ink\":\"#000000\",\"soft\":\"#808080\"},\"ground\":\"ink\",\"frame\":\"ink\","
		"\"ornament\":\"ink\",\"warning\":\"ink\",\"watermark\":{\"colour\":\"ink\",\"x\":1,\"y\":1,\"radius\":"
		"9},"
		"\"qr\":{\"x\":1,\"y\":1,\"size\":20},\"boxes\":[{\"x\":1,\"y\":1,\"width\":50,\"height\":50,"
		"\"align\":\"left\",\"lines\":[{\"text\":\"a\",\"size\":9},{\"text\":\"{holder_name}\",\"size\":10}]}]"
		"}";
	struct fault fault = {.message = ""};
	struct arena arena;
	char json[2 * sizeof(start)];
	const char *at = strstr(start, from);
	assert_non_null(at);
	snprintf(json, sizeof(json), "%.*s%s%s", (int)(at - start), start, to, at + strlen(from));
	arena_init(&arena, 1 << 14, 0);
	const struct paper_template *read =
		paper_template_read(&arena, slice_text(json), names, sizeof(names) / sizeof(names[0]), &fault);
	if (sentence == NULL && read == NULL)
		fail_msg("%s | %s", fault.field, fault.message);
	if (sentence != NULL &&
	    (read != NULL || strcmp(fault.field, field) != 0 || strstr(fault.message, sentence) == NULL))
		fail_msg("said: %s | %s, wanted: %s | %s", fault.field, fault.message, field, sentence);
	arena_free(&arena);
}

static void
a_faulty_template_is_refused_by_the_member_at_fault(void **state)
{
	(void)state;
	template_refused("\"size\":10", "\"size\":10", "", NULL);
	template_refused("\"size\":10", "\"size\":1000", "boxes[0].lines[1].size", "is not between 4 and 144");
	template_refused("\"size\":10", "\"size\":\"10\"", "boxes[0].lines[1].size", "is not a number");
	template_refused(",\"size\":10", "", "boxes[0].lines[1].size", "is missing");
	template_refused("{holder_name}", "{holder}", "boxes[0].lines[1].text", "unknown placeholder {holder}");
	template_refused("{holder_name}", "{holder_name", "boxes[0].lines[1].text", "a brace that does not close");
	template_refused("\"size\":10", "\"size\":10,\"italics\":true", "boxes[0].lines[1].italics", "not a member");
	template_refused("\"size\":10", "\"size\":10,\"colour\":\"blue\"", "boxes[0].lines[1].colour",
			 "names no colour");
	template_refused("\"size\":10", "\"size\":10,\"bold\":1", "boxes[0].lines[1].bold", "is not true or false");
	template_refused("\"size\":10", "\"size\":10,\"unless\":\"nobody\"", "boxes[0].lines[1].unless",
			 "is not the name");
	template_refused("\"left\"", "\"top\"", "boxes[0].align", "is not left, centre or right");
	template_refused("\"size\":20", "\"size\":2", "qr.size", "is not between 20 and 100");
	template_refused("\"radius\":9", "\"radios\":9", "watermark.radios", "not a member");
	template_refused("\"width\":297", "\"width\":2970", "width", "is not between 50 and 1000");
	template_refused("\"boxes\":[", "\"boxes\":[4,", "boxes[0].", "is not an object");
	template_refused("\"ground\":\"ink\"", "\"ground\":\"ink\",\"ground\":\"ink\"", "", "is no JSON object");
}

static void
a_line_that_needs_what_is_absent_is_left_out(void **state)
{
	struct arena arena;
	(void)state;
	arena_init(&arena, 1 << 14, 0);
	assert_string_equal(paper_fill(&arena, "<{holder_name}> {kind_vi}", names, 5), "<An> x");
	assert_null(paper_fill(&arena, "{holder_name} {kind_en}", names, 5));
	assert_null(paper_fill(&arena, "{institution_en}", names, 5));
	assert_string_equal(paper_fill(&arena, "An", names, 5), "An");
	arena_free(&arena);
}

/* How much of a square of the page is not white, in percent. */
static unsigned
inked(cairo_surface_t *image, int left, int top, int size)
{
	const uint8_t *pixels = cairo_image_surface_get_data(image);
	unsigned count = 0;
	for (int y = top; y < top + size; y++) {
		for (int x = left; x < left + size; x++)
			count += pixels[(ptrdiff_t)y * cairo_image_surface_get_stride(image) + (ptrdiff_t)x * 4] < 250;
	}
	return count * 100 / (unsigned)(size * size);
}

static void
frame_and_drum_stand_where_they_belong(void **state)
{
	const struct paper_colour white = {1, 1, 1};
	const struct paper_colour dark = {0.5, 0.4, 0.1};
	cairo_surface_t *image = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 600, 400);
	struct paper_canvas canvas = {.cairo = cairo_create(image)};
	(void)state;
	cairo_set_source_rgb(canvas.cairo, 1, 1, 1);
	cairo_paint(canvas.cairo);
	paper_frame(&canvas, 600, 400, white, dark, dark);
	paper_drum(&canvas, 300, 200, 100, dark);
	cairo_surface_flush(image);
	const int middle = (int)(10.75 * PAPER_MM);
	assert_in_range(inked(image, 300, middle - 8, 16), 20, 95); /* woven above, below, left, right */
	assert_in_range(inked(image, 300, 400 - middle - 8, 16), 20, 95);
	assert_in_range(inked(image, middle - 8, 200, 16), 20, 95);
	assert_in_range(inked(image, 600 - middle - 8, 200, 16), 20, 95);
	assert_in_range(inked(image, middle - 8, middle - 8, 16), 50, 99); /* a rosette */
	assert_in_range(inked(image, 230, 130, 140), 20, 95);              /* the drum */
	assert_int_equal(inked(image, 120, 100, 60), 0);                   /* between them */
	assert_int_equal(inked(image, 0, 0, (int)(6 * PAPER_MM)), 0);      /* and around */
	cairo_destroy(canvas.cairo);
	cairo_surface_destroy(image);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_never_leaves_its_width),
		cmocka_unit_test(frame_and_drum_stand_where_they_belong),
		cmocka_unit_test(a_faulty_template_is_refused_by_the_member_at_fault),
		cmocka_unit_test(a_line_that_needs_what_is_absent_is_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
