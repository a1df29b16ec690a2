/* services/certificate/verify.c */
#include "services/certificate/verify.h"

static void
verifications_verify(Mt__Verifications_Service *service, const Mt__VerifyRequest *in, Mt__VerifyReply_Closure reply,
		     void *call)
{
	(void)service;
	(void)in;
	(void)reply;
	call_refuse(call, MT__STATUS__UNAVAILABLE, "not there yet");
}

Mt__Verifications_Service verifications = MT__VERIFICATIONS__INIT(verifications_);
