/* services/paper/paper_template.c
 *
 * A reader for each kind of member. The first fault stays; after it readers go on with
 * harmless values, so that none of them needs a way out of its own. */
#include "services/paper/paper_template.h"

#include "common/base/text.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum { PLACEHOLDER_BYTES_MAX = 40, FILLED_BYTES_MAX = 8 * PAPER_TEXT_BYTES_MAX };

struct reading {
	struct arena *arena;
	const struct paper_value *values;
	size_t values_count;
	const json_t *colours;
	char path[64]; /* of the object being read, with its dot: "boxes[1]." */
	bool failed;
	struct fault *fault;
};

static void __attribute__((format(printf, 3, 4)))
refuse(struct reading *reading, const char *member, const char *format, ...)
{
	char problem[80];
	char field[sizeof(reading->fault->field)];
	va_list arguments;
	if (reading->failed)
		return;
	reading->failed = true;
	va_start(arguments, format);
	vsnprintf(problem, sizeof(problem), format, arguments);
	va_end(arguments);
	snprintf(field, sizeof(field), "%s%.30s", reading->path, member);
	paper_fault(reading->fault, field, "the template's %.70s %.79s", field, problem);
}

static void
members_check(struct reading *reading, json_t *object, const char *const *known)
{
	const char *member;
	json_t *value;
	json_object_foreach(object, member, value)
	{
		size_t i = 0;
		while (known[i] != NULL && strcmp(known[i], member) != 0)
			i++;
		if (known[i] == NULL)
			refuse(reading, member, "is not a member that a template has here");
	}
}

/* An absent member has the value otherwise, or must be there if that is not in its range. */
static double
number(struct reading *reading, const json_t *object, const char *member, double least, double most, double otherwise)
{
	const json_t *value = json_object_get(object, member);
	if (value == NULL && otherwise >= least)
		return otherwise;
	if (!json_is_number(value)) {
		refuse(reading, member, value == NULL ? "is missing" : "is not a number");
		return least;
	}
	double found = json_number_value(value);
	if (!(found >= least && found <= most)) {
		refuse(reading, member, "is not between %g and %g", least, most);
		return least;
	}
	return found;
}

static double
length(struct reading *reading, const json_t *object, const char *member, double most, double otherwise)
{
	return number(reading, object, member, 0, most, otherwise) * PAPER_MM;
}

static bool
flag(struct reading *reading, const json_t *object, const char *member)
{
	const json_t *value = json_object_get(object, member);
	if (value != NULL && !json_is_boolean(value))
		refuse(reading, member, "is not true or false");
	return json_is_true(value);
}

/* NULL if it may be absent and is. */
static const char *
string(struct reading *reading, const json_t *object, const char *member, bool required)
{
	const json_t *value = json_object_get(object, member);
	if (value == NULL && !required)
		return NULL;
	if (!json_is_string(value) || json_string_length(value) > PAPER_TEXT_BYTES_MAX) {
		refuse(reading, member, value == NULL ? "is missing" : "is not a text of at most %d bytes",
		       PAPER_TEXT_BYTES_MAX);
		return "";
	}
	return arena_text(reading->arena, slice_of(json_string_value(value), json_string_length(value)));
}

static const struct paper_value *
value_find(const struct paper_value *values, size_t count, const char *name, size_t size)
{
	for (size_t i = 0; i < count; i++) {
		if (strlen(values[i].name) == size && memcmp(values[i].name, name, size) == 0)
			return &values[i];
	}
	return NULL;
}

/* A text whose placeholders are all ones that there are. */
static const char *
pattern(struct reading *reading, const json_t *object, const char *member, bool required)
{
	const char *text = string(reading, object, member, required);
	for (const char *open = text == NULL ? NULL : strchr(text, '{'); open != NULL; open = strchr(open + 1, '{')) {
		size_t size = strcspn(open + 1, "}");
		if (open[1 + size] != '}')
			refuse(reading, member, "has a brace that does not close");
		else if (value_find(reading->values, reading->values_count, open + 1, size) == NULL)
			refuse(reading, member, "has an unknown placeholder {%.*s}",
			       size > PLACEHOLDER_BYTES_MAX ? PLACEHOLDER_BYTES_MAX : (int)size, open + 1);
	}
	return text;
}

static struct paper_colour
colour(struct reading *reading, const json_t *object, const char *member, const char *otherwise)
{
	const char *name = string(reading, object, member, otherwise == NULL);
	const char *code = json_string_value(json_object_get(reading->colours, name == NULL ? otherwise : name));
	uint8_t bytes[3];
	if (code == NULL || code[0] != '#' || !text_from_hex(code + 1, bytes, sizeof(bytes))) {
		refuse(reading, member, "names no colour of the form #rrggbb among colours");
		return (struct paper_colour){.red = 0};
	}
	return (struct paper_colour){.red = bytes[0] / 255.0, .green = bytes[1] / 255.0, .blue = bytes[2] / 255.0};
}

static enum paper_align
align(struct reading *reading, const json_t *object)
{
	const char *word = string(reading, object, "align", true);
	if (strcmp(word, "left") == 0)
		return PAPER_LEFT;
	if (strcmp(word, "right") == 0)
		return PAPER_RIGHT;
	if (strcmp(word, "centre") != 0)
		refuse(reading, "align", "is not left, centre or right");
	return PAPER_CENTRE;
}

static void
line_read(struct reading *reading, json_t *object, struct paper_line *line, enum paper_align side)
{
	static const char *const members[] = {"text",   "beside", "unless",   "before", "rule",
					      "upper",  "size",   "least",    "rows",   "bold",
					      "italic", "colour", "tracking", "second", NULL};
	members_check(reading, object, members);
	line->text = pattern(reading, object, "text", true);
	line->beside = pattern(reading, object, "beside", false);
	line->unless = string(reading, object, "unless", false);
	if (line->unless != NULL &&
	    value_find(reading->values, reading->values_count, line->unless, strlen(line->unless)) == NULL)
		refuse(reading, "unless", "is not the name of a placeholder");
	line->before = length(reading, object, "before", 100, 0);
	line->rule = length(reading, object, "rule", 300, 0);
	line->upper = flag(reading, object, "upper");
	line->style.size = number(reading, object, "size", 4, 144, -1);
	line->style.least = number(reading, object, "least", 4, 144, line->style.size * 0.7);
	line->style.rows = (unsigned)number(reading, object, "rows", 1, 8, 1);
	line->style.bold = flag(reading, object, "bold");
	line->style.italic = flag(reading, object, "italic");
	line->style.tracking = number(reading, object, "tracking", 0, 20, 0);
	line->style.colour = colour(reading, object, "colour", "ink");
	line->style.beside = colour(reading, object, "second", "soft");
	line->style.align = side;
}

/* An array of at least one and at most `most` objects; NULL otherwise. */
static json_t *
array(struct reading *reading, const json_t *object, const char *member, size_t most)
{
	json_t *value = json_object_get(object, member);
	size_t count = json_array_size(value);
	if (count >= 1 && count <= most)
		return value;
	refuse(reading, member, "is not an array of 1 to %zu objects", most);
	return NULL;
}

/* Steps into an element; the caller cuts the path back to what it was. */
static json_t *
element(struct reading *reading, json_t *list, const char *member, size_t index)
{
	size_t used = strlen(reading->path);
	json_t *object = json_array_get(list, index);
	snprintf(reading->path + used, sizeof(reading->path) - used, "%s[%zu].", member, index);
	if (!json_is_object(object))
		refuse(reading, "", "is not an object");
	return object;
}

static void
box_read(struct reading *reading, json_t *object, struct paper_box *box)
{
	static const char *const members[] = {"x", "y", "width", "height", "align", "place", "lines", NULL};
	size_t path = strlen(reading->path);
	members_check(reading, object, members);
	box->left = length(reading, object, "x", 1000, -1);
	box->top = length(reading, object, "y", 1000, -1);
	box->width = number(reading, object, "width", 5, 1000, -1) * PAPER_MM;
	box->height = number(reading, object, "height", 5, 1000, -1) * PAPER_MM;
	box->place = number(reading, object, "place", 0, 1, 0);
	enum paper_align side = align(reading, object);
	json_t *lines = array(reading, object, "lines", PAPER_LINES_MAX);
	box->lines_count = json_array_size(lines);
	box->lines = arena_zero(reading->arena, (box->lines_count + 1) * sizeof(*box->lines));
	for (size_t i = 0; i < box->lines_count; i++) {
		line_read(reading, element(reading, lines, "lines", i), &box->lines[i], side);
		reading->path[path] = '\0';
	}
}

static json_t *
inside(struct reading *reading, const json_t *root, const char *member, const char *const *members)
{
	json_t *object = json_object_get(root, member);
	if (!json_is_object(object))
		refuse(reading, member, "is not an object");
	snprintf(reading->path, sizeof(reading->path), "%s.", member);
	members_check(reading, object, members);
	return object;
}

static void
marks_read(struct reading *reading, const json_t *root, struct paper_template *template)
{
	static const char *const round[] = {"colour", "x", "y", "radius", NULL};
	static const char *const square[] = {"x", "y", "size", NULL};
	const json_t *watermark = inside(reading, root, "watermark", round);
	template->watermark = colour(reading, watermark, "colour", NULL);
	template->watermark_centre[0] = length(reading, watermark, "x", 1000, -1);
	template->watermark_centre[1] = length(reading, watermark, "y", 1000, -1);
	template->watermark_radius = number(reading, watermark, "radius", 5, 500, -1) * PAPER_MM;
	const json_t *qr = inside(reading, root, "qr", square);
	template->qr_left = length(reading, qr, "x", 1000, -1);
	template->qr_top = length(reading, qr, "y", 1000, -1);
	/* 2 cm: a code of 49 modules at a telephone's usual distance. */
	template->qr_size = number(reading, qr, "size", 20, 100, -1) * PAPER_MM;
	reading->path[0] = '\0';
}

static void
page_read(struct reading *reading, json_t *root, struct paper_template *template)
{
	static const char *const members[] = {"width",     "height", "fonts", "title",    "specimen",
					      "colours",   "ground", "frame", "ornament", "warning",
					      "watermark", "qr",     "boxes", NULL};
	members_check(reading, root, members);
	reading->colours = json_object_get(root, "colours");
	if (!json_is_object(reading->colours))
		refuse(reading, "colours", "is not an object");
	template->width = number(reading, root, "width", 50, 1000, -1) * PAPER_MM;
	template->height = number(reading, root, "height", 50, 1000, -1) * PAPER_MM;
	template->fonts = string(reading, root, "fonts", true);
	template->title = pattern(reading, root, "title", true);
	template->specimen = string(reading, root, "specimen", true);
	template->ground = colour(reading, root, "ground", NULL);
	template->frame = colour(reading, root, "frame", NULL);
	template->ornament = colour(reading, root, "ornament", NULL);
	template->warning = colour(reading, root, "warning", NULL);
	template->ink = colour(reading, json_null(), "ink", "ink");
	marks_read(reading, root, template);
	json_t *boxes = array(reading, root, "boxes", PAPER_BOXES_MAX);
	template->boxes_count = json_array_size(boxes);
	template->boxes = arena_zero(reading->arena, (template->boxes_count + 1) * sizeof(*template->boxes));
	for (size_t i = 0; i < template->boxes_count; i++) {
		box_read(reading, element(reading, boxes, "boxes", i), &template->boxes[i]);
		reading->path[0] = '\0';
	}
}

const struct paper_template *
paper_template_read(struct arena *arena, struct slice json, const struct paper_value *values, size_t values_count,
		    struct fault *fault)
{
	struct reading reading = {.arena = arena, .values = values, .values_count = values_count, .fault = fault};
	struct paper_template *template = arena_zero(arena, sizeof(*template));
	json_error_t error;
	if (json.size > PAPER_TEMPLATE_BYTES_MAX) {
		paper_fault(fault, "", "the template is larger than %d bytes", PAPER_TEMPLATE_BYTES_MAX);
		return NULL;
	}
	json_t *root = json_loadb((const char *)json.data, json.size, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(root)) {
		paper_fault(fault, "", "the template is no JSON object, line %d: %.100s", error.line, error.text);
		json_decref(root);
		return NULL;
	}
	page_read(&reading, root, template);
	json_decref(root);
	return reading.failed ? NULL : template;
}

const char *
paper_fill(struct arena *arena, const char *text, const struct paper_value *values, size_t values_count)
{
	char filled[FILLED_BYTES_MAX];
	size_t used = 0;
	while (*text != '\0') {
		const char *piece = text;
		size_t size = strcspn(text, "{");
		text += size;
		if (size == 0) {
			size_t name = strcspn(text + 1, "}");
			const struct paper_value *value = value_find(values, values_count, text + 1, name);
			if (value == NULL || value->text == NULL || value->text[0] == '\0')
				return NULL;
			piece = value->text;
			size = strlen(piece);
			text += name + 2;
		}
		if (size > sizeof(filled) - used)
			return NULL;
		memcpy(filled + used, piece, size);
		used += size;
	}
	return arena_text(arena, slice_of(filled, used));
}
