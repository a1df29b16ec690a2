/* services/gateway/roster_cells.h
 *
 * A row of cells becomes a row of a roster: dates as the calendar writes them, categories
 * by number, codes with the zeros a spreadsheet took. What cannot be read is never guessed:
 * it is a fault of its cell. Pure; everything lives in the arena. */
#ifndef SERVICES_GATEWAY_ROSTER_CELLS_H
#define SERVICES_GATEWAY_ROSTER_CELLS_H

#include "services/gateway/roster_columns.h"

#include "matricula/roster.pb-c.h"

enum { ROSTER_ROW_FAULTS_MAX = 8, ROSTER_SHOWN_BYTES_MAX = 64 };

enum roster_date_order { ROSTER_DMY, ROSTER_MDY };

/* In: by column, "" where there is none, trimmed. */
void roster_row_fill(struct arena *arena, const char *const cells[ROSTER_COLUMNS], enum roster_date_order order,
		     Mt__RosterRow *row);
/* column "": the whole row; value may be NULL. */
void roster_row_fault(struct arena *arena, Mt__RosterRow *row, Mt__Roster__Severity severity, const char *column,
		      const char *code, const char *value);

#endif
