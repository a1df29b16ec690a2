/* proto/gen/check.h
 *
 * What may not be built: methods without a full rule, and shapes of messages that
 * protobuf-c, the arena or HTTP cannot carry. */
#ifndef PROTO_GEN_CHECK_H
#define PROTO_GEN_CHECK_H

#include "proto/gen/model.h"

/* Refuses into the model, one sentence per fault, with file and name. */
void check_model(struct model *model);

#endif
