/* common/base/log.h
 *
 * One line of key=value pairs, built in a buffer; the edge writes it out. Values
 * are quoted when they hold anything but plain characters. No personal data. */
#ifndef COMMON_BASE_LOG_H
#define COMMON_BASE_LOG_H

#include "common/base/buf.h"

void log_begin(struct buf *line, int64_t now_us, const char *level, const char *event);
void log_text(struct buf *line, const char *key, const char *value);
void log_number(struct buf *line, const char *key, int64_t value);

#endif
