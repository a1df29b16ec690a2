/* tests/sim/workload_classes.c
 *
 * Schools publish, open and close; people are nominated, withdrawn, marked, examined,
 * approved and certified, by whoever may and now and then by whoever may not. */
#include "tests/sim/workload.h"

#include "common/base/date.h"

#include "matricula/attendance.pb-c.h"
#include "matricula/attempt.pb-c.h"
#include "matricula/certificate.pb-c.h"
#include "matricula/certificate_kind.pb-c.h"
#include "matricula/completion.pb-c.h"
#include "matricula/class.pb-c.h"
#include "matricula/enrolment.pb-c.h"
#include "matricula/exam.pb-c.h"
#include "matricula/programme.pb-c.h"

enum { MARKS = 4, ITEMS = 2 };

static const struct proof *
school(struct workload *workload)
{
	return &workload->desks[workload_chance(workload, 70) ? DESK_SCHOOL_1 : DESK_SCHOOL_2];
}

static void
publish(struct workload *workload, uint32_t client)
{
	bool first = workload_chance(workload, 70);
	Mt__PublishProgrammeRequest request = MT__PUBLISH_PROGRAMME_REQUEST__INIT;
	request.authority = (char *)(first ? "SCHOOL-1" : "SCHOOL-2");
	request.code = arena_format(&workload->arena, "P%llu", (unsigned long long)workload_below(workload, 12));
	request.title = (char *)"Quản lý nhà nước";
	request.title_en = (char *)"State management";
	request.hours = 40;
	request.attendance_percent_min = (uint32_t)workload_below(workload, 2) * 50;
	request.mark_percent_min = (uint32_t)workload_below(workload, 2) * 50;
	request.absences_warned_at = (uint32_t)workload_below(workload, 3);
	workload_call(workload, client, &workload->desks[first ? DESK_SCHOOL_1 : DESK_SCHOOL_2], "Programmes.Publish",
		      &request.base);
}

static void
open_class(struct workload *workload, uint32_t client)
{
	Mt__Session sessions[2] = {MT__SESSION__INIT, MT__SESSION__INIT};
	Mt__Session *list[2] = {&sessions[0], &sessions[1]};
	Mt__OpenClassRequest request = MT__OPEN_CLASS_REQUEST__INIT;
	request.programme_id = (char *)pool_pick(workload, &workload->programmes);
	request.title = (char *)"K1";
	request.seats = 1 + (uint32_t)workload_below(workload, 4);
	request.n_sessions = 1 + workload_below(workload, 2);
	request.sessions = list;
	for (size_t i = 0; i < request.n_sessions; i++) {
		/* Begun yesterday, so that attendance may be taken whatever the clocks do. */
		sessions[i].begins_at = arena_alloc(&workload->arena, INSTANT_TEXT_BYTES);
		instant_format(world_now_us(workload->sim) - DAY_US + (int64_t)i * 3600 * SECOND_US,
			       sessions[i].begins_at);
		sessions[i].number = (uint32_t)i + 1;
		sessions[i].minutes = 90;
	}
	workload_call(workload, client, school(workload), "Classes.Open", &request.base);
}

static void
close_class(struct workload *workload, uint32_t client)
{
	Mt__CloseClassRequest request = MT__CLOSE_CLASS_REQUEST__INIT;
	request.class_id = (char *)pool_pick(workload, &workload->classes);
	workload_call(workload, client, school(workload), "Classes.Close", &request.base);
}

static void
nominate(struct workload *workload, uint32_t client)
{
	static const enum desk nominators[] = {DESK_HR_01, DESK_HR_79, DESK_SCHOOL_1, DESK_SCHOOL_2};
	Mt__NominateRequest request = MT__NOMINATE_REQUEST__INIT;
	request.class_id = (char *)pool_pick(workload, &workload->classes);
	request.person_id = (char *)pool_pick(workload, &workload->persons);
	const struct proof *proof = &workload->desks[nominators[workload_below(workload, 4)]];
	struct errand *errand = workload_file(workload, client, proof, "Enrolments.Nominate", &request.base);
	errand->dry_run = workload_chance(workload, 10);
	errand_send(workload->office, errand);
}

static void
withdraw(struct workload *workload, uint32_t client)
{
	Mt__WithdrawRequest request = MT__WITHDRAW_REQUEST__INIT;
	pool_pick_learner(workload, &request.class_id, &request.person_id);
	request.reason = (char *)"ốm";
	workload_call(workload, client, school(workload), "Enrolments.Withdraw", &request.base);
}

static void
take_attendance(struct workload *workload, uint32_t client)
{
	Mt__PresenceMark marks[MARKS];
	Mt__PresenceMark *list[MARKS];
	Mt__TakeAttendanceRequest request = MT__TAKE_ATTENDANCE_REQUEST__INIT;
	request.class_id = (char *)pool_pick(workload, &workload->classes);
	request.session = 1 + (uint32_t)workload_below(workload, 2);
	request.marks = list;
	request.n_marks = workload_below(workload, MARKS + 1);
	for (size_t i = 0; i < request.n_marks; i++) {
		marks[i] = (Mt__PresenceMark)MT__PRESENCE_MARK__INIT;
		marks[i].person_id = (char *)pool_pick(workload, &workload->persons);
		marks[i].state = (Mt__Presence__State)(1 + workload_below(workload, 3));
		list[i] = &marks[i];
	}
	enum desk desk = workload_chance(workload, 50) ? DESK_LECTURER_1 : DESK_SCHOOL_1;
	workload_call(workload, client, &workload->desks[desk], "Attendance.Take", &request.base);
}

/* One mark for whoever is in the class, so that classes end now and then. */
static void
take_one(struct workload *workload, uint32_t client)
{
	Mt__PresenceMark mark = MT__PRESENCE_MARK__INIT;
	Mt__PresenceMark *list[] = {&mark};
	Mt__TakeAttendanceRequest request = MT__TAKE_ATTENDANCE_REQUEST__INIT;
	pool_pick_learner(workload, &request.class_id, &mark.person_id);
	request.session = 1 + (uint32_t)workload_below(workload, 2);
	request.marks = list;
	request.n_marks = 1;
	mark.state = workload_chance(workload, 80) ? MT__PRESENCE__STATE__PRESENT : MT__PRESENCE__STATE__ABSENT;
	workload_call(workload, client, school(workload), "Attendance.Take", &request.base);
}

static void
create_exam(struct workload *workload, uint32_t client)
{
	char *choices[] = {(char *)"đúng", (char *)"sai"};
	Mt__Item items[ITEMS];
	Mt__Item *list[ITEMS];
	bool first = workload_chance(workload, 70);
	Mt__CreateExamRequest request = MT__CREATE_EXAM_REQUEST__INIT;
	request.class_id = (char *)pool_pick(workload, &workload->classes);
	request.title = (char *)"Kiểm tra";
	request.minutes = 1 + (uint32_t)workload_below(workload, 2);
	request.attempts_max = 1 + (uint32_t)workload_below(workload, 2);
	request.authority = (char *)(first ? "SCHOOL-1" : "SCHOOL-2");
	request.items = list;
	request.n_items = ITEMS;
	for (size_t i = 0; i < ITEMS; i++) {
		items[i] = (Mt__Item)MT__ITEM__INIT;
		items[i].number = (uint32_t)i + 1;
		items[i].stem = (char *)"2 + 2 = 4";
		items[i].choices = choices;
		items[i].n_choices = 2;
		items[i].key = 1;
		list[i] = &items[i];
	}
	workload_call(workload, client, &workload->desks[first ? DESK_SCHOOL_1 : DESK_SCHOOL_2], "Exams.Create",
		      &request.base);
}

static const char *
exam_of(struct workload *workload, const char *class_id)
{
	const struct pool *exams = &workload->exams;
	for (size_t i = 0; i < exams->count; i++) {
		if (strcmp(exams->with[i], class_id) == 0)
			return exams->ids[i];
	}
	return pool_pick(workload, exams);
}

static void
start_attempt(struct workload *workload, uint32_t client)
{
	Mt__StartAttemptRequest request = MT__START_ATTEMPT_REQUEST__INIT;
	char *class_id;
	pool_pick_learner(workload, &class_id, &request.person_id);
	request.exam_id = (char *)exam_of(workload, class_id);
	workload_call(workload, client, school(workload), "Attempts.Start", &request.base);
}

static void
submit_attempt(struct workload *workload, uint32_t client)
{
	uint32_t answers[ITEMS];
	Mt__SubmitAttemptRequest request = MT__SUBMIT_ATTEMPT_REQUEST__INIT;
	request.attempt_id = (char *)pool_pick(workload, &workload->attempts);
	request.answers = answers;
	request.n_answers = ITEMS;
	for (size_t i = 0; i < ITEMS; i++)
		answers[i] = 1 + (uint32_t)workload_below(workload, 10) / 8;
	workload_call(workload, client, school(workload), "Attempts.Submit", &request.base);
}

static void
approve(struct workload *workload, uint32_t client)
{
	Mt__ApproveListRequest request = MT__APPROVE_LIST_REQUEST__INIT;
	request.class_id = (char *)pool_pick(workload, &workload->classes);
	request.decision_number = arena_format(&workload->arena, "%llu/QĐ", (unsigned long long)workload->calls);
	request.decision_date = (char *)"2026-03-01";
	enum desk desk = workload_chance(workload, 70) ? DESK_LEADER_1 : DESK_LEADER_2;
	workload_call(workload, client, &workload->desks[desk], "CompletionLists.Approve", &request.base);
}

/* For all programmes or for one; some release by themselves, some ask for a mark. */
static void
set_kind(struct workload *workload, uint32_t client)
{
	char *programmes[1];
	bool first = workload_chance(workload, 70);
	Mt__CertificateKindRecord kind = MT__CERTIFICATE_KIND_RECORD__INIT;
	Mt__SetKindRequest request = MT__SET_KIND_REQUEST__INIT;
	request.authority = (char *)(first ? "SCHOOL-1" : "SCHOOL-2");
	request.kind_code = arena_format(&workload->arena, "k%llu", (unsigned long long)workload_below(workload, 4));
	request.kind = &kind;
	programmes[0] = (char *)pool_pick(workload, &workload->programmes);
	kind.name = (char *)"Chứng chỉ";
	kind.programme_ids = programmes;
	kind.n_programme_ids = workload_below(workload, 2);
	kind.mark_percent_min = (uint32_t)workload_below(workload, 2) * 50;
	kind.valid_months = (uint32_t)workload_below(workload, 2) * 12;
	kind.blank_forms = workload_chance(workload, 50);
	if (workload_chance(workload, 40))
		kind.release = MT__CERTIFICATE_KIND__RELEASE__AUTOMATIC;
	workload_call(workload, client, &workload->desks[first ? DESK_SCHOOL_1 : DESK_SCHOOL_2], "CertificateKinds.Set",
		      &request.base);
}

static void
retire_kind(struct workload *workload, uint32_t client)
{
	Mt__RetireKindRequest request = MT__RETIRE_KIND_REQUEST__INIT;
	request.authority = (char *)"SCHOOL-1";
	request.kind_code = arena_format(&workload->arena, "k%llu", (unsigned long long)workload_below(workload, 4));
	workload_call(workload, client, &workload->desks[DESK_LEADER_1], "CertificateKinds.Retire", &request.base);
}

static void
issue_by_hand(struct workload *workload, uint32_t client)
{
	Mt__CertificateContent content = MT__CERTIFICATE_CONTENT__INIT;
	Mt__Reason reason = MT__REASON__INIT;
	Mt__IssueByHandRequest request = MT__ISSUE_BY_HAND_REQUEST__INIT;
	bool first = workload_chance(workload, 70);
	request.authority = (char *)(first ? "SCHOOL-1" : "SCHOOL-2");
	request.person_id = (char *)pool_pick(workload, &workload->persons);
	request.person_authority = (char *)"00004";
	request.content = &content;
	request.reason = &reason;
	reason.text = (char *)"sót danh sách";
	content.name = (char *)"Nguyễn Văn Tay";
	content.birth_date = (char *)"1990-05";
	content.programme_title = (char *)"Tin học";
	content.completed_on = (char *)"2025-12-30";
	workload_call(workload, client, &workload->desks[first ? DESK_LEADER_1 : DESK_LEADER_2],
		      "Certificates.IssueByHand", &request.base);
}

static void
print_on_blank(struct workload *workload, uint32_t client)
{
	Mt__PrintOnBlankRequest request = MT__PRINT_ON_BLANK_REQUEST__INIT;
	request.authority = (char *)"SCHOOL-1";
	request.serial = arena_format(&workload->arena, "A %llu", (unsigned long long)workload_below(workload, 8));
	if (workload_chance(workload, 80))
		request.certificate_id = (char *)pool_pick(workload, &workload->certificates);
	workload_call(workload, client, &workload->desks[DESK_SCHOOL_1], "Certificates.PrintOnBlank", &request.base);
}

static void
read_register(struct workload *workload, uint32_t client)
{
	Mt__RegisterRequest request = MT__REGISTER_REQUEST__INIT;
	request.authority = (char *)"SCHOOL-1";
	request.year = 2026;
	request.page_size = 1 + (uint32_t)workload_below(workload, 20);
	bool foreign = workload_chance(workload, 30);
	const struct proof *proof = &workload->desks[foreign ? DESK_LEADER_2 : DESK_LEADER_1];
	struct errand *errand = workload_file(workload, client, proof, "Certificates.ReadRegister", &request.base);
	errand->must_refuse = foreign;
	errand_send(workload->office, errand);
}

static void
list_certificates(struct workload *workload, uint32_t client)
{
	Mt__ListCertificatesRequest request = MT__LIST_CERTIFICATES_REQUEST__INIT;
	request.person_id = (char *)pool_pick(workload, &workload->persons);
	workload_call(workload, client, &workload->desks[DESK_AUDITOR], "Certificates.List", &request.base);
}

static void
change_state(struct workload *workload, uint32_t client, const char *method)
{
	Mt__ChangeStateRequest request = MT__CHANGE_STATE_REQUEST__INIT;
	request.certificate_id = (char *)pool_pick(workload, &workload->certificates);
	request.reason = (char *)"Nguyễn Thị Nhầm";
	workload_call(workload, client, school(workload), method, &request.base);
}

static void
revoke_certificate(struct workload *workload, uint32_t client)
{
	change_state(workload, client, "Certificates.Revoke");
}

static void
suspend_certificate(struct workload *workload, uint32_t client)
{
	change_state(workload, client, "Certificates.Suspend");
}

static void
reinstate_certificate(struct workload *workload, uint32_t client)
{
	change_state(workload, client, "Certificates.Reinstate");
}

static void
reissue_certificate(struct workload *workload, uint32_t client)
{
	change_state(workload, client, "Certificates.Reissue");
}

static void
correct_certificate(struct workload *workload, uint32_t client)
{
	Mt__CertificateContent content = MT__CERTIFICATE_CONTENT__INIT;
	Mt__Reason reason = MT__REASON__INIT;
	Mt__CorrectCertificateRequest request = MT__CORRECT_CERTIFICATE_REQUEST__INIT;
	request.certificate_id = (char *)pool_pick(workload, &workload->certificates);
	request.content = &content;
	request.reason = &reason;
	reason.text = (char *)"Nguyễn viết sai";
	content.hours = 1 + (uint32_t)workload_below(workload, 90);
	if (workload_chance(workload, 50))
		content.name = arena_format(&workload->arena, "Nguyễn Sửa %llu",
					    (unsigned long long)workload_below(workload, 99));
	workload_call(workload, client, school(workload), "Certificates.Correct", &request.base);
}

static void
read_class(struct workload *workload, uint32_t client)
{
	struct proof stranger = proof_stranger();
	Mt__GetClassRequest request = MT__GET_CLASS_REQUEST__INIT;
	request.class_id = (char *)pool_pick(workload, &workload->classes);
	workload_call(workload, client, &stranger, "Classes.Get", &request.base);
}

static void
list_enrolments(struct workload *workload, uint32_t client)
{
	Mt__ListEnrolmentsRequest request = MT__LIST_ENROLMENTS_REQUEST__INIT;
	request.class_id = (char *)pool_pick(workload, &workload->classes);
	bool foreign = workload_chance(workload, 30);
	const struct proof *proof = foreign ? &workload->desks[DESK_HR_WARD] : school(workload);
	struct errand *errand = workload_file(workload, client, proof, "Enrolments.List", &request.base);
	errand->must_refuse = foreign;
	errand_send(workload->office, errand);
}

const struct task tasks_classes[] = {
	{3, publish},
	{3, open_class},
	{1, close_class},
	{20, nominate},
	{4, withdraw},
	{3, take_attendance},
	{30, take_one},
	{4, create_exam},
	{12, start_attempt},
	{10, submit_attempt},
	{8, approve},
	{2, set_kind},
	{1, retire_kind},
	{3, issue_by_hand},
	{2, print_on_blank},
	{2, read_register},
	{6, list_certificates},
	{2, revoke_certificate},
	{4, suspend_certificate},
	{4, reinstate_certificate},
	{2, reissue_certificate},
	{4, correct_certificate},
	{3, read_class},
	{3, list_enrolments},
	{0, NULL},
};
