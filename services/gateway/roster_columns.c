/* services/gateway/roster_columns.c
 *
 * Words, and what they mean. */
#include "services/gateway/roster_columns.h"

#include "common/base/text.h"

#include <string.h>

const struct roster_column_words roster_columns[ROSTER_COLUMNS] = {
	[ROSTER_STAFF_CODE] = {"staff_code", "Mã cán bộ", "CB-0001", "CB-0001"},
	[ROSTER_NAME] = {"name", "Họ và tên", "Nguyễn Thị Mẫu", "Nguyễn Thị Mẫu"},
	[ROSTER_BIRTH_DATE] = {"birth_date", "Ngày sinh", "31/12/1990", "31/12/1990"},
	[ROSTER_EMAIL] = {"email", "Thư điện tử", "mau@example.vn", "mau@example.vn"},
	[ROSTER_PHONE] = {"phone", "Điện thoại", "0900 000 000", "0900 000 000"},
	[ROSTER_CITIZEN_ID] = {"citizen_id", "Số định danh", "001190000001", "001190000001"},
	[ROSTER_CATEGORY] = {"category", "Loại", "civil servant", "công chức"},
	[ROSTER_POSITION] = {"position", "Chức vụ", "specialist", "specialist"},
	[ROSTER_RANK] = {"rank", "Ngạch", "01.003", "01.003"},
	[ROSTER_UNIT] = {"unit", "Đơn vị", "Phòng Tổ chức", "Phòng Tổ chức"},
	[ROSTER_SUPERVISOR] = {"supervisor", "Người phụ trách", "", ""},
	[ROSTER_EFFECTIVE_DATE] = {"effective_date", "Ngày hiệu lực", "01/07/2025", "01/07/2025"},
	[ROSTER_AUTHORITY] = {"authority", "Mã cơ quan", "", ""},
};

static const struct {
	const char *folded;
	enum roster_column column;
} headers[] = {
	{"staffcode", ROSTER_STAFF_CODE},
	{"macanbo", ROSTER_STAFF_CODE},
	{"macb", ROSTER_STAFF_CODE},
	{"macongchuc", ROSTER_STAFF_CODE},
	{"mavienchuc", ROSTER_STAFF_CODE},
	{"macbccvc", ROSTER_STAFF_CODE},
	{"name", ROSTER_NAME},
	{"fullname", ROSTER_NAME},
	{"hovaten", ROSTER_NAME},
	{"hoten", ROSTER_NAME},
	{"birthdate", ROSTER_BIRTH_DATE},
	{"dateofbirth", ROSTER_BIRTH_DATE},
	{"ngaysinh", ROSTER_BIRTH_DATE},
	{"ngaythangnamsinh", ROSTER_BIRTH_DATE},
	{"email", ROSTER_EMAIL},
	{"thudientu", ROSTER_EMAIL},
	{"phone", ROSTER_PHONE},
	{"dienthoai", ROSTER_PHONE},
	{"sodienthoai", ROSTER_PHONE},
	{"citizenid", ROSTER_CITIZEN_ID},
	{"sodinhdanh", ROSTER_CITIZEN_ID},
	{"sodinhdanhcanhan", ROSTER_CITIZEN_ID},
	{"cccd", ROSTER_CITIZEN_ID},
	{"socccd", ROSTER_CITIZEN_ID},
	{"socancuoc", ROSTER_CITIZEN_ID},
	{"category", ROSTER_CATEGORY},
	{"loai", ROSTER_CATEGORY},
	{"loaicanbo", ROSTER_CATEGORY},
	{"position", ROSTER_POSITION},
	{"chucvu", ROSTER_POSITION},
	{"vitri", ROSTER_POSITION},
	{"vitrivieclam", ROSTER_POSITION},
	{"chucvuvitri", ROSTER_POSITION},
	{"rank", ROSTER_RANK},
	{"ngach", ROSTER_RANK},
	{"mangach", ROSTER_RANK},
	{"unit", ROSTER_UNIT},
	{"donvi", ROSTER_UNIT},
	{"phongban", ROSTER_UNIT},
	{"supervisor", ROSTER_SUPERVISOR},
	{"nguoiphutrach", ROSTER_SUPERVISOR},
	{"effectivedate", ROSTER_EFFECTIVE_DATE},
	{"ngayhieuluc", ROSTER_EFFECTIVE_DATE},
	{"authority", ROSTER_AUTHORITY},
	{"macoquan", ROSTER_AUTHORITY},
	{"coquan", ROSTER_AUTHORITY},
};

static const struct {
	const char *folded;
	Mt__Person__Category category;
} categories[] = {
	{"cadre", MT__PERSON__CATEGORY__CADRE},
	{"canbo", MT__PERSON__CATEGORY__CADRE},
	{"civilservant", MT__PERSON__CATEGORY__CIVIL_SERVANT},
	{"congchuc", MT__PERSON__CATEGORY__CIVIL_SERVANT},
	{"publicemployee", MT__PERSON__CATEGORY__PUBLIC_EMPLOYEE},
	{"vienchuc", MT__PERSON__CATEGORY__PUBLIC_EMPLOYEE},
};

const char *
roster_folded(struct arena *arena, const char *text)
{
	const char *folded = text_fold(arena, text);
	if (folded == NULL)
		return NULL;
	char *out = arena_text(arena, slice_text(folded));
	char *to = out;
	for (const char *at = out; *at != '\0'; at++) {
		if ((*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9'))
			*to++ = *at;
	}
	*to = '\0';
	return out;
}

enum roster_column
roster_column_find(const char *folded)
{
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		if (strcmp(headers[i].folded, folded) == 0)
			return headers[i].column;
	}
	return ROSTER_COLUMNS;
}

Mt__Person__Category
roster_category_find(const char *folded)
{
	for (size_t i = 0; i < sizeof(categories) / sizeof(categories[0]); i++) {
		if (strcmp(categories[i].folded, folded) == 0)
			return categories[i].category;
	}
	return MT__PERSON__CATEGORY__UNSPECIFIED;
}
