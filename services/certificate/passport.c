/* services/certificate/passport.c
 *
 * A person's whole record on one page: what was completed at any institution and what
 * certifies it, what was issued by hand or on paper, what was recognised beside courses,
 * and what all of it is worth by the rules of an authority. Records that were merged are
 * one person. Nothing here is stored: a passport is read from completions, certificates
 * and recognitions, so a correction or a revocation stands in it at once.
 *
 * Hours and points count unless the certificate was revoked, is suspended, or was recorded
 * from paper and is not confirmed; that it ended, or was held in trial, changes nothing.
 *
 * Staff see of it what they see of certificates: what was earned under their authority, or
 * at an institution of theirs. */
#include "services/certificate/passport.h"

#include "common/base/date.h"
#include "common/core/access.h"
#include "common/wire/pb.h"
#include "services/certificate/certificate.h"
#include "services/certificate/completion.h"
#include "services/certificate/issuer_url.h"
#include "services/certificate/tables.h"

#include <stdlib.h>

/* A course with what is known of it while the page is made. */
struct course {
	Mt__PassportCourse shown;
	const char *school_id;
	const char *authority_id;
	const char *kind_code;
	const char *name; /* of the person, as written there */
	const char *birth_date;
	bool counts;
};

struct passport {
	struct call *call;
	bool own;
	struct course *courses[PASSPORT_ROWS_MAX];
	size_t courses_count;
	Mt__PassportRecognition *recognitions[PASSPORT_ROWS_MAX];
	size_t recognitions_count;
	Mt__PassportYear *years[PASSPORT_ROWS_MAX];
	size_t years_count;
	size_t rows; /* looked at */
};

/* --- gathering -------------------------------------------------------------------------------------------------- */

static bool
sees(const struct passport *passport, const char *authority_id, const char *school_id)
{
	const struct call *call = passport->call;
	return passport->own || tree_covers(call_store(call), call_authority(call), authority_id) ||
	       (school_id != NULL && tree_covers(call_store(call), call_authority(call), school_id));
}

/* False and refused beyond the limit. */
static bool
count_row(struct passport *passport)
{
	if (passport->rows++ < PASSPORT_ROWS_MAX)
		return true;
	call_refuse(passport->call, MT__STATUS__RESOURCE_EXHAUSTED,
		    "the person has more than %d courses, certificates and recognitions", PASSPORT_ROWS_MAX);
	return false;
}

static struct course *
course_new(struct passport *passport)
{
	struct course *course = arena_zero(call_arena(passport->call), sizeof(*course));
	mt__passport_course__init(&course->shown);
	passport->courses[passport->courses_count++] = course;
	return course;
}

/* What is certified goes before what was reported: it may have been corrected since. */
static void
add_certificate(struct passport *passport, struct course *course, const Mt__CertificateRecord *certificate)
{
	Mt__PassportCourse *shown = &course->shown;
	const Mt__EditionRecord *edition = certificate_edition(passport->call, certificate, 0);
	course->school_id = certificate->school_id;
	course->authority_id = certificate->authority_id;
	course->kind_code = certificate->kind_code;
	course->counts = certificate->state == MT__CERTIFICATE__STATE__VALID ||
			 certificate->state == MT__CERTIFICATE__STATE__EXPIRED;
	shown->certificate = certificate_view(passport->call, certificate, edition);
	shown->completed_on = certificate->completed_on[0] != '\0' ? certificate->completed_on : certificate->issued_on;
	if (edition == NULL || edition->signed_edition == NULL)
		return;
	const Mt__CertificateContent *content = edition->signed_edition->content;
	shown->programme_title = content->programme_title;
	shown->programme_title_en = content->programme_title_en;
	shown->hours = content->hours;
	shown->mark_percent = content->mark_percent;
	course->name = content->name;
	course->birth_date = content->birth_date;
}

static void
add_completion(struct passport *passport, const Mt__CompletionRecord *completion)
{
	struct course *course = course_new(passport);
	Mt__PassportCourse *shown = &course->shown;
	shown->class_id = completion->class_id;
	shown->programme_title = completion->programme_title;
	shown->programme_title_en = completion->programme_title_en;
	shown->hours = completion->hours;
	shown->mark_percent = completion->mark_percent;
	shown->completed_on = completion->completed_on;
	course->school_id = completion->school_id;
	course->authority_id = completion->authority_id;
	course->kind_code = completion->kind_code;
	course->counts = true;
	if (completion->personal != NULL) {
		course->name = completion->personal->name;
		course->birth_date = completion->personal->birth_date;
	}
	if (completion->certificate_id[0] == '\0')
		return;
	const Mt__CertificateRecord *certificate = certificate_find(passport->call, completion->certificate_id);
	if (certificate != NULL)
		add_certificate(passport, course, certificate);
}

/* A held completion is the same class under another id of the person, and stands there. */
static bool
read_completions(struct passport *passport, const char *person_id)
{
	struct call *call = passport->call;
	struct key prefix = completions_of_key(person_id);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	while (store_walk_next(&walk)) {
		struct key key = key_of(TABLE_COMPLETION);
		key_bytes(&key, slice_of(walk.key.data + prefix.size, ID_BYTES));
		key_id_of(&key, person_id);
		const Mt__CompletionRecord *completion = call_record(call, &key, &mt__completion_record__descriptor);
		if (!count_row(passport))
			return false;
		if (completion != NULL && !completion->held &&
		    sees(passport, completion->authority_id, completion->school_id))
			add_completion(passport, completion);
	}
	return true;
}

/* Those of a class stand beside their completion. */
static bool
read_certificates(struct passport *passport, const char *person_id)
{
	struct key prefix = certificates_of_key(person_id);
	struct store_walk walk = store_walk(call_store(passport->call), key_slice(&prefix));
	while (store_walk_next(&walk)) {
		const Mt__CertificateRecord *certificate = certificate_of_row(passport->call, walk.key);
		if (certificate->class_id[0] != '\0')
			continue;
		if (!count_row(passport))
			return false;
		if (sees(passport, certificate->authority_id, certificate->school_id))
			add_certificate(passport, course_new(passport), certificate);
	}
	return true;
}

static bool
read_recognitions(struct passport *passport, const char *person_id)
{
	struct call *call = passport->call;
	struct key prefix = recognitions_key(person_id);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	while (store_walk_next(&walk)) {
		Mt__RecognitionRecord *recognition = call_unpack(call, &mt__recognition_record__descriptor, walk.value);
		if (!count_row(passport))
			return false;
		if (recognition->withdrawn_on[0] != '\0' || !sees(passport, recognition->authority_id, NULL))
			continue;
		Mt__PassportRecognition *shown =
			(Mt__PassportRecognition *)pb_new(&mt__passport_recognition__descriptor, call_arena(call));
		shown->recognition = recognition;
		passport->recognitions[passport->recognitions_count++] = shown;
	}
	return true;
}

static int
newer_course_first(const void *left, const void *right)
{
	const struct course *const *a = left;
	const struct course *const *b = right;
	int order = strcmp((*b)->shown.completed_on, (*a)->shown.completed_on);
	return order != 0 ? order : strcmp((*b)->shown.class_id, (*a)->shown.class_id);
}

static int
newer_recognition_first(const void *left, const void *right)
{
	const Mt__PassportRecognition *const *a = left;
	const Mt__PassportRecognition *const *b = right;
	int order = strcmp((*b)->recognition->on, (*a)->recognition->on);
	return order != 0 ? order : strcmp((*b)->recognition->recognition_id, (*a)->recognition->recognition_id);
}

static bool
gather(struct passport *passport, const char *person_id)
{
	const char *ids[PERSON_IDS_MAX];
	size_t count = call_person_ids(passport->call, person_id, ids, PERSON_IDS_MAX);
	for (size_t i = 0; i < count; i++) {
		if (!read_completions(passport, ids[i]) || !read_certificates(passport, ids[i]) ||
		    !read_recognitions(passport, ids[i]))
			return false;
	}
	qsort(passport->courses, passport->courses_count, sizeof(passport->courses[0]), newer_course_first);
	qsort(passport->recognitions, passport->recognitions_count, sizeof(passport->recognitions[0]),
	      newer_recognition_first);
	return true;
}

/* --- counting --------------------------------------------------------------------------------------------------- */

static Mt__PassportYear *
year_of(struct passport *passport, const char *date)
{
	uint32_t year = 0;
	for (size_t i = 0; i < 4 && date[i] >= '0' && date[i] <= '9'; i++)
		year = year * 10 + (uint32_t)(date[i] - '0');
	for (size_t i = 0; i < passport->years_count; i++) {
		if (passport->years[i]->year == year)
			return passport->years[i];
	}
	Mt__PassportYear *new = (Mt__PassportYear *)pb_new(&mt__passport_year__descriptor, call_arena(passport->call));
	new->year = year;
	passport->years[passport->years_count++] = new;
	return new;
}

static void
count_in_year(struct passport *passport, const char *date, uint32_t hours, uint32_t points)
{
	Mt__PassportYear *year = year_of(passport, date);
	year->hours += hours;
	year->points += points;
}

static uint32_t
points_of(uint32_t hours, uint32_t per_10_hours)
{
	return (uint32_t)((uint64_t)hours * per_10_hours / 10);
}

static int
newer_year_first(const void *left, const void *right)
{
	const Mt__PassportYear *const *a = left;
	const Mt__PassportYear *const *b = right;
	return (*a)->year < (*b)->year ? 1 : -1;
}

/* Points of each course and recognition, then of each year up to the limit, then of all. */
static void
count(struct passport *passport, const Mt__PointRulesRecord *point_rules, Mt__PassportReply *out)
{
	for (size_t i = 0; i < passport->courses_count; i++) {
		struct course *course = passport->courses[i];
		if (!course->counts)
			continue;
		course->shown.points =
			points_of(course->shown.hours, points_per_10_hours(passport->call, point_rules,
									   course->school_id, course->kind_code));
		count_in_year(passport, course->shown.completed_on, course->shown.hours, course->shown.points);
	}
	for (size_t i = 0; i < passport->recognitions_count; i++) {
		Mt__PassportRecognition *shown = passport->recognitions[i];
		shown->points = points_of(shown->recognition->hours, point_rules->recognition_points_per_10_hours);
		count_in_year(passport, shown->recognition->on, shown->recognition->hours, shown->points);
	}
	qsort(passport->years, passport->years_count, sizeof(passport->years[0]), newer_year_first);
	for (size_t i = 0; i < passport->years_count; i++) {
		Mt__PassportYear *year = passport->years[i];
		if (point_rules->points_a_year_max > 0 && year->points > point_rules->points_a_year_max)
			year->points = point_rules->points_a_year_max;
		out->hours += year->hours;
		out->points += year->points;
	}
}

/* --- the page --------------------------------------------------------------------------------------------------- */

/* As the newest course has it that has it at all; what was erased has none. */
static void
name_person(const struct passport *passport, Mt__PassportReply *out)
{
	for (size_t i = 0; i < passport->courses_count; i++) {
		const struct course *course = passport->courses[i];
		if (course->name == NULL || course->name[0] == '\0')
			continue;
		out->name = (char *)course->name;
		out->birth_date = (char *)course->birth_date;
		return;
	}
}

static const char *
authority_of_newest(const struct passport *passport)
{
	if (passport->courses_count > 0)
		return passport->courses[0]->authority_id;
	return passport->recognitions_count > 0 ? passport->recognitions[0]->recognition->authority_id : "";
}

static void
show_courses(struct passport *passport, Mt__PassportReply *out)
{
	struct call *call = passport->call;
	const char *school_id = NULL;
	const char *name = "";
	out->courses = arena_alloc(call_arena(call), (passport->courses_count + 1) * sizeof(*out->courses));
	for (size_t i = 0; i < passport->courses_count; i++) {
		bool ambiguous;
		struct course *course = passport->courses[i];
		if (school_id == NULL || strcmp(school_id, course->school_id) != 0) {
			school_id = course->school_id;
			const Mt__AuthorityRecord *school =
				tree_find(call_store(call), call_arena(call), school_id, &ambiguous);
			name = school == NULL ? school_id : school->name;
		}
		course->shown.institution = (char *)name;
		out->courses[out->n_courses++] = &course->shown;
	}
}

static bool
may_see(struct call *call, const char *person_id, bool *own)
{
	*own = call_is_self(call, person_id);
	if (*own)
		return true;
	bool staff = call_has_role(call, MT__ROLE__HR_OFFICER) || call_has_role(call, MT__ROLE__REGISTRAR) ||
		     call_has_role(call, MT__ROLE__LEADER) || call_has_role(call, MT__ROLE__AUDITOR);
	if (staff)
		return call_scope(call, call_authority(call)); /* and row by row */
	call_refuse(call, MT__STATUS__PERMISSION_DENIED, "a learner may read only the passport of his own");
	return false;
}

static void
passports_get(Mt__Passports_Service *service, const Mt__PassportRequest *in, Mt__PassportReply_Closure reply,
	      void *call)
{
	(void)service;
	struct id id;
	bool own;
	char now[INSTANT_TEXT_BYTES];
	const char *authority_id = NULL;
	if (!call_id(call, "person_id", in->person_id, &id) || !may_see(call, in->person_id, &own))
		return;
	if (in->authority[0] != '\0') {
		const Mt__AuthorityRecord *authority = call_authority_ref(call, "authority", in->authority);
		if (authority == NULL)
			return;
		authority_id = authority->authority_id;
	}
	struct passport *passport = arena_alloc(call_arena(call), sizeof(*passport));
	passport->call = call;
	passport->own = own;
	passport->courses_count = passport->recognitions_count = passport->years_count = passport->rows = 0;
	if (!gather(passport, in->person_id))
		return;
	Mt__PassportReply out = MT__PASSPORT_REPLY__INIT;
	out.rules = point_rules_for(call, authority_id != NULL ? authority_id : authority_of_newest(passport));
	count(passport, out.rules, &out);
	show_courses(passport, &out);
	name_person(passport, &out);
	instant_format(call_now_us(call), now);
	out.person_id = (char *)call_person(call, in->person_id);
	out.recognitions = passport->recognitions;
	out.n_recognitions = passport->recognitions_count;
	out.years = passport->years;
	out.n_years = passport->years_count;
	out.made_at = now;
	out.check_url = arena_format(call_arena(call), "%s/verify", public_url_now(call).url);
	reply(&out, call);
}

Mt__Passports_Service passports = MT__PASSPORTS__INIT(passports_);

/* --- apply ------------------------------------------------------------------------------------------------------ */

void
passport_apply(struct apply *apply, const Mt__PassportFact *fact)
{
	switch (fact->kind_case) {
	case MT__PASSPORT_FACT__KIND_RECOGNITION_GIVEN:
		recognition_apply_given(apply, fact->recognition_given);
		return;
	case MT__PASSPORT_FACT__KIND_RECOGNITION_WITHDRAWN:
		recognition_apply_withdrawn(apply, fact->recognition_withdrawn);
		return;
	case MT__PASSPORT_FACT__KIND_POINT_RULES_SET:
		point_rules_apply_set(apply, fact->point_rules_set);
		return;
	case MT__PASSPORT_FACT__KIND__NOT_SET:
		break;
	}
	assert(false); /* the core lets no empty fact through */
}
