/* services/gateway/roster_upload.h
 *
 * One roster on its way in: what its two files share.
 *   roster_upload.c    the request: how it begins, how its body is read, how it ends
 *   roster_batches.c   the calls: rows in batches, sent until they are taken; the answer */
#ifndef SERVICES_GATEWAY_ROSTER_UPLOAD_H
#define SERVICES_GATEWAY_ROSTER_UPLOAD_H

#include "services/gateway/request.h"
#include "services/gateway/roster_read.h"

#include <uv.h>

enum upload_phase { UPLOAD_ASKING, UPLOAD_TAKING, UPLOAD_FINISHING, UPLOAD_OVER };

struct batch {
	struct buf packed;
	uint32_t after_row;
	uint32_t last_row;
	uint32_t rows;
	bool closed;   /* takes no more rows */
	uint64_t call; /* 0: not on its way */
};

struct upload {
	struct request *request;
	struct upstream *upstream;
	uv_timer_t timer; /* until the service may be asked again */
	enum upload_phase phase;
	const char *roster_id;
	uint64_t call;      /* Begin, Get or Finish */
	uint64_t trying_ms; /* since when nothing was acknowledged for want of a service; 0: all is well */

	bool going_on; /* with rows that are decided already */
	bool finished; /* it takes no new ones */
	uint32_t passed_row;
	struct slice passed_digest; /* none: not known */

	struct roster_read read;
	crypto_hash_sha256_state file;
	bool ended;
	uint32_t last_row;

	size_t first; /* of those in use: a ring */
	size_t used;
	size_t on_their_way;
	struct batch batches[ROSTER_CALLS_MAX];
};

/* A call on behalf of the request's caller; 0 if it was not taken. id may be NULL. */
uint64_t upload_call(struct upload *upload, const char *method, struct slice packed, const char *id,
		     void (*on_reply)(void *context, size_t number, const Mt__Reply *reply), size_t number);
/* Nothing is on its way any more, and nothing will be. */
void upload_over(struct upload *upload);
void upload_refuse(struct upload *upload, enum problem_kind kind, const char *sentence);
/* Sends what waits; once the body is complete and all is taken, finishes the roster and answers. */
void upload_go_on(struct upload *upload);

void batches_init(struct upload *upload);
void batches_free(struct upload *upload);
/* False: no row may be added until request_go_on. */
bool batches_have_room(struct upload *upload);
/* The row that was just read, which comes behind last_row. */
void batches_add(struct upload *upload);
/* No more rows come. */
void batches_complete(struct upload *upload);

#endif
