/* services/paper/paper_ornament.h
 *
 * What makes a sheet a document of state: the woven frame, the sun of the Đông Sơn drum
 * behind the text, small rules. All of it is drawn as lines, none of it is an image. */
#ifndef SERVICES_PAPER_PAPER_ORNAMENT_H
#define SERVICES_PAPER_PAPER_ORNAMENT_H

#include "services/paper/paper_canvas.h"

/* The ground within a band of woven lines, a rosette in each corner. */
void paper_frame(struct paper_canvas *canvas, double width, double height, struct paper_colour ground,
		 struct paper_colour frame, struct paper_colour ornament);
/* Rings and the star of fourteen rays, as on the drum of Ngọc Lũ. */
void paper_drum(struct paper_canvas *canvas, double x, double y, double radius, struct paper_colour colour);
/* A rule with a lozenge in its middle. */
void paper_rule(struct paper_canvas *canvas, double x, double y, double length, struct paper_colour colour);

#endif
