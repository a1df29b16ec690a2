/* common/base/fatal.h
 *
 * A broken environment (disk, memory, corrupt journal): say so once on standard
 * error and abort; the supervisor restarts. Never for bad input or for bugs. */
#ifndef COMMON_BASE_FATAL_H
#define COMMON_BASE_FATAL_H

_Noreturn void fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
