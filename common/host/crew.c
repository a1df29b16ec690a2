/* common/host/crew.c
 *
 * The share lives until both have left it: a worker may come when all is done, and finds
 * nothing to do then. The caller waits only for what the worker has begun. */
#include "common/host/crew.h"

#include "common/base/fatal.h"

#include <assert.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

struct share {
	uv_work_t request;
	void (*work)(void *context, size_t index);
	void *context; /* stands until all is done */
	size_t count;
	atomic_size_t next;
	atomic_size_t done;
};

static void
take_on(struct share *share)
{
	size_t index;
	while ((index = atomic_fetch_add(&share->next, 1)) < share->count) {
		share->work(share->context, index);
		atomic_fetch_add(&share->done, 1);
	}
}

static void
on_work(uv_work_t *request)
{
	take_on(request->data);
}

static void
on_worked(uv_work_t *request, int status)
{
	assert(status == 0); /* never cancelled */
	free(request->data);
}

void
crew_share(uv_loop_t *loop, void (*work)(void *context, size_t index), void *context, size_t count)
{
	struct share *share = malloc(sizeof(*share));
	if (share == NULL)
		fatal("no memory left for a share of work");
	*share = (struct share){.work = work, .context = context, .count = count};
	share->request.data = share;
	int code = uv_queue_work(loop, &share->request, on_work, on_worked);
	assert(code == 0);
	take_on(share);
	while (atomic_load(&share->done) < count)
		sched_yield();
}
