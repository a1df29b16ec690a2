/* services/certificate/issuer_url.c
 *
 * A credential names the address of its issuer in bytes that are signed and never change.
 * So the address is a fact, recorded with the first credential that names it, and not a
 * setting: a service that is started with another one issues nothing until an operator
 * says that the move is meant. Former addresses stay as aliases.
 *
 * Without an address the deployment is on trial: it issues under a name that cannot exist,
 * and everything is a specimen. The first real address ends the trial by itself. */
#include "services/certificate/issuer_url.h"

#include "common/base/date.h"
#include "common/wire/pb.h"
#include "services/certificate/tables.h"

enum { PUBLIC_URLS_MAX = 64 }; /* a deployment moves a few times in its life; each did.json names them all */

static const char scheme[] = "https://";

/* --- look-ups --------------------------------------------------------------------------------------------------- */

static struct key
url_key(uint32_t number)
{
	struct key key = key_of(TABLE_PUBLIC_URL);
	key_u32(&key, number);
	return key;
}

static const Mt__PublicUrlRecord *
url_find(const struct call *call, uint32_t number)
{
	struct key key = url_key(number);
	return call_record(call, &key, &mt__public_url_record__descriptor);
}

/* The last one; NULL and 0 if there is none. */
static const Mt__PublicUrlRecord *
url_last(const struct call *call, uint32_t *number)
{
	const Mt__PublicUrlRecord *last = NULL;
	*number = 0;
	for (const Mt__PublicUrlRecord *at; (at = url_find(call, *number + 1)) != NULL; ++*number)
		last = at;
	return last;
}

/* A port is percent-encoded: the colon separates (did:web, method-specific identifier). */
static const char *
did_of(struct arena *arena, const char *url)
{
	const char *host = url + strlen(scheme);
	size_t name = strcspn(host, ":");
	const char *port = host[name] == '\0' ? "" : host + name + 1;
	return arena_format(arena, "did:web:%.*s%s%s", (int)name, host, port[0] == '\0' ? "" : "%3A", port);
}

static struct public_url
url_of(const Mt__PublicUrlRecord *record, uint32_t number)
{
	return (struct public_url){.number = number, .url = record->url, .did = record->did, .trial = record->trial};
}

/* What the service was started with. */
static struct public_url
url_started(struct call *call, uint32_t number)
{
	const char *started = call_public_url(call);
	bool trial = started[0] == '\0';
	const char *url = trial ? TRIAL_URL : started;
	return (struct public_url){.number = number, .url = url, .did = did_of(call_arena(call), url), .trial = trial};
}

const char *
issuer_did(struct arena *arena, const struct public_url *url, const char *school_id)
{
	return arena_format(arena, "%s:issuers:%s", url->did, school_id);
}

struct public_url
public_url_now(struct call *call)
{
	uint32_t number;
	const Mt__PublicUrlRecord *last = url_last(call, &number);
	return last == NULL ? url_started(call, 1) : url_of(last, number);
}

struct public_url
public_url_of(struct call *call, uint32_t number)
{
	const Mt__PublicUrlRecord *record = url_find(call, number);
	assert(record != NULL);
	return url_of(record, number);
}

size_t
public_url_aliases(struct call *call, const char *suffix, char ***dids)
{
	uint32_t last;
	size_t count = 0;
	const Mt__PublicUrlRecord *now = url_last(call, &last);
	*dids = arena_zero(call_arena(call), (last + 1) * sizeof(**dids));
	for (uint32_t number = last; number > 1; number--) {
		const Mt__PublicUrlRecord *former = url_find(call, number - 1);
		bool told = former->trial || strcmp(former->did, now->did) == 0;
		const char *did = arena_format(call_arena(call), "%s%s", former->did, suffix);
		for (size_t i = 0; i < count && !told; i++)
			told = strcmp((*dids)[i], did) == 0;
		if (!told)
			(*dids)[count++] = (char *)did;
	}
	return count;
}

/* --- decisions -------------------------------------------------------------------------------------------------- */

static void
url_record(struct call *call, const struct public_url *url)
{
	char now[INSTANT_TEXT_BYTES];
	Mt__PublicUrlRecord record = MT__PUBLIC_URL_RECORD__INIT;
	Mt__PublicUrlRecorded fact = MT__PUBLIC_URL_RECORDED__INIT;
	instant_format(call_now_us(call), now);
	record.url = (char *)url->url;
	record.did = (char *)url->did;
	record.trial = url->trial;
	record.recorded_at = now;
	fact.record = &record;
	fact.number = url->number;
	call_emit(call, &fact.base);
}

/* The first address of all, or the one that ends a trial. */
static bool
is_first(const struct call *call, const Mt__PublicUrlRecord *last)
{
	return last == NULL || (last->trial && call_public_url(call)[0] != '\0');
}

bool
public_url_agrees(struct call *call)
{
	uint32_t number;
	const char *started = call_public_url(call);
	const Mt__PublicUrlRecord *last = url_last(call, &number);
	if (is_first(call, last) || last->trial || strcmp(last->url, started) == 0)
		return true;
	if (started[0] == '\0')
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION,
			    "credentials name the public address %s, and this service was started without --public-url",
			    last->url);
	else
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION,
			    "credentials name the public address %s, and this service was started with %s: an operator "
			    "has to start it with the first or to record the second",
			    last->url, started);
	return false;
}

bool
public_url_open(struct call *call, struct public_url *now)
{
	uint32_t number;
	const Mt__PublicUrlRecord *last = url_last(call, &number);
	if (!public_url_agrees(call))
		return false;
	if (!is_first(call, last)) {
		*now = url_of(last, number);
		return true;
	}
	*now = url_started(call, number + 1);
	url_record(call, now);
	return true;
}

void
issuers_change_url(Mt__Issuers_Service *service, const Mt__ChangeUrlRequest *in, Mt__ChangeUrlReply_Closure reply,
		   void *call)
{
	(void)service;
	uint32_t number;
	const char *started = call_public_url(call);
	const Mt__PublicUrlRecord *last = url_last(call, &number);
	if (in->url[0] == '\0' || strcmp(in->url, started) != 0) {
		call_refuse_field(call, "url",
				  "field url is not the public address that this service was started with%s%s",
				  started[0] == '\0' ? "" : ", which is ", started);
		return;
	}
	if (last != NULL && strcmp(last->url, in->url) == 0) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "%s is the public address already", in->url);
		return;
	}
	if (number == PUBLIC_URLS_MAX) {
		call_refuse(call, MT__STATUS__RESOURCE_EXHAUSTED, "there are %d public addresses already",
			    PUBLIC_URLS_MAX);
		return;
	}
	struct public_url url = url_started(call, number + 1);
	url_record(call, &url);
	Mt__ChangeUrlReply out = MT__CHANGE_URL_REPLY__INIT;
	out.did = (char *)url.did;
	reply(&out, call);
}

/* --- apply ------------------------------------------------------------------------------------------------------ */

void
public_url_apply(struct apply *apply, const Mt__PublicUrlRecorded *fact)
{
	struct key key = url_key(fact->number);
	apply_put(apply, &key, &fact->record->base);
}
