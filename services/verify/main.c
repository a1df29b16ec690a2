/* services/verify/main.c
 *
 * matricula-verify: is this certificate valid, by what is held here? No service behind it and
 * no network: keys, status lists and checkpoint are files that were fetched earlier.
 *
 * Exit code: 0 valid; 1 not valid, and why is known; 2 unknown; 64 it was called wrongly. */
#include "common/base/buf.h"
#include "common/wire/json.h"
#include "services/paper/paper.h"
#include "services/verify/judge.h"

#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	EXIT_VALID = 0,
	EXIT_NOT_VALID = 1,
	EXIT_UNKNOWN = 2,
	EXIT_USAGE = 64,
	AGE_MAX_HOURS_DEFAULT = 24,
	AGE_MAX_HOURS_LIMIT = 24 * 366,
	ARENA_BLOCK_BYTES = 256 << 10,
	OUTPUT_BYTES_MAX = 256 << 10,
	PRESENTED_BYTES_MAX = 1 << 20,
};

static const char usage[] = "matricula-verify --trust DIR [--max-age HOURS] [--inclusion FILE] [--json] FILE\n"
			    "\n"
			    "FILE is a certificate: PDF, JSON (application/vc) or JWT (application/vc+jwt).\n"
			    "DIR holds what was fetched earlier from its issuer, under any names, and nothing else:\n"
			    "  GET /issuers/ID/did.json                          the institution's keys\n"
			    "  GET /v1/status-lists/ID/NUMBER/revocation         and .../suspension\n"
			    "  GET /.well-known/did.json                         the log's key, for --inclusion\n"
			    "--inclusion  GET /v1/certificates/ID/inclusion: the log must hold the certificate\n"
			    "--max-age    what is older is not relied on; 24 hours\n"
			    "--json       the answer as POST /v1/certificates:verify gives it\n"
			    "\n"
			    "Exit code: 0 valid, 1 not valid, 2 unknown, 64 wrong call.\n";

struct options {
	const char *trust;
	const char *inclusion;
	const char *file;
	long age_max_hours;
	bool json;
};

static bool
options_read(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {
		{"trust", required_argument, NULL, 't'},
		{"max-age", required_argument, NULL, 'a'},
		{"inclusion", required_argument, NULL, 'i'},
		{"json", no_argument, NULL, 'j'},
		{NULL, 0, NULL, 0},
	};
	char *end;
	*options = (struct options){.age_max_hours = AGE_MAX_HOURS_DEFAULT};
	for (int option; (option = getopt_long(argc, argv, "", names, NULL)) != -1;) {
		if (option == 't')
			options->trust = optarg;
		else if (option == 'i')
			options->inclusion = optarg;
		else if (option == 'j')
			options->json = true;
		else if (option == 'a')
			options->age_max_hours = strtol(optarg, &end, 10);
		else
			return false;
		if (option == 'a' && (*end != '\0' || end == optarg || options->age_max_hours < 0 ||
				      options->age_max_hours > AGE_MAX_HOURS_LIMIT)) {
			fprintf(stderr, "matricula-verify: --max-age %s is no number of hours from 0 to %d\n", optarg,
				AGE_MAX_HOURS_LIMIT);
			return false;
		}
	}
	options->file = optind + 1 == argc ? argv[optind] : NULL;
	return options->file != NULL && options->trust != NULL;
}

/* A PDF carries its credential; what else is presented is one. fault: why the PDF has none. */
static bool
presented_read(struct arena *arena, struct slice file, struct slice *presented, const char **fault)
{
	struct fault wrong;
	struct buf credential;
	*presented = file;
	if (!slice_begins(file, slice_text("%PDF-")))
		return true;
	buf_init(&credential, PAPER_CREDENTIAL_BYTES_MAX);
	bool good = paper_credential(file, &credential, &wrong);
	*presented = good ? arena_copy(arena, buf_slice(&credential)) : *presented;
	*fault = good ? NULL : arena_format(arena, "%s", wrong.message);
	buf_free(&credential);
	return good;
}

static void
line_print(const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0')
		printf("  %-14s %s\n", name, value);
}

static void
print_text(const struct judgement *out, const char *checked_at, const char *as_of)
{
	const struct check_content *content = &out->check.content;
	printf("%s: %s\n  %s\n", verdict_name(out->verdict), out->reason, out->reason_vi);
	if (out->check.signature_holds) {
		line_print("name", content->name);
		line_print("born", content->birth_date);
		line_print("kind", content->kind_name);
		line_print("programme", content->programme_title);
		line_print("completed on", content->completed_on);
		line_print("register", content->register_number);
		line_print("issued by", content->institution);
	}
	line_print("log", out->log);
	line_print("as of", as_of);
	line_print("checked at", checked_at);
}

static void
member_write(struct buf *body, const char *before, const char *value)
{
	buf_text(body, before);
	json_write_string(body, slice_text(value == NULL ? "" : value));
}

static void
print_json(const struct judgement *out, const char *checked_at, const char *as_of)
{
	struct buf body;
	const struct check_content *content = &out->check.content;
	buf_init(&body, OUTPUT_BYTES_MAX);
	member_write(&body, "{\"verdict\":", verdict_name(out->verdict));
	member_write(&body, ",\"reasons\":[", out->reason);
	member_write(&body, "],\"reasonsVi\":[", out->reason_vi);
	member_write(&body, "],\"checkedAt\":", checked_at);
	member_write(&body, ",\"statusListAsOf\":", as_of);
	member_write(&body, ",\"certificateId\":", out->check.certificate_id);
	if (out->check.signature_holds) {
		member_write(&body, ",\"content\":{\"name\":", content->name);
		member_write(&body, ",\"birthDate\":", content->birth_date);
		member_write(&body, ",\"programmeTitle\":", content->programme_title);
		member_write(&body, ",\"registerNumber\":", content->register_number);
		member_write(&body, ",\"institution\":", content->institution);
		buf_byte(&body, '}');
	}
	printf("%.*s}\n", (int)body.size, (const char *)body.data);
	buf_free(&body);
}

static int
judged(const struct options *options, const struct judgement *out, struct arena *arena, int64_t now_us)
{
	char checked_at[INSTANT_TEXT_BYTES];
	char *as_of = arena_zero(arena, INSTANT_TEXT_BYTES);
	instant_format(now_us - now_us % SECOND_US, checked_at);
	if (out->as_of_us != INT64_MAX)
		instant_format(out->as_of_us - out->as_of_us % SECOND_US, as_of);
	if (options->json)
		print_json(out, checked_at, as_of);
	else
		print_text(out, checked_at, as_of);
	if (out->verdict == VERDICT_VALID)
		return EXIT_VALID;
	return out->verdict == VERDICT_UNKNOWN ? EXIT_UNKNOWN : EXIT_NOT_VALID;
}

static int
verify(const struct options *options, struct arena *arena)
{
	struct trust trust;
	struct host_error error;
	struct judgement out = {.as_of_us = INT64_MAX};
	struct slice file;
	struct slice presented;
	int64_t modified_us;
	struct timespec clock;
	const char *fault;
	clock_gettime(CLOCK_REALTIME, &clock);
	int64_t now_us = (int64_t)clock.tv_sec * SECOND_US + clock.tv_nsec / 1000;
	struct judge judge = {
		.trust = &trust,
		.now_us = now_us,
		.age_max_us = options->age_max_hours * 3600 * SECOND_US,
		.inclusion = slice_of(NULL, 0),
	};
	if (!file_load(arena, options->file, PRESENTED_BYTES_MAX, &file, &modified_us, &error) ||
	    !trust_open(&trust, arena, options->trust, &error) ||
	    (options->inclusion != NULL &&
	     !file_load(arena, options->inclusion, PRESENTED_BYTES_MAX, &judge.inclusion, &modified_us, &error))) {
		fprintf(stderr, "matricula-verify: %s\n", error.text);
		return EXIT_USAGE;
	}
	if (presented_read(arena, file, &presented, &fault)) {
		judge_credential(&judge, presented, &out);
	} else {
		out.verdict = VERDICT_INVALID;
		out.reason = fault;
		out.reason_vi = "tệp PDF này không phải chứng chỉ của hệ thống, hoặc đã bị sửa";
	}
	return judged(options, &out, arena, now_us);
}

int
main(int argc, char **argv)
{
	struct options options;
	struct arena arena;
	if (!options_read(argc, argv, &options)) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (sodium_init() < 0) {
		fputs("matricula-verify: libsodium cannot start\n", stderr);
		return EXIT_USAGE;
	}
	arena_init(&arena, ARENA_BLOCK_BYTES, 0);
	int code = verify(&options, &arena);
	arena_free(&arena);
	return code;
}
