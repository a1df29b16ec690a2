/* tests/bench/people.c
 *
 * Deeds from numbers: a few multiplications each, so that a generator costs little beside
 * the server that it shares two cores with. */
#include "tests/bench/people.h"

#include <stdio.h>
#include <string.h>

enum { LINE_BYTES = 1024, UNITS_APART = 1571 };

static const uint64_t SCATTER = 1000003; /* prime: walks through all odd persons */

/* Enough that people who share a name and a birth date are as rare as in life: powers of two. */
static const char *const family_names[] = {"Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Phan", "Vũ",    "Đặng",
					   "Bùi",    "Đỗ",   "Hồ", "Ngô",  "Dương", "Lý",   "Trịnh", "Võ"};
static const char *const middle_names[] = {"Văn", "Thị",  "Minh", "Quốc", "Thu",   "Ngọc", "Đức", "Thanh",
					   "Hữu", "Xuân", "Hồng", "Kim",  "Quang", "Bích", "Anh", "Thùy"};
static const char *const given_names[] = {"An",    "Bình",  "Châu",   "Dũng", "Hà",   "Lan",   "Mạnh", "Sơn",
					  "Cường", "Đạt",   "Giang",  "Hải",  "Hạnh", "Hiền",  "Hòa",  "Hùng",
					  "Hương", "Khánh", "Lâm",    "Linh", "Long", "Mai",   "Nam",  "Nga",
					  "Nhung", "Phúc",  "Phương", "Quân", "Thảo", "Trang", "Tuấn", "Yến"};

static uint64_t
mix(uint64_t value)
{
	value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
	return value ^ value >> 31;
}

/* The rows of the file that have a parent: code,name,name_en,parent_code,kind, no quotes. */
bool
nation_read(struct nation *nation, const char *path)
{
	char line[LINE_BYTES];
	FILE *file = fopen(path, "r");
	if (file == NULL)
		return false;
	nation->units_count = 0;
	bool header = true;
	while (fgets(line, sizeof(line), file) != NULL && nation->units_count < UNITS_MAX) {
		char *rest = line;
		const char *fields[4] = {"", "", "", ""};
		for (int i = 0; i < 4 && rest != NULL; i++)
			fields[i] = strsep(&rest, ",");
		if (!header && fields[3][0] != '\0' && strlen(fields[0]) < UNIT_CODE_BYTES)
			snprintf(nation->units[nation->units_count++], UNIT_CODE_BYTES, "%s", fields[0]);
		header = false;
	}
	fclose(file);
	return nation->units_count > 0;
}

static size_t
home_unit(const struct nation *nation, uint64_t person)
{
	if (person < nation->people)
		return (size_t)(person * nation->units_count / nation->people);
	return (size_t)(mix(person) % nation->units_count);
}

static char *
put_text(char *at, const char *text)
{
	size_t size = strlen(text);
	memcpy(at, text, size + 1);
	return at + size;
}

static char *
put_number(char *at, uint64_t number)
{
	char digits[24];
	size_t size = 0;
	do
		digits[size++] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	while (size > 0)
		*at++ = digits[--size];
	*at = '\0';
	return at;
}

static void
put_staff_code(char *at, uint64_t person, uint64_t moves)
{
	at = put_number(put_text(at, "S"), person);
	if (moves > 0)
		put_number(put_text(at, "-"), moves);
}

static void
put_person(struct deed *deed, uint64_t number)
{
	uint64_t drawn = mix(number);
	char *at = put_text(deed->name, family_names[drawn & 15]);
	at = put_text(put_text(at, " "), middle_names[drawn >> 4 & 15]);
	put_text(put_text(at, " "), given_names[drawn >> 8 & 31]);
	put_text(put_number(put_text(deed->email, "p"), number), "@tinh.gov.vn");
	put_text(deed->birth_date, "1960-11-11");
	deed->birth_date[2] = (char)('6' + (drawn >> 13 & 3));
	deed->birth_date[3] = (char)('0' + (drawn >> 32) % 10);
	deed->birth_date[6] = (char)('0' + (drawn >> 36) % 3);
	deed->birth_date[8] = (char)('0' + (drawn >> 40) % 2);
	deed->birth_date[9] = (char)('1' + (drawn >> 48) % 9);
	deed->category = (unsigned)(drawn >> 24) % 3 + 1;
	put_number(put_text(deed->position, "CV."), drawn >> 16 & 63);
}

static void
deed_hired(const struct nation *nation, uint64_t number, struct deed *deed)
{
	deed->kind = DEED_HIRED;
	deed->unit = nation->units[home_unit(nation, number)];
	put_staff_code(deed->staff_code, number, 0);
	put_person(deed, number);
}

static void
deed_updated(const struct nation *nation, uint64_t number, struct deed *deed)
{
	uint64_t person = mix(number) % (nation->people / 2) * 2;
	deed->kind = DEED_UPDATED;
	deed->unit = nation->units[home_unit(nation, person)];
	put_staff_code(deed->staff_code, person, 0);
	put_number(put_text(deed->position, "CV."), number & 63);
}

static void
deed_transferred(const struct nation *nation, uint64_t number, struct deed *deed)
{
	uint64_t movers = nation->people / 2;
	uint64_t moves = number / movers;
	uint64_t person = number % movers * SCATTER % movers * 2 + 1;
	size_t home = home_unit(nation, person);
	deed->kind = DEED_TRANSFERRED;
	deed->unit = nation->units[(home + moves * UNITS_APART) % nation->units_count];
	put_staff_code(deed->staff_code, person, moves);
	deed->to_unit = nation->units[(home + (moves + 1) * UNITS_APART) % nation->units_count];
	put_staff_code(deed->to_staff_code, person, moves + 1);
}

bool
deed_make(const struct nation *nation, const char *work, uint64_t number, struct deed *deed)
{
	char *at = deed->id;
	at = put_text(put_text(put_text(at, nation->run), "-"), (char[2]){work[0], '\0'});
	put_number(at, number);
	switch (work[0]) {
	case 'h':
		deed_hired(nation, number, deed);
		return true;
	case 'u':
		deed_updated(nation, number, deed);
		return true;
	case 't':
		deed_transferred(nation, number, deed);
		return true;
	case 'm':
		if (number % 5 == 4)
			deed_transferred(nation, number / 5, deed);
		else
			deed_updated(nation, number, deed);
		return true;
	}
	return false;
}

void
deed_json(struct buf *buf, const struct deed *deed)
{
	static const char *const types[] = {"hired", "updated", "transferred"};
	static const char *const categories[] = {"", "CADRE", "CIVIL_SERVANT", "PUBLIC_EMPLOYEE"};
	const char *parts[40];
	size_t count = 0;
	parts[count++] = "{\"specversion\":\"1.0\",\"type\":\"matricula.person.";
	parts[count++] = types[deed->kind];
	parts[count++] = ".v1\",\"source\":\"/authorities/";
	parts[count++] = deed->unit;
	parts[count++] = "/hr\",\"id\":\"";
	parts[count++] = deed->id;
	parts[count++] = "\",\"subject\":\"";
	parts[count++] = deed->staff_code;
	parts[count++] = "\",\"time\":\"2026-02-01T08:00:00Z\",\"datacontenttype\":\"application/json\",\"data\":{";
	if (deed->kind == DEED_HIRED) {
		parts[count++] = "\"name\":\"";
		parts[count++] = deed->name;
		parts[count++] = "\",\"birthDate\":\"";
		parts[count++] = deed->birth_date;
		parts[count++] = "\",\"email\":\"";
		parts[count++] = deed->email;
		parts[count++] = "\",\"category\":\"";
		parts[count++] = categories[deed->category];
		parts[count++] = "\",\"position\":\"";
		parts[count++] = deed->position;
	} else if (deed->kind == DEED_UPDATED) {
		parts[count++] = "\"position\":\"";
		parts[count++] = deed->position;
	} else {
		parts[count++] = "\"toAuthority\":\"";
		parts[count++] = deed->to_unit;
		parts[count++] = "\",\"toStaffCode\":\"";
		parts[count++] = deed->to_staff_code;
	}
	parts[count++] = "\",\"effectiveDate\":\"2026-02-01\"}}";
	for (size_t i = 0; i < count; i++)
		buf_text(buf, parts[i]);
}
