/* common/host/journal_convert.h
 *
 * Journals of the versions before were LMDB environments: one is taken over once, when the
 * service that writes it starts. */
#ifndef COMMON_HOST_JOURNAL_CONVERT_H
#define COMMON_HOST_JOURNAL_CONVERT_H

#include "common/host/error.h"

/* True if the folder holds such a journal. */
bool journal_convert_wanted(const char *folder);
/* Afterwards the folder holds the same entries as a journal of today; a crash leaves the old one. */
bool journal_convert(const char *folder, struct host_error *error);

#endif
