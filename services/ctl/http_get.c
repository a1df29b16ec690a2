/* services/ctl/http_get.c */
#include "services/ctl/http_get.h"

#include "services/ctl/ctl.h"

#include "common/base/fatal.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

enum { ANSWER_BYTES_MAX = 4 << 20, REQUEST_S_MAX = 30, URL_BYTES = 1024 };

struct http_get {
	CURL *curl;
	const char *base_url;
	struct buf answer;
	char error[CURL_ERROR_SIZE];
};

static size_t
on_answer(char *bytes, size_t size, size_t count, void *context)
{
	struct http_get *http = context;
	buf_append(&http->answer, slice_of(bytes, size * count));
	return buf_failed(&http->answer) ? 0 : size * count;
}

struct http_get *
http_get_open(const char *base_url)
{
	struct http_get *http = calloc(1, sizeof(*http));
	if (http == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || (http->curl = curl_easy_init()) == NULL)
		fatal("no memory left for a connection");
	http->base_url = base_url;
	buf_init(&http->answer, ANSWER_BYTES_MAX);
	curl_easy_setopt(http->curl, CURLOPT_WRITEFUNCTION, on_answer);
	curl_easy_setopt(http->curl, CURLOPT_WRITEDATA, http);
	curl_easy_setopt(http->curl, CURLOPT_ERRORBUFFER, http->error);
	curl_easy_setopt(http->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(http->curl, CURLOPT_TIMEOUT, (long)REQUEST_S_MAX);
	curl_easy_setopt(http->curl, CURLOPT_NOSIGNAL, 1L);
	return http;
}

void
http_get_close(struct http_get *http)
{
	curl_easy_cleanup(http->curl);
	curl_global_cleanup();
	buf_free(&http->answer);
	free(http);
}

long
http_get(struct http_get *http, const char *path, struct slice *body)
{
	char url[URL_BYTES];
	long status = 0;
	int size = snprintf(url, sizeof(url), "%s%s", http->base_url, path);
	if (size < 0 || (size_t)size >= sizeof(url)) {
		say("the address %s is too long", http->base_url);
		return 0;
	}
	buf_reset(&http->answer);
	http->error[0] = '\0';
	curl_easy_setopt(http->curl, CURLOPT_URL, url);
	CURLcode code = curl_easy_perform(http->curl);
	if (code != CURLE_OK) {
		say("%s: %s", url, http->error[0] != '\0' ? http->error : curl_easy_strerror(code));
		return 0;
	}
	curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
	*body = buf_slice(&http->answer);
	return status;
}
