/* services/gateway/visitors.c
 *
 * A bucket of LOOKUPS_BURST tokens a row, one more every LOOKUP_EVERY_MS. The row of an
 * address is found by a hash under a key of this process, so nobody can aim at another's.
 *
 * Behind a proxy all look alike, so its word counts: where --behind-proxy says that there is one, and where the caller
 * is this machine itself, as with a proxy beside us. A proxy adds what it saw behind what it was sent, in the same line
 * or in another: only the last address of the last line is its own. */
#include "services/gateway/visitors.h"

#include "services/gateway/http_impl.h"

#include <arpa/inet.h>
#include <sodium.h>

enum { ROWS = 8192, KEY_BYTES = crypto_shorthash_KEYBYTES, ADDRESS_BYTES = 16, PREFIX_V6_BYTES = 8 };

struct row {
	uint64_t full_at_ms; /* when the bucket is full again; 0: it is */
};

struct visitors {
	bool behind_proxy;
	uint8_t key[KEY_BYTES];
	struct row rows[ROWS];
};

struct visitors *
visitors_new(struct arena *arena, bool behind_proxy)
{
	struct visitors *visitors = arena_zero(arena, sizeof(*visitors));
	visitors->behind_proxy = behind_proxy;
	randombytes_buf(visitors->key, sizeof(visitors->key));
	return visitors;
}

/* The bytes that count of an address in text; 0 if it is none. */
static size_t
address_read(const char *text, uint8_t bytes[ADDRESS_BYTES])
{
	if (inet_pton(AF_INET, text, bytes) == 1)
		return sizeof(struct in_addr);
	if (inet_pton(AF_INET6, text, bytes) == 1)
		return PREFIX_V6_BYTES;
	return 0;
}

static enum MHD_Result
on_header(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	const char **last = context;
	(void)kind;
	if (value != NULL && strcasecmp(name, "X-Forwarded-For") == 0)
		*last = value;
	return MHD_YES;
}

/* What the nearest proxy saw; those before it may say what they like. */
static size_t
address_forwarded(const struct request *request, uint8_t bytes[ADDRESS_BYTES])
{
	const char *list = NULL;
	MHD_get_connection_values(request->connection, MHD_HEADER_KIND, on_header, &list);
	if (list == NULL)
		return 0;
	const char *comma = strrchr(list, ',');
	const char *last = comma == NULL ? list : comma + 1;
	return address_read(last + strspn(last, " \t"), bytes);
}

static bool
is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

static size_t
address_of_peer(const struct request *request, uint8_t bytes[ADDRESS_BYTES], bool *is_local)
{
	*is_local = false;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	if (info == NULL || info->client_addr == NULL)
		return 0;
	*is_local = is_loopback(info->client_addr);
	if (info->client_addr->sa_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)info->client_addr;
		memcpy(bytes, &v4->sin_addr, sizeof(v4->sin_addr));
		return sizeof(v4->sin_addr);
	}
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)info->client_addr;
	memcpy(bytes, &v6->sin6_addr, PREFIX_V6_BYTES);
	return PREFIX_V6_BYTES;
}

static struct row *
row_of(struct visitors *visitors, const struct request *request)
{
	uint8_t address[ADDRESS_BYTES];
	uint8_t forwarded[ADDRESS_BYTES];
	uint64_t hash;
	bool is_local;
	size_t size = address_of_peer(request, address, &is_local);
	size_t forwarded_size = visitors->behind_proxy || is_local ? address_forwarded(request, forwarded) : 0;
	if (forwarded_size > 0) {
		memcpy(address, forwarded, forwarded_size);
		size = forwarded_size;
	}
	crypto_shorthash((uint8_t *)&hash, address, size, visitors->key);
	return &visitors->rows[hash % ROWS];
}

bool
visitors_may_look(struct visitors *visitors, struct request *request)
{
	char seconds[24];
	struct row *row = row_of(visitors, request);
	uint64_t now_ms = uv_now(request->http->loop);
	uint64_t full_at_ms = row->full_at_ms > now_ms ? row->full_at_ms : now_ms;
	uint64_t after_ms = full_at_ms + LOOKUP_EVERY_MS;
	if (after_ms <= now_ms + (uint64_t)LOOKUPS_BURST * LOOKUP_EVERY_MS) {
		row->full_at_ms = after_ms;
		return true;
	}
	uint64_t wait_ms = after_ms - now_ms - (uint64_t)LOOKUPS_BURST * LOOKUP_EVERY_MS;
	snprintf(seconds, sizeof(seconds), "%llu", (unsigned long long)(wait_ms / 1000 + 1));
	request_header_add(request, "Retry-After", seconds);
	request_refuse(request, PROBLEM_RESOURCE_EXHAUSTED, NULL,
		       "too many look-ups from this address: try again in %s seconds", seconds);
	return false;
}
