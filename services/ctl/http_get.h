/* services/ctl/http_get.h
 *
 * One GET after another from one server, over one connection. */
#ifndef SERVICES_CTL_HTTP_GET_H
#define SERVICES_CTL_HTTP_GET_H

#include "common/base/buf.h"

struct http_get;

struct http_get *http_get_open(const char *base_url);
void http_get_close(struct http_get *http);
/* The status and the body, which lives until the next one; 0, and said, when there is no answer. */
long http_get(struct http_get *http, const char *path, struct slice *body);

#endif
