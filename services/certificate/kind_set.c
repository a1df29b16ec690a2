/* services/certificate/kind_set.c
 *
 * Setting and retiring kinds: each field is checked by name, and so is what a kind would be beside the others of
 * its authority. Guards stand before the one fact of each; what kinds are for is kind.c's. */
#include "services/certificate/kind.h"

#include "common/base/date.h"
#include "common/core/tree.h"
#include "common/wire/pb.h"
#include "services/certificate/content.h"

/* --- checks ----------------------------------------------------------------------------------------------------- */

static bool
number_check(struct call *call, const char *field, uint32_t value, uint32_t max)
{
	if (value <= max)
		return true;
	call_refuse_field(call, field, "%s is %u, at most %u is possible", field, value, max);
	return false;
}

static bool
code_check(struct call *call, const char *code)
{
	size_t size = strlen(code);
	if (size == 0 || size > KIND_CODE_BYTES_MAX || strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789-") != size) {
		call_refuse_field(call, "kind_code", "kind_code is not 1 to %d of the characters a-z, 0-9 and -",
				  KIND_CODE_BYTES_MAX);
		return false;
	}
	if (strcmp(code, KIND_DEFAULT) == 0) {
		call_refuse_field(call, "kind_code", "kind_code %s is the service's own", code);
		return false;
	}
	return true;
}

static bool
programmes_check(struct call *call, const Mt__CertificateKindRecord *in)
{
	if (in->n_programme_ids > KIND_PROGRAMMES_MAX) {
		call_refuse_field(call, "kind.programme_ids", "a kind names at most %d programmes",
				  KIND_PROGRAMMES_MAX);
		return false;
	}
	for (size_t i = 0; i < in->n_programme_ids; i++) {
		struct id id;
		if (!call_id(call, "kind.programme_ids", in->programme_ids[i], &id))
			return false;
		for (size_t earlier = 0; earlier < i; earlier++) {
			if (strcmp(in->programme_ids[earlier], in->programme_ids[i]) != 0)
				continue;
			call_refuse_field(call, "kind.programme_ids", "programme %s is named twice",
					  in->programme_ids[i]);
			return false;
		}
	}
	return true;
}

/* The same programme, or none, in another kind of the authority that is in force. */
static bool
overlap_check(struct call *call, const Mt__CertificateKindRecord *in, const Mt__CertificateKindRecord *other)
{
	if (other->retired_on[0] != '\0' || strcmp(other->kind_code, in->kind_code) == 0)
		return true;
	if (in->n_programme_ids == 0 && other->n_programme_ids == 0) {
		call_refuse_field(call, "kind.programme_ids",
				  "kind %s is already for all programmes without a kind of their own",
				  other->kind_code);
		return false;
	}
	for (size_t i = 0; i < in->n_programme_ids; i++) {
		if (!kind_names(other, in->programme_ids[i]))
			continue;
		call_refuse_field(call, "kind.programme_ids", "programme %s already has kind %s", in->programme_ids[i],
				  other->kind_code);
		return false;
	}
	return true;
}

static bool
overlaps_check(struct call *call, const Mt__CertificateKindRecord *in)
{
	unsigned in_force = 0;
	struct key prefix = kinds_key(in->authority_id);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	while (store_walk_next(&walk)) {
		const Mt__CertificateKindRecord *other =
			call_unpack(call, &mt__certificate_kind_record__descriptor, walk.value);
		if (!overlap_check(call, in, other))
			return false;
		in_force += other->retired_on[0] == '\0' && strcmp(other->kind_code, in->kind_code) != 0;
	}
	if (in_force < KINDS_OF_AUTHORITY_MAX)
		return true;
	call_refuse(call, MT__STATUS__RESOURCE_EXHAUSTED, "an authority has at most %d certificate kinds in force",
		    KINDS_OF_AUTHORITY_MAX);
	return false;
}

static bool
reminders_check(struct call *call, const Mt__CertificateKindRecord *in)
{
	if (in->n_remind_days > KIND_REMINDERS_MAX) {
		call_refuse_field(call, "kind.remind_days", "at most %d reminders are possible", KIND_REMINDERS_MAX);
		return false;
	}
	if (in->n_remind_days > 0 && in->valid_months == 0) {
		call_refuse_field(call, "kind.remind_days", "what is valid for ever has no end to remind of");
		return false;
	}
	for (size_t i = 0; i < in->n_remind_days; i++) {
		if (in->remind_days[i] == 0 || in->remind_days[i] > KIND_REMIND_DAYS_MAX ||
		    (i > 0 && in->remind_days[i] >= in->remind_days[i - 1])) {
			call_refuse_field(call, "kind.remind_days",
					  "remind_days are days before the end, 1 to %d, the greatest first",
					  KIND_REMIND_DAYS_MAX);
			return false;
		}
	}
	return true;
}

static Mt__Signatory *
signatory_checked(struct call *call, const Mt__Signatory *in)
{
	Mt__Signatory *out = (Mt__Signatory *)pb_new(&mt__signatory__descriptor, call_arena(call));
	out->subject = (char *)call_text(call, "kind.signatories.subject", in->subject, NAME_BYTES_MAX, false);
	if (out->subject == NULL)
		return NULL;
	out->name = (char *)content_text(call, "kind.signatories.name", in->name, false);
	if (out->name == NULL)
		return NULL;
	out->title = (char *)content_text(call, "kind.signatories.title", in->title, false);
	if (out->title == NULL)
		return NULL;
	out->title_en = (char *)content_text(call, "kind.signatories.title_en", in->title_en, true);
	return out->title_en == NULL ? NULL : out;
}

static bool
signatories_check(struct call *call, const Mt__CertificateKindRecord *in, Mt__CertificateKindRecord *kind)
{
	if (in->n_signatories > KIND_SIGNATORIES_MAX) {
		call_refuse_field(call, "kind.signatories", "a kind has at most %d signatories", KIND_SIGNATORIES_MAX);
		return false;
	}
	kind->signatories = arena_zero(call_arena(call), in->n_signatories * sizeof(*kind->signatories));
	for (size_t i = 0; i < in->n_signatories; i++) {
		kind->signatories[i] = signatory_checked(call, in->signatories[i]);
		if (kind->signatories[i] == NULL)
			return false;
		for (size_t earlier = 0; earlier < i; earlier++) {
			if (strcmp(kind->signatories[earlier]->subject, kind->signatories[i]->subject) != 0)
				continue;
			call_refuse_field(call, "kind.signatories.subject", "%s is named twice",
					  kind->signatories[i]->subject);
			return false;
		}
	}
	kind->n_signatories = in->n_signatories;
	return true;
}

/* A certificate says the code alone: one that stands for a kind of an authority above is not another kind here, with
 * other rules and points. */
static bool
code_free_check(struct call *call, const char *authority_id, const char *kind_code)
{
	const char *path[TREE_DEPTH_MAX];
	size_t count = tree_path(call_store(call), call_arena(call), authority_id, path);
	for (size_t i = 1; i < count; i++) {
		if (kind_get(call, path[i], kind_code) == NULL)
			continue;
		call_refuse_field(call, "kind_code", "kind_code %s is a kind of authority %s, which serves here too",
				  kind_code, path[i]);
		return false;
	}
	return true;
}

/* What a caller may not say of a kind: it follows from the path, or from what happens. */
static bool
foreign_check(struct call *call, const Mt__CertificateKindRecord *in, const Mt__CertificateKindRecord *kind)
{
	if (in->kind_code[0] != '\0' && strcmp(in->kind_code, kind->kind_code) != 0)
		call_refuse_field(call, "kind.kind_code", "kind.kind_code is not the code in the path");
	else if (in->authority_id[0] != '\0' && strcmp(in->authority_id, kind->authority_id) != 0)
		call_refuse_field(call, "kind.authority_id", "kind.authority_id is not the authority in the path");
	else if (in->retired_on[0] != '\0')
		call_refuse_field(call, "kind.retired_on", "kind.retired_on is set by retiring the kind");
	return !call_refused(call);
}

static bool
rules_check(struct call *call, const Mt__CertificateKindRecord *in)
{
	return number_check(call, "kind.mark_percent_min", in->mark_percent_min, 100) &&
	       number_check(call, "kind.hours_min", in->hours_min, KIND_HOURS_MAX) &&
	       number_check(call, "kind.valid_months", in->valid_months, KIND_VALID_MONTHS_MAX) &&
	       number_check(call, "kind.points_per_10_hours", in->points_per_10_hours, KIND_POINTS_PER_10_HOURS_MAX) &&
	       reminders_check(call, in) && programmes_check(call, in);
}

/* kind: authority and code are set. */
static bool
kind_check(struct call *call, const Mt__CertificateKindRecord *in, Mt__CertificateKindRecord *kind)
{
	if (!foreign_check(call, in, kind))
		return false;
	kind->name = (char *)content_text(call, "kind.name", in->name, false);
	if (kind->name == NULL)
		return false;
	kind->name_en = (char *)content_text(call, "kind.name_en", in->name_en, true);
	if (kind->name_en == NULL || !rules_check(call, in) || !signatories_check(call, in, kind))
		return false;
	kind->class_of = in->class_of;
	kind->programme_ids = in->programme_ids;
	kind->n_programme_ids = in->n_programme_ids;
	kind->mark_percent_min = in->mark_percent_min;
	kind->hours_min = in->hours_min;
	kind->valid_months = in->valid_months;
	kind->remind_days = in->remind_days;
	kind->n_remind_days = in->n_remind_days;
	kind->language = in->language;
	kind->release = in->release;
	kind->blank_forms = in->blank_forms;
	kind->points_per_10_hours = in->points_per_10_hours;
	return overlaps_check(call, kind);
}

/* Whose name stands under a certificate, and that nobody need approve it, is not a registrar's to say. */
static bool
leader_check(struct call *call, const Mt__CertificateKindRecord *kind)
{
	bool is_leader = call_has_role(call, MT__ROLE__LEADER);
	if (is_leader || (kind->n_signatories == 0 && kind->release == MT__CERTIFICATE_KIND__RELEASE__AFTER_APPROVAL))
		return true;
	call_refuse(call, MT__STATUS__PERMISSION_DENIED,
		    "kind.signatories and kind.release AUTOMATIC are set by a leader of the institution");
	return false;
}

static void
bound_by(struct call *call, const char *authority_id, const Mt__CertificateKindRecord *kind, bool *bound)
{
	struct key prefix = kinds_key(authority_id);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	while (store_walk_next(&walk)) {
		const Mt__CertificateKindRecord *above =
			call_unpack(call, &mt__certificate_kind_record__descriptor, walk.value);
		for (size_t i = 0; i < kind->n_programme_ids && above->retired_on[0] == '\0'; i++)
			bound[i] = bound[i] || kind_names(above, kind->programme_ids[i]);
	}
}

/* Which of its programmes a kind of a higher authority names too: whoever sets it hears that its rules do not count. */
static void
say_bound(struct call *call, const Mt__CertificateKindRecord *kind, Mt__SetKindReply *out)
{
	const char *path[TREE_DEPTH_MAX];
	bool bound[KIND_PROGRAMMES_MAX] = {false};
	size_t count = tree_path(call_store(call), call_arena(call), kind->authority_id, path);
	for (size_t i = 1; i < count; i++)
		bound_by(call, path[i], kind, bound);
	out->bound_programme_ids = arena_zero(call_arena(call), (kind->n_programme_ids + 1) * sizeof(char *));
	for (size_t i = 0; i < kind->n_programme_ids; i++) {
		if (bound[i])
			out->bound_programme_ids[out->n_bound_programme_ids++] = kind->programme_ids[i];
	}
}

/* --- decisions -------------------------------------------------------------------------------------------------- */

static void
certificate_kinds_set(Mt__CertificateKinds_Service *service, const Mt__SetKindRequest *in,
		      Mt__SetKindReply_Closure reply, void *call)
{
	(void)service;
	const Mt__AuthorityRecord *authority = call_authority_ref(call, "authority", in->authority);
	if (authority == NULL || !call_scope(call, authority->authority_id) || !code_check(call, in->kind_code))
		return;
	if (in->kind == NULL) {
		call_refuse_field(call, "kind", "kind is missing");
		return;
	}
	const Mt__CertificateKindRecord *before = kind_get(call, authority->authority_id, in->kind_code);
	if (before != NULL && before->retired_on[0] != '\0') {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "certificate kind %s was retired on %s",
			    in->kind_code, before->retired_on);
		return;
	}
	if (before == NULL && !code_free_check(call, authority->authority_id, in->kind_code))
		return;
	Mt__CertificateKindRecord kind = MT__CERTIFICATE_KIND_RECORD__INIT;
	kind.authority_id = authority->authority_id;
	kind.kind_code = in->kind_code;
	if (!kind_check(call, in->kind, &kind) || !leader_check(call, &kind))
		return;
	kind.version = before == NULL ? 1 : before->version + 1;
	Mt__CertificateKindSet fact = MT__CERTIFICATE_KIND_SET__INIT;
	fact.kind = &kind;
	call_emit(call, &fact.base);
	Mt__SetKindReply out = MT__SET_KIND_REPLY__INIT;
	out.version = kind.version;
	say_bound(call, &kind, &out);
	reply(&out, call);
}

static void
certificate_kinds_retire(Mt__CertificateKinds_Service *service, const Mt__RetireKindRequest *in,
			 Mt__RetireKindReply_Closure reply, void *call)
{
	(void)service;
	char today[DATE_TEXT_BYTES];
	const Mt__AuthorityRecord *authority = call_authority_ref(call, "authority", in->authority);
	if (authority == NULL || !call_scope(call, authority->authority_id) || !code_check(call, in->kind_code))
		return;
	const Mt__CertificateKindRecord *kind = kind_get(call, authority->authority_id, in->kind_code);
	if (kind == NULL) {
		call_refuse(call, MT__STATUS__NOT_FOUND, "certificate kind %s is not known", in->kind_code);
		return;
	}
	if (kind->retired_on[0] != '\0') {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "certificate kind %s was retired on %s",
			    in->kind_code, kind->retired_on);
		return;
	}
	date_format(call_today(call), today);
	Mt__CertificateKindRetired fact = MT__CERTIFICATE_KIND_RETIRED__INIT;
	fact.authority_id = kind->authority_id;
	fact.kind_code = kind->kind_code;
	fact.retired_on = today;
	call_emit(call, &fact.base);
	Mt__RetireKindReply out = MT__RETIRE_KIND_REPLY__INIT;
	reply(&out, call);
}

/* Who signs in how is nobody's business: the name and title are printed, the subject is not told. */
static void
hide_subjects(struct call *call, Mt__CertificateKindRecord *kind)
{
	if (tree_covers(call_store(call), call_authority(call), kind->authority_id))
		return;
	for (size_t i = 0; i < kind->n_signatories; i++)
		kind->signatories[i]->subject = arena_format(call_arena(call), "%s", "");
}

static void
certificate_kinds_get(Mt__CertificateKinds_Service *service, const Mt__GetKindRequest *in,
		      Mt__CertificateKindRecord_Closure reply, void *call)
{
	(void)service;
	const Mt__AuthorityRecord *authority = call_authority_ref(call, "authority", in->authority);
	if (authority == NULL || !code_check(call, in->kind_code))
		return;
	const Mt__CertificateKindRecord *known = kind_get(call, authority->authority_id, in->kind_code);
	if (known == NULL) {
		call_refuse(call, MT__STATUS__NOT_FOUND, "certificate kind %s is not known", in->kind_code);
		return;
	}
	Mt__CertificateKindRecord *kind = (Mt__CertificateKindRecord *)known; /* unpacked for this call */
	hide_subjects(call, kind);
	reply(kind, call);
}

static void
certificate_kinds_list(Mt__CertificateKinds_Service *service, const Mt__ListKindsRequest *in,
		       Mt__ListKindsReply_Closure reply, void *call)
{
	(void)service;
	enum { LISTED_MAX = 1000 }; /* in force and retired */
	const Mt__AuthorityRecord *authority = call_authority_ref(call, "authority", in->authority);
	if (authority == NULL)
		return;
	Mt__ListKindsReply out = MT__LIST_KINDS_REPLY__INIT;
	out.kinds = arena_alloc(call_arena(call), LISTED_MAX * sizeof(*out.kinds));
	struct key prefix = kinds_key(authority->authority_id);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	while (out.n_kinds < LISTED_MAX && store_walk_next(&walk)) {
		Mt__CertificateKindRecord *kind =
			call_unpack(call, &mt__certificate_kind_record__descriptor, walk.value);
		hide_subjects(call, kind);
		out.kinds[out.n_kinds++] = kind;
	}
	reply(&out, call);
}

Mt__CertificateKinds_Service certificate_kinds = MT__CERTIFICATE_KINDS__INIT(certificate_kinds_);
