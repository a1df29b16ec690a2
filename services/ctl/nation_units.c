/* services/ctl/nation_units.c
 *
 * The file is read twice, for provinces and for what lies below each. */
#include "services/ctl/nation_units.h"

#include "services/ctl/csv.h"
#include "services/ctl/ctl.h"
#include "services/ctl/nation_draw.h"

#include <ctype.h>
#include <stdio.h>

enum {
	OFFICES_PERCENT = 30,      /* who serve at the province itself: its departments, hospitals, schools */
	THOUSANDS_OTHERWISE = 500, /* of a province that the table does not know */
	WARD_WEIGHT = 130,
	COMMUNE_WEIGHT = 100,
	ZONE_WEIGHT = 30,
	SEQUENCED_PERMILLE = 250,
};

struct unit_columns {
	int code, name, name_en, parent, kind;
};

static const struct province_facts *
facts_of(const char *code)
{
	static const struct province_facts unknown = {"", THOUSANDS_OTHERWISE, KINH_NORTH, {{KINH_NORTH, 0}}};
	for (const struct province_facts *facts = nation_provinces; facts->code != NULL; facts++) {
		if (strcmp(facts->code, code) == 0)
			return facts;
	}
	return &unknown;
}

/* "Phường Ba Đình" is "Ba Đình". */
static const char *
name_proper(const char *name)
{
	static const char *const words[] = {"Thành phố ", "Tỉnh ", "Phường ", "Xã ", "Đặc khu "};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strncmp(name, words[i], strlen(words[i])) == 0)
			return name + strlen(words[i]);
	}
	return name;
}

/* "Ho Chi Minh City" is "hochiminh". */
static void
host_make(char host[UNIT_NAME_BYTES], const char *name_en)
{
	size_t size = strlen(name_en);
	const char *last = strrchr(name_en, ' ');
	if (last != NULL && (strcmp(last, " City") == 0 || strcmp(last, " Province") == 0))
		size = (size_t)(last - name_en);
	char *end = host;
	for (size_t i = 0; i < size && end < host + UNIT_NAME_BYTES - 1; i++) {
		if (isalnum((unsigned char)name_en[i]))
			*end++ = (char)tolower((unsigned char)name_en[i]);
	}
	*end = '\0';
}

/* Communes of a kind differ up to three times in size. */
static uint32_t
weight_of(const char *kind, struct random *random)
{
	uint32_t middle = strcmp(kind, "ward") == 0           ? WARD_WEIGHT
			  : strcmp(kind, "special_zone") == 0 ? ZONE_WEIGHT
							      : COMMUNE_WEIGHT;
	return middle / 2 + draw_below(random, middle);
}

static struct nation_unit *
unit_add(struct nation_units *units, const struct csv *csv, const struct unit_columns *columns, uint64_t seed)
{
	struct random random = draw_begin(seed, units->units_count, STREAM_UNIT);
	struct nation_unit *unit = &units->units[units->units_count++];
	*unit = (struct nation_unit){.province = units->provinces_count - 1};
	snprintf(unit->code, sizeof(unit->code), "%s", csv->fields[columns->code]);
	snprintf(unit->name, sizeof(unit->name), "%s", name_proper(csv->fields[columns->name]));
	unit->office = csv->fields[columns->parent][0] == '\0';
	unit->sequenced = draw_permille(&random, SEQUENCED_PERMILLE);
	unit->weight = weight_of(csv->fields[columns->kind], &random);
	units->provinces[unit->province].units_count++;
	return unit;
}

static bool
columns_find(const struct csv *csv, struct unit_columns *columns)
{
	columns->code = csv_column(csv, "code");
	columns->name = csv_column(csv, "name");
	columns->name_en = csv_column(csv, "name_en");
	columns->parent = csv_column(csv, "parent_code");
	columns->kind = csv_column(csv, "kind");
	return columns->code >= 0 && columns->name >= 0 && columns->name_en >= 0 && columns->parent >= 0 &&
	       columns->kind >= 0;
}

/* One province's rows: its own, then those below it. False if there is no such province or no more room. */
static bool
province_read(struct nation_units *units, const char *path, uint32_t number, uint64_t seed)
{
	struct csv csv;
	struct unit_columns columns;
	char code[UNIT_CODE_BYTES] = "";
	bool broken = false;
	uint32_t seen = 0;
	if (!csv_open(&csv, path))
		return false;
	bool good = columns_find(&csv, &columns);
	while (good && units->units_count < NATION_UNITS_MAX && csv_next(&csv, &broken)) {
		const char *parent = csv.fields[columns.parent];
		if (parent[0] == '\0' && seen++ == number) {
			struct nation_province *province = &units->provinces[units->provinces_count++];
			*province = (struct nation_province){.facts = facts_of(csv.fields[columns.code]),
							     .units_first = units->units_count};
			host_make(province->host, csv.fields[columns.name_en]);
			snprintf(code, sizeof(code), "%s", unit_add(units, &csv, &columns, seed)->code);
		} else if (code[0] != '\0' && strcmp(parent, code) == 0) {
			unit_add(units, &csv, &columns, seed);
		}
	}
	csv_close(&csv);
	return good && !broken && code[0] != '\0';
}

/* Sums are rounded, not shares, so that nobody is lost. */
static void
province_people(struct nation_units *units, struct nation_province *province)
{
	struct nation_unit *office = &units->units[province->units_first];
	uint64_t total = 0;
	uint64_t sum = 0;
	uint64_t offices = province->units_count == 1 ? province->count : province->count * OFFICES_PERCENT / 100;
	for (uint32_t i = 1; i < province->units_count; i++)
		total += office[i].weight;
	office->first = province->first;
	office->count = offices;
	uint64_t first = province->first + offices;
	uint64_t others = province->count - offices;
	for (uint32_t i = 1; i < province->units_count; i++) {
		uint64_t from = others * sum / total;
		sum += office[i].weight;
		office[i].first = first + from;
		office[i].count = others * sum / total - from;
	}
}

bool
nation_units_read(struct nation_units *units, const char *path, uint64_t people, uint64_t seed)
{
	uint64_t total = 0;
	uint64_t sum = 0;
	*units = (struct nation_units){.people = people};
	for (uint32_t i = 0; i < NATION_PROVINCES_MAX && province_read(units, path, i, seed); i++)
		total += units->provinces[i].facts->thousands;
	if (units->provinces_count == 0) {
		say("file %s has no provinces: units without a parent", path);
		return false;
	}
	for (uint32_t i = 0; i < units->provinces_count; i++) {
		struct nation_province *province = &units->provinces[i];
		province->first = people * sum / total;
		sum += province->facts->thousands;
		province->count = people * sum / total - province->first;
		province_people(units, province);
	}
	return true;
}

static bool
unit_has(const struct nation_unit *unit, uint64_t person)
{
	return person >= unit->first && person - unit->first < unit->count;
}

uint32_t
nation_unit_of(const struct nation_units *units, uint64_t person, uint32_t near)
{
	if (unit_has(&units->units[near], person))
		return near;
	/* The last one that begins at or before the person; empty ones begin where the next does. */
	uint32_t low = 0;
	uint32_t high = units->units_count;
	while (high - low > 1) {
		uint32_t middle = (low + high) / 2;
		if (units->units[middle].first <= person)
			low = middle;
		else
			high = middle;
	}
	return low;
}
