/* tests/sim/flows.h
 *
 * What happened to people, counted by the facts and by no code of the service: hires,
 * transfers and the ways out, each in the month of its day, once that day has come, as
 * later corrections left it. */
#ifndef TESTS_SIM_FLOWS_H
#define TESTS_SIM_FLOWS_H

#include "services/enrollment/metrics.h"

#include <protobuf-c/protobuf-c.h>

struct flows;

typedef void (*flows_count)(void *context, enum enrollment_metric metric, const char *authority_id,
			    const char *category, int32_t day, int64_t delta);

struct flows *flows_new(flows_count count, void *context);
void flows_free(struct flows *flows);
/* The facts of enrollment's journal in their order. */
void flows_fact(struct flows *flows, const ProtobufCMessage *fact, int64_t time_us, int zone_minutes);

#endif
