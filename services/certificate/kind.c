/* services/certificate/kind.c
 *
 * A kind says what is certified, by which rules, for how long, and who signs. It is data of an authority and serves it
 * and all below, so a ministry sets it once. It promises that for a school and a programme there is one kind at any
 * time: within an authority no two kinds in force name the same programme, and only one names none. What was issued
 * keeps what its kind said then: it stands in the credential.
 *
 * Of several authorities whose kinds name the programme the highest binds, whichever was set first: else a school could
 * certify by rules of its own what a ministry has rules for. Who signs differs from school to school: where the kind
 * that binds names nobody, the nearest one below it says. A kind that names no programme is a default, and the nearest
 * serves. */
#include "services/certificate/kind.h"

#include "common/base/date.h"
#include "common/core/tree.h"
#include "common/wire/pb.h"
#include "services/certificate/tables.h"

/* --- look-ups --------------------------------------------------------------------------------------------------- */

struct key
kinds_key(const char *authority_id)
{
	struct key key = key_of(TABLE_KIND);
	key_id_of(&key, authority_id);
	return key;
}

static struct key
kind_key(const char *authority_id, const char *kind_code)
{
	struct key key = kinds_key(authority_id);
	key_text(&key, kind_code);
	return key;
}

const Mt__CertificateKindRecord *
kind_get(const struct call *call, const char *authority_id, const char *kind_code)
{
	struct key key = kind_key(authority_id, kind_code);
	return call_record(call, &key, &mt__certificate_kind_record__descriptor);
}

/* No rules, no end, approved by a leader of the school. */
static const Mt__CertificateKindRecord *
kind_of_service(struct call *call)
{
	Mt__CertificateKindRecord *kind =
		(Mt__CertificateKindRecord *)pb_new(&mt__certificate_kind_record__descriptor, call_arena(call));
	kind->kind_code = arena_format(call_arena(call), "%s", KIND_DEFAULT);
	kind->name = arena_format(call_arena(call), "Chứng chỉ bồi dưỡng");
	kind->name_en = arena_format(call_arena(call), "Training certificate");
	return kind;
}

bool
kind_names(const Mt__CertificateKindRecord *kind, const char *programme_id)
{
	for (size_t i = 0; i < kind->n_programme_ids; i++) {
		if (strcmp(kind->programme_ids[i], programme_id) == 0)
			return true;
	}
	return false;
}

/* Of an authority's kinds in force the one that names the programme, or NULL; general is the one that names none. */
static const Mt__CertificateKindRecord *
kind_among(struct call *call, const char *authority_id, const char *programme_id,
	   const Mt__CertificateKindRecord **general)
{
	struct key prefix = kinds_key(authority_id);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	while (store_walk_next(&walk)) {
		const Mt__CertificateKindRecord *kind =
			call_unpack(call, &mt__certificate_kind_record__descriptor, walk.value);
		if (kind->retired_on[0] != '\0')
			continue;
		if (kind->n_programme_ids == 0 && *general == NULL)
			*general = kind;
		if (kind_names(kind, programme_id))
			return kind;
	}
	return NULL;
}

/* A kind with the signatories of another. */
static const Mt__CertificateKindRecord *
signed_by(struct call *call, const Mt__CertificateKindRecord *kind, const Mt__CertificateKindRecord *signs)
{
	Mt__CertificateKindRecord *both = arena_alloc(call_arena(call), sizeof(*both));
	*both = *kind;
	both->signatories = signs->signatories;
	both->n_signatories = signs->n_signatories;
	return both;
}

/* What the kinds from the school up to the root say of a programme. */
struct sought {
	const Mt__CertificateKindRecord *binds;   /* names it, of the highest authority */
	const Mt__CertificateKindRecord *signs;   /* names it, and signatories: the nearest */
	const Mt__CertificateKindRecord *general; /* names no programme: the nearest */
};

static struct sought
kinds_seek(struct call *call, const char *school_id, const char *programme_id)
{
	const char *path[TREE_DEPTH_MAX];
	struct sought sought = {.binds = NULL};
	size_t count = tree_path(call_store(call), call_arena(call), school_id, path);
	for (size_t i = 0; i < count; i++) {
		const Mt__CertificateKindRecord *named = kind_among(call, path[i], programme_id, &sought.general);
		if (named == NULL)
			continue;
		sought.binds = named;
		if (sought.signs == NULL && named->n_signatories > 0)
			sought.signs = named;
	}
	return sought;
}

static const Mt__CertificateKindRecord *
binding_of(struct call *call, const struct sought *sought)
{
	bool lacks_signatories = sought->binds != NULL && sought->binds->n_signatories == 0 && sought->signs != NULL;
	return lacks_signatories ? signed_by(call, sought->binds, sought->signs) : sought->binds;
}

const Mt__CertificateKindRecord *
kind_binding(struct call *call, const char *school_id, const char *programme_id)
{
	const struct sought sought = kinds_seek(call, school_id, programme_id);
	return binding_of(call, &sought);
}

const Mt__CertificateKindRecord *
kind_for(struct call *call, const char *school_id, const char *programme_id)
{
	const struct sought sought = kinds_seek(call, school_id, programme_id);
	const Mt__CertificateKindRecord *kind = binding_of(call, &sought);
	if (kind == NULL)
		kind = sought.general;
	return kind != NULL ? kind : kind_of_service(call);
}

const Mt__CertificateKindRecord *
kind_find(struct call *call, const char *school_id, const char *kind_code)
{
	const char *path[TREE_DEPTH_MAX];
	if (strcmp(kind_code, KIND_DEFAULT) == 0)
		return kind_of_service(call);
	if (strlen(kind_code) > KIND_CODE_BYTES_MAX)
		return NULL;
	size_t count = tree_path(call_store(call), call_arena(call), school_id, path);
	for (size_t i = 0; i < count; i++) {
		const Mt__CertificateKindRecord *kind = kind_get(call, path[i], kind_code);
		if (kind != NULL)
			return kind->retired_on[0] == '\0' ? kind : NULL;
	}
	return NULL;
}

const Mt__CertificateKindRecord *
kind_at(struct call *call, const char *authority_id, const char *kind_code, const char *school_id,
	const char *programme_id)
{
	if (authority_id[0] == '\0')
		return kind_of_service(call);
	const Mt__CertificateKindRecord *kind = kind_get(call, authority_id, kind_code);
	assert(kind != NULL);
	if (kind->n_signatories > 0 || !kind_names(kind, programme_id) || strcmp(authority_id, school_id) == 0)
		return kind;
	const struct sought sought = kinds_seek(call, school_id, programme_id);
	return sought.signs == NULL ? kind : signed_by(call, kind, sought.signs);
}

/* --- rules ------------------------------------------------------------------------------------------------------ */

const char *
kind_short_of(struct arena *arena, const Mt__CertificateKindRecord *kind, const Mt__CompletionRecord *completion)
{
	if (completion->hours < kind->hours_min)
		return arena_format(arena, "the course has %u hours, kind %s asks for %u", completion->hours,
				    kind->kind_code, kind->hours_min);
	if (completion->mark_percent < kind->mark_percent_min)
		return arena_format(arena, "the mark is %u percent, kind %s asks for %u", completion->mark_percent,
				    kind->kind_code, kind->mark_percent_min);
	return NULL;
}

/* A subject may be one of several ids of the same person. */
static bool
is_caller(const struct call *call, const char *subject)
{
	struct id id;
	return strcmp(call_subject(call), subject) == 0 ||
	       (id_parse(subject, &id) && call_is_self((struct call *)call, subject));
}

bool
kind_signatory(struct call *call, const Mt__CertificateKindRecord *kind, uint32_t *signatory)
{
	*signatory = 0;
	if (kind->n_signatories == 0)
		return true;
	for (uint32_t i = 0; i < kind->n_signatories; i++) {
		if (!is_caller(call, kind->signatories[i]->subject))
			continue;
		*signatory = i + 1;
		return true;
	}
	call_refuse(call, MT__STATUS__PERMISSION_DENIED, "%s is no signatory of certificate kind %s",
		    call_subject(call)[0] == '\0' ? "the caller" : call_subject(call), kind->kind_code);
	return false;
}

static bool
is_same_subject(const struct call *call, const char *a, const char *b)
{
	struct id id;
	return strcmp(a, b) == 0 ||
	       (id_parse(a, &id) && id_parse(b, &id) && strcmp(call_person(call, a), call_person(call, b)) == 0);
}

uint32_t
kind_signatory_now(const struct call *call, const Mt__CertificateKindRecord *kind, uint32_t signatory,
		   const char *approved_by)
{
	if (signatory == 0)
		return 0;
	if (signatory <= kind->n_signatories &&
	    is_same_subject(call, kind->signatories[signatory - 1]->subject, approved_by))
		return signatory;
	for (uint32_t i = 0; i < kind->n_signatories; i++) {
		if (is_same_subject(call, kind->signatories[i]->subject, approved_by))
			return i + 1;
	}
	return 0;
}

/* The same day of the month, so many months later, less a day. */
static int32_t
last_day(int32_t from, uint32_t months)
{
	int year;
	int month;
	int day;
	date_split(from, &year, &month, &day);
	int counted = year * 12 + month - 1 + (int)months;
	int32_t again = date_make(counted / 12, counted % 12 + 1, day);
	if (again == DATE_NONE)
		again = date_make((counted + 1) / 12, (counted + 1) % 12 + 1, 1);
	return again - 1;
}

const char *
kind_valid_until(struct arena *arena, const Mt__CertificateKindRecord *kind, int32_t issued_on)
{
	if (kind->valid_months == 0)
		return "";
	char *text = arena_alloc(arena, DATE_TEXT_BYTES);
	date_format(last_day(issued_on, kind->valid_months), text);
	return text;
}

/* --- apply ------------------------------------------------------------------------------------------------------ */

static void
apply_retired(struct apply *apply, const Mt__CertificateKindRetired *fact)
{
	struct key key = kind_key(fact->authority_id, fact->kind_code);
	Mt__CertificateKindRecord *kind = apply_record(apply, &key, &mt__certificate_kind_record__descriptor);
	assert(kind != NULL);
	kind->retired_on = fact->retired_on;
	kind->version++;
	apply_put(apply, &key, &kind->base);
}

void
kind_apply(struct apply *apply, const Mt__CertificateKindFact *fact)
{
	struct key key;
	switch (fact->kind_case) {
	case MT__CERTIFICATE_KIND_FACT__KIND_CERTIFICATE_KIND_SET:
		key = kind_key(fact->certificate_kind_set->kind->authority_id,
			       fact->certificate_kind_set->kind->kind_code);
		apply_put(apply, &key, &fact->certificate_kind_set->kind->base);
		return;
	case MT__CERTIFICATE_KIND_FACT__KIND_CERTIFICATE_KIND_RETIRED:
		apply_retired(apply, fact->certificate_kind_retired);
		return;
	case MT__CERTIFICATE_KIND_FACT__KIND__NOT_SET:
		break;
	}
	assert(false); /* the core lets no empty fact through */
}
