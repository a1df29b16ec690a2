/* tests/scenario/console.h
 *
 * What no route leads to, the live way asks as operators do: matricula call, as whoever the story says. */
#ifndef TESTS_SCENARIO_CONSOLE_H
#define TESTS_SCENARIO_CONSOLE_H

#include "tests/scenario/driver.h"

/* As whom; NULL subject: nobody in particular, so that the operator is the one who asks. */
struct console_caller {
	const char *subject;
	const char *roles; /* "learner,auditor" */
	const char *authority;
};

/* False, and why (WHY_BYTES), if nobody answers. */
bool console_call(const char *data, const struct console_caller *caller, const struct order *order,
		  struct answer *answer, char *why);

#endif
