/* services/paper/paper_mark.h
 *
 * What stands on a page beside its texts: the QR code, and the word across a specimen. */
#ifndef SERVICES_PAPER_PAPER_MARK_H
#define SERVICES_PAPER_PAPER_MARK_H

#include "services/paper/paper_canvas.h"

/* With its quiet zone, size points wide, and a link as well. */
bool paper_qr(struct paper_canvas *canvas, const char *url, double left, double top, double size,
	      struct paper_colour colour, struct fault *fault);

/* Across the whole page; to be drawn before its texts, so that these stay legible. */
bool paper_specimen(struct paper_canvas *canvas, const char *words, double width, double height,
		    struct paper_colour colour, struct fault *fault);

#endif
