/* services/gateway/route.c
 *
 * Templates are cut into segments once and lie in lists by their number of segments,
 * the most literal first, so a look-up compares a handful of short words. */
#include "services/gateway/route.h"

#include "common/base/text.h"

#include <assert.h>
#include <stdio.h>

struct segment {
	bool is_value;
	struct slice text;   /* the word, or the value's name with its NUL behind it in the table's arena */
	struct slice suffix; /* ":close" with its colon; size 0 if none */
};

struct template
{
	struct template *next;
	const char *verb;
	unsigned endpoint;
	size_t count;
	struct segment segments[ROUTE_SEGMENTS_MAX];
};

struct routes {
	struct arena *arena;
	struct template *by_count[ROUTE_SEGMENTS_MAX + 1];
};

struct routes *
routes_new(struct arena *arena)
{
	struct routes *routes = arena_zero(arena, sizeof(*routes));
	routes->arena = arena;
	return routes;
}

static struct segment
segment_make(struct arena *arena, struct slice text)
{
	struct segment segment = {.text = text};
	if (text.size > 0 && text.data[0] == '{') {
		const uint8_t *end = memchr(text.data, '}', text.size);
		assert(end != NULL);
		size_t name = (size_t)(end - text.data) - 1;
		segment.is_value = true;
		segment.suffix = slice_of(end + 1, text.size - name - 2);
		segment.text = slice_of(arena_text(arena, slice_of(text.data + 1, name)), name);
	}
	return segment;
}

/* Cuts at slashes; the number of pieces, or -1 if there are too many. "/" is one empty piece. */
static int
path_cut(const char *path, struct slice pieces[ROUTE_SEGMENTS_MAX])
{
	int count = 0;
	if (path[0] != '/')
		return -1;
	for (const char *at = path + 1;; at++) {
		size_t size = strcspn(at, "/");
		if (count == ROUTE_SEGMENTS_MAX)
			return -1;
		pieces[count++] = slice_of(at, size);
		at += size;
		if (*at == '\0')
			return count;
	}
}

/* Words sort before values with a suffix, these before bare values. */
static int
rank(const struct segment *segment)
{
	return !segment->is_value ? 0 : segment->suffix.size > 0 ? 1 : 2;
}

static bool
sorts_before(const struct template *a, const struct template *b)
{
	for (size_t i = 0; i < a->count; i++) {
		int order = rank(&a->segments[i]) - rank(&b->segments[i]);
		if (order != 0)
			return order < 0;
	}
	return false;
}

void
routes_add(struct routes *routes, const char *verb, const char *path, unsigned endpoint)
{
	struct slice pieces[ROUTE_SEGMENTS_MAX];
	struct template *added = arena_zero(routes->arena, sizeof(*added));
	int count = path_cut(path, pieces);
	assert(count > 0);
	added->verb = verb;
	added->endpoint = endpoint;
	added->count = (size_t)count;
	for (int i = 0; i < count; i++)
		added->segments[i] = segment_make(routes->arena, pieces[i]);
	struct template **at = &routes->by_count[count];
	while (*at != NULL && !sorts_before(added, *at))
		at = &(*at)->next;
	added->next = *at;
	*at = added;
}

static int
hex_digit(uint8_t digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	digit |= 0x20;
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

const char *
route_decode(struct arena *arena, struct slice text)
{
	char *out = arena_try(arena, text.size + 1);
	size_t size = 0;
	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] != '%') {
			out[size++] = (char)text.data[i];
			continue;
		}
		if (text.size - i < 3)
			return NULL;
		int high = hex_digit(text.data[i + 1]);
		int low = hex_digit(text.data[i + 2]);
		if (high < 0 || low < 0)
			return NULL;
		out[size++] = (char)(high * 16 + low);
		i += 2;
	}
	out[size] = '\0';
	return text_valid(slice_of(out, size)) ? out : NULL;
}

static bool
segment_fits(const struct segment *segment, const char *piece)
{
	size_t size = strlen(piece);
	if (!segment->is_value)
		return slice_equal(segment->text, slice_of(piece, size));
	if (size <= segment->suffix.size) /* a value is never empty */
		return false;
	return memcmp(piece + size - segment->suffix.size, segment->suffix.data, segment->suffix.size) == 0;
}

static bool
template_fits(const struct template *template, const char *const *pieces)
{
	for (size_t i = 0; i < template->count; i++) {
		if (!segment_fits(&template->segments[i], pieces[i]))
			return false;
	}
	return true;
}

static void
match_fill(struct arena *arena, const struct template *template, const char *const *pieces, struct route_match *match)
{
	match->endpoint = template->endpoint;
	for (size_t i = 0; i < template->count; i++) {
		const struct segment *segment = &template->segments[i];
		if (!segment->is_value)
			continue;
		assert(match->count < ROUTE_VALUES_MAX);
		size_t size = strlen(pieces[i]) - segment->suffix.size;
		match->values[match->count].name = (const char *)segment->text.data;
		match->values[match->count++].value = arena_text(arena, slice_of(pieces[i], size));
	}
}

static void
allow_add(char allow[ROUTE_ALLOW_BYTES], const char *verb)
{
	size_t used = strlen(allow);
	if (strstr(allow, verb) != NULL)
		return;
	snprintf(allow + used, ROUTE_ALLOW_BYTES - used, "%s%s", used > 0 ? ", " : "", verb);
	if (strcmp(verb, "GET") == 0)
		allow_add(allow, "HEAD");
}

enum route_outcome
route_find(const struct routes *routes, struct arena *arena, const char *verb, const char *path,
	   struct route_match *match)
{
	struct slice cut[ROUTE_SEGMENTS_MAX];
	const char *pieces[ROUTE_SEGMENTS_MAX];
	int count = path_cut(path, cut);
	*match = (struct route_match){.endpoint = 0};
	if (count < 0)
		return ROUTE_NO_SUCH_PATH;
	for (int i = 0; i < count; i++) {
		pieces[i] = route_decode(arena, cut[i]);
		if (pieces[i] == NULL)
			return ROUTE_MALFORMED;
	}
	if (strcmp(verb, "HEAD") == 0)
		verb = "GET";
	bool known = false;
	for (const struct template *at = routes->by_count[count]; at != NULL; at = at->next) {
		if (!template_fits(at, pieces))
			continue;
		if (strcmp(at->verb, verb) == 0) {
			match_fill(arena, at, pieces, match);
			return ROUTE_FOUND;
		}
		known = true;
		allow_add(match->allow, at->verb);
	}
	if (known)
		allow_add(match->allow, "OPTIONS");
	return known ? ROUTE_OTHER_VERB : ROUTE_NO_SUCH_PATH;
}
