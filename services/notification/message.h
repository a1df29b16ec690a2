/* services/notification/message.h
 *
 * Messages to people: inbox and delivery; see message.c and reaction.c. */
#ifndef SERVICES_NOTIFICATION_MESSAGE_H
#define SERVICES_NOTIFICATION_MESSAGE_H

#include "common/core/call.h"
#include "services/notification/template.h"

#include "matricula/message.pb-c.h"

enum {
	DELIVERY_TRIES_MAX = 5,  /* over 14 minutes; then it is a dead letter, still in the inbox */
	DELIVERY_BACKOFF_S = 10, /* after the first failure, and four times longer after each */
	DELIVERY_ERROR_BYTES_MAX = 512,
	OUTBOX_PAGE_MAX = 64, /* more than a courier has under way at once */
};

extern Mt__Messages_Service messages;
extern Mt__MessageTimers_Service message_timers;
extern Mt__MessageReactions_Service message_reactions;

const Mt__ContactRecord *contact_find(const struct call *call, const char *person_id); /* or NULL */
/* True if the person was told this about that class or certificate already, under whichever id. */
bool message_was_told(const struct call *call, const char *person_id, const char *about, enum told told);
/* The same of a recurring template: about that certificate, on that occasion or a later one. */
bool message_was_told_on(const struct call *call, const char *person_id, const char *about, enum recurring recurring,
			 uint64_t occasion);
/* Emits MessageQueued: to be mailed if an address is known, else for the inbox alone. occasion is 0 unless the
 * template recurs. */
void message_queue(struct call *call, const struct template *template, const char *person_id, const char *about,
		   uint64_t occasion, const struct template_values *values);

void message_apply(struct apply *apply, const Mt__MessageFact *fact);
/* Address and texts of the person are no more, and nothing is sent any more; see struct module. */
void message_apply_erased(struct apply *apply, const char *person_id);

#endif
