/* services/notification/template.c
 *
 * The texts, as a table; changing one changes what is said from now on, for a message
 * carries its text. Issue by issue they become data; the names and bits stay. */
#include "services/notification/template.h"

const struct template template_enrolled = {
	.name = "class.enrolled",
	.told = TOLD_ENROLLED,
	.subject_vi = "Bạn đã được ghi danh vào lớp {class}",
	.subject_en = "You are enrolled in {class}",
	.text_vi = "Bạn đã có chỗ trong lớp {class}. Lịch học có trong hồ sơ đào tạo của bạn.",
	.text_en = "You have a seat in {class}. Its sessions stand in your training record.",
};

const struct template template_waitlisted = {
	.name = "class.waitlisted",
	.told = TOLD_WAITLISTED,
	.subject_vi = "Bạn đang trong danh sách chờ của lớp {class}",
	.subject_en = "You are on the waitlist of {class}",
	.text_vi = "Lớp {class} đã đủ người. Bạn sẽ được báo ngay khi có chỗ.",
	.text_en = "{class} is full. You will be told as soon as a seat is free.",
};

const struct template template_withdrawn = {
	.name = "class.withdrawn",
	.told = TOLD_WITHDRAWN,
	.subject_vi = "Bạn không còn trong lớp {class}",
	.subject_en = "You are no longer in {class}",
	.text_vi = "Tên bạn đã được rút khỏi lớp {class}. Lý do: {reason}",
	.text_en = "You were withdrawn from {class}. Reason: {reason}",
};

const struct template template_warned = {
	.name = "class.warned",
	.told = TOLD_WARNED,
	.subject_vi = "Cảnh báo chuyên cần: lớp {class}",
	.subject_en = "Attendance warning: {class}",
	.text_vi = "Bạn đã vắng {number} buổi của lớp {class}. Vắng thêm có thể không hoàn thành lớp.",
	.text_en = "You have missed {number} sessions of {class}. With more absences you may not complete it.",
};

const struct template template_issued = {
	.name = "certificate.issued",
	.told = TOLD_ISSUED,
	.subject_vi = "Chứng chỉ của bạn đã được cấp: {class}",
	.subject_en = "Your certificate was issued: {class}",
	.text_vi = "Chứng chỉ {class}, số vào sổ {number}, đã được ký và cấp. Ai cũng kiểm được.",
	.text_en = "The certificate of {class}, register number {number}, was signed and issued. Anyone can check it.",
};

const struct template template_revoked = {
	.name = "certificate.revoked",
	.told = TOLD_REVOKED,
	.subject_vi = "Chứng chỉ của bạn đã bị thu hồi: {class}",
	.subject_en = "Your certificate was revoked: {class}",
	.text_vi = "Chứng chỉ {class} đã bị thu hồi. Lý do có trong hồ sơ đào tạo của bạn.",
	.text_en = "The certificate of {class} was revoked. The reason stands in your training record.",
};

const struct template template_corrected = {
	.name = "certificate.corrected",
	.recurring = RECURRING_CORRECTED,
	.subject_vi = "Chứng chỉ của bạn đã được đính chính hoặc cấp lại: {class}",
	.subject_en = "Your certificate was corrected or issued anew: {class}",
	.text_vi = "Chứng chỉ {class}, số vào sổ {number}, đã có bản mới. Bản trước không còn giá trị; hãy dùng bản "
		   "mới trong "
		   "hồ sơ đào tạo của bạn.",
	.text_en = "The certificate of {class}, register number {number}, has a new edition. The one before is "
		   "superseded; "
		   "use the new one from your training record.",
};

const struct template template_suspended = {
	.name = "certificate.suspended",
	.recurring = RECURRING_SUSPENDED,
	.subject_vi = "Chứng chỉ của bạn đang bị đình chỉ: {class}",
	.subject_en = "Your certificate is suspended: {class}",
	.text_vi = "Chứng chỉ {class} bị đình chỉ cho đến khi có quyết định. Lý do có trong hồ sơ đào tạo của bạn.",
	.text_en =
		"The certificate of {class} is suspended until it is decided whether it stands. The reason stands in "
		"your training record.",
};

const struct template template_reinstated = {
	.name = "certificate.reinstated",
	.recurring = RECURRING_REINSTATED,
	.subject_vi = "Chứng chỉ của bạn có hiệu lực trở lại: {class}",
	.subject_en = "Your certificate was reinstated: {class}",
	.text_vi = "Việc đình chỉ chứng chỉ {class} đã được bãi bỏ.",
	.text_en = "The certificate of {class} is no longer suspended.",
};

const struct template template_expiring = {
	.name = "certificate.expiring",
	.recurring = RECURRING_EXPIRING,
	.subject_vi = "Chứng chỉ của bạn sắp hết hạn: {class}",
	.subject_en = "Your certificate is about to expire: {class}",
	.text_vi = "Chứng chỉ {class} có giá trị đến hết ngày {number}. Hãy đăng ký học lại nếu cần.",
	.text_en = "The certificate of {class} is valid through {number}. Enrol again if you need it beyond that.",
};

const struct template template_expired = {
	.name = "certificate.expired",
	.told = TOLD_EXPIRED,
	.subject_vi = "Chứng chỉ của bạn đã hết hạn: {class}",
	.subject_en = "Your certificate has expired: {class}",
	.text_vi = "Chứng chỉ {class} đã hết hạn vào ngày {number}.",
	.text_en = "The certificate of {class} expired on {number}.",
};

static const struct template *const templates[] = {
	&template_enrolled,   &template_waitlisted, &template_withdrawn, &template_warned,
	&template_issued,     &template_revoked,    &template_corrected, &template_suspended,
	&template_reinstated, &template_expiring,   &template_expired,
};

const struct template *
template_find(const char *name)
{
	for (size_t i = 0; i < sizeof(templates) / sizeof(templates[0]); i++) {
		if (strcmp(templates[i]->name, name) == 0)
			return templates[i];
	}
	return NULL;
}

uint8_t
template_told_after(uint8_t before, uint8_t told)
{
	if (told == TOLD_WITHDRAWN)
		return told;
	return (uint8_t)((before & ~TOLD_WITHDRAWN) | told);
}

struct placeholder {
	const char *name;
	const char *value;
};

/* The placeholder that begins at at, or NULL. */
static const struct placeholder *
placeholder_at(const char *at, const struct placeholder *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strncmp(at, list[i].name, strlen(list[i].name)) == 0)
			return &list[i];
	}
	return NULL;
}

/* Bytes of the filled pattern, written to out unless that is NULL. */
static size_t
fill(const char *pattern, const struct placeholder *list, size_t count, char *out)
{
	size_t size = 0;
	for (const char *at = pattern; *at != '\0';) {
		const struct placeholder *found = placeholder_at(at, list, count);
		size_t taken = found != NULL ? strlen(found->name) : 1 + strcspn(at + 1, "{");
		const char *value = found == NULL ? at : found->value != NULL ? found->value : "";
		size_t added = found == NULL ? taken : strlen(value);
		if (out != NULL)
			memcpy(out + size, value, added);
		size += added;
		at += taken;
	}
	return size;
}

const char *
template_fill(struct arena *arena, const char *pattern, const struct template_values *values)
{
	const struct placeholder list[] = {
		{"{class}", values->class}, {"{number}", values->number}, {"{reason}", values->reason}};
	const size_t count = sizeof(list) / sizeof(list[0]);
	size_t size = fill(pattern, list, count, NULL);
	char *text = arena_alloc(arena, size + 1);
	fill(pattern, list, count, text);
	text[size] = '\0';
	return text;
}
