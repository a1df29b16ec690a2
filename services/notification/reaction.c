/* services/notification/reaction.c
 *
 * What happens elsewhere and concerns a person here: where a person can be reached, and
 * what the person is told. Each reaction first looks whether it did its work before, so a
 * feed that is read again (after a producer was restored) tells nobody twice. */
#include "services/notification/message.h"

/* --- contacts --------------------------------------------------------------------------------------------------- */

static bool
same_text(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* Name and address only: a birth date is nobody's business here. */
static void
note_contact(struct call *call, const char *person_id, const char *authority_id, const char *name, const char *email)
{
	const Mt__ContactRecord *known = contact_find(call, person_id);
	if (known != NULL && known->personal != NULL && same_text(known->authority_id, authority_id) &&
	    same_text(known->personal->name, name) && same_text(known->personal->email, email))
		return;
	Mt__Personal personal = MT__PERSONAL__INIT;
	Mt__ContactRecord contact = MT__CONTACT_RECORD__INIT;
	Mt__ContactNoted fact = MT__CONTACT_NOTED__INIT;
	personal.name = (char *)name;
	personal.email = (char *)email;
	contact.person_id = (char *)person_id;
	contact.authority_id = (char *)authority_id;
	contact.personal = &personal;
	fact.contact = &contact;
	call_emit(call, &fact.base);
}

static void
message_reactions_person_hired(Mt__MessageReactions_Service *service, const Mt__PersonHired *in,
			       Mt__Noted_Closure reply, void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	const Mt__Personal *personal = in->change->personal;
	note_contact(call, in->person_id, in->authority_id, personal == NULL ? "" : personal->name,
		     personal == NULL ? "" : personal->email);
	reply(&noted, call);
}

static const char *
changed(const char *new_text, const char *old_text)
{
	return new_text[0] != '\0' ? new_text : old_text;
}

static bool
clears_email(const Mt__PersonChange *change)
{
	for (size_t i = 0; i < change->n_clear; i++) {
		if (strcmp(change->clear[i], "email") == 0)
			return true;
	}
	return false;
}

static void
message_reactions_person_changed(Mt__MessageReactions_Service *service, const Mt__PersonChanged *in,
				 Mt__Noted_Closure reply, void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	static const Mt__Personal nothing = MT__PERSONAL__INIT;
	const Mt__ContactRecord *known = contact_find(call, in->person_id);
	const Mt__PersonChange *change = in->change;
	const Mt__Personal *personal = change->personal != NULL ? change->personal : &nothing;
	const char *moved_to =
		change->kind == MT__PERSON_CHANGE__KIND__TRANSFERRED ? change->authority_id : in->serves_at;
	if (known != NULL && known->personal != NULL)
		note_contact(call, in->person_id, changed(moved_to, known->authority_id),
			     changed(personal->name, known->personal->name),
			     clears_email(change) ? "" : changed(personal->email, known->personal->email));
	reply(&noted, call);
}

/* --- messages --------------------------------------------------------------------------------------------------- */

static void
tell(struct call *call, const struct template *template, const char *person_id, const char *about,
     struct template_values values)
{
	if (!message_was_told(call, person_id, about, template->told))
		message_queue(call, template, person_id, about, 0, &values);
}

/* Of what happens to the same certificate more than once: told on each occasion, which are numbered upwards. */
static void
tell_each(struct call *call, const struct template *template, const char *person_id, const char *about,
	  uint64_t occasion, struct template_values values)
{
	if (!message_was_told_on(call, person_id, about, template->recurring, occasion))
		message_queue(call, template, person_id, about, occasion, &values);
}

static void
message_reactions_learner_enrolled(Mt__MessageReactions_Service *service, const Mt__LearnerEnrolled *in,
				   Mt__Noted_Closure reply, void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	tell(call, &template_enrolled, in->person_id, in->class_id, (struct template_values){.class = in->class_title});
	reply(&noted, call);
}

static void
message_reactions_learner_waitlisted(Mt__MessageReactions_Service *service, const Mt__LearnerWaitlisted *in,
				     Mt__Noted_Closure reply, void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	tell(call, &template_waitlisted, in->person_id, in->class_id,
	     (struct template_values){.class = in->class_title});
	reply(&noted, call);
}

static void
message_reactions_enrolment_withdrawn(Mt__MessageReactions_Service *service, const Mt__EnrolmentWithdrawn *in,
				      Mt__Noted_Closure reply, void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	const char *reason = in->reason[0] != '\0' ? in->reason : "-";
	tell(call, &template_withdrawn, in->person_id, in->class_id,
	     (struct template_values){.class = in->class_title, .reason = reason});
	reply(&noted, call);
}

static void
message_reactions_learner_warned(Mt__MessageReactions_Service *service, const Mt__LearnerWarned *in,
				 Mt__Noted_Closure reply, void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	const char *number = arena_format(call_arena(call), "%u", in->absences);
	tell(call, &template_warned, in->person_id, in->class_id,
	     (struct template_values){.class = in->class_title, .number = number});
	reply(&noted, call);
}

static void
message_reactions_certificate_issued(Mt__MessageReactions_Service *service, const Mt__CertificateIssued *in,
				     Mt__Noted_Closure reply, void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	const Mt__CertificateRecord *certificate = in->certificate;
	tell(call, &template_issued, certificate->person_id, certificate->certificate_id,
	     (struct template_values){.class = in->programme_title, .number = certificate->register_number});
	reply(&noted, call);
}

static void
message_reactions_certificate_revoked(Mt__MessageReactions_Service *service, const Mt__CertificateRevoked *in,
				      Mt__Noted_Closure reply, void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	tell(call, &template_revoked, in->person_id, in->certificate_id,
	     (struct template_values){.class = in->programme_title});
	reply(&noted, call);
}

/* The place in the log grows with each thing that happens to any certificate; 0 is the place of the first. */
static uint64_t
occasion_of(const Mt__LogEntry *leaf)
{
	return leaf->index + 1;
}

static void
message_reactions_certificate_corrected(Mt__MessageReactions_Service *service, const Mt__CertificateCorrected *in,
					Mt__Noted_Closure reply, void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	tell_each(call, &template_corrected, in->person_id, in->edition->certificate_id, occasion_of(in->leaf),
		  (struct template_values){.class = in->programme_title, .number = in->entry->register_number});
	reply(&noted, call);
}

static void
message_reactions_certificate_suspended(Mt__MessageReactions_Service *service, const Mt__CertificateSuspended *in,
					Mt__Noted_Closure reply, void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	tell_each(call, &template_suspended, in->person_id, in->certificate_id, occasion_of(in->leaf),
		  (struct template_values){.class = in->programme_title});
	reply(&noted, call);
}

static void
message_reactions_certificate_reinstated(Mt__MessageReactions_Service *service, const Mt__CertificateReinstated *in,
					 Mt__Noted_Closure reply, void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	tell_each(call, &template_reinstated, in->person_id, in->certificate_id, occasion_of(in->leaf),
		  (struct template_values){.class = in->programme_title});
	reply(&noted, call);
}

/* The fewer days are left, the later the occasion. */
static void
message_reactions_certificate_expiring(Mt__MessageReactions_Service *service, const Mt__CertificateExpiring *in,
				       Mt__Noted_Closure reply, void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	tell_each(call, &template_expiring, in->person_id, in->certificate_id, UINT32_MAX - in->days_left,
		  (struct template_values){.class = in->programme_title, .number = in->valid_until});
	reply(&noted, call);
}

/* Who was certified anew need not be told. */
static void
message_reactions_certificate_expired(Mt__MessageReactions_Service *service, const Mt__CertificateExpired *in,
				      Mt__Noted_Closure reply, void *call)
{
	(void)service;
	Mt__Noted noted = MT__NOTED__INIT;
	if (in->renewed_by[0] == '\0')
		tell(call, &template_expired, in->person_id, in->certificate_id,
		     (struct template_values){.class = in->programme_title, .number = in->expired_on});
	reply(&noted, call);
}

Mt__MessageReactions_Service message_reactions = MT__MESSAGE_REACTIONS__INIT(message_reactions_);
