/* services/paper/paper_canvas.h
 *
 * Pages to draw on and texts set on them. One canvas is one document and everything it
 * uses, font map included, so that a thread owns what it draws with. Lengths are points. */
#ifndef SERVICES_PAPER_PAPER_CANVAS_H
#define SERVICES_PAPER_PAPER_CANVAS_H

#include "services/paper/paper.h"

#include <pango/pangocairo.h>

#define PAPER_MM (72.0 / 25.4)

struct paper_colour {
	double red, green, blue; /* 0 to 1 */
};

enum paper_align { PAPER_LEFT, PAPER_CENTRE, PAPER_RIGHT };

struct paper_style {
	double size;  /* points */
	double least; /* it shrinks down to this to stay within rows; then it takes more rows */
	unsigned rows;
	bool bold, italic;
	double tracking; /* points between letters */
	struct paper_colour colour;
	struct paper_colour beside; /* of the second language on the same line, in italics */
	enum paper_align align;
};

struct paper_canvas {
	struct buf *out;
	cairo_surface_t *surface;
	cairo_t *cairo;
	PangoFontMap *map;
	PangoContext *context;
	const char *fonts; /* families, the preferred one first */
};

/* What stands in the file's properties. */
struct paper_about {
	const char *title, *author;
	int64_t made_us;
};

void paper_canvas_open(struct paper_canvas *canvas, struct buf *out, double width, double height, const char *fonts,
		       const struct paper_about *about);
void paper_canvas_page_end(struct paper_canvas *canvas);
/* Writes what is left and releases everything; false if the document did not come out whole. */
bool paper_canvas_close(struct paper_canvas *canvas, struct fault *fault);

void paper_colour_set(struct paper_canvas *canvas, struct paper_colour colour);

/* A text within a width, shrunk and wrapped by its style; beside may be NULL. The caller unrefs it.
 * NULL and a fault that names the field if a character cannot be drawn. */
PangoLayout *paper_text(struct paper_canvas *canvas, const struct paper_style *style, const char *text,
			const char *beside, double width, const char *field, struct fault *fault);
double paper_text_height(PangoLayout *layout);
/* Into the width it was set for, which begins at left. */
void paper_text_draw(struct paper_canvas *canvas, PangoLayout *layout, const struct paper_style *style, double left,
		     double top, double width);

/* Field and sentence; false, so that it can be returned. */
bool paper_fault(struct fault *fault, const char *field, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
