/* services/ctl/predecessors.h
 *
 * What became of the units of an older list: a CSV file of old, new, date, share, and
 * optionally name, name_en, kind of the new unit. One bounded call for each unit; the
 * same file again changes nothing, so one that was cut off is simply run again. */
#ifndef SERVICES_CTL_PREDECESSORS_H
#define SERVICES_CTL_PREDECESSORS_H

#include "services/ctl/link.h"

/* The link is to enrollment. --list, --from-version and --version say what the codes are of. False, and said,
 * if the file cannot be read or something was refused. */
bool predecessors_load(const struct args *args, struct link *link, const char *path);

#endif
