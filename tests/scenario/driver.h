/* tests/scenario/driver.h
 *
 * One way of playing a story: in the pure world, in the simulated one with faults, or
 * over HTTP against real processes. The player knows the language, a driver knows how
 * things are done; each function answers false and says why in driver->why. */
#ifndef TESTS_SCENARIO_DRIVER_H
#define TESTS_SCENARIO_DRIVER_H

#include "common/base/hash.h"
#include "common/wire/rule.h"
#include "tests/scenario/story.h"

#include "matricula/envelope.pb-c.h"

#include <jansson.h>

enum { WHY_BYTES = 640 };

struct caller_wish {
	bool nobody;
	size_t roles_count;
	Mt__Role roles[16];
	const char *authority; /* code */
	const char *subject;   /* "" for the default one */
};

struct order {
	const struct rule *rule;
	const char *service; /* who is asked, if every service could answer; NULL: the owner */
	const char *json;
	const char *id; /* call id; "" for none */
	bool dry_run;
	bool refusal_expected;
	Mt__Status expected;
};

struct answer {
	Mt__Status status;
	char message[512];
	char field[128]; /* in JSON spelling */
	json_t *reply;   /* owned by whoever asked; NULL unless OK */
	bool repeated;
};

struct driver {
	uint8_t journals[HASH_BYTES]; /* pure only, after end: SHA-256 over all entries of all nodes */
	char why[WHY_BYTES];
	void *context;
	/* A reason not to play it this way, or NULL. */
	const char *(*skips)(struct driver *driver, const struct story *story);
	/* How a text of the story is spelt this way: takes it and gives back another, or the same. May be NULL. */
	char *(*spell)(struct driver *driver, char *text, bool is_json);
	bool (*begin)(struct driver *driver, const struct story *story, const char *now);
	/* token_id is filled in, or empty. */
	bool (*as)(struct driver *driver, const struct caller_wish *wish, char token_id[17]);
	bool (*call)(struct driver *driver, const struct order *order, struct answer *answer);
	/* All facts since the story began: [{"name": "LearnerEnrolled", "fact": {...}}]. */
	json_t *(*facts)(struct driver *driver, const char *service);
	/* public_url: what it is started with from then on, "trial" for none; NULL: as before. */
	bool (*restart)(struct driver *driver, const char *service, const char *public_url);
	bool (*settle)(struct driver *driver);
	bool (*sign)(struct driver *driver);
	bool (*advance)(struct driver *driver, int64_t us);
	/* month "" for none. The sum over categories if category is "-". */
	bool (*figure)(struct driver *driver, const char *metric, const char *code, const char *category,
		       const char *month, int64_t *value);
	/* The story is over; if it was told to its end, what must hold in any case is checked here. */
	bool (*end)(struct driver *driver, bool told);
};

bool driver_fail(struct driver *driver, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Sums the figures of a FiguresReply as JSON that fit. */
int64_t driver_figures_sum(json_t *reply, const char *category, const char *month);

struct driver *driver_pure_new(uint64_t seed, bool with_faults);
void driver_pure_free(struct driver *driver);
struct deployment {
	const char *url;
	const char *data;
	const char *clock; /* the file of one under faketime, or NULL */
	const char
		*address; /* the file that its public URL is read from at each start, or NULL: it has always the same */
};

/* NULL if the deployment cannot be reached; says so itself. */
struct driver *driver_live_new(const struct deployment *deployment);
void driver_live_free(struct driver *driver);

#endif
