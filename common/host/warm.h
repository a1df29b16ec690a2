/* common/host/warm.h
 *
 * Before much of a file is changed here and there: what of it the kernel's cache lacks is
 * read in large pieces, one at a time, which a disk does many times faster than page by
 * page, and in between leaves room for others. */
#ifndef COMMON_HOST_WARM_H
#define COMMON_HOST_WARM_H

#include <stddef.h>

/* rows: how many are going to be changed, anywhere in the file. Does nothing if they are too few to be worth it, or
 * the file is larger than half of the machine's memory; nor does a failure matter: it costs time later. */
void file_warm(int fd, size_t rows);

#endif
