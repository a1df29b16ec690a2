/* tests/scenario/story.h
 *
 * A story: one behaviour told in calls, answers and facts, one statement a line. This
 * is the whole language; play.c says what each statement does.
 *
 *     # what the story proves                       (the first line of the file)
 *     now 2026-03-02T08:00:00Z                      start clock, before anything else
 *     as ROLE[,ROLE] of CODE [subject $x]           who calls from here on; $token is the id of the token
 *     as nobody
 *     call[!ID] [SERVICE/]Service.Method {json}     must be accepted, unless refuse follows
 *     dry Service.Method {json}                     the same as a dry run
 *     -> $name = path.to[0].member                  keeps a piece of the last reply
 *     reply {json}                                  the last reply holds at least this
 *     refuse STATUS "regex"                         directly after a call: it must be refused so
 *     refuse STATUS field NAME "regex"
 *     repeat                                        the last call again under its id: same reply, marked repeated
 *     fact SERVICE Name {json}                      stands in the journal since the story began; each counts once
 *     nofact SERVICE Name [{json}]                  does not
 *     restart SERVICE [URL|trial]                   as by kill -9; from then on with that public URL, or none
 *     settle                                        until nothing is under way
 *     sign                                          until the worker beside certificate has made and signed all it is
 * asked for advance 3d|2h|30m|10s figure METRIC CODE CATEGORY|- MONTH|- = N     - for a category: the sum of all
 *
 * JSON may run over several lines until its braces balance. $name is replaced everywhere
 * by what was captured, escaped as a JSON string within JSON. The wall clock of a story
 * stands still but for advance. A JSON string "~regex" in reply and fact matches by regex. */
#ifndef TESTS_SCENARIO_STORY_H
#define TESTS_SCENARIO_STORY_H

#include <stdbool.h>
#include <stddef.h>

enum { STATEMENT_WORDS_MAX = 16 };

struct statement {
	int line;
	size_t words_count;
	char *words[STATEMENT_WORDS_MAX]; /* words[0] is the verb; quotes are taken off */
	char *json;                       /* NULL if there is none */
};

struct story {
	const char *path;
	char name[64]; /* of the file, without .txt */
	size_t count;
	struct statement *statements;
	int bad_line; /* where reading failed */
	char why[160];
};

/* False, with bad_line and why set, if the file cannot be read as a story. */
bool story_read(struct story *story, const char *path);
void story_free(struct story *story);
/* The first statement with that verb, or NULL. */
const struct statement *story_find(const struct story *story, const char *verb);

#endif
