/* services/certificate/passport.h
 *
 * The training passport, recognitions and point rules; see passport.c, recognition.c and points.c. */
#ifndef SERVICES_CERTIFICATE_PASSPORT_H
#define SERVICES_CERTIFICATE_PASSPORT_H

#include "common/core/call.h"

#include "matricula/passport.pb-c.h"

enum {
	/* Of one person, all records together: forty years of a course a fortnight. */
	PASSPORT_ROWS_MAX = 1000,
	RECOGNITIONS_MAX = 400,       /* of one record of a person, withdrawn ones with them */
	RECOGNITION_HOURS_MAX = 2000, /* a year at work */
	POINTS_A_YEAR_MAX = 100000,
	EVIDENCE_BYTES_MAX = 1000,
};

extern Mt__Passports_Service passports;

/* Handlers of the service passports, in passport.c's table. */
void passports_recognise(Mt__Passports_Service *service, const Mt__RecogniseRequest *in,
			 Mt__RecogniseReply_Closure reply, void *call);
void passports_withdraw_recognition(Mt__Passports_Service *service, const Mt__WithdrawRecognitionRequest *in,
				    Mt__WithdrawRecognitionReply_Closure reply, void *call);
void passports_set_point_rules(Mt__Passports_Service *service, const Mt__SetPointRulesRequest *in,
			       Mt__SetPointRulesReply_Closure reply, void *call);

/* Prefix of the recognitions of one record of a person; the rest is the recognition. */
struct key recognitions_key(const char *person_id);
/* The rules nearest to an authority, upwards; never NULL: at last those by which nothing counts. */
Mt__PointRulesRecord *point_rules_for(struct call *call, const char *authority_id);
/* What a certificate's kind gives for ten hours, else the rules. */
uint32_t
points_per_10_hours(struct call *call, const Mt__PointRulesRecord *rules, const char *school_id, const char *kind_code);

void recognition_apply_given(struct apply *apply, const Mt__RecognitionGiven *fact);
void recognition_apply_withdrawn(struct apply *apply, const Mt__RecognitionWithdrawn *fact);
void point_rules_apply_set(struct apply *apply, const Mt__PointRulesSet *fact);
void passport_apply(struct apply *apply, const Mt__PassportFact *fact);
/* What was recognised loses its words; see struct module. */
void passport_apply_erased(struct apply *apply, const char *person_id);

#endif
