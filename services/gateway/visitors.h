/* services/gateway/visitors.h
 *
 * How often a stranger may ask what could be guessed at: codes of verification URLs and typed
 * fields. Counted by network address (IPv6 by its /64), in a table of fixed size: two
 * addresses that fall on one row share its allowance, so it never lets through more. What a
 * visitor presents himself, a whole signed credential, is not counted: nothing can be learnt
 * by guessing one. */
#ifndef SERVICES_GATEWAY_VISITORS_H
#define SERVICES_GATEWAY_VISITORS_H

#include "services/gateway/request.h"

struct visitors;

/* behind_proxy, or a caller on this machine: the address is the last one of X-Forwarded-For, which the proxy wrote. */
struct visitors *visitors_new(struct arena *arena, bool behind_proxy);
/* True if this request may look something up. Else it is refused, with the seconds to wait. */
bool visitors_may_look(struct visitors *visitors, struct request *request);

#endif
