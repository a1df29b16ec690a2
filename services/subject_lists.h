/* services/subject_lists.h
 *
 * The lists of a subject-access export that may go on beyond one answer, and whose they are: a service opens no other,
 * and the gateway asks the one for its next page. What follows a point in a list's name is the service's own. */
#ifndef SERVICES_SUBJECT_LISTS_H
#define SERVICES_SUBJECT_LISTS_H

#include <stddef.h>
#include <string.h>

/* The service's name; NULL if there is no such list. */
static inline const char *
subject_list_owner(const char *list)
{
	static const struct {
		const char *list;
		const char *service;
	} lists[] = {
		{"enrolments", "enrollment"},    {"teams", "enrollment"},
		{"keptEvents", "enrollment"},    {"links", "enrollment"},
		{"adoptions", "enrollment"},     {"tokens", "enrollment"},
		{"exports", "enrollment"},       {"classes", "assessment"},
		{"attempts", "assessment"},      {"completions", "certificate"},
		{"certificates", "certificate"}, {"recognitions", "certificate"},
		{"corrections", "certificate"},  {"paperCorrections", "certificate"},
		{"messages", "notification"},
	};
	size_t size = strcspn(list, ".");
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (strlen(lists[i].list) == size && memcmp(lists[i].list, list, size) == 0)
			return lists[i].service;
	}
	return NULL;
}

#endif
