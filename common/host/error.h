/* common/host/error.h
 *
 * Why something could not be done, as a sentence for the person who started it.
 * Edges print it; nothing in host logs on its own. */
#ifndef COMMON_HOST_ERROR_H
#define COMMON_HOST_ERROR_H

#include <stdbool.h>

struct host_error {
	char text[512];
};

/* Fills the text, unless error is NULL. Always false, so a function can return it. */
bool host_error_set(struct host_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
