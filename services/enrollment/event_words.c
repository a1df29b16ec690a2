/* services/enrollment/event_words.c
 *
 * Why an event was not accepted, in Vietnamese, by the stable code of the reason. The field
 * stands beside it in the answer; the English sentence comes from where the reason arose. */
#include "services/enrollment/enrollment.h"

struct sentence {
	const char *code;
	const char *vi;
};

static const struct sentence sentences[] = {
	{"adoption", "hồ sơ tạm được nhận bằng :adopt và phải có xác nhận của cả hai bên"},
	{"already_deceased", "người này đã được ghi nhận là từ trần"},
	{"already_exists", "mã cán bộ này đang thuộc về một người khác đang công tác"},
	{"already_merged", "một trong hai hồ sơ đã được gộp vào hồ sơ khác"},
	{"already_retired", "người này đã nghỉ hưu"},
	{"bad_citizen_id", "số căn cước công dân không hợp lệ"},
	{"bad_date", "ngày tháng không có trong lịch hoặc không viết đúng dạng NĂM-THÁNG-NGÀY"},
	{"bad_field", "tên trường không thể xóa trống"},
	{"bad_sequence", "số thứ tự phải là số nguyên từ 1 trở lên"},
	{"bad_text", "nội dung không phải UTF-8 hợp lệ"},
	{"before_hire", "ngày có hiệu lực trước ngày người này bắt đầu công tác"},
	{"conflict", "sự kiện cùng nguồn và cùng mã đã được tiếp nhận với nội dung khác"},
	{"corrects_a_correction", "sự kiện cần đính chính chính là một đính chính, hãy đính chính sự kiện gốc"},
	{"erased", "dữ liệu cá nhân đã bị xóa theo quy định của pháp luật"},
	{"has_merged", "hồ sơ bị gộp đang chứa hồ sơ khác, hãy tách ra trước"},
	{"implausible_date", "ngày tháng không hợp lý, hãy kiểm tra lại năm"},
	{"missing", "thiếu trường bắt buộc"},
	{"missing_subject", "thiếu mã cán bộ (subject)"},
	{"no_predecessor", "sự kiện liền trước theo số thứ tự không đến trong 30 ngày"},
	{"nobody_came", "không có ai được tuyển dụng với mã cán bộ này trong 30 ngày"},
	{"not_in_service", "người này không đang công tác"},
	{"not_merged", "hai hồ sơ này chưa được gộp với nhau"},
	{"not_a_transfer", "sự kiện được đính chính không phải là điều động"},
	{"not_the_receiver", "sự kiện của nguồn khác không phải là điều động đến cơ quan của nguồn gửi"},
	{"not_the_source", "cơ quan chuyển đi không phải là cơ quan của nguồn gửi hoặc cấp dưới của nguồn gửi"},
	{"not_the_subject", "mã cán bộ nơi đi không phải là mã cán bộ trong subject"},
	{"out_of_order", "sự kiện không phù hợp với tình trạng hiện tại của người này"},
	{"provisional_stays", "hồ sơ tạm không thể là hồ sơ được giữ lại"},
	{"same_person", "hai mã này đã thuộc về cùng một hồ sơ"},
	{"sequence_used", "số thứ tự này đã được dùng cho sự kiện khác của cùng nguồn và mã cán bộ"},
	{"too_long", "nội dung dài quá giới hạn"},
	{"too_many", "quá nhiều phần tử trong danh sách"},
	{"too_many_changes", "hồ sơ của người này đã đạt số lần thay đổi tối đa"},
	{"too_many_parked", "quá nhiều sự kiện đang chờ"},
	{"too_many_pushers", "quá nhiều hệ thống gửi dữ liệu cho nguồn đang bị giữ lại"},
	{"transferred_away", "người này hiện công tác tại cơ quan khác"},
	{"unknown_authority", "mã cơ quan không có trong danh mục"},
	{"unknown_code", "mã không có trong danh mục đang có hiệu lực vào ngày đó"},
	{"unknown_event", "không tìm thấy sự kiện cần đính chính của nguồn này"},
	{"unknown_other", "không tìm thấy người có mã cán bộ còn lại"},
	{"unknown_type", "loại sự kiện không được hỗ trợ"},
};

const char *
event_sentence_vi(const char *code)
{
	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
		if (strcmp(sentences[i].code, code) == 0)
			return sentences[i].vi;
	}
	return "";
}
