/* services/certificate/status_list.h
 *
 * Bitstring Status Lists of the institutions; see status_list.c. */
#ifndef SERVICES_CERTIFICATE_STATUS_LIST_H
#define SERVICES_CERTIFICATE_STATUS_LIST_H

#include "common/core/call.h"
#include "common/credential/bits.h"

#include "matricula/certificate.pb-c.h"
#include "matricula/status_list.pb-c.h"

enum {
	STATUS_ENTRIES = BITS_ENTRIES, /* of one list */
	STATUS_PIECE_BYTES = 1024,     /* of one row of bits */
};

/* Where a call's next credentials of an institution get their index. */
struct status_places {
	uint32_t list;
	uint32_t given; /* of that list, with those given in this call */
	uint8_t key[KEYED_KEY_BYTES];
};

extern Mt__StatusLists_Service status_lists;

/* The institution's present list; opens its first, or its next one before the present is full and when credentials
 * name another public address than its entries do (emits StatusListOpened). url_number is of that address. At most once
 * a call and institution. */
void status_begin(struct call *call, const char *school_id, uint32_t url_number, struct status_places *places);
/* The index of the next credential in places->list. At most one step's worth after status_begin. */
uint32_t status_next(struct status_places *places);
/* True if the institution ever opened a list, which goes on to be signed. */
bool status_any(const struct call *call, const char *school_id);

/* One more entry of the edition's list is given. */
void status_apply_given(struct apply *apply, const Mt__EditionRecord *edition);
/* Sets or clears the edition's bit; at is RFC 3339. */
void status_apply_set(struct apply *apply, const Mt__EditionRecord *edition, Mt__StatusList__Purpose purpose, bool on,
		      const char *at);
void status_list_apply(struct apply *apply, const Mt__StatusListFact *fact);

#endif
