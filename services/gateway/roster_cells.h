/* services/gateway/roster_cells.h
 *
 * A row of cells becomes a row of a roster: dates as the calendar writes them, categories
 * by number, codes with the zeros a spreadsheet took. What cannot be read is never guessed:
 * it is a fault of its cell. Pure; everything lives in the arena. */
#ifndef SERVICES_GATEWAY_ROSTER_CELLS_H
#define SERVICES_GATEWAY_ROSTER_CELLS_H

#include "common/base/date.h"
#include "services/gateway/roster_columns.h"

#include "matricula/roster.pb-c.h"

enum { ROSTER_ROW_FAULTS_MAX = 8, ROSTER_SHOWN_BYTES_MAX = 64 };

enum roster_date_order { ROSTER_DMY, ROSTER_MDY };

/* YYYY-MM-DD, or day, month and year in that order; a birth date may lack day and month: then YYYY-MM or YYYY. */
bool roster_date_read(const char *text, enum roster_date_order order, bool may_be_partial, char out[DATE_TEXT_BYTES]);
/* In: by column, "" where there is none, trimmed. */
void roster_row_fill(struct arena *arena, const char *const cells[ROSTER_COLUMNS], enum roster_date_order order,
		     Mt__RosterRow *row);
/* column "": the whole row; value may be NULL. */
void roster_row_fault(struct arena *arena, Mt__RosterRow *row, Mt__Roster__Severity severity, const char *column,
		      const char *code, const char *value);

#endif
