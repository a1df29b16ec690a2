/* services/gateway/event_outcomes.h
 *
 * What became of events, in words: on being pushed, and when somebody asks later. */
#ifndef SERVICES_GATEWAY_EVENT_OUTCOMES_H
#define SERVICES_GATEWAY_EVENT_OUTCOMES_H

#include "services/gateway/request.h"

#include "matricula/event.pb-c.h"

struct event_result {
	Mt__Event__Outcome outcome;
	const char *field;
	const char *code;
	const char *message;
	const char *message_vi;
};

/* A member of an object: name is written as it is, with what stands before the value. */
void event_member_write(struct buf *body, const char *name, const char *value);
/* Its members, with a comma before the first. */
void event_result_write(struct buf *body, const struct event_result *result);
unsigned event_result_status(Mt__Event__Outcome outcome);

/* GET /v1/events: one, or those with an outcome; context is the upstream of enrollment. */
void event_serve(struct request *request, void *context);

#endif
