/* common/host/beside.c */
#include "common/host/beside.h"

#include "common/base/log.h"
#include "common/host/keys.h"
#include "common/wire/pb.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LOG_LINE_BYTES_MAX = 1024, ARENA_BLOCK_BYTES = 64 << 10 };

void
beside_say(const char *service, const char *level, const char *event, const char *key, const char *text)
{
	struct timespec now;
	struct buf line;
	clock_gettime(CLOCK_REALTIME, &now);
	buf_init(&line, LOG_LINE_BYTES_MAX);
	log_begin(&line, (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000, level, event);
	log_text(&line, "service", service);
	log_text(&line, key, text);
	buf_byte(&line, '\n');
	fwrite(line.data, 1, line.size, stderr);
	buf_free(&line);
}

void
beside_pause_ms(int ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

/* --- calls ----------------------------------------------------------------------------------------------------------
 */

const void *
beside_ask(struct beside *beside, const char *method, const ProtobufCMessage *request,
	   const ProtobufCMessageDescriptor *reply_type)
{
	Mt__Reply *reply;
	struct fault fault;
	if (!rpc_request(beside->rpc, method, "", request, NULL, BESIDE_CALL_MS, &beside->arena, &reply) ||
	    reply->status != MT__STATUS__OK)
		return NULL;
	struct slice bytes = slice_of(reply->reply.data, reply->reply.len);
	return pb_unpack(reply_type, &beside->arena, bytes, false, &fault);
}

void
beside_report(struct beside *beside, const char *method, const char *id, const ProtobufCMessage *request)
{
	Mt__Reply *reply;
	for (int i = 0; i < BESIDE_TRIES_MAX && !atomic_load(&beside->stopping); i++) {
		if (!rpc_request(beside->rpc, method, id, request, NULL, BESIDE_CALL_MS, &beside->arena, &reply))
			continue;
		if (reply->status == MT__STATUS__OK)
			return;
		beside_say(beside->service, "warning", "report_refused", "reason", reply->message);
		beside_pause_ms(BESIDE_RETRY_MS);
	}
}

/* --- starting and stopping ------------------------------------------------------------------------------------------
 */

const char *
beside_option(int *argc, char **argv, const char *name)
{
	size_t size = strlen(name);
	for (int i = 1; i < *argc; i++) {
		const char *rest = argv[i] + size;
		if (strncmp(argv[i], name, size) != 0 || (*rest != '\0' && *rest != '='))
			continue;
		int taken = *rest == '=' || i + 1 == *argc ? 1 : 2;
		const char *value = *rest == '=' ? rest + 1 : taken == 2 ? argv[i + 1] : "";
		*argc -= taken;
		memmove(&argv[i], &argv[i + taken], (size_t)(*argc - i + 1) * sizeof(argv[0]));
		return value;
	}
	return NULL;
}

/* Where the node listens, as one connects to it from the same machine. */
static void
endpoint_of(const char *listen, char endpoint[ENDPOINT_BYTES_MAX])
{
	static const char *const anywhere[] = {"tcp://*:", "tcp://0.0.0.0:"};
	snprintf(endpoint, ENDPOINT_BYTES_MAX, "%s", listen);
	for (size_t i = 0; i < sizeof(anywhere) / sizeof(anywhere[0]); i++) {
		size_t size = strlen(anywhere[i]);
		if (strncmp(listen, anywhere[i], size) == 0)
			snprintf(endpoint, ENDPOINT_BYTES_MAX, "tcp://127.0.0.1:%.400s", listen + size);
	}
}

bool
beside_open(struct beside *beside, int argc, char **argv, const struct module *module, size_t arena_bytes_max,
	    struct host_error *error)
{
	struct seal_key key;
	struct curve curve = {.allow = NULL};
	char endpoint[ENDPOINT_BYTES_MAX];
	const struct host_options *options = &beside->options;
	beside->service = module->name;
	if (!host_options_read(argc, argv, module, &beside->options, error) ||
	    !keys_load_sending(options->keys, module->name, module->name, &key, error))
		return false;
	bool is_local = strncmp(options->listen, "ipc://", 6) == 0;
	if (!is_local && (!keys_load_curve(options->keys, module->name, &curve.own, error) ||
			  !keys_load_curve_public(options->keys, module->name, curve.server_text, error)))
		return false;
	endpoint_of(options->listen, endpoint);
	beside->rpc = rpc_open(endpoint, &key, is_local ? NULL : &curve, error);
	if (beside->rpc == NULL)
		return false;
	arena_init(&beside->arena, ARENA_BLOCK_BYTES, arena_bytes_max);
	return true;
}

bool
beside_start(struct beside *beside, void *(*run)(void *context), void *context, struct host_error *error)
{
	sigset_t all;
	sigset_t before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int code = pthread_create(&beside->thread, NULL, run, context);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return code == 0 || host_error_set(error, "a thread of %s cannot start: %s", beside->service, strerror(code));
}

bool
beside_stop(struct beside *beside, int seconds)
{
	struct timespec limit;
	atomic_store(&beside->stopping, true);
	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += seconds;
	return pthread_timedjoin_np(beside->thread, NULL, &limit) == 0;
}

void
beside_close(struct beside *beside)
{
	rpc_close(beside->rpc);
	arena_free(&beside->arena);
}
