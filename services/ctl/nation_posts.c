/* services/ctl/nation_posts.c
 *
 * Nothing but data. */
#include "services/ctl/nation_posts.h"

#define CADRE MT__PERSON__CATEGORY__CADRE
#define CIVIL_SERVANT MT__PERSON__CATEGORY__CIVIL_SERVANT
#define PUBLIC_EMPLOYEE MT__PERSON__CATEGORY__PUBLIC_EMPLOYEE

const struct occupation nation_occupations[] = {
	/* Communes: kindergartens and schools up to the ninth form, a health station, the committee. */
	{"GV", PUBLIC_EMPLOYEE, 0, 200, 985, 21, {"V.07.02.26", "V.07.02.25", "V.07.02.24"},
	 {"GV", "TTCM", "PHT", "HT"}, {"Trường Mầm non ", "Trường Mầm non Hoa Sen ", "Trường Mẫu giáo "}},
	{"GV", PUBLIC_EMPLOYEE, 0, 250, 790, 22, {"V.07.03.29", "V.07.03.28", "V.07.03.27"},
	 {"GV", "TTCM", "PHT", "HT"}, {"Trường Tiểu học ", "Trường Tiểu học số 1 ", "Trường Tiểu học số 2 "}},
	{"GV", PUBLIC_EMPLOYEE, 0, 190, 670, 22, {"V.07.04.32", "V.07.04.31", "V.07.04.30"},
	 {"GV", "TTCM", "PHT", "HT"}, {"Trường THCS ", "Trường TH và THCS ", "Trường THCS số 2 "}},
	{"GV", PUBLIC_EMPLOYEE, 250, 0, 640, 22, {"V.07.05.15", "V.07.05.14", "V.07.05.13"},
	 {"GV", "TTCM", "PHT", "HT"}, {"Trường THPT số 1 ", "Trường THPT số 2 ", "Trường THPT Chuyên ", "Trung tâm GDNN-GDTX "}},
	{"GD", PUBLIC_EMPLOYEE, 50, 0, 520, 24, {"V.07.01.03", "V.07.01.02", "V.07.01.01"},
	 {"GV", "PTK", "TK", "PHT", "HT"}, {"Trường Đại học ", "Trường Cao đẳng ", "Trường Chính trị "}},
	{"YT", PUBLIC_EMPLOYEE, 80, 12, 460, 25, {"V.08.01.03", "V.08.01.02", "V.08.01.01"},
	 {"BS", "PTK", "TK", "PGD", "GD"}, {"Bệnh viện Đa khoa ", "Bệnh viện Sản - Nhi ", "Trung tâm Y tế ", "Trạm Y tế "}},
	{"YT", PUBLIC_EMPLOYEE, 170, 22, 840, 22, {"V.08.05.13", "V.08.05.12", "V.08.05.11"},
	 {"DD", "DDT"}, {"Bệnh viện Đa khoa ", "Bệnh viện Y học cổ truyền ", "Trung tâm Y tế "}},
	{"YT", PUBLIC_EMPLOYEE, 10, 18, 550, 22, {"V.08.03.07"}, {"YS", "PTT", "TT"}, {"Trạm Y tế "}},
	{"YT", PUBLIC_EMPLOYEE, 18, 12, 990, 22, {"V.08.06.16", "V.08.06.15", "V.08.06.14"},
	 {"HS"}, {"Trạm Y tế ", "Bệnh viện Sản - Nhi "}},
	{"YT", PUBLIC_EMPLOYEE, 30, 4, 690, 23, {"V.08.08.23", "V.08.08.22", "V.08.08.21", "V.08.08.20"},
	 {"DS", "PTK", "TK"}, {"Trung tâm Kiểm nghiệm ", "Bệnh viện Đa khoa ", "Trung tâm Y tế "}},
	{"YT", PUBLIC_EMPLOYEE, 32, 4, 420, 22, {"V.08.07.19", "V.08.07.18", "V.08.07.17"},
	 {"KTY"}, {"Bệnh viện Đa khoa ", "Trung tâm Kiểm soát bệnh tật "}},
	{"VC", PUBLIC_EMPLOYEE, 28, 18, 880, 22, {"06.032", "06.031", "06.030"},
	 {"KT", "KTT"}, {"Văn phòng ", "Ban Quản lý dự án ", "Trung tâm Dịch vụ công ", "Trường Tiểu học "}},
	{"VC", PUBLIC_EMPLOYEE, 14, 10, 860, 21, {"02.008", "02.007", "02.006"},
	 {"VTLT"}, {"Văn phòng ", "Trung tâm Lưu trữ ", "Trường THCS "}},
	{"VC", PUBLIC_EMPLOYEE, 16, 4, 610, 22, {"V.10.02.07", "V.10.02.06", "V.10.02.05"},
	 {"TVV", "PGD", "GD"}, {"Thư viện ", "Trung tâm Văn hóa ", "Bảo tàng "}},
	{"VC", PUBLIC_EMPLOYEE, 18, 2, 250, 22, {"V.11.06.14", "V.11.06.13", "V.11.06.12"},
	 {"CNTT", "PTP", "TP"}, {"Trung tâm Công nghệ thông tin ", "Trung tâm Chuyển đổi số "}},
	{"VC", PUBLIC_EMPLOYEE, 10, 0, 400, 24, {"V.05.01.03", "V.05.01.02", "V.05.01.01"},
	 {"NCV", "PTP", "TP"}, {"Viện Quy hoạch ", "Trung tâm Ứng dụng khoa học "}},
	/* Civil servants. */
	{"CC", CIVIL_SERVANT, 200, 150, 450, 22, {"01.003", "01.002", "01.001"},
	 {"CV", "PTP", "TP", "PGD", "GD"},
	 {"Sở Nội vụ ", "Sở Tài chính ", "Sở Nông nghiệp và Môi trường ", "Sở Xây dựng ", "Văn phòng UBND ", "Sở Giáo dục và Đào tạo "}},
	{"CC", CIVIL_SERVANT, 20, 35, 560, 21, {"01.005", "01.004", "01.003"},
	 {"CS", "CV"}, {"Văn phòng HĐND và UBND ", "Phòng Kinh tế ", "Phòng Văn hóa - Xã hội "}},
	{"CC", CIVIL_SERVANT, 14, 0, 350, 25, {"04.025", "04.024", "04.023"},
	 {"TTV", "PTP", "TP", "PCTT", "CTT"}, {"Thanh tra "}},
	{"CC", CIVIL_SERVANT, 16, 10, 800, 22, {"06.031", "06.030", "06.029"},
	 {"KT", "KTT"}, {"Sở Tài chính ", "Phòng Kinh tế ", "Văn phòng UBND "}},
	/* Cadres: elected, or appointed for a term. */
	{"CB", CADRE, 14, 78, 300, 26, {"01.003", "01.002", "01.001"},
	 {"CTMT", "PCT", "CT", "PBT", "BT"}, {"Thường trực Đảng ủy ", "Thường trực HĐND ", "UBND ", "Ủy ban MTTQ "}},
	{"CB", CADRE, 4, 24, 480, 23, {"01.003", "01.002"},
	 {"BTD", "CTPN", "CTND", "CTCCB"}, {"Đoàn TNCS Hồ Chí Minh ", "Hội LHPN ", "Hội Nông dân ", "Hội CCB "}},
};

const size_t nation_occupations_count = sizeof(nation_occupations) / sizeof(nation_occupations[0]);

const struct qualification_kind nation_qualifications[] = {
	{MT__QUALIFICATION__AXIS__PROFESSIONAL, 300, "bachelor", "Cử nhân", "Trường Đại học Mẫu"},
	{MT__QUALIFICATION__AXIS__PROFESSIONAL, 120, "college", "Cao đẳng", "Trường Cao đẳng Mẫu"},
	{MT__QUALIFICATION__AXIS__PROFESSIONAL, 90, "master", "Thạc sĩ", "Học viện Mẫu"},
	{MT__QUALIFICATION__AXIS__PROFESSIONAL, 8, "doctor", "Tiến sĩ", "Học viện Mẫu"},
	{MT__QUALIFICATION__AXIS__POLITICAL_THEORY, 110, "intermediate", "Trung cấp lý luận chính trị", "Trường Chính trị Mẫu"},
	{MT__QUALIFICATION__AXIS__POLITICAL_THEORY, 20, "advanced", "Cao cấp lý luận chính trị", "Học viện Chính trị Mẫu"},
	{MT__QUALIFICATION__AXIS__STATE_MANAGEMENT, 70, "specialist", "Bồi dưỡng ngạch chuyên viên", "Trường Chính trị Mẫu"},
	{MT__QUALIFICATION__AXIS__STATE_MANAGEMENT, 25, "principal", "Bồi dưỡng ngạch chuyên viên chính", "Học viện Hành chính Mẫu"},
	{MT__QUALIFICATION__AXIS__JOB_SKILLS, 90, "teaching-standard", "Tiêu chuẩn chức danh nghề nghiệp", "Trường Cao đẳng Mẫu"},
	{MT__QUALIFICATION__AXIS__LANGUAGE, 70, "english-b1", "Tiếng Anh B1", "Trung tâm Ngoại ngữ Mẫu"},
	{MT__QUALIFICATION__AXIS__LANGUAGE, 20, "english-b2", "Tiếng Anh B2", "Trung tâm Ngoại ngữ Mẫu"},
	{MT__QUALIFICATION__AXIS__INFORMATION_TECHNOLOGY, 90, "basic", "Ứng dụng CNTT cơ bản", "Trung tâm Tin học Mẫu"},
	{MT__QUALIFICATION__AXIS__INFORMATION_TECHNOLOGY, 15, "advanced", "Ứng dụng CNTT nâng cao", "Trung tâm Tin học Mẫu"},
};

const size_t nation_qualifications_count = sizeof(nation_qualifications) / sizeof(nation_qualifications[0]);
