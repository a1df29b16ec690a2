/* services/ctl/audit_data.h
 *
 * The audit of the transparency log where it lies: journal and state of certificate. */
#ifndef SERVICES_CTL_AUDIT_DATA_H
#define SERVICES_CTL_AUDIT_DATA_H

#include "services/ctl/audit_state.h"

/* False, and said, unless the journal's chain is whole, its leaves stand one behind the other and say what they hash,
 * the state's rows of the log are the same and give the same tree, and that tree has what was kept as its beginning. */
bool audit_data(const char *data, const struct audit_state *old, struct arena *arena);

#endif
