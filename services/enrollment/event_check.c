/* services/enrollment/event_check.c
 *
 * What an event must look like before anybody asks about whom it is: texts within their
 * limits and in NFC, civil dates that the calendar has, a receiver that exists. A fault is
 * a verdict, not a refusal: the batch around it goes on, the sender gets the field as JSON
 * spells it, a code that never changes, and a sentence that holds no personal data. */
#include "services/enrollment/enrollment.h"

#include "common/base/date.h"
#include "common/base/text.h"

#include <assert.h>

bool
verdict_reject(struct verdict *verdict, const char *field, const char *code, const char *message)
{
	*verdict = (struct verdict){MT__EVENT__OUTCOME__REJECTED, field, code, message};
	return false;
}

bool
event_check_text(struct call *call, const char *field, const char *value, size_t bytes_max, bool may_be_empty,
		 const char **checked, struct verdict *verdict)
{
	size_t size = strlen(value);
	*checked = "";
	if (size == 0) {
		if (may_be_empty)
			return true;
		return verdict_reject(verdict, field, "missing",
				      arena_format(call_arena(call), "%s is missing", field));
	}
	if (size <= bytes_max)
		*checked = text_nfc(call_arena(call), value);
	if (*checked == NULL)
		return verdict_reject(verdict, field, "bad_text",
				      arena_format(call_arena(call), "%s is not valid UTF-8", field));
	if (size > bytes_max || strlen(*checked) > bytes_max)
		return verdict_reject(verdict, field, "too_long",
				      arena_format(call_arena(call), "%s is longer than %zu bytes", field, bytes_max));
	return true;
}

static bool
check_date(struct call *call, const char *field, const char *value, bool may_be_empty, const char **checked,
	   struct verdict *verdict)
{
	int32_t date;
	*checked = value;
	if (value[0] == '\0' && may_be_empty)
		return true;
	if (value[0] == '\0')
		return verdict_reject(verdict, field, "missing",
				      arena_format(call_arena(call), "%s is missing", field));
	if (date_parse(value, &date))
		return true;
	return verdict_reject(
		verdict, field, "bad_date",
		arena_format(call_arena(call), "%s is not a date of the calendar written YYYY-MM-DD", field));
}

static bool
check_hired(struct call *call, const Mt__Hired *data, struct change *change, struct verdict *verdict)
{
	change->category = data->category;
	if (!event_check_text(call, "data.name", data->name, NAME_BYTES_MAX, false, &change->name, verdict))
		return false;
	if (!check_date(call, "data.birthDate", data->birth_date, true, &change->birth_date, verdict))
		return false;
	if (!event_check_text(call, "data.email", data->email, NAME_BYTES_MAX, true, &change->email, verdict))
		return false;
	if (data->category == MT__PERSON__CATEGORY__UNSPECIFIED)
		return verdict_reject(verdict, "data.category", "missing", "data.category is missing");
	if (!event_check_text(call, "data.position", data->position, CODE_BYTES_MAX, true, &change->position, verdict))
		return false;
	return check_date(call, "data.effectiveDate", data->effective_date, false, &change->effective_date, verdict);
}

static bool
check_updated(struct call *call, const Mt__Updated *data, struct change *change, struct verdict *verdict)
{
	change->category = data->category;
	if (!event_check_text(call, "data.name", data->name, NAME_BYTES_MAX, true, &change->name, verdict))
		return false;
	if (!check_date(call, "data.birthDate", data->birth_date, true, &change->birth_date, verdict))
		return false;
	if (!event_check_text(call, "data.email", data->email, NAME_BYTES_MAX, true, &change->email, verdict))
		return false;
	if (!event_check_text(call, "data.position", data->position, CODE_BYTES_MAX, true, &change->position, verdict))
		return false;
	return check_date(call, "data.effectiveDate", data->effective_date, true, &change->effective_date, verdict);
}

static bool
check_transferred(struct call *call, const Mt__Transferred *data, struct change *change, struct verdict *verdict)
{
	bool ambiguous;
	if (!event_check_text(call, "data.toStaffCode", data->to_staff_code, CODE_BYTES_MAX, false,
			      &change->to_staff_code, verdict))
		return false;
	if (!event_check_text(call, "data.position", data->position, CODE_BYTES_MAX, true, &change->position, verdict))
		return false;
	if (!check_date(call, "data.effectiveDate", data->effective_date, false, &change->effective_date, verdict))
		return false;
	if (data->to_authority[0] == '\0')
		return verdict_reject(verdict, "data.toAuthority", "missing", "data.toAuthority is missing");
	change->to = tree_find(call_store(call), call_arena(call), data->to_authority, &ambiguous);
	if (change->to != NULL)
		return true;
	const char *message = arena_format(call_arena(call),
					   ambiguous ? "authority code %.64s stands for several authorities"
						     : "authority %.64s is unknown",
					   data->to_authority);
	return verdict_reject(verdict, "data.toAuthority", "unknown_authority", message);
}

bool
event_check_data(struct call *call, const Mt__EventData *data, struct change *change, struct verdict *verdict)
{
	*change = (struct change){.kind = data != NULL ? data->kind_case : MT__EVENT_DATA__KIND__NOT_SET};
	switch (change->kind) {
	case MT__EVENT_DATA__KIND_HIRED:
		return check_hired(call, data->hired, change, verdict);
	case MT__EVENT_DATA__KIND_UPDATED:
		return check_updated(call, data->updated, change, verdict);
	case MT__EVENT_DATA__KIND_TRANSFERRED:
		return check_transferred(call, data->transferred, change, verdict);
	case MT__EVENT_DATA__KIND_RETIRED:
		return check_date(call, "data.effectiveDate", data->retired->effective_date, false,
				  &change->effective_date, verdict);
	case MT__EVENT_DATA__KIND__NOT_SET:
		break;
	}
	return verdict_reject(verdict, "data", "missing", "data is missing");
}

const Mt__AuthorityRecord *
event_source_authority(struct call *call, const char *source, struct verdict *verdict)
{
	static const char BEGINS[] = "/authorities/";
	size_t begins_size = sizeof(BEGINS) - 1;
	const char *checked;
	if (!event_check_text(call, "source", source, EVENT_SOURCE_BYTES_MAX, false, &checked, verdict))
		return NULL;
	if (strncmp(source, BEGINS, begins_size) != 0) {
		verdict_reject(verdict, "source", "unknown_authority", "source does not begin with /authorities/CODE");
		return NULL;
	}
	const char *code = source + begins_size;
	size_t size = strcspn(code, "/");
	bool ambiguous;
	const Mt__AuthorityRecord *authority = tree_find(
		call_store(call), call_arena(call), arena_text(call_arena(call), slice_of(code, size)), &ambiguous);
	if (authority != NULL)
		return authority;
	int shown = size < CODE_BYTES_MAX ? (int)size : CODE_BYTES_MAX;
	const char *message = arena_format(call_arena(call),
					   ambiguous ? "authority code %.*s stands for several authorities"
						     : "authority %.*s is unknown",
					   shown, code);
	verdict_reject(verdict, "source", "unknown_authority", message);
	return NULL;
}
