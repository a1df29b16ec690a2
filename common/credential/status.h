/* common/credential/status.h
 *
 * A signed status list as somebody fetched it: a BitstringStatusListCredential (W3C Bitstring
 * Status List 1.0) with one eddsa-jcs-2022 proof of the institution whose certificates it is
 * about. A list that another signed says nothing of them, nor does one whose key was compromised:
 * the institution signs its lists anew with every new key. */
#ifndef COMMON_CREDENTIAL_STATUS_H
#define COMMON_CREDENTIAL_STATUS_H

#include "common/credential/check.h"

struct status_list {
	const char *url;    /* its id, which credentials name */
	const char *issuer; /* did */
	enum check_status_purpose purpose;
	struct slice bits;
	int64_t changed_us; /* validFrom: when it last changed */
};

/* NULL and the list, in the arena, or why it cannot be relied on, a sentence. issuers as for credential_check: the key
 * has to be one of the list's own issuer. */
const char *
status_list_read(struct arena *arena, struct slice text, const struct check_issuers *issuers, struct status_list *list);

#endif
