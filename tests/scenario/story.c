/* tests/scenario/story.c
 *
 * Reads a story's text into statements. It knows words, quotes and balanced braces
 * and nothing of what the verbs mean, except that they exist. */
#include "tests/scenario/story.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const verbs[] = {"now",  "as",     "call",    "dry",    "->",   "reply",   "refuse", "repeat",
				    "fact", "nofact", "restart", "settle", "sign", "advance", "figure"};

struct reader {
	struct story *story;
	char *text;
	size_t at;
	int line;
};

static bool
reader_fail(struct reader *reader, int line, const char *why)
{
	reader->story->bad_line = line;
	snprintf(reader->story->why, sizeof(reader->story->why), "%s", why);
	return false;
}

static char *
copy(const char *text, size_t size)
{
	char *copied = malloc(size + 1);
	assert(copied != NULL);
	memcpy(copied, text, size);
	copied[size] = '\0';
	return copied;
}

static struct statement *
statement_new(struct story *story, int line)
{
	size_t count = story->count + 1;
	story->statements = realloc(story->statements, count * sizeof(story->statements[0]));
	assert(story->statements != NULL);
	story->statements[story->count] = (struct statement){.line = line};
	return &story->statements[story->count++];
}

/* From an opening brace to the one that closes it, over lines. */
static bool
read_json(struct reader *reader, struct statement *statement)
{
	size_t begins = reader->at;
	int depth = 0;
	bool in_string = false;
	for (; reader->text[reader->at] != '\0'; reader->at++) {
		char c = reader->text[reader->at];
		if (c == '\n')
			reader->line++;
		if (in_string && c == '\\' && reader->text[reader->at + 1] != '\0')
			reader->at++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '{' || c == '['))
			depth++;
		else if (!in_string && (c == '}' || c == ']') && --depth == 0) {
			reader->at++;
			statement->json = copy(reader->text + begins, reader->at - begins);
			return true;
		}
	}
	return reader_fail(reader, statement->line, "the braces do not balance");
}

static size_t
line_end(const struct reader *reader)
{
	return reader->at + strcspn(reader->text + reader->at, "\n");
}

/* A quoted word ends at the last quote of its line, so a regex needs no escapes of ours. */
static bool
read_quoted(struct reader *reader, struct statement *statement)
{
	size_t end = line_end(reader);
	size_t last = end - 1;
	while (last > reader->at && reader->text[last] != '"')
		last--;
	if (last == reader->at)
		return reader_fail(reader, statement->line, "a quote is not closed");
	statement->words[statement->words_count++] = copy(reader->text + reader->at + 1, last - reader->at - 1);
	reader->at = last + 1;
	return true;
}

/* One statement, up to the end of its line or of its JSON. */
static bool
read_statement(struct reader *reader)
{
	struct statement *statement = statement_new(reader->story, reader->line);
	for (;;) {
		reader->at += strspn(reader->text + reader->at, " \t\r");
		char c = reader->text[reader->at];
		if (c == '\n' || c == '\0')
			return true;
		if (statement->words_count == STATEMENT_WORDS_MAX)
			return reader_fail(reader, statement->line, "too many words");
		if (c == '{')
			return read_json(reader, statement);
		if (c == '"') {
			if (!read_quoted(reader, statement))
				return false;
			continue;
		}
		size_t size = strcspn(reader->text + reader->at, " \t\r\n{");
		statement->words[statement->words_count++] = copy(reader->text + reader->at, size);
		reader->at += size;
	}
}

static bool
check_verb(struct reader *reader, const struct statement *statement)
{
	if (statement->words_count == 0)
		return reader_fail(reader, statement->line, "JSON without a verb");
	if (strncmp(statement->words[0], "call!", 5) == 0)
		return true;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(statement->words[0], verbs[i]) == 0)
			return true;
	}
	return reader_fail(reader, statement->line, "unknown verb");
}

static bool
read_all(struct reader *reader)
{
	while (reader->text[reader->at] != '\0') {
		reader->at += strspn(reader->text + reader->at, " \t\r");
		char c = reader->text[reader->at];
		if (c == '#')
			reader->at = line_end(reader);
		if (c == '\n') {
			reader->at++;
			reader->line++;
		}
		if (c == '#' || c == '\n' || c == '\0')
			continue;
		if (!read_statement(reader))
			return false;
		if (!check_verb(reader, &reader->story->statements[reader->story->count - 1]))
			return false;
	}
	return true;
}

static char *
read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	if (file == NULL)
		return NULL;
	char *text = NULL;
	size_t size = 0;
	ssize_t got = getdelim(&text, &size, '\0', file);
	fclose(file);
	if (got >= 0)
		return text;
	free(text);
	return NULL;
}

static void
name_of(struct story *story, const char *path)
{
	const char *base = strrchr(path, '/');
	base = base == NULL ? path : base + 1;
	snprintf(story->name, sizeof(story->name), "%s", base);
	char *dot = strrchr(story->name, '.');
	if (dot != NULL)
		*dot = '\0';
}

bool
story_read(struct story *story, const char *path)
{
	*story = (struct story){.path = path};
	name_of(story, path);
	struct reader reader = {.story = story, .text = read_file(path), .line = 1};
	if (reader.text == NULL)
		return reader_fail(&reader, 0, "the file cannot be read");
	bool sound = reader.text[0] == '#' || reader_fail(&reader, 1, "the first line must say what the story proves");
	sound = sound && read_all(&reader);
	free(reader.text);
	return sound;
}

void
story_free(struct story *story)
{
	for (size_t i = 0; i < story->count; i++) {
		struct statement *statement = &story->statements[i];
		for (size_t word = 0; word < statement->words_count; word++)
			free(statement->words[word]);
		free(statement->json);
	}
	free(story->statements);
	*story = (struct story){0};
}

const struct statement *
story_find(const struct story *story, const char *verb)
{
	for (size_t i = 0; i < story->count; i++) {
		if (strcmp(story->statements[i].words[0], verb) == 0)
			return &story->statements[i];
	}
	return NULL;
}
