/* common/wire/json.h
 *
 * JSON (RFC 8259) as a pull reader over a slice and as writers into a buffer.
 * The reader checks UTF-8, escapes (unpaired surrogates are refused) and number
 * spelling, never recurses, and limits depth to JSON_DEPTH_MAX. */
#ifndef COMMON_WIRE_JSON_H
#define COMMON_WIRE_JSON_H

#include "common/base/arena.h"
#include "common/base/buf.h"

enum { JSON_DEPTH_MAX = 32 };

enum json_kind {
	JSON_FAULT, /* reader->fault says what, reader->at where */
	JSON_END,   /* after one whole value and nothing but white space */
	JSON_OBJECT,
	JSON_OBJECT_END,
	JSON_ARRAY,
	JSON_ARRAY_END,
	JSON_NAME, /* a member's name: text */
	JSON_STRING,
	JSON_NUMBER, /* text is the number as spelt */
	JSON_TRUE,
	JSON_FALSE,
	JSON_NULL,
};

struct json_reader {
	struct slice input;
	struct arena *arena; /* for strings with escapes; others point into input */
	size_t at;           /* byte offset */
	const char *fault;
	unsigned depth;
	bool wants_comma;
	bool after_name;
	bool done;
	uint8_t nest[JSON_DEPTH_MAX]; /* '{' or '[' */
};

void json_open(struct json_reader *reader, struct slice input, struct arena *arena);
enum json_kind json_next(struct json_reader *reader, struct slice *text);

/* Skips one value (the next token on) and gives its bytes; false on a fault. */
bool json_skip(struct json_reader *reader, struct slice *raw);

void json_write_string(struct buf *buf, struct slice text); /* quoted and escaped */

#endif
