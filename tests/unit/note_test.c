/* tests/unit/note_test.c
 *
 * Notes and keys are those of the specification and of the Go implementation, to the byte;
 * what they refuse is refused, by name.
 *
 * Sources: golang.org/x/mod, sumdb/note/note_test.go (PeterNeumann, EnochRoot); the examples of
 * c2sp.org/signed-note (example.com/foo) and of c2sp.org/tlog-checkpoint; a checkpoint of
 * sum.golang.org with the key that every Go toolchain carries (cmd/go/internal/modfetch/key.go). */
#include "common/credential/note.h"

#include "common/base/text.h"

#include <sodium.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/arena_state.h"

#define TEXT "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
#define PETER_KEY "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define PETER_LINE                                                                                                     \
	"— PeterNeumann "                                                                                            \
	"x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
#define ENOCH_KEY "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
#define ENOCH_LINE                                                                                                     \
	"— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
#define FOO_KEY "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define FOO_NOTE                                                                                                       \
	"This is an example message.\n\n— example.com/foo "                                                          \
	"Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
#define GO_KEY "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
#define GO_NOTE                                                                                                        \
	"go.sum database tree\n6476701\nmb8QLQIs0Z0yP5Cstq6guj87oXWeC9gEM8oVikmm9Wk=\n\n— sum.golang.org "           \
	"Az3grsLX85Gz+s1SiTbgkuqxgItqFq7gsMUEyVnrsa9LM7Us9S+1xbFIGu95949rj4nPRYfvimWEPWL+o3GeoWwOoAw=\n"

static const char foreign[] = "the signature does not belong to this text: it was changed, or signed by somebody else";

static struct note_key
key_of(const char *text)
{
	struct note_key key;
	assert_null(note_key_parse(slice_text(text), &key));
	return key;
}

/* By that key; a fault of parsing too. */
static const char *
fault_of(const char *text, const char *key_text)
{
	struct note note;
	struct note_key key = key_of(key_text);
	const char *fault = note_parse(slice_text(text), &note);
	return fault != NULL ? fault : note_fault(&note, &key);
}

static void
published_notes_verify(void **state)
{
	(void)state;
	assert_null(fault_of(TEXT "\n" PETER_LINE, PETER_KEY));
	assert_null(fault_of(TEXT "\n" PETER_LINE ENOCH_LINE, PETER_KEY));
	assert_null(fault_of(TEXT "\n" PETER_LINE ENOCH_LINE, ENOCH_KEY));
	assert_null(fault_of(FOO_NOTE, FOO_KEY));
	assert_null(fault_of(GO_NOTE, GO_KEY));
	assert_string_equal(fault_of(TEXT "\n" PETER_LINE, ENOCH_KEY), "the note is not signed by this key");
	assert_string_equal(fault_of(FOO_NOTE, PETER_KEY), "the note is not signed by this key");
}

/* The signer key of the Go test: PRIVATE+KEY+PeterNeumann+c74f20a3+base64(1 || seed). */
static void
a_note_is_signed_as_published(void **state)
{
	uint8_t typed[1 + crypto_sign_SEEDBYTES];
	uint8_t public_key[NOTE_PUBLIC_BYTES];
	uint8_t secret[NOTE_SECRET_BYTES];
	size_t size;
	assert_true(text_from_base64(slice_text("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"), typed, sizeof(typed),
				     &size));
	crypto_sign_seed_keypair(public_key, secret, typed + 1);
	struct slice note = note_sign(*state, slice_text(TEXT), slice_text("PeterNeumann"), secret);
	assert_true(slice_equal(note, slice_text(TEXT "\n" PETER_LINE)));
	struct note_key key = note_key_make(slice_text("PeterNeumann"), public_key);
	assert_string_equal(note_key_format(*state, &key), PETER_KEY);
}

static void
keys_have_one_spelling(void **state)
{
	static const char *const keys[] = {PETER_KEY, ENOCH_KEY, FOO_KEY, GO_KEY};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct note_key key = key_of(keys[i]);
		assert_string_equal(note_key_format(*state, &key), keys[i]);
	}
	struct note_key key;
	char mangled[] = PETER_KEY;
	for (size_t from = 0; from < strlen(PETER_KEY); from++) {
		for (size_t to = from; to <= strlen(PETER_KEY); to++) {
			if (from == 0 && to == strlen(PETER_KEY))
				continue;
			assert_non_null(note_key_parse(slice_of(PETER_KEY + from, to - from), &key));
		}
	}
	for (size_t i = 0; i < strlen(PETER_KEY); i++) {
		mangled[i]++;
		assert_non_null(note_key_parse(slice_text(mangled), &key));
		mangled[i]--;
	}
	assert_string_equal(
		note_key_parse(slice_text("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY=="),
			       &key),
		"the key is not base64 of a type and 32 bytes");
	assert_string_equal(
		note_key_parse(slice_text("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"), &key),
		"the key is not one of Ed25519");
	assert_string_equal(
		note_key_parse(slice_text("PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"), &key),
		"the key's id is not the one of its name and bytes");
}

static void
a_changed_note_does_not_verify(void **state)
{
	(void)state;
	for (size_t i = 0; i < strlen(FOO_NOTE); i++) {
		char changed[] = FOO_NOTE;
		changed[i] ^= 1;
		assert_non_null(fault_of(changed, FOO_KEY));
	}
	assert_string_equal(fault_of("This is an example message!\n" FOO_NOTE, FOO_KEY), foreign);
	/* A false signature beside a true one. */
	assert_string_equal(fault_of(TEXT "\n" PETER_LINE "— PeterNeumann x08go/ZJkuBS\n", PETER_KEY), foreign);
}

static void
names_are_plain(void **state)
{
	(void)state;
	static const char *const good[] = {"a", "example.com/log", "trường.vn/nhật-ký", "go-sum_1"};
	static const char *const bad[] = {"",
					  "a b",
					  "a+b",
					  "a\tb",
					  "a\nb",
					  "\x7f",
					  "a\xff",
					  "a\xc2\xa0"
					  "b",
					  "\xe3\x80\x80",
					  "\xe2\x80\x89",
					  "\xc2\x85"};
	static char large[NOTE_NAME_BYTES_MAX + 1];
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(note_name_valid(slice_text(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(note_name_valid(slice_text(bad[i])));
	memset(large, 'a', sizeof(large));
	assert_true(note_name_valid(slice_of(large, NOTE_NAME_BYTES_MAX)));
	assert_false(note_name_valid(slice_of(large, NOTE_NAME_BYTES_MAX + 1)));
}

static void
what_is_no_note_is_refused_by_name(void **state)
{
	(void)state;
	static const struct {
		const char *text, *fault;
	} bad[] = {
		{"", "the note has no signatures below an empty line"},
		{TEXT, "the note has no signatures below an empty line"},
		{TEXT "\n", "the note has no signatures below an empty line"},
		{PETER_LINE, "the note has no signatures below an empty line"},
		{"\x01" TEXT "\n" PETER_LINE, "the note is not UTF-8 without control characters"},
		{"\xff" TEXT "\n" PETER_LINE, "the note is not UTF-8 without control characters"},
		{TEXT "\r\n\n" PETER_LINE, "the note is not UTF-8 without control characters"},
		{TEXT "\n— Peter x08go/Y=", "the note does not end in a newline"},
		{TEXT "\n" PETER_LINE "Unexpected line.\n", "a line below the text is not a signature"},
		{TEXT "\n- Peter x08go/Y=\n", "a line below the text is not a signature"},
		{TEXT "\n—  x08go/Y=\n", "a signature has no proper name"},
		{TEXT "\n— Peter\n", "a signature has no proper name"},
		{TEXT "\n— a+b x08go/Y=\n", "a signature has no proper name"},
		{TEXT "\n— Bad Name x08go/Y=\n", "a signature is not base64 of a key's id and a signature"},
		{TEXT "\n— Peter x08goA==\n", "a signature is not base64 of a key's id and a signature"},
		{TEXT "\n— Peter \n", "a signature is not base64 of a key's id and a signature"},
	};
	struct note note;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *fault = note_parse(slice_text(bad[i].text), &note);
		if (fault == NULL)
			fail_msg("taken: %s", bad[i].text);
		assert_string_equal(fault, bad[i].fault);
	}
	assert_null(note_parse(slice_text(TEXT "\n— Peter x08go/Y=\n"), &note));
}

static void
sizes_are_bounded(void **state)
{
	(void)state;
	static char text[NOTE_BYTES_MAX + 1];
	struct note note;
	char *at = text + sprintf(text, "%s\n", TEXT);
	for (int i = 0; i < NOTE_SIGNATURES_MAX; i++)
		at += sprintf(at, "%s", PETER_LINE);
	assert_null(fault_of(text, PETER_KEY));
	sprintf(at, "%s", PETER_LINE);
	assert_string_equal(note_parse(slice_text(text), &note), "the note has too many signatures");
	assert_string_equal(note_parse(slice_of(text, sizeof(text)), &note), "the note is too large");
}

/* A signature of another kind may be as long as it likes. */
static void
unknown_signatures_are_passed_over(void **state)
{
	(void)state;
	static char text[NOTE_BYTES_MAX];
	struct note note;
	struct note_key key = key_of(PETER_KEY);
	char *at = text + sprintf(text, "%s\n— other ", TEXT);
	memset(at, 'A', 8000);
	at += sprintf(at + 8000, "\n%s", PETER_LINE) + 8000;
	assert_null(note_parse(slice_text(text), &note));
	assert_null(note_fault(&note, &key));
	text[strlen(TEXT) + 100] = '=';
	assert_string_equal(note_parse(slice_text(text), &note),
			    "a signature is not base64 of a key's id and a signature");
}

/* --- checkpoints ------------------------------------------------------------------------------------------------ */

static void
published_checkpoints_are_read_and_written(void **state)
{
	static const char behind[] =
		"example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
	struct note_checkpoint checkpoint;
	struct note note;
	char hex[2 * HASH_BYTES + 1];
	assert_null(note_parse(slice_text(GO_NOTE), &note));
	assert_null(note_checkpoint_parse(note.text, &checkpoint));
	assert_true(slice_equal(checkpoint.origin, slice_text("go.sum database tree")));
	assert_int_equal(checkpoint.size, 6476701);
	assert_int_equal(checkpoint.extensions.size, 0);
	assert_true(slice_equal(note_checkpoint_format(*state, &checkpoint), note.text));
	assert_null(note_checkpoint_parse(slice_text(behind), &checkpoint));
	assert_int_equal(checkpoint.size, 20852163);
	text_hex(slice_of(checkpoint.root, HASH_BYTES), hex);
	assert_string_equal(hex, "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62");
	assert_true(slice_equal(note_checkpoint_format(*state, &checkpoint), slice_text(behind)));
}

static void
extensions_are_kept_and_found(void **state)
{
	struct note_checkpoint checkpoint = {
		.origin = slice_text("matricula.example/log"),
		.size = UINT64_MAX,
		.extensions = slice_text("timely no\ntime 2026-11-22T10:00:00Z\ntime never\n"),
	};
	struct note_checkpoint back;
	struct slice text = note_checkpoint_format(*state, &checkpoint);
	assert_null(note_checkpoint_parse(text, &back));
	assert_true(back.size == UINT64_MAX);
	assert_true(slice_equal(note_checkpoint_format(*state, &back), text));
	assert_true(slice_equal(note_checkpoint_extension(&back, "time"), slice_text("2026-11-22T10:00:00Z")));
	assert_null(note_checkpoint_extension(&back, "tim").data);
	back.extensions = slice_of(NULL, 0);
	assert_null(note_checkpoint_extension(&back, "time").data);
}

static void
what_is_no_checkpoint_is_refused_by_name(void **state)
{
	(void)state;
#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
	static const struct {
		const char *text, *fault;
	} bad[] = {
		{"", "the checkpoint has fewer than three lines"},
		{"a\n1\n", "the checkpoint has fewer than three lines"},
		{"a\n1\n" ROOT, "the checkpoint has fewer than three lines"},
		{"\n1\n" ROOT "\n", "the checkpoint names no origin"},
		{"a\n\n" ROOT "\n", "the checkpoint's size is not a number"},
		{"a\n01\n" ROOT "\n", "the checkpoint's size is not a number"},
		{"a\n-1\n" ROOT "\n", "the checkpoint's size is not a number"},
		{"a\n1 \n" ROOT "\n", "the checkpoint's size is not a number"},
		{"a\n18446744073709551616\n" ROOT "\n", "the checkpoint's size is not a number"},
		{"a\n99999999999999999999\n" ROOT "\n", "the checkpoint's size is not a number"},
		{"a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2\n", "the checkpoint's root is not base64 of a hash"},
		{"a\n1\nAAAA\n", "the checkpoint's root is not base64 of a hash"},
		{"a\n1\n" ROOT "\n\n", "the checkpoint has an empty line"},
		{"a\n1\n" ROOT "\nx", "the checkpoint does not end in a newline"},
	};
	struct note_checkpoint checkpoint;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *fault = note_checkpoint_parse(slice_text(bad[i].text), &checkpoint);
		if (fault == NULL)
			fail_msg("taken: %s", bad[i].text);
		assert_string_equal(fault, bad[i].fault);
	}
	assert_null(note_checkpoint_parse(slice_text("a\n0\n" ROOT "\nx\n"), &checkpoint));
	assert_null(note_checkpoint_parse(slice_text("a\n18446744073709551615\n" ROOT "\n"), &checkpoint));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_notes_verify),
		cmocka_unit_test(a_note_is_signed_as_published),
		cmocka_unit_test(keys_have_one_spelling),
		cmocka_unit_test(a_changed_note_does_not_verify),
		cmocka_unit_test(names_are_plain),
		cmocka_unit_test(what_is_no_note_is_refused_by_name),
		cmocka_unit_test(sizes_are_bounded),
		cmocka_unit_test(unknown_signatures_are_passed_over),
		cmocka_unit_test(published_checkpoints_are_read_and_written),
		cmocka_unit_test(extensions_are_kept_and_found),
		cmocka_unit_test(what_is_no_checkpoint_is_refused_by_name),
	};
	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
