/* services/ctl/nation_csv.c
 *
 * RFC 4180 with line feeds; only fields that need quotes have them. */
#include "services/ctl/nation_csv.h"

#include "services/ctl/ctl.h"
#include "services/ctl/nation_draw.h"
#include "services/ctl/nation_noise.h"

#include "common/host/files.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

enum { COLUMNS = 12 };

static const char HEADER[] = "\xef\xbb\xbfstaff_code,name,birth_date,email,phone,citizen_id,category,position,rank,"
			     "unit,effective_date,authority\n";

static void
field_write(FILE *file, const char *text, char behind)
{
	if (strpbrk(text, ",\"\r\n") == NULL) {
		fputs(text, file);
	} else {
		fputc('"', file);
		for (; *text != '\0'; text++) {
			if (*text == '"')
				fputc('"', file);
			fputc(*text, file);
		}
		fputc('"', file);
	}
	fputc(behind, file);
}

static void
person_write(FILE *file, const struct nation *nation, const struct nation_person *person, uint32_t noise_percent)
{
	struct nation_texts texts;
	char code[40];
	char date[16];
	nation_person_texts(nation, person, &texts);
	if (nation_decomposed(nation, person->number, noise_percent))
		nation_name_decompose(texts.name);
	nation_staff_code(code, nation, person, 0);
	nation_date(date, person->hired);
	const ProtobufCEnumValue *category = protobuf_c_enum_descriptor_get_value(&mt__person__category__descriptor,
										  (int)person->occupation->category);
	const char *fields[COLUMNS] = {
		code,
		texts.name,
		texts.birth_date,
		texts.email,
		texts.phone,
		texts.citizen_id,
		category->name,
		person->occupation->positions[person->position],
		person->occupation->ranks[person->rank],
		texts.unit,
		date,
		nation->units.units[person->unit].code,
	};
	for (int i = 0; i < COLUMNS; i++)
		field_write(file, fields[i], i + 1 < COLUMNS ? ',' : '\n');
}

static bool
province_write(const struct nation *nation, uint32_t number, const char *folder, uint32_t noise_percent)
{
	const struct nation_province *province = &nation->units.provinces[number];
	struct nation_person person = {.unit = province->units_first};
	char path[PATH_BYTES_MAX];
	if (!path_format(path, "%s/%s-%s.csv", folder, nation->units.units[province->units_first].code,
			 province->host)) {
		say("path of the folder is too long");
		return false;
	}
	FILE *file = fopen(path, "wb");
	if (file != NULL) {
		fputs(HEADER, file);
		for (uint64_t i = 0; i < province->count; i++) {
			nation_person_make(nation, province->first + i, &person);
			person_write(file, nation, &person, noise_percent);
		}
	}
	bool good = file != NULL && !ferror(file);
	if (file != NULL && fclose(file) != 0)
		good = false;
	if (!good)
		say("file %s cannot be written: %s", path, strerror(errno));
	return good;
}

bool
nation_csv_write(const struct nation *nation, const char *folder, uint32_t noise_percent)
{
	if (mkdir(folder, 0755) != 0 && errno != EEXIST) {
		say("folder %s cannot be made: %s", folder, strerror(errno));
		return false;
	}
	for (uint32_t i = 0; i < nation->units.provinces_count; i++) {
		if (!province_write(nation, i, folder, noise_percent))
			return false;
	}
	return true;
}
