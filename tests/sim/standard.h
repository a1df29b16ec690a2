/* tests/sim/standard.h
 *
 * The deployment that every story and every seed begins with: VN, the provinces 01
 * and 79 with a few of their communes under their real names, and two schools. Also
 * how a token comes to be granted behind the scenes. */
#ifndef TESTS_SIM_STANDARD_H
#define TESTS_SIM_STANDARD_H

#include "tests/sim/clerk.h"

#include "matricula/options.pb-c.h"

enum { STANDARD_MAX = 16, STANDARD_LIMIT_US = 600 * 1000 * 1000 };

struct standard_authority {
	const char *code;
	const char *parent;
	const char *code_list;
	const char *list_version;
	const char *kind;
	char name[NAME_BYTES_MAX];
	char name_en[NAME_BYTES_MAX];
	char id[ID_TEXT_BYTES]; /* once added */
};

struct standard {
	struct standard_authority authorities[STANDARD_MAX];
	size_t count;
};

/* Reads the places' names from the list of units; false if the file is not there. */
bool standard_load(struct standard *standard, const char *csv_path);
/* Adds them all and waits until every node knows them. */
bool standard_add(struct standard *standard, struct office *office);
struct standard_authority *standard_find(struct standard *standard, const char *code);

/* Grants roles to a new token and waits until every node has it. The id of the token comes back in token_id.
 * subject "" takes the default one. */
bool standard_grant(struct office *office, const Mt__Role *roles, size_t roles_count, const char *authority,
		    const char *subject, struct proof *proof, char token_id[17]);
/* Steps until the errand is answered; false if it takes too long. */
bool errand_wait(struct office *office, struct errand *errand);

#endif
