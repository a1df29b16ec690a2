/* common/host/options.c
 *
 * Each option is a name and a value, wherever it comes from; what is not known is
 * refused by name. Defaults that depend on others are filled in last. */
#include "common/host/options.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIG_BYTES_MAX = 64 << 10 };

static bool
number_read(const char *name, const char *value, long low, long high, long *number, struct host_error *error)
{
	char *end;
	errno = 0;
	*number = strtol(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || *number < low || *number > high)
		return host_error_set(error, "option --%s: %s is no number from %ld to %ld", name, value, low, high);
	return true;
}

static bool
text_read(const char *name, const char *value, char *text, size_t size, struct host_error *error)
{
	if (value[0] == '\0' || strlen(value) >= size)
		return host_error_set(error, "option --%s is empty or too long", name);
	memcpy(text, value, strlen(value) + 1);
	return true;
}

/* A peer this service does not follow is fine: one file may serve a whole deployment. */
static bool
peer_read(const char *value, const struct module *module, struct host_options *options, struct host_error *error)
{
	const char *equals = strchr(value, '=');
	if (equals == NULL || equals == value)
		return host_error_set(error, "option --peer: %s is not NAME=ENDPOINT", value);
	size_t size = (size_t)(equals - value);
	for (unsigned i = 0; module->follows[i].name != NULL; i++) {
		const char *name = module->follows[i].name;
		if (strlen(name) == size && strncmp(name, value, size) == 0)
			return text_read("peer", equals + 1, options->peers[i], ENDPOINT_BYTES_MAX, error);
	}
	return true;
}

/* A host name in lower case, as it will stand in credentials for ever: labels of letters, digits and hyphens. A name
 * that ends in digits would be an IP address, which did:web does not allow. */
static bool
is_host_name(const char *host, size_t size)
{
	enum { NAME_MAX_BYTES = 253, LABEL_MAX_BYTES = 63 };
	size_t label = 0;
	bool digits = true;
	if (size == 0 || size > NAME_MAX_BYTES)
		return false;
	for (size_t i = 0; i < size; i++) {
		char c = host[i];
		bool ends = i + 1 == size || host[i + 1] == '.';
		if (c == '.') {
			if (label == 0)
				return false;
			label = 0;
			digits = true;
			continue;
		}
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (!is_letter && (c != '-' || label == 0 || ends))
			return false;
		digits = digits && c >= '0' && c <= '9';
		if (++label > LABEL_MAX_BYTES)
			return false;
	}
	return label > 0 && !digits;
}

static bool
is_port(const char *port)
{
	enum { HTTPS_PORT = 443, PORT_MAX = 65535 };
	size_t size = strspn(port, "0123456789");
	long number = size <= 5 ? strtol(port, NULL, 10) : 0;
	return size > 0 && port[size] == '\0' && port[0] != '0' && number <= PORT_MAX && number != HTTPS_PORT;
}

static bool
public_url_read(const char *name, const char *value, char *url, size_t size, struct host_error *error)
{
	static const char scheme[] = "https://";
	static const char never[] = ".invalid";
	if (strncmp(value, scheme, strlen(scheme)) != 0)
		return host_error_set(error, "option --%s: %.200s does not begin with https://", name, value);
	const char *host = value + strlen(scheme);
	size_t host_size = strcspn(host, ":/?#@");
	const char *rest = host + host_size;
	if (*rest != '\0' && *rest != ':')
		return host_error_set(
			error, "option --%s: %.200s has more than a host and a port: leave out what begins with \"%c\"",
			name, value, *rest);
	if (!is_host_name(host, host_size))
		return host_error_set(error, "option --%s: %.200s does not name a host in lower-case letters", name,
				      value);
	if (*rest == ':' && !is_port(rest + 1))
		return host_error_set(error, "option --%s: %.200s: after the host only a port may follow, and not 443",
				      name, value);
	if (host_size >= strlen(never) && strncmp(rest - strlen(never), never, strlen(never)) == 0)
		return host_error_set(error, "option --%s: %.200s is a name that nobody can reach", name, value);
	return text_read(name, value, url, size, error);
}

static bool
option_read(const char *name, const char *value, const struct module *module, struct host_options *options,
	    struct host_error *error)
{
	long number;
	if (strcmp(name, "data") == 0)
		return text_read(name, value, options->data, sizeof(options->data), error);
	if (strcmp(name, "listen") == 0)
		return text_read(name, value, options->listen, sizeof(options->listen), error);
	if (strcmp(name, "keys") == 0)
		return text_read(name, value, options->keys, sizeof(options->keys), error);
	if (strcmp(name, "peer") == 0)
		return peer_read(value, module, options, error);
	if (strcmp(name, "memory") == 0) {
		if (!number_read(name, value, MEMORY_MIB_MIN, MEMORY_MIB_MAX, &number, error))
			return false;
		options->memory_bytes = (uint64_t)number << 20;
		return true;
	}
	if (strcmp(name, "public-url") == 0)
		return public_url_read(name, value, options->public_url, sizeof(options->public_url), error);
	if (strcmp(name, "zone") == 0) {
		if (!number_read(name, value, -ZONE_MINUTES_MAX, ZONE_MINUTES_MAX, &number, error))
			return false;
		options->zone_minutes = (int)number;
		return true;
	}
	return host_error_set(error, "option --%s is not known", name);
}

static char *
trim(char *text)
{
	text += strspn(text, " \t\r");
	size_t size = strlen(text);
	while (size > 0 && strchr(" \t\r", text[size - 1]) != NULL)
		size--;
	text[size] = '\0';
	return text;
}

static bool
config_read(const char *path, const struct module *module, struct host_options *options, struct host_error *error)
{
	static char text[CONFIG_BYTES_MAX]; /* read once, at the start */
	if (!file_read(path, text, sizeof(text), error))
		return false;
	char *rest = text;
	for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
		line = trim(line);
		if (line[0] == '\0' || line[0] == '#')
			continue;
		char *equals = strchr(line, '=');
		if (equals == NULL)
			return host_error_set(error, "file %s: line \"%.200s\" is not NAME = VALUE", path, line);
		*equals = '\0';
		if (!option_read(trim(line), trim(equals + 1), module, options, error))
			return false;
	}
	return true;
}

/* Splits "--name value" or "--name=value" at *at and moves on. */
static bool
argument_read(int argc, char **argv, int *at, char name[64], const char **value, struct host_error *error)
{
	const char *argument = argv[(*at)++];
	if (strncmp(argument, "--", 2) != 0)
		return host_error_set(error, "argument %s is not an option", argument);
	size_t size = strcspn(argument + 2, "=");
	if (size >= 64)
		return host_error_set(error, "option %s is not known", argument);
	memcpy(name, argument + 2, size);
	name[size] = '\0';
	if (argument[2 + size] == '=') {
		*value = argument + 2 + size + 1;
		return true;
	}
	if (*at == argc)
		return host_error_set(error, "option %s needs a value", argument);
	*value = argv[(*at)++];
	return true;
}

static bool
arguments_read(int argc, char **argv, bool config, const struct module *module, struct host_options *options,
	       struct host_error *error)
{
	for (int at = 1; at < argc;) {
		char name[64];
		const char *value = NULL;
		if (!argument_read(argc, argv, &at, name, &value, error))
			return false;
		bool is_config = strcmp(name, "config") == 0;
		if (is_config != config)
			continue;
		if (is_config ? !config_read(value, module, options, error)
			      : !option_read(name, value, module, options, error))
			return false;
	}
	return true;
}

static bool
endpoint_default(char endpoint[ENDPOINT_BYTES_MAX], const char *data, const char *name, struct host_error *error)
{
	if (endpoint[0] != '\0')
		return true;
	int size = snprintf(endpoint, ENDPOINT_BYTES_MAX, "ipc://%s/run/%s.ipc", data, name);
	return (size > 0 && size < ENDPOINT_BYTES_MAX) || host_error_set(error, "path of the data folder is too long");
}

bool
host_options_read(int argc, char **argv, const struct module *module, struct host_options *options,
		  struct host_error *error)
{
	memset(options, 0, sizeof(*options));
	options->memory_bytes = (uint64_t)MEMORY_MIB_DEFAULT << 20;
	options->zone_minutes = ZONE_MINUTES_DEFAULT;
	if (!arguments_read(argc, argv, true, module, options, error) ||
	    !arguments_read(argc, argv, false, module, options, error))
		return false;
	if (options->data[0] == '\0')
		return host_error_set(error, "option --data is missing");
	if (!path_format(options->home, "%s/%s", options->data, module->name))
		return host_error_set(error, "path of the data folder is too long");
	if (options->keys[0] == '\0' && !path_format(options->keys, "%s/keys", options->data))
		return host_error_set(error, "path of the data folder is too long");
	if (!endpoint_default(options->listen, options->data, module->name, error))
		return false;
	for (unsigned i = 0; module->follows[i].name != NULL; i++) {
		assert(i < PRODUCERS_MAX);
		if (!endpoint_default(options->peers[i], options->data, module->follows[i].name, error))
			return false;
	}
	return true;
}
