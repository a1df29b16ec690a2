/* services/ctl/args.c
 *
 * One pass over argv; which options there are and which take a value stands in the command. */
#include "services/ctl/args.h"

#include "services/ctl/ctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum option_kind { OPTION_UNKNOWN, OPTION_PLAIN, OPTION_VALUE };

static enum option_kind
option_kind(const struct command *command, const char *name, size_t size)
{
	const char *at = command->options;
	while (*at != '\0') {
		size_t word = strcspn(at, " ");
		bool value = at[word - 1] == '=';
		if (word - value == size && strncmp(at, name, size) == 0)
			return value ? OPTION_VALUE : OPTION_PLAIN;
		at += word;
		at += strspn(at, " ");
	}
	return OPTION_UNKNOWN;
}

static bool
option_add(struct args *args, int argc, char **argv, int *at)
{
	char *argument = argv[(*at)++] + 2;
	size_t size = strcspn(argument, "=");
	enum option_kind kind = option_kind(args->command, argument, size);
	bool glued = argument[size] == '=';
	const char *value = "";
	if (kind == OPTION_UNKNOWN || (kind == OPTION_PLAIN && glued)) {
		say("%s has no option --%s", args->command->name, argument);
		return false;
	}
	if (kind == OPTION_VALUE && !glued && *at == argc) {
		say("option --%s needs a value", argument);
		return false;
	}
	if (args->options_count == ARGS_OPTIONS_MAX) {
		say("more than %d options are given", ARGS_OPTIONS_MAX);
		return false;
	}
	if (glued) {
		value = argument + size + 1;
		argument[size] = '\0';
	} else if (kind == OPTION_VALUE) {
		value = argv[(*at)++];
	}
	args->options[args->options_count++] = (struct option){.name = argument, .value = value};
	return true;
}

bool
args_read(struct args *args, const struct command *command, int argc, char **argv)
{
	bool values_only = false;
	*args = (struct args){.command = command};
	for (int at = 0; at < argc;) {
		if (!values_only && strcmp(argv[at], "--") == 0) {
			values_only = true;
			at++;
		} else if (!values_only && strncmp(argv[at], "--", 2) == 0) {
			if (!option_add(args, argc, argv, &at))
				return false;
		} else if (args->values_count == ARGS_VALUES_MAX) {
			say("more than %d arguments are given", ARGS_VALUES_MAX);
			return false;
		} else {
			args->values[args->values_count++] = argv[at++];
		}
	}
	if (args->values_count >= command->values_min && args->values_count <= command->values_max)
		return true;
	say("used as: matricula %s %s", command->name, command->form);
	return false;
}

const char *
args_get(const struct args *args, const char *name, const char *otherwise)
{
	for (size_t i = args->options_count; i > 0; i--) {
		if (strcmp(args->options[i - 1].name, name) == 0)
			return args->options[i - 1].value;
	}
	return otherwise;
}

bool
args_has(const struct args *args, const char *name)
{
	return args_get(args, name, NULL) != NULL;
}

const char *
args_data(const struct args *args)
{
	return args_get(args, "data", "./var");
}

bool
args_number(const struct args *args, const char *name, long long low, long long high, long long otherwise,
	    long long *number)
{
	const char *text = args_get(args, name, NULL);
	char *end;
	*number = otherwise;
	if (text == NULL)
		return true;
	errno = 0;
	*number = strtoll(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0' && *number >= low && *number <= high)
		return true;
	say("option --%s: %s is no number from %lld to %lld", name, text, low, high);
	return false;
}
