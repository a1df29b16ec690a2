/* services/enrollment/event_identity.c
 *
 * What a correction says of who a person is. Other services show names and birth dates that
 * they were told once, on certificates above all, and must put right exactly what was wrong:
 * a name that was right on its day, before a marriage, stays. So the fact tells what was
 * mistaken beside what is right, and only of a correction; a change of name is none. */
#include "services/enrollment/enrollment.h"

#include "common/base/date.h"
#include "common/wire/pb.h"

#include <assert.h>

static const Mt__Personal nobody = MT__PERSONAL__INIT;

static const Mt__Personal *
personal_or_nobody(const Mt__Personal *personal)
{
	return personal != NULL ? personal : &nobody;
}

/* One of the two: what was said, of an event that said nothing what was known, against what is right. */
static bool
text_corrected(const char *said, const char *known, const char *right, char **mistaken, char **instead)
{
	const char *wrong = said[0] != '\0' ? said : known;
	if (right[0] == '\0' || strcmp(wrong, right) == 0)
		return false;
	*mistaken = (char *)wrong;
	*instead = (char *)right;
	return true;
}

static bool
compare(const Mt__Personal *said, const Mt__Personal *known, const Mt__Personal *corrected, Mt__Personal *mistaken,
	Mt__Personal *right)
{
	*mistaken = nobody;
	*right = nobody;
	bool named = text_corrected(said->name, known->name, corrected->name, &mistaken->name, &right->name);
	bool born = text_corrected(said->birth_date, known->birth_date, corrected->birth_date, &mistaken->birth_date,
				   &right->birth_date);
	return named || born;
}

bool
event_identity(struct call *call, const struct subject *subject, const struct change *change,
	       const struct subject *after, Mt__Personal *mistaken, Mt__Personal *right)
{
	int32_t date;
	const Mt__PersonChange *body = change->body;
	const Mt__Personal *known = personal_or_nobody(subject->person->personal);
	const Mt__Personal *corrected = personal_or_nobody(body->personal);
	if (change->kind != MT__EVENT_DATA__KIND_CORRECTED)
		return false;
	if (body->corrects.len == 0) {
		bool ahead = date_parse(body->effective_date, &date) && date > call_today(call);
		return !ahead && compare(&nobody, known, corrected, mistaken, right);
	}
	struct history history = subject_history(call, subject);
	const struct effect *target = history_target(call_arena(call), &history, &body->corrects);
	assert(target != NULL);                   /* the correction was checked */
	if (target->withdrawn || body->withdrawn) /* the event goes or comes back: the record says what is right */
		return compare(&nobody, known, personal_or_nobody(after->person->personal), mistaken, right);
	return compare(personal_or_nobody(target->change->personal), known, corrected, mistaken, right);
}
