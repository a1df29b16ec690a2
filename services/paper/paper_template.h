/* services/paper/paper_template.h
 *
 * A certificate's layout as data: boxes of lines on a page, each line a text with
 * {placeholders}. national.json is one, linked in; lengths in it are millimetres, sizes of
 * type points. Members that are not known, missing or out of range are faults that name
 * them: "boxes[1].lines[0].size". */
#ifndef SERVICES_PAPER_PAPER_TEMPLATE_H
#define SERVICES_PAPER_PAPER_TEMPLATE_H

#include "services/paper/paper_canvas.h"

enum { PAPER_BOXES_MAX = 16, PAPER_LINES_MAX = 24, PAPER_TEMPLATE_BYTES_MAX = 64 << 10 };

struct paper_line {
	const char *text;   /* left out if one of its placeholders is absent */
	const char *beside; /* the second language on the same line; NULL if there is none */
	const char *unless; /* left out if this placeholder is there; NULL for always */
	double before;      /* space above, points */
	double rule;        /* length of a rule below it, points; 0 for none */
	bool upper;
	struct paper_style style;
};

struct paper_box {
	double left, top, width, height; /* points */
	double place;                    /* what the lines leave free stands above them in this share: 0, 0.5, 1 */
	struct paper_line *lines;
	size_t lines_count;
};

struct paper_template {
	double width, height; /* points */
	const char *fonts;
	const char *title; /* of the file */
	const char *specimen;
	struct paper_colour ground, frame, ornament, watermark, ink, warning;
	double watermark_centre[2], watermark_radius;
	double qr_left, qr_top, qr_size;
	struct paper_box *boxes;
	size_t boxes_count;
};

/* A placeholder and what stands for it; text is NULL or "" if it is absent. */
struct paper_value {
	const char *name;
	const char *text;
};

/* In the arena; NULL and the fault. values: the names that a text may use. */
const struct paper_template *
paper_template_read(struct arena *arena, struct slice json, const struct paper_value *values, size_t values_count,
		    struct fault *fault);

/* A text with its placeholders filled in, in the arena; NULL if one of them is absent. */
const char *paper_fill(struct arena *arena, const char *text, const struct paper_value *values, size_t values_count);

#endif
