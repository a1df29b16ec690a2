/* services/ctl/names.c
 *
 * Weighted lists. Family names after Lê Trung Hoa, "Họ và tên người Việt Nam" (2005), as
 * commonly cited; middle and given names by feel. */
#include "services/ctl/names.h"

#include <stdbool.h>
#include <stdio.h>

struct part {
	const char *text;
	unsigned weight;
};

static const struct part families[] = {
	{"Nguyễn", 384}, {"Trần", 121}, {"Lê", 95},   {"Phạm", 70}, {"Hoàng", 31}, {"Huỳnh", 20}, {"Phan", 45},
	{"Vũ", 22},      {"Võ", 17},    {"Đặng", 21}, {"Bùi", 20},  {"Đỗ", 14},    {"Hồ", 13},    {"Ngô", 13},
	{"Dương", 10},   {"Lý", 5},     {"Đinh", 9},  {"Trịnh", 8}, {"Đoàn", 7},   {"Lương", 7},  {"Mai", 6},
	{"Cao", 6},      {"Tô", 4},     {"Hà", 6},    {"Nông", 4},  {"Vi", 2},     {"Lò", 4},     {"Quàng", 2},
	{"Thạch", 3},    {"Sơn", 2},    {"Kim", 2},   {"Y", 1},     {NULL, 0},
};

static const struct part women_middle[] = {
	{"Thị", 520},     {"Thị Thu", 60}, {"Thị Thanh", 55}, {"Thị Kim", 35}, {"Hồng", 40}, {"Thị Minh", 30},
	{"Thị Ngọc", 45}, {"Ngọc", 50},    {"Thanh", 30},     {"Minh", 25},    {"Thùy", 35}, {"Phương", 30},
	{"Bảo", 15},      {"Khánh", 15},   {"Diệu", 8},       {"Mỹ", 10},      {NULL, 0},
};

static const struct part women_given[] = {
	{"Hương", 50}, {"Lan", 48},   {"Hoa", 42},  {"Hà", 55},    {"Thảo", 45},   {"Trang", 52},
	{"Linh", 60},  {"Mai", 40},   {"Ngân", 30}, {"Nga", 35},   {"Hằng", 42},   {"Huyền", 45},
	{"Yến", 35},   {"Nhung", 32}, {"Thủy", 38}, {"Tuyết", 25}, {"Dung", 35},   {"Loan", 25},
	{"Oanh", 22},  {"Quỳnh", 28}, {"Vân", 33},  {"Anh", 55},   {"Phượng", 22}, {"Xuân", 20},
	{"Hiền", 38},  {"Liên", 24},  {"Bích", 15}, {"Như", 18},   {NULL, 0},
};

static const struct part men_middle[] = {
	{"Văn", 380}, {"Đức", 70},  {"Hữu", 45},  {"Minh", 60},  {"Quang", 45}, {"Quốc", 45}, {"Công", 30},
	{"Đình", 40}, {"Xuân", 40}, {"Ngọc", 40}, {"Thanh", 45}, {"Tuấn", 25},  {"Anh", 20},  {"Trọng", 20},
	{"Mạnh", 25}, {"Gia", 12},  {"Duy", 22},  {"Hoàng", 25}, {"Bá", 12},    {NULL, 0},
};

static const struct part men_given[] = {
	{"Hùng", 60}, {"Dũng", 55},  {"Tuấn", 62},  {"Minh", 50},  {"Hải", 45},  {"Nam", 50},
	{"Sơn", 45},  {"Thắng", 42}, {"Cường", 45}, {"Long", 40},  {"Hiếu", 32}, {"Trung", 42},
	{"Quân", 35}, {"Thành", 45}, {"Đức", 38},   {"Huy", 40},   {"Phúc", 30}, {"Khoa", 22},
	{"Bình", 35}, {"Tùng", 32},  {"Việt", 25},  {"Kiên", 28},  {"Anh", 35},  {"Toàn", 28},
	{"Vinh", 22}, {"Lâm", 22},   {"Hòa", 20},   {"Phong", 28}, {NULL, 0},
};

static const char *
part_pick(struct random *random, const struct part *parts)
{
	uint64_t total = 0;
	for (const struct part *part = parts; part->text != NULL; part++)
		total += part->weight;
	uint64_t at = random_below(random, total);
	const struct part *part = parts;
	for (; at >= part->weight; part++)
		at -= part->weight;
	return part->text;
}

void
name_make(struct random *random, char *name, size_t size)
{
	bool woman = random_chance(random, 52);
	const char *family = part_pick(random, families);
	const char *middle = part_pick(random, woman ? women_middle : men_middle);
	const char *given = part_pick(random, woman ? women_given : men_given);
	snprintf(name, size, "%s %s %s", family, middle, given);
}
