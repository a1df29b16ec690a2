/* services/ctl/progress.c
 *
 * Nothing but drawing. */
#include "services/ctl/progress.h"

#include "common/host/probe.h"

#include <stdio.h>
#include <unistd.h>

enum { WIDTH = 32, DRAW_EVERY_US = 100 * 1000 };

void
progress_begin(struct progress *progress, const char *what, size_t total, bool quiet)
{
	*progress = (struct progress){
		.what = what,
		.total = total,
		.terminal = isatty(STDERR_FILENO),
		.quiet = quiet,
		.began_us = probe_monotonic_us(),
	};
}

static void
draw(const struct progress *progress, size_t done, const char *end)
{
	char bar[WIDTH + 1];
	double seconds = (double)(probe_monotonic_us() - progress->began_us) / 1e6;
	size_t filled = progress->total == 0 ? WIDTH : done * WIDTH / progress->total;
	for (size_t i = 0; i < WIDTH; i++)
		bar[i] = i < filled ? '#' : '.';
	bar[WIDTH] = '\0';
	fprintf(stderr, "%s%s [%s] %zu/%zu, %.0f/s%s", progress->terminal ? "\r" : "", progress->what, bar, done,
		progress->total, seconds > 0 ? (double)done / seconds : 0, end);
}

void
progress_show(struct progress *progress, size_t done)
{
	int64_t now_us = probe_monotonic_us();
	if (progress->quiet || !progress->terminal || now_us - progress->drawn_us < DRAW_EVERY_US)
		return;
	progress->drawn_us = now_us;
	draw(progress, done, "");
}

void
progress_end(struct progress *progress, size_t done)
{
	if (!progress->quiet)
		draw(progress, done, "\n");
}
