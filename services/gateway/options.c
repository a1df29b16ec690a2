/* services/gateway/options.c
 *
 * Options of the command line, of a file, defaults; then the address is checked: plain
 * HTTP leaves the machine only where a proxy stands in front, and is said to. */
#include "services/gateway/options.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIG_BYTES_MAX = 64 << 10, NAME_BYTES = 64 };

static bool
text_read(const char *name, const char *value, char *text, size_t size, struct host_error *error)
{
	if (value[0] == '\0' || strlen(value) >= size)
		return host_error_set(error, "option --%s is empty or too long", name);
	memcpy(text, value, strlen(value) + 1);
	return true;
}

static bool
peer_read(const char *value, struct options *options, struct host_error *error)
{
	char name[NAME_BYTES];
	enum service service;
	size_t size = strcspn(value, "=");
	if (value[size] == '\0' || size == 0 || size >= sizeof(name))
		return host_error_set(error, "option --peer: %s is not NAME=ENDPOINT", value);
	memcpy(name, value, size);
	name[size] = '\0';
	if (!service_find(name, &service))
		return host_error_set(error, "option --peer: there is no service %s", name);
	return text_read("peer", value + size + 1, options->peers[service], GATEWAY_ENDPOINT_BYTES, error);
}

static bool
option_set(const char *name, const char *value, struct options *options, struct host_error *error)
{
	if (strcmp(name, "data") == 0)
		return text_read(name, value, options->data, sizeof(options->data), error);
	if (strcmp(name, "keys") == 0)
		return text_read(name, value, options->keys, sizeof(options->keys), error);
	if (strcmp(name, "http") == 0)
		return text_read(name, value, options->http, sizeof(options->http), error);
	if (strcmp(name, "door") == 0)
		return text_read(name, value, options->door, sizeof(options->door), error);
	if (strcmp(name, "peer") == 0)
		return peer_read(value, options, error);
	if (strcmp(name, "behind-proxy") == 0) {
		options->behind_proxy = strcmp(value, "true") == 0;
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
config_read(const char *path, struct options *options, struct host_error *error)
{
	static char text[CONFIG_BYTES_MAX]; /* read once, at the start */
	if (!file_read(path, text, sizeof(text), error))
		return false;
	char *rest = text;
	for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
		line = trim(line);
		char *equals = strchr(line, '=');
		if (line[0] == '\0' || line[0] == '#')
			continue;
		if (equals == NULL)
			return host_error_set(error, "file %s: line \"%.200s\" is not NAME = VALUE", path, line);
		*equals = '\0';
		if (!option_set(trim(line), trim(equals + 1), options, error))
			return false;
	}
	return true;
}

/* Splits "--name value", "--name=value" or "--behind-proxy" at *at and moves on. */
static bool
argument_read(int argc, char **argv, int *at, char name[NAME_BYTES], const char **value, struct host_error *error)
{
	const char *argument = argv[(*at)++];
	if (strncmp(argument, "--", 2) != 0)
		return host_error_set(error, "argument %s is not an option", argument);
	size_t size = strcspn(argument + 2, "=");
	if (size >= NAME_BYTES)
		return host_error_set(error, "option %s is not known", argument);
	memcpy(name, argument + 2, size);
	name[size] = '\0';
	*value = "true";
	if (argument[2 + size] == '=')
		*value = argument + 2 + size + 1;
	else if (strcmp(name, "behind-proxy") != 0 && *at == argc)
		return host_error_set(error, "option %s needs a value", argument);
	else if (strcmp(name, "behind-proxy") != 0)
		*value = argv[(*at)++];
	return true;
}

static bool
arguments_read(int argc, char **argv, bool config, struct options *options, struct host_error *error)
{
	for (int at = 1; at < argc;) {
		char name[NAME_BYTES];
		const char *value = NULL;
		if (!argument_read(argc, argv, &at, name, &value, error))
			return false;
		bool is_config = strcmp(name, "config") == 0;
		if (is_config != config)
			continue;
		if (is_config ? !config_read(value, options, error) : !option_set(name, value, options, error))
			return false;
	}
	return true;
}

static bool
is_loopback(const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

/* "127.0.0.1:8080", "[::1]:8080", "localhost:8080": a number, never a name to be looked up. */
static bool
address_read(struct options *options, struct host_error *error)
{
	char host[GATEWAY_ENDPOINT_BYTES];
	struct sockaddr_in *four = (struct sockaddr_in *)&options->address;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&options->address;
	const char *colon = strrchr(options->http, ':');
	char *end = NULL;
	unsigned long port = colon == NULL ? 0 : strtoul(colon + 1, &end, 10);
	if (colon == NULL || colon[1] < '0' || colon[1] > '9' || *end != '\0' || port > 65535)
		return host_error_set(error, "option --http: %s is not ADDRESS:PORT", options->http);
	snprintf(host, sizeof(host), "%.*s", (int)(colon - options->http), options->http);
	size_t size = strlen(host);
	if (strcmp(host, "localhost") == 0)
		snprintf(host, sizeof(host), "127.0.0.1");
	if (host[0] == '[' && size > 2 && host[size - 1] == ']') {
		host[size - 1] = '\0';
		memmove(host, host + 1, size - 1);
	}
	if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons((uint16_t)port);
	} else if (inet_pton(AF_INET6, host, &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons((uint16_t)port);
	} else {
		return host_error_set(error, "option --http: %s is no IP address", host);
	}
	if (!options->behind_proxy && !is_loopback(&options->address))
		return host_error_set(
			error, "option --http: %s is not loopback; HTTP without TLS needs --behind-proxy and a proxy",
			options->http);
	return true;
}

bool
options_read(int argc, char **argv, struct options *options, struct host_error *error)
{
	memset(options, 0, sizeof(*options));
	snprintf(options->http, sizeof(options->http), "127.0.0.1:8080");
	snprintf(options->door, sizeof(options->door), "tcp://127.0.0.1:5570");
	if (!arguments_read(argc, argv, true, options, error) || !arguments_read(argc, argv, false, options, error))
		return false;
	if (options->data[0] == '\0')
		return host_error_set(error, "option --data is missing");
	if (!path_format(options->home, "%s/gateway", options->data) ||
	    (options->keys[0] == '\0' && !path_format(options->keys, "%s/keys", options->data)))
		return host_error_set(error, "path of the data folder is too long");
	if (strcmp(options->door, "none") == 0)
		options->door[0] = '\0';
	for (int i = 0; i < SERVICES; i++) {
		if (options->peers[i][0] != '\0')
			continue;
		char endpoint[GATEWAY_ENDPOINT_BYTES];
		int size = snprintf(endpoint, sizeof(endpoint), "ipc://%s/run/%s.ipc", options->data,
				    service_name((enum service)i));
		if (size < 0 || size >= GATEWAY_ENDPOINT_BYTES)
			return host_error_set(error, "path of the data folder is too long");
		memcpy(options->peers[i], endpoint, (size_t)size + 1);
	}
	return address_read(options, error);
}
