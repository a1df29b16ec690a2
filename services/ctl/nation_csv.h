/* services/ctl/nation_csv.h
 *
 * The nation as rosters: one CSV file a province, with a byte order mark, as spreadsheets
 * save them. People stand as they were hired. */
#ifndef SERVICES_CTL_NATION_CSV_H
#define SERVICES_CTL_NATION_CSV_H

#include "services/ctl/nation.h"

/* Makes the folder if it is missing and writes FOLDER/CODE-NAME.csv. False, and said. */
bool nation_csv_write(const struct nation *nation, const char *folder, uint32_t noise_percent);

#endif
