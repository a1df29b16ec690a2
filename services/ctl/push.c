/* services/ctl/push.c
 *
 * Reads the file batch by batch, in order, and adds up what became of each event. A line
 * without a source gets /authorities/CODE/push of --authority. */
#include "services/ctl/push.h"

#include "services/ctl/csv.h"
#include "services/ctl/progress.h"

#include "common/wire/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUTCOMES = MT__EVENT__OUTCOME__REJECTED + 1, SHOWN_MAX = 10, BATCH_DEFAULT = 500, ARENA_BLOCK_BYTES = 1 << 20 };

static const char *const words[OUTCOMES] = {"undecided", "accepted", "duplicate", "conflict",
					    "parked",    "held",     "rejected"};

struct pushing {
	const struct args *args;
	struct push_sender *sender;
	struct arena arena;
	char *text;
	char *at;
	size_t lines;
	size_t line; /* of the next one */
	size_t batch;
	size_t done;
	size_t outcomes[OUTCOMES];
	size_t shown;
	struct push_event events[PUSH_EVENTS_MAX];
};

const char *
push_outcome_word(Mt__Event__Outcome outcome)
{
	return words[outcome];
}

Mt__Event__Outcome
push_outcome_of(const char *word)
{
	for (int i = 1; i < OUTCOMES; i++) {
		if (strcmp(words[i], word) == 0)
			return (Mt__Event__Outcome)i;
	}
	return MT__EVENT__OUTCOME__UNSET;
}

static struct slice *
attribute_slot(struct push_event *event, struct slice name)
{
	const struct {
		const char *name;
		struct slice *slot;
	} slots[] = {{"source", &event->source},   {"id", &event->id},     {"type", &event->type},
		     {"subject", &event->subject}, {"time", &event->time}, {"data", &event->data}};
	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
		if (slice_equal(name, slice_text(slots[i].name)))
			return slots[i].slot;
	}
	return NULL;
}

/* Strings are taken apart, data stays JSON. */
static bool
attribute_read(struct json_reader *json, struct push_event *event, struct slice name)
{
	struct slice *slot = attribute_slot(event, name);
	struct slice skipped;
	if (slot != NULL && slot != &event->data)
		return json_next(json, slot) == JSON_STRING;
	return json_skip(json, slot == NULL ? &skipped : slot);
}

static bool
event_read(struct pushing *pushing, struct slice line, struct push_event *event)
{
	struct json_reader json;
	struct slice name;
	*event = (struct push_event){.line = line};
	json_open(&json, line, &pushing->arena);
	if (json_next(&json, &name) != JSON_OBJECT)
		return false;
	enum json_kind kind;
	while ((kind = json_next(&json, &name)) == JSON_NAME) {
		if (!attribute_read(&json, event, name))
			return false;
	}
	return kind == JSON_OBJECT_END && json_next(&json, &name) == JSON_END;
}

/* The line again with a source in it. */
static void
source_add(struct pushing *pushing, struct push_event *event)
{
	const char *code = args_get(pushing->args, "authority", "");
	const uint8_t *brace = memchr(event->line.data, '{', event->line.size);
	size_t behind = (size_t)(brace - event->line.data) + 1;
	event->source = slice_text(arena_format(&pushing->arena, "/authorities/%s/push", code));
	event->line = slice_text(arena_format(&pushing->arena, "{\"source\":\"/authorities/%s/push\",%.*s", code,
					      (int)(event->line.size - behind), (const char *)brace + 1));
}

/* The next batch; -1, and said, if a line is no event. */
static long
batch_read(struct pushing *pushing)
{
	long count = 0;
	arena_reset(&pushing->arena);
	while (*pushing->at != '\0' && (size_t)count < pushing->batch) {
		size_t size = strcspn(pushing->at, "\n");
		struct slice line = slice_of(pushing->at, size);
		pushing->at += size + (pushing->at[size] == '\n');
		pushing->line++;
		if (strspn((const char *)line.data, " \t\r") >= size)
			continue;
		struct push_event *event = &pushing->events[count++];
		if (!event_read(pushing, line, event)) {
			say("line %zu is not one event, a JSON object with strings as attributes", pushing->line);
			return -1;
		}
		if (event->source.data == NULL)
			source_add(pushing, event);
	}
	return count;
}

static void
batch_count(struct pushing *pushing, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct push_event *event = &pushing->events[i];
		bool bad = event->outcome == MT__EVENT__OUTCOME__REJECTED ||
			   event->outcome == MT__EVENT__OUTCOME__CONFLICT ||
			   event->outcome == MT__EVENT__OUTCOME__UNSET;
		pushing->outcomes[event->outcome]++;
		if (bad && pushing->shown++ < SHOWN_MAX)
			say("event %.*s: %s: %s: %s%s%s%s", (int)event->id.size, (const char *)event->id.data,
			    words[event->outcome], event->code, event->message, event->field[0] == '\0' ? "" : " (",
			    event->field, event->field[0] == '\0' ? "" : ")");
	}
	pushing->done += count;
}

static size_t
lines_count(const char *text)
{
	size_t lines = 0;
	for (const char *at = text; *at != '\0'; at++)
		lines += *at == '\n' || at[1] == '\0';
	return lines;
}

static int
push_all(struct pushing *pushing)
{
	struct progress progress;
	progress_begin(&progress, "events", lines_count(pushing->text), args_has(pushing->args, "quiet"));
	long count = batch_read(pushing);
	while (count > 0 && pushing->sender->send(pushing->sender, &pushing->arena, pushing->events, (size_t)count)) {
		batch_count(pushing, (size_t)count);
		progress_show(&progress, pushing->done);
		count = batch_read(pushing);
	}
	progress_end(&progress, pushing->done);
	printf("%zu events:", pushing->done);
	for (int i = 1; i < OUTCOMES; i++)
		printf(" %zu %s%s", pushing->outcomes[i], words[i], i + 1 < OUTCOMES ? "," : "\n");
	bool good = count == 0 && pushing->outcomes[MT__EVENT__OUTCOME__UNSET] == 0 &&
		    pushing->outcomes[MT__EVENT__OUTCOME__REJECTED] == 0 &&
		    pushing->outcomes[MT__EVENT__OUTCOME__CONFLICT] == 0;
	return good ? EXIT_DONE : EXIT_FAILED;
}

int
command_push(const struct args *args)
{
	static struct pushing pushing;
	bool by_door = args_has(args, "door");
	long long batch;
	size_t size;
	if (args_has(args, "roster") && args_has(args, "http") && !by_door)
		return push_roster(args);
	if (args_has(args, "roster") || by_door == args_has(args, "http") || (by_door && !args_has(args, "key"))) {
		say("used as: matricula push %s", args->command->form);
		return EXIT_USED_WRONGLY;
	}
	if (!args_number(args, "batch", 1, PUSH_EVENTS_MAX, BATCH_DEFAULT, &batch))
		return EXIT_USED_WRONGLY;
	pushing.args = args;
	pushing.batch = (size_t)batch;
	pushing.text = file_text(args->values[0], &size);
	if (pushing.text == NULL)
		return EXIT_FAILED;
	pushing.at = pushing.text;
	pushing.sender = by_door ? push_door_open(args) : push_http_open(args);
	int exit_code = EXIT_FAILED;
	if (pushing.sender != NULL) {
		arena_init(&pushing.arena, ARENA_BLOCK_BYTES, 0);
		exit_code = push_all(&pushing);
		arena_free(&pushing.arena);
		pushing.sender->close(pushing.sender);
	}
	free(pushing.text);
	return exit_code;
}
