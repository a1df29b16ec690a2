/* services/paper/paper_table.h
 *
 * Tables that run over pages, each page with the table's head. A document is set twice by
 * the same code: once without drawing, to know how many pages there are, and then for good. */
#ifndef SERVICES_PAPER_PAPER_TABLE_H
#define SERVICES_PAPER_PAPER_TABLE_H

#include "services/paper/paper_canvas.h"

enum { PAPER_COLUMNS_MAX = 8 };

struct paper_flow {
	struct paper_canvas *canvas;
	bool drawing;
	unsigned page, pages; /* page from 1; pages is known once set without drawing */
	double left, width;   /* points */
	double top, bottom;   /* of what the tables may fill on a page */
	double y;
	/* What every page has around the tables. */
	bool (*page_draw)(struct paper_flow *flow, void *context, struct fault *fault);
	void *context;
	struct fault *fault;
};

struct paper_column {
	const char *vi, *en;
	const char *member; /* of a row's struct, for faults */
	double share;       /* of the width; those of a table make 1 */
	enum paper_align align;
};

struct paper_table {
	const char *vi, *en;
	const char *list; /* its rows' array, for faults */
	const struct paper_column *columns;
	size_t columns_count;
	size_t rows_count;
	bool total; /* the last row is the sum */
	/* Fills in the cells of a row; NULL is an empty one. False after a fault. */
	bool (*row)(void *context, size_t row, const char *cells[PAPER_COLUMNS_MAX]);
};

/* The first page, and any after it: page_draw, and y at the top. */
bool paper_flow_page(struct paper_flow *flow);
/* One text over the whole width, or what is left of it from `left` on; y moves below it. field: see paper_text. */
bool paper_flow_text(struct paper_flow *flow, const struct paper_style *style, const char *text, const char *beside,
		     double before, const char *field);
/* Nothing at all if it has no rows. */
bool paper_table(struct paper_flow *flow, const struct paper_table *table);

#endif
