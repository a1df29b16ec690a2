/* tests/scenario/live.c
 *
 * The driver of a running deployment. Many stories share it, so each gets authorities
 * of its own: "01" in the story is "s5k3-01" in the deployment, wherever it stands as a
 * word, as a JSON string or in an event's source. VN is everybody's, so its figures
 * are told as what the story added to them.
 *
 * Calls go over HTTP. What no route leads to, what is asked of one service among several and what nodes ask, is asked
 * by the operators' command line as the same caller; tokens, facts and whether all is quiet come by it too. A restart
 * is a kill -9 that the supervisor makes good. */
#include "tests/scenario/driver.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/date.h"
#include "common/base/text.h"
#include "tests/scenario/bridge.h"
#include "tests/scenario/clock.h"
#include "tests/scenario/console.h"
#include "tests/scenario/shell.h"
#include "tests/scenario/spelling.h"
#include "tests/scenario/web.h"
#include "tests/scenario/worker.h"
#include "tests/sim/ledger.h"
#include "tests/sim/standard.h"

#define UNITS_CSV "tests/data/vietnam-units-2025.csv"

enum { QUIET_MS_MAX = 30000, PAUSE_MS = 50, CODE_MAX = 48 };

struct live {
	struct driver driver;
	struct web *web;
	const char *data;
	const char *clock;   /* file of the deployment's clock, or NULL: it is the host's */
	const char *address; /* file of its public URL, or NULL */
	struct standard standard;
	unsigned stories;
	char prefix[24];
	char *token;     /* of the caller; NULL: nobody, or a node, who has none */
	char roles[256]; /* the same caller's, for the operators' command line */
	char subject[256];
	char authority[CODE_MAX];
	json_t *tokens;            /* wish -> token, of this story */
	json_t *before;            /* "metric category month" -> figure of VN when the story began */
	uint64_t seq[WORLD_NODES]; /* journals read up to here when the story began */
};

static char *
live_spell(struct driver *driver, char *text, bool is_json)
{
	const struct live *live = driver->context;
	return spelling_spell(&live->standard, live->prefix, text, is_json);
}

/* --- the command line --------------------------------------------------------------------------------------------- */

static json_t *
ask(struct live *live, const char *service, const char *method, const char *json)
{
	const char *words[] = {"call", method, json, "--service", service, NULL};
	char *text = shell_matricula(live->data, words, NULL);
	json_t *reply = text == NULL ? NULL : json_loads(text, 0, NULL);
	free(text);
	return reply;
}

static uint64_t
number_in(json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);
	return json_is_string(value) ? strtoull(json_string_value(value), NULL, 10)
				     : (uint64_t)json_integer_value(value);
}

/* One page of a journal after *seq, its facts added to the list; false at the end or if nobody answers. */
static bool
read_page(struct live *live, uint32_t index, uint64_t *seq, json_t *facts)
{
	char json[64];
	struct arena arena;
	size_t i;
	json_t *text;
	snprintf(json, sizeof(json), "{\"afterSeq\": \"%llu\"}", (unsigned long long)*seq);
	json_t *reply = ask(live, world_modules[index]->name, "Journal.Read", json);
	uint64_t head = number_in(reply, "headSeq");
	arena_init(&arena, 64 << 10, 0);
	json_array_foreach(json_object_get(reply, "entries"), i, text)
	{
		struct ledger_entry entry;
		arena_reset(&arena);
		if (!bridge_entry(world_modules[index], &arena, json_string_value(text), &entry))
			continue;
		*seq = entry.header->seq;
		for (size_t fact = 0; facts != NULL && fact < entry.facts_count; fact++) {
			char *spelt = bridge_to_json(entry.facts[fact]);
			json_array_append_new(facts, json_pack("{s:s, s:o}", "name", ledger_name(entry.facts[fact]),
							       "fact", json_loads(spelt, 0, NULL)));
			free(spelt);
		}
	}
	arena_free(&arena);
	json_decref(reply);
	return *seq < head;
}

static json_t *
live_facts(struct driver *driver, const char *service)
{
	struct live *live = driver->context;
	uint32_t index = world_owner(service);
	uint64_t seq = live->seq[index];
	if (strcmp(world_modules[index]->name, service) != 0) {
		driver_fail(driver, "there is no service %s", service);
		return NULL;
	}
	json_t *facts = json_array();
	while (read_page(live, index, &seq, facts))
		continue;
	return facts;
}

/* Sum of all that moves: durable heads, and what the feeds have not followed yet (0 when quiet). */
static bool
look_around(struct live *live, uint64_t heads[WORLD_NODES], uint64_t *behind)
{
	uint64_t followed[WORLD_NODES][WORLD_NODES];
	memset(followed, 0xff, sizeof(followed));
	*behind = 0;
	for (uint32_t i = 0; i < WORLD_NODES; i++) {
		size_t at;
		json_t *feed;
		json_t *status = ask(live, world_modules[i]->name, "Node.Status", "{}");
		if (status == NULL)
			return false;
		heads[i] = number_in(status, "durableSeq");
		json_array_foreach(json_object_get(status, "feeds"), at, feed)
			followed[i][world_owner(json_string_value(json_object_get(feed, "producer")))] =
				number_in(feed, "seq");
		json_decref(status);
	}
	for (uint32_t i = 0; i < WORLD_NODES; i++) {
		for (uint32_t from = 0; from < WORLD_NODES; from++)
			*behind += followed[i][from] < heads[from] ? heads[from] - followed[i][from] : 0;
	}
	return true;
}

/* Nothing to follow, twice in a row, and nothing new in between. */
static bool
live_settle(struct driver *driver)
{
	struct live *live = driver->context;
	uint64_t last[WORLD_NODES] = {0};
	for (int waited = 0; waited < QUIET_MS_MAX; waited += PAUSE_MS) {
		uint64_t heads[WORLD_NODES] = {0};
		uint64_t behind;
		bool seen = look_around(live, heads, &behind);
		if (seen && behind == 0 && memcmp(heads, last, sizeof(heads)) == 0)
			return true;
		memcpy(last, heads, sizeof(last));
		shell_sleep_ms(PAUSE_MS);
	}
	return driver_fail(driver, "the services do not settle within %d ms", QUIET_MS_MAX);
}

/* --- the story ---------------------------------------------------------------------------------------------------- */

static const char *
live_skips(struct driver *driver, const struct story *story)
{
	struct live *live = driver->context;
	if (live->clock == NULL && (story_find(story, "advance") != NULL || story_find(story, "now") != NULL))
		return "it sets the clock";
	for (size_t i = 0; i < story->count; i++) {
		const struct statement *statement = &story->statements[i];
		const char *verb = statement->words[0];
		const char *word = statement->words_count > 1 ? statement->words[1] : "";
		if (strcmp(verb, "restart") == 0 && statement->words_count > 2 && live->address == NULL)
			return "all stories share the deployment's public URL";
		if (statement->json != NULL && strstr(statement->json, "\"padded\"") != NULL)
			return "codes have a prefix here, so none loses its zeros";
		if (strncmp(verb, "call", 4) != 0 && strcmp(verb, "dry") != 0)
			continue;
		if (strcmp(word, "Issuers.SigningWork") == 0)
			return "the deployment's own worker signs";
	}
	return NULL;
}

static char *
make_token(struct live *live, const char *roles, const char *authority, const char *subject)
{
	const char *words[] = {"token",       "--roles", roles,
			       "--authority", authority, subject[0] == '\0' ? NULL : "--subject",
			       subject,       NULL};
	return shell_matricula(live->data, words, NULL);
}

static bool
add_authority(struct live *live, const struct standard_authority *authority)
{
	char code[CODE_MAX];
	char parent[CODE_MAX];
	bool is_root = authority->parent[0] == '\0';
	snprintf(code, sizeof(code), "%s%s", is_root ? "" : live->prefix, authority->code);
	snprintf(parent, sizeof(parent), "%s%s", is_root || strcmp(authority->parent, "VN") == 0 ? "" : live->prefix,
		 authority->parent);
	json_t *request = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "parent", parent, "codeList",
				    authority->code_list, "listVersion", authority->list_version, "code", code, "name",
				    authority->name, "nameEn", authority->name_en, "kind", authority->kind);
	char *json = json_dumps(request, JSON_COMPACT);
	json_t *reply = ask(live, "enrollment", "Authorities.Add", json);
	bool added = reply != NULL || is_root; /* the root may stand there already with another content */
	if (!added)
		driver_fail(&live->driver, "authority %s cannot be added", code);
	json_decref(reply);
	json_decref(request);
	free(json);
	return added;
}

static bool
figure_now(struct live *live, const char *metric, const char *code, const char *category, const char *month,
	   int64_t *value)
{
	struct answer answer = {.status = MT__STATUS__INTERNAL};
	json_t *request = json_pack("{s:s, s:s}", "metric", metric, "authority", code);
	if (month[0] != '\0') {
		json_object_set_new(request, "from", json_string(month));
		json_object_set_new(request, "to", json_string(month));
	}
	char *json = json_dumps(request, JSON_COMPACT);
	struct order order = {.rule = rule_find("Figures.Query"), .json = json, .id = ""};
	char *token = make_token(live, "dashboard", "VN", "");
	bool done = token != NULL && web_call(live->web, &order, token, &answer, live->driver.why);
	if (done && answer.status != MT__STATUS__OK)
		done = driver_fail(&live->driver, "figures of %s: %s", code, answer.message);
	if (done)
		*value = driver_figures_sum(answer.reply, category, month);
	json_decref(answer.reply);
	json_decref(request);
	free(token);
	free(json);
	return done;
}

/* What VN counted before: other stories have been here. */
static bool
note_figures(struct live *live, const struct story *story)
{
	for (size_t i = 0; i < story->count; i++) {
		const struct statement *statement = &story->statements[i];
		char *const *words = statement->words;
		char key[160];
		int64_t value;
		if (strcmp(words[0], "figure") != 0 || statement->words_count < 5 || strcmp(words[2], "VN") != 0)
			continue;
		const char *month = strcmp(words[4], "-") == 0 ? "" : words[4];
		if (!figure_now(live, words[1], "VN", words[3], month, &value))
			return false;
		snprintf(key, sizeof(key), "%s %s %s", words[1], words[3], month);
		json_object_set_new(live->before, key, json_integer(value));
	}
	return true;
}

static bool
live_begin(struct driver *driver, const struct story *story, const char *now)
{
	struct live *live = driver->context;
	int64_t now_us;
	if (now != NULL && (!instant_parse(now, &now_us) || !clock_set(live->clock, now_us)))
		return driver_fail(driver, "the deployment's clock cannot be set to %s", now);
	snprintf(live->prefix, sizeof(live->prefix), "s%lx.%u-", (unsigned long)time(NULL) & 0xffffff, ++live->stories);
	live->tokens = json_object();
	live->before = json_object();
	for (size_t i = 0; i < live->standard.count; i++) {
		if (!add_authority(live, &live->standard.authorities[i]))
			return false;
	}
	if (!live_settle(driver) || !note_figures(live, story))
		return false;
	for (uint32_t i = 0; i < WORLD_NODES; i++) {
		while (read_page(live, i, &live->seq[i], NULL))
			continue;
	}
	return true;
}

static bool
is_node(const struct caller_wish *wish)
{
	return wish->roles_count == 1 && wish->roles[0] == MT__ROLE__NODE;
}

static bool
live_as(struct driver *driver, const struct caller_wish *wish, char token_id[17])
{
	struct live *live = driver->context;
	char key[512];
	uint8_t hash[HASH_BYTES];
	free(live->token);
	live->token = NULL;
	live->roles[0] = '\0';
	live->subject[0] = '\0';
	if (wish->nobody)
		return true;
	for (size_t i = 0; i < wish->roles_count; i++) {
		const ProtobufCEnumValue *role =
			protobuf_c_enum_descriptor_get_value(&mt__role__descriptor, (int)wish->roles[i]);
		size_t size = strlen(live->roles);
		snprintf(live->roles + size, sizeof(live->roles) - size, "%s%s", i == 0 ? "" : ",", role->name);
	}
	snprintf(live->authority, sizeof(live->authority), "%s", wish->authority);
	if (is_node(wish)) {
		snprintf(live->subject, sizeof(live->subject), "node");
		return true;
	}
	snprintf(key, sizeof(key), "%s %s %s", live->roles, wish->authority, wish->subject);
	json_t *known = json_object_get(live->tokens, key);
	live->token = known != NULL ? strdup(json_string_value(known))
				    : make_token(live, live->roles, wish->authority, wish->subject);
	if (live->token == NULL)
		return driver_fail(driver, "no token for %s", key);
	json_object_set_new(live->tokens, key, json_string(live->token));
	hash_sha256(slice_text(live->token), hash);
	text_hex(slice_of(hash, 8), token_id);
	snprintf(live->subject, sizeof(live->subject), "%s%s", wish->subject[0] == '\0' ? "token:" : "",
		 wish->subject[0] == '\0' ? token_id : wish->subject);
	return true;
}

static bool
live_call(struct driver *driver, const struct order *order, struct answer *answer)
{
	struct live *live = driver->context;
	bool node = live->token == NULL && live->subject[0] != '\0';
	if (!node && web_reaches(order))
		return web_call(live->web, order, live->token, answer, driver->why);
	const struct console_caller caller = {
		.subject = live->subject[0] == '\0' ? NULL : live->subject,
		.roles = live->roles,
		.authority = live->authority,
	};
	return console_call(live->data, &caller, order, answer, driver->why);
}

static bool
address_set(const char *path, const char *public_url)
{
	FILE *file = fopen(path, "w");
	if (file == NULL)
		return false;
	bool written = fputs(strcmp(public_url, "trial") == 0 ? "" : public_url, file) >= 0;
	return fclose(file) == 0 && written;
}

static bool
live_restart(struct driver *driver, const char *service, const char *public_url)
{
	struct live *live = driver->context;
	if (public_url != NULL && !address_set(live->address, public_url))
		return driver_fail(driver, "%s cannot be written", live->address);
	if (!shell_kill(live->data, service))
		return driver_fail(driver, "%s was killed and does not come back", service);
	for (int waited = 0; waited < QUIET_MS_MAX; waited += PAUSE_MS) {
		json_t *status = ask(live, service, "Node.Status", "{}"); /* the gateway may not have noticed */
		json_decref(status);
		if (status != NULL && web_ready(live->web))
			return true;
		shell_sleep_ms(PAUSE_MS);
	}
	return driver_fail(driver, "the deployment is not ready after %s was killed", service);
}

static bool
live_advance(struct driver *driver, int64_t us)
{
	struct live *live = driver->context;
	return clock_advance(live->clock, us) || driver_fail(driver, "the deployment's clock cannot be moved");
}

static bool
live_figure(struct driver *driver, const char *metric, const char *code, const char *category, const char *month,
	    int64_t *value)
{
	struct live *live = driver->context;
	char key[160];
	if (!figure_now(live, metric, code, category, month, value))
		return false;
	snprintf(key, sizeof(key), "%s %s %s", metric, category, month);
	if (strcmp(code, "VN") == 0)
		*value -= json_integer_value(json_object_get(live->before, key));
	return true;
}

static bool
live_end(struct driver *driver, bool told)
{
	struct live *live = driver->context;
	json_decref(live->tokens);
	json_decref(live->before);
	free(live->token);
	live->tokens = NULL;
	live->before = NULL;
	live->token = NULL;
	return told;
}

struct driver *
driver_live_new(const struct deployment *deployment)
{
	struct live *live = calloc(1, sizeof(*live));
	assert(live != NULL);
	live->data = deployment->data;
	live->clock = deployment->clock;
	live->address = deployment->address;
	live->web = web_open(deployment->url);
	live->driver = (struct driver){
		.context = live,
		.skips = live_skips,
		.spell = live_spell,
		.begin = live_begin,
		.as = live_as,
		.call = live_call,
		.facts = live_facts,
		.restart = live_restart,
		.settle = live_settle,
		.sign = worker_await,
		.advance = live_advance,
		.figure = live_figure,
		.end = live_end,
	};
	if (standard_load(&live->standard, UNITS_CSV) && web_ready(live->web))
		return &live->driver;
	fprintf(stderr, "%s does not answer /readyz with 200, or %s is not there\n", deployment->url, UNITS_CSV);
	driver_live_free(&live->driver);
	return NULL;
}

void
driver_live_free(struct driver *driver)
{
	struct live *live = driver->context;
	web_close(live->web);
	free(live);
}
