/* common/credential/check_form.h
 *
 * The inside of check.h: what a check in progress holds, and the checks of form. */
#ifndef COMMON_CREDENTIAL_CHECK_FORM_H
#define COMMON_CREDENTIAL_CHECK_FORM_H

#include "common/credential/check.h"

struct checking {
	struct credential_check *check;
	struct arena *arena;
	const struct check_issuers *issuers;
	struct jcs_value *root;
	struct jwt jwt;
	struct check_key key;
	enum check_key_found found;
};

/* False, and the reason noted. */
bool check_fails(struct credential_check *check, enum reason reason, const char *what);

/* A token's registered claims say what the credential says, and are taken out of the document. */
bool check_claims(struct checking *at);
/* Contexts, type, id, and one proof of our form. */
bool check_form(struct checking *at);
/* Of what is signed: instants, status entries, content. */
bool check_says(struct checking *at);

#endif
