/* services/ctl/audit.c
 *
 * Does the transparency log only grow? Over HTTP, as anybody may: the signed checkpoint, the
 * leaves that came since the last audit, the tree grown from what was kept then and held
 * against the checkpoint. On a copy of the data: audit_data.c.
 *
 * Promise: exit code 0 only if the tree of the checkpoint is the one of all leaves, and the
 * one that was kept is its beginning; whatever is not so is an alarm that names both. What is
 * kept is replaced only then. */
#include "services/ctl/audit_data.h"
#include "services/ctl/audit_state.h"
#include "services/ctl/ctl.h"
#include "services/ctl/http_get.h"

#include "common/base/text.h"
#include "common/credential/did.h"

#include <stdio.h>
#include <string.h>

enum {
	LEAVES_PAGE = 1000,
	PATH_TEXT = 128,
	ARENA_BLOCK_BYTES = 256 << 10,
	LOG_KEYS_MAX = 64,
	HTTP_DONE = 200,
	HTTP_NONE = 404
};

struct audit {
	struct http_get *http;
	struct arena arena; /* of the whole audit */
	struct arena page;  /* of one answer */
	const struct audit_state *old;
	struct audit_state now;
};

/* The answer's JSON, in the arena; NULL, and said, if there is none. */
static const struct jcs_value *
json_get(struct audit *audit, struct arena *arena, const char *path)
{
	struct slice body;
	long status = http_get(audit->http, path, &body);
	if (status == 0)
		return NULL;
	struct jcs_tree tree = jcs_parse_upto(arena, arena_copy(arena, body), JCS_LARGE_BYTES_MAX);
	if (status == HTTP_DONE && tree.root != NULL && tree.root->kind == JSON_OBJECT)
		return tree.root;
	say("GET %s answered %ld: %.*s", path, status, (int)(body.size < 300 ? body.size : 300),
	    (const char *)body.data);
	return NULL;
}

/* --- the checkpoint and its key --------------------------------------------------------------------------------- */

/* A log without leaves has no checkpoint. */
static bool
log_is_empty(const struct audit *audit)
{
	if (audit->old->kept)
		return alarm_say("the log says that it is empty; it had %s",
				 audit_tree_text((struct arena *)&audit->arena, audit->old->checkpoint.size,
						 audit->old->checkpoint.root));
	printf("the log is empty\n");
	return true;
}

/* The key of the deployment's document that signed the note; NULL if none did. */
static const char *
signer_find(struct audit *audit, const struct jcs_value *document, const struct note *note, struct slice origin)
{
	for (unsigned number = 1; number <= LOG_KEYS_MAX; number++) {
		struct check_key key;
		const char *name = arena_format(&audit->arena, "log-%u", number);
		if (!did_document_key(&audit->arena, document, name, &key) || key.alg != JWT_EDDSA)
			continue;
		audit->now.key = note_key_make(origin, key.public_key.data);
		if (note_fault(note, &audit->now.key) != NULL)
			continue;
		if (key.compromised_since_us == INT64_MAX)
			return name;
		say("the checkpoint is signed with %s, which is declared compromised", name);
	}
	return NULL;
}

/* The checkpoint's first line is "HOST/log", of a host that the document speaks for. */
static bool
is_of_document(struct audit *audit, const struct jcs_value *document, struct slice origin)
{
	static const char tail[] = "/log";
	size_t size = strlen(tail);
	if (origin.size <= size || memcmp(origin.data + origin.size - size, tail, size) != 0)
		return false;
	const char *host = arena_text(&audit->arena, slice_of(origin.data, origin.size - size));
	return did_document_is(document, did_of_host(&audit->arena, host));
}

static bool
same_key(const struct note_key *left, const struct note_key *right)
{
	return slice_equal(left->name, right->name) &&
	       memcmp(left->public_key, right->public_key, NOTE_PUBLIC_BYTES) == 0;
}

/* Another key than the one kept: said aloud, and let pass only where the old one is still published beside it. */
static bool
key_is_kept(struct audit *audit, const struct jcs_value *document)
{
	const struct audit_state *old = audit->old;
	const char *was = old->kept ? note_key_format(&audit->arena, &old->key) : "";
	const char *is = note_key_format(&audit->arena, &audit->now.key);
	if (!old->kept) {
		printf("the log's key is kept from now on: %s\n", is);
		return true;
	}
	if (same_key(&old->key, &audit->now.key))
		return true;
	for (unsigned number = 1; number <= LOG_KEYS_MAX; number++) {
		struct check_key key;
		if (did_document_key(&audit->arena, document, arena_format(&audit->arena, "log-%u", number), &key) &&
		    key.alg == JWT_EDDSA && memcmp(key.public_key.data, old->key.public_key, NOTE_PUBLIC_BYTES) == 0) {
			say("THE LOG'S KEY CHANGED from %s, which the deployment still publishes, to %s: ask whether "
			    "it "
			    "was rotated",
			    was, is);
			return true;
		}
	}
	return alarm_say("the log's key was %s and is %s; the old one is published no more", was, is);
}

static bool
checkpoint_take(struct audit *audit, struct slice body)
{
	struct note note;
	audit->now.note = arena_copy(&audit->arena, body);
	const char *fault = note_parse(audit->now.note, &note);
	if (fault == NULL)
		fault = note_checkpoint_parse(note.text, &audit->now.checkpoint);
	if (fault != NULL)
		return alarm_say("this is no checkpoint: %s", fault);
	const struct jcs_value *document = json_get(audit, &audit->arena, "/.well-known/did.json");
	if (document == NULL)
		return false;
	if (did_document_id(&audit->arena, document) == NULL ||
	    !is_of_document(audit, document, audit->now.checkpoint.origin))
		return alarm_say("the checkpoint is of %.*s, for which the deployment's DID document does not speak",
				 (int)audit->now.checkpoint.origin.size,
				 (const char *)audit->now.checkpoint.origin.data);
	if (signer_find(audit, document, &note, audit->now.checkpoint.origin) == NULL)
		return alarm_say("no key of the log in the deployment's DID document signed its checkpoint");
	return key_is_kept(audit, document);
}

/* --- the leaves ------------------------------------------------------------------------------------------------- */

static bool
page_append(struct audit *audit, const struct jcs_value *page)
{
	const struct jcs_value *list = jcs_member(page, "data");
	const struct jcs_value *at = list != NULL && list->kind == JSON_ARRAY ? list->first : NULL;
	uint64_t before = audit->now.frontier.size;
	for (; at != NULL && audit->now.frontier.size < audit->now.checkpoint.size; at = at->next) {
		uint8_t data[HASH_BYTES];
		uint8_t hash[HASH_BYTES];
		size_t size;
		if (at->kind != JSON_STRING || !text_from_base64(at->text, data, sizeof(data), &size) ||
		    size != HASH_BYTES)
			return alarm_say("leaf %llu has not 32 bytes", (unsigned long long)audit->now.frontier.size);
		merkle_leaf_hash(slice_of(data, sizeof(data)), hash);
		if (!merkle_append(&audit->now.frontier, hash, NULL, NULL))
			return alarm_say("the log has more leaves than a log can have");
	}
	return audit->now.frontier.size > before ||
	       alarm_say("the checkpoint has %llu leaves, but the log gives only %llu",
			 (unsigned long long)audit->now.checkpoint.size, (unsigned long long)before);
}

static bool
leaves_fetch(struct audit *audit)
{
	while (audit->now.frontier.size < audit->now.checkpoint.size) {
		char path[PATH_TEXT];
		arena_reset(&audit->page);
		snprintf(path, sizeof(path), "/v1/log/entries?from=%llu&count=%d",
			 (unsigned long long)audit->now.frontier.size, LEAVES_PAGE);
		const struct jcs_value *page = json_get(audit, &audit->page, path);
		if (page == NULL || !page_append(audit, page))
			return false;
	}
	return true;
}

/* --- what was kept is its beginning ----------------------------------------------------------------------------- */

static const char *
proof_read(const struct jcs_value *reply, struct merkle_proof *proof)
{
	const struct jcs_value *list = jcs_member(reply, "hashes");
	const struct jcs_value *at = list != NULL && list->kind == JSON_ARRAY ? list->first : NULL;
	for (proof->count = 0; at != NULL; at = at->next) {
		size_t size;
		if (proof->count == MERKLE_PROOF_MAX || at->kind != JSON_STRING ||
		    !text_from_base64(at->text, proof->hashes[proof->count++], HASH_BYTES, &size) || size != HASH_BYTES)
			return "it cannot be read";
	}
	return NULL;
}

static bool
consistency_holds(struct audit *audit)
{
	char path[PATH_TEXT];
	struct merkle_proof proof;
	const struct note_checkpoint *old = &audit->old->checkpoint;
	const struct note_checkpoint *now = &audit->now.checkpoint;
	snprintf(path, sizeof(path), "/v1/log/consistency?oldSize=%llu&newSize=%llu", (unsigned long long)old->size,
		 (unsigned long long)now->size);
	const struct jcs_value *reply = json_get(audit, &audit->arena, path);
	if (reply == NULL)
		return false;
	const char *fault = proof_read(reply, &proof);
	if (fault == NULL)
		fault = merkle_consistency_fault(old->size, now->size, old->root, now->root, &proof);
	return fault == NULL || alarm_say("the log's own proof that %s became %s does not hold: %s",
					  audit_tree_text(&audit->arena, old->size, old->root),
					  audit_tree_text(&audit->arena, now->size, now->root), fault);
}

static bool
extends_old(struct audit *audit)
{
	const struct note_checkpoint *old = &audit->old->checkpoint;
	const struct note_checkpoint *now = &audit->now.checkpoint;
	if (!audit->old->kept)
		return true;
	if (now->size > old->size || (now->size == old->size && memcmp(now->root, old->root, HASH_BYTES) == 0))
		return true;
	return alarm_say("the log had %s, and has %s now: %s", audit_tree_text(&audit->arena, old->size, old->root),
			 audit_tree_text(&audit->arena, now->size, now->root),
			 now->size < old->size ? "it was rolled back" : "leaves were exchanged");
}

/* Sets *empty if there was nothing to audit. */
static bool
audit_log(struct audit *audit, bool *empty)
{
	struct slice body;
	long status = http_get(audit->http, "/v1/log/checkpoint", &body);
	*empty = status == HTTP_NONE;
	if (*empty)
		return log_is_empty(audit);
	if (status != HTTP_DONE) {
		if (status != 0)
			say("GET /v1/log/checkpoint answered %ld", status);
		return false;
	}
	if (!checkpoint_take(audit, body) || !extends_old(audit) || !leaves_fetch(audit))
		return false;
	/* Both are told where both are wrong: they are two witnesses. */
	bool grown = audit_tree_is(&audit->arena, &audit->now.frontier, &audit->now.checkpoint,
				   audit->old->kept ? "the tree that was kept, with the leaves that came since,"
						    : "the tree of all leaves");
	return (!audit->old->kept || consistency_holds(audit)) && grown;
}

static bool
audit_url(const struct args *args, const struct audit_state *old, struct arena *arena)
{
	static struct audit audit;
	bool empty;
	audit = (struct audit){.http = http_get_open(args_get(args, "url", "")), .old = old};
	audit.now.frontier = old->frontier;
	arena_init(&audit.arena, ARENA_BLOCK_BYTES, 0);
	arena_init(&audit.page, ARENA_BLOCK_BYTES, 0);
	bool good = audit_log(&audit, &empty);
	if (good && !empty) {
		const struct note_checkpoint *now = &audit.now.checkpoint;
		printf("%.*s: %s, %llu of them new: the log only grew\n", (int)now->origin.size,
		       (const char *)now->origin.data, audit_tree_text(arena, now->size, now->root),
		       (unsigned long long)(now->size - old->frontier.size));
		if (args_has(args, "state"))
			good = audit_state_write(&audit.now, arena, args_get(args, "state", NULL));
	}
	http_get_close(audit.http);
	arena_free(&audit.arena);
	arena_free(&audit.page);
	return good;
}

int
command_audit(const struct args *args)
{
	static struct audit_state old;
	struct arena arena;
	if (args_has(args, "url") == args_has(args, "data")) {
		say("audit takes --url of a running deployment, or --data of a copy");
		return EXIT_USED_WRONGLY;
	}
	arena_init(&arena, ARENA_BLOCK_BYTES, 0);
	bool good = audit_state_read(&old, &arena, args_get(args, "state", NULL));
	if (good)
		good = args_has(args, "url") ? audit_url(args, &old, &arena)
					     : audit_data(args_data(args), &old, &arena);
	arena_free(&arena);
	return good ? EXIT_DONE : EXIT_FAILED;
}
