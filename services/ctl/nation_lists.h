/* services/ctl/nation_lists.h
 *
 * What the names of an invented nation are made of, as constant data: parts with about the
 * weights they have among the peoples of Viet Nam, and the provinces with how many live
 * there and which peoples. Kinh family names after Lê Trung Hoa, "Họ và tên người Việt Nam"
 * (2005), as commonly cited; those of the other peoples, middle and given names by feel. No
 * list of real persons is behind it. */
#ifndef SERVICES_CTL_NATION_LISTS_H
#define SERVICES_CTL_NATION_LISTS_H

#include <stdbool.h>
#include <stdint.h>

struct name_part {
	const char *text;
	uint16_t weight;
};

enum people {
	KINH_NORTH, /* Hoàng, Vũ */
	KINH_SOUTH, /* Huỳnh, Võ */
	TAY_NUNG,
	THAI,
	HMONG,
	DAO,
	MUONG,
	KHMER,
	JARAI,
	EDE,
	BAHNAR,
	KOHO,
	CHAM,
	BRU_KATU,
	PEOPLES,
};

enum name_list {
	LIST_FAMILY,
	LIST_WOMEN_MIDDLE,
	LIST_WOMEN_GIVEN,
	LIST_MEN_MIDDLE,
	LIST_MEN_GIVEN,
	NAME_LISTS,
};

struct people_names {
	const struct name_part *lists[NAME_LISTS]; /* each ends with a NULL; at most 255 parts */
	uint16_t plain_permille;                   /* without a middle name */
	uint16_t double_permille;                  /* with two given names: four words mostly */
	bool family_last;
};

extern const struct people_names nation_peoples[PEOPLES];

enum { PROVINCE_PEOPLES_MAX = 4 };

struct province_facts {
	const char *code;
	uint16_t thousands; /* who live there, 2025, rounded */
	enum people kinh;
	struct {
		enum people people;
		uint16_t permille;
	} others[PROVINCE_PEOPLES_MAX]; /* permille 0 ends */
};

/* Ends with a NULL code. */
extern const struct province_facts nation_provinces[];

#endif
