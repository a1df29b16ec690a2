/* common/host/warm.h
 *
 * Files that are read here and there: what of them the kernel's cache lacks is read in
 * large pieces, one at a time, which a disk does many times faster than page by page, and
 * in between leaves room for others. A failure does not matter: it costs time later. */
#ifndef COMMON_HOST_WARM_H
#define COMMON_HOST_WARM_H

#include <stddef.h>
#include <uv.h>

/* Before much of a file is changed. rows: how many are going to be, anywhere in it. Does nothing if they are too few
 * to be worth it, or the file is larger than half of the machine's memory. */
void file_warm(int fd, size_t rows);

/* All of a file, in the background: after a machine was started nothing of it is in the cache, and the first questions
 * would wait for a page each. Does nothing if the file is larger than a quarter of the machine's memory. */
struct warming;
struct warming *warming_begin(uv_loop_t *loop, const char *path);
/* Stops soon, if it has not ended; the loop has to run until nothing of it is left. NULL is none. */
void warming_end(struct warming *warming);

#endif
