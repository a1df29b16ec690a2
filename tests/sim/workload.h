/* tests/sim/workload.h
 *
 * A random working day: provinces push events, schools run classes and exams, people
 * are nominated, graded, certified, and somebody always tries what he must not. What
 * comes back in answers feeds what is asked next; nothing else does, so clients know
 * no more than real ones. */
#ifndef TESTS_SIM_WORKLOAD_H
#define TESTS_SIM_WORKLOAD_H

#include "tests/sim/standard.h"

enum {
	WORKLOAD_CLIENTS = 5,
	POOL_MAX = 64,
	EVENT_NUMBERS = 1000000,
	SPARE_TOKENS_MAX = 8,
	UNDER_WAY_MAX = 24, /* calls of all clients without an answer: bounded, as people are */
};

/* Ids seen in answers; when full, new ones take the places of old ones. */
struct pool {
	size_t count;
	char ids[POOL_MAX][ID_TEXT_BYTES];
	char with[POOL_MAX][ID_TEXT_BYTES]; /* of an enrolment its person, of an exam its class; else empty */
};

enum desk {
	DESK_PROVINCE_01,
	DESK_PROVINCE_79,
	DESK_HR_01,
	DESK_HR_79,
	DESK_HR_WARD, /* of 00004, for what is above and beside it */
	DESK_SCHOOL_1,
	DESK_SCHOOL_2,
	DESK_LEADER_1,
	DESK_LEADER_2,
	DESK_LECTURER_1,
	DESK_AUDITOR,
	DESK_DASHBOARD,
	DESK_HR_NATION,
	DESK_PRIVACY,
	DESKS,
};

struct spare_token {
	struct proof proof;
	char token_id[17];
	const struct errand *revoking; /* NULL: nobody tried yet */
};

struct workload {
	struct sim *sim;
	struct office *office;
	struct proof desks[DESKS];
	struct spare_token spares[SPARE_TOKENS_MAX];
	size_t spares_count;
	struct pool persons, programmes, classes, exams, attempts, certificates, messages;
	struct pool enrolments; /* class, with the person */
	uint64_t events_first;  /* each seed has events of its own */
	uint64_t events;        /* pushed ever */
	uint64_t calls;         /* numbers call ids */
	uint64_t think_us;      /* at most, between two calls of a client */
	bool stopped;
	struct arena arena; /* of the request being made */
};

/* Grants the tokens; false if the world is to blame. */
bool workload_open(struct workload *workload, struct office *office);
void workload_close(struct workload *workload);
/* The clients begin; each goes on by its own alarms until stopped. */
void workload_begin(struct workload *workload);

/* --- for workload_*.c --------------------------------------------------------------------------------------------- */

void pool_add(struct workload *workload, struct pool *pool, const char *id, const char *with);
/* One of them, or an id that nothing has. */
const char *pool_pick(struct workload *workload, const struct pool *pool);
/* A class and somebody in it, mostly. */
void pool_pick_learner(struct workload *workload, char **class_id, char **person_id);
uint64_t workload_below(struct workload *workload, uint64_t bound);
bool workload_chance(struct workload *workload, uint32_t percent);

/* Files and sends a call of that desk; a new call id for commands. */
struct errand *workload_call(struct workload *workload, uint32_t client, const struct proof *proof, const char *method,
			     const ProtobufCMessage *request);
/* The same without sending it yet. */
struct errand *workload_file(struct workload *workload, uint32_t client, const struct proof *proof, const char *method,
			     const ProtobufCMessage *request);

/* A token was just revoked: its bearer tries at once. */
void workload_revoked(struct workload *workload, const struct errand *errand);

struct task {
	uint32_t weight;
	void (*run)(struct workload *workload, uint32_t client);
};
extern const struct task tasks_people[];  /* workload_people.c; end with weight 0 */
extern const struct task tasks_classes[]; /* workload_classes.c */
extern const struct task tasks_access[];  /* workload_access.c */
extern const struct task tasks_authorities[];

#endif
