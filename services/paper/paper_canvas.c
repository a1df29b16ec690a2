/* services/paper/paper_canvas.c
 *
 * cairo and pango keep caches a thread; the font map here is a canvas's own and ends with it,
 * so nothing stays behind in a worker but fontconfig's list of fonts, which the first canvas
 * of the process makes. Metrics are not hinted: a line breaks the same on every machine that
 * has the same fonts. */
#include "services/paper/paper_canvas.h"

#include "common/base/date.h"

#include <assert.h>
#include <cairo-pdf.h>
#include <stdio.h>

static const double SHRINK_STEP = 0.97;

bool
paper_fault(struct fault *fault, const char *field, const char *format, ...)
{
	va_list arguments;
	snprintf(fault->field, sizeof(fault->field), "%s", field);
	va_start(arguments, format);
	vsnprintf(fault->message, sizeof(fault->message), format, arguments);
	va_end(arguments);
	return false;
}

static cairo_status_t
write_out(void *closure, const unsigned char *data, unsigned int length)
{
	struct buf *out = closure;
	buf_append(out, slice_of(data, length));
	return buf_failed(out) ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

static void
about_write(cairo_surface_t *surface, const struct paper_about *about)
{
	char instant[INSTANT_TEXT_BYTES];
	instant_format(about->made_us - about->made_us % SECOND_US, instant);
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, about->title);
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_AUTHOR, about->author);
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "Matricula");
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, instant);
}

void
paper_canvas_open(struct paper_canvas *canvas, struct buf *out, double width, double height, const char *fonts,
		  const struct paper_about *about)
{
	canvas->out = out;
	canvas->fonts = fonts;
	canvas->surface = cairo_pdf_surface_create_for_stream(write_out, out, width, height);
	about_write(canvas->surface, about);
	canvas->cairo = cairo_create(canvas->surface);
	canvas->map = pango_cairo_font_map_new();
	pango_cairo_font_map_set_resolution(PANGO_CAIRO_FONT_MAP(canvas->map), 72); /* a point is a unit */
	canvas->context = pango_font_map_create_context(canvas->map);
	cairo_font_options_t *options = cairo_font_options_create();
	cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
	pango_cairo_context_set_font_options(canvas->context, options);
	cairo_font_options_destroy(options);
	pango_context_set_round_glyph_positions(canvas->context, FALSE);
	pango_context_set_language(canvas->context, pango_language_from_string("vi"));
	pango_context_set_base_dir(canvas->context, PANGO_DIRECTION_LTR);
}

void
paper_canvas_page_end(struct paper_canvas *canvas)
{
	cairo_show_page(canvas->cairo);
}

bool
paper_canvas_close(struct paper_canvas *canvas, struct fault *fault)
{
	cairo_status_t drawn = cairo_status(canvas->cairo);
	cairo_destroy(canvas->cairo);
	cairo_surface_finish(canvas->surface);
	cairo_status_t written = cairo_surface_status(canvas->surface);
	cairo_surface_destroy(canvas->surface);
	g_object_unref(canvas->context);
	g_object_unref(canvas->map);
	if (buf_failed(canvas->out))
		return paper_fault(fault, "", "the document is larger than %zu bytes", canvas->out->limit);
	if (drawn != CAIRO_STATUS_SUCCESS || written != CAIRO_STATUS_SUCCESS)
		return paper_fault(fault, "", "the document could not be drawn: %s",
				   cairo_status_to_string(drawn != CAIRO_STATUS_SUCCESS ? drawn : written));
	return true;
}

void
paper_colour_set(struct paper_canvas *canvas, struct paper_colour colour)
{
	cairo_set_source_rgb(canvas->cairo, colour.red, colour.green, colour.blue);
}

/* --- texts ------------------------------------------------------------------------------------------------------ */

static void
attribute_add(PangoAttrList *list, PangoAttribute *attribute, size_t from)
{
	attribute->start_index = (guint)from;
	pango_attr_list_insert(list, attribute);
}

static guint16
part(double colour)
{
	return (guint16)(colour * 65535);
}

/* The second language, after the first on the same line. */
static void
attributes_set(PangoLayout *layout, const struct paper_style *style, size_t beside_at)
{
	PangoAttrList *list = pango_attr_list_new();
	attribute_add(list, pango_attr_letter_spacing_new((int)(style->tracking * PANGO_SCALE)), 0);
	/* Figures of the capitals' height: "o5" is no day. */
	attribute_add(list, pango_attr_font_features_new("lnum"), 0);
	attribute_add(list, pango_attr_style_new(PANGO_STYLE_ITALIC), beside_at);
	attribute_add(list, pango_attr_weight_new(PANGO_WEIGHT_NORMAL), beside_at);
	attribute_add(
		list,
		pango_attr_foreground_new(part(style->beside.red), part(style->beside.green), part(style->beside.blue)),
		beside_at);
	pango_layout_set_attributes(layout, list);
	pango_attr_list_unref(list);
}

static void
size_set(PangoLayout *layout, const struct paper_canvas *canvas, const struct paper_style *style, double size)
{
	PangoFontDescription *font = pango_font_description_new();
	pango_font_description_set_family_static(font, canvas->fonts);
	pango_font_description_set_weight(font, style->bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
	pango_font_description_set_style(font, style->italic ? PANGO_STYLE_ITALIC : PANGO_STYLE_NORMAL);
	pango_font_description_set_size(font, (gint)(size * PANGO_SCALE));
	pango_layout_set_font_description(layout, font);
	pango_font_description_free(font);
}

/* Centred rows of about one length look meant; a last row of one word looks like an accident. */
static void
balance(PangoLayout *layout, int width)
{
	int rows = pango_layout_get_line_count(layout);
	int narrow = width / 2;
	int wide = width;
	if (rows < 2)
		return;
	while (wide - narrow > PANGO_SCALE) {
		int middle = narrow + (wide - narrow) / 2;
		pango_layout_set_width(layout, middle);
		PangoRectangle extent;
		pango_layout_get_extents(layout, NULL, &extent);
		if (pango_layout_get_line_count(layout) > rows || extent.width > middle)
			narrow = middle;
		else
			wide = middle;
	}
	pango_layout_set_width(layout, wide);
}

PangoLayout *
paper_text(struct paper_canvas *canvas, const struct paper_style *style, const char *text, const char *beside,
	   double width, const char *field, struct fault *fault)
{
	assert(width > 0);
	assert(style->size > 0);
	PangoLayout *layout = pango_layout_new(canvas->context);
	char *whole = beside == NULL ? NULL : g_strconcat(text, "  ", beside, NULL);
	int units = (int)(width * PANGO_SCALE);
	pango_layout_set_text(layout, whole == NULL ? text : whole, -1);
	g_free(whole);
	attributes_set(layout, style, strlen(text));
	pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
	pango_layout_set_width(layout, units);
	double size = style->size;
	size_set(layout, canvas, style, size);
	while (pango_layout_get_line_count(layout) > (int)style->rows && size * SHRINK_STEP >= style->least) {
		size *= SHRINK_STEP;
		size_set(layout, canvas, style, size);
	}
	int unknown = pango_layout_get_unknown_glyphs_count(layout);
	if (unknown > 0) {
		paper_fault(fault, field, "%s: %d characters are in none of the fonts of this machine", field, unknown);
		g_object_unref(layout);
		return NULL;
	}
	if (style->align == PAPER_CENTRE)
		balance(layout, units);
	pango_layout_set_alignment(layout, style->align == PAPER_CENTRE  ? PANGO_ALIGN_CENTER
					   : style->align == PAPER_RIGHT ? PANGO_ALIGN_RIGHT
									 : PANGO_ALIGN_LEFT);
	return layout;
}

double
paper_text_height(PangoLayout *layout)
{
	PangoRectangle extent;
	pango_layout_get_extents(layout, NULL, &extent);
	return (double)extent.height / PANGO_SCALE;
}

void
paper_text_draw(struct paper_canvas *canvas, PangoLayout *layout, const struct paper_style *style, double left,
		double top, double width)
{
	/* Balanced to less than the width, it is still centred in the whole. */
	double spare = width - (double)pango_layout_get_width(layout) / PANGO_SCALE;
	paper_colour_set(canvas, style->colour);
	cairo_move_to(canvas->cairo, left + spare / 2, top);
	pango_cairo_show_layout(canvas->cairo, layout);
}
