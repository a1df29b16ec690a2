/* services/ctl/progress.h
 *
 * A bar on standard error: redrawn a few times a second on a terminal; elsewhere only its
 * last line is written. */
#ifndef SERVICES_CTL_PROGRESS_H
#define SERVICES_CTL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	const char *what;
	size_t total;
	bool terminal;
	bool quiet;
	int64_t began_us;
	int64_t drawn_us;
};

void progress_begin(struct progress *progress, const char *what, size_t total, bool quiet);
void progress_show(struct progress *progress, size_t done);
void progress_end(struct progress *progress, size_t done);

#endif
