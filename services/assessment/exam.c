/* services/assessment/exam.c
 *
 * An exam is the test of one class: items with their keys, minutes, attempts. Who may
 * sit it stands in the roster, mirrored from enrollment by reaction. It promises that
 * an exam and the class it tests belong to the same school: what a mark does in
 * enrollment hangs on it. Keys leave this file only through Exams.Get, which no
 * learner may call, and to the grading. */
#include "services/assessment/exam.h"

#include "common/wire/pb.h"
#include "services/assessment/service.h"
#include "services/assessment/tables.h"

/* --- look-ups --------------------------------------------------------------------------------------------------- */

static struct key
exam_key(const char *exam_id)
{
	struct key key = key_of(TABLE_EXAM);
	key_id_of(&key, exam_id);
	return key;
}

static struct key
roster_class_key(const char *class_id)
{
	struct key key = key_of(TABLE_ROSTER);
	key_id_of(&key, class_id);
	return key;
}

static struct key
roster_key(const char *class_id, const char *person_id)
{
	struct key key = roster_class_key(class_id);
	key_id_of(&key, person_id);
	return key;
}

const Mt__ExamRecord *
exam_or_refuse(struct call *call, const char *exam_id)
{
	struct id id;
	if (!call_id(call, "exam_id", exam_id, &id))
		return NULL;
	struct key key = exam_key(exam_id);
	const Mt__ExamRecord *exam = call_record(call, &key, &mt__exam_record__descriptor);
	if (exam == NULL)
		call_refuse(call, MT__STATUS__NOT_FOUND, "exam %s is not known", exam_id);
	return exam;
}

const Mt__RosterRecord *
roster_find(const struct call *call, const char *class_id, const char *person_id)
{
	struct key key = roster_key(class_id, person_id);
	return call_record(call, &key, &mt__roster_record__descriptor);
}

/* The school of a class, as far as its roster tells; NULL while it is empty. */
static const char *
class_school(struct call *call, const char *class_id)
{
	struct key prefix = roster_class_key(class_id);
	struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
	if (!store_walk_next(&walk))
		return NULL;
	const ProtobufCMessage *row = pb_unpack_trusted(&mt__roster_record__descriptor, call_arena(call), walk.value);
	assert(row != NULL);
	return ((const Mt__RosterRecord *)row)->school_id;
}

uint32_t
exam_points_max(const Mt__ExamRecord *exam)
{
	uint32_t points = 0;
	for (size_t i = 0; i < exam->n_items; i++)
		points += exam->items[i]->points;
	return points;
}

/* --- decisions -------------------------------------------------------------------------------------------------- */

static bool
copy_choices(struct call *call, size_t index, const Mt__Item *in, Mt__Item *item)
{
	if (in->n_choices < EXAM_CHOICES_MIN || in->n_choices > EXAM_CHOICES_MAX) {
		const char *field = arena_format(call_arena(call), "items[%zu].choices", index);
		call_refuse_field(call, field, "item %zu has %zu choices, it needs %d to %d", index + 1, in->n_choices,
				  EXAM_CHOICES_MIN, EXAM_CHOICES_MAX);
		return false;
	}
	item->n_choices = in->n_choices;
	item->choices = arena_zero(call_arena(call), in->n_choices * sizeof(*item->choices));
	for (size_t i = 0; i < in->n_choices; i++) {
		const char *field = arena_format(call_arena(call), "items[%zu].choices[%zu]", index, i);
		item->choices[i] = (char *)call_text(call, field, in->choices[i], EXAM_CHOICE_BYTES_MAX, false);
		if (item->choices[i] == NULL)
			return false;
	}
	return true;
}

static Mt__Item *
copy_item(struct call *call, size_t index, const Mt__Item *in)
{
	struct arena *arena = call_arena(call);
	Mt__Item *item = (Mt__Item *)pb_new(&mt__item__descriptor, arena);
	item->number = (uint32_t)index + 1;
	item->key = in->key;
	item->points = in->points == 0 ? 1 : in->points;
	if (in->number != 0 && in->number != item->number) {
		call_refuse_field(call, arena_format(arena, "items[%zu].number", index),
				  "item %zu says it is number %u; items count from 1 in their order", index + 1,
				  in->number);
		return NULL;
	}
	item->stem = (char *)call_text(call, arena_format(arena, "items[%zu].stem", index), in->stem,
				       EXAM_STEM_BYTES_MAX, false);
	if (item->stem == NULL || !copy_choices(call, index, in, item))
		return NULL;
	if (item->key == 0 || item->key > item->n_choices) {
		call_refuse_field(call, arena_format(arena, "items[%zu].key", index),
				  "the key of item %zu is %u, it has choices 1 to %zu", index + 1, in->key,
				  item->n_choices);
		return NULL;
	}
	if (item->points > EXAM_POINTS_MAX) {
		call_refuse_field(call, arena_format(arena, "items[%zu].points", index),
				  "item %zu is worth %u points, at most %d are allowed", index + 1, in->points,
				  EXAM_POINTS_MAX);
		return NULL;
	}
	return item;
}

static bool
copy_items(struct call *call, const Mt__CreateExamRequest *in, Mt__ExamRecord *exam)
{
	if (in->n_items == 0 || in->n_items > EXAM_ITEMS_MAX) {
		call_refuse_field(call, "items", "an exam has 1 to %d items, this one has %zu", EXAM_ITEMS_MAX,
				  in->n_items);
		return false;
	}
	exam->n_items = in->n_items;
	exam->items = arena_zero(call_arena(call), in->n_items * sizeof(*exam->items));
	for (size_t i = 0; i < in->n_items; i++) {
		exam->items[i] = copy_item(call, i, in->items[i]);
		if (exam->items[i] == NULL)
			return false;
	}
	return true;
}

static bool
may_test_class(struct call *call, const char *class_id, const Mt__AuthorityRecord *school)
{
	const char *owner = class_school(call, class_id);
	if (owner == NULL || strcmp(owner, school->authority_id) == 0)
		return true;
	call_refuse_field(call, "authority", "class %s is not one of %s", class_id, school->code);
	return false;
}

static void
exams_create(Mt__Exams_Service *service, const Mt__CreateExamRequest *in, Mt__CreateExamReply_Closure reply, void *call)
{
	(void)service;
	struct id class_id;
	if (!call_id(call, "class_id", in->class_id, &class_id))
		return;
	const Mt__AuthorityRecord *school = call_authority_ref(call, "authority", in->authority);
	if (school == NULL || !may_test_class(call, in->class_id, school))
		return;
	Mt__ExamRecord exam = MT__EXAM_RECORD__INIT;
	exam.title = (char *)call_text(call, "title", in->title, NAME_BYTES_MAX, false);
	if (exam.title == NULL)
		return;
	if (in->minutes == 0 || in->minutes > EXAM_MINUTES_MAX) {
		call_refuse_field(call, "minutes", "an exam takes 1 to %d minutes, not %u", EXAM_MINUTES_MAX,
				  in->minutes);
		return;
	}
	if (in->attempts_max > EXAM_ATTEMPTS_MAX) {
		call_refuse_field(call, "attempts_max", "an exam allows at most %d attempts, not %u", EXAM_ATTEMPTS_MAX,
				  in->attempts_max);
		return;
	}
	if (!copy_items(call, in, &exam))
		return;
	exam.exam_id = (char *)call_new_id(call, school->locality);
	exam.class_id = in->class_id;
	exam.authority_id = school->authority_id;
	exam.minutes = in->minutes;
	exam.attempts_max = in->attempts_max == 0 ? 1 : in->attempts_max;
	exam.version = 1;

	Mt__ExamCreated fact = MT__EXAM_CREATED__INIT;
	fact.exam = &exam;
	call_emit(call, &fact.base);

	Mt__CreateExamReply out = MT__CREATE_EXAM_REPLY__INIT;
	out.exam_id = exam.exam_id;
	reply(&out, call);
}

static void
exams_get(Mt__Exams_Service *service, const Mt__GetExamRequest *in, Mt__ExamRecord_Closure reply, void *call)
{
	(void)service;
	const Mt__ExamRecord *exam = exam_or_refuse(call, in->exam_id);
	if (exam == NULL || !call_scope(call, exam->authority_id))
		return;
	reply(exam, call);
}

Mt__Exams_Service exams = MT__EXAMS__INIT(exams_);

/* --- reactions -------------------------------------------------------------------------------------------------- */

static void
exam_reactions_learner_enrolled(Mt__ExamReactions_Service *service, const Mt__LearnerEnrolled *in,
				Mt__Noted_Closure reply, void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	if (roster_find(call, in->class_id, in->person_id) == NULL) {
		Mt__RosterRecord roster = MT__ROSTER_RECORD__INIT;
		roster.class_id = in->class_id;
		roster.person_id = in->person_id;
		roster.authority_id = in->authority_id;
		roster.school_id = in->school_id;
		Mt__RosterJoined fact = MT__ROSTER_JOINED__INIT;
		fact.roster = &roster;
		call_emit(call, &fact.base);
	}
	reply(&noted, call);
}

static void
exam_reactions_enrolment_withdrawn(Mt__ExamReactions_Service *service, const Mt__EnrolmentWithdrawn *in,
				   Mt__Noted_Closure reply, void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	if (roster_find(call, in->class_id, in->person_id) != NULL) {
		Mt__RosterLeft fact = MT__ROSTER_LEFT__INIT;
		fact.class_id = in->class_id;
		fact.person_id = in->person_id;
		call_emit(call, &fact.base);
	}
	reply(&noted, call);
}

Mt__ExamReactions_Service exam_reactions = MT__EXAM_REACTIONS__INIT(exam_reactions_);

/* --- apply ------------------------------------------------------------------------------------------------------ */

static void
apply_created(struct apply *apply, const Mt__ExamCreated *fact)
{
	struct key key = exam_key(fact->exam->exam_id);
	apply_put(apply, &key, &fact->exam->base);
	figures_add(apply, &assessment_metrics[METRIC_EXAMS], fact->exam->authority_id, "", 0, 1);
}

static void
apply_joined(struct apply *apply, const Mt__RosterJoined *fact)
{
	struct key key = roster_key(fact->roster->class_id, fact->roster->person_id);
	apply_put(apply, &key, &fact->roster->base);
}

static void
apply_left(struct apply *apply, const Mt__RosterLeft *fact)
{
	struct key key = roster_key(fact->class_id, fact->person_id);
	apply_delete(apply, &key);
}

void
exam_apply(struct apply *apply, const Mt__ExamFact *fact)
{
	switch (fact->kind_case) {
	case MT__EXAM_FACT__KIND_EXAM_CREATED:
		apply_created(apply, fact->exam_created);
		return;
	case MT__EXAM_FACT__KIND_ROSTER_JOINED:
		apply_joined(apply, fact->roster_joined);
		return;
	case MT__EXAM_FACT__KIND_ROSTER_LEFT:
		apply_left(apply, fact->roster_left);
		return;
	case MT__EXAM_FACT__KIND__NOT_SET:
		break;
	}
	assert(false); /* the core lets no empty fact through */
}
