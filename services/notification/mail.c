/* services/notification/mail.c
 *
 * Everything of a person or a class goes out in base64 or in encoded words, so no text can
 * become a header. Lines end in CR LF and keep to 76 characters. */
#include "services/notification/mail.h"

#include "common/base/date.h"
#include "common/base/id.h"
#include "common/base/text.h"

#include <assert.h>

enum {
	LINE_BYTES = 57, /* of text in one line of base64: 76 characters */
	WORD_BYTES = 42, /* of text in one encoded word: 56 of base64 and 12 around it, 75 allowed (RFC 2047) */
};

static void
put_base64(struct buf *out, const char *text, size_t size)
{
	char base64[TEXT_BASE64_BYTES(LINE_BYTES)];
	assert(size <= LINE_BYTES);
	text_base64(slice_of(text, size), base64);
	buf_text(out, base64);
}

static void
put_body(struct buf *out, const char *text)
{
	size_t size = strlen(text);
	for (size_t at = 0; at < size; at += LINE_BYTES) {
		put_base64(out, text + at, size - at < LINE_BYTES ? size - at : LINE_BYTES);
		buf_text(out, "\r\n");
	}
}

/* --- headers ---------------------------------------------------------------------------------------------------- */

/* Bytes of text, at most WORD_BYTES, that end between characters: a word is decoded by itself. */
static size_t
word_size(const char *text)
{
	size_t size = strlen(text);
	if (size <= WORD_BYTES)
		return size;
	size = WORD_BYTES;
	while (size > 1 && ((uint8_t)text[size] & 0xc0) == 0x80)
		size--;
	return size;
}

static void
put_words(struct buf *out, const char *text)
{
	const char *between = "";
	while (*text != '\0') {
		size_t size = word_size(text);
		buf_format(out, "%s=?UTF-8?B?", between);
		put_base64(out, text, size);
		buf_text(out, "?=");
		between = "\r\n ";
		text += size;
	}
}

/* "Mon, 02 Mar 2026 08:00:00 +0000" */
static void
put_date(struct buf *out, const char *created_at)
{
	static const char *const weekdays[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"}; /* 1970 began so */
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	int64_t us;
	int year, month, day;
	if (!instant_parse(created_at, &us) || us < 0)
		return;
	int32_t date = date_of_instant(us, 0);
	int second = (int)((us - date_begins_us(date, 0)) / SECOND_US);
	date_split(date, &year, &month, &day);
	buf_format(out, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\r\n", weekdays[date % 7], day, months[month - 1],
		   year, second / 3600, second / 60 % 60, second % 60);
}

static void
put_part(struct buf *out, const char *boundary, const char *language, const char *text)
{
	buf_format(out, "--%s\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Language: %s\r\n", boundary,
		   language);
	buf_text(out, "Content-Disposition: inline\r\nContent-Transfer-Encoding: base64\r\n\r\n");
	put_body(out, text);
}

bool
mail_address_usable(const char *address)
{
	size_t size = strlen(address);
	const char *at = strchr(address, '@');
	if (size > MAIL_ADDRESS_BYTES_MAX || at == NULL || at == address || at[1] == '\0' ||
	    strchr(at + 1, '@') != NULL)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (address[i] <= ' ' || address[i] > '~' || strchr("<>()[]\\,;:\"", address[i]) != NULL)
			return false;
	}
	return true;
}

void
mail_write(struct buf *out, const char *sender, const Mt__MessageRecord *message)
{
	const Mt__Personal *to = message->personal;
	assert(strlen(message->message_id) == ID_TEXT_BYTES - 1);
	put_date(out, message->created_at);
	buf_format(out, "From: Matricula <%s>\r\nTo: ", sender);
	put_words(out, to->name);
	buf_format(out, "%s<%s>\r\n", to->name[0] == '\0' ? "" : "\r\n ", to->email);
	buf_format(out, "Message-ID: <%s%s>\r\nSubject: ", message->message_id, strchr(sender, '@'));
	put_words(out, message->subject_vi);
	buf_text(out, "\r\n ");
	put_words(out, " / ");
	buf_text(out, "\r\n ");
	put_words(out, message->subject_en);
	buf_format(out, "\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
	char boundary[2 + ID_TEXT_BYTES] = "=_";
	memcpy(boundary + 2, message->message_id, ID_TEXT_BYTES);
	buf_format(out, "Content-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n", boundary);
	put_part(out, boundary, "vi", message->text_vi);
	put_part(out, boundary, "en", message->text_en);
	buf_format(out, "--%s--\r\n", boundary);
}
