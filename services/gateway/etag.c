/* services/gateway/etag.c
 *
 * What a command changes is what a GET shows at its path, without the ":verb" behind it. Where there is none with a
 * version, If-Match is refused: to ignore it would be to change what the caller has not seen. */
#include "services/gateway/etag.h"

#include "common/base/text.h"
#include "common/wire/pb_json.h"

#include <stdio.h>

enum { CONTENT_TEXT_BYTES = 2 * PRECONDITION_HASH_BYTES + 1 };

static const ProtobufCFieldDescriptor *
version_field(const ProtobufCMessageDescriptor *type)
{
	const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(type, "version");
	bool is_one =
		field != NULL && field->type == PROTOBUF_C_TYPE_UINT64 && field->label != PROTOBUF_C_LABEL_REPEATED;
	return is_one ? field : NULL;
}

/* A version alone would not do: what is told beside a record may change without it, and a day may change both. */
bool
etag_make(const ProtobufCMessage *message, struct slice reply, char etag[ETAG_BYTES])
{
	uint8_t hash[HASH_BYTES];
	char content[CONTENT_TEXT_BYTES];
	uint64_t version;
	const ProtobufCFieldDescriptor *field = version_field(message->descriptor);
	if (field == NULL)
		return false;
	memcpy(&version, (const char *)message + field->offset, sizeof(version));
	hash_sha256(reply, hash);
	text_hex(slice_of(hash, PRECONDITION_HASH_BYTES), content);
	snprintf(etag, ETAG_BYTES, "\"v%llu-%s\"", (unsigned long long)version, content);
	return true;
}

/* If-None-Match is a list of tags or a star; a weak one compares equal (RFC 9110 section 13.1.2).
 * 304 is for those who only look: what was done is told. */
bool
etag_known(struct request *request, const char *etag)
{
	const char *known = request_header_list(request, "If-None-Match");
	if (known == NULL || strcmp(request->endpoint->verb, "GET") != 0)
		return false;
	return known[0] == '*' || strstr(known, etag) != NULL;
}

/* --- If-Match ----------------------------------------------------------------------------------------------------- */

/* The query that shows what the command changes; NULL if there is none. */
static const struct rule *
shown_by(const struct rule *rule)
{
	const char *last = strrchr(rule->path, '/');
	const char *colon = last == NULL ? NULL : strrchr(last, ':');
	size_t size = colon == NULL ? strlen(rule->path) : (size_t)(colon - rule->path);
	for (size_t i = 0; i < rules_count; i++) {
		const struct rule *shows = &rules[i];
		if (shows->kind == MT__KIND__QUERY && strcmp(shows->verb, "GET") == 0 &&
		    strcmp(shows->owner, rule->owner) == 0 && strlen(shows->path) == size &&
		    memcmp(shows->path, rule->path, size) == 0 && version_field(shows->output) != NULL)
			return shows;
	}
	return NULL;
}

/* One of ours adds its hash; a weak one, or another's, never matches (RFC 9110 section 13.1.1). */
static void
tag_add(struct request *request, Mt__Precondition *precondition, const char *tag, size_t size)
{
	char content[CONTENT_TEXT_BYTES];
	uint8_t *hash = arena_alloc(&request->arena, PRECONDITION_HASH_BYTES);
	const char *dash = memchr(tag, '-', size);
	if (dash == NULL || (size_t)(tag + size - dash) != sizeof(content))
		return;
	snprintf(content, sizeof(content), "%.*s", (int)(size - 1), dash + 1);
	if (text_from_hex(content, hash, PRECONDITION_HASH_BYTES))
		precondition->reply_hashes[precondition->n_reply_hashes++] =
			(ProtobufCBinaryData){PRECONDITION_HASH_BYTES, hash};
}

/* False if the header is no list of tags, or of too many. */
static bool
tags_read(struct request *request, Mt__Precondition *precondition, const char *at)
{
	for (size_t i = 0; i < IF_MATCH_TAGS_MAX; i++) {
		bool weak = strncmp(at, "W/\"", 3) == 0;
		at += weak ? 2 : 0;
		const char *end = *at == '"' ? strchr(at + 1, '"') : NULL;
		if (end == NULL)
			return false;
		if (!weak)
			tag_add(request, precondition, at + 1, (size_t)(end - at - 1));
		at = end + 1 + strspn(end + 1, " \t");
		if (*at == '\0')
			return true;
		if (*at != ',')
			return false;
		at += 1 + strspn(at + 1, " \t");
	}
	return false;
}

static bool
query_fill(struct request *request, Mt__Precondition *precondition, const struct rule *shows)
{
	struct fault fault;
	ProtobufCMessage *message = pb_new(shows->input, &request->arena);
	for (size_t i = 0; i < request->match.count; i++) {
		const struct route_value *value = &request->match.values[i];
		if (pb_set_text(message, &request->arena, value->name, value->value, &fault))
			continue;
		request_refuse(request, PROBLEM_INVALID_ARGUMENT, fault.field, "%s", fault.message);
		return false;
	}
	struct slice packed = pb_pack(&request->arena, message);
	precondition->method = (char *)(uintptr_t)shows->name;
	precondition->request = (ProtobufCBinaryData){packed.size, (uint8_t *)(uintptr_t)packed.data};
	return true;
}

bool
etag_precondition(struct request *request, Mt__Precondition **precondition)
{
	const char *header = request_header(request, "If-Match");
	*precondition = NULL;
	if (header == NULL)
		return true;
	const struct rule *shows = shown_by(request->endpoint->rule);
	if (request->endpoint->rule->kind != MT__KIND__COMMAND || shows == NULL) {
		request_refuse(
			request, PROBLEM_UNIMPLEMENTED, NULL,
			"If-Match is taken by what changes a record that GET shows with an ETag at the same path");
		return false;
	}
	Mt__Precondition *made = (Mt__Precondition *)pb_new(&mt__precondition__descriptor, &request->arena);
	made->reply_hashes = arena_alloc(&request->arena, IF_MATCH_TAGS_MAX * sizeof(*made->reply_hashes));
	made->any = strcmp(header, "*") == 0;
	if (!made->any && !tags_read(request, made, header)) {
		request_refuse(request, PROBLEM_INVALID_ARGUMENT, NULL,
			       "the header If-Match is neither * nor a list of at most %d tags", IF_MATCH_TAGS_MAX);
		return false;
	}
	*precondition = made;
	return query_fill(request, made, shows);
}
