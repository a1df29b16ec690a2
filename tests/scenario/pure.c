/* tests/scenario/pure.c
 *
 * The driver of the simulated world, with faults or without. Without, a story takes
 * milliseconds. With faults on, the clerk asks again under the same call id until it
 * is answered, so the story must come out the same; when it is told, the mishaps end,
 * everything must settle, and every invariant of the simulator must hold.
 *
 * What a refused call, or a rejected event, may leave on its way is taken off the wire
 * before the story goes on: neither is saved, so a late copy of the frame could be
 * accepted later, which is right for the node and wrong for a story told in order. */
#include "tests/scenario/driver.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/date.h"
#include "tests/scenario/bridge.h"
#include "tests/sim/check.h"
#include "tests/sim/ledger.h"
#include "tests/sim/mishap.h"
#include "tests/scenario/worker.h"
#include "tests/sim/settle.h"
#include "tests/sim/standard.h"

#define START_CLOCK "2026-03-02T01:00:00Z"
#define UNITS_CSV "tests/data/vietnam-units-2025.csv"

enum { TOKENS_MAX = 64 };

struct token {
	struct caller_wish wish;
	char authority[CODE_BYTES_MAX + 1];
	char subject[SUBJECT_BYTES_MAX + 1];
	char token_id[17];
	struct proof proof;
};

struct pure {
	struct driver driver;
	uint64_t seed;
	bool with_faults;
	struct sim *sim;
	struct office office;
	struct standard standard;
	uint64_t began[WORLD_NODES]; /* journal heads when the story began */
	struct token tokens[TOKENS_MAX];
	size_t tokens_count;
	struct proof proof;
	struct token *token; /* behind the proof; NULL for nobody and nodes */
};

static bool
blamed(struct pure *pure)
{
	return driver_fail(&pure->driver, "seed %llu, step %llu: %s", (unsigned long long)pure->seed,
			   (unsigned long long)pure->sim->steps, pure->sim->blame);
}

static const char *
pure_skips(struct driver *driver, const struct story *story)
{
	(void)driver;
	(void)story;
	return NULL;
}

static bool
pure_begin(struct driver *driver, const struct story *story, const char *now)
{
	struct pure *pure = driver->context;
	int64_t epoch_us;
	(void)story;
	if (!instant_parse(now == NULL ? START_CLOCK : now, &epoch_us))
		return driver_fail(driver, "%s is no RFC 3339 instant", now);
	pure->sim = world_new(pure->seed, epoch_us);
	pure->sim->clock_stands = true;
	office_open(&pure->office, pure->sim);
	world_start(pure->sim);
	if (!standard_load(&pure->standard, UNITS_CSV))
		return driver_fail(driver, "%s is not there or lacks a unit", UNITS_CSV);
	if (!standard_add(&pure->standard, &pure->office) || !world_settle(pure->sim, &pure->office, STANDARD_LIMIT_US))
		return blamed(pure);
	for (uint32_t i = 0; i < WORLD_NODES; i++)
		pure->began[i] = pure->sim->processes[i].disk.head;
	pure->tokens_count = 0;
	pure->token = NULL;
	pure->proof = proof_stranger();
	if (!pure->with_faults)
		return true;
	pure->sim->faults = mishap_swarm(&pure->sim->random);
	pure->sim->faults.clock_jump_us_max = 0; /* a story's clock is its own */
	world_rage(pure->sim);
	return true;
}

static bool
wish_equal(const struct token *token, const struct caller_wish *wish)
{
	return token->wish.roles_count == wish->roles_count &&
	       memcmp(token->wish.roles, wish->roles, wish->roles_count * sizeof(wish->roles[0])) == 0 &&
	       strcmp(token->authority, wish->authority) == 0 && strcmp(token->subject, wish->subject) == 0;
}

static bool
pure_as(struct driver *driver, const struct caller_wish *wish, char token_id[17])
{
	struct pure *pure = driver->context;
	pure->token = NULL;
	pure->proof = wish->nobody ? proof_stranger() : proof_courier();
	if (wish->nobody || wish->roles[0] == MT__ROLE__NODE)
		return true;
	for (size_t i = 0; i < pure->tokens_count && pure->token == NULL; i++) {
		if (wish_equal(&pure->tokens[i], wish))
			pure->token = &pure->tokens[i];
	}
	if (pure->token == NULL) {
		if (pure->tokens_count == TOKENS_MAX)
			return driver_fail(driver, "a story has at most %d callers", TOKENS_MAX);
		struct token *token = &pure->tokens[pure->tokens_count];
		*token = (struct token){.wish = *wish};
		snprintf(token->authority, sizeof(token->authority), "%s", wish->authority);
		snprintf(token->subject, sizeof(token->subject), "%s", wish->subject);
		if (!standard_grant(&pure->office, wish->roles, wish->roles_count, wish->authority, wish->subject,
				    &token->proof, token->token_id))
			return blamed(pure);
		pure->tokens_count++;
		pure->token = token;
	}
	pure->proof = pure->token->proof;
	memcpy(token_id, pure->token->token_id, 17);
	return true;
}

/* Text that does not fit the request's type: what the gateway would say. */
static void
answer_fault(struct answer *answer, const struct fault *fault)
{
	answer->status = MT__STATUS__INVALID_ARGUMENT;
	snprintf(answer->message, sizeof(answer->message), "%s", fault->message);
	snprintf(answer->field, sizeof(answer->field), "%s", fault->field);
}

static json_t *
message_json(const ProtobufCMessage *message)
{
	json_error_t error;
	char *text = bridge_to_json(message);
	json_t *value = json_loads(text, 0, &error);
	free(text);
	assert(value != NULL);
	return value;
}

static void
answer_take(struct answer *answer, const struct errand *errand, struct arena *arena)
{
	answer->status = errand->status;
	answer->repeated = errand->repeated;
	snprintf(answer->message, sizeof(answer->message), "%s", errand->message);
	bridge_json_name(errand->field, answer->field, sizeof(answer->field));
	const ProtobufCMessage *reply = errand_reply(errand, arena);
	if (reply != NULL)
		answer->reply = message_json(reply);
}

static bool
find_node(struct driver *driver, const struct order *order, uint32_t *to)
{
	const char *name = order->service != NULL ? order->service : order->rule->owner;
	*to = world_owner(name);
	if (name[0] != '\0' && strcmp(world_modules[*to]->name, name) != 0)
		return driver_fail(driver, "there is no service %s", name);
	return true;
}

/* Until it is answered, or what is expected is just the refusal that the clerk would wait out. */
static bool
errand_run(struct pure *pure, const struct order *order, struct errand *errand)
{
	errand->patient =
		pure->with_faults && !(order->refusal_expected && order->expected == MT__STATUS__RESOURCE_EXHAUSTED);
	errand->unavailable_is_answer = order->refusal_expected && order->expected == MT__STATUS__UNAVAILABLE;
	errand_send(&pure->office, errand);
	if (!errand_wait(&pure->office, errand))
		return blamed(pure);
	if (errand->status != MT__STATUS__OK || errand->rule->open)
		world_forget(pure->sim, errand->tag);
	return true;
}

static bool
pure_call(struct driver *driver, const struct order *order, struct answer *answer)
{
	struct pure *pure = driver->context;
	struct arena arena;
	struct fault fault;
	uint32_t to;
	if (!find_node(driver, order, &to))
		return false;
	arena_init(&arena, 64 << 10, 0);
	const ProtobufCMessage *request = bridge_from_json(order->rule->input, &arena, order->json, &fault);
	bool done = true;
	if (request == NULL) {
		answer_fault(answer, &fault);
	} else {
		struct errand *errand = errand_new(&pure->office, 1, to, &pure->proof, order->rule, order->id, request);
		errand->dry_run = order->dry_run;
		done = errand_run(pure, order, errand);
		if (done)
			answer_take(answer, errand, &arena);
	}
	arena_free(&arena);
	return done;
}

static bool
find_service(struct driver *driver, const char *service, uint32_t *index)
{
	*index = world_owner(service);
	if (strcmp(world_modules[*index]->name, service) != 0)
		return driver_fail(driver, "there is no service %s", service);
	return true;
}

static json_t *
pure_facts(struct driver *driver, const char *service)
{
	struct pure *pure = driver->context;
	struct arena arena;
	uint32_t index;
	if (!find_service(driver, service, &index))
		return NULL;
	world_boot(pure->sim, index); /* if it is down: a story sees what a service is shown */
	const struct process *process = &pure->sim->processes[index];
	const struct disk *disk = &process->disk;
	json_t *facts = json_array();
	arena_init(&arena, 64 << 10, 0);
	for (uint64_t seq = pure->began[index] + 1; seq <= disk->head; seq++) {
		struct ledger_entry entry;
		arena_reset(&arena);
		bool sound = ledger_read(world_modules[index], &arena, disk_entry(disk, seq), &entry);
		assert(sound);
		for (size_t i = 0; i < entry.facts_count; i++) {
			json_t *fact = json_object();
			node_reveal(process->node, &arena, (ProtobufCMessage *)entry.facts[i]);
			json_object_set_new(fact, "name", json_string(ledger_name(entry.facts[i])));
			json_object_set_new(fact, "fact", message_json(entry.facts[i]));
			json_array_append_new(facts, fact);
		}
	}
	arena_free(&arena);
	return facts;
}

static bool
pure_restart(struct driver *driver, const char *service, const char *public_url)
{
	struct pure *pure = driver->context;
	uint32_t index;
	if (!find_service(driver, service, &index))
		return false;
	struct process *process = &pure->sim->processes[index];
	if (public_url != NULL)
		snprintf(process->public_url, sizeof(process->public_url), "%s",
			 strcmp(public_url, "trial") == 0 ? "" : public_url);
	world_restart(pure->sim, index);
	return !world_blamed(pure->sim) || blamed(pure);
}

static bool
pure_settle(struct driver *driver)
{
	struct pure *pure = driver->context;
	return world_settle(pure->sim, &pure->office, STANDARD_LIMIT_US) || blamed(pure);
}

static bool
pure_sign(struct driver *driver)
{
	struct pure *pure = driver->context;
	const char *wrong = worker_work(&pure->office);
	if (wrong != NULL)
		return driver_fail(driver, "%s", wrong);
	return !world_blamed(pure->sim) || blamed(pure);
}

static bool
pure_advance(struct driver *driver, int64_t us)
{
	struct pure *pure = driver->context;
	return world_advance(pure->sim, &pure->office, us, STANDARD_LIMIT_US) || blamed(pure);
}

static const char *
service_of_metric(const char *metric)
{
	for (uint32_t i = 0; i < WORLD_NODES; i++) {
		for (const struct metric *at = world_modules[i]->metrics; at->number != 0; at++) {
			if (strcmp(at->name, metric) == 0)
				return world_modules[i]->name;
		}
	}
	return NULL;
}

static bool
pure_figure(struct driver *driver, const char *metric, const char *code, const char *category, const char *month,
	    int64_t *value)
{
	struct pure *pure = driver->context;
	char json[512];
	struct order order = {.rule = rule_find("Figures.Query"), .service = service_of_metric(metric), .id = ""};
	struct answer answer = {.status = MT__STATUS__INTERNAL};
	struct proof proof = pure->proof;
	struct token *token = pure->token;
	if (order.service == NULL)
		return driver_fail(driver, "no service counts %s", metric);
	snprintf(json, sizeof(json), "{\"metric\": \"%s\", \"authority\": \"%s\"%s%s%s%s%s}", metric, code,
		 month[0] == '\0' ? "" : ", \"from\": \"", month, month[0] == '\0' ? "" : "\", \"to\": \"", month,
		 month[0] == '\0' ? "" : "\"");
	order.json = json;
	pure->proof = proof_operator();
	pure->token = NULL;
	bool done = pure_call(driver, &order, &answer);
	pure->proof = proof;
	pure->token = token;
	if (done && answer.status != MT__STATUS__OK)
		done = driver_fail(driver, "figures of %s: %s", code, answer.message);
	if (done)
		*value = driver_figures_sum(answer.reply, category, month);
	json_decref(answer.reply);
	return done;
}

static void
digest_journals(struct pure *pure)
{
	for (uint32_t i = 0; i < WORLD_NODES; i++) {
		const struct disk *disk = &pure->sim->processes[i].disk;
		for (uint64_t seq = 1; seq <= disk->head; seq++) {
			struct slice parts[] = {slice_of(pure->driver.journals, HASH_BYTES), disk_entry(disk, seq)};
			hash_sha256_parts(parts, 2, pure->driver.journals);
		}
	}
}

static bool
pure_end(struct driver *driver, bool told)
{
	struct pure *pure = driver->context;
	bool sound = told;
	if (told) {
		world_calm(pure->sim);
		sound = world_settle(pure->sim, &pure->office, STANDARD_LIMIT_US) &&
			check_all(pure->sim, &pure->office);
		if (!sound)
			blamed(pure);
		digest_journals(pure);
	}
	if (pure->sim != NULL) {
		office_close(&pure->office);
		world_free(pure->sim);
		pure->sim = NULL;
	}
	return sound;
}

struct driver *
driver_pure_new(uint64_t seed, bool with_faults)
{
	struct pure *pure = calloc(1, sizeof(*pure));
	assert(pure != NULL);
	pure->seed = seed;
	pure->with_faults = with_faults;
	pure->driver = (struct driver){
		.context = pure,
		.skips = pure_skips,
		.begin = pure_begin,
		.as = pure_as,
		.call = pure_call,
		.facts = pure_facts,
		.restart = pure_restart,
		.settle = pure_settle,
		.sign = pure_sign,
		.advance = pure_advance,
		.figure = pure_figure,
		.end = pure_end,
	};
	return &pure->driver;
}

void
driver_pure_free(struct driver *driver)
{
	free(driver->context);
}
