/* services/notification/courier.c
 *
 * A round: ask the node for what waits (a long poll, so an idle courier costs nothing),
 * send these at once, at most AT_ONCE, and report each. Whatever is not reported stays
 * in the outbox and comes again, so a mail may be sent twice and is never lost; its
 * Message-ID is the same each time. Replies of the node are durable, so no mail leaves
 * for a message that a crash could still undo. */
#include "services/notification/courier.h"

#include "common/base/fatal.h"
#include "common/host/beside.h"
#include "services/notification/mail.h"
#include "services/notification/service.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	AT_ONCE = 4,
	CONNECT_S = 10,
	SEND_S = 60,
	STOP_S = 3,
	ARENA_BYTES_MAX = 4 << 20,
	URL_BYTES_MAX = 512,
};

struct courier {
	struct beside beside;
	char url[URL_BYTES_MAX];
	char sender[MAIL_ADDRESS_BYTES_MAX + 1];
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

static const Mt__OutboxReply *
outbox_ask(struct courier *courier)
{
	Mt__OutboxRequest request = MT__OUTBOX_REQUEST__INIT;
	request.page_size = AT_ONCE;
	request.wait_ms = BESIDE_WAIT_MS;
	return beside_ask(&courier->beside, "Messages.Outbox", &request.base, &mt__outbox_reply__descriptor);
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
					      : arena_format(&courier->beside.arena, "SMTP %ld, %s", delivery->answer,
							     curl_easy_strerror(delivery->result));
}

static void
report(struct courier *courier, const struct delivery *delivery)
{
	Mt__ReportDeliveryRequest request;
	report_fill(courier, delivery, &request);
	const char *id =
		arena_format(&courier->beside.arena, "delivery-%s-%u", request.message_id, delivery->message->tries);
	if (!request.sent)
		beside_say("notification", "warning", "mail_not_sent", "reason", request.error);
	beside_report(&courier->beside, "Messages.ReportDelivery", id, &request.base);
}

static void
work_round(struct courier *courier)
{
	struct delivery deliveries[AT_ONCE];
	arena_reset(&courier->beside.arena);
	const Mt__OutboxReply *outbox = outbox_ask(courier);
	if (outbox == NULL) {
		beside_pause_ms(BESIDE_RETRY_MS);
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
	while (!atomic_load(&courier->beside.stopping))
		work_round(courier);
	return NULL;
}

/* --- starting and stopping -------------------------------------------------------------------------------------- */

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
	courier->multi = curl_multi_init();
	return courier;
}

static void
courier_free(struct courier *courier)
{
	beside_close(&courier->beside);
	curl_multi_cleanup(courier->multi);
	curl_global_cleanup();
	free(courier);
}

bool
courier_start(int *argc, char **argv, struct courier **courier, struct host_error *error)
{
	const char *url = beside_option(argc, argv, "--smtp");
	const char *sender = beside_option(argc, argv, "--mail-from");
	*courier = NULL;
	if (url == NULL) {
		beside_say("notification", "info", "no_mail_server", "effect",
			   "e-mails stay queued until --smtp names one");
		return true;
	}
	*courier = courier_new(url, sender == NULL ? "matricula@localhost" : sender, error);
	if (*courier == NULL)
		return false;
	return beside_open(&(*courier)->beside, *argc, argv, &notification_module, ARENA_BYTES_MAX, error) &&
	       beside_start(&(*courier)->beside, run, *courier, error);
}

void
courier_stop(struct courier *courier, int exit_code)
{
	if (courier == NULL)
		return;
	if (!beside_stop(&courier->beside, STOP_S))
		_exit(exit_code);
	courier_free(courier);
}
