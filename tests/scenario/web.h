/* tests/scenario/web.h
 *
 * A call as the gateway takes it: the rule's verb and path with the fields of the
 * request in path, query or body, and what comes back as an answer. */
#ifndef TESTS_SCENARIO_WEB_H
#define TESTS_SCENARIO_WEB_H

#include "tests/scenario/driver.h"

struct web;

struct web *web_open(const char *url);
void web_close(struct web *web);

/* token NULL for nobody. Asks again, under the same id, while the deployment is away or says later, unless
 * that is what the order expects. False, and why, if it never answers or the method cannot be asked so. */
bool web_call(struct web *web, const struct order *order, const char *token, struct answer *answer, char *why);
/* True if this URL's /readyz says yes. */
bool web_ready(struct web *web);
/* False of a method that no route leads to, or that is a stream there; of a call that lacks a part of its path; and of
 * one that asks a certain service. */
bool web_reaches(const struct order *order);

#endif
