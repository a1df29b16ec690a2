/* services/notification/message.c
 *
 * A message is to one person, in both languages, and stands in the inbox for good. If an
 * e-mail address is known it also waits in the outbox, from where the courier takes it;
 * the courier's report ends that, or a timer puts it back after a while. It promises that
 * a message leaves the outbox only by a report, is tried at most DELIVERY_TRIES_MAX times,
 * and carries its own id to the mail server, so that a mail sent twice can be known as one.
 * It is kept without an address: it goes to the one that is known when it goes.
 *
 *   QUEUED -> SENT;  QUEUED -> RETRYING -> QUEUED ... -> FAILED;  INBOX_ONLY for ever */
#include "services/notification/message.h"

#include "common/base/date.h"
#include "common/wire/pb.h"
#include "services/notification/service.h"
#include "services/notification/tables.h"

static const char due_method[] = "MessageTimers.DeliveryDue";

/* --- look-ups --------------------------------------------------------------------------------------------------- */

static struct key
key_of_one(enum notification_table table, const char *id)
{
	struct key key = key_of((uint8_t)table);
	key_id_of(&key, id);
	return key;
}

static struct key
told_key(const char *person_id, const char *about)
{
	struct key key = key_of_one(TABLE_TOLD, person_id);
	key_id_of(&key, about);
	return key;
}

static struct key
told_last_key(const char *person_id, const char *about, enum recurring recurring)
{
	struct key key = key_of_one(TABLE_TOLD_LAST, person_id);
	key_id_of(&key, about);
	key_u8(&key, (uint8_t)recurring);
	return key;
}

const Mt__ContactRecord *
contact_find(const struct call *call, const char *person_id)
{
	struct key key = key_of_one(TABLE_CONTACT, person_id);
	return call_record(call, &key, &mt__contact_record__descriptor);
}

static bool
has_address(const Mt__ContactRecord *contact)
{
	return contact->personal != NULL && contact->personal->email[0] != '\0';
}

/* What is known of the person, whichever id it is asked by: of the record that stands, if any is known of it. And where
 * the person gets mail, NULL if nowhere: what the record that stands lacks, a merged one may have. Either is left out
 * with NULL. */
static void
contacts_of_person(const struct call *call, const char *person_id, const Mt__ContactRecord **first,
		   Mt__Personal **address)
{
	const char *ids[PERSON_IDS_MAX];
	const Mt__ContactRecord *known = NULL;
	Mt__Personal *found = NULL;
	size_t count = call_person_ids(call, person_id, ids, PERSON_IDS_MAX);
	for (size_t i = 0; i < count && (known == NULL || (address != NULL && found == NULL)); i++) {
		const Mt__ContactRecord *contact = contact_find(call, ids[i]);
		if (contact != NULL && known == NULL)
			known = contact;
		if (contact != NULL && found == NULL && has_address(contact))
			found = contact->personal;
	}
	if (first != NULL)
		*first = known;
	if (address != NULL)
		*address = found;
}

static const Mt__MessageRecord *
message_find(const struct call *call, struct slice id)
{
	struct key key = key_of(TABLE_MESSAGE);
	key_bytes(&key, id);
	return call_record(call, &key, &mt__message_record__descriptor);
}

static const Mt__MessageRecord *
message_or_refuse(struct call *call, const char *message_id)
{
	struct id id;
	if (!call_id(call, "message_id", message_id, &id))
		return NULL;
	const Mt__MessageRecord *message = message_find(call, slice_of(id.bytes, ID_BYTES));
	if (message == NULL)
		call_refuse(call, MT__STATUS__NOT_FOUND, "message %s is not known", message_id);
	return message;
}

static uint8_t
told_in(const struct store *store, const char *person_id, const char *about)
{
	struct key key = told_key(person_id, about);
	struct slice value;
	return store_get(store, key_slice(&key), &value) ? value.data[0] : 0;
}

/* What was told under another id of the person counts too, but for a withdrawal: each enrolment ends for itself. */
bool
message_was_told(const struct call *call, const char *person_id, const char *about, enum told told)
{
	const char *ids[PERSON_IDS_MAX];
	size_t count = call_person_ids(call, person_id, ids, PERSON_IDS_MAX);
	uint8_t said = told_in(call_store(call), person_id, about);
	for (size_t i = 0; i < count && told != TOLD_WITHDRAWN; i++)
		said |= strcmp(ids[i], person_id) == 0 ? 0 : told_in(call_store(call), ids[i], about);
	return (said & told) != 0;
}

bool
message_was_told_on(const struct call *call, const char *person_id, const char *about, enum recurring recurring,
		    uint64_t occasion)
{
	const char *ids[PERSON_IDS_MAX];
	size_t count = call_person_ids(call, person_id, ids, PERSON_IDS_MAX);
	for (size_t i = 0; i < count; i++) {
		struct slice value;
		struct key key = told_last_key(ids[i], about, recurring);
		if (store_get(call_store(call), key_slice(&key), &value) && get_u64(value.data) >= occasion)
			return true;
	}
	return false;
}

/* --- queueing --------------------------------------------------------------------------------------------------- */

void
message_queue(struct call *call, const struct template *template, const char *person_id, const char *about,
	      uint64_t occasion, const struct template_values *values)
{
	struct arena *arena = call_arena(call);
	const Mt__ContactRecord *contact;
	Mt__Personal *address;
	struct id person;
	bool is_id = id_parse(person_id, &person);
	assert(is_id);
	contacts_of_person(call, person_id, &contact, &address);
	char created_at[INSTANT_TEXT_BYTES];
	instant_format(call_now_us(call), created_at);

	Mt__MessageText content = MT__MESSAGE_TEXT__INIT;
	Mt__MessageRecord message = MT__MESSAGE_RECORD__INIT;
	message.message_id = (char *)call_new_id(call, id_locality(person));
	message.person_id = (char *)person_id;
	message.template_ = (char *)template->name;
	content.subject_vi = (char *)template_fill(arena, template->subject_vi, values);
	content.subject_en = (char *)template_fill(arena, template->subject_en, values);
	content.text_vi = (char *)template_fill(arena, template->text_vi, values);
	content.text_en = (char *)template_fill(arena, template->text_en, values);
	message.content = &content;
	message.created_at = created_at;
	message.about = (char *)about;
	message.occasion = occasion;
	message.delivery = address != NULL ? MT__MESSAGE__DELIVERY__QUEUED : MT__MESSAGE__DELIVERY__INBOX_ONLY;
	if (contact != NULL)
		message.authority_id = contact->authority_id;
	Mt__MessageQueued fact = MT__MESSAGE_QUEUED__INIT;
	fact.message = &message;
	call_emit(call, &fact.base);
}

/* --- the inbox -------------------------------------------------------------------------------------------------- */

static bool
may_read_inbox(struct call *call, const char *person_id)
{
	if (call_is_self(call, person_id))
		return true;
	if (!call_has_role(call, MT__ROLE__HR_OFFICER) && !call_has_role(call, MT__ROLE__AUDITOR)) {
		call_refuse(call, MT__STATUS__PERMISSION_DENIED, "a learner may read only an inbox of his own");
		return false;
	}
	const Mt__ContactRecord *contact;
	contacts_of_person(call, person_id, &contact, NULL);
	if (contact == NULL) {
		call_refuse(call, MT__STATUS__NOT_FOUND, "person %s is not known", person_id);
		return false;
	}
	return call_scope(call, contact->authority_id);
}

/* The id that a row's key ends with. */
static struct slice
id_at_end(struct slice key)
{
	return slice_of(key.data + key.size - ID_BYTES, ID_BYTES);
}

/* A message as it is answered: what is sealed in the row stands in the open. */
static Mt__MessageRecord *
message_shown(const struct call *call, struct slice row_key)
{
	Mt__MessageRecord *message = (Mt__MessageRecord *)message_find(call, id_at_end(row_key));
	assert(message != NULL);
	message->personal = NULL;
	if (message->content == NULL)
		return message;
	message->subject_vi = message->content->subject_vi;
	message->subject_en = message->content->subject_en;
	message->text_vi = message->content->text_vi;
	message->text_en = message->content->text_en;
	message->content = NULL;
	return message;
}

static void
messages_inbox(Mt__Messages_Service *service, const Mt__InboxRequest *in, Mt__InboxReply_Closure reply, void *call)
{
	(void)service;
	struct id person_id;
	struct page page;
	if (!call_id(call, "person_id", in->person_id, &person_id) || !may_read_inbox(call, in->person_id))
		return;
	if (!page_begin_person(&page, call, TABLE_INBOX, in->person_id, in->page_size, in->page_token))
		return;
	while (page_next(&page))
		page_add(&page, message_shown(call, page.walk.key));
	Mt__InboxReply out = MT__INBOX_REPLY__INIT;
	out.messages = (Mt__MessageRecord **)page.items;
	out.n_messages = page.count;
	out.next_page_token = page_token(&page);
	reply(&out, call);
}

/* --- delivery --------------------------------------------------------------------------------------------------- */

static void
messages_outbox(Mt__Messages_Service *service, const Mt__OutboxRequest *in, Mt__OutboxReply_Closure reply, void *call)
{
	(void)service;
	Mt__OutboxReply out = MT__OUTBOX_REPLY__INIT;
	size_t size = in->page_size == 0 || in->page_size > OUTBOX_PAGE_MAX ? OUTBOX_PAGE_MAX : in->page_size;
	struct key prefix = key_of(TABLE_OUTBOX);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	out.messages = arena_zero(call_arena(call), size * sizeof(*out.messages));
	while (out.n_messages < size && store_walk_next(&walk)) {
		Mt__MessageRecord *message = message_shown(call, walk.key);
		contacts_of_person(call, message->person_id, NULL, &message->personal);
		out.messages[out.n_messages++] = message;
	}
	if (out.n_messages == 0 && call_park(call, in->wait_ms))
		return;
	reply(&out, call);
}

static void
emit_failed(struct call *call, const Mt__MessageRecord *message, const Mt__ReportDeliveryRequest *in, const char *error,
	    Mt__ReportDeliveryReply *out)
{
	Mt__DeliveryFailed fact = MT__DELIVERY_FAILED__INIT;
	fact.message_id = message->message_id;
	fact.given_up = in->permanent || message->tries + 1 >= DELIVERY_TRIES_MAX;
	fact.error = (char *)error;
	call_emit(call, &fact.base);
	out->delivery = fact.given_up ? MT__MESSAGE__DELIVERY__FAILED : MT__MESSAGE__DELIVERY__RETRYING;
}

static void
messages_report_delivery(Mt__Messages_Service *service, const Mt__ReportDeliveryRequest *in,
			 Mt__ReportDeliveryReply_Closure reply, void *call)
{
	(void)service;
	const Mt__MessageRecord *message = message_or_refuse(call, in->message_id);
	if (message == NULL)
		return;
	const char *error = call_text(call, "error", in->error, DELIVERY_ERROR_BYTES_MAX, true);
	if (error == NULL)
		return;
	if (message->delivery == MT__MESSAGE__DELIVERY__INBOX_ONLY) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "message %s is for the inbox alone", in->message_id);
		return;
	}
	Mt__ReportDeliveryReply out = MT__REPORT_DELIVERY_REPLY__INIT;
	out.delivery = message->delivery; /* a report that comes twice changes nothing */
	if (in->sent && message->delivery != MT__MESSAGE__DELIVERY__SENT) {
		Mt__MessageSent fact = MT__MESSAGE_SENT__INIT;
		fact.message_id = message->message_id;
		call_emit(call, &fact.base);
		out.delivery = MT__MESSAGE__DELIVERY__SENT;
	} else if (!in->sent && message->delivery == MT__MESSAGE__DELIVERY__QUEUED) {
		emit_failed(call, message, in, error, &out);
	}
	reply(&out, call);
}

Mt__Messages_Service messages = MT__MESSAGES__INIT(messages_);

static void
message_timers_delivery_due(Mt__MessageTimers_Service *service, const Mt__DeliveryDue *in, Mt__Noted_Closure reply,
			    void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	const Mt__MessageRecord *message = message_or_refuse(call, in->message_id);
	if (message == NULL)
		return;
	if (message->delivery == MT__MESSAGE__DELIVERY__RETRYING) {
		Mt__DeliveryRetried fact = MT__DELIVERY_RETRIED__INIT;
		fact.message_id = message->message_id;
		call_emit(call, &fact.base);
	}
	reply(&noted, call);
}

Mt__MessageTimers_Service message_timers = MT__MESSAGE_TIMERS__INIT(message_timers_);

/* --- apply ------------------------------------------------------------------------------------------------------ */

/* People not known here yet are counted nowhere: their authority may not be in the tree yet either. */
static void
count(struct apply *apply, enum notification_metric metric, const Mt__MessageRecord *message)
{
	if (message->authority_id[0] == '\0')
		return;
	int32_t today = date_of_instant(apply_time_us(apply), apply_zone_minutes(apply));
	figures_add(apply, &notification_metrics[metric], message->authority_id, "", date_month(today), 1);
}

static Mt__MessageRecord *
record_of(struct apply *apply, const char *message_id)
{
	struct key key = key_of_one(TABLE_MESSAGE, message_id);
	Mt__MessageRecord *message = apply_record(apply, &key, &mt__message_record__descriptor);
	assert(message != NULL);
	return message;
}

static void
put_record(struct apply *apply, const Mt__MessageRecord *message)
{
	struct key key = key_of_one(TABLE_MESSAGE, message->message_id);
	struct key outbox = key_of_one(TABLE_OUTBOX, message->message_id);
	apply_put(apply, &key, &message->base);
	if (message->delivery == MT__MESSAGE__DELIVERY__QUEUED)
		apply_put_bytes(apply, &outbox, slice_text(""));
	else if (message->delivery != MT__MESSAGE__DELIVERY__INBOX_ONLY)
		apply_delete(apply, &outbox);
}

static void
apply_contact(struct apply *apply, const Mt__ContactNoted *fact)
{
	struct key key = key_of_one(TABLE_CONTACT, fact->contact->person_id);
	apply_put(apply, &key, &fact->contact->base);
}

static void
put_told(struct apply *apply, const Mt__MessageRecord *message)
{
	const struct template *template = template_find(message->template_);
	assert(template != NULL);
	if (template->recurring != RECURRING_NOT) {
		uint8_t last[sizeof(uint64_t)];
		struct key key = told_last_key(message->person_id, message->about, template->recurring);
		put_u64(last, message->occasion);
		apply_put_bytes(apply, &key, slice_of(last, sizeof(last)));
		return;
	}
	uint8_t before = told_in(apply_store(apply), message->person_id, message->about);
	uint8_t told = template_told_after(before, (uint8_t) template->told);
	struct key key = told_key(message->person_id, message->about);
	apply_put_bytes(apply, &key, slice_of(&told, sizeof(told)));
}

static void
apply_queued(struct apply *apply, const Mt__MessageQueued *fact)
{
	const Mt__MessageRecord *message = fact->message;
	put_record(apply, message);

	struct key inbox = key_of_one(TABLE_INBOX, message->person_id);
	key_u64(&inbox, UINT64_MAX - apply_seq(apply));
	key_id_of(&inbox, message->message_id);
	apply_put_bytes(apply, &inbox, slice_text(""));

	put_told(apply, message);
	count(apply, METRIC_MESSAGES_QUEUED, message);
}

static void
apply_sent(struct apply *apply, const Mt__MessageSent *fact)
{
	Mt__MessageRecord *message = record_of(apply, fact->message_id);
	message->delivery = MT__MESSAGE__DELIVERY__SENT;
	message->tries++;
	put_record(apply, message);
	count(apply, METRIC_MESSAGES_SENT, message);
}

static void
apply_failed(struct apply *apply, const Mt__DeliveryFailed *fact)
{
	Mt__MessageRecord *message = record_of(apply, fact->message_id);
	message->delivery = fact->given_up ? MT__MESSAGE__DELIVERY__FAILED : MT__MESSAGE__DELIVERY__RETRYING;
	int64_t backoff_us = DELIVERY_BACKOFF_S * SECOND_US << 2 * message->tries;
	message->tries++;
	put_record(apply, message);
	if (fact->given_up) {
		count(apply, METRIC_MESSAGES_FAILED, message);
		return;
	}
	Mt__DeliveryDue due = MT__DELIVERY_DUE__INIT;
	due.message_id = message->message_id;
	apply_timer_set(apply, apply_time_us(apply) + backoff_us, due_method, message->message_id, &due.base);
}

static void
apply_retried(struct apply *apply, const Mt__DeliveryRetried *fact)
{
	Mt__MessageRecord *message = record_of(apply, fact->message_id);
	message->delivery = MT__MESSAGE__DELIVERY__QUEUED;
	put_record(apply, message);
}

static void
apply_emptied(struct apply *apply, struct key *key)
{
	Mt__MessageRecord *message = apply_record(apply, key, &mt__message_record__descriptor);
	assert(message != NULL);
	message->content = NULL;
	message->personal = NULL;
	if (message->delivery == MT__MESSAGE__DELIVERY__QUEUED || message->delivery == MT__MESSAGE__DELIVERY__RETRYING)
		message->delivery = MT__MESSAGE__DELIVERY__FAILED;
	put_record(apply, message);
}

void
message_apply_erased(struct apply *apply, const char *person_id)
{
	struct key contact = key_of_one(TABLE_CONTACT, person_id);
	struct key prefix = key_of_one(TABLE_INBOX, person_id);
	struct store_walk walk = store_walk(apply_store(apply), key_slice(&prefix));
	apply_delete(apply, &contact);
	while (store_walk_next(&walk)) {
		struct key key = key_of(TABLE_MESSAGE);
		key_bytes(&key, id_at_end(walk.key));
		apply_emptied(apply, &key);
	}
}

void
message_apply(struct apply *apply, const Mt__MessageFact *fact)
{
	switch (fact->kind_case) {
	case MT__MESSAGE_FACT__KIND_CONTACT_NOTED:
		apply_contact(apply, fact->contact_noted);
		return;
	case MT__MESSAGE_FACT__KIND_MESSAGE_QUEUED:
		apply_queued(apply, fact->message_queued);
		return;
	case MT__MESSAGE_FACT__KIND_MESSAGE_SENT:
		apply_sent(apply, fact->message_sent);
		return;
	case MT__MESSAGE_FACT__KIND_DELIVERY_FAILED:
		apply_failed(apply, fact->delivery_failed);
		return;
	case MT__MESSAGE_FACT__KIND_DELIVERY_RETRIED:
		apply_retried(apply, fact->delivery_retried);
		return;
	case MT__MESSAGE_FACT__KIND__NOT_SET:
		break;
	}
	assert(false); /* the core lets no empty fact through */
}
