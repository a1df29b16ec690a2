/* services/gateway/outlet.h
 *
 * An answer that goes on: server-sent events or lines, written as they come, sent as
 * the client takes them. A client that takes too little is cut off when its buffer is
 * full; what is written is either sent in order or the connection ends. */
#ifndef SERVICES_GATEWAY_OUTLET_H
#define SERVICES_GATEWAY_OUTLET_H

#include "services/gateway/request.h"

struct outlet;

struct outlet_owner {
	/* All that was written is on its way: room for more. May be NULL. May write or end. */
	void (*on_empty)(void *context);
	/* The connection is over, whoever ended it; the outlet must not be touched after. */
	void (*on_gone)(void *context);
	void *context;
};

/* True if only the head was asked for: answered, empty and with that type. A stream after it would be read as the
 * next answer. */
bool outlet_answer_head(struct request *request, const char *type);
/* Answers the request, 200 with that type. */
struct outlet *outlet_open(struct request *request, const char *type, const struct outlet_owner *owner);
void outlet_write(struct outlet *outlet, struct slice bytes);
/* What was written is still sent, then the answer is complete. on_gone follows, later. */
void outlet_end(struct outlet *outlet);
/* Answers that go on, of the whole process, and how many were cut off for reading too slowly. */
unsigned outlets_open(void);
uint64_t outlets_cut(void);

#endif
