/* services/ctl/nation_dry.h
 *
 * A sender that sends nothing: every event is packed as it would be and hashed, so that two
 * runs can be compared by one line. */
#ifndef SERVICES_CTL_NATION_DRY_H
#define SERVICES_CTL_NATION_DRY_H

#include "services/ctl/nation_play.h"

#include "common/base/buf.h"
#include "common/base/hash.h"

struct nation_dry {
	struct nation_sender sender;
	struct buf packed;
	uint64_t bytes;
	uint8_t digest[HASH_BYTES]; /* of all events in order; complete after finish */
};

void nation_dry_init(struct nation_dry *dry);

#endif
