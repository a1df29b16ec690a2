/* tests/unit/text_test.c
 *
 * UTF-8 is what RFC 3629 says; one text has one NFC and one folded form however
 * it was typed; base64 and hex are read strictly and round trip. */
#include "common/base/text.h"

#include "common/base/random.h"

#include <stdlib.h>
#include <utf8proc.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define NAME_NFC "Nguy\xe1\xbb\x85n Th\xe1\xbb\x8b \xc4\x90\xc3\xa0o"
#define NAME_NFD                                                                                                       \
	"Nguye\xcc\x82\xcc\x83n Thi\xcc\xa3 \xc4\x90"                                                                  \
	"a\xcc\x80o"

static struct arena arena;

static int
arena_open(void **state)
{
	(void)state;
	arena_init(&arena, 1 << 16, 0);
	return 0;
}

static int
arena_close(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

/* In memory of just its size, so that a sanitizer sees any read past the end. */
static bool
valid(const void *bytes, size_t size)
{
	uint8_t *exact = malloc(size + (size == 0));
	memcpy(exact, bytes, size);
	bool answer = text_valid(slice_of(exact, size));
	free(exact);
	return answer;
}

static void
ascii_is_valid_at_any_length_but_nul_is_not(void **state)
{
	(void)state;
	char text[40];
	for (size_t size = 0; size <= sizeof(text); size++) {
		memset(text, 'a', sizeof(text));
		assert_true(valid(text, size));
		for (size_t at = 0; at < size; at++) {
			text[at] = '\0';
			assert_false(valid(text, size));
			text[at] = '\x01';
			assert_true(valid(text, size));
			text[at] = '\x7f';
			assert_true(valid(text, size));
			text[at] = '\x80';
			assert_false(valid(text, size));
			text[at] = 'a';
		}
	}
	assert_true(text_valid(slice_of(NULL, 0)));
}

static void
every_code_point_is_valid_but_surrogates(void **state)
{
	(void)state;
	for (int32_t point = 1; point < 0x110000; point++) {
		uint8_t bytes[4];
		size_t size;
		if (point >= 0xd800 && point <= 0xdfff) {
			bytes[0] = 0xed;
			bytes[1] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
			bytes[2] = (uint8_t)(0x80 | (point & 0x3f));
			size = 3;
		} else {
			size = (size_t)utf8proc_encode_char(point, bytes);
		}
		if (text_valid(slice_of(bytes, size)) != (point < 0xd800 || point > 0xdfff))
			fail_msg("U+%04X", (unsigned)point);
		if (size > 1 && text_valid(slice_of(bytes, size - 1)))
			fail_msg("U+%04X cut short", (unsigned)point);
	}
}

static void
malformed_utf8_is_refused(void **state)
{
	(void)state;
	static const char *const refused[] = {
		"\x80",
		"\xbf",
		"\xc0\x80",
		"\xc1\xbf",
		"\xe0\x80\x80",
		"\xe0\x9f\xbf",
		"\xf0\x80\x80\x80",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xfe",
		"\xff",
		"\xc3",
		"\xc3(",
		"\xe1\xbb",
		"\xe1\xbb(",
		"\xe1(\xbb",
		"\xf0\x9f\x98",
		"\xf0\x9f\x98(",
		"\xc3\xa0\xa0",
		"abcdefgh\xc3",
		"abcdefgh\xffijklmnopq",
		"\xed\xa0\x80\xed\xb0\x80",
	};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (valid(refused[i], strlen(refused[i])))
			fail_msg("number %zu", i);
		assert_null(text_nfc(&arena, refused[i]));
		assert_null(text_fold(&arena, refused[i]));
	}
	assert_true(valid(NAME_NFC, strlen(NAME_NFC)));
	assert_true(valid("\xf4\x8f\xbf\xbf", 4));
}

static void
nfc_is_one_form(void **state)
{
	(void)state;
	assert_string_equal(text_nfc(&arena, NAME_NFD), NAME_NFC);
	assert_string_equal(text_nfc(&arena, NAME_NFC), NAME_NFC);
	assert_string_equal(text_nfc(&arena, "plain ASCII"), "plain ASCII");
	assert_string_equal(text_nfc(&arena, ""), "");
	/* marks typed in the other order: a dot below and a circumflex */
	assert_string_equal(text_nfc(&arena, "e\xcc\x82\xcc\xa3"), "\xe1\xbb\x87");
	assert_string_equal(text_nfc(&arena, "e\xcc\xa3\xcc\x82"), "\xe1\xbb\x87");
	/* excluded from composition by the standard (UAX 15): U+0958 stays apart */
	assert_string_equal(text_nfc(&arena, "\xe0\xa5\x98"), "\xe0\xa4\x95\xe0\xa4\xbc");
	/* canonical, not compatible: the ligature stays */
	assert_string_equal(text_nfc(&arena, "\xef\xac\x81"), "\xef\xac\x81");
}

static void
folding_ignores_form_case_and_marks(void **state)
{
	(void)state;
	assert_string_equal(text_fold(&arena, NAME_NFC), "nguyen thi dao");
	assert_string_equal(text_fold(&arena, NAME_NFD), "nguyen thi dao");
	assert_string_equal(text_fold(&arena, "NGUYỄN THỊ ĐÀO"), "nguyen thi dao");
	assert_string_equal(text_fold(&arena, "Nguyen Thi Dao"), "nguyen thi dao");
	assert_string_equal(text_fold(&arena, "đường Đê La Thành, Ư Ơ ư ơ"), "duong de la thanh, u o u o");
	assert_string_equal(text_fold(&arena, "ẮẰẲẴẶ ấầẩẫậ ỐỒỔỖỘ ớờởỡợ ỨỪỬỮỰ ýỳỷỹỵ"),
			    "aaaaa aaaaa ooooo ooooo uuuuu yyyyy");
	assert_string_equal(text_fold(&arena, ""), "");
	assert_string_equal(text_fold(&arena, "@[`{ AZ az 09"), "@[`{ az az 09");
}

static void
folding_keeps_other_letters(void **state)
{
	(void)state;
	assert_string_equal(text_fold(&arena, "Straße"), "strasse");
	assert_string_equal(text_fold(&arena, "Łódź Ø"), "łodz ø");
	assert_string_equal(text_fold(&arena, "ΣΊΣΥΦΟΣ"), "σισυφοσ");
	assert_string_equal(text_fold(&arena, "Ð"), "ð");
	assert_string_equal(text_fold(&arena, "漢字 😀"), "漢字 😀");
}

static void
case_folds_and_marks_stay(void **state)
{
	(void)state;
	assert_string_equal(text_fold_case(&arena, "NGUYỄN THỊ ĐÀO"), "nguyễn thị đào");
	assert_string_equal(text_fold_case(&arena, NAME_NFD), text_fold_case(&arena, NAME_NFC));
	assert_string_equal(text_fold_case(&arena, "125/CC-HV"), "125/cc-hv");
	assert_string_equal(text_fold_case(&arena, ""), "");
	assert_null(text_fold_case(&arena, "\xc3"));
}

static void
words_are_spaced_by_one(void **state)
{
	(void)state;
	assert_string_equal(text_spaced(&arena, "  Trần \t\r\n Văn\xc2\xa0 Bình "), "Trần Văn Bình");
	assert_string_equal(text_spaced(&arena, "Trần"), "Trần");
	assert_string_equal(text_spaced(&arena, " \xc2\xa0 "), "");
	assert_string_equal(text_spaced(&arena, ""), "");
}

static const char *
map(const char *text, utf8proc_option_t options)
{
	uint8_t *mapped = NULL;
	options |= UTF8PROC_NULLTERM | UTF8PROC_STABLE;
	utf8proc_ssize_t size = utf8proc_map((const uint8_t *)text, 0, &mapped, options);
	assert_true(size >= 0);
	const char *copy = arena_text(&arena, slice_of(mapped, (size_t)size));
	free(mapped);
	return copy;
}

/* Every code point there is: the same fold from NFC and NFD, and folding twice changes nothing. */
static void
folding_is_stable_for_every_code_point(void **state)
{
	(void)state;
	for (int32_t point = 0x80; point < 0x110000; point++) {
		if (point >= 0xd800 && point <= 0xdfff)
			continue;
		char text[6] = {'x'};
		utf8proc_encode_char(point, (uint8_t *)text + 1);
		const char *folded = text_fold(&arena, text);
		const char *from_nfc = text_fold(&arena, map(text, UTF8PROC_COMPOSE));
		const char *from_nfd = text_fold(&arena, map(text, UTF8PROC_DECOMPOSE));
		const char *twice = text_fold(&arena, folded);
		if (strcmp(folded, from_nfc) != 0 || strcmp(folded, from_nfd) != 0 || strcmp(folded, twice) != 0)
			fail_msg("U+%04X: %s, %s, %s, %s", (unsigned)point, folded, from_nfc, from_nfd, twice);
		if (strcmp(text_nfc(&arena, text), map(text, UTF8PROC_COMPOSE)) != 0)
			fail_msg("U+%04X", (unsigned)point);
		arena_reset(&arena);
	}
}

/* Lengths around the size of the working room on the stack. */
static void
long_texts_are_worked_whole(void **state)
{
	(void)state;
	for (size_t count = 250; count < 260; count++) {
		char *nfd = arena_zero(&arena, count * 3 + 1);
		char *nfc = arena_zero(&arena, count * 2 + 1);
		char *sharp = arena_zero(&arena, count * 2 + 1);
		char *plain = arena_zero(&arena, count + 1);
		char *doubled = arena_zero(&arena, count * 2 + 1);
		for (size_t i = 0; i < count; i++) {
			memcpy(nfd + i * 3, "a\xcc\x80", 3);
			memcpy(nfc + i * 2, "\xc3\xa0", 2);
			memcpy(sharp + i * 2, "\xc3\x9f", 2);
			memcpy(plain + i, "a", 1);
			memcpy(doubled + i * 2, "ss", 2);
		}
		assert_string_equal(text_nfc(&arena, nfd), nfc);
		assert_string_equal(text_fold(&arena, nfd), plain);
		assert_string_equal(text_fold(&arena, nfc), plain);
		assert_string_equal(text_fold(&arena, sharp), doubled);
	}
}

/* RFC 4648 section 10, without padding, and the two characters that are base64url's own. */
static void
base64url_gives_the_published_values(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
		{"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
		{"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xbf", "-_-_"},
	};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char text[TEXT_BASE64_BYTES(6)];
		uint8_t bytes[6];
		size_t size;
		text_base64url(slice_text(pairs[i][0]), text);
		assert_string_equal(text, pairs[i][1]);
		assert_true(text_from_base64url(slice_text(text), bytes, sizeof(bytes), &size));
		assert_int_equal(size, strlen(pairs[i][0]));
		assert_memory_equal(bytes, pairs[i][0], size);
	}
}

static void
base64url_is_read_strictly(void **state)
{
	(void)state;
	static const char *const refused[] = {
		"Z", "Zm9vY", "Zg==", "Zg=", "Zh", "Zm9", "Zm+v", "Zm/v", "Zm 9v", "Zm9v\n", "\xc3\xa0", "A", "AAAAA",
	};
	uint8_t bytes[16];
	size_t size = 42;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (text_from_base64url(slice_text(refused[i]), bytes, sizeof(bytes), &size))
			fail_msg("%s", refused[i]);
	}
	assert_false(text_from_base64url(slice_text("Zm9vYg"), bytes, 3, &size));
	assert_int_equal(size, 42);
	assert_true(text_from_base64url(slice_text("Zm9vYg"), bytes, 4, &size));
	assert_int_equal(size, 4);
}

/* RFC 4648 section 10, and the two characters that are base64's own. */
static void
base64_is_padded_and_read_strictly(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
		{"", ""},
		{"f", "Zg=="},
		{"fo", "Zm8="},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
		{"\xfb\xff\xbf", "+/+/"},
	};
	uint8_t bytes[6];
	size_t size;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char text[TEXT_BASE64_BYTES(6)];
		text_base64(slice_text(pairs[i][0]), text);
		assert_string_equal(text, pairs[i][1]);
		assert_true(text_from_base64(slice_text(text), bytes, sizeof(bytes), &size));
		assert_int_equal(size, strlen(pairs[i][0]));
		assert_memory_equal(bytes, pairs[i][0], size);
	}
	static const char *const refused[] = {
		"Zg",    "Zg=",  "Zg===", "Zh==", "Zm8",  "Zm9=",     "Zm9v====",
		"Zm9v=", "====", "=",     "-_-_", "Zm 9", "Zg==Zg==",
	};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (text_from_base64(slice_text(refused[i]), bytes, sizeof(bytes), &size))
			fail_msg("%s", refused[i]);
	}
	assert_false(text_from_base64(slice_text("Zm9vYg=="), bytes, 3, &size));
}

static void
any_bytes_round_trip(void **state)
{
	(void)state;
	struct random random = {.state = 10};
	for (size_t size = 0; size < 200; size++) {
		uint8_t bytes[200], back[200];
		char base64[TEXT_BASE64_BYTES(200)], hex[401];
		for (size_t i = 0; i < size; i++)
			bytes[i] = (uint8_t)random_next(&random);
		size_t back_size;
		text_base64url(slice_of(bytes, size), base64);
		assert_int_equal(strlen(base64), (size * 4 + 2) / 3);
		assert_true(strlen(base64) < TEXT_BASE64_BYTES(size));
		assert_true(text_from_base64url(slice_text(base64), back, size, &back_size));
		assert_int_equal(back_size, size);
		assert_memory_equal(back, bytes, size);
		memset(back, 0, sizeof(back));
		text_hex(slice_of(bytes, size), hex);
		assert_int_equal(strlen(hex), size * 2);
		assert_true(text_from_hex(hex, back, size));
		assert_memory_equal(back, bytes, size);
	}
}

static void
hex_is_of_the_exact_size(void **state)
{
	(void)state;
	char hex[9];
	uint8_t bytes[4];
	text_hex(slice_of("\x00\x9a\xbc\xff", 4), hex);
	assert_string_equal(hex, "009abcff");
	assert_true(text_from_hex("009ABCff", bytes, 4));
	assert_memory_equal(bytes, "\x00\x9a\xbc\xff", 4);
	assert_true(text_from_hex("", bytes, 0));
	static const char *const refused[] = {
		"", "009abcf", "009abcff0", "009abcff00", "009abcfg", "g09abcff", "0x9abcff", "009abc f",
	};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (text_from_hex(refused[i], bytes, 4))
			fail_msg("%s", refused[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ascii_is_valid_at_any_length_but_nul_is_not),
		cmocka_unit_test(every_code_point_is_valid_but_surrogates),
		cmocka_unit_test(malformed_utf8_is_refused),
		cmocka_unit_test(nfc_is_one_form),
		cmocka_unit_test(folding_ignores_form_case_and_marks),
		cmocka_unit_test(folding_keeps_other_letters),
		cmocka_unit_test(case_folds_and_marks_stay),
		cmocka_unit_test(words_are_spaced_by_one),
		cmocka_unit_test(folding_is_stable_for_every_code_point),
		cmocka_unit_test(long_texts_are_worked_whole),
		cmocka_unit_test(base64url_gives_the_published_values),
		cmocka_unit_test(base64url_is_read_strictly),
		cmocka_unit_test(base64_is_padded_and_read_strictly),
		cmocka_unit_test(any_bytes_round_trip),
		cmocka_unit_test(hex_is_of_the_exact_size),
	};
	return cmocka_run_group_tests(tests, arena_open, arena_close);
}
