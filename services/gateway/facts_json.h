/* services/gateway/facts_json.h
 *
 * A journal entry as one JSON object for readers outside:
 * {"seq": 12, "time": "...", "facts": [{"type": "LearnerEnrolled", "data": {...}}]}.
 * Facts are decoded by descriptor; secrets and token hashes are left out. Pure. */
#ifndef SERVICES_GATEWAY_FACTS_JSON_H
#define SERVICES_GATEWAY_FACTS_JSON_H

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "services/gateway/position.h"

#include <protobuf-c/protobuf-c.h>

/* The two-level oneof of what can happen in a service. */
const ProtobufCMessageDescriptor *facts_type(enum service service);

/* False if the bytes are no entry. An entry without facts writes nothing; *seq is set all the same. */
bool facts_write(struct buf *out, struct arena *arena, const ProtobufCMessageDescriptor *type, struct slice entry,
		 uint64_t *seq);

#endif
