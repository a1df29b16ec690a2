/* services/ctl/args.h
 *
 * The arguments of one command: options ("--data DIR", "--data=DIR", "--json") anywhere,
 * and values, which are all the rest; behind "--" everything is a value. What a command
 * does not know is refused by name. Texts point into argv. */
#ifndef SERVICES_CTL_ARGS_H
#define SERVICES_CTL_ARGS_H

#include <stdbool.h>
#include <stddef.h>

struct command;

enum { ARGS_OPTIONS_MAX = 32, ARGS_VALUES_MAX = 32 };

struct option {
	const char *name;
	const char *value; /* "" for one that takes none */
};

struct args {
	const struct command *command;
	size_t options_count;
	struct option options[ARGS_OPTIONS_MAX];
	size_t values_count;
	const char *values[ARGS_VALUES_MAX + 1]; /* NULL behind the last */
};

/* argv begins behind the command's name. False, and said, if they do not fit the command. */
bool args_read(struct args *args, const struct command *command, int argc, char **argv);

/* The value of the last option of that name, or what stands for it. */
const char *args_get(const struct args *args, const char *name, const char *otherwise);
bool args_has(const struct args *args, const char *name);
/* The deployment's folder, ./var if nothing is said. */
const char *args_data(const struct args *args);
/* False, and said, unless the option is absent or a number from low to high. */
bool args_number(const struct args *args, const char *name, long long low, long long high, long long otherwise,
		 long long *number);

#endif
