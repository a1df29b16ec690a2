/* services/ctl/nation_lists.c
 *
 * Nothing but data. A weight is a number of slots: what has one of 10,000 is drawn once in
 * 10,000 draws. */
#include "services/ctl/nation_lists.h"

#include <stddef.h>

static const struct name_part kinh_north_family[] = {
	{"Nguyễn", 4900}, {"Trần", 1370}, {"Lê", 1190},   {"Phạm", 880}, {"Hoàng", 430}, {"Phan", 330},  {"Vũ", 410},
	{"Đặng", 225},    {"Bùi", 215},   {"Đỗ", 165},    {"Hồ", 105},   {"Ngô", 140},   {"Dương", 105}, {"Lý", 20},
	{"Đinh", 90},     {"Trịnh", 80},  {"Đoàn", 65},   {"Lương", 65}, {"Mai", 60},    {"Cao", 60},    {"Tô", 30},
	{"Hà", 55},       {"Trương", 80}, {"Đào", 75},    {"Phùng", 45}, {"Tạ", 40},     {"Lưu", 40},    {"Chu", 30},
	{"Thái", 18},     {"Kiều", 18},   {"Nghiêm", 14}, {"Vương", 22}, {"Tống", 16},   {"Lại", 16},    {"Khuất", 10},
	{"Doãn", 10},     {"Đàm", 14},    {"Quách", 10},  {"Cù", 8},     {"Phí", 7},     {"Ninh", 8},    {"Mạc", 7},
	{"Bạch", 6},      {"Thân", 8},    {"Từ", 6},      {"Nhữ", 3},    {"Giang", 5},   {"Khổng", 5},   {"Viên", 2},
	{"Văn", 5},       {"Tăng", 4},    {"Cấn", 4},     {"Lã", 6},     {"Thiều", 4},   {"La", 4},      {"Triệu", 6},
	{"Quản", 3},      {"Ứng", 1},     {"Trưng", 1},   {"Đồng", 5},   {"Hứa", 3},     {"Thẩm", 2},    {"Tiêu", 2},
	{"An", 2},        {"Ông", 1},     {"Bế", 1},      {"Chử", 2},    {"Đậu", 4},     {NULL, 0},
};

static const struct name_part kinh_south_family[] = {
	{"Nguyễn", 5100}, {"Trần", 1420}, {"Lê", 1220},  {"Phạm", 830}, {"Huỳnh", 540}, {"Võ", 460},    {"Phan", 420},
	{"Đặng", 210},    {"Bùi", 170},   {"Đỗ", 125},   {"Hồ", 190},   {"Ngô", 140},   {"Dương", 120}, {"Trương", 170},
	{"Hoàng", 90},    {"Vũ", 60},     {"Lý", 35},    {"Lâm", 75},   {"Mai", 70},    {"Đoàn", 65},   {"Cao", 60},
	{"Đinh", 55},     {"Thái", 45},   {"Trịnh", 35}, {"Lương", 40}, {"Châu", 35},   {"Tô", 28},     {"Hà", 40},
	{"Tạ", 25},       {"Lưu", 30},    {"Phùng", 22}, {"Đào", 28},   {"Tăng", 14},   {"Quách", 14},  {"Vương", 18},
	{"Kiều", 16},     {"Văn", 12},    {"Tống", 12},  {"Từ", 10},    {"Giang", 8},   {"La", 10},     {"Mạc", 5},
	{"Thân", 6},      {"Nghiêm", 3},  {"Tôn", 8},    {"Ông", 4},    {"Trà", 6},     {"Quan", 3},    {"Diệp", 10},
	{"Hứa", 10},      {"Ung", 2},     {"Lại", 5},    {"Bạch", 3},   {"Đàm", 4},     {"Triệu", 3},   {"Tiêu", 5},
	{"Thiều", 2},     {"Lữ", 4},      {"Nhan", 2},   {"Phó", 1},    {"Kha", 3},     {"Đồng", 5},    {"Cổ", 1},
	{"Thẩm", 2},      {"Chung", 4},   {NULL, 0},
};

static const struct name_part women_middle[] = {
	{"Thị", 4700},     {"Thị Thu", 480},  {"Thị Thanh", 420}, {"Thị Kim", 300},    {"Thị Ngọc", 340},
	{"Thị Minh", 220}, {"Thị Hồng", 300}, {"Thị Thùy", 160},  {"Thị Phương", 180}, {"Thị Mỹ", 150},
	{"Thị Bích", 130}, {"Thị Cẩm", 60},   {"Thị Tuyết", 70},  {"Thị Hoài", 70},    {"Thị Lan", 80},
	{"Thị Mai", 70},   {"Thị Ánh", 60},   {"Thị Hải", 50},    {"Thị Quỳnh", 60},   {"Thị Vân", 60},
	{"Thị Như", 40},   {"Ngọc", 360},     {"Thanh", 230},     {"Hồng", 210},       {"Minh", 200},
	{"Thùy", 190},     {"Phương", 200},   {"Bảo", 90},        {"Khánh", 110},      {"Diệu", 60},
	{"Mỹ", 90},        {"Kim", 130},      {"Thu", 120},       {"Hoài", 60},        {"Mai", 60},
	{"Lan", 40},       {"Hà", 50},        {"Quỳnh", 70},      {"Tường", 25},       {"Cẩm", 30},
	{"Bích", 60},      {"Ánh", 35},       {"Như", 40},        {"Trúc", 25},        {"Tú", 20},
	{"Ngọc Bảo", 12},  {"Hoàng", 40},     {"Thảo", 20},       {"Đan", 8},          {"Gia", 8},
	{"Hạnh", 10},      {"Xuân", 30},      {NULL, 0},
};

static const struct name_part women_given[] = {
	{"Hương", 430},  {"Lan", 350},    {"Hoa", 330},   {"Hà", 430},    {"Thảo", 360},   {"Trang", 400},
	{"Linh", 430},   {"Mai", 330},    {"Ngân", 200},  {"Nga", 290},   {"Hằng", 360},   {"Huyền", 360},
	{"Yến", 280},    {"Nhung", 250},  {"Thủy", 340},  {"Tuyết", 200}, {"Dung", 300},   {"Loan", 220},
	{"Oanh", 190},   {"Quỳnh", 180},  {"Vân", 290},   {"Anh", 380},   {"Phượng", 220}, {"Xuân", 160},
	{"Hiền", 340},   {"Liên", 220},   {"Bích", 90},   {"Như", 90},    {"Phương", 390}, {"Thu", 240},
	{"Hạnh", 260},   {"Hồng", 220},   {"Tâm", 180},   {"Ngọc", 220},  {"Thanh", 170},  {"Nhàn", 90},
	{"Hòa", 120},    {"Thơm", 90},    {"Thúy", 240},  {"Diệp", 60},   {"Chi", 110},    {"Ly", 90},
	{"My", 80},      {"Vy", 60},      {"Trinh", 130}, {"Thắm", 70},   {"Thoa", 80},    {"Minh", 80},
	{"Bình", 90},    {"Châu", 90},    {"Cúc", 80},    {"Đào", 60},    {"Duyên", 120},  {"Giang", 130},
	{"Hảo", 50},     {"Hiên", 40},    {"Hoài", 60},   {"Hợp", 30},    {"Huế", 90},     {"Huệ", 140},
	{"Khuyên", 30},  {"Kiều", 60},    {"Lài", 30},    {"Lành", 25},   {"Lệ", 60},      {"Liễu", 40},
	{"Lĩnh", 8},     {"Luyến", 40},   {"Lý", 60},     {"Mận", 20},    {"Mến", 25},     {"Miền", 12},
	{"Mơ", 40},      {"Mười", 20},    {"Na", 25},     {"Ngát", 20},   {"Ngoan", 25},   {"Nguyên", 30},
	{"Nguyệt", 110}, {"Nhi", 80},     {"Nhã", 15},    {"Nhạn", 12},   {"Ninh", 20},    {"Nương", 15},
	{"Phúc", 20},    {"Quyên", 110},  {"Quý", 30},    {"Sang", 15},   {"Sáu", 25},     {"Sen", 40},
	{"Sinh", 20},    {"Sương", 60},   {"Thái", 25},   {"Thêu", 25},   {"Thi", 60},     {"Thìn", 25},
	{"Thuận", 60},   {"Thương", 110}, {"Thư", 80},    {"Tiên", 50},   {"Trà", 40},     {"Trâm", 80},
	{"Trúc", 60},    {"Tuyền", 50},   {"Tú", 40},     {"Tươi", 40},   {"Út", 25},      {"Uyên", 100},
	{"Vui", 30},     {"Vượng", 12},   {"Ánh", 110},   {"Bảy", 20},    {"Diễm", 50},    {"Diệu", 40},
	{"Gấm", 20},     {"Hậu", 60},     {"Khánh", 40},  {"Lụa", 25},    {"Lương", 30},   {"Nhâm", 20},
	{"Nụ", 12},      {"Phấn", 20},    {"Sửu", 8},     {"Tình", 40},   {"Tính", 12},    {"Toan", 15},
	{"Vinh", 30},    {"Viên", 15},    {"Xoan", 15},   {"Xuyến", 40},  {"Ý", 20},       {"Đức", 5},
	{"Ái", 15},      {"Bưởi", 6},     {"Chín", 15},   {"Chúc", 10},   {"Hân", 40},     {"Hường", 110},
	{"Kim", 30},     {"Thục", 12},    {"Đoan", 8},    {"Đông", 10},   {"Điệp", 25},    {NULL, 0},
};

static const struct name_part men_middle[] = {
	{"Văn", 3700},   {"Đức", 620},   {"Hữu", 430},   {"Minh", 480},  {"Quang", 400}, {"Quốc", 390}, {"Công", 290},
	{"Đình", 420},   {"Xuân", 370},  {"Ngọc", 370},  {"Thanh", 390}, {"Tuấn", 190},  {"Anh", 170},  {"Trọng", 180},
	{"Mạnh", 220},   {"Gia", 70},    {"Duy", 180},   {"Hoàng", 230}, {"Bá", 140},    {"Thế", 230},  {"Viết", 130},
	{"Tiến", 150},   {"Trung", 140}, {"Tấn", 110},   {"Chí", 120},   {"Phúc", 60},   {"Hồng", 130}, {"Khắc", 110},
	{"Huy", 120},    {"Nhật", 80},   {"Thành", 130}, {"Việt", 70},   {"Như", 45},    {"Sỹ", 60},    {"Đăng", 80},
	{"Trường", 60},  {"Hải", 60},    {"Phước", 50},  {"Thái", 50},   {"Vĩnh", 40},   {"Quý", 30},   {"Cao", 20},
	{"Danh", 25},    {"Nguyên", 30}, {"Bảo", 30},    {"Khánh", 25},  {"Nam", 20},    {"Phú", 30},   {"Kim", 25},
	{"Tuấn Anh", 4}, {"Sơn", 15},    {"Lê", 20},     {"Bình", 10},   {NULL, 0},
};

static const struct name_part men_given[] = {
	{"Hùng", 470},  {"Dũng", 450},  {"Tuấn", 500},  {"Minh", 370},   {"Hải", 370},    {"Nam", 340},
	{"Sơn", 380},   {"Thắng", 350}, {"Cường", 370}, {"Long", 300},   {"Hiếu", 230},   {"Trung", 330},
	{"Quân", 230},  {"Thành", 360}, {"Đức", 310},   {"Huy", 260},    {"Phúc", 180},   {"Khoa", 110},
	{"Bình", 290},  {"Tùng", 250},  {"Việt", 170},  {"Kiên", 200},   {"Anh", 270},    {"Toàn", 230},
	{"Vinh", 180},  {"Lâm", 180},   {"Hòa", 190},   {"Phong", 200},  {"Tâm", 170},    {"Thanh", 200},
	{"Tú", 190},    {"Linh", 120},  {"Hưng", 260},  {"Quang", 250},  {"Quyết", 90},   {"Khánh", 140},
	{"Đạt", 170},   {"Duy", 150},   {"Giang", 120}, {"Hà", 130},     {"Hoàng", 200},  {"Hiền", 60},
	{"Hậu", 80},    {"Hiệp", 130},  {"Hoan", 30},   {"Huấn", 50},    {"Khải", 50},    {"Khang", 40},
	{"Lộc", 120},   {"Lợi", 110},   {"Luân", 70},   {"Lực", 60},     {"Mạnh", 170},   {"Nghĩa", 150},
	{"Ngọc", 110},  {"Nhân", 110},  {"Nhật", 60},   {"Phương", 130}, {"Phú", 90},     {"Phước", 70},
	{"Quý", 100},   {"Quyền", 60},  {"Sang", 90},   {"Sinh", 60},    {"Sáng", 40},    {"Tài", 150},
	{"Tân", 90},    {"Tấn", 50},    {"Thái", 120},  {"Thảo", 30},    {"Thiện", 110},  {"Thịnh", 130},
	{"Thọ", 80},    {"Thông", 80},  {"Thuận", 90},  {"Thức", 25},    {"Tiến", 210},   {"Tín", 50},
	{"Tính", 30},   {"Toản", 40},   {"Trí", 80},    {"Triều", 25},   {"Trường", 190}, {"Trọng", 90},
	{"Tuyên", 40},  {"Tuyến", 30},  {"Tường", 40},  {"Vũ", 120},     {"Vương", 60},   {"Văn", 30},
	{"Xuân", 50},   {"Ân", 30},     {"An", 90},     {"Ba", 25},      {"Bảo", 80},     {"Bắc", 40},
	{"Bằng", 60},   {"Cảnh", 40},   {"Chiến", 140}, {"Chinh", 40},   {"Chung", 90},   {"Chính", 70},
	{"Chương", 40}, {"Công", 80},   {"Cương", 70},  {"Diện", 15},    {"Doanh", 20},   {"Du", 15},
	{"Dương", 110}, {"Đông", 100},  {"Đồng", 30},   {"Định", 40},    {"Điệp", 30},    {"Đại", 50},
	{"Đoàn", 30},   {"Hạnh", 40},   {"Hào", 40},    {"Hân", 20},     {"Huân", 40},    {"Hữu", 15},
	{"Khiêm", 20},  {"Khương", 30}, {"Kỳ", 25},     {"Liêm", 25},    {"Luận", 15},    {"Lượng", 30},
	{"Nguyên", 80}, {"Ninh", 50},   {"Oai", 8},     {"Phi", 40},     {"Sỹ", 30},      {"Thạch", 30},
	{"Thao", 20},   {"Thuật", 20},  {"Thế", 25},    {"Tiệp", 30},    {"Tình", 25},    {"Trình", 40},
	{"Trực", 15},   {"Út", 15},     {"Viễn", 10},   {"Vượng", 40},   {"Yên", 25},     {"Bốn", 10},
	{"Tám", 8},     {"Lương", 40},  {"Đăng", 40},   {"Tùy", 5},      {"Uy", 5},       {NULL, 0},
};

static const struct name_part tay_family[] = {
	{"Nông", 180}, {"Hoàng", 190}, {"Lý", 70},    {"Bế", 55},  {"Ma", 80},     {"Lương", 60},
	{"Triệu", 60}, {"Đàm", 60},    {"La", 45},    {"Hà", 55},  {"Vi", 60},     {"Hứa", 50},
	{"Lục", 40},   {"Chu", 45},    {"Phùng", 30}, {"Lâm", 35}, {"Nguyễn", 90}, {"Đinh", 20},
	{"Lưu", 15},   {"Mông", 30},   {"Dương", 30}, {"Mã", 25},  {"Lô", 25},     {"Long", 10},
	{"Sầm", 15},   {"Ngôn", 8},    {"Tô", 12},    {"Hầu", 6},  {"Linh", 8},    {NULL, 0},
};

static const struct name_part thai_family[] = {
	{"Lò", 300},   {"Quàng", 110}, {"Cà", 90},  {"Tòng", 80},  {"Lường", 80}, {"Vi", 90},  {"Hà", 60}, {"Cầm", 55},
	{"Lương", 60}, {"Bạc", 20},    {"Đèo", 15}, {"Hoàng", 40}, {"Điêu", 25},  {"Lèo", 20}, {"Vì", 45}, {"Sa", 10},
	{"Lô", 50},    {"Ngân", 20},   {"Kha", 20}, {"Mào", 8},    {"Lừ", 15},    {NULL, 0},
};

static const struct name_part hmong_family[] = {
	{"Giàng", 170}, {"Vàng", 160}, {"Sùng", 140}, {"Thào", 120}, {"Lầu", 60}, {"Hạng", 50},  {"Mùa", 60},
	{"Vừ", 50},     {"Lý", 70},    {"Má", 30},    {"Cứ", 20},    {"Ly", 40},  {"Tráng", 25}, {"Hờ", 25},
	{"Ma", 20},     {"Chang", 12}, {"Phàng", 20}, {"Cháng", 12}, {"Hầu", 12}, {"Dình", 6},   {NULL, 0},
};

static const struct name_part dao_family[] = {
	{"Triệu", 190}, {"Bàn", 150},  {"Đặng", 140}, {"Phàn", 90}, {"Tẩn", 90}, {"Lý", 110},    {"Chảo", 60},
	{"Phùng", 40},  {"Dương", 40}, {"Chìu", 20},  {"Tằng", 25}, {"Lò", 20},  {"Trương", 15}, {NULL, 0},
};

static const struct name_part muong_family[] = {
	{"Bùi", 420}, {"Đinh", 130},  {"Quách", 80}, {"Bạch", 50}, {"Hà", 80}, {"Nguyễn", 110}, {"Phạm", 60},
	{"Xa", 25},   {"Trương", 30}, {"Phùng", 25}, {"Cao", 20},  {"Lê", 25}, {"Sa", 8},       {NULL, 0},
};

static const struct name_part khmer_family[] = {
	{"Thạch", 240}, {"Sơn", 130}, {"Kim", 120},  {"Danh", 140}, {"Lâm", 80},  {"Châu", 60},
	{"Lý", 60},     {"Kiên", 50}, {"Trà", 20},   {"Trần", 60},  {"Tăng", 20}, {"Neáng", 40},
	{"Thị", 25},    {"Liêu", 15}, {"Dương", 25}, {"Mai", 10},   {NULL, 0},
};

static const struct name_part jarai_family[] = {
	{"Rơ Châm", 130}, {"Ksor", 140}, {"Siu", 150}, {"Nay", 90},    {"Rmah", 80}, {"Kpă", 80}, {"Rah Lan", 60},
	{"Rơ Mah", 70},   {"Puih", 40},  {"Hiao", 15}, {"Rơ Lan", 40}, {"Alê", 12},  {NULL, 0},
};

static const struct name_part ede_family[] = {
	{"Niê", 250}, {"Mlô", 150}, {"Êban", 120}, {"Ayŭn", 80}, {"Kbuôr", 70},  {"Byă", 80},     {"Bkrông", 50},
	{"Knul", 40}, {"Ksơr", 40}, {"Kđoh", 30},  {"Hmok", 30}, {"Adrơng", 30}, {"Buôn Yă", 15}, {NULL, 0},
};

static const struct name_part bahnar_family[] = {
	{"Đinh", 420}, {"Thao", 15}, {"Hồ", 60}, {"Phạm", 60}, {NULL, 0},
};

static const struct name_part koho_family[] = {
	{"K'", 300},       {"Kơ Să", 70}, {"Cil", 90},    {"Liêng Hot", 50}, {"Ya", 40}, {"Bon Krong", 40},
	{"Păng Ting", 40}, {"Ndu", 30},   {"Touneh", 40}, {"Lơ Mu", 30},     {NULL, 0},
};

static const struct name_part cham_family[] = {
	{"Đàng", 120}, {"Bá", 100},   {"Hán", 90},  {"Châu", 80},   {"Thập", 60},
	{"Đổng", 70},  {"Quảng", 80}, {"Lộ", 50},   {"Não", 30},    {"Thành", 60},
	{"Thiên", 40}, {"Lưu", 50},   {"Kiều", 40}, {"Trượng", 50}, {NULL, 0},
};

static const struct name_part bru_family[] = {
	{"Hồ", 520},  {"Alăng", 60}, {"Zơrâm", 50}, {"Bhling", 40}, {"Pơloong", 40}, {"Coor", 40}, {"Riah", 30},
	{"Arất", 30}, {"Bríu", 50},  {"Hôih", 25},  {"Lê", 60},     {"Blúp", 20},    {"Kêr", 12},  {NULL, 0},
};

/* North and south of the mountains alike, beside the names everybody has. */
static const struct name_part hill_women_middle[] = {
	{"Thị", 780},  {"Thị Thu", 40}, {"Thị Kim", 25}, {"Thị Hồng", 30},
	{"Thanh", 15}, {"Bích", 15},    {"Ngọc", 20},    {NULL, 0},
};
static const struct name_part hill_men_middle[] = {
	{"Văn", 700}, {"Đức", 40},  {"Minh", 30},  {"Xuân", 35}, {"Thanh", 30},
	{"Quốc", 25}, {"Ngọc", 30}, {"Trung", 20}, {NULL, 0},
};
static const struct name_part hmong_women_middle[] = {{"Thị", 900}, {NULL, 0}};
static const struct name_part hmong_women_given[] = {
	{"Mỷ", 80}, {"Dợ", 60}, {"Sua", 50},  {"Pàng", 50}, {"Chư", 40}, {"Mai", 70},  {"Dinh", 50}, {"Sông", 30},
	{"Vá", 30}, {"Ly", 40}, {"Xuân", 30}, {"Pa", 30},   {"Máy", 40}, {"Chía", 20}, {"Say", 20},  {NULL, 0},
};
static const struct name_part hmong_men_middle[] = {{"A", 780}, {"Văn", 60},  {"Seo", 80},
						    {"Mí", 60}, {"Quốc", 15}, {NULL, 0}};
static const struct name_part hmong_men_given[] = {
	{"Páo", 60},  {"Dế", 40},    {"Tủa", 50}, {"Chu", 40},  {"Lử", 40},  {"Sình", 50},  {"Phừ", 20},
	{"Vảng", 20}, {"Thắng", 30}, {"Sử", 40},  {"Dơ", 30},   {"Nhè", 25}, {"Chinh", 40}, {"Hồng", 25},
	{"Pó", 25},   {"Già", 30},   {"Súa", 25}, {"Minh", 20}, {NULL, 0},
};
static const struct name_part dao_women_middle[] = {{"Thị", 400}, {"Mùi", 250}, {"Tả", 70},
						    {"Lở", 60},   {"Ton", 20},  {NULL, 0}};
static const struct name_part dao_men_middle[] = {
	{"Văn", 350}, {"Tài", 110}, {"Phụ", 60}, {"Kim", 60}, {"Dào", 50}, {"Láo", 80}, {"Tiến", 60}, {NULL, 0},
};
static const struct name_part khmer_women_middle[] = {
	{"Thị", 600}, {"Thị Sô", 40}, {"Thị Sa", 40}, {"Mỹ", 40}, {"Ngọc", 50}, {"Sóc", 20}, {NULL, 0},
};
static const struct name_part khmer_women_given[] = {
	{"Phia", 50},    {"Sa Ri", 30}, {"Sô Phi", 30}, {"Hương", 50}, {"Sóc Kha", 20},
	{"Na Ri", 25},   {"Thu", 30},   {"Đa Ni", 30},  {"Hen", 20},   {"Lan", 40},
	{"Sa Rinh", 12}, {"Quanh", 12}, {"Sa Mách", 8}, {"Linh", 40},  {NULL, 0},
};
static const struct name_part khmer_men_middle[] = {
	{"Văn", 250}, {"Sa", 90}, {"Hoàng", 50}, {"Minh", 60}, {"Thanh", 60},
	{"Rích", 12}, {"Sô", 30}, {"Ngọc", 40},  {NULL, 0},
};
static const struct name_part khmer_men_given[] = {
	{"Vanh", 30},  {"Thi", 50},  {"Rây", 25},  {"Sương", 30}, {"Khêne", 12}, {"Đa Ra", 30},
	{"Vuông", 12}, {"Phol", 20}, {"Hưng", 40}, {"Sóc", 20},   {"Thanh", 40}, {"Khene", 8},
	{"Út", 20},    {"Na", 20},   {"Ni", 20},   {"Bình", 25},  {NULL, 0},
};
static const struct name_part high_women_middle[] = {{"H'", 700}, {NULL, 0}};
static const struct name_part high_women_given[] = {
	{"Hoa", 40},    {"Lan", 40},   {"Nguyệt", 30}, {"Bluen", 20}, {"Hương", 30}, {"Juan", 20},
	{"Yer", 20},    {"Ngoan", 25}, {"Ly", 40},     {"Rina", 15},  {"Mai", 30},   {"Bhiao", 8},
	{"Thương", 20}, {"Lin", 20},   {"Nhi", 15},    {NULL, 0},
};
static const struct name_part ede_men_middle[] = {{"Y", 700}, {NULL, 0}};
static const struct name_part jarai_men_middle[] = {{"Văn", 60}, {"Y", 20}, {"Quốc", 12}, {NULL, 0}};
static const struct name_part high_men_given[] = {
	{"Thịnh", 30}, {"Bhem", 20},  {"Nuê", 20},   {"Wơn", 12},  {"Khuê", 20}, {"Thuân", 20}, {"Hùng", 30},
	{"Jut", 20},   {"Blong", 12}, {"Siêng", 20}, {"Tuấn", 30}, {"Dhun", 12}, {"Phong", 20}, {"Đức", 20},
	{"Hlơi", 12},  {"Thái", 20},  {"Brếu", 12},  {"Broh", 12}, {"Tư", 10},   {NULL, 0},
};

const struct people_names nation_peoples[PEOPLES] = {
	[KINH_NORTH] = {{kinh_north_family, women_middle, women_given, men_middle, men_given}, 18, 35, false},
	[KINH_SOUTH] = {{kinh_south_family, women_middle, women_given, men_middle, men_given}, 22, 45, false},
	[TAY_NUNG] = {{tay_family, hill_women_middle, women_given, hill_men_middle, men_given}, 10, 10, false},
	[THAI] = {{thai_family, hill_women_middle, women_given, hill_men_middle, men_given}, 20, 5, false},
	[HMONG] = {{hmong_family, hmong_women_middle, hmong_women_given, hmong_men_middle, hmong_men_given},
		   30,
		   0,
		   false},
	[DAO] = {{dao_family, dao_women_middle, women_given, dao_men_middle, men_given}, 20, 5, false},
	[MUONG] = {{muong_family, hill_women_middle, women_given, hill_men_middle, men_given}, 10, 10, false},
	[KHMER] = {{khmer_family, khmer_women_middle, khmer_women_given, khmer_men_middle, khmer_men_given},
		   250,
		   0,
		   false},
	[JARAI] = {{jarai_family, high_women_middle, high_women_given, jarai_men_middle, high_men_given},
		   500,
		   0,
		   false},
	[EDE] = {{ede_family, high_women_middle, high_women_given, ede_men_middle, high_men_given}, 0, 0, true},
	[BAHNAR] = {{bahnar_family, hill_women_middle, high_women_given, hill_men_middle, high_men_given},
		    500,
		    0,
		    false},
	[KOHO] = {{koho_family, hill_women_middle, high_women_given, hill_men_middle, high_men_given}, 800, 0, false},
	[CHAM] = {{cham_family, hill_women_middle, women_given, hill_men_middle, men_given}, 100, 10, false},
	[BRU_KATU] = {{bru_family, hill_women_middle, women_given, hill_men_middle, men_given}, 150, 0, false},
};

/* Of the 34 units since July 2025. */
const struct province_facts nation_provinces[] = {
	{"01", 8808, KINH_NORTH, {{MUONG, 8}}},
	{"04", 573, KINH_NORTH, {{TAY_NUNG, 720}, {HMONG, 110}, {DAO, 100}}},
	{"08", 1865, KINH_NORTH, {{TAY_NUNG, 290}, {HMONG, 190}, {DAO, 140}}},
	{"11", 673, KINH_NORTH, {{THAI, 380}, {HMONG, 380}, {DAO, 20}}},
	{"12", 512, KINH_NORTH, {{THAI, 320}, {HMONG, 230}, {DAO, 130}}},
	{"14", 1404, KINH_NORTH, {{THAI, 530}, {HMONG, 155}, {MUONG, 75}}},
	{"15", 1779, KINH_NORTH, {{TAY_NUNG, 190}, {HMONG, 170}, {DAO, 120}, {THAI, 60}}},
	{"19", 1800, KINH_NORTH, {{TAY_NUNG, 250}, {DAO, 50}, {HMONG, 15}}},
	{"20", 881, KINH_NORTH, {{TAY_NUNG, 780}, {DAO, 35}}},
	{"22", 1497, KINH_NORTH, {{DAO, 55}, {TAY_NUNG, 40}}},
	{"24", 3619, KINH_NORTH, {{TAY_NUNG, 60}}},
	{"25", 4022, KINH_NORTH, {{MUONG, 190}, {DAO, 12}, {THAI, 10}}},
	{"31", 4664, KINH_NORTH, {{MUONG, 0}}},
	{"33", 3568, KINH_NORTH, {{MUONG, 0}}},
	{"37", 4413, KINH_NORTH, {{MUONG, 8}}},
	{"38", 4320, KINH_NORTH, {{MUONG, 100}, {THAI, 60}, {HMONG, 5}}},
	{"40", 3832, KINH_NORTH, {{THAI, 95}, {HMONG, 10}}},
	{"42", 1622, KINH_NORTH, {{MUONG, 0}}},
	{"44", 1870, KINH_NORTH, {{BRU_KATU, 60}}},
	{"46", 1432, KINH_SOUTH, {{BRU_KATU, 45}}},
	{"48", 3066, KINH_SOUTH, {{BRU_KATU, 45}}},
	{"51", 2162, KINH_SOUTH, {{BAHNAR, 230}, {JARAI, 15}}},
	{"52", 3583, KINH_SOUTH, {{JARAI, 140}, {BAHNAR, 85}}},
	{"56", 2243, KINH_SOUTH, {{CHAM, 45}, {BRU_KATU, 40}}},
	{"66", 3346, KINH_SOUTH, {{EDE, 140}, {TAY_NUNG, 45}, {HMONG, 12}}},
	{"68", 3872, KINH_SOUTH, {{KOHO, 90}, {CHAM, 12}, {TAY_NUNG, 40}}},
	{"75", 4492, KINH_SOUTH, {{TAY_NUNG, 15}, {KHMER, 10}}},
	{"79", 14002, KINH_SOUTH, {{KHMER, 5}, {CHAM, 2}}},
	{"80", 3254, KINH_SOUTH, {{KHMER, 5}}},
	{"82", 4370, KINH_SOUTH, {{KHMER, 1}}},
	{"86", 4258, KINH_SOUTH, {{KHMER, 85}}},
	{"91", 4953, KINH_SOUTH, {{KHMER, 65}, {CHAM, 3}}},
	{"92", 4199, KINH_SOUTH, {{KHMER, 100}}},
	{"96", 2607, KINH_SOUTH, {{KHMER, 40}}},
	{NULL, 0, KINH_NORTH, {{KINH_NORTH, 0}}},
};
