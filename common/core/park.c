/* common/core/park.c
 *
 * Long polls: queries that had nothing to say yet. The call is kept as it came and
 * decided anew when the journal or the figures moved, access check included, so a
 * token revoked meanwhile is refused; when time runs out it answers what it has. */
#include "common/core/impl.h"

#include <stdlib.h>

#include "common/base/fatal.h"

bool
park_add(struct node *node, struct slice route, struct slice call, enum key_kind kind, const struct call *from)
{
	if (node->parked_count >= PARKED_CALLS_MAX)
		return false;
	struct parked *parked = malloc(sizeof(*parked) + route.size + call.size);
	if (parked == NULL)
		fatal("no memory for a parked call of %zu bytes", call.size);
	parked->on = from->park_on;
	parked->kind = kind;
	parked->caller = *from->caller;
	parked->until_us = node->world->monotonic_us(node->world->context) + (int64_t)from->park_ms * 1000;
	parked->route_size = route.size;
	parked->call_size = call.size;
	memcpy(parked->bytes, route.data, route.size);
	memcpy(parked->bytes + route.size, call.data, call.size);
	parked->next = node->parked;
	node->parked = parked;
	node->parked_count++;
	return true;
}

static void
drop(struct node *node, struct parked **at)
{
	struct parked *parked = *at;
	*at = parked->next;
	node->parked_count--;
	free(parked);
}

/* Tries again what wants it. A call that parks itself anew is put at the head of the
 * list, which this walk has left behind. */
static void
retry(struct node *node, bool (*wanted)(const struct parked *parked, int64_t now_us, enum park_on on), enum park_on on)
{
	int64_t now_us = node->world->monotonic_us(node->world->context);
	struct parked *list = node->parked;
	struct parked *kept = NULL;
	node->parked = NULL;
	while (list != NULL) {
		struct parked *parked = list;
		list = parked->next;
		if (!wanted(parked, now_us, on)) {
			parked->next = kept;
			kept = parked;
			continue;
		}
		node->parked_count--;
		dispatch_parked(node, parked, parked->until_us <= now_us || node->draining);
		free(parked);
	}
	while (kept != NULL) {
		struct parked *parked = kept;
		kept = parked->next;
		parked->next = node->parked;
		node->parked = parked;
	}
}

static bool
is_on(const struct parked *parked, int64_t now_us, enum park_on on)
{
	(void)now_us;
	return parked->on == on;
}

static bool
is_over(const struct parked *parked, int64_t now_us, enum park_on on)
{
	(void)on;
	return parked->until_us <= now_us;
}

void
park_wake(struct node *node, enum park_on on)
{
	if (node->parked != NULL)
		retry(node, is_on, on);
}

void
park_expire(struct node *node)
{
	if (node->parked != NULL && park_next_us(node) <= node->world->monotonic_us(node->world->context))
		retry(node, is_over, PARK_ON_JOURNAL);
}

int64_t
park_next_us(const struct node *node)
{
	int64_t next = INT64_MAX;
	for (const struct parked *parked = node->parked; parked != NULL; parked = parked->next) {
		if (parked->until_us < next)
			next = parked->until_us;
	}
	return next;
}

void
park_clear(struct node *node)
{
	while (node->parked != NULL)
		drop(node, &node->parked);
}
