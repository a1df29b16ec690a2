/* common/core/figures_list.h
 *
 * Figures gathered for one answer: of an authority and those below it, or one by one. */
#ifndef COMMON_CORE_FIGURES_LIST_H
#define COMMON_CORE_FIGURES_LIST_H

#include "common/core/impl.h"

struct figure_list {
	struct call *call;
	Mt__Figure **figures;
	struct id *parents; /* of each figure's authority; zero bytes at the top of the reading */
	size_t count;
	uint16_t metric; /* 0: all */
	uint32_t from;   /* months of flows */
	uint32_t to;
	bool without_stocks; /* of an authority that has left the one it is listed below */
	bool units_now;
	size_t own_rows_left; /* that may still be read for units=now */
};

bool figure_list_full(const struct figure_list *list);
/* One row, if the list wants it; rest is its key behind the authority. parent: see figure_list.parents. */
void figure_list_row(struct figure_list *list, const Mt__AuthorityRecord *authority, struct id parent,
		     struct slice rest, struct slice value);
/* An authority and those below it, to that depth. False if units=now comes to more than may be added up. */
bool
figure_list_below(struct figure_list *list, const Mt__AuthorityRecord *authority, unsigned depth, struct id parent);
void figure_list_mask_siblings(struct figure_list *list);
/* Takes the value off what is masked. */
void figure_list_hide(struct figure_list *list);

#endif
