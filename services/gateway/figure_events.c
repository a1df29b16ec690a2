/* services/gateway/figure_events.c
 *
 * Source: html.spec.whatwg.org, server-sent events. A block without data sets the last
 * event id and shows nothing, so heartbeats move the position along. */
#include "services/gateway/figure_events.h"

#include "common/wire/json.h"

static void
member(struct buf *out, const char *name, const char *value)
{
	buf_text(out, name);
	json_write_string(out, slice_text(value));
}

void
figure_write(struct buf *out, const Mt__Figure *figure)
{
	member(out, "{\"metric\":", figure->metric);
	member(out, ",\"authorityId\":", figure->authority_id);
	member(out, ",\"authorityCode\":", figure->authority_code);
	member(out, ",\"category\":", figure->category);
	member(out, ",\"month\":", figure->month);
	buf_format(out, ",\"value\":\"%lld\",\"masked\":%s}", (long long)figure->value,
		   figure->masked ? "true" : "false");
}

void
figure_events_write(struct buf *out, Mt__Figure *const *figures, size_t count, const struct position *old,
		    const struct position *new)
{
	char before[POSITION_TEXT_BYTES];
	char after[POSITION_TEXT_BYTES];
	position_format(old, before);
	position_format(new, after);
	for (size_t i = 0; i < count; i++) {
		buf_format(out, "id: %s\nevent: figure\ndata: ", i + 1 < count ? before : after);
		figure_write(out, figures[i]);
		buf_text(out, "\n\n");
	}
}

void
figure_reset_write(struct buf *out)
{
	const struct position nothing = {.places = {{0, 0}}};
	char text[POSITION_TEXT_BYTES];
	position_format(&nothing, text);
	buf_format(out, "id: %s\nevent: reset\ndata: {}\n\n", text);
}

void
figure_heartbeat_write(struct buf *out, const struct position *position)
{
	char text[POSITION_TEXT_BYTES];
	position_format(position, text);
	buf_format(out, ": heartbeat\nid: %s\n\n", text);
}
