/* services/paper/paper_mark.c
 *
 * A URL that goes into a QR code is one that a reader of codes takes for a link: https or
 * http, and only characters that RFC 3986 has, so that nothing in it can end the attribute
 * of the PDF's link. Error correction is level Q: a quarter may be scratched or stamped on. */
#include "services/paper/paper_mark.h"

#include <math.h>
#include <qrencode.h>
#include <stdio.h>

enum { QUIET_MODULES = 4 }; /* ISO/IEC 18004 */

static bool
url_valid(const char *url)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				      "-._~:/?#[]@!$&()*+,;=%";
	size_t size = strnlen(url, PAPER_URL_BYTES_MAX + 1);
	bool scheme = strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
	return scheme && size <= PAPER_URL_BYTES_MAX && strspn(url, allowed) == size;
}

/* Rows of dark modules as bars: fewer shapes, and no hairlines between neighbours. */
static void
modules_draw(cairo_t *cairo, const QRcode *code, double left, double top, double module)
{
	for (int y = 0; y < code->width; y++) {
		const unsigned char *row = code->data + (ptrdiff_t)y * code->width;
		for (int x = 0; x < code->width;) {
			int end = x;
			while (end < code->width && (row[end] & 1) != 0)
				end++;
			if (end > x)
				cairo_rectangle(cairo, left + x * module, top + y * module, (end - x) * module, module);
			x = end > x ? end : x + 1;
		}
	}
	cairo_fill(cairo);
}

bool
paper_qr(struct paper_canvas *canvas, const char *url, double left, double top, double size, struct paper_colour colour,
	 struct fault *fault)
{
	char link[PAPER_URL_BYTES_MAX + 8];
	if (!url_valid(url))
		return paper_fault(fault, "url", "url: not an http address of at most %d plain characters",
				   PAPER_URL_BYTES_MAX);
	QRcode *code = QRcode_encodeString8bit(url, 0, QR_ECLEVEL_Q);
	if (code == NULL)
		return paper_fault(fault, "url", "url: it does not fit a QR code");
	double module = size / (code->width + 2 * QUIET_MODULES);
	snprintf(link, sizeof(link), "uri='%s'", url);
	cairo_tag_begin(canvas->cairo, CAIRO_TAG_LINK, link);
	cairo_set_source_rgb(canvas->cairo, 1, 1, 1);
	cairo_rectangle(canvas->cairo, left, top, size, size);
	cairo_fill(canvas->cairo);
	paper_colour_set(canvas, colour);
	modules_draw(canvas->cairo, code, left + QUIET_MODULES * module, top + QUIET_MODULES * module, module);
	cairo_tag_end(canvas->cairo, CAIRO_TAG_LINK);
	QRcode_free(code);
	return true;
}

bool
paper_specimen(struct paper_canvas *canvas, const char *words, double width, double height, struct paper_colour colour,
	       struct fault *fault)
{
	double diagonal = hypot(width, height);
	struct paper_style style = {
		.size = 160, .least = 10, .rows = 1, .bold = true, .colour = colour, .align = PAPER_CENTRE};
	PangoLayout *layout = paper_text(canvas, &style, words, NULL, diagonal * 0.8, "specimen", fault);
	if (layout == NULL)
		return false;
	cairo_save(canvas->cairo);
	cairo_translate(canvas->cairo, width / 2, height / 2);
	cairo_rotate(canvas->cairo, -atan2(height, width));
	paper_text_draw(canvas, layout, &style, -diagonal * 0.4, -paper_text_height(layout) / 2, diagonal * 0.8);
	cairo_restore(canvas->cairo);
	g_object_unref(layout);
	return true;
}
