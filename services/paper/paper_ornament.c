/* services/paper/paper_ornament.c
 *
 * A woven line is a sine: half a period is one Bezier curve whose control points lie at
 * WAVE_REACH of the half period, at the height of the turning points (within 1 % of the sine).
 * Several of them, shifted against each other, make the band. A rosette is the same thought
 * around a centre. */
#include "services/paper/paper_ornament.h"

#include <math.h>

static const double WAVE_REACH = 0.3642; /* 1 - 2 / pi: the tangents at the turning points are level */

enum { WAVES = 5, DRUM_RAYS = 14, ROSETTE_LOBES = 12, ROSETTE_LINES = 4 };

static void
stroke(struct paper_canvas *canvas, struct paper_colour colour, double thickness)
{
	paper_colour_set(canvas, colour);
	cairo_set_line_width(canvas->cairo, thickness);
	cairo_stroke(canvas->cairo);
}

static void
ring(struct paper_canvas *canvas, double x, double y, double radius)
{
	cairo_new_sub_path(canvas->cairo);
	cairo_arc(canvas->cairo, x, y, radius, 0, 2 * G_PI);
}

/* --- frame ------------------------------------------------------------------------------------------------------ */

/* From the origin along the x axis, in whole half periods, between -height and height. */
static void
wave(cairo_t *cairo, double length, unsigned halves, double height, double shift)
{
	double half = length / halves;
	double side = height;
	double x = -shift * half;
	cairo_move_to(cairo, x, -side);
	for (unsigned i = 0; i < halves + 1; i++, side = -side) {
		cairo_curve_to(cairo, x + WAVE_REACH * half, -side, x + half - WAVE_REACH * half, side, x + half, side);
		x += half;
	}
}

/* A side of the frame: its middle line runs from the origin along the x axis. */
static void
band(struct paper_canvas *canvas, double length, double height, struct paper_colour frame, struct paper_colour ornament)
{
	cairo_t *cairo = canvas->cairo;
	unsigned halves = 2 * (unsigned)lround(length / (5.2 * height));
	cairo_save(cairo);
	cairo_rectangle(cairo, 0, -height, length, 2 * height);
	cairo_clip(cairo);
	for (unsigned i = 0; i < WAVES; i++) {
		wave(cairo, length, halves, height * 0.86, (double)i / WAVES);
		wave(cairo, length, halves, -height * 0.86, (double)i / WAVES);
	}
	stroke(canvas, ornament, 0.35);
	wave(cairo, length, halves, height * 0.42, 0.5);
	wave(cairo, length, halves, -height * 0.42, 0.5);
	stroke(canvas, frame, 0.5);
	cairo_restore(cairo);
}

static void
rosette(struct paper_canvas *canvas, double x, double y, double radius, struct paper_colour colour)
{
	enum { STEPS = 12 * ROSETTE_LOBES };
	for (int line = 0; line < ROSETTE_LINES; line++) {
		for (int step = 0; step <= STEPS; step++) {
			double angle = 2 * G_PI * step / STEPS;
			double lobe = cos(ROSETTE_LOBES * angle + G_PI * line / ROSETTE_LINES * 2);
			double at = radius * (0.64 + 0.3 * lobe);
			cairo_line_to(canvas->cairo, x + at * sin(angle), y + at * cos(angle));
		}
		cairo_close_path(canvas->cairo);
	}
	stroke(canvas, colour, 0.35);
}

static void
corner(struct paper_canvas *canvas, double x, double y, double radius, struct paper_colour ground,
       struct paper_colour frame, struct paper_colour ornament)
{
	cairo_rectangle(canvas->cairo, x - radius, y - radius, 2 * radius, 2 * radius);
	paper_colour_set(canvas, ground);
	cairo_fill_preserve(canvas->cairo);
	stroke(canvas, frame, 0.6);
	rosette(canvas, x, y, radius, ornament);
	ring(canvas, x, y, radius * 0.34);
	paper_colour_set(canvas, ground);
	cairo_fill_preserve(canvas->cairo);
	stroke(canvas, frame, 0.6);
	for (int i = 0; i < 2 * 8; i++) {
		double at = radius * (i % 2 == 0 ? 0.27 : 0.11);
		cairo_line_to(canvas->cairo, x + at * sin(G_PI * i / 8), y - at * cos(G_PI * i / 8));
	}
	cairo_close_path(canvas->cairo);
	paper_colour_set(canvas, frame);
	cairo_fill(canvas->cairo);
}

static void
inset(struct paper_canvas *canvas, double width, double height, double by)
{
	cairo_rectangle(canvas->cairo, by, by, width - 2 * by, height - 2 * by);
}

static void
sides(struct paper_canvas *canvas, double width, double height, double middle, double half, struct paper_colour frame,
      struct paper_colour ornament)
{
	const double sizes[] = {width, height};
	for (int i = 0; i < 4; i++) {
		double length = sizes[i % 2] - 2 * (middle + half);
		cairo_save(canvas->cairo);
		cairo_translate(canvas->cairo, i == 1 || i == 2 ? width : 0, i >= 2 ? height : 0);
		cairo_rotate(canvas->cairo, G_PI / 2 * i);
		cairo_translate(canvas->cairo, middle + half, middle);
		band(canvas, length, half, frame, ornament);
		cairo_restore(canvas->cairo);
	}
}

void
paper_frame(struct paper_canvas *canvas, double width, double height, struct paper_colour ground,
	    struct paper_colour frame, struct paper_colour ornament)
{
	const double outer = 7 * PAPER_MM;
	const double inner = 14.5 * PAPER_MM;
	const double middle = (outer + inner) / 2;
	const double half = (inner - outer) / 2;
	inset(canvas, width, height, outer);
	paper_colour_set(canvas, ground);
	cairo_fill(canvas->cairo);
	sides(canvas, width, height, middle, half, frame, ornament);
	inset(canvas, width, height, outer);
	stroke(canvas, frame, 1.6);
	inset(canvas, width, height, inner);
	stroke(canvas, frame, 0.8);
	inset(canvas, width, height, inner + 1.4 * PAPER_MM);
	stroke(canvas, ornament, 0.4);
	for (int i = 0; i < 4; i++) {
		corner(canvas, i % 2 == 0 ? middle : width - middle, i < 2 ? middle : height - middle, half, ground,
		       frame, ornament);
	}
}

/* --- drum ------------------------------------------------------------------------------------------------------- */

static void
radial(struct paper_canvas *canvas, double x, double y, double angle, double from, double to)
{
	cairo_move_to(canvas->cairo, x + from * sin(angle), y - from * cos(angle));
	cairo_line_to(canvas->cairo, x + to * sin(angle), y - to * cos(angle));
}

static void
drum_star(struct paper_canvas *canvas, double x, double y, double radius, struct paper_colour colour)
{
	for (int i = 0; i < 2 * DRUM_RAYS; i++) {
		double at = radius * (i % 2 == 0 ? 1 : 0.36);
		double angle = G_PI * i / DRUM_RAYS;
		cairo_line_to(canvas->cairo, x + at * sin(angle), y - at * cos(angle));
	}
	cairo_close_path(canvas->cairo);
	paper_colour_set(canvas, colour);
	cairo_fill(canvas->cairo);
	/* Chevrons between the rays, their points outward. */
	for (int i = 0; i < DRUM_RAYS; i++) {
		double angle = 2 * G_PI * (i + 0.5) / DRUM_RAYS;
		for (int step = 0; step < 3; step++) {
			double top = radius * (0.97 - 0.14 * step);
			double foot = radius * (0.99 - 0.02 * step);
			double spread = 0.62 * G_PI / DRUM_RAYS * (1 - 0.3 * step);
			cairo_move_to(canvas->cairo, x + foot * sin(angle - spread), y - foot * cos(angle - spread));
			cairo_line_to(canvas->cairo, x + (top - radius * 0.3) * sin(angle),
				      y - (top - radius * 0.3) * cos(angle));
			cairo_line_to(canvas->cairo, x + foot * sin(angle + spread), y - foot * cos(angle + spread));
		}
	}
	stroke(canvas, colour, 0.5);
}

/* Rings of circles joined by their tangents. */
static void
drum_circles(struct paper_canvas *canvas, double x, double y, double radius, double size, int count,
	     struct paper_colour colour)
{
	for (int i = 0; i < count; i++) {
		double angle = 2 * G_PI * i / count;
		double next = 2 * G_PI * (i + 1) / count;
		double cx = x + radius * sin(angle);
		double cy = y - radius * cos(angle);
		ring(canvas, cx, cy, size);
		ring(canvas, cx, cy, size * 0.35);
		cairo_move_to(canvas->cairo, x + (radius - size) * sin(angle), y - (radius - size) * cos(angle));
		cairo_line_to(canvas->cairo, x + (radius + size) * sin(next), y - (radius + size) * cos(next));
	}
	stroke(canvas, colour, 0.45);
}

static void
drum_teeth(struct paper_canvas *canvas, double x, double y, double from, double to, int count,
	   struct paper_colour colour)
{
	for (int i = 0; i < count; i++) {
		double angle = 2 * G_PI * i / count;
		double half = G_PI / count;
		cairo_move_to(canvas->cairo, x + from * sin(angle - half), y - from * cos(angle - half));
		cairo_line_to(canvas->cairo, x + to * sin(angle), y - to * cos(angle));
		cairo_line_to(canvas->cairo, x + from * sin(angle + half), y - from * cos(angle + half));
		cairo_close_path(canvas->cairo);
	}
	paper_colour_set(canvas, colour);
	cairo_fill(canvas->cairo);
}

static void
drum_ladder(struct paper_canvas *canvas, double x, double y, double from, double to, int count,
	    struct paper_colour colour)
{
	for (int i = 0; i < count; i++)
		radial(canvas, x, y, 2 * G_PI * i / count, from, to);
	stroke(canvas, colour, 0.35);
}

void
paper_drum(struct paper_canvas *canvas, double x, double y, double radius, struct paper_colour colour)
{
	static const double rings[] = {0.27, 0.285, 0.36,  0.375, 0.46,  0.475, 0.54,
				       0.67, 0.74,  0.755, 0.84,  0.855, 0.93,  1};
	drum_star(canvas, x, y, radius * 0.26, colour);
	for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++)
		ring(canvas, x, y, radius * rings[i]);
	stroke(canvas, colour, 0.5);
	drum_ladder(canvas, x, y, radius * 0.285, radius * 0.36, 96, colour);
	drum_circles(canvas, x, y, radius * 0.4175, radius * 0.034, 36, colour);
	drum_teeth(canvas, x, y, radius * 0.475, radius * 0.53, 72, colour);
	drum_circles(canvas, x, y, radius * 0.605, radius * 0.05, 24, colour);
	drum_ladder(canvas, x, y, radius * 0.67, radius * 0.68, 24, colour);
	drum_teeth(canvas, x, y, radius * 0.74, radius * 0.68, 96, colour);
	drum_circles(canvas, x, y, radius * 0.7975, radius * 0.034, 72, colour);
	drum_ladder(canvas, x, y, radius * 0.855, radius * 0.93, 180, colour);
	drum_teeth(canvas, x, y, radius * 0.93, radius * 0.99, 120, colour);
}

void
paper_rule(struct paper_canvas *canvas, double x, double y, double length, struct paper_colour colour)
{
	const double lozenge = 2.2;
	cairo_move_to(canvas->cairo, x - length / 2, y);
	cairo_line_to(canvas->cairo, x - 2 * lozenge, y);
	cairo_move_to(canvas->cairo, x + 2 * lozenge, y);
	cairo_line_to(canvas->cairo, x + length / 2, y);
	stroke(canvas, colour, 0.6);
	cairo_move_to(canvas->cairo, x - lozenge, y);
	cairo_line_to(canvas->cairo, x, y - lozenge);
	cairo_line_to(canvas->cairo, x + lozenge, y);
	cairo_line_to(canvas->cairo, x, y + lozenge);
	cairo_close_path(canvas->cairo);
	paper_colour_set(canvas, colour);
	cairo_fill(canvas->cairo);
}
