/* services/gateway/figure_events.h
 *
 * Figures as JSON and as server-sent events. Unlike elsewhere every member is there,
 * zero too: a figure that fell to zero must say so. Pure. */
#ifndef SERVICES_GATEWAY_FIGURE_EVENTS_H
#define SERVICES_GATEWAY_FIGURE_EVENTS_H

#include "common/base/buf.h"
#include "services/gateway/position.h"

#include "matricula/figures.pb-c.h"

void figure_write(struct buf *out, const Mt__Figure *figure);

/* One event each. Only the last one bears the new position: a reader cut off in between resumes
 * at the old one and is told all of them again. */
void figure_events_write(struct buf *out, Mt__Figure *const *figures, size_t count, const struct position *old,
			 const struct position *new);
/* Forget all figures: a snapshot of everything follows. */
void figure_reset_write(struct buf *out);
void figure_heartbeat_write(struct buf *out, const struct position *position);

#endif
