/* services/verify/judge.h
 *
 * The verdict on a presented credential, by nothing but what is held (trust.h). */
#ifndef SERVICES_VERIFY_JUDGE_H
#define SERVICES_VERIFY_JUDGE_H

#include "services/verify/trust.h"

struct judgement {
	enum verdict verdict;
	const char *reason; /* sentences */
	const char *reason_vi;
	struct credential_check check;
	int64_t as_of_us;  /* what it relies on is as old as this; INT64_MAX: nothing was needed */
	int64_t newest_us; /* the newest of it; INT64_MIN: nothing was needed */
	const char *log;   /* what the log says of it, a sentence; NULL: it was not asked */
};

struct judge {
	struct trust *trust;
	int64_t now_us;
	int64_t age_max_us;     /* what is held is not relied on when it is older */
	struct slice inclusion; /* proof that it is in the log, JSON; data NULL if there is none */
};

/* Promise: VALID only if signature, key, period and both status lists were checked, all by files no older than
 * age_max_us, and the proof of inclusion if there is one. */
void judge_credential(const struct judge *judge, struct slice presented, struct judgement *out);

#endif
