/* services/gateway/subject.h
 *
 * GET /v1/persons/{personId}/export: everything that is held of a person, as one JSON
 * object or as a page. */
#ifndef SERVICES_GATEWAY_SUBJECT_H
#define SERVICES_GATEWAY_SUBJECT_H

#include "services/gateway/request.h"

#include "matricula/subject.pb-c.h"

/* What is held of one record: a part of each service that was asked, else NULL. */
struct subject_record {
	const char *record_id;
	const Mt__SubjectPart *parts[SERVICES];
};

struct subject_file {
	const char *person_id;
	int64_t exported_us;
	struct subject_record records[SUBJECT_RECORDS_MAX];
	size_t records_count;
	const char **next; /* paths of what did not fit */
	size_t next_count;
};

/* context is an array of SERVICES upstreams. */
void subject_serve(struct request *request, void *context);

#endif
