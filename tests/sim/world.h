/* tests/sim/world.h
 *
 * The simulated world: a whole deployment in one process. Four nodes with a disk
 * each, virtual time, one seeded random, and messages that take their time; one
 * event a step. It gives every node the struct world it asks for and nothing else,
 * so that what runs here is the code that runs in production.
 *
 * A crash is complete at the instant it happens: what the process had begun to write
 * is wholly on its disk or not at all, and whatever its code still does on the way
 * out of that call reaches nobody. With no faults and no delays it is the pure
 * world, in which a story takes milliseconds.
 *
 * The first breach of a promise is kept (world_blame) and stops the run; the digest
 * tells whether two runs were the same. */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include "common/base/random.h"
#include "common/base/codec.h"
#include "common/base/id.h"
#include "common/core/limits.h"
#include "common/core/node.h"
#include "common/core/tables.h"
#include "tests/sim/agenda.h"
#include "tests/sim/disk.h"

enum {
	WORLD_NODES = 4,
	WORLD_CLIENTS_MAX = 16,
	WORLD_ENDPOINTS = WORLD_NODES + WORLD_CLIENTS_MAX,
	CRASH_POINTS_MAX = 32,
	KEY_ID_GATEWAY = 1,
	KEY_ID_OPERATOR = 2,
	KEY_ID_COURIER = 3, /* of kind KEY_NODE, for what a host does in a node's name */
	KEY_ID_PEERS = 16,  /* + asking node * WORLD_NODES + asked node */
	KEYS_MAX = 3 + WORLD_NODES,
};

enum { ENROLLMENT, ASSESSMENT, CERTIFICATE, NOTIFICATION };
extern const struct module *const world_modules[WORLD_NODES];

/* What may go wrong. All zeros: nothing, and nothing takes any time. */
struct faults {
	uint32_t drop_percent;
	uint32_t duplicate_percent;
	int64_t delay_us_max;   /* of a frame */
	bool reorder;           /* frames of one link may overtake each other */
	int64_t disk_us_max;    /* of a commit or a flush */
	bool short_turns;       /* a node is stopped after each call, also within a frame */
	int64_t mishap_us_mean; /* between two of the following; 0: none of them */
	bool crashes;
	bool crashes_at_points;
	bool partitions;
	bool full_disks;
	int64_t clock_jump_us_max;
};

struct process {
	struct sim *sim;
	uint32_t index;
	const struct module *module;
	struct node *node; /* NULL while down */
	uint32_t boot;     /* which life; from 1 */
	bool dying;        /* a crash point struck inside a call into the node */
	bool run_due;
	int64_t tick_us; /* monotonic; INT64_MAX: none asked for */
	struct disk disk;
	bool disk_full;
	bool disk_warns; /* the full disk also shows in space_free */
	bool mute;       /* a twin: it reaches nobody */
	int64_t clock_ahead_us;
	struct world world;
	struct seal_key keys[KEYS_MAX];
	struct seal_key peer_keys[PRODUCERS_MAX];
	uint32_t peers[PRODUCERS_MAX]; /* node index of each of module->follows */
	uint8_t secret[32];
	char public_url[128]; /* what its next life is started with */
	const char *crash_at; /* the point armed, or NULL */
	uint32_t crash_after; /* passes before it strikes */
};

/* What clients do when something reaches them. */
struct audience {
	void *context;
	void (*answer)(void *context, uint32_t client, struct slice frame);
	void (*alarm)(void *context, uint64_t number);
};

struct sim {
	struct random random;
	struct faults faults;
	bool calm; /* no new mishaps, no losses: the liveness phase */
	struct agenda agenda;
	struct process processes[WORLD_NODES];
	struct audience audience;
	int64_t time_us;   /* virtual, since the beginning; what monotonic clocks show */
	int64_t epoch_us;  /* wall clock at time 0 */
	bool clock_stands; /* the wall clock moves by world_move_clock alone: for stories with times in them */
	uint64_t steps;
	uint64_t steps_now; /* at this instant */
	uint64_t digest;
	bool cut[WORLD_NODES][WORLD_NODES];
	int64_t link_us[WORLD_ENDPOINTS][WORLD_ENDPOINTS]; /* last arrival, where frames keep their order */
	uint64_t memory_bytes;
	uint32_t crashed[CRASH_POINTS_MAX]; /* how often, in the order of crash_points */
	uint32_t reached[CRASH_POINTS_MAX];
	uint64_t crashes;
	char blame[512]; /* "invariant: what was seen"; empty: none so far */
};

struct sim *world_new(uint64_t seed, int64_t epoch_us);
void world_free(struct sim *sim);
void world_start(struct sim *sim); /* all nodes, on their empty disks */

/* Handles the next event. False if there is none, or a promise was broken. */
bool world_step(struct sim *sim);
/* Begins the mishaps of sim->faults. */
void world_rage(struct sim *sim);
/* Ends them: heals cuts, frees disks, starts what is down, loses nothing any more. */
void world_calm(struct sim *sim);

int64_t world_now_us(const struct sim *sim);
/* Moves every wall clock; monotonic time stands still. Nodes look at their timers at once. */
void world_move_clock(struct sim *sim, int64_t us);

/* From a client to a node; tag as in struct event. */
void world_send(struct sim *sim, uint32_t client, uint32_t to, struct slice frame, uint64_t tag);
void world_alarm(struct sim *sim, int64_t in_us, uint64_t number);
/* Frames of that call which are still on their way to a node are lost. */
void world_forget(struct sim *sim, uint64_t tag);
void world_crash(struct sim *sim, uint32_t index);
void world_restart(struct sim *sim, uint32_t index); /* a crash, and up again at once */
/* Opens the process's node on its disk. */
void world_boot(struct sim *sim, uint32_t index);
/* A node of its own on a copy of that one's journal and an empty state, without the keys of who was erased, opened
 * and replayed; it talks to nobody.
 * world_twin_free ends it. */
struct process *world_twin(struct sim *sim, uint32_t index);
void world_twin_free(struct process *twin);

const struct seal_key *world_key(uint32_t key_id); /* of gateway, operator and courier */
/* The node that answers a method, by the rule's owner; ENROLLMENT if every node has it. */
uint32_t world_owner(const char *owner);

void world_blame(struct sim *sim, const char *invariant, const char *format, ...) __attribute__((format(printf, 3, 4)));
static inline bool
world_blamed(const struct sim *sim)
{
	return sim->blame[0] != '\0';
}

#endif
