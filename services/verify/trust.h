/* services/verify/trust.h
 *
 * What a verifier holds: a folder of files that were fetched earlier, told apart by what is in
 * them, whatever their names.
 *
 *   DID documents      GET /issuers/{id}/did.json, GET /.well-known/did.json
 *   status lists       GET /v1/status-lists/...
 *   a checkpoint       GET /v1/log/checkpoint
 *
 * A file is as old as its time of modification says: fetch into a new file, then rename. A file
 * is believed to be what it says of itself: only what came from where it claims to be belongs
 * into the folder. */
#ifndef SERVICES_VERIFY_TRUST_H
#define SERVICES_VERIFY_TRUST_H

#include "common/credential/status.h"
#include "common/host/error.h"

enum {
	TRUST_FILES_MAX = 16384,        /* keys and both lists of 3,321 communes, and room */
	TRUST_FILE_BYTES_MAX = 1 << 20, /* what is larger is none of the three */
	TRUST_BYTES_MAX = 256 << 20,    /* of memory for all of them */
};

struct trust_document {
	struct trust_document *next;
	const struct jcs_value *root;
	const char *path;
	int64_t fetched_us;
};

struct trust_list {
	struct trust_list *next;
	struct slice text; /* not yet checked: status_list_read */
	const char *url;   /* as it says itself */
	const char *path;
	int64_t fetched_us;
};

struct trust {
	struct arena *arena;
	size_t used_before; /* of the arena */
	struct trust_document *documents;
	struct trust_list *lists;
	struct slice checkpoint; /* data NULL if there is none */
	int64_t checkpoint_us;   /* when it was fetched */
	struct check_issuers issuers;
	int64_t oldest_us; /* of the documents that were asked for; INT64_MAX: of none */
	int64_t newest_us; /* INT64_MIN: of none */
};

/* Everything lives in the arena; what is larger than TRUST_BYTES_MAX together is refused. */
bool trust_open(struct trust *trust, struct arena *arena, const char *folder, struct host_error *error);
/* The newest list of that address; NULL if there is none. */
const struct trust_list *trust_list_find(const struct trust *trust, const char *url);
/* The log's keys of the deployment: the newest DID document that speaks for it; NULL if it is not held. */
const struct jcs_value *trust_deployment(struct trust *trust, const char *base_url);

/* A whole file of at most size_max bytes, and when it was modified. */
bool file_load(struct arena *arena, const char *path, size_t size_max, struct slice *bytes, int64_t *modified_us,
	       struct host_error *error);

#endif
