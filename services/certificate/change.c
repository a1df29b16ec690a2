/* services/certificate/change.c */
#include "services/certificate/change.h"

#include "common/base/date.h"
#include "services/certificate/certificate.h"
#include "services/certificate/issue.h"
#include "services/certificate/tables.h"

void
certificates_correct(Mt__Certificates_Service *service, const Mt__CorrectCertificateRequest *in, Mt__CorrectCertificateReply_Closure reply, void *call)
{
	(void)service;
	(void)in;
	(void)reply;
	call_refuse(call, MT__STATUS__UNAVAILABLE, "not there yet");
}

void
certificates_reissue(Mt__Certificates_Service *service, const Mt__ChangeStateRequest *in, Mt__CorrectCertificateReply_Closure reply, void *call)
{
	(void)service;
	(void)in;
	(void)reply;
	call_refuse(call, MT__STATUS__UNAVAILABLE, "not there yet");
}

void
certificates_revoke(Mt__Certificates_Service *service, const Mt__ChangeStateRequest *in, Mt__ChangeStateReply_Closure reply, void *call)
{
	(void)service;
	(void)in;
	(void)reply;
	call_refuse(call, MT__STATUS__UNAVAILABLE, "not there yet");
}

void
certificates_suspend(Mt__Certificates_Service *service, const Mt__ChangeStateRequest *in, Mt__ChangeStateReply_Closure reply, void *call)
{
	(void)service;
	(void)in;
	(void)reply;
	call_refuse(call, MT__STATUS__UNAVAILABLE, "not there yet");
}

void
certificates_reinstate(Mt__Certificates_Service *service, const Mt__ChangeStateRequest *in, Mt__ChangeStateReply_Closure reply, void *call)
{
	(void)service;
	(void)in;
	(void)reply;
	call_refuse(call, MT__STATUS__UNAVAILABLE, "not there yet");
}

void
certificates_reviews(Mt__Certificates_Service *service, const Mt__ListReviewsRequest *in, Mt__ListReviewsReply_Closure reply, void *call)
{
	(void)service;
	(void)in;
	(void)reply;
	call_refuse(call, MT__STATUS__UNAVAILABLE, "not there yet");
}

void
certificates_dismiss_review(Mt__Certificates_Service *service, const Mt__DismissReviewRequest *in, Mt__DismissReviewReply_Closure reply, void *call)
{
	(void)service;
	(void)in;
	(void)reply;
	call_refuse(call, MT__STATUS__UNAVAILABLE, "not there yet");
}

static void
certificate_timers_expiry_due(Mt__CertificateTimers_Service *service, const Mt__ExpiryDue *in, Mt__Noted_Closure reply,
			      void *call)
{
	(void)service;
	(void)in;
	Mt__Noted noted = MT__NOTED__INIT;
	reply(&noted, call);
}

static void
certificate_timers_correction_due(Mt__CertificateTimers_Service *service, const Mt__CorrectionDue *in,
				  Mt__Noted_Closure reply, void *call)
{
	(void)service;
	(void)in;
	Mt__Noted noted = MT__NOTED__INIT;
	reply(&noted, call);
}

Mt__CertificateTimers_Service certificate_timers = MT__CERTIFICATE_TIMERS__INIT(certificate_timers_);

static void
certificate_reactions_person_changed(Mt__CertificateReactions_Service *service, const Mt__PersonChanged *in,
				     Mt__Noted_Closure reply, void *call)
{
	(void)service;
	(void)in;
	Mt__Noted noted = MT__NOTED__INIT;
	reply(&noted, call);
}

Mt__CertificateReactions_Service certificate_reactions = MT__CERTIFICATE_REACTIONS__INIT(certificate_reactions_);

void
expiry_apply_issued(struct apply *apply, const Mt__CertificateRecord *certificate)
{
	(void)apply;
	(void)certificate;
}

void
change_apply(struct apply *apply, const Mt__CertificateFact *fact)
{
	(void)apply;
	(void)fact;
}

void
review_propose(struct call *call, const Mt__CertificateRecord *certificate, uint32_t mark_certified,
	       uint32_t mark_percent, bool short_of_rules)
{
	(void)call;
	(void)certificate;
	(void)mark_certified;
	(void)mark_percent;
	(void)short_of_rules;
}
