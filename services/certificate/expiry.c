/* services/certificate/expiry.c
 *
 * A certificate with a last day is valid through that day, in the deployment's zone; on the
 * next one it is expired. Before that its holder is reminded, on the days that the kind named
 * when it was issued. A correction leaves the last day as it is, and so the timers too.
 *
 * Who was certified anew for the same programme is reminded no more of the one before:
 * recertification appends, and the older certificate ends by itself. What was revoked is past
 * reminding; what is suspended ends when it is reinstated (change.c). */
#include "services/certificate/expiry.h"

#include "common/base/date.h"
#include "services/certificate/certificate.h"
#include "services/certificate/change.h"
#include "services/certificate/tables.h"

static const char due_method[] = "CertificateTimers.ExpiryDue";

static int32_t
last_day(const Mt__CertificateRecord *certificate)
{
	int32_t date = DATE_NONE;
	bool is_date = date_parse(certificate->valid_until, &date);
	assert(is_date);
	return date;
}

bool
expiry_is_past(const struct call *call, const Mt__CertificateRecord *certificate)
{
	return certificate->valid_until[0] != '\0' && last_day(certificate) < call_today(call);
}

/* --- decisions -------------------------------------------------------------------------------------------------- */

/* True if other certifies the same and goes on when the certificate has ended. */
static bool
goes_on(const Mt__CertificateRecord *other, const Mt__CertificateRecord *certificate)
{
	return other->state == MT__CERTIFICATE__STATE__VALID &&
	       strcmp(other->programme_id, certificate->programme_id) == 0 &&
	       (other->valid_until[0] == '\0' || strcmp(other->valid_until, certificate->valid_until) > 0);
}

/* The certificate of the same person and programme that goes on, "" if there is none. */
static const char *
renewed_by(struct call *call, const Mt__CertificateRecord *certificate)
{
	const char *ids[PERSON_IDS_MAX];
	bool of_programme = certificate->programme_id[0] != '\0';
	size_t count = of_programme ? call_person_ids(call, certificate->person_id, ids, PERSON_IDS_MAX) : 0;
	for (size_t i = 0; i < count; i++) {
		struct key prefix = certificates_of_key(ids[i]);
		struct store_walk walk = store_walk(call_store(call), key_slice(&prefix));
		while (store_walk_next(&walk)) {
			const Mt__CertificateRecord *other = certificate_of_row(call, walk.key);
			if (goes_on(other, certificate))
				return other->certificate_id;
		}
	}
	return "";
}

static char *
title_of(const struct call *call, const Mt__CertificateRecord *certificate)
{
	static char none[] = "";
	const Mt__CertificateContent *content = change_content(call, certificate);
	return content == NULL ? none : content->programme_title;
}

void
expiry_emit_expired(struct call *call, const Mt__CertificateRecord *certificate)
{
	char day[DATE_TEXT_BYTES];
	Mt__CertificateExpired fact = MT__CERTIFICATE_EXPIRED__INIT;
	date_format(last_day(certificate) + 1, day);
	fact.certificate_id = certificate->certificate_id;
	fact.person_id = certificate->person_id;
	fact.authority_id = certificate->authority_id;
	fact.expired_on = day;
	fact.programme_title = title_of(call, certificate);
	fact.renewed_by = (char *)renewed_by(call, certificate);
	call_emit(call, &fact.base);
}

/* A timer may come late, after days in which nothing ran: what is told is how many days are left then. */
static void
emit_expiring(struct call *call, const Mt__CertificateRecord *certificate)
{
	int32_t days_left = last_day(certificate) - call_today(call);
	if (days_left < 0 || renewed_by(call, certificate)[0] != '\0')
		return;
	Mt__CertificateExpiring fact = MT__CERTIFICATE_EXPIRING__INIT;
	fact.certificate_id = certificate->certificate_id;
	fact.person_id = certificate->person_id;
	fact.authority_id = certificate->authority_id;
	fact.valid_until = certificate->valid_until;
	fact.days_left = (uint32_t)days_left;
	fact.programme_title = title_of(call, certificate);
	call_emit(call, &fact.base);
}

void
certificate_timers_expiry_due(Mt__CertificateTimers_Service *service, const Mt__ExpiryDue *in, Mt__Noted_Closure reply,
			      void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	const Mt__CertificateRecord *certificate = certificate_or_refuse(call, in->certificate_id);
	if (certificate == NULL)
		return;
	if (certificate->state == MT__CERTIFICATE__STATE__VALID) {
		if (in->days_left == 0)
			expiry_emit_expired(call, certificate);
		else
			emit_expiring(call, certificate);
	}
	reply(&noted, call);
}

/* --- apply ------------------------------------------------------------------------------------------------------ */

static void
set_timer(struct apply *apply, const Mt__CertificateRecord *certificate, int32_t date, uint32_t days_left)
{
	Mt__ExpiryDue due = MT__EXPIRY_DUE__INIT;
	due.certificate_id = certificate->certificate_id;
	due.days_left = days_left;
	apply_timer_set(apply, date_begins_us(date, apply_zone_minutes(apply)), due_method, certificate->certificate_id,
			&due.base);
}

void
expiry_apply_issued(struct apply *apply, const Mt__CertificateRecord *certificate)
{
	int32_t last = last_day(certificate);
	int32_t today = date_of_instant(apply_time_us(apply), apply_zone_minutes(apply));
	for (size_t i = 0; i < certificate->n_remind_days; i++) {
		int32_t day = last - (int32_t)certificate->remind_days[i];
		if (day > today && certificate->remind_days[i] > 0)
			set_timer(apply, certificate, day, certificate->remind_days[i]);
	}
	set_timer(apply, certificate, last + 1, 0);
}
