/* tests/bench/work.c
 *
 * The works of the load generator: events (one or many a request), nominations, reads,
 * an exam from start to submission, and credentials presented for verification. */
#include "tests/bench/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_BYTES_MAX = 4 << 20 };

bool
lines_read(struct lines *lines, const char *path)
{
	char *line = NULL;
	size_t room = 0;
	size_t capacity = 0;
	FILE *file = fopen(path, "r");
	if (file == NULL)
		return false;
	ssize_t size = getline(&line, &room, file);
	for (; size > 0; size = getline(&line, &room, file)) {
		line[strcspn(line, "\n")] = '\0';
		if (lines->count == capacity) {
			capacity = capacity == 0 ? 1024 : capacity * 2;
			lines->at = realloc(lines->at, capacity * sizeof(*lines->at));
			if (lines->at == NULL)
				abort();
		}
		lines->at[lines->count++] = strdup(line);
	}
	free(line);
	fclose(file);
	return lines->count > 0;
}

/* name with ": " at its end. */
static void
header(struct buf *out, const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0')
		buf_format(out, "%s%s\r\n", name, value);
}

static void
post(const struct supply *supply, struct buf *out, const char *path, const char *type, const char *key,
     struct slice body)
{
	buf_format(out, "POST %s HTTP/1.1\r\nHost: localhost\r\n", path);
	header(out, "Authorization: Bearer ", supply->token);
	header(out, "Content-Type: ", type);
	header(out, "Idempotency-Key: ", key);
	buf_format(out, "Content-Length: %zu\r\n\r\n", body.size);
	buf_append(out, body);
}

/* --- events ------------------------------------------------------------------------------------------------------ */

static void
event_ask(const struct supply *supply, const struct operation *operation, struct buf *out)
{
	static struct buf body;
	struct deed deed;
	if (body.limit == 0)
		buf_init(&body, BODY_BYTES_MAX);
	buf_reset(&body);
	deed_make(&supply->nation, supply->events, operation->number, &deed);
	deed_json(&body, &deed);
	post(supply, out, "/v1/events", "application/cloudevents+json", "", buf_slice(&body));
}

static void
events_ask(const struct supply *supply, const struct operation *operation, struct buf *out)
{
	static struct buf body;
	struct deed deed;
	if (body.limit == 0)
		buf_init(&body, BODY_BYTES_MAX);
	buf_reset(&body);
	for (unsigned i = 0; i < supply->batch; i++) {
		buf_byte(&body, i == 0 ? '[' : ',');
		deed_make(&supply->nation, supply->events, operation->number + i, &deed);
		deed_json(&body, &deed);
	}
	buf_byte(&body, ']');
	post(supply, out, "/v1/events", "application/cloudevents-batch+json", "", buf_slice(&body));
}

static unsigned
events_answered(const struct supply *supply, struct operation *operation, struct slice body, bool *more)
{
	static const char accepted[] = "\"outcome\":\"accepted\"";
	const uint8_t *at = body.data;
	const uint8_t *end = body.data + body.size;
	unsigned count = 0;
	(void)supply;
	(void)operation;
	*more = false;
	while ((at = memmem(at, (size_t)(end - at), accepted, sizeof(accepted) - 1)) != NULL) {
		at += sizeof(accepted) - 1;
		count++;
	}
	return count;
}

/* --- people in rooms --------------------------------------------------------------------------------------------- */

static const char *
room_of(const struct supply *supply, uint64_t number)
{
	return supply->rooms.at[number % supply->rooms.count];
}

static const char *
person_of(const struct supply *supply, uint64_t number)
{
	uint64_t room = number % supply->rooms.count;
	uint64_t place = number / supply->rooms.count;
	return supply->persons.at[(room * supply->stride + place) % supply->persons.count];
}

static uint64_t
rooms_limit(const struct supply *supply)
{
	return supply->rooms.count * supply->persons.count;
}

static unsigned
one_answered(const struct supply *supply, struct operation *operation, struct slice body, bool *more)
{
	(void)supply;
	(void)operation;
	(void)body;
	*more = false;
	return 1;
}

static void
person_post(const struct supply *supply, const struct operation *operation, struct buf *out, const char *form)
{
	char path[128];
	char key[DEED_TEXT_BYTES];
	char body[128];
	snprintf(path, sizeof(path), form, room_of(supply, operation->number));
	snprintf(key, sizeof(key), "%s-%c-%llu", supply->nation.run, form[4], (unsigned long long)operation->number);
	int size = snprintf(body, sizeof(body), "{\"personId\":\"%s\"}", person_of(supply, operation->number));
	post(supply, out, path, "application/json", key, slice_of(body, (size_t)size));
}

static void
nominate_ask(const struct supply *supply, const struct operation *operation, struct buf *out)
{
	person_post(supply, operation, out, "/v1/classes/%s/enrolments");
}

/* --- an exam: start, then hand in ten answers ----------------------------------------------------------------------
 */

static void
exam_ask(const struct supply *supply, const struct operation *operation, struct buf *out)
{
	char path[128];
	char key[DEED_TEXT_BYTES];
	if (operation->step == 0) {
		person_post(supply, operation, out, "/v1/exams/%s/attempts");
		return;
	}
	snprintf(path, sizeof(path), "/v1/attempts/%s:submit", operation->attempt_id);
	snprintf(key, sizeof(key), "%s-s-%llu", supply->nation.run, (unsigned long long)operation->number);
	post(supply, out, path, "application/json", key, slice_text("{\"answers\":[1,1,1,1,1,1,1,1,1,1]}"));
}

static unsigned
exam_answered(const struct supply *supply, struct operation *operation, struct slice body, bool *more)
{
	static const char name[] = "\"attemptId\":\"";
	(void)supply;
	*more = operation->step == 0;
	if (!*more)
		return 1;
	const char *found = memmem(body.data, body.size, name, sizeof(name) - 1);
	if (found == NULL)
		return 0;
	found += sizeof(name) - 1;
	size_t size = strcspn(found, "\"");
	if (size >= sizeof(operation->attempt_id))
		return 0;
	memcpy(operation->attempt_id, found, size);
	operation->attempt_id[size] = '\0';
	return 1;
}

/* --- reads ------------------------------------------------------------------------------------------------------- */

static void
get_ask(const struct supply *supply, const struct operation *operation, struct buf *out)
{
	buf_format(out, "GET %s HTTP/1.1\r\nHost: localhost\r\n",
		   supply->paths.at[operation->number % supply->paths.count]);
	header(out, "Authorization: Bearer ", supply->token);
	header(out, "If-None-Match: ", supply->etag);
	buf_text(out, "\r\n");
}

static void
search_ask(const struct supply *supply, const struct operation *operation, struct buf *out)
{
	const char *body = supply->bodies.at[operation->number % supply->bodies.count];
	post(supply, out, "/v1/persons:search", "application/json", "", slice_text(body));
}

/* --- what a stranger presents --------------------------------------------------------------------------------------
 */

static void
verify_ask(const struct supply *supply, const struct operation *operation, struct buf *out)
{
	static struct buf body;
	if (body.limit == 0)
		buf_init(&body, BODY_BYTES_MAX);
	buf_reset(&body);
	buf_format(&body, "{\"credential\":%s}", supply->bodies.at[operation->number % supply->bodies.count]);
	post(supply, out, "/v1/certificates:verify", "application/json", "", buf_slice(&body));
}

/* Only "valid" counts: another verdict may have been found sooner. */
static unsigned
verify_answered(const struct supply *supply, struct operation *operation, struct slice body, bool *more)
{
	static const char valid[] = "\"verdict\":\"valid\"";
	(void)supply;
	(void)operation;
	*more = false;
	return memmem(body.data, body.size, valid, sizeof(valid) - 1) != NULL;
}

static const struct work works[] = {
	{"event", event_ask, events_answered, false, NULL},
	{"events", events_ask, events_answered, true, NULL},
	{"nominate", nominate_ask, one_answered, false, rooms_limit},
	{"exam", exam_ask, exam_answered, false, rooms_limit},
	{"get", get_ask, one_answered, false, NULL},
	{"search", search_ask, one_answered, false, NULL},
	{"verify", verify_ask, verify_answered, false, NULL},
};

const struct work *
work_find(const char *name)
{
	for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
		if (strcmp(works[i].name, name) == 0)
			return &works[i];
	}
	return NULL;
}
