/* services/gateway/etag.h
 *
 * Tags of records, and what is asked of them: If-None-Match by who reads, If-Match by who changes (RFC 9110 section
 * 13). A tag is of the reply's bytes, so a service can tell whether it still holds; see common/core/precondition.c. */
#ifndef SERVICES_GATEWAY_ETAG_H
#define SERVICES_GATEWAY_ETAG_H

#include "services/gateway/request.h"

enum { ETAG_BYTES = 48 };

/* False of a reply that has no version. */
bool etag_make(const ProtobufCMessage *message, struct slice reply, char etag[ETAG_BYTES]);
/* True if who reads has it already, so that 304 is the answer. */
bool etag_known(struct request *request, const char *etag);

/* *precondition is NULL if nothing is asked. False, and refused, where nothing can be. */
bool etag_precondition(struct request *request, Mt__Precondition **precondition);

#endif
