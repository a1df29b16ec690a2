/* tests/unit/paper_test.c
 *
 * Certificates and passports from hard inputs are whole, the credential comes back byte for
 * byte, the same input gives the same bytes in any thread, and what cannot stand on paper
 * is refused by name. paper_test --samples FOLDER writes what a person may look at. */
#include "services/paper/paper.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

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

enum { TRAININGS = 60, THREADS = 3 };

static const char credential_json[] = "{\"type\":[\"VerifiableCredential\"],\"name\":\"Nguyễn Thị Hường\","
				      "\"text\":\"stream endstream endobj %%EOF startxref /JS\",\"proof\":[]}";

static struct paper_certificate
usual(void)
{
	return (struct paper_certificate){
		.institution_vi = "Học viện Hành chính và Quản trị công",
		.institution_en = "Academy of Public Administration and Governance",
		.kind_vi = "Chứng chỉ bồi dưỡng",
		.kind_en = "Certificate of Training",
		.holder_name = "Nguyễn Thị Hường",
		.birth_date = "1985-04-12",
		.programme_vi = "Bồi dưỡng ngạch chuyên viên chính và tương đương",
		.programme_en = "In-service training for principal officials",
		.hours = 240,
		.begins_on = "2026-03-02",
		.ends_on = "2026-04-24",
		.result_vi = "Giỏi",
		.result_en = "Very good",
		.register_number = "1204/2026/HVHC",
		.decision_number = "518/QĐ-HVHC",
		.decision_date = "2026-04-28",
		.place = "Hà Nội",
		.issued_on = "2026-05-05",
		.signatory_title_vi = "Giám đốc Học viện",
		.signatory_title_en = "President of the Academy",
		.signatory_name = "Quyền Đặng Ỹ",
		.verification_url = "https://matricula.example/verify/7ZK4Q2M8RT3VXA1BC9DEFGHJKN",
		.short_url = "matricula.example/v/7ZK4-Q2M8",
		.credential = slice_text(credential_json),
		.made_us = INT64_C(1777939200000000),
	};
}

/* A name of 90 bytes, decomposed; the longest titles that are registered; a birth year only; all lines there. */
static struct paper_certificate
hard(void)
{
	struct paper_certificate in = usual();
	in.institution_vi =
		"Trường Đào tạo, bồi dưỡng cán bộ, công chức thuộc Bộ Nông nghiệp và Môi trường – Phân hiệu "
		"khu vực Đồng bằng sông Cửu Long và các tỉnh miền Đông Nam Bộ";
	in.institution_en = "School of Public Servants of the Ministry of Agriculture and Environment – Branch of the "
			    "Mekong Delta and the South-Eastern Provinces";
	in.holder_name =
		"Công Tằng Tôn Nữ Hoàng Thị Nguye\xcc\x82\xcc\x83n Phước Quỳnh Như Y\xcc\x83 Đặng Quyền Hường Ái";
	in.birth_date = "1985";
	in.programme_vi =
		"Bồi dưỡng kiến thức, kỹ năng chuyên sâu về chuyển đổi số, quản trị dữ liệu, an toàn thông tin và "
		"ứng dụng trí tuệ nhân tạo trong hoạt động của cơ quan hành chính nhà nước cấp tỉnh và cấp xã năm "
		"2026 dành cho lãnh đạo, quản lý cấp phòng và công chức chuyên trách";
	in.programme_en =
		"Advanced knowledge and skills in digital transformation, data governance, information security and "
		"the use of artificial intelligence in the work of provincial and communal administrations in 2026, "
		"for heads of divisions and specialised officials";
	in.serial = "B 0012345";
	in.decision_number = "51800/QĐ-TĐTBDCBCC-PHKVĐBSCL";
	in.signatory_title_vi = "Phó Hiệu trưởng phụ trách Phân hiệu, thừa lệnh Bộ trưởng Bộ Nông nghiệp và Môi trường";
	in.signatory_title_en =
		"Vice Rector in charge of the Branch, by order of the Minister of Agriculture and Environment";
	in.signatory_name = in.holder_name;
	in.valid_until = "2031-05-05";
	in.edition = 1;
	return in;
}

static void
certificate_make(const struct paper_certificate *in, struct buf *pdf)
{
	struct fault fault;
	buf_init(pdf, PAPER_PDF_BYTES_MAX);
	if (!paper_certificate(in, pdf, &fault))
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

/* --- certificates ----------------------------------------------------------------------------------------------- */

static void
a_certificate_holds_its_credential_byte_for_byte(void **state)
{
	struct paper_certificate inputs[4] = {usual(), hard(), hard(), usual()};
	(void)state;
	inputs[2].specimen = true;
	inputs[3] = (struct paper_certificate){.institution_vi = "Trường",
					       .kind_vi = "Chứng nhận",
					       .holder_name = "Ỹ",
					       .programme_vi = "Tin học",
					       .issued_on = "2026-05-05",
					       .verification_url = "http://a.vn/1",
					       .credential = slice_text(credential_json)};
	for (size_t i = 0; i < 4; i++) {
		struct buf pdf;
		certificate_make(&inputs[i], &pdf);
		read_back(&pdf, credential_json);
		assert_true(pdf.size < PAPER_PRESENTED_BYTES_MAX / 2);
		buf_free(&pdf);
	}
}

static void
a_credential_of_the_greatest_size_comes_back(void **state)
{
	struct paper_certificate in = usual();
	static char text[PAPER_CREDENTIAL_BYTES_MAX + 2];
	struct fault fault;
	struct buf pdf;
	(void)state;
	for (size_t i = 0; i < PAPER_CREDENTIAL_BYTES_MAX; i++)
		text[i] = (char)('!' + (i * 7919 >> 3) % 90);
	in.credential = slice_text(text);
	certificate_make(&in, &pdf);
	read_back(&pdf, text);
	buf_reset(&pdf);
	text[PAPER_CREDENTIAL_BYTES_MAX] = 'x';
	in.credential = slice_text(text);
	assert_false(paper_certificate(&in, &pdf, &fault));
	assert_string_equal(fault.field, "credential");
	buf_free(&pdf);
}

static void *
make_in_thread(void *context)
{
	struct fault fault;
	struct paper_certificate in = hard();
	for (int i = 0; i < 3; i++) {
		buf_reset(context);
		if (!paper_certificate(&in, context, &fault))
			abort();
	}
	return NULL;
}

static void
the_same_input_gives_the_same_bytes_in_any_thread(void **state)
{
	struct paper_certificate in = hard();
	struct buf first;
	struct buf others[THREADS];
	pthread_t threads[THREADS];
	(void)state;
	certificate_make(&in, &first);
	for (size_t i = 0; i < THREADS; i++) {
		buf_init(&others[i], PAPER_PDF_BYTES_MAX);
		assert_int_equal(pthread_create(&threads[i], NULL, make_in_thread, &others[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_true(slice_equal(buf_slice(&first), buf_slice(&others[i])));
		buf_free(&others[i]);
	}
	in.edition = 2;
	struct buf other;
	certificate_make(&in, &other);
	assert_false(slice_equal(buf_slice(&first), buf_slice(&other)));
	buf_free(&other);
	buf_free(&first);
}

static void
composed_and_decomposed_names_make_the_same_paper(void **state)
{
	struct paper_certificate in = usual();
	struct buf composed;
	struct buf decomposed;
	(void)state;
	in.holder_name = "Nguyễn Ỹ";
	certificate_make(&in, &composed);
	in.holder_name = "Nguye\xcc\x82\xcc\x83n Y\xcc\x83";
	certificate_make(&in, &decomposed);
	assert_true(slice_equal(buf_slice(&composed), buf_slice(&decomposed)));
	buf_free(&composed);
	buf_free(&decomposed);
}

static void
input_refused(const struct paper_certificate *in, const char *field, const char *sentence)
{
	struct fault fault = {.message = ""};
	struct buf pdf;
	buf_init(&pdf, PAPER_PDF_BYTES_MAX);
	if (paper_certificate(in, &pdf, &fault))
		fail_msg("taken, wanted: %s", sentence);
	if (strcmp(fault.field, field) != 0 || strstr(fault.message, sentence) == NULL)
		fail_msg("said: %s | %s, wanted: %s | %s", fault.field, fault.message, field, sentence);
	buf_free(&pdf);
}

static void
what_cannot_stand_on_paper_is_refused_by_name(void **state)
{
	struct paper_certificate in = usual();
	(void)state;
	in.holder_name = "Nguyễn \xf3\xb0\x80\x80";
	input_refused(&in, "holder_name", "U+F0000 cannot stand");
	in.holder_name = "Nguy\xc3";
	input_refused(&in, "holder_name", "not valid UTF-8");
	in.holder_name = "";
	input_refused(&in, "holder_name", "a certificate needs it");
	in.holder_name = "\xe2\x80\x8b\t\xef\xbb\xbf"; /* nothing to be seen */
	input_refused(&in, "holder_name", "a certificate needs it");
	in.holder_name = "Nguyễn \xf0\x91\xbc\x84"; /* a letter of Kawi, from Unicode 15, younger than Debian's fonts */
	input_refused(&in, "holder_name", "1 characters are in none of the fonts");
	in = usual();
	in.programme_en = "Kawi \xf0\x91\xbc\x84";
	input_refused(&in, "programme_en", "1 characters are in none of the fonts");
	in = usual();
	in.institution_vi = "Trường \xf0\x91\xbc\x84"; /* set in capitals */
	input_refused(&in, "institution_vi", "1 characters are in none of the fonts");
	in = usual();
	in.ends_on = "2026-02-30";
	input_refused(&in, "ends_on", "not a day, month or year");
	in = usual();
	in.verification_url = "javascript:alert(1)";
	input_refused(&in, "url", "not an http address");
	in.verification_url = "https://a.vn/'";
	input_refused(&in, "url", "not an http address");
}

/* Copied from a sheet, a name brings what nobody typed. */
static void
what_nobody_sees_of_a_name_changes_nothing_on_paper(void **state)
{
	static const char *const same[] = {
		"Nguyễn\nThị\tHường",
		"\xef\xbb\xbfNguyễn Thị Hường\xe2\x80\x8b",
		"Nguyễn \xe2\x80\xaeThị\xe2\x80\xac Hường",
		"Nguyễn\xc2\xa0Thị \x01 Hường",
		"Nguye\xcc\x82\xe2\x80\x8d\xcc\x83n Thị Hường", /* a joiner between the accents */
	};
	struct paper_certificate in = usual();
	struct buf plain;
	(void)state;
	in.holder_name = "Nguyễn Thị Hường";
	certificate_make(&in, &plain);
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		struct buf pdf;
		in.holder_name = same[i];
		certificate_make(&in, &pdf);
		assert_true(slice_equal(buf_slice(&plain), buf_slice(&pdf)));
		buf_free(&pdf);
	}
	buf_free(&plain);
}

static void
a_box_too_full_is_refused_by_its_longest_text(void **state)
{
	struct paper_certificate in = usual();
	char text[PAPER_TEXT_BYTES_MAX + 1] = "";
	(void)state;
	while (strlen(text) + strlen("BỒI DƯỠNG ") <= PAPER_TEXT_BYTES_MAX)
		strncat(text, "BỒI DƯỠNG ", sizeof(text) - strlen(text) - 1);
	in.signatory_title_vi = text;
	in.signatory_title_en = text;
	in.signatory_name = text;
	input_refused(&in, "signatory_title_vi", "do not fit, not even at half their size");
}

/* --- passports -------------------------------------------------------------------------------------------------- */

static struct paper_passport
passport(struct paper_training *trainings)
{
	static const struct paper_post posts[] = {
		{"2009-09-01", "2015-12-31", "Chuyên viên", "Phòng Nội vụ quận Cầu Giấy"},
		{"2016-01-01", NULL, "Phó Trưởng phòng, phụ trách công tác đào tạo, bồi dưỡng",
		 "Sở Nội vụ thành phố Hà Nội – Phòng Công chức, viên chức"},
	};
	static const struct paper_recognition recognitions[] = {
		{"2024-10-10", "Hướng dẫn đồng nghiệp mới (mentoring), 6 tháng", "Sở Nội vụ thành phố Hà Nội", 24},
		{"2025-06", "Tự học: Phân tích dữ liệu với R, có bài kiểm tra", "Hội đồng đào tạo Bộ Nội vụ", 16},
	};
	static const struct paper_year years[] = {
		{2022, 15, 600, "60"}, {2023, 15, 610, "61.5"}, {2024, 15, 580, "58"}, {2025, 15, 640, "64"}};
	for (unsigned i = 0; i < TRAININGS; i++)
		trainings[i] = (struct paper_training){
			.completed_on = i % 2 == 0 ? "2024-03-15" : "2023-11-02",
			.institution =
				i % 3 == 0 ? "Học viện Hành chính và Quản trị công" : "Trường Chính trị Lê Hồng Phong",
			.programme =
				i % 5 == 0
					? "Bồi dưỡng kiến thức quốc phòng và an ninh đối tượng 3 cho cán bộ, công chức"
					: "Kỹ năng soạn thảo văn bản hành chính",
			.hours = 40,
			.result = i % 4 == 0 ? "Xuất sắc" : "Đạt",
			.register_number = "1204/2024/HVHC",
			.state = i % 7 == 0 ? "Đã thu hồi / revoked" : "Hiệu lực / valid"};
	return (struct paper_passport){
		.holder_name = "Nguyễn Thị Hường",
		.birth_date = "1985-04",
		.authority = "Sở Nội vụ thành phố Hà Nội",
		.posts = posts,
		.posts_count = 2,
		.trainings = trainings,
		.trainings_count = TRAININGS,
		.recognitions = recognitions,
		.recognitions_count = 2,
		.years = years,
		.years_count = 4,
		.points = "243.5",
		.made_on = "2026-11-22",
		.check_url = "https://matricula.example/passport/7ZK4Q2M8RT3VXA1BC9DEFGHJKN",
		.short_url = "matricula.example/p/7ZK4-Q2M8",
		.made_us = INT64_C(1795305600000000),
	};
}

static void
passport_make(const struct paper_passport *in, struct buf *pdf)
{
	struct fault fault;
	buf_init(pdf, PAPER_PDF_BYTES_MAX);
	if (!paper_passport(in, pdf, &fault))
		fail_msg("%s | %s", fault.field, fault.message);
}

static unsigned
pages_of(const struct buf *pdf)
{
	static const char page[] = "/Type /Page ";
	unsigned count = 0;
	const uint8_t *at = pdf->data;
	const uint8_t *end = pdf->data + pdf->size;
	while ((at = memmem(at, (size_t)(end - at), page, strlen(page))) != NULL) {
		count++;
		at += strlen(page);
	}
	return count;
}

static void
a_passport_takes_the_pages_it_needs_and_says_what_is_wrong(void **state)
{
	static struct paper_training trainings[TRAININGS];
	struct paper_passport in = passport(trainings);
	struct fault fault;
	struct buf pdf;
	struct buf again;
	(void)state;
	passport_make(&in, &pdf);
	assert_in_range(pages_of(&pdf), 3, 5); /* by the fonts that are there */
	passport_make(&in, &again);
	assert_true(slice_equal(buf_slice(&pdf), buf_slice(&again)));
	buf_free(&again);
	buf_reset(&pdf);
	trainings[3].programme = "Tin \xf3\xb0\x80\x80 học";
	assert_false(paper_passport(&in, &pdf, &fault));
	assert_string_equal(fault.field, "trainings[3].programme");
	trainings[3].programme = "Tin \xf0\x91\xbc\x84 học"; /* Kawi again */
	assert_false(paper_passport(&in, &pdf, &fault));
	assert_string_equal(fault.field, "trainings[3].programme");
	buf_reset(&pdf);
	trainings[3].programme = "Tin\thọc";
	if (!paper_passport(&in, &pdf, &fault))
		fail_msg("%s | %s", fault.field, fault.message);
	in.holder_name = "Nguyễn \xf0\x91\xbc\x84";
	assert_false(paper_passport(&in, &pdf, &fault));
	assert_string_equal(fault.field, "holder_name");
	in.holder_name = "Nguyễn Thị Hường";
	in.trainings_count = 0;
	in.posts_count = 0;
	in.recognitions_count = 0;
	in.years_count = 0;
	buf_free(&pdf);
	passport_make(&in, &pdf);
	assert_int_equal(pages_of(&pdf), 1);
	in.trainings_count = PAPER_ROWS_MAX + 1;
	assert_false(paper_passport(&in, &pdf, &fault));
	buf_free(&pdf);
}

/* --- samples ---------------------------------------------------------------------------------------------------- */

static int
sample(const char *folder, const char *name, struct buf *pdf)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s.pdf", folder, name);
	FILE *file = fopen(path, "wb");
	if (file == NULL || fwrite(pdf->data, 1, pdf->size, file) != pdf->size || fclose(file) != 0) {
		perror(path);
		return 1;
	}
	printf("%s: %zu bytes\n", path, pdf->size);
	buf_free(pdf);
	return 0;
}

static int
samples(const char *folder)
{
	static struct paper_training trainings[TRAININGS];
	struct paper_certificate certificate = usual();
	struct paper_passport book = passport(trainings);
	struct buf pdf;
	certificate_make(&certificate, &pdf);
	int failed = sample(folder, "certificate", &pdf);
	certificate = hard();
	certificate_make(&certificate, &pdf);
	failed += sample(folder, "certificate-hard", &pdf);
	certificate.specimen = true;
	certificate_make(&certificate, &pdf);
	failed += sample(folder, "certificate-specimen", &pdf);
	passport_make(&book, &pdf);
	return failed + sample(folder, "passport", &pdf);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_holds_its_credential_byte_for_byte),
		cmocka_unit_test(a_credential_of_the_greatest_size_comes_back),
		cmocka_unit_test(the_same_input_gives_the_same_bytes_in_any_thread),
		cmocka_unit_test(composed_and_decomposed_names_make_the_same_paper),
		cmocka_unit_test(what_cannot_stand_on_paper_is_refused_by_name),
		cmocka_unit_test(what_nobody_sees_of_a_name_changes_nothing_on_paper),
		cmocka_unit_test(a_box_too_full_is_refused_by_its_longest_text),
		cmocka_unit_test(a_passport_takes_the_pages_it_needs_and_says_what_is_wrong),
	};
	if (argc == 3 && strcmp(argv[1], "--samples") == 0)
		return samples(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
