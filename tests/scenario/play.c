/* tests/scenario/play.c
 *
 * One function a verb. What a story keeps by name, and which facts it has counted
 * already, lives in the player and ends with the story. */
#include "tests/scenario/play.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/date.h"
#include "tests/scenario/bridge.h"
#include "tests/scenario/match.h"
#include "tests/scenario/names.h"

enum { ID_BYTES_MAX = 96, NAME_BYTES_MAX = 64 };

struct player {
	struct driver *driver;
	const struct story *story;
	size_t at;          /* the statement being played */
	json_t *kept;       /* $name -> string */
	json_t *counted;    /* "service/index" of facts used up */
	struct order order; /* the last call, its texts owned here */
	char *order_json;
	char order_id[ID_BYTES_MAX];
	struct answer answer;
	unsigned calls;
};

bool
driver_fail(struct driver *driver, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(driver->why, sizeof(driver->why), format, args);
	va_end(args);
	return false;
}

int64_t
driver_figures_sum(json_t *reply, const char *category, const char *month)
{
	int64_t sum = 0;
	size_t i;
	json_t *figure;
	json_array_foreach(json_object_get(reply, "figures"), i, figure)
	{
		const char *its_category = json_string_value(json_object_get(figure, "category"));
		const char *its_month = json_string_value(json_object_get(figure, "month"));
		json_t *value = json_object_get(figure, "value");
		if (strcmp(category, "-") != 0 && strcmp(category, its_category == NULL ? "" : its_category) != 0)
			continue;
		if (month[0] != '\0' && strcmp(month, its_month == NULL ? "" : its_month) != 0)
			continue;
		sum += json_is_string(value) ? strtoll(json_string_value(value), NULL, 10) : json_integer_value(value);
	}
	return sum;
}

/* --- $names ----------------------------------------------------------------------------------------------------- */

/* The text with every $name replaced, as the driver spells it; NULL and said why if one is unknown. */
static char *
fill_in(struct player *player, const char *text, bool is_json)
{
	char unknown[NAMES_BYTES_MAX];
	struct driver *driver = player->driver;
	char *filled = names_fill(player->kept, text, is_json, unknown);
	if (filled == NULL)
		driver_fail(driver, "nothing was kept as $%s", unknown);
	return filled == NULL || driver->spell == NULL ? filled : driver->spell(driver, filled, is_json);
}

static void
keep(struct player *player, const char *name, const char *value)
{
	json_object_set_new(player->kept, name[0] == '$' ? name + 1 : name, json_string(value));
}

/* The statement's words filled in; one block of pointers the caller frees with free_words. */
static bool
fill_in_words(struct player *player, const struct statement *statement, char *words[STATEMENT_WORDS_MAX])
{
	memset(words, 0, STATEMENT_WORDS_MAX * sizeof(words[0]));
	for (size_t i = 0; i < statement->words_count; i++) {
		bool is_target = strcmp(statement->words[0], "->") == 0 && i == 1;
		words[i] = is_target ? strdup(statement->words[i]) : fill_in(player, statement->words[i], false);
		if (words[i] == NULL)
			return false;
	}
	return true;
}

static json_t *
parse_json(struct player *player, const char *text)
{
	json_error_t error;
	json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (value == NULL)
		driver_fail(player->driver, "JSON: %s", error.text);
	return value;
}

/* The statement's JSON filled in and parsed; {} if it has none. */
static json_t *
statement_json(struct player *player, const struct statement *statement)
{
	char *text = fill_in(player, statement->json == NULL ? "{}" : statement->json, true);
	if (text == NULL)
		return NULL;
	json_t *value = parse_json(player, text);
	free(text);
	return value;
}

/* --- who and what ----------------------------------------------------------------------------------------------- */

static bool
role_of(const char *name, Mt__Role *role)
{
	char upper[NAME_BYTES_MAX];
	size_t size = 0;
	for (; name[size] != '\0' && size + 1 < sizeof(upper); size++)
		upper[size] = (char)toupper((unsigned char)name[size]);
	upper[size] = '\0';
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value_by_name(&mt__role__descriptor, upper);
	if (value == NULL || value->value == MT__ROLE__NOBODY)
		return false;
	*role = (Mt__Role)value->value;
	return true;
}

static bool
play_as(struct player *player, const struct statement *statement, char **words)
{
	struct caller_wish wish = {.authority = "VN", .subject = ""};
	char token_id[17] = "";
	if (statement->words_count < 2)
		return driver_fail(player->driver, "as whom?");
	wish.nobody = strcmp(words[1], "nobody") == 0;
	char *rest = words[1];
	for (char *name; !wish.nobody && (name = strsep(&rest, ",")) != NULL;) {
		if (wish.roles_count == sizeof(wish.roles) / sizeof(wish.roles[0]) ||
		    !role_of(name, &wish.roles[wish.roles_count++]))
			return driver_fail(player->driver, "there is no role %s", name);
	}
	for (size_t i = 2; i + 1 < statement->words_count; i += 2) {
		if (strcmp(words[i], "of") == 0)
			wish.authority = words[i + 1];
		else if (strcmp(words[i], "subject") == 0)
			wish.subject = words[i + 1];
		else
			return driver_fail(player->driver, "as ROLE of CODE subject PERSON; %s is neither", words[i]);
	}
	if (!player->driver->as(player->driver, &wish, token_id))
		return false;
	keep(player, "token", token_id);
	return true;
}

static void
answer_clear(struct answer *answer)
{
	json_decref(answer->reply);
	*answer = (struct answer){.status = MT__STATUS__INTERNAL};
}

static bool
status_of(const char *name, Mt__Status *status)
{
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value_by_name(&mt__status__descriptor, name);
	if (value != NULL)
		*status = (Mt__Status)value->value;
	return value != NULL;
}

static const char *
status_name(Mt__Status status)
{
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(&mt__status__descriptor, (int)status);
	return value == NULL ? "?" : value->name;
}

/* The refusal that the next statement demands, if it does. */
static bool
expect_refusal(struct player *player, struct order *order)
{
	if (player->at + 1 >= player->story->count)
		return true;
	const struct statement *next = &player->story->statements[player->at + 1];
	if (strcmp(next->words[0], "refuse") != 0)
		return true;
	order->refusal_expected = true;
	if (next->words_count >= 2 && status_of(next->words[1], &order->expected))
		return true;
	return driver_fail(player->driver, "refuse wants a status such as NOT_FOUND");
}

static bool
set_method(struct player *player, const char *word, struct order *order, char *service)
{
	const char *slash = strchr(word, '/');
	if (slash != NULL) {
		snprintf(service, NAME_BYTES_MAX, "%.*s", (int)(slash - word), word);
		order->service = service;
	}
	order->rule = rule_find(slash == NULL ? word : slash + 1);
	if (order->rule == NULL)
		return driver_fail(player->driver, "there is no method %s", word);
	return true;
}

static bool
play_call(struct player *player, const struct statement *statement, char **words)
{
	static char service[NAME_BYTES_MAX];
	struct order order = {.id = player->order_id, .dry_run = strcmp(words[0], "dry") == 0};
	if (statement->words_count != 2)
		return driver_fail(player->driver, "call Service.Method {json}");
	if (!set_method(player, words[1], &order, service) || !expect_refusal(player, &order))
		return false;
	player->calls++;
	player->order_id[0] = '\0';
	if (words[0][4] == '!')
		snprintf(player->order_id, sizeof(player->order_id), "%s", words[0] + 5);
	else if (order.rule->kind == MT__KIND__COMMAND && !order.rule->open && !order.dry_run)
		snprintf(player->order_id, sizeof(player->order_id), "%s-%u", player->story->name, player->calls);
	free(player->order_json);
	player->order_json = fill_in(player, statement->json == NULL ? "{}" : statement->json, true);
	order.json = player->order_json;
	player->order = order;
	if (player->order_json == NULL)
		return false;
	answer_clear(&player->answer);
	if (!player->driver->call(player->driver, &order, &player->answer))
		return false;
	if (order.refusal_expected || player->answer.status == MT__STATUS__OK)
		return true;
	return driver_fail(player->driver, "%s was refused: %s: %s%s%s", order.rule->name,
			   status_name(player->answer.status), player->answer.field,
			   player->answer.field[0] == '\0' ? "" : ": ", player->answer.message);
}

static bool
play_repeat(struct player *player)
{
	struct answer again = {.status = MT__STATUS__INTERNAL};
	if (player->order.rule == NULL || player->order_id[0] == '\0')
		return driver_fail(player->driver, "there was no call with an id to repeat");
	player->order.refusal_expected = false;
	bool same = player->driver->call(player->driver, &player->order, &again);
	if (same && again.status != MT__STATUS__OK)
		same = driver_fail(player->driver, "repeated, it was refused: %s: %s", status_name(again.status),
				   again.message);
	if (same && !json_equal(again.reply, player->answer.reply))
		same = driver_fail(player->driver, "repeated, it got another reply");
	if (same && !again.repeated)
		same = driver_fail(player->driver, "repeated, its reply is not marked as such");
	json_decref(again.reply);
	return same;
}

/* --- what came of it -------------------------------------------------------------------------------------------- */

static bool
play_keep(struct player *player, const struct statement *statement, char **words)
{
	char number[32];
	if (statement->words_count != 4 || words[1][0] != '$' || strcmp(words[2], "=") != 0)
		return driver_fail(player->driver, "-> $name = path");
	json_t *value = match_path(player->answer.reply, words[3]);
	if (json_is_string(value)) {
		keep(player, words[1], json_string_value(value));
		return true;
	}
	if (!json_is_integer(value))
		return driver_fail(player->driver, "the reply has no text or number at %s", words[3]);
	snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	keep(player, words[1], number);
	return true;
}

static bool
play_reply(struct player *player, const struct statement *statement)
{
	json_t *expected = statement_json(player, statement);
	if (expected == NULL)
		return false;
	bool matches = match_json(expected, player->answer.reply, true, player->driver->why, WHY_BYTES);
	json_decref(expected);
	return matches;
}

static bool
play_refuse(struct player *player, const struct statement *statement, char **words)
{
	const struct answer *answer = &player->answer;
	Mt__Status status;
	char why[256];
	bool names_field = statement->words_count > 3 && strcmp(words[2], "field") == 0;
	if (!status_of(words[1], &status))
		return driver_fail(player->driver, "there is no status %s", words[1]);
	if (answer->status != status)
		return driver_fail(player->driver, "it was answered %s (%s), expected %s", status_name(answer->status),
				   answer->message, words[1]);
	if (names_field) {
		char field[128];
		bridge_json_name(words[3], field, sizeof(field));
		if (strcmp(field, answer->field) != 0)
			return driver_fail(player->driver, "the field at fault is \"%s\" (%s), expected \"%s\"",
					   answer->field, answer->message, field);
	}
	const char *pattern = words[statement->words_count - 1];
	if (statement->words_count > (names_field ? 4 : 2) && !match_regex(pattern, answer->message, why, sizeof(why)))
		return driver_fail(player->driver, "refused otherwise: %s", why);
	return true;
}

/* The first fact of that name that matches and was not counted; SIZE_MAX if there is none. */
static size_t
find_fact(struct player *player, json_t *facts, const char *service, const char *name, json_t *expected, bool wanted,
	  char *why)
{
	size_t i;
	json_t *fact;
	snprintf(why, WHY_BYTES, "there is none of that name");
	json_array_foreach(facts, i, fact)
	{
		char counted[NAME_BYTES_MAX];
		snprintf(counted, sizeof(counted), "%s/%zu", service, i);
		if (strcmp(json_string_value(json_object_get(fact, "name")), name) != 0)
			continue;
		if (json_object_get(player->counted, counted) != NULL)
			continue;
		if (!match_json(expected, json_object_get(fact, "fact"), wanted, why, WHY_BYTES))
			continue;
		json_object_set_new(player->counted, counted, json_true());
		return i;
	}
	return SIZE_MAX;
}

static bool
play_fact(struct player *player, const struct statement *statement, char **words)
{
	char why[WHY_BYTES];
	bool wanted = strcmp(words[0], "fact") == 0;
	if (statement->words_count != 3)
		return driver_fail(player->driver, "fact SERVICE FactName {json}");
	json_t *facts = player->driver->facts(player->driver, words[1]);
	if (facts == NULL)
		return false;
	json_t *expected = statement_json(player, statement);
	size_t found =
		expected == NULL ? SIZE_MAX : find_fact(player, facts, words[1], words[2], expected, wanted, why);
	json_decref(facts);
	if (expected == NULL)
		return false;
	json_decref(expected);
	if (wanted && found == SIZE_MAX)
		return driver_fail(player->driver, "%s has no such %s: %.400s", words[1], words[2], why);
	if (!wanted && found != SIZE_MAX)
		return driver_fail(player->driver, "%s has such a %s", words[1], words[2]);
	return true;
}

static bool
play_advance(struct player *player, const struct statement *statement, char **words)
{
	char *unit = NULL;
	long count = statement->words_count == 2 ? strtol(words[1], &unit, 10) : 0;
	int64_t seconds = 0;
	if (unit != NULL && strcmp(unit, "d") == 0)
		seconds = 86400;
	else if (unit != NULL && strcmp(unit, "h") == 0)
		seconds = 3600;
	else if (unit != NULL && strcmp(unit, "m") == 0)
		seconds = 60;
	else if (unit != NULL && strcmp(unit, "s") == 0)
		seconds = 1;
	if (count <= 0 || seconds == 0)
		return driver_fail(player->driver, "advance 3d, 2h, 30m or 10s");
	return player->driver->advance(player->driver, (int64_t)count * seconds * SECOND_US);
}

static bool
play_figure(struct player *player, const struct statement *statement, char **words)
{
	int64_t value;
	if (statement->words_count != 7 || strcmp(words[5], "=") != 0)
		return driver_fail(player->driver, "figure METRIC CODE CATEGORY|- MONTH|- = N");
	const char *month = strcmp(words[4], "-") == 0 ? "" : words[4];
	if (!player->driver->figure(player->driver, words[1], words[2], words[3], month, &value))
		return false;
	if (value != strtoll(words[6], NULL, 10))
		return driver_fail(player->driver, "%s of %s is %" PRId64 ", expected %s", words[1], words[2], value,
				   words[6]);
	return true;
}

static bool
play_verb(struct player *player, const struct statement *statement, char **words)
{
	const char *verb = words[0];
	struct driver *driver = player->driver;
	if (strcmp(verb, "now") == 0)
		return true; /* begin took it */
	if (strcmp(verb, "as") == 0)
		return play_as(player, statement, words);
	if (strncmp(verb, "call", 4) == 0 || strcmp(verb, "dry") == 0)
		return play_call(player, statement, words);
	if (strcmp(verb, "->") == 0)
		return play_keep(player, statement, words);
	if (strcmp(verb, "reply") == 0)
		return play_reply(player, statement);
	if (strcmp(verb, "refuse") == 0)
		return play_refuse(player, statement, words);
	if (strcmp(verb, "repeat") == 0)
		return play_repeat(player);
	if (strcmp(verb, "fact") == 0 || strcmp(verb, "nofact") == 0)
		return play_fact(player, statement, words);
	if (strcmp(verb, "restart") == 0)
		return statement->words_count == 2 || statement->words_count == 3
			       ? driver->restart(driver, words[1], words[2])
			       : driver_fail(driver, "restart SERVICE [URL]");
	if (strcmp(verb, "settle") == 0)
		return driver->settle(driver);
	if (strcmp(verb, "sign") == 0)
		return driver->sign(driver);
	if (strcmp(verb, "advance") == 0)
		return play_advance(player, statement, words);
	assert(strcmp(verb, "figure") == 0);
	return play_figure(player, statement, words);
}

static bool
play_statement(struct player *player, const struct statement *statement)
{
	char *words[STATEMENT_WORDS_MAX];
	bool true_so_far = fill_in_words(player, statement, words);
	if (true_so_far)
		true_so_far = play_verb(player, statement, words);
	for (size_t i = 0; i < STATEMENT_WORDS_MAX; i++)
		free(words[i]);
	return true_so_far;
}

bool
play(struct driver *driver, const struct story *story, int *line)
{
	struct player player = {.driver = driver, .story = story, .kept = json_object(), .counted = json_object()};
	const struct statement *now = story_find(story, "now");
	*line = now == NULL ? 1 : now->line;
	bool true_so_far = driver->begin(driver, story, now == NULL || now->words_count < 2 ? NULL : now->words[1]);
	for (; true_so_far && player.at < story->count; player.at++) {
		*line = story->statements[player.at].line;
		true_so_far = play_statement(&player, &story->statements[player.at]);
	}
	true_so_far = driver->end(driver, true_so_far) && true_so_far;
	answer_clear(&player.answer);
	free(player.order_json);
	json_decref(player.kept);
	json_decref(player.counted);
	return true_so_far;
}
