/* services/paper/paper_scan.c
 *
 * A parser of PDF jumps to wherever a table points, and so may read the same bytes as part of
 * many objects, each time larger in memory. Here the file is read once from end to end (ISO
 * 32000-2, 7.2 and 7.5); each entry of the table must point to where an object was found, so
 * what qpdf parses afterwards is no more than these tokens, once each.
 *
 * Names are looked at wherever they stand outside streams and strings, with their #xx undone: a name
 * that no certificate has is a fault, whatever it would mean there. */
#include "services/paper/paper_scan.h"

#include "services/paper/paper_canvas.h"

enum { DEPTH_MAX = 32, WORD_BYTES_MAX = 128, XREF_GENERATION_FREE = 65535 };

enum token { NAME, NUMBER, STRING, OPEN, CLOSE, WORD, BAD };

struct scanner {
	struct slice in;
	size_t at;
	struct paper_scan *scan;
	struct fault *fault;
	char word[WORD_BYTES_MAX]; /* of a NAME (without its slash) or a WORD */
	uint64_t number;           /* of a NUMBER that is a natural one; UINT64_MAX for others */
	uint8_t bracket;           /* of OPEN and CLOSE: '[' or '<' */
};

/* What acts, what hides, and what a file of one section has no use for. */
static const char *const unwelcome[] = {
	"JavaScript", "JS",    "OpenAction", "AA",    "Launch",      "SubmitForm",     "ImportData", "ResetForm",
	"GoToR",      "GoToE", "GoTo3DView", "Movie", "Sound",       "Rendition",      "RichMedia",  "Screen",
	"AcroForm",   "XFA",   "Hide",       "Named", "SetOCGState", "FileAttachment", "Collection", "Trans",
	"ObjStm",     "XRef",  "XRefStm",    "Prev",  "Encrypt",     "Crypt",          "Perms",
};

static bool
refuse(struct scanner *scanner, const char *sentence)
{
	return paper_fault(scanner->fault, "", "%s", sentence);
}

/* --- tokens ----------------------------------------------------------------------------------------------------- */

static bool
is_space(uint8_t byte)
{
	return byte == 0 || byte == '\t' || byte == '\n' || byte == '\f' || byte == '\r' || byte == ' ';
}

static bool
is_delimiter(uint8_t byte)
{
	return byte != 0 && strchr("()<>[]{}/%", byte) != NULL;
}

/* 0 past the end, which is a space and ends every token. */
static uint8_t
peek(const struct scanner *scanner, size_t ahead)
{
	return scanner->at + ahead < scanner->in.size ? scanner->in.data[scanner->at + ahead] : 0;
}

static bool
at_end(const struct scanner *scanner)
{
	return scanner->at >= scanner->in.size;
}

static int
hex_digit(uint8_t byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

static enum token
string_take(struct scanner *scanner)
{
	unsigned depth = 0;
	for (; !at_end(scanner); scanner->at++) {
		uint8_t byte = peek(scanner, 0);
		if (byte == '\\')
			scanner->at++;
		else if (byte == '(')
			depth++;
		else if (byte == ')' && --depth == 0) {
			scanner->at++;
			return STRING;
		}
	}
	return BAD;
}

static enum token
hex_take(struct scanner *scanner)
{
	for (scanner->at++; hex_digit(peek(scanner, 0)) >= 0 || is_space(peek(scanner, 0)); scanner->at++) {
		if (at_end(scanner))
			return BAD;
	}
	return peek(scanner, 0) == '>' ? (void)scanner->at++, STRING : BAD;
}

static enum token
name_take(struct scanner *scanner)
{
	size_t size = 0;
	for (scanner->at++; !is_space(peek(scanner, 0)) && !is_delimiter(peek(scanner, 0)); scanner->at++) {
		uint8_t byte = peek(scanner, 0);
		if (byte == '#') {
			int high = hex_digit(peek(scanner, 1));
			int low = hex_digit(peek(scanner, 2));
			if (high < 0 || low < 0 || high + low == 0)
				return BAD;
			byte = (uint8_t)(high << 4 | low);
			scanner->at += 2;
		}
		if (size == sizeof(scanner->word) - 1)
			return BAD;
		scanner->word[size++] = (char)byte;
	}
	scanner->word[size] = '\0';
	return NAME;
}

static enum token
word_take(struct scanner *scanner)
{
	size_t size = 0;
	for (; !is_space(peek(scanner, 0)) && !is_delimiter(peek(scanner, 0)); scanner->at++) {
		if (size == sizeof(scanner->word) - 1)
			return BAD;
		scanner->word[size++] = (char)peek(scanner, 0);
	}
	scanner->word[size] = '\0';
	if (size == 0 || scanner->word[strspn(scanner->word, "+-.0123456789")] != '\0')
		return size == 0 ? BAD : WORD;
	scanner->number = UINT64_MAX;
	if (size > 10 || scanner->word[strspn(scanner->word, "0123456789")] != '\0')
		return NUMBER;
	scanner->number = 0;
	for (size_t i = 0; i < size; i++)
		scanner->number = scanner->number * 10 + (uint64_t)(scanner->word[i] - '0');
	return NUMBER;
}

static enum token
bracket_take(struct scanner *scanner, enum token kind, uint8_t bracket, size_t size)
{
	scanner->bracket = bracket;
	scanner->at += size;
	return kind;
}

/* Comments have no business between our tokens: a % is BAD. */
static enum token
token_take(struct scanner *scanner)
{
	while (!at_end(scanner) && is_space(peek(scanner, 0)))
		scanner->at++;
	if (at_end(scanner) || ++scanner->scan->tokens > PAPER_TOKENS_MAX)
		return BAD;
	bool twice = peek(scanner, 0) == peek(scanner, 1);
	switch (peek(scanner, 0)) {
	case '(':
		return string_take(scanner);
	case '<':
		return twice ? bracket_take(scanner, OPEN, '<', 2) : hex_take(scanner);
	case '>':
		return twice ? bracket_take(scanner, CLOSE, '<', 2) : BAD;
	case '[':
		return bracket_take(scanner, OPEN, '[', 1);
	case ']':
		return bracket_take(scanner, CLOSE, '[', 1);
	case '/':
		return name_take(scanner);
	default:
		return word_take(scanner);
	}
}

static bool
word_is(struct scanner *scanner, enum token token, const char *word)
{
	return token == WORD && strcmp(scanner->word, word) == 0;
}

static bool
number_next(struct scanner *scanner, uint64_t most, uint64_t *number)
{
	if (token_take(scanner) != NUMBER || scanner->number > most)
		return false;
	*number = scanner->number;
	return true;
}

/* --- objects ---------------------------------------------------------------------------------------------------- */

/* Where in an object's own dictionary we are, so far as its stream's length goes. */
struct value {
	uint8_t open[DEPTH_MAX];
	size_t depth;
	bool key_next;  /* directly in that dictionary */
	bool is_length; /* the key was Length */
	unsigned lengths;
	uint64_t length;
};

static bool
name_check(struct scanner *scanner)
{
	for (size_t i = 0; i < sizeof(unwelcome) / sizeof(unwelcome[0]); i++) {
		if (strcmp(scanner->word, unwelcome[i]) == 0)
			return paper_fault(scanner->fault, "", "the file has a /%s, which no certificate of ours has",
					   unwelcome[i]);
	}
	scanner->scan->attachments += strcmp(scanner->word, "EF") == 0;
	return true;
}

static bool
bracket_follow(struct scanner *scanner, enum token token, struct value *value)
{
	if (token == OPEN) {
		if (value->depth == DEPTH_MAX)
			return refuse(scanner, "an object of the file is nested too deep");
		value->open[value->depth++] = scanner->bracket;
		value->key_next = value->depth == 1;
		return true;
	}
	if (value->depth == 0 || value->open[--value->depth] != scanner->bracket)
		return refuse(scanner, "a bracket in the file closes nothing");
	value->key_next = value->depth == 1;
	return true;
}

/* A scalar; keys and values of the outermost dictionary take turns. "5 0 R" is three scalars, of which
 * the last two come where a key is due: a Length followed by a number there is one by reference. */
static bool
scalar_follow(struct scanner *scanner, enum token token, struct value *value)
{
	if (token == WORD && strcmp(scanner->word, "R") != 0 && strcmp(scanner->word, "true") != 0 &&
	    strcmp(scanner->word, "false") != 0 && strcmp(scanner->word, "null") != 0)
		return refuse(scanner, "there is a word in the file that no object has");
	if (token == NAME && !name_check(scanner))
		return false;
	if (value->depth != 1 || value->open[0] != '<')
		return true;
	if (value->key_next && token == NAME) {
		value->key_next = false;
		value->is_length = strcmp(scanner->word, "Length") == 0;
		value->lengths += value->is_length;
		return true;
	}
	if (value->is_length && (token != NUMBER || value->key_next))
		return refuse(scanner, "the length of a stream in the file is not a plain number");
	if (value->is_length)
		value->length = scanner->number;
	value->key_next = true;
	return true;
}

/* Reads on until a word of the file's own (endobj, stream, startxref) stands outside all brackets. */
static bool
value_scan(struct scanner *scanner, struct value *value)
{
	for (;;) {
		enum token token = token_take(scanner);
		if (token == BAD)
			return refuse(scanner, scanner->scan->tokens > PAPER_TOKENS_MAX
						       ? "the file has more parts than a certificate of ours"
						       : "the file is cut off or damaged");
		if (value->depth == 0 && (word_is(scanner, token, "endobj") || word_is(scanner, token, "stream") ||
					  word_is(scanner, token, "startxref")))
			return true;
		bool good = token == OPEN || token == CLOSE ? bracket_follow(scanner, token, value)
							    : scalar_follow(scanner, token, value);
		if (!good)
			return false;
	}
}

static bool
stream_scan(struct scanner *scanner, const struct value *value, struct slice *stream)
{
	if (value->lengths != 1)
		return refuse(scanner, "a stream in the file does not have one length");
	scanner->at += peek(scanner, 0) == '\r' && peek(scanner, 1) == '\n';
	if (peek(scanner, 0) != '\n')
		return refuse(scanner, "a stream in the file does not begin on a line of its own");
	scanner->at++;
	if (value->length > scanner->in.size - scanner->at)
		return refuse(scanner, "a stream in the file is longer than the file");
	*stream = slice_of(scanner->in.data + scanner->at, (size_t)value->length);
	scanner->at += (size_t)value->length;
	if (!word_is(scanner, token_take(scanner), "endstream") || !word_is(scanner, token_take(scanner), "endobj"))
		return refuse(scanner, "a stream in the file does not end where its length says");
	return true;
}

/* The number of the object was read. */
static bool
object_scan(struct scanner *scanner, size_t at)
{
	struct paper_scan *scan = scanner->scan;
	struct value value = {.depth = 0};
	uint64_t generation;
	if (scan->count == PAPER_OBJECTS_MAX)
		return refuse(scanner, "the file has more objects than a certificate of ours");
	struct paper_object *object = &scan->objects[scan->count++];
	*object = (struct paper_object){.number = (uint32_t)scanner->number, .at = at};
	if (!number_next(scanner, 0, &generation) || !word_is(scanner, token_take(scanner), "obj"))
		return refuse(scanner, "the file is no sequence of objects");
	if (!value_scan(scanner, &value))
		return false;
	if (word_is(scanner, WORD, "stream"))
		return stream_scan(scanner, &value, &object->stream);
	return word_is(scanner, WORD, "endobj") || refuse(scanner, "an object of the file does not end");
}

/* --- sections --------------------------------------------------------------------------------------------------- */

static void
comments_skip(struct scanner *scanner)
{
	while (peek(scanner, 0) == '%') {
		while (!at_end(scanner) && peek(scanner, 0) != '\n')
			scanner->at++;
		scanner->at++;
	}
}

static bool
entry_check(struct scanner *scanner, uint32_t number, size_t *found)
{
	uint64_t at;
	uint64_t generation;
	if (!number_next(scanner, PAPER_PRESENTED_BYTES_MAX, &at) ||
	    !number_next(scanner, XREF_GENERATION_FREE, &generation))
		return refuse(scanner, "the file's table of objects is damaged");
	enum token token = token_take(scanner);
	if (word_is(scanner, token, "f"))
		return true;
	if (!word_is(scanner, token, "n") || generation != 0)
		return refuse(scanner, "the file's table of objects is damaged");
	for (size_t i = 0; i < scanner->scan->count; i++) {
		if (scanner->scan->objects[i].number == number && scanner->scan->objects[i].at == at) {
			++*found;
			return true;
		}
	}
	return refuse(scanner, "the file's table points to where no object is");
}

static bool
table_scan(struct scanner *scanner)
{
	uint64_t first;
	uint64_t count;
	size_t found = 0;
	if (!number_next(scanner, 0, &first) || !number_next(scanner, PAPER_OBJECTS_MAX + 1, &count))
		return refuse(scanner, "the file's table of objects is not one of a single section");
	for (uint32_t i = 0; i < count; i++) {
		if (!entry_check(scanner, i, &found))
			return false;
	}
	return found == scanner->scan->count || refuse(scanner, "the file has objects that its table does not know");
}

static bool
end_scan(struct scanner *scanner, size_t table_at)
{
	struct value value = {.depth = 0};
	uint64_t at;
	if (!word_is(scanner, token_take(scanner), "trailer"))
		return refuse(scanner, "the file's table of objects is not one of a single section");
	if (!value_scan(scanner, &value))
		return false;
	if (!word_is(scanner, WORD, "startxref") || !number_next(scanner, PAPER_PRESENTED_BYTES_MAX, &at) ||
	    at != table_at)
		return refuse(scanner, "the file does not say where its table of objects is");
	while (!at_end(scanner) && is_space(peek(scanner, 0)))
		scanner->at++;
	struct slice rest = slice_of(scanner->in.data + scanner->at, scanner->in.size - scanner->at);
	if (!slice_begins(rest, slice_text("%%EOF")))
		return refuse(scanner, "the file is cut off or damaged");
	for (scanner->at += strlen("%%EOF"); !at_end(scanner) && is_space(peek(scanner, 0)); scanner->at++)
		;
	return at_end(scanner) || refuse(scanner, "something was appended to the file");
}

bool
paper_scan(struct slice pdf, struct paper_scan *scan, struct fault *fault)
{
	struct scanner scanner = {.in = pdf, .scan = scan, .fault = fault};
	scan->count = 0;
	scan->tokens = 0;
	scan->attachments = 0;
	comments_skip(&scanner);
	for (;;) {
		enum token token = token_take(&scanner);
		if (word_is(&scanner, token, "xref"))
			break;
		if (token != NUMBER || scanner.number == 0 || scanner.number > PAPER_OBJECTS_MAX)
			return refuse(&scanner, "the file is cut off, damaged, or larger than a certificate of ours");
		size_t digits = strlen(scanner.word);
		if (!object_scan(&scanner, scanner.at - digits))
			return false;
	}
	size_t table_at = scanner.at - strlen("xref");
	return table_scan(&scanner) && end_scan(&scanner, table_at);
}
