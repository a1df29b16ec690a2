/* services/enrollment/event_read.h
 *
 * The parts that an event's data is made of, read into a change: texts in NFC within their
 * limits, civil dates that the calendar has and that can be meant, authorities that exist.
 * Each is false when it rejected; the verdict says why. Between event_read.c and
 * event_check.c only. */
#ifndef SERVICES_ENROLLMENT_EVENT_READ_H
#define SERVICES_ENROLLMENT_EVENT_READ_H

#include "services/enrollment/enrollment.h"

/* An event's data on its way to a change. */
struct reading {
	struct call *call;
	const Mt__AuthorityRecord *authority; /* of the source */
	const char *source;
	struct change *change;
	struct verdict *verdict;
};

bool reject_missing(struct call *call, const char *field, struct verdict *verdict);
bool read_text(struct reading *reading, const char *field, const char *value, size_t bytes_max, char **into);
bool read_code(struct reading *reading, const char *field, const char *value, char **into);
bool read_effective(struct reading *reading, const char *value, bool may_be_empty);
bool read_personal(struct reading *reading, const char *name, const char *birth_date, const char *email,
		   const char *phone, const char *citizen_id);
/* Into what is sealed; after read_personal. */
bool read_reason(struct reading *reading, const char *value);
bool
read_qualification(struct reading *reading, const char *field, const Mt__Qualification *in, Mt__Qualification *out);
bool read_qualifications(struct reading *reading, Mt__Qualification **in, size_t count);
bool read_clear(struct reading *reading, char **in, size_t count);
bool read_parts(struct reading *reading, Mt__Person__Part *in, size_t count);
bool
read_authority(struct reading *reading, const char *field, const char *reference, const Mt__AuthorityRecord **into);

#endif
