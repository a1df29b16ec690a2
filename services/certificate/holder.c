/* services/certificate/holder.c
 *
 * Correct once, correct everywhere. When the registry corrects a name or a birth date, every
 * certificate of the person that shows what was mistaken gets its next edition, and so does
 * every completion that waits: nothing is issued under the wrong name afterwards. A change of
 * name by law is none of this: the certificate was right on its day, and stays.
 *
 * Recorded paper says what is printed on it, and is put right when its issuer confirms it: what is signed then is right
 * from its first edition on, and so is its row of the register.
 *
 * Completions change with the fact. Certificates follow in steps by a timer, each of one
 * institution, so that one whose key cannot sign stands in nobody's way: its step is
 * refused, listed with the refused reactions, and goes on when it is retried. Corrections that come
 * while others wait are made in their order, together: a certificate gets one edition. */
#include "services/certificate/holder.h"

#include "services/certificate/certificate.h"
#include "services/certificate/change.h"
#include "services/certificate/completion.h"
#include "services/certificate/correct.h"
#include "services/certificate/tables.h"

static const char due_method[] = "CertificateTimers.CorrectionDue";

static struct key
corrected_key(const char *person_id)
{
	struct key key = key_of(TABLE_HOLDER_CORRECTED);
	key_id_of(&key, person_id);
	return key;
}

static struct key
paper_corrected_key(const char *person_id)
{
	struct key key = key_of(TABLE_PAPER_CORRECTED);
	key_id_of(&key, person_id);
	return key;
}

/* --- putting right ---------------------------------------------------------------------------------------------- */

static bool
put_right(char **text, const char *mistaken, char *right)
{
	if (right[0] == '\0' || strcmp(*text, mistaken) != 0 || strcmp(mistaken, right) == 0)
		return false;
	*text = right;
	return true;
}

bool
holder_put_right(const Mt__HolderCorrected *fact, char **name, char **birth_date)
{
	if (fact->personal == NULL || fact->mistaken == NULL)
		return false;
	bool named = put_right(name, fact->mistaken->name, fact->personal->name);
	bool born = put_right(birth_date, fact->mistaken->birth_date, fact->personal->birth_date);
	return named || born;
}

bool
holder_put_paper_right(struct call *call, const char *person_id, Mt__CertificateContent *content)
{
	bool changed = false;
	const char *ids[PERSON_IDS_MAX];
	size_t count = call_person_ids(call, person_id, ids, PERSON_IDS_MAX);
	for (size_t i = 0; i < count; i++) {
		struct key prefix = paper_corrected_key(ids[i]);
		struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
		while (store_walk_next(&walk)) {
			const Mt__HolderCorrected *correction =
				call_unpack(call, &mt__holder_corrected__descriptor, walk.value);
			changed = holder_put_right(correction, &content->name, &content->birth_date) || changed;
		}
	}
	return changed;
}

/* --- the reaction ----------------------------------------------------------------------------------------------- */

struct schools {
	char *ids[HOLDER_SCHOOLS_MAX];
	size_t count;
	bool has_paper; /* recorded, and not confirmed yet */
};

/* False and refused if they are too many. */
static bool
schools_add(struct schools *schools, struct call *call, char *school_id)
{
	for (size_t i = 0; i < schools->count; i++) {
		if (strcmp(schools->ids[i], school_id) == 0)
			return true;
	}
	if (schools->count == HOLDER_SCHOOLS_MAX) {
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION,
			    "the person has certificates of more than %d institutions", HOLDER_SCHOOLS_MAX);
		return false;
	}
	schools->ids[schools->count++] = school_id;
	return true;
}

/* What is revoked certifies nothing, and recorded paper says what is printed on it. */
static bool
is_correctable(const Mt__CertificateRecord *certificate)
{
	return certificate->state != MT__CERTIFICATE__STATE__REVOKED &&
	       certificate->state != MT__CERTIFICATE__STATE__RECORDED;
}

/* Whether they show what was mistaken is looked at when their turn comes: another correction may come before. */
static bool
schools_of(struct schools *schools, struct call *call, const char *person_id)
{
	struct key prefix = certificates_of_key(person_id);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	while (store_walk_next(&walk)) {
		const Mt__CertificateRecord *certificate = certificate_of_row(call, walk.key);
		schools->has_paper |= certificate->state == MT__CERTIFICATE__STATE__RECORDED;
		if (is_correctable(certificate) && !schools_add(schools, call, certificate->school_id))
			return false;
	}
	return true;
}

static bool
has_completions(const struct call *call, const char *person_id)
{
	struct key prefix = completions_of_key(person_id);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	return store_walk_next(&walk);
}

void
certificate_reactions_person_changed(Mt__CertificateReactions_Service *service, const Mt__PersonChanged *in,
				     Mt__Noted_Closure reply, void *call)
{
	(void)service;
	const char *ids[PERSON_IDS_MAX];
	struct schools schools = {.count = 0};
	bool concerned = false;
	Mt__Noted noted = MT__NOTED__INIT;
	Mt__HolderCorrected fact = MT__HOLDER_CORRECTED__INIT;
	bool corrected = in->mistaken != NULL && in->right != NULL && !call_erased(call, in->person_id);
	size_t count = corrected ? call_person_ids(call, in->person_id, ids, PERSON_IDS_MAX) : 0;
	for (size_t i = 0; i < count; i++) {
		concerned = concerned || has_completions(call, ids[i]);
		if (!schools_of(&schools, call, ids[i]))
			return;
	}
	if (concerned || schools.has_paper || schools.count > 0) {
		fact.person_id = in->person_id;
		fact.personal = in->right;
		fact.mistaken = in->mistaken;
		fact.school_ids = schools.ids;
		fact.n_school_ids = schools.count;
		fact.for_paper = schools.has_paper;
		call_emit(call, &fact.base);
	}
	reply(&noted, call);
}

/* --- a step ----------------------------------------------------------------------------------------------------- */

/* One institution's certificates of a person. */
struct step {
	struct call *call;
	struct issuing issuing;
	const char *person_id;
	const char *school_id;
	bool can_sign; /* the institution's key is open */
	unsigned corrected;
};

static bool
names_school(const Mt__HolderCorrected *correction, const char *school_id)
{
	for (size_t i = 0; i < correction->n_school_ids; i++) {
		if (strcmp(correction->school_ids[i], school_id) == 0)
			return true;
	}
	return false;
}

/* All corrections that the institution has not gone through, in the order in which they came. */
static bool
put_all_right(const struct step *step, Mt__CertificateContent *content)
{
	bool changed = false;
	struct key prefix = corrected_key(step->person_id);
	struct store_walk walk = store_walk(call_store(step->call), key_slice(&prefix));
	while (store_walk_next(&walk)) {
		const Mt__HolderCorrected *correction =
			call_unpack(step->call, &mt__holder_corrected__descriptor, walk.value);
		if (names_school(correction, step->school_id) &&
		    holder_put_right(correction, &content->name, &content->birth_date))
			changed = true;
	}
	return changed;
}

enum step_end { STEP_ON, STEP_FULL, STEP_REFUSED };

static enum step_end
correct_one(struct step *step, const Mt__CertificateRecord *certificate)
{
	const Mt__CertificateContent *before =
		is_correctable(certificate) && strcmp(certificate->school_id, step->school_id) == 0
			? change_content(step->call, certificate)
			: NULL;
	if (before == NULL)
		return STEP_ON;
	Mt__CertificateContent content = *before;
	if (!put_all_right(step, &content))
		return STEP_ON;
	if (step->corrected == CORRECT_PER_STEP)
		return STEP_FULL;
	if (!step->can_sign && !issue_begin(&step->issuing, step->call, step->school_id))
		return STEP_REFUSED;
	step->can_sign = true;
	if (!correct_may_sign(&step->issuing, certificate))
		return STEP_ON;
	step->corrected++;
	correct_emit(&step->issuing, certificate, &content, NULL);
	return STEP_ON;
}

static enum step_end
correct_all(struct step *step)
{
	const char *ids[PERSON_IDS_MAX];
	enum step_end outcome = STEP_ON;
	size_t count = call_person_ids(step->call, step->person_id, ids, PERSON_IDS_MAX);
	for (size_t i = 0; i < count; i++) {
		struct key prefix = certificates_of_key(ids[i]);
		struct store_walk walk = store_walk(call_store(step->call), key_slice(&prefix));
		while (outcome == STEP_ON && store_walk_next(&walk))
			outcome = correct_one(step, certificate_of_row(step->call, walk.key));
	}
	return outcome;
}

void
certificate_timers_correction_due(Mt__CertificateTimers_Service *service, const Mt__CorrectionDue *in,
				  Mt__Noted_Closure reply, void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	struct step step = {.call = call, .person_id = in->person_id, .school_id = in->school_id};
	enum step_end outcome = correct_all(&step);
	if (step.can_sign)
		issue_end(&step.issuing);
	if (outcome == STEP_REFUSED)
		return;
	Mt__HolderCorrectionContinued continued = MT__HOLDER_CORRECTION_CONTINUED__INIT;
	Mt__HolderCorrectionDone done = MT__HOLDER_CORRECTION_DONE__INIT;
	continued.person_id = in->person_id;
	continued.school_id = in->school_id;
	done.person_id = in->person_id;
	done.school_id = in->school_id;
	call_emit(call, outcome == STEP_FULL ? &continued.base : &done.base);
	reply(&noted, call);
}

/* --- apply ------------------------------------------------------------------------------------------------------ */

static void
set_timer(struct apply *apply, char *person_id, char *school_id)
{
	Mt__CorrectionDue due = MT__CORRECTION_DUE__INIT;
	due.person_id = person_id;
	due.school_id = school_id;
	/* Due at once, under a name of this entry's own, as in completion_apply.c. */
	const char *name = arena_format(apply_arena(apply), "%s/%s/%llu", person_id, school_id,
					(unsigned long long)apply_seq(apply));
	apply_timer_set(apply, apply_time_us(apply), due_method, name, &due.base);
}

/* Behind the last one of the prefix. */
static void
put_behind(struct apply *apply, const struct key *prefix, const Mt__HolderCorrected *fact)
{
	uint32_t next = 1;
	struct store_walk walk = store_walk(apply_store(apply), key_slice(prefix));
	while (store_walk_next(&walk))
		next = get_u32(walk.key.data + walk.key.size - sizeof(uint32_t)) + 1;
	struct key key = *prefix;
	key_u32(&key, next);
	apply_put(apply, &key, &fact->base);
}

static void
apply_corrected(struct apply *apply, const Mt__HolderCorrected *fact)
{
	const char *ids[PERSON_IDS_MAX];
	size_t count = apply_person_ids(apply, fact->person_id, ids, PERSON_IDS_MAX);
	for (size_t i = 0; i < count; i++)
		completion_apply_holder(apply, ids[i], fact);
	struct key paper = paper_corrected_key(fact->person_id);
	if (fact->for_paper)
		put_behind(apply, &paper, fact);
	if (fact->n_school_ids == 0)
		return;
	struct key waiting = corrected_key(fact->person_id);
	put_behind(apply, &waiting, fact);
	for (size_t i = 0; i < fact->n_school_ids; i++)
		set_timer(apply, fact->person_id, fact->school_ids[i]);
}

/* The institution is through with all that waited of the person. */
static void
apply_done(struct apply *apply, const Mt__HolderCorrectionDone *fact)
{
	struct key prefix = corrected_key(fact->person_id);
	struct store_walk walk = store_walk(apply_store(apply), key_slice(&prefix));
	while (store_walk_next(&walk)) {
		struct key key = key_copy(walk.key);
		Mt__HolderCorrected *waits = apply_unpack(apply, &mt__holder_corrected__descriptor, walk.value);
		size_t left = 0;
		for (size_t i = 0; i < waits->n_school_ids; i++) {
			if (strcmp(waits->school_ids[i], fact->school_id) != 0)
				waits->school_ids[left++] = waits->school_ids[i];
		}
		if (left == waits->n_school_ids)
			continue;
		waits->n_school_ids = left;
		if (left == 0)
			apply_delete(apply, &key);
		else
			apply_put(apply, &key, &waits->base);
	}
}

void
holder_apply(struct apply *apply, const Mt__CertificateFact *fact)
{
	if (fact->kind_case == MT__CERTIFICATE_FACT__KIND_HOLDER_CORRECTED)
		apply_corrected(apply, fact->holder_corrected);
	else if (fact->kind_case == MT__CERTIFICATE_FACT__KIND_HOLDER_CORRECTION_CONTINUED)
		set_timer(apply, fact->holder_correction_continued->person_id,
			  fact->holder_correction_continued->school_id);
	else
		apply_done(apply, fact->holder_correction_done);
}

static void
delete_all(struct apply *apply, const struct key *prefix)
{
	struct store_walk walk = store_walk(apply_store(apply), key_slice(prefix));
	while (store_walk_next(&walk)) {
		struct key key = key_copy(walk.key);
		apply_delete(apply, &key);
	}
}

void
holder_apply_erased(struct apply *apply, const char *person_id)
{
	struct key waiting = corrected_key(person_id);
	struct key paper = paper_corrected_key(person_id);
	delete_all(apply, &waiting);
	delete_all(apply, &paper);
}
