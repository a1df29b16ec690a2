/* services/gateway/event_types.h
 *
 * Personnel event types as provinces see them: the CloudEvents type
 * "matricula.person.hired.v1" is the field "hired" of Mt__EventData, and
 * "matricula.person.hired.v2" is "hired_v2". Fields come from the descriptors,
 * examples from a table that a test holds against them. Pure. */
#ifndef SERVICES_GATEWAY_EVENT_TYPES_H
#define SERVICES_GATEWAY_EVENT_TYPES_H

#include "common/base/buf.h"

#include <protobuf-c/protobuf-c.h>

enum { EVENT_TYPE_BYTES = 128 };

/* NULL if no event has that type. */
const ProtobufCFieldDescriptor *event_type_find(struct slice type);
/* False if the field's name does not fit. */
bool event_type_format(const ProtobufCFieldDescriptor *field, char type[EVENT_TYPE_BYTES]);
/* The data of a filled example, as JSON; NULL if the table has none. */
const char *event_type_example(const ProtobufCFieldDescriptor *field);

void event_types_write(struct buf *body);
void event_type_write(struct buf *body, const ProtobufCFieldDescriptor *field);

#endif
