/* common/core/queue.c
 *
 * Frames waiting to be decided, first come first served, bounded in count and bytes. */
#include "common/core/impl.h"

#include <stdlib.h>

#include "common/base/fatal.h"

bool
queue_push(struct queue *queue, struct slice route, struct slice frame, int64_t received_us)
{
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
	*queue->last = queued;
	queue->last = &queued->next;
	queue->frames++;
	queue->bytes += frame.size;
	return true;
}

struct queued *
queue_pop(struct queue *queue)
{
	struct queued *queued = queue->first;
	if (queued == NULL)
		return NULL;
	queue->first = queued->next;
	if (queue->first == NULL)
		queue->last = &queue->first;
	queue->frames--;
	queue->bytes -= queued->frame_size;
	return queued;
}

void
queue_clear(struct queue *queue)
{
	struct queued *queued;
	while ((queued = queue_pop(queue)) != NULL)
		free(queued);
}
