/* common/base/fatal.c
 *
 * The last line a process says. It is formatted on the stack and handed over in
 * one piece, because memory may be what is missing and other threads may still
 * be talking. A longer message is cut, never lost. */
#include "common/base/fatal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FATAL_LINE_BYTES = 1024 };

_Noreturn void
fatal(const char *format, ...)
{
	char message[FATAL_LINE_BYTES];
	char line[FATAL_LINE_BYTES + sizeof("fatal: \n")];
	va_list args;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	snprintf(line, sizeof(line), "fatal: %s\n", message);
	fputs(line, stderr);
	abort();
}
