/* common/credential/reason.c
 *
 * A row a reason. Vietnamese comes without the detail of a parser ({what} of what cannot
 * be read): whoever presents a certificate is helped by what to do, not by an offset. */
#include "common/credential/reason.h"

#include "common/base/buf.h"

#include <assert.h>

enum { SENTENCE_BYTES_MAX = 4 << 10 }; /* two names of 256 bytes and a sentence */

static const char *const verdict_names[VERDICTS] = {
	[VERDICT_UNKNOWN] = "unknown",
	[VERDICT_VALID] = "valid",
	[VERDICT_REVOKED] = "revoked",
	[VERDICT_SUSPENDED] = "suspended",
	[VERDICT_SUPERSEDED] = "superseded",
	[VERDICT_EXPIRED] = "expired",
	[VERDICT_NOT_YET_VALID] = "not_yet_valid",
	[VERDICT_UNCONFIRMED] = "unconfirmed",
	[VERDICT_SPECIMEN] = "specimen",
	[VERDICT_INVALID] = "invalid",
	[VERDICT_MATCH] = "match",
	[VERDICT_NO_MATCH] = "no_match",
};

static const struct {
	enum verdict verdict;
	const char *en;
	const char *vi;
} rows[REASONS] = {
	[REASON_NONE] = {VERDICT_UNKNOWN, "it could not be checked", "không kiểm tra được"},
	[REASON_NOT_CREDENTIAL] = {VERDICT_INVALID, "this is not a credential: {what}",
				   "đây không phải là chứng chỉ điện tử: nội dung không đọc được"},
	[REASON_NOT_OBJECT] = {VERDICT_INVALID, "this is not a credential: it is not a JSON object",
			       "đây không phải là chứng chỉ điện tử: nội dung không phải một đối tượng JSON"},
	[REASON_TOO_LARGE] = {VERDICT_INVALID, "this is not a credential: it is too large",
			      "đây không phải là chứng chỉ điện tử: dữ liệu quá lớn"},
	[REASON_RESPELT] = {VERDICT_INVALID, "a number is spelt in another way than it was signed",
			    "có một con số được viết khác với khi ký"},
	[REASON_TOKEN] =
		{VERDICT_INVALID, "this is not a credential: {what}",
		 "đây không phải là chứng chỉ điện tử: mã JWT không hợp lệ hoặc dùng cách ký không được chấp nhận"},
	[REASON_TOKEN_TYPE] = {VERDICT_INVALID, "the token's type is not vc+jwt", "loại của mã JWT không phải vc+jwt"},
	[REASON_TOKEN_CLAIMS] = {VERDICT_INVALID, "the token says one thing and the credential in it another",
				 "mã JWT và chứng chỉ chứa trong đó nói khác nhau"},
	[REASON_CONTEXT] = {VERDICT_INVALID, "its contexts are not those of a certificate",
			    "ngữ cảnh (@context) không phải của chứng chỉ"},
	[REASON_TYPE] = {VERDICT_INVALID, "it is not a certificate: its type is another",
			 "đây không phải là chứng chỉ: loại dữ liệu khác"},
	[REASON_NO_ISSUER] = {VERDICT_INVALID, "this is not a credential: it names no issuer",
			      "đây không phải là chứng chỉ điện tử: không ghi cơ quan cấp"},
	[REASON_ISSUER_FORM] = {VERDICT_UNKNOWN, "its issuer is not one of this register: it cannot be checked here",
				"cơ quan cấp không thuộc sổ này: không kiểm tra được tại đây"},
	[REASON_ISSUER_UNKNOWN] = {VERDICT_UNKNOWN, "its issuer is not one of this register: it cannot be checked here",
				   "cơ quan cấp không thuộc sổ này: không kiểm tra được tại đây"},
	[REASON_ID] = {VERDICT_INVALID, "its id is not one of its issuer", "mã số chứng chỉ không thuộc cơ quan cấp"},
	[REASON_NO_PROOF] = {VERDICT_INVALID, "it is not signed", "chứng chỉ không có chữ ký"},
	[REASON_PROOFS] = {VERDICT_INVALID, "it does not carry exactly one proof",
			   "chứng chỉ không có đúng một chữ ký"},
	[REASON_PROOF_FORM] = {VERDICT_INVALID, "its proof is not of the form in which certificates are signed",
			       "chữ ký không đúng mẫu dùng khi ký chứng chỉ"},
	[REASON_PROOF_SUITE] = {VERDICT_INVALID, "the proof is not of the kind eddsa-jcs-2022",
				"chữ ký không thuộc loại eddsa-jcs-2022"},
	[REASON_PROOF_PURPOSE] = {VERDICT_INVALID, "the proof was made for another purpose",
				  "chữ ký được tạo cho mục đích khác"},
	[REASON_PROOF_CONTEXT] = {VERDICT_INVALID, "the proof was made for another document",
				  "chữ ký được tạo cho một văn bản khác"},
	[REASON_SIGNED_AT] = {VERDICT_INVALID, "it does not say when it was signed", "không ghi thời điểm ký"},
	[REASON_KEY] = {VERDICT_INVALID, "it was not signed with a key of its issuer",
			"chữ ký không dùng khóa của cơ quan cấp"},
	[REASON_KEY_BEFORE] = {VERDICT_INVALID, "it claims to be signed before its key existed",
			       "thời điểm ký ghi trên chứng chỉ sớm hơn khi khóa ký có hiệu lực"},
	[REASON_KEY_RETIRED] = {VERDICT_INVALID, "it was signed with a key that had been retired before",
				"khóa ký đã ngừng dùng trước thời điểm ký"},
	[REASON_KEY_COMPROMISED] = {VERDICT_INVALID, "it was signed with a key that was no longer safe by then",
				    "khóa ký đã bị lộ trước thời điểm ký"},
	[REASON_SIGNATURE] = {VERDICT_INVALID,
			      "the signature does not belong to this text: it was changed, or signed by somebody else",
			      "chữ ký không khớp với nội dung: chứng chỉ đã bị sửa hoặc do người khác ký"},
	[REASON_PERIOD] = {VERDICT_INVALID, "its period of validity cannot be read",
			   "không đọc được thời hạn hiệu lực"},
	[REASON_STATUS] = {VERDICT_INVALID, "its status does not stand in its issuer's lists",
			   "tình trạng chứng chỉ không thuộc danh sách của cơ quan cấp"},
	[REASON_STATUS_INDEX] = {VERDICT_INVALID, "its place in the status list is out of range",
				 "vị trí trong danh sách tình trạng nằm ngoài phạm vi"},
	[REASON_CONTENT] = {VERDICT_INVALID, "it does not say who completed what",
			    "không ghi ai đã hoàn thành nội dung gì"},
	[REASON_SPECIMEN] = {VERDICT_SPECIMEN, "it is a SPECIMEN, issued on trial: it certifies nothing",
			     "đây là BẢN THỬ, cấp khi chạy thử: không có giá trị chứng nhận"},
	[REASON_NOT_YET] = {VERDICT_NOT_YET_VALID, "it becomes valid on {since}", "có hiệu lực từ ngày {since}"},
	[REASON_EXPIRED] = {VERDICT_EXPIRED, "its last day of validity was {since}",
			    "ngày cuối cùng còn hiệu lực là {since}"},
	[REASON_KEY_DOUBTED] =
		{VERDICT_UNKNOWN,
		 "its key was compromised later: only the register or the log can tell whether it is genuine",
		 "khóa ký về sau đã bị lộ: chỉ sổ gốc hoặc nhật ký mới xác định được chứng chỉ thật hay giả"},
	[REASON_NOT_ON_RECORD] = {VERDICT_UNKNOWN, "no certificate of this id is on record",
				  "không có chứng chỉ nào mang mã số này trong sổ"},
	[REASON_NOT_AS_ISSUED] = {VERDICT_INVALID, "it is not what was issued under this id",
				  "nội dung không đúng với chứng chỉ đã cấp theo mã số này"},
	[REASON_ERASED] =
		{VERDICT_UNKNOWN,
		 "it is signed by {by}, but what was issued under number {what} was erased with its holder's "
		 "data and cannot be compared",
		 "chứng chỉ do {by} ký, nhưng nội dung cấp theo số vào sổ {what} đã xóa cùng dữ liệu của người "
		 "được cấp nên không đối chiếu được"},
	[REASON_REVOKED] = {VERDICT_REVOKED, "revoked by {by} on {since}", "{by} đã thu hồi ngày {since}"},
	[REASON_SUSPENDED] = {VERDICT_SUSPENDED, "suspended by {by} on {since}",
			      "{by} đã tạm đình chỉ hiệu lực từ ngày {since}"},
	[REASON_REVOKED_BY_LIST] = {VERDICT_REVOKED,
				    "the status list of {by} says revoked: withdrawn, or replaced by a corrected edition",
				    "danh sách tình trạng của {by} ghi đã thu hồi, hoặc đã thay bằng bản đính chính"},
	[REASON_SUSPENDED_BY_LIST] = {VERDICT_SUSPENDED, "the status list of {by} says suspended",
				      "danh sách tình trạng của {by} ghi đang tạm đình chỉ"},
	[REASON_SUPERSEDED] = {VERDICT_SUPERSEDED, "replaced by a corrected edition of {by} on {since}",
			       "{by} đã thay bằng bản đính chính ngày {since}"},
	[REASON_UNCONFIRMED] = {VERDICT_UNCONFIRMED, "recorded from paper on {since}; {by} has not confirmed it",
				"ghi lại từ chứng chỉ giấy ngày {since}; {by} chưa xác nhận"},
	[REASON_VALID] = {VERDICT_VALID, "signed by {by}, on record under number {what}, not revoked",
			  "do {by} ký, có trong sổ với số {what}, chưa bị thu hồi"},
	[REASON_CODE_FORM] = {VERDICT_INVALID, "this is not a verification code", "đây không phải là mã xác minh"},
	[REASON_CODE_UNKNOWN] =
		{VERDICT_UNKNOWN,
		 "no certificate is on record under this code; what was issued to somebody whose data "
		 "were erased is not found by it either",
		 "không có chứng chỉ nào theo mã này; chứng chỉ của người đã được xóa dữ liệu cũng không "
		 "tìm thấy bằng mã"},
	[REASON_MATCH] = {VERDICT_MATCH, "a valid certificate with all of this is on record",
			  "trong sổ có một chứng chỉ còn hiệu lực đúng với tất cả thông tin này"},
	[REASON_NO_MATCH] =
		{VERDICT_NO_MATCH,
		 "no valid certificate with all of this is on record; ask the institution, with the paper in "
		 "hand",
		 "trong sổ không có chứng chỉ còn hiệu lực nào đúng với tất cả thông tin này; hãy hỏi cơ "
		 "quan cấp và đưa bản giấy"},
};

const char *
verdict_name(enum verdict verdict)
{
	return verdict_names[verdict];
}

enum verdict
reason_verdict(enum reason reason)
{
	return rows[reason].verdict;
}

/* The word that begins at text, and how long its mark is; NULL if none does. */
static const char *
word_at(const char *text, const struct reason_words *words, size_t *size)
{
	static const char *const marks[] = {"{by}", "{since}", "{what}"};
	const char *const values[] = {words->by, words->since, words->what};
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		*size = strlen(marks[i]);
		if (strncmp(text, marks[i], *size) == 0)
			return values[i] != NULL ? values[i] : "-";
	}
	return NULL;
}

static const char *
sentence(struct arena *arena, const char *text, const struct reason_words *words)
{
	struct buf buf;
	buf_init(&buf, SENTENCE_BYTES_MAX);
	while (*text != '\0') {
		size_t size;
		const char *word = word_at(text, words, &size);
		if (word != NULL)
			buf_text(&buf, word);
		else
			size = strcspn(text + 1, "{") + 1;
		if (word == NULL)
			buf_append(&buf, slice_of(text, size));
		text += size;
	}
	assert(!buf_failed(&buf));
	const char *copy = arena_text(arena, buf_slice(&buf));
	buf_free(&buf);
	return copy;
}

const char *
reason_en(struct arena *arena, enum reason reason, const struct reason_words *words)
{
	return sentence(arena, rows[reason].en, words);
}

const char *
reason_vi(struct arena *arena, enum reason reason, const struct reason_words *words)
{
	return sentence(arena, rows[reason].vi, words);
}
