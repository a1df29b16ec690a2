/* services/enrollment/metrics.c
 *
 * Names, units and definitions of what enrollment counts, and the three ways of
 * counting. A person is counted where he or she serves, a learner where the person
 * served when the state of the enrolment began, classes and attendance at the school. */
#include "services/enrollment/metrics.h"

#include "common/base/date.h"
#include "common/core/call.h"
#include "common/core/tables.h"

#include <assert.h>

const struct metric enrollment_metrics[METRICS_COUNT + 1] = {
	[METRIC_PERSONS_ACTIVE] =
		{
			.number = 1,
			.kind = METRIC_STOCK,
			.name = "persons.active",
			.unit = "person",
			.en = "People in service, by staff category, where they serve now.",
			.vi = "Số người đang công tác, theo loại cán bộ, công "
			      "chức, viên chức, tại nơi đang công tác.",
		},
	[METRIC_PERSONS_HIRED] =
		{
			.number = 2,
			.kind = METRIC_FLOW,
			.name = "persons.hired",
			.unit = "person",
			.en = "People taken into service, in the month of the effective date.",
			.vi = "Số người được tuyển dụng, tính theo tháng của ngày có hiệu lực.",
		},
	[METRIC_PERSONS_TRANSFERRED] =
		{
			.number = 3,
			.kind = METRIC_FLOW,
			.name = "persons.transferred",
			.unit = "transfer",
			.en = "Transfers, counted at the authority left, in the month of the effective date.",
			.vi = "Số lượt điều động, tính tại cơ quan chuyển đi, "
			      "theo tháng của ngày có hiệu lực.",
		},
	[METRIC_PERSONS_RETIRED] =
		{
			.number = 4,
			.kind = METRIC_FLOW,
			.name = "persons.retired",
			.unit = "person",
			.en = "People retired, in the month of the effective date.",
			.vi = "Số người nghỉ hưu, tính theo tháng của ngày có hiệu lực.",
		},
	[METRIC_CLASSES_OPEN] =
		{
			.number = 5,
			.kind = METRIC_STOCK,
			.name = "classes.open",
			.unit = "class",
			.en = "Classes open for enrolment, at the school.",
			.vi = "Số lớp đang mở ghi danh, tại cơ sở đào tạo.",
		},
	[METRIC_ENROLMENTS_ACTIVE] =
		{
			.number = 6,
			.kind = METRIC_STOCK,
			.name = "enrolments.active",
			.unit = "enrolment",
			.en = "Enrolments under way: seated, neither completed nor fallen short; where the learner "
			      "served on enrolling.",
			.vi = "Số lượt ghi danh đang học, chưa có kết quả; tính tại nơi công tác khi ghi danh.",
		},
	[METRIC_ENROLMENTS_WAITLISTED] =
		{
			.number = 7,
			.kind = METRIC_STOCK,
			.name = "enrolments.waitlisted",
			.unit = "enrolment",
			.en = "Places taken on waitlists; where the learner served on being nominated.",
			.vi = "Số lượt trong danh sách chờ; tính tại nơi công tác khi được cử.",
		},
	[METRIC_COMPLETIONS] =
		{
			.number = 8,
			.kind = METRIC_FLOW,
			.name = "completions",
			.unit = "completion",
			.en = "Programmes completed, in the month of completion, where the learner serves.",
			.vi = "Số lượt hoàn thành chương trình, theo tháng hoàn thành, tại nơi công tác.",
		},
	[METRIC_ATTENDANCE_PRESENT] =
		{
			.number = 9,
			.kind = METRIC_FLOW,
			.name = "attendance.present",
			.unit = "presence",
			.en = "People marked present at a session, in the month the session began, at the school.",
			.vi = "Số lượt có mặt tại buổi học, theo tháng diễn "
			      "ra buổi học, tại cơ sở đào tạo.",
		},
	[METRIC_WARNINGS] =
		{
			.number = 10,
			.kind = METRIC_FLOW,
			.name = "warnings",
			.unit = "warning",
			.en = "Early warnings raised for too many absences, where the learner serves.",
			.vi = "Số cảnh báo sớm do vắng mặt quá mức, tại nơi công tác của học viên.",
		},
	[METRIC_PERSONS_LEFT] =
		{
			.number = 11,
			.kind = METRIC_FLOW,
			.name = "persons.left",
			.unit = "person",
			.en = "People who left service otherwise than by retiring: resigned, dismissed, deceased; in "
			      "the "
			      "month of the effective date.",
			.vi = "Số người thôi công tác không do nghỉ hưu: thôi việc, buộc thôi việc, từ trần; tính theo "
			      "tháng của ngày có hiệu lực.",
		},
	[METRIC_DUPLICATES_OPEN] =
		{
			.number = 21,
			.kind = METRIC_STOCK,
			.name = "duplicates.open",
			.unit = "record",
			.en = "Records that may be a second one of somebody: each open pair counts at both places.",
			.vi = "Số hồ sơ có thể trùng người; mỗi cặp nghi trùng tính tại cả hai nơi.",
		},
	[METRIC_PERSONS_PROVISIONAL] =
		{
			.number = 22,
			.kind = METRIC_STOCK,
			.name = "persons.provisional",
			.unit = "person",
			.en = "Provisional learners whom no authority has sent yet, at the school that registered "
			      "them.",
			.vi = "Số học viên tạm, chưa có cơ quan nào gửi hồ sơ, tại cơ sở đào tạo đã đăng ký.",
		},
	[METRIC_EVENTS_ACCEPTED] =
		{
			.number = 12,
			.kind = METRIC_FLOW,
			.name = "events.accepted",
			.unit = "event",
			.en = "Personnel events accepted, in the month they were received, at the "
			      "province of the source.",
			.vi = "Số sự kiện nhân sự được chấp nhận, theo tháng tiếp nhận, tại tỉnh của "
			      "nguồn gửi.",
		},
	[METRIC_EVENTS_DELAY_DAYS] =
		{
			.number = 13,
			.kind = METRIC_FLOW,
			.name = "events.delay_days",
			.unit = "day",
			.en = "Days between effective date and receipt, summed over the events "
			      "accepted in the month.",
			.vi = "Tổng số ngày từ ngày có hiệu lực đến ngày tiếp nhận của các sự kiện "
			      "được chấp nhận trong tháng.",
		},
	[METRIC_EVENTS_LATE] =
		{
			.number = 14,
			.kind = METRIC_FLOW,
			.name = "events.late",
			.unit = "event",
			.en = "Events accepted more than 30 days after their effective date, in the "
			      "month they were received.",
			.vi = "Số sự kiện tiếp nhận muộn hơn 30 ngày so với ngày có hiệu lực, theo "
			      "tháng tiếp nhận.",
		},
	[METRIC_EVENTS_CONFLICTS] =
		{
			.number = 15,
			.kind = METRIC_FLOW,
			.name = "events.conflicts",
			.unit = "event",
			.en = "Events that came under a known source and id with another payload.",
			.vi = "Số sự kiện trùng nguồn và mã nhưng khác nội dung.",
		},
	[METRIC_EVENTS_PARKED] =
		{
			.number = 16,
			.kind = METRIC_STOCK,
			.name = "events.parked",
			.unit = "event",
			.en = "Events that wait for their person or their predecessor in sequence.",
			.vi = "Số sự kiện đang chờ hồ sơ hoặc chờ sự kiện liền trước.",
		},
	[METRIC_EVENTS_HELD] =
		{
			.number = 17,
			.kind = METRIC_STOCK,
			.name = "events.held",
			.unit = "event",
			.en = "Events held by the mass-change brake until somebody decides.",
			.vi = "Số sự kiện bị giữ lại do thay đổi hàng loạt, chờ người có thẩm quyền "
			      "quyết định.",
		},
	[METRIC_EVENTS_REJECTED] =
		{
			.number = 18,
			.kind = METRIC_STOCK,
			.name = "events.rejected",
			.unit = "event",
			.en = "Events rejected and neither corrected nor sent again.",
			.vi = "Số sự kiện bị từ chối, chưa được sửa hoặc gửi lại.",
		},
	[METRIC_EVENTS_DEAD] =
		{
			.number = 19,
			.kind = METRIC_STOCK,
			.name = "events.dead",
			.unit = "event",
			.en = "Events that waited for 30 days in vain.",
			.vi = "Số sự kiện chờ quá 30 ngày mà không được giải quyết.",
		},
	[METRIC_PERSONS_LACKING] =
		{
			.number = 20,
			.kind = METRIC_STOCK,
			.name = "persons.lacking",
			.unit = "person",
			.en = "People in service whose record lacks that field, by field.",
			.vi = "Số người đang công tác còn thiếu trường thông tin đó, theo từng trường.",
		},
};

void
metric_stock(struct apply *apply, enum enrollment_metric metric, const char *authority_id, const char *category,
	     int64_t delta)
{
	assert(enrollment_metrics[metric].kind == METRIC_STOCK);
	figures_add(apply, &enrollment_metrics[metric], authority_id, category, 0, delta);
}

void
metric_flow_on(struct apply *apply, enum enrollment_metric metric, const char *authority_id, const char *category,
	       const char *date, int64_t delta)
{
	assert(enrollment_metrics[metric].kind == METRIC_FLOW);
	int32_t day;
	bool is_date = date_parse(date, &day);
	assert(is_date);
	figures_add(apply, &enrollment_metrics[metric], authority_id, category, date_month(day), delta);
}

void
metric_flow_at(struct apply *apply, enum enrollment_metric metric, const char *authority_id, int64_t at_us,
	       int64_t delta)
{
	assert(enrollment_metrics[metric].kind == METRIC_FLOW);
	int32_t day = date_of_instant(at_us, apply_zone_minutes(apply));
	figures_add(apply, &enrollment_metrics[metric], authority_id, "", date_month(day), delta);
}

/* Keys of rows as common/core/figures.c writes them. */
static struct key
row_key(uint8_t table, enum enrollment_metric metric, const char *authority_id)
{
	struct id id;
	bool parsed = id_parse(authority_id, &id);
	assert(parsed);
	struct key key = key_of(table);
	key_bytes(&key, slice_of(id.bytes, ID_BYTES));
	key_u16(&key, enrollment_metrics[metric].number);
	return key;
}

int64_t
metric_value(const struct store *store, enum enrollment_metric metric, const char *authority_id, const char *category,
	     uint32_t month)
{
	struct slice value;
	struct key key = row_key(TABLE_FIGURE, metric, authority_id);
	key_text(&key, category);
	key_u32(&key, month);
	return store_get(store, key_slice(&key), &value) ? (int64_t)get_u64(value.data) : 0;
}

static int64_t
sum_categories(const struct store *store, const struct key *prefix)
{
	struct store_walk walk = store_walk(store, key_slice(prefix));
	int64_t sum = 0;
	while (store_walk_next(&walk))
		sum += (int64_t)get_u64(walk.value.data);
	return sum;
}

int64_t
metric_total(const struct store *store, enum enrollment_metric metric, const char *authority_id)
{
	assert(enrollment_metrics[metric].kind == METRIC_STOCK);
	struct key prefix = row_key(TABLE_FIGURE, metric, authority_id);
	return sum_categories(store, &prefix);
}

int64_t
metric_own_total(const struct store *store, enum enrollment_metric metric, const char *authority_id)
{
	assert(enrollment_metrics[metric].kind == METRIC_STOCK);
	struct key prefix = row_key(TABLE_FIGURE, metric, authority_id);
	struct store_walk walk = store_walk(store, key_slice(&prefix));
	int64_t sum = 0;
	while (store_walk_next(&walk)) {
		if (walk.value.size == FIGURE_OWN_BYTES)
			sum += (int64_t)get_u64(walk.value.data + FIGURE_BYTES);
	}
	return sum;
}

const char *
metric_category(Mt__Person__Category category)
{
	switch (category) {
	case MT__PERSON__CATEGORY__UNSPECIFIED:
		return "";
	case MT__PERSON__CATEGORY__CADRE:
		return "cadre";
	case MT__PERSON__CATEGORY__CIVIL_SERVANT:
		return "civil_servant";
	case MT__PERSON__CATEGORY__PUBLIC_EMPLOYEE:
		return "public_employee";
	}
	return "";
}
