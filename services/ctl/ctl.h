/* services/ctl/ctl.h
 *
 * The operators' command line: one struct command for each word behind `matricula`, all in
 * the one table of main.c. A command reads its arguments (args.h), talks to the services
 * as the operator (link.h) and answers the exit code: 0 done, 1 refused or failed, 2 used
 * wrongly. Results go to standard output, everything said about them to standard error. */
#ifndef SERVICES_CTL_CTL_H
#define SERVICES_CTL_CTL_H

#include "services/ctl/args.h"

#include "common/core/node.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USED_WRONGLY = 2 };

struct command {
	const char *name;
	const char *form;    /* what stands behind the name */
	const char *summary; /* one line */
	const char *options; /* names with a blank between; "data=" takes a value */
	size_t values_min;   /* arguments that are no options */
	size_t values_max;
	int (*run)(const struct args *args);
};

extern const struct module *const service_modules[]; /* in the order they are started; NULL at the end */

/* The module of that service; NULL, and said, if there is none. */
const struct module *service_find(const char *name);

/* "matricula: " and the sentence on standard error. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, and EXIT_FAILED, so that a command can return it. */
int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

int command_up(const struct args *args);
int command_exec(const struct args *args);
int command_token(const struct args *args);
int command_door(const struct args *args);
int command_keys(const struct args *args);
int command_units(const struct args *args);
int command_codes(const struct args *args);
int command_sample(const struct args *args);
int command_nation(const struct args *args);
int command_push(const struct args *args);
int command_call(const struct args *args);
int command_follow(const struct args *args);
int command_status(const struct args *args);
int command_verify(const struct args *args);
int command_audit(const struct args *args);
int command_backup(const struct args *args);
int command_restore(const struct args *args);
int command_rejoin(const struct args *args);

#endif
