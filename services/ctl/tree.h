/* services/ctl/tree.h
 *
 * The root of the authority tree, which has to be there before anything else. */
#ifndef SERVICES_CTL_TREE_H
#define SERVICES_CTL_TREE_H

#include "services/ctl/link.h"

#define ROOT_CODE "VN"
#define UNITS_LIST "vn-units"
#define UNITS_VERSION "2025"
#define UNITS_VERSION_BEFORE "2024" /* the one that the predecessors of its units are of */
#define BODIES_LIST "vn-bodies"     /* bodies that are no places */
#define BODIES_VERSION "1"

/* Registers VN unless it is there. The link is to enrollment. False, and said. */
bool tree_ensure_root(struct link *link);

#endif
