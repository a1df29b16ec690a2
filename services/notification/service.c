/* services/notification/service.c
 *
 * The notification service: messages to people. It follows enrollment and certificate;
 * nobody follows it but its own courier. */
#include "services/notification/service.h"

#include "common/core/call.h"
#include "common/core/mirror.h"
#include "services/notification/message.h"
#include "services/notification/subject.h"

#include "matricula/certificate_service.pb-c.h"
#include "matricula/enrollment_service.pb-c.h"
#include "matricula/notification_service.pb-c.h"

#include <assert.h>

static ProtobufCService *const handlers[] = {
	&messages.base,
	&message_timers.base,
	&message_reactions.base,
	&mirror_reactions.base,
	&notification_subjects.base,
	&notification_subject_reactions.base,
	NULL,
};

static const struct producer follows[] = {
	{"enrollment", &mt__enrollment_service_fact__descriptor},
	{"certificate", &mt__certificate_service_fact__descriptor},
	{NULL, NULL},
};

const struct metric notification_metrics[] = {
	[METRIC_MESSAGES_QUEUED] =
		{
			.number = 401,
			.kind = METRIC_FLOW,
			.name = "messages.queued",
			.unit = "message",
			.en = "Messages to people whose authority is known here, mailed or for the inbox alone.",
			.vi = "Số thông báo gửi cán bộ, qua thư điện tử hoặc chỉ vào hộp thông báo.",
		},
	[METRIC_MESSAGES_SENT] =
		{
			.number = 402,
			.kind = METRIC_FLOW,
			.name = "messages.sent",
			.unit = "message",
			.en = "Messages that a mail server accepted.",
			.vi = "Số thông báo đã được máy chủ thư nhận.",
		},
	[METRIC_MESSAGES_FAILED] =
		{
			.number = 403,
			.kind = METRIC_FLOW,
			.name = "messages.failed",
			.unit = "message",
			.en = "Messages whose delivery by e-mail was given up.",
			.vi = "Số thông báo không gửi được qua thư điện tử.",
		},
	{.number = 0},
};

static void
notification_apply(struct apply *apply, const ProtobufCMessage *message)
{
	const Mt__NotificationServiceFact *fact = (const Mt__NotificationServiceFact *)message;
	switch (fact->noun_case) {
	case MT__NOTIFICATION_SERVICE_FACT__NOUN_MESSAGE:
		message_apply(apply, fact->message);
		return;
	case MT__NOTIFICATION_SERVICE_FACT__NOUN_SUBJECT:
		notification_subject_apply(apply, fact->subject);
		return;
	case MT__NOTIFICATION_SERVICE_FACT__NOUN_CORE:
		core_apply(apply, &fact->core->base);
		return;
	case MT__NOTIFICATION_SERVICE_FACT__NOUN__NOT_SET:
		break;
	}
	assert(false); /* the core lets no empty fact through */
}

/* Their rows take as it was sealed what is personal. */
static const ProtobufCMessageDescriptor *const facts_closed[] = {
	&mt__message_queued__descriptor,
	&mt__contact_noted__descriptor,
	NULL,
};

const struct module notification_module = {
	.name = "notification",
	.facts = &mt__notification_service_fact__descriptor,
	.handlers = handlers,
	.apply = notification_apply,
	.facts_closed = facts_closed,
	.follows = follows,
	.metrics = notification_metrics,
	.erase = message_apply_erased,
	.apply_version = 2,
};
