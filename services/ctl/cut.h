/* services/ctl/cut.h
 *
 * A set of journals such that nobody has followed an entry that its producer's copy does
 * not hold. Journals copied one after the other from running services may break that
 * where two services follow each other; then the follower's copy is cut off before. */
#ifndef SERVICES_CTL_CUT_H
#define SERVICES_CTL_CUT_H

#include "services/ctl/manifest.h"

struct cut {
	/* Heads before the first copy was begun: what was durable then is never cut off. */
	uint64_t sure[MANIFEST_SERVICES_MAX];
	/* Heads of the copies; lowered by cut_make. */
	uint64_t heads[MANIFEST_SERVICES_MAX];
	struct journal_file *journals[MANIFEST_SERVICES_MAX]; /* the copies; NULL where a service has none */
};

/* By index of service_modules. False, and said, if a copy cannot be read. */
bool cut_make(struct cut *cut);

/* The first entries of a journal, up to head, as a new journal. False, and said. */
bool cut_copy(struct journal_file *journal, uint64_t head, const char *folder);

#endif
