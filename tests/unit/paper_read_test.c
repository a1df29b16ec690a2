/* tests/unit/paper_read_test.c
 *
 * A presented file that was cut, appended to, meddled with or forged is refused with its
 * reason: each case differs in one thing from a file that is taken. */
#include "services/paper/paper.h"

#include <stdio.h>
#include <zlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* fontconfig keeps one pattern for ever whose address it stores as an offset: no leak, but it looks like one. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libfontconfig.so";
}

static void
certificate_make(struct buf *pdf)
{
	const struct paper_certificate in = {
		.institution_vi = "Học viện Hành chính và Quản trị công",
		.kind_vi = "Chứng chỉ bồi dưỡng",
		.holder_name = "Nguyễn Thị Hường",
		.programme_vi = "Bồi dưỡng ngạch chuyên viên chính và tương đương",
		.issued_on = "2026-05-05",
		.verification_url = "https://matricula.example/verify/7ZK4Q2M8RT3VXA1BC9DEFGHJKN",
		.credential = slice_text("{\"type\":[\"VerifiableCredential\"]}"),
	};
	struct fault fault;
	buf_init(pdf, PAPER_PDF_BYTES_MAX);
	if (!paper_certificate(&in, pdf, &fault))
		fail_msg("%s | %s", fault.field, fault.message);
}

static void
read_back(const struct buf *pdf, const char *expected)
{
	struct fault fault;
	struct buf credential;
	buf_init(&credential, PAPER_CREDENTIAL_BYTES_MAX);
	if (!paper_credential(buf_slice(pdf), &credential, &fault))
		fail_msg("%s", fault.message);
	assert_int_equal(credential.size, strlen(expected));
	assert_memory_equal(credential.data, expected, credential.size);
	buf_free(&credential);
}

/* What it cost is seen by what was unpacked before the refusal. */
static void
refused(struct slice pdf, const char *sentence)
{
	enum { PIECE = 8 << 10 };
	struct fault fault = {.message = ""};
	struct buf credential;
	buf_init(&credential, PAPER_PDF_BYTES_MAX);
	if (paper_credential(pdf, &credential, &fault))
		fail_msg("taken, wanted: %s", sentence);
	if (strstr(fault.message, sentence) == NULL)
		fail_msg("said: %s, wanted: %s", fault.message, sentence);
	assert_true(credential.size <= PAPER_CREDENTIAL_BYTES_MAX + PIECE);
	buf_free(&credential);
}

/* --- meddling --------------------------------------------------------------------------------------------------- */

/* The file with the first occurrence of from replaced by to, which is as long. */
static void
with(const struct buf *pdf, const char *from, const char *to, const char *sentence)
{
	struct buf copy;
	buf_init(&copy, PAPER_PDF_BYTES_MAX);
	buf_append(&copy, buf_slice(pdf));
	uint8_t *at = memmem(copy.data, copy.size, from, strlen(from));
	assert_non_null(at);
	assert_int_equal(strlen(from), strlen(to));
	memcpy(at, to, strlen(to));
	refused(buf_slice(&copy), sentence);
	buf_free(&copy);
}

static void
a_file_that_was_meddled_with_is_refused_with_its_reason(void **state)
{
	struct buf pdf;
	(void)state;
	certificate_make(&pdf);
	size_t whole = pdf.size;
	for (size_t size = 0; size < whole - 1; size += 997)
		refused(slice_of(pdf.data, size), "the file");
	refused(slice_of(pdf.data, whole - 2), "cut off or damaged");
	with(&pdf, "/AFRelationship", "/JavaScript    ", "has a /JavaScript");
	with(&pdf, "/AFRelationship", "/OpenA#63tion  ", "has a /OpenAction");
	with(&pdf, "/DisplayDocTitle", "/EF             ", "more than one attachment");
	with(&pdf, "credential.json", "credential.exe ", "not called credential.json");
	with(&pdf, "/EF <<", "/EG <<", "no attachment");
	with(&pdf, "/UF 5 0 R >>", "/UF 7 0 R >>", "does not hold one file");
	with(&pdf, "\nxref\n0 ", "\nxref\n1 ", "not one of a single section");
	with(&pdf, "0000000015 00000 n", "0000000016 00000 n", "points to where no object is");
	buf_text(&pdf,
		 "\n7 0 obj\n<< >>\nendobj\nxref\n0 1\n0000000000 65535 f \ntrailer\n<< >>\nstartxref\n9\n%%EOF\n");
	refused(buf_slice(&pdf), "something was appended");
	refused(slice_text("Chứng chỉ"), "is not a PDF");
	refused(slice_text(""), "is not a PDF");
	refused(slice_text("%PDF-1.7\n"), "cut off, damaged");
	buf_free(&pdf);
}

/* A small file of our own making: the smallest one that is taken, and what is done to it. */
struct forged {
	const char *parameters; /* of the stream */
	const char *filter;
	const char *catalogue; /* members more */
	const char *more;      /* an object more */
};

static size_t
object_begin(struct buf *pdf, size_t *offsets, unsigned number)
{
	offsets[number] = pdf->size;
	buf_format(pdf, "%u 0 obj\n", number);
	return pdf->size;
}

static void
forge(struct buf *pdf, const struct forged *forged, struct slice stream, size_t length)
{
	size_t offsets[7] = {0};
	unsigned count = forged->more == NULL ? 6 : 7;
	buf_init(pdf, PAPER_PDF_BYTES_MAX);
	buf_text(pdf, "%PDF-1.7\n");
	object_begin(pdf, offsets, 1);
	buf_format(pdf,
		   "<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles << /Names [ (credential.json) 4 0 R ] >> "
		   ">> %s>>",
		   forged->catalogue);
	buf_text(pdf, "\nendobj\n");
	object_begin(pdf, offsets, 2);
	buf_text(pdf, "<< /Type /Pages /Kids [ 3 0 R ] /Count 1 >>\nendobj\n");
	object_begin(pdf, offsets, 3);
	buf_text(pdf, "<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 9 9 ] >>\nendobj\n");
	object_begin(pdf, offsets, 4);
	buf_text(pdf, "<< /F (credential.json) /UF (credential.json) /EF << /F 5 0 R /UF 5 0 R >> >>\nendobj\n");
	object_begin(pdf, offsets, 5);
	buf_format(pdf, "<< /Params << %s >> %s /Length %zu >>\nstream\n", forged->parameters, forged->filter, length);
	buf_append(pdf, stream);
	buf_text(pdf, "\nendstream\nendobj\n");
	if (forged->more != NULL) {
		object_begin(pdf, offsets, 6);
		buf_format(pdf, "%s\nendobj\n", forged->more);
	}
	size_t table = pdf->size;
	buf_format(pdf, "xref\n0 %u\n0000000000 65535 f \n", count);
	for (unsigned i = 1; i < count; i++)
		buf_format(pdf, "%010zu 00000 n \n", offsets[i]);
	buf_format(pdf, "trailer\n<< /Root 1 0 R /Size %u >>\nstartxref\n%zu\n%%%%EOF\n", count, table);
}

static void
forged_refused(struct forged forged, struct slice stream, size_t length, const char *sentence)
{
	struct buf pdf;
	forge(&pdf, &forged, stream, length);
	refused(buf_slice(&pdf), sentence);
	buf_free(&pdf);
}

static void
a_forged_attachment_is_refused_and_a_bomb_costs_nothing(void **state)
{
	static uint8_t zeros[8 << 20];
	static uint8_t packed[16 << 10];
	const struct forged plain = {.parameters = "/Size 2", .filter = "", .catalogue = ""};
	struct forged forged = plain;
	struct slice braces = slice_text("{}");
	uLongf size = sizeof(packed);
	struct buf pdf;
	(void)state;
	forge(&pdf, &plain, braces, 2);
	read_back(&pdf, "{}");
	buf_free(&pdf);
	forged_refused(plain, braces, 1, "does not end where its length says");
	forged_refused(plain, braces, 4, "does not end where its length says");
	forged_refused(plain, braces, 3, "not as long as the file says");
	forged_refused(plain, braces, 4000000000, "is longer than the file");
	forged.parameters = "/Size 3";
	forged_refused(forged, braces, 2, "not as long as the file says");
	forged_refused(plain, slice_text("x\nendstream\nendobj\n"), 1, "damaged, or larger");
	forged = plain;
	forged.filter = "/Filter /LZWDecode";
	forged_refused(forged, braces, 2, "is packed in a way");
	forged.filter = "/Filter /FlateDecode";
	forged_refused(forged, braces, 2, "attachment is damaged");
	forged.filter = "/Length 2";
	forged_refused(forged, braces, 2, "does not have one length");
	forged.filter = "/F (x) /L#65ngth 5 0 R";
	forged_refused(forged, braces, 2, "is not a plain number");
	assert_int_equal(compress2(packed, &size, zeros, sizeof(zeros), 9), Z_OK);
	forged = plain;
	forged.filter = "/Filter /FlateDecode";
	forged_refused(forged, slice_of(packed, size), size, "larger than 65536 bytes");
	forged_refused(forged, slice_of(packed, size - 9), size - 9, "larger than 65536 bytes");
}

static void
a_forged_structure_is_refused(void **state)
{
	const struct forged plain = {.parameters = "/Size 2", .filter = "", .catalogue = ""};
	struct forged forged = plain;
	struct slice braces = slice_text("{}");
	struct buf more;
	(void)state;
	forged.more = "<< /F (other.json) /EF << /F 5 0 R >> >>";
	forged_refused(forged, braces, 2, "more than one attachment");
	forged.more = "[ %2 0 obj [\n 0 ]";
	forged_refused(forged, braces, 2, "cut off or damaged");
	forged.more = "[ (a(b) ]";
	forged_refused(forged, braces, 2, "cut off or damaged");
	forged.more = "[ 1 2 >>";
	forged_refused(forged, braces, 2, "closes nothing");
	forged = plain;
	forged.catalogue = "/Lang (\\) /JS) /OpenAction [ 3 0 R /Fit ] ";
	forged_refused(forged, braces, 2, "has a /OpenAction");
	forged.catalogue = "/Lang obj ";
	forged_refused(forged, braces, 2, "there is a word");
	forged.catalogue = "/Lang (x) /Lang (y) ";
	forged_refused(forged, braces, 2, "objects are damaged");
	forged.catalogue = "/Names << >> ";
	forged_refused(forged, braces, 2, "objects are damaged");
	buf_init(&more, 1 << 20);
	for (int i = 0; i < 40; i++)
		buf_text(&more, "[");
	buf_byte(&more, '\0');
	forged = plain;
	forged.more = (const char *)more.data;
	forged_refused(forged, braces, 2, "nested too deep");
	buf_reset(&more);
	buf_text(&more, "[");
	for (int i = 0; i <= PAPER_TOKENS_MAX; i++)
		buf_text(&more, "0 ");
	buf_text(&more, "]");
	buf_byte(&more, '\0');
	forged.more = (const char *)more.data;
	forged_refused(forged, braces, 2, "more parts than a certificate");
	buf_free(&more);
	static const uint8_t large[PAPER_PRESENTED_BYTES_MAX + 1];
	refused(slice_of(large, sizeof(large)), "is larger than");
}

static void
a_passport_holds_no_credential(void **state)
{
	const struct paper_passport in = {.holder_name = "Nguyễn Thị Hường",
					  .made_on = "2026-11-22",
					  .check_url = "https://matricula.example/p/1"};
	struct fault fault;
	struct buf pdf;
	(void)state;
	buf_init(&pdf, PAPER_PDF_BYTES_MAX);
	assert_true(paper_passport(&in, &pdf, &fault));
	refused(buf_slice(&pdf), "no attachment");
	buf_free(&pdf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_that_was_meddled_with_is_refused_with_its_reason),
		cmocka_unit_test(a_forged_attachment_is_refused_and_a_bomb_costs_nothing),
		cmocka_unit_test(a_forged_structure_is_refused),
		cmocka_unit_test(a_passport_holds_no_credential),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
