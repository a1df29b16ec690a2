/* tests/sim/agenda.c
 *
 * A binary heap in one array. */
#include "tests/sim/agenda.h"

#include <stdlib.h>

#include "common/base/fatal.h"

static bool
event_before(const struct event *a, const struct event *b)
{
	return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

static void
events_swap(struct event *a, struct event *b)
{
	struct event kept = *a;
	*a = *b;
	*b = kept;
}

static void
heap_rise(struct agenda *agenda, size_t at)
{
	while (at > 0 && event_before(&agenda->events[at], &agenda->events[(at - 1) / 2])) {
		events_swap(&agenda->events[at], &agenda->events[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
}

static void
heap_sink(struct agenda *agenda, size_t at)
{
	for (;;) {
		size_t first = at;
		for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < agenda->count; child++) {
			if (event_before(&agenda->events[child], &agenda->events[first]))
				first = child;
		}
		if (first == at)
			return;
		events_swap(&agenda->events[at], &agenda->events[first]);
		at = first;
	}
}

void
agenda_push(struct agenda *agenda, struct event event)
{
	if (agenda->count == agenda->capacity) {
		agenda->capacity = agenda->capacity == 0 ? 256 : 2 * agenda->capacity;
		agenda->events = realloc(agenda->events, agenda->capacity * sizeof(agenda->events[0]));
		if (agenda->events == NULL)
			fatal("no memory left for simulated events");
	}
	event.order = ++agenda->pushed;
	agenda->events[agenda->count++] = event;
	heap_rise(agenda, agenda->count - 1);
}

bool
agenda_pop(struct agenda *agenda, struct event *event)
{
	if (agenda->count == 0)
		return false;
	*event = agenda->events[0];
	agenda->events[0] = agenda->events[--agenda->count];
	heap_sink(agenda, 0);
	return true;
}

const struct event *
agenda_first(const struct agenda *agenda)
{
	return agenda->count == 0 ? NULL : &agenda->events[0];
}

void
agenda_remove(struct agenda *agenda, bool (*match)(void *context, const struct event *event), void *context)
{
	size_t kept = 0;
	for (size_t i = 0; i < agenda->count; i++) {
		if (match(context, &agenda->events[i]))
			free(agenda->events[i].bytes);
		else
			agenda->events[kept++] = agenda->events[i];
	}
	agenda->count = kept;
	for (size_t i = kept; i-- > 0;)
		heap_sink(agenda, i);
}

void
agenda_free(struct agenda *agenda)
{
	for (size_t i = 0; i < agenda->count; i++)
		free(agenda->events[i].bytes);
	free(agenda->events);
	*agenda = (struct agenda){0};
}
