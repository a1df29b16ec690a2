/* services/certificate/content.c
 *
 * Of people of whom only the year of birth is known a certificate says no more than that. Promise: what passed here is
 * text in NFC without control characters, dates of the calendar that are not to come, and numbers within limits. */
#include "services/certificate/content.h"

#include "common/base/date.h"
#include "common/wire/pb.h"
#include "services/certificate/kind.h"

const char *
content_text(struct call *call, const char *field, const char *value, bool may_be_empty)
{
	const char *text = call_text(call, field, value, NAME_BYTES_MAX, may_be_empty);
	for (size_t i = 0; text != NULL && text[i] != '\0'; i++) {
		uint8_t byte = (uint8_t)text[i];
		bool is_c1 = byte == 0xc2 && (uint8_t)text[i + 1] < 0xa0;
		if (byte >= 0x20 && byte != 0x7f && !is_c1)
			continue;
		call_refuse_field(call, field, "%s holds a control character", field);
		return NULL;
	}
	return text;
}

int32_t
content_date(struct call *call, const char *field, const char *value)
{
	int32_t date = call_date(call, field, value);
	if (date == DATE_NONE || date <= call_today(call))
		return date;
	call_refuse_field(call, field, "%s is %s, which is still to come", field, value);
	return DATE_NONE;
}

/* The first day that a date with or without month and day may mean. */
static bool
first_day(const char *value, int32_t *date)
{
	static const char rest[] = "0000-01-01";
	char whole[DATE_TEXT_BYTES];
	size_t size = strlen(value);
	if (size != 4 && size != 7 && size != 10)
		return false;
	memcpy(whole, rest, sizeof(whole));
	memcpy(whole, value, size);
	return date_parse(whole, date);
}

bool
content_birth_date(struct call *call, const char *field, const char *value)
{
	int32_t date;
	if (value[0] == '\0')
		return true;
	if (!first_day(value, &date))
		call_refuse_field(call, field, "%s is not a date written YYYY-MM-DD, YYYY-MM or YYYY", field);
	else if (date > call_today(call))
		call_refuse_field(call, field, "%s is still to come", field);
	return !call_refused(call);
}

static bool
texts_check(struct call *call, const Mt__CertificateContent *in, Mt__CertificateContent *out)
{
	out->name = (char *)content_text(call, "content.name", in->name, false);
	if (out->name == NULL)
		return false;
	out->programme_title = (char *)content_text(call, "content.programme_title", in->programme_title, false);
	if (out->programme_title == NULL)
		return false;
	out->programme_title_en =
		(char *)content_text(call, "content.programme_title_en", in->programme_title_en, true);
	if (out->programme_title_en == NULL)
		return false;
	out->decision_number = (char *)content_text(call, "content.decision_number", in->decision_number, true);
	return out->decision_number != NULL;
}

static bool
numbers_check(struct call *call, const Mt__CertificateContent *in)
{
	if (in->hours > KIND_HOURS_MAX)
		call_refuse_field(call, "content.hours", "content.hours is %u, at most %d is possible", in->hours,
				  KIND_HOURS_MAX);
	else if (in->mark_percent > 100)
		call_refuse_field(call, "content.mark_percent", "content.mark_percent is %u, at most 100 is possible",
				  in->mark_percent);
	return !call_refused(call);
}

static bool
dates_check(struct call *call, const Mt__CertificateContent *in)
{
	bool numbered = in->decision_number[0] != '\0';
	if (!content_birth_date(call, "content.birth_date", in->birth_date) ||
	    content_date(call, "content.completed_on", in->completed_on) == DATE_NONE)
		return false;
	if (numbered != (in->decision_date[0] != '\0')) {
		call_refuse_field(call, numbered ? "content.decision_date" : "content.decision_number",
				  "content.decision_number and content.decision_date come together");
		return false;
	}
	return !numbered || content_date(call, "content.decision_date", in->decision_date) != DATE_NONE;
}

static bool
foreign_check(struct call *call, const Mt__CertificateContent *in)
{
	struct id id;
	if (in->kind_name[0] != '\0' || in->kind_name_en[0] != '\0')
		call_refuse_field(call, "content.kind_name", "content.kind_name is what the certificate kind says");
	else if (in->signatory_name[0] != '\0' || in->signatory_title[0] != '\0' || in->signatory_title_en[0] != '\0')
		call_refuse_field(call, "content.signatory_name",
				  "content.signatory_name is who signs by the certificate kind");
	else if (in->programme_id[0] != '\0')
		call_id(call, "content.programme_id", in->programme_id, &id);
	return !call_refused(call);
}

Mt__CertificateContent *
content_checked(struct call *call, const Mt__CertificateContent *in)
{
	if (in == NULL) {
		call_refuse_field(call, "content", "content is missing");
		return NULL;
	}
	Mt__CertificateContent *out =
		(Mt__CertificateContent *)pb_new(&mt__certificate_content__descriptor, call_arena(call));
	if (!foreign_check(call, in) || !texts_check(call, in, out) || !numbers_check(call, in) ||
	    !dates_check(call, in))
		return NULL;
	out->birth_date = in->birth_date;
	out->programme_id = in->programme_id;
	out->hours = in->hours;
	out->mark_percent = in->mark_percent;
	out->completed_on = in->completed_on;
	out->decision_date = in->decision_date;
	return out;
}

void
content_of_kind(Mt__CertificateContent *content, const Mt__CertificateKindRecord *kind, uint32_t signatory)
{
	static char none[] = "";
	bool english = kind->language == MT__CERTIFICATE_KIND__LANGUAGE__VI_EN;
	content->kind_name = kind->name;
	content->kind_name_en = english ? kind->name_en : none;
	content->class_of = kind->class_of;
	if (!english)
		content->programme_title_en = none;
	if (signatory == 0 || signatory > kind->n_signatories)
		return;
	const Mt__Signatory *signs = kind->signatories[signatory - 1];
	content->signatory_name = signs->name;
	content->signatory_title = signs->title;
	content->signatory_title_en = english ? signs->title_en : none;
}
