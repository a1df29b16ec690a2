/* common/core/queue.c
 *
 * Frames waiting to be decided, bounded in count and bytes: first come first served in each
 * of two lanes. The frame a lane has under way is worked off call by call, so that a
 * large one of the other lane never holds it up. */
#include "common/core/impl.h"

#include <stdlib.h>

#include "common/base/fatal.h"

void
queue_init(struct queue *queue)
{
	for (unsigned i = 0; i < LANES; i++) {
		struct lane *lane = &queue->lanes[i];
		lane->last = &lane->first;
		buf_init(&lane->replies, FRAME_BYTES_MAX);
	}
}

bool
queue_push(struct queue *queue, enum lane_kind kind, struct slice route, struct slice frame, int64_t received_us)
{
	struct lane *lane = &queue->lanes[kind];
	if (queue->frames >= QUEUE_FRAMES_MAX || queue->bytes + frame.size > QUEUE_BYTES_MAX)
		return false;
	struct queued *queued = malloc(sizeof(*queued) + route.size + frame.size);
	if (queued == NULL)
		fatal("no memory for a queued frame of %zu bytes", frame.size);
	queued->next = NULL;
	queued->received_us = received_us;
	queued->route_size = route.size;
	queued->frame_size = frame.size;
	memcpy(queued->bytes, route.data, route.size);
	memcpy(queued->bytes + route.size, frame.data, frame.size);
	*lane->last = queued;
	lane->last = &queued->next;
	queue->frames++;
	queue->bytes += frame.size;
	return true;
}

bool
queue_take(struct queue *queue, enum lane_kind kind)
{
	struct lane *lane = &queue->lanes[kind];
	struct queued *queued = lane->first;
	if (queued == NULL)
		return false;
	lane->first = queued->next;
	if (lane->first == NULL)
		lane->last = &lane->first;
	queue->frames--;
	queue->bytes -= queued->frame_size;
	lane->under_way = queued;
	lane->at = 0;
	buf_reset(&lane->replies);
	return true;
}

void
queue_done(struct queue *queue, enum lane_kind kind)
{
	struct lane *lane = &queue->lanes[kind];
	free(lane->under_way);
	lane->under_way = NULL;
}

bool
queue_is_idle(const struct queue *queue)
{
	for (unsigned i = 0; i < LANES; i++) {
		if (queue->lanes[i].first != NULL || queue->lanes[i].under_way != NULL)
			return false;
	}
	return true;
}

void
queue_clear(struct queue *queue)
{
	for (unsigned i = 0; i < LANES; i++) {
		queue_done(queue, i);
		while (queue_take(queue, i))
			queue_done(queue, i);
		buf_free(&queue->lanes[i].replies);
	}
}
