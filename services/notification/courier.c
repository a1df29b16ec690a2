/* services/notification/courier.c
 *
 * A round: ask the node for what waits (a long poll, so an idle courier costs nothing),
 * send these at once, at most AT_ONCE, and report each. Whatever is not reported stays
 * in the outbox and comes again, so a mail may be sent twice and is never lost; its
 * Message-ID is the same each time. Replies of the node are durable, so no mail leaves
 * for a message that a crash could still undo. */
#include "services/notification/courier.h"

#include "common/base/fatal.h"
#include "common/base/log.h"
#include "common/host/keys.h"
#include "common/host/options.h"
#include "common/host/rpc.h"
#include "common/wire/pb.h"
#include "services/notification/mail.h"
#include "services/notification/service.h"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
	AT_ONCE = 4,
	OUTBOX_WAIT_MS = 1000, /* so a courier that is told to stop hears of it soon */
	CALL_MS = 2000,
	REPORT_TRIES_MAX = 5,
	NODE_RETRY_MS = 500, /* the node is starting, or busy */
	CONNECT_S = 10,
	SEND_S = 60,
	STOP_S = 3,
	ARENA_BYTES_MAX = 4 << 20,
	URL_BYTES_MAX = 512,
	LOG_LINE_BYTES_MAX = 1024,
};

struct courier {
	pthread_t thread;
	atomic_bool stopping;
	char url[URL_BYTES_MAX];
	char sender[MAIL_ADDRESS_BYTES_MAX + 1];
	struct rpc *rpc;
	struct arena arena; /* of one round */
	CURLM *multi;
};

/* One mail under way. */
struct delivery {
	const Mt__MessageRecord *message;
	struct buf mail;
	size_t read; /* bytes of it handed to curl */
	CURL *easy;
	struct curl_slist *to;
	CURLcode result;
	long answer; /* of the mail server: 250, 550; 0 if there was none */
};

static void
say(const char *level, const char *event, const char *key, const char *text)
{
	struct timespec now;
	struct buf line;
	clock_gettime(CLOCK_REALTIME, &now);
	buf_init(&line, LOG_LINE_BYTES_MAX);
	log_begin(&line, (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000, level, event);
	log_text(&line, "service", "notification");
	log_text(&line, key, text);
	buf_byte(&line, '\n');
	fwrite(line.data, 1, line.size, stderr);
	buf_free(&line);
}

/* --- sending ---------------------------------------------------------------------------------------------------- */

static size_t
on_read(char *bytes, size_t size, size_t count, void *context)
{
	struct delivery *delivery = context;
	size_t left = delivery->mail.size - delivery->read;
	size_t taken = size * count < left ? size * count : left;
	memcpy(bytes, delivery->mail.data + delivery->read, taken);
	delivery->read += taken;
	return taken;
}

static void
delivery_begin(struct courier *courier, struct delivery *delivery, const Mt__MessageRecord *message)
{
	*delivery = (struct delivery){.message = message, .result = CURLE_OK};
	buf_init(&delivery->mail, MAIL_BYTES_MAX);
	if (message->personal == NULL || !mail_address_usable(message->personal->email))
		return; /* never sent: reported as final */
	mail_write(&delivery->mail, courier->sender, message);
	delivery->to = curl_slist_append(NULL, message->personal->email);
	CURL *easy = curl_easy_init();
	if (easy == NULL || delivery->to == NULL)
		fatal("no memory left for a mail");
	delivery->easy = easy;
	curl_easy_setopt(easy, CURLOPT_URL, courier->url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)CURLUSESSL_TRY);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)SEND_S);
	curl_easy_setopt(easy, CURLOPT_MAIL_FROM, courier->sender);
	curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, delivery->to);
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(easy, CURLOPT_READDATA, delivery);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, delivery);
	curl_multi_add_handle(courier->multi, easy);
}

static void
delivery_end(struct courier *courier, struct delivery *delivery)
{
	if (delivery->easy != NULL) {
		curl_multi_remove_handle(courier->multi, delivery->easy);
		curl_easy_cleanup(delivery->easy);
	}
	curl_slist_free_all(delivery->to);
	buf_free(&delivery->mail);
}

/* Until all have an outcome; curl's own timeouts end each. */
static void
send_all(struct courier *courier)
{
	int running = 1;
	while (running > 0) {
		int left;
		if (curl_multi_perform(courier->multi, &running) != CURLM_OK)
			fatal("curl cannot go on");
		for (CURLMsg *done; (done = curl_multi_info_read(courier->multi, &left)) != NULL;) {
			struct delivery *delivery;
			curl_easy_getinfo(done->easy_handle, CURLINFO_PRIVATE, &delivery);
			curl_easy_getinfo(done->easy_handle, CURLINFO_RESPONSE_CODE, &delivery->answer);
			delivery->result = done->data.result;
		}
		if (running > 0)
			curl_multi_poll(courier->multi, NULL, 0, 1000, NULL);
	}
}

/* --- the node --------------------------------------------------------------------------------------------------- */

static void
pause_ms(int ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

static const Mt__OutboxReply *
outbox_ask(struct courier *courier)
{
	Mt__OutboxRequest request = MT__OUTBOX_REQUEST__INIT;
	Mt__Reply *reply;
	struct fault fault;
	request.page_size = AT_ONCE;
	request.wait_ms = OUTBOX_WAIT_MS;
	if (!rpc_request(courier->rpc, "Messages.Outbox", "", &request.base, NULL, CALL_MS, &courier->arena, &reply) ||
	    reply->status != MT__STATUS__OK)
		return NULL;
	struct slice bytes = slice_of(reply->reply.data, reply->reply.len);
	return (const Mt__OutboxReply *)pb_unpack(&mt__outbox_reply__descriptor, &courier->arena, bytes, false, &fault);
}

static void
report_fill(struct courier *courier, const struct delivery *delivery, Mt__ReportDeliveryRequest *report)
{
	*report = (Mt__ReportDeliveryRequest)MT__REPORT_DELIVERY_REQUEST__INIT;
	report->message_id = delivery->message->message_id;
	if (delivery->easy == NULL) {
		report->permanent = true;
		report->error = (char *)"the address cannot be used";
		return;
	}
	report->sent = delivery->result == CURLE_OK;
	if (report->sent)
		return;
	/* A server that refuses our own login says nothing about this mail. */
	bool refused = delivery->answer >= 500 && delivery->answer < 600;
	report->permanent = refused && delivery->result != CURLE_LOGIN_DENIED;
	/* No words of the server's: they may hold the address. */
	report->error = delivery->answer == 0 ? (char *)curl_easy_strerror(delivery->result)
					      : arena_format(&courier->arena, "SMTP %ld, %s", delivery->answer,
							     curl_easy_strerror(delivery->result));
}

static void
report(struct courier *courier, const struct delivery *delivery)
{
	Mt__ReportDeliveryRequest request;
	Mt__Reply *reply;
	report_fill(courier, delivery, &request);
	const char *id = arena_format(&courier->arena, "delivery-%s-%u", request.message_id, delivery->message->tries);
	if (!request.sent)
		say("warning", "mail_not_sent", "reason", request.error);
	for (int i = 0; i < REPORT_TRIES_MAX && !atomic_load(&courier->stopping); i++) {
		if (!rpc_request(courier->rpc, "Messages.ReportDelivery", id, &request.base, NULL, CALL_MS,
				 &courier->arena, &reply))
			continue;
		if (reply->status == MT__STATUS__OK)
			return;
		say("warning", "report_refused", "reason", reply->message);
		pause_ms(NODE_RETRY_MS);
	}
}

static void
work_round(struct courier *courier)
{
	struct delivery deliveries[AT_ONCE];
	arena_reset(&courier->arena);
	const Mt__OutboxReply *outbox = outbox_ask(courier);
	if (outbox == NULL) {
		pause_ms(NODE_RETRY_MS);
		return;
	}
	size_t count = outbox->n_messages < AT_ONCE ? outbox->n_messages : AT_ONCE;
	for (size_t i = 0; i < count; i++)
		delivery_begin(courier, &deliveries[i], outbox->messages[i]);
	if (count > 0)
		send_all(courier);
	for (size_t i = 0; i < count; i++) {
		report(courier, &deliveries[i]);
		delivery_end(courier, &deliveries[i]);
	}
}

static void *
run(void *context)
{
	struct courier *courier = context;
	while (!atomic_load(&courier->stopping))
		work_round(courier);
	return NULL;
}

/* --- starting and stopping -------------------------------------------------------------------------------------- */

/* Takes "--NAME VALUE" or "--NAME=VALUE" out of the arguments; NULL if it is not there. */
static const char *
option_take(int *argc, char **argv, const char *name)
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

static bool
connect_node(struct courier *courier, int argc, char **argv, struct host_error *error)
{
	struct host_options options;
	struct seal_key key;
	struct curve curve = {.allow = NULL};
	char endpoint[ENDPOINT_BYTES_MAX];
	const char *name = notification_module.name;
	if (!host_options_read(argc, argv, &notification_module, &options, error) ||
	    !keys_load_sending(options.keys, name, name, &key, error))
		return false;
	bool is_local = strncmp(options.listen, "ipc://", 6) == 0;
	if (!is_local && (!keys_load_curve(options.keys, name, &curve.own, error) ||
			  !keys_load_curve_public(options.keys, name, curve.server_text, error)))
		return false;
	endpoint_of(options.listen, endpoint);
	courier->rpc = rpc_open(endpoint, &key, is_local ? NULL : &curve, error);
	return courier->rpc != NULL;
}

/* Signals are the node's: the thread is born with all of them blocked. */
static bool
start_thread(struct courier *courier, struct host_error *error)
{
	sigset_t all;
	sigset_t before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int code = pthread_create(&courier->thread, NULL, run, courier);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return code == 0 || host_error_set(error, "the courier's thread cannot start: %s", strerror(code));
}

static struct courier *
courier_new(const char *url, const char *sender, struct host_error *error)
{
	if (strncmp(url, "smtp://", 7) != 0 && strncmp(url, "smtps://", 8) != 0) {
		host_error_set(error, "option --smtp: %s is not smtp:// or smtps://", url);
		return NULL;
	}
	if (strlen(url) >= URL_BYTES_MAX || !mail_address_usable(sender)) {
		host_error_set(error, "option --smtp is too long, or --mail-from is no address: %s", sender);
		return NULL;
	}
	struct courier *courier = calloc(1, sizeof(*courier));
	if (courier == NULL || curl_global_init(CURL_GLOBAL_ALL) != 0)
		fatal("no memory left for the courier");
	snprintf(courier->url, sizeof(courier->url), "%s", url);
	snprintf(courier->sender, sizeof(courier->sender), "%s", sender);
	arena_init(&courier->arena, 64 << 10, ARENA_BYTES_MAX);
	courier->multi = curl_multi_init();
	return courier;
}

static void
courier_free(struct courier *courier)
{
	rpc_close(courier->rpc);
	curl_multi_cleanup(courier->multi);
	curl_global_cleanup();
	arena_free(&courier->arena);
	free(courier);
}

bool
courier_start(int *argc, char **argv, struct courier **courier, struct host_error *error)
{
	const char *url = option_take(argc, argv, "--smtp");
	const char *sender = option_take(argc, argv, "--mail-from");
	*courier = NULL;
	if (url == NULL) {
		say("info", "no_mail_server", "effect", "e-mails stay queued until --smtp names one");
		return true;
	}
	*courier = courier_new(url, sender == NULL ? "matricula@localhost" : sender, error);
	if (*courier == NULL)
		return false;
	return connect_node(*courier, *argc, argv, error) && start_thread(*courier, error);
}

void
courier_stop(struct courier *courier, int exit_code)
{
	struct timespec limit;
	if (courier == NULL)
		return;
	atomic_store(&courier->stopping, true);
	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += STOP_S;
	if (pthread_timedjoin_np(courier->thread, NULL, &limit) != 0)
		_exit(exit_code);
	courier_free(courier);
}
