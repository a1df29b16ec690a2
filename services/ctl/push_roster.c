/* services/ctl/push_roster.c
 *
 * A roster over HTTP: the file is streamed as it is, with a bar; the gateway reads it.
 * What was broken off goes on behind the last row acknowledged: at once while the gateway
 * comes back, and with the next run of the same command, because the key it is known by
 * stands in FILE.roster until the roster is finished. What was wrong with rows stands in
 * FILE.errors.csv afterwards. */
#include "services/ctl/push.h"

#include "services/ctl/progress.h"

#include "common/base/buf.h"
#include "common/base/fatal.h"
#include "common/base/text.h"
#include "common/host/probe.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	ANSWER_BYTES_MAX = 64 << 20,
	URL_BYTES = 1024,
	PATH_BYTES = 4096,
	KEY_BYTES = 16,
	KEY_LINE_BYTES = 128,
	KILOBYTE = 1024,
	COMPARE_PAUSE_MS = 500,
};

struct push_roster {
	const struct args *args;
	const char *path;
	FILE *file;
	struct stat about;
	char key_path[PATH_BYTES];
	char key[2 * KEY_BYTES + 1];
	CURL *curl;
	struct buf answer;
	struct progress progress;
	bool shows; /* the file is on its way */
	char error[CURL_ERROR_SIZE];
};

/* --- the key ------------------------------------------------------------------------------------------------------ */

/* The file as it was, and how it was sent: with another it is another roster. */
static void
key_line(const struct push_roster *push, char line[KEY_LINE_BYTES])
{
	snprintf(line, KEY_LINE_BYTES, "%s %lld %lld %s %s %s\n", push->key, (long long)push->about.st_size,
		 (long long)push->about.st_mtime, args_get(push->args, "authority", ""),
		 args_get(push->args, "mode", "upsert"), args_has(push->args, "dry-run") ? "dry" : "real");
}

static void
key_find(struct push_roster *push)
{
	char found[KEY_LINE_BYTES] = "";
	char expected[KEY_LINE_BYTES];
	uint8_t key[KEY_BYTES];
	snprintf(push->key_path, sizeof(push->key_path), "%s.roster", push->path);
	FILE *file = fopen(push->key_path, "r");
	if (file != NULL && fgets(found, sizeof(found), file) == NULL)
		found[0] = '\0';
	if (file != NULL)
		fclose(file);
	snprintf(push->key, sizeof(push->key), "%.*s", 2 * KEY_BYTES, found);
	key_line(push, expected);
	if (strlen(push->key) == sizeof(push->key) - 1 && strcmp(found, expected) == 0) {
		say("going on with the roster that was broken off");
		return;
	}
	randombytes_buf(key, sizeof(key));
	text_hex(slice_of(key, sizeof(key)), push->key);
	key_line(push, expected);
	file = fopen(push->key_path, "w");
	if (file == NULL || fputs(expected, file) == EOF)
		say("%s cannot be written: after a break the roster begins anew", push->key_path);
	if (file != NULL)
		fclose(file);
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

static size_t
on_answer(char *bytes, size_t size, size_t count, void *context)
{
	struct push_roster *push = context;
	buf_append(&push->answer, slice_of(bytes, size * count));
	return buf_failed(&push->answer) ? 0 : size * count;
}

static size_t
on_wanted(char *bytes, size_t size, size_t count, void *context)
{
	struct push_roster *push = context;
	return fread(bytes, 1, size * count, push->file);
}

static int
on_progress(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
	struct push_roster *push = context;
	(void)down_total;
	(void)down;
	(void)up_total;
	if (push->shows)
		progress_show(&push->progress, (size_t)up / KILOBYTE);
	return 0;
}

/* The HTTP status, or 0 when there was no answer; the path begins behind the gateway's URL. */
static long
request_once(struct push_roster *push, const char *path, bool sends)
{
	char url[URL_BYTES];
	long status = 0;
	snprintf(url, sizeof(url), "%s%s", args_get(push->args, "http", ""), path);
	buf_reset(&push->answer);
	push->shows = sends;
	push->error[0] = '\0';
	curl_easy_setopt(push->curl, CURLOPT_URL, url);
	curl_easy_setopt(push->curl, sends ? CURLOPT_POST : CURLOPT_HTTPGET, 1L);
	if (sends) {
		rewind(push->file);
		curl_easy_setopt(push->curl, CURLOPT_POSTFIELDS, NULL);
		curl_easy_setopt(push->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)push->about.st_size);
	}
	if (curl_easy_perform(push->curl) != CURLE_OK)
		return 0;
	curl_easy_getinfo(push->curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static bool
is_passing(long status)
{
	return status == 0 || status == 429 || status == 502 || status == 503 || status == 504;
}

/* Again while it may pass. */
static long
request_patiently(struct push_roster *push, const char *path, bool sends)
{
	int64_t until_us = probe_monotonic_us() + (int64_t)PUSH_PATIENCE_MS * 1000;
	long status = request_once(push, path, sends);
	while (is_passing(status) && probe_monotonic_us() < until_us) {
		poll(NULL, 0, PUSH_PAUSE_MS);
		status = request_once(push, path, sends);
	}
	return status;
}

static int
answer_fail(const struct push_roster *push, long status)
{
	if (status == 0)
		return fail("there is no answer: %s; the same command goes on", push->error);
	return fail("the gateway answered %ld: %.*s", status, (int)push->answer.size, (const char *)push->answer.data);
}

/* --- what became of it -------------------------------------------------------------------------------------------- */

static long
count_of(const json_t *view, const char *name)
{
	return (long)json_integer_value(json_object_get(json_object_get(view, "counts"), name));
}

static void
report_path(const struct push_roster *push, char path[PATH_BYTES])
{
	snprintf(path, PATH_BYTES, "%s.errors.csv", push->path);
}

static int
report_write(struct push_roster *push, const char *roster)
{
	char path[URL_BYTES];
	char report[PATH_BYTES];
	report_path(push, report);
	snprintf(path, sizeof(path), "/v1/rosters/%s/errors.csv", roster);
	long status = request_patiently(push, path, false);
	if (status != 200)
		return answer_fail(push, status);
	FILE *file = fopen(report, "wb");
	bool good = file != NULL && fwrite(push->answer.data, 1, push->answer.size, file) == push->answer.size;
	if (file != NULL)
		good = fclose(file) == 0 && good;
	if (!good)
		return fail("file %s cannot be written: %s", report, strerror(errno));
	say("what was wrong with rows stands in %s", report);
	return EXIT_DONE;
}

/* A full roster is compared behind its rows; NULL, and said, if that cannot be seen. */
static json_t *
view_final(struct push_roster *push, json_t *view)
{
	char path[URL_BYTES];
	while (view != NULL && strcmp(json_string_value(json_object_get(view, "state")), "COMPARING") == 0) {
		snprintf(path, sizeof(path), "/v1/rosters/%s", json_string_value(json_object_get(view, "rosterId")));
		json_decref(view);
		poll(NULL, 0, COMPARE_PAUSE_MS);
		long status = request_patiently(push, path, false);
		view = status == 200 ? json_loadb((const char *)push->answer.data, push->answer.size, 0, NULL) : NULL;
		if (json_string_value(json_object_get(view, "state")) == NULL) {
			json_decref(view);
			answer_fail(push, status);
			return NULL;
		}
	}
	return view;
}

static int
view_tell(struct push_roster *push, const json_t *view)
{
	static const char *const names[] = {"hired", "changed", "unchanged", "rejected", "warnings", "missing"};
	const char *roster = json_string_value(json_object_get(view, "rosterId"));
	char report[PATH_BYTES];
	printf("roster %s: %ld rows:", roster, count_of(view, "rows"));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		printf("%s %ld %s", i == 0 ? "" : ",", count_of(view, names[i]), names[i]);
	printf("%s\n", json_is_true(json_object_get(view, "dryRun")) ? "; a dry run, nothing was written" : "");
	report_path(push, report);
	if (json_integer_value(json_object_get(view, "faults")) == 0)
		unlink(report); /* of an earlier try */
	else if (report_write(push, roster) != EXIT_DONE)
		return EXIT_FAILED;
	return count_of(view, "rejected") == 0 ? EXIT_DONE : EXIT_FAILED;
}

static int
roster_send(struct push_roster *push)
{
	char path[URL_BYTES];
	const struct args *args = push->args;
	snprintf(path, sizeof(path), "/v1/rosters?authority=%s&mode=%s&dryRun=%s&dateFormat=%s",
		 args_get(args, "authority", ""), args_get(args, "mode", "upsert"),
		 args_has(args, "dry-run") ? "true" : "false", args_get(args, "date-format", "dmy"));
	progress_begin(&push->progress, "KiB", (size_t)push->about.st_size / KILOBYTE, args_has(args, "quiet"));
	long status = request_patiently(push, path, true);
	progress_end(&push->progress, status == 201 ? (size_t)push->about.st_size / KILOBYTE : 0);
	if (!is_passing(status))
		unlink(push->key_path);
	json_t *view = status != 201 ? NULL : json_loadb((const char *)push->answer.data, push->answer.size, 0, NULL);
	if (json_string_value(json_object_get(view, "rosterId")) == NULL ||
	    json_string_value(json_object_get(view, "state")) == NULL) {
		json_decref(view);
		return answer_fail(push, status);
	}
	view = view_final(push, view);
	int exit_code = view == NULL ? EXIT_FAILED : view_tell(push, view);
	json_decref(view);
	return exit_code;
}

/* --- one run ------------------------------------------------------------------------------------------------------ */

static struct curl_slist *
headers_make(const struct push_roster *push)
{
	char line[URL_BYTES];
	size_t size = strlen(push->path);
	bool lines = size > 7 && strcmp(push->path + size - 7, ".ndjson") == 0;
	struct curl_slist *headers =
		curl_slist_append(NULL, lines ? "Content-Type: application/x-ndjson" : "Content-Type: text/csv");
	snprintf(line, sizeof(line), "Idempotency-Key: %s", push->key);
	headers = curl_slist_append(headers, line);
	snprintf(line, sizeof(line), "Authorization: Bearer %s", args_get(push->args, "token", ""));
	return args_has(push->args, "token") ? curl_slist_append(headers, line) : headers;
}

int
push_roster(const struct args *args)
{
	struct push_roster push = {.args = args, .path = args->values[0]};
	push.file = fopen(push.path, "rb");
	if (push.file == NULL || fstat(fileno(push.file), &push.about) != 0 || !S_ISREG(push.about.st_mode)) {
		say("file %s cannot be read: %s", push.path,
		    push.file == NULL ? strerror(errno) : "it is no plain file");
		if (push.file != NULL)
			fclose(push.file);
		return EXIT_FAILED;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || (push.curl = curl_easy_init()) == NULL)
		fatal("no memory left for a connection");
	key_find(&push);
	buf_init(&push.answer, ANSWER_BYTES_MAX);
	struct curl_slist *headers = headers_make(&push);
	curl_easy_setopt(push.curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(push.curl, CURLOPT_WRITEFUNCTION, on_answer);
	curl_easy_setopt(push.curl, CURLOPT_WRITEDATA, &push);
	curl_easy_setopt(push.curl, CURLOPT_READFUNCTION, on_wanted);
	curl_easy_setopt(push.curl, CURLOPT_READDATA, &push);
	curl_easy_setopt(push.curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(push.curl, CURLOPT_XFERINFODATA, &push);
	curl_easy_setopt(push.curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(push.curl, CURLOPT_ERRORBUFFER, push.error);
	curl_easy_setopt(push.curl, CURLOPT_NOSIGNAL, 1L);
	int exit_code = roster_send(&push);
	curl_easy_cleanup(push.curl);
	curl_slist_free_all(headers);
	curl_global_cleanup();
	buf_free(&push.answer);
	fclose(push.file);
	return exit_code;
}
