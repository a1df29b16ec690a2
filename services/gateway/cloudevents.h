/* services/gateway/cloudevents.h
 *
 * CloudEvents 1.0.2 in JSON (structured and batch) and as HTTP headers (binary), read
 * into what Events.Push takes. Unknown attributes are ignored; unknown fields of data
 * are refused by name. What is wrong with one event is that event's own verdict; what
 * is wrong with the whole body is a fault. Pure; all memory is the caller's arena.
 * Source: github.com/cloudevents/spec, v1.0.2: JSON format, HTTP protocol binding. */
#ifndef SERVICES_GATEWAY_CLOUDEVENTS_H
#define SERVICES_GATEWAY_CLOUDEVENTS_H

#include "common/base/arena.h"
#include "common/wire/pb.h"

#include "matricula/event.pb-c.h"

struct cloud_event {
	/* source, id and subject are set as far as they could be read, "" otherwise. */
	Mt__PushEventRequest request;
	Mt__EventData data;
	/* NULL if the event is sound; else what is wrong, to be answered as a rejection. */
	const char *code;  /* "missing_subject" and so on, "invalid_attribute", "unknown_type", "invalid_data" */
	const char *field; /* "subject", "data.effectiveDate" */
	const char *message;
	const char *message_vi;
};

/* The attributes of one event, as found; data NULL where there is none. */
struct cloud_attributes {
	struct slice specversion;
	struct slice id;
	struct slice source;
	struct slice type;
	struct slice subject;
	struct slice time;
	struct slice datacontenttype;
	struct slice sequence;
	struct slice payload; /* of data, still JSON */
	struct slice data_base64;
	const char *wrong; /* name of the first attribute that is no string, or stands twice, or holds NUL */
};

/* A media type whose content is JSON: its subtype is json or ends in +json (JSON format, section 3.1). */
bool cloudevents_type_is_json(struct slice type);

/* Structured mode: one JSON object. False, and the fault, if the body is no JSON object. */
bool cloudevents_read_one(struct arena *arena, struct slice body, struct cloud_event *event, struct fault *fault);

/* Batch mode: an array. events has room for max. The number of events; -1 and the fault if the
 * body is no array; max + 1 if it holds more. */
long cloudevents_read_batch(struct arena *arena, struct slice body, struct cloud_event *events, long max,
			    struct fault *fault);

/* Binary mode: one ce- header, its name in lower case without "ce-", its value as it came. */
void cloudevents_header(struct arena *arena, struct cloud_attributes *attributes, const char *name, struct slice value);

/* The verdict over what was found. */
void cloudevents_judge(struct arena *arena, const struct cloud_attributes *attributes, struct cloud_event *event);

#endif
