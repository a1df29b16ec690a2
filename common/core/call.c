/* common/core/call.c
 *
 * What a decision may ask and say. See call.h. */
#include "common/core/call.h"

#include "common/base/date.h"
#include "common/base/text.h"
#include "common/core/impl.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

enum { MESSAGE_BYTES_MAX = 512 };

void
call_begin(struct call *call, struct node *node, const struct method *method, const struct caller *caller)
{
	*call = (struct call){
		.node = node,
		.arena = &node->call_arena,
		.store = &node->store,
		.method = method,
		.caller = caller,
		.now_us = node_now_us(node),
	};
	call->facts_last = &call->facts;
}

struct arena *
call_arena(struct call *call)
{
	return call->arena;
}

const struct store *
call_store(const struct call *call)
{
	return call->store;
}

int64_t
call_now_us(const struct call *call)
{
	return call->now_us;
}

int
call_zone_minutes(const struct call *call)
{
	return call->node->head.zone_minutes;
}

int32_t
call_today(const struct call *call)
{
	return date_of_instant(call->now_us, call_zone_minutes(call));
}

void
call_share(struct call *call, void (*work)(void *context, size_t index), void *context, size_t count)
{
	const struct world *world = call->node->world;
	if (world->share != NULL && count > 1) {
		world->share(world->context, work, context, count);
		return;
	}
	for (size_t i = 0; i < count; i++)
		work(context, i);
}

uint64_t
call_random(struct call *call)
{
	uint64_t value;
	const struct world *world = call->node->world;
	world->random(world->context, &value, sizeof(value));
	return value;
}

const char *
call_new_id(struct call *call, uint32_t locality)
{
	char *text = arena_alloc(call->arena, ID_TEXT_BYTES);
	id_format(id_make(locality, call->now_us, call_random(call)), text);
	return text;
}

const uint8_t *
call_secret(const struct call *call)
{
	return call->node->config.secret;
}

const char *
call_public_url(const struct call *call)
{
	const char *url = call->node->config.public_url;
	return url == NULL ? "" : url;
}

const uint8_t *
call_token_key(const struct call *call)
{
	return call->node->token_key;
}

const char *
call_subject(const struct call *call)
{
	return call->caller->subject;
}

const char *
call_authority(const struct call *call)
{
	return call->caller->authority;
}

bool
call_has_role(const struct call *call, Mt__Role role)
{
	return (call->caller->roles & 1u << role) != 0;
}

static void
refuse(struct call *call, Mt__Status status, const char *field, const char *format, va_list arguments)
{
	assert(call->state == CALL_OPEN);
	char message[MESSAGE_BYTES_MAX];
	vsnprintf(message, sizeof(message), format, arguments);
	call->state = CALL_REFUSED;
	call->status = status;
	call->field = field != NULL ? arena_text(call->arena, slice_text(field)) : "";
	call->message = arena_text(call->arena, slice_of(message, (size_t)text_cut(message, sizeof(message))));
}

void
call_refuse(struct call *call, Mt__Status status, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	refuse(call, status, NULL, format, arguments);
	va_end(arguments);
}

void
call_refuse_field(struct call *call, const char *field, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	refuse(call, MT__STATUS__INVALID_ARGUMENT, field, format, arguments);
	va_end(arguments);
}

bool
call_refused(const struct call *call)
{
	return call->state == CALL_REFUSED;
}

bool
call_scope(struct call *call, const char *authority_id)
{
	/* A learner's role reaches the own record only, whatever authority the token names. */
	uint32_t reaching = call->caller->roles & call->method->rule->roles & ~(1u << MT__ROLE__LEARNER);
	if (call->caller->everywhere ||
	    (reaching != 0 && tree_covers(call->store, call->caller->authority, authority_id))) {
		call->scoped = true;
		return true;
	}
	call_refuse(call, MT__STATUS__PERMISSION_DENIED, "authority %s is outside the caller's own", authority_id);
	return false;
}

bool
call_is_self(struct call *call, const char *person_id)
{
	const char *subject = call->caller->subject;
	if (person_id[0] == '\0')
		return false;
	if (strcmp(subject, person_id) != 0 && strcmp(call_person(call, subject), call_person(call, person_id)) != 0)
		return false;
	call->scoped = true;
	return true;
}

void
call_emit(struct call *call, const ProtobufCMessage *fact)
{
	assert(call->state == CALL_OPEN);
	assert(call->scoped);
	assert(call->method->rule->kind != MT__KIND__QUERY);
	assert(call->facts_count < FACTS_PER_CALL_MAX);
	call->text_broken = call->text_broken || !pb_text_valid(fact);
	struct emitted *emitted = arena_alloc(call->arena, sizeof(*emitted));
	*emitted = (struct emitted){.next = NULL};
	emitted->bytes = fact_wrap(call->node->module, call->arena, personal_sealed(call, fact, &emitted->pieces));
	*call->facts_last = emitted;
	call->facts_last = &emitted->next;
	call->facts_count++;
}

bool
call_park(struct call *call, uint32_t wait_ms)
{
	if (!call->may_park || wait_ms == 0)
		return false;
	call->state = CALL_PARKED;
	call->park_ms = wait_ms < LONG_POLL_MS_MAX ? wait_ms : LONG_POLL_MS_MAX;
	return true;
}

const void *
call_record(const struct call *call, const struct key *key, const ProtobufCMessageDescriptor *type)
{
	struct slice value;
	if (!store_get(call->store, key_slice(key), &value))
		return NULL;
	return call_unpack(call, type, value);
}

void *
call_unpack(const struct call *call, const ProtobufCMessageDescriptor *type, struct slice value)
{
	ProtobufCMessage *record = personal_unpack(call->node, call->store, call->arena, type, value);
	assert(record != NULL);
	return record;
}

bool
call_erased(const struct call *call, const char *subject_id)
{
	struct id id;
	return id_parse(subject_id, &id) && subject_find(call->node, call->store, id).state == SUBJECT_ERASED;
}

const char *
call_text(struct call *call, const char *field, const char *value, size_t bytes_max, bool may_be_empty)
{
	if (value[0] == '\0') {
		if (may_be_empty)
			return "";
		call_refuse_field(call, field, "%s is missing", field);
		return NULL;
	}
	if (strlen(value) > bytes_max) {
		call_refuse_field(call, field, "%s is longer than %zu bytes", field, bytes_max);
		return NULL;
	}
	const char *text = text_nfc(call->arena, value);
	if (text == NULL) {
		call_refuse_field(call, field, "%s is not valid UTF-8", field);
		return NULL;
	}
	if (strlen(text) > bytes_max) { /* composing may make a text three times as long */
		call_refuse_field(call, field, "%s is longer than %zu bytes in normal form", field, bytes_max);
		return NULL;
	}
	return text;
}

int32_t
call_date(struct call *call, const char *field, const char *value)
{
	int32_t date = DATE_NONE;
	if (!date_parse(value, &date)) {
		call_refuse_field(call, field, "%s is not a date of the calendar written YYYY-MM-DD", field);
		return DATE_NONE;
	}
	return date;
}

bool
call_id(struct call *call, const char *field, const char *value, struct id *id)
{
	if (id_parse(value, id))
		return true;
	call_refuse_field(call, field, value[0] == '\0' ? "%s is missing" : "%s is not an id", field);
	return false;
}
