/* common/host/error.c
 *
 * One bounded sentence; what does not fit is cut. */
#include "common/host/error.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

bool
host_error_set(struct host_error *error, const char *format, ...)
{
	if (error == NULL)
		return false;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	return false;
}
