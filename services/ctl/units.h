/* services/ctl/units.h
 *
 * The units below the root, for commands that need one of them in a tree where nobody has
 * registered any yet. */
#ifndef SERVICES_CTL_UNITS_H
#define SERVICES_CTL_UNITS_H

#include "services/ctl/link.h"

/* Sees to it that the authority is known: the root is registered, and if nothing but the root is there, the
 * units that came with this program are (one line on standard error). The link is to enrollment. False, and
 * said with the next step, if it stays unknown. */
bool units_ensure(const struct args *args, struct link *link, const char *authority);

#endif
