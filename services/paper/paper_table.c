/* services/paper/paper_table.c
 *
 * A row is never divided: one that does not fit below goes to the next page, and one that
 * would not fit a page of its own is a fault (a cell is at most PAPER_TEXT_BYTES_MAX, so
 * that takes a column of a few millimetres). */
#include "services/paper/paper_table.h"

static const double CELL_MARGIN = 1.3 * PAPER_MM;
static const double CELL_SPACE = 1.0 * PAPER_MM;
static const double TITLE_BEFORE = 5 * PAPER_MM;

static const struct paper_colour INK = {0.13, 0.11, 0.09};
static const struct paper_colour SOFT = {0.42, 0.37, 0.31};
static const struct paper_colour RED = {0.60, 0.11, 0.09};
static const struct paper_colour GOLD = {0.72, 0.57, 0.25};
static const struct paper_colour HAIR = {0.87, 0.81, 0.68};
static const struct paper_colour SAND = {0.976, 0.953, 0.894};

struct cells {
	PangoLayout *layouts[PAPER_COLUMNS_MAX];
	struct paper_style styles[PAPER_COLUMNS_MAX];
	double height;
};

bool
paper_flow_page(struct paper_flow *flow)
{
	if (flow->page > 0 && flow->drawing)
		paper_canvas_page_end(flow->canvas);
	flow->page++;
	flow->y = flow->top;
	return !flow->drawing || flow->page_draw(flow, flow->context, flow->fault);
}

bool
paper_flow_text(struct paper_flow *flow, const struct paper_style *style, const char *text, const char *beside,
		double before, const char *field)
{
	PangoLayout *layout = paper_text(flow->canvas, style, text, beside, flow->width, field, flow->fault);
	if (layout == NULL)
		return false;
	flow->y += before;
	if (flow->drawing)
		paper_text_draw(flow->canvas, layout, style, flow->left, flow->y, flow->width);
	flow->y += paper_text_height(layout);
	g_object_unref(layout);
	return true;
}

static double
column_width(const struct paper_flow *flow, const struct paper_table *table, size_t column)
{
	return flow->width * table->columns[column].share;
}

static void
cells_release(struct cells *cells)
{
	for (size_t i = 0; i < PAPER_COLUMNS_MAX; i++)
		g_clear_object(&cells->layouts[i]);
}

static bool
cells_set(struct paper_flow *flow, const struct paper_table *table, const char *const *texts, const char *row,
	  const struct paper_style *style, struct cells *cells)
{
	*cells = (struct cells){.height = 0};
	for (size_t i = 0; i < table->columns_count; i++) {
		char field[sizeof(flow->fault->field)];
		if (texts[i] == NULL)
			continue;
		cells->styles[i] = *style;
		cells->styles[i].align = table->columns[i].align == PAPER_CENTRE ? PAPER_LEFT : table->columns[i].align;
		g_snprintf(field, sizeof(field), "%s.%s", row, table->columns[i].member);
		cells->layouts[i] = paper_text(flow->canvas, &cells->styles[i], texts[i], NULL,
					       column_width(flow, table, i) - 2 * CELL_MARGIN, field, flow->fault);
		if (cells->layouts[i] == NULL) {
			cells_release(cells);
			return false;
		}
		double height = paper_text_height(cells->layouts[i]);
		cells->height = height > cells->height ? height : cells->height;
	}
	cells->height += 2 * CELL_SPACE;
	return true;
}

static void
cells_draw(struct paper_flow *flow, const struct paper_table *table, struct cells *cells)
{
	double left = flow->left;
	for (size_t i = 0; i < table->columns_count; i++) {
		double width = column_width(flow, table, i);
		if (cells->layouts[i] != NULL)
			paper_text_draw(flow->canvas, cells->layouts[i], &cells->styles[i], left + CELL_MARGIN,
					flow->y + CELL_SPACE, width - 2 * CELL_MARGIN);
		left += width;
	}
}

static void
line_draw(struct paper_flow *flow, struct paper_colour colour, double thickness)
{
	paper_colour_set(flow->canvas, colour);
	cairo_set_line_width(flow->canvas->cairo, thickness);
	cairo_move_to(flow->canvas->cairo, flow->left, flow->y);
	cairo_line_to(flow->canvas->cairo, flow->left + flow->width, flow->y);
	cairo_stroke(flow->canvas->cairo);
}

static void
ground_draw(struct paper_flow *flow, double height)
{
	paper_colour_set(flow->canvas, SAND);
	cairo_rectangle(flow->canvas->cairo, flow->left, flow->y, flow->width, height);
	cairo_fill(flow->canvas->cairo);
}

static bool
head_row(struct paper_flow *flow, const struct paper_table *table, bool english)
{
	const struct paper_style style = {.size = english ? 7.5 : 8.5,
					  .least = 5.5,
					  .rows = 1,
					  .bold = !english,
					  .italic = english,
					  .colour = english ? SOFT : INK};
	const char *texts[PAPER_COLUMNS_MAX] = {NULL};
	struct cells cells;
	for (size_t i = 0; i < table->columns_count; i++)
		texts[i] = english ? table->columns[i].en : table->columns[i].vi;
	if (!cells_set(flow, table, texts, "head", &style, &cells))
		return false;
	double height = cells.height - CELL_SPACE; /* the two languages stand together */
	if (flow->drawing) {
		ground_draw(flow, height);
		if (english)
			flow->y -= CELL_SPACE;
		cells_draw(flow, table, &cells);
		if (english)
			flow->y += CELL_SPACE;
	}
	flow->y += height;
	cells_release(&cells);
	return true;
}

static bool
head(struct paper_flow *flow, const struct paper_table *table)
{
	if (flow->drawing)
		line_draw(flow, RED, 0.8);
	if (!head_row(flow, table, false) || !head_row(flow, table, true))
		return false;
	if (flow->drawing)
		line_draw(flow, GOLD, 0.5);
	return true;
}

static bool
row(struct paper_flow *flow, const struct paper_table *table, size_t number)
{
	const struct paper_style style = {.size = 8.7,
					  .least = 8.7,
					  .rows = 1,
					  .bold = table->total && number == table->rows_count - 1,
					  .colour = INK};
	const char *texts[PAPER_COLUMNS_MAX] = {NULL};
	char name[sizeof(flow->fault->field)];
	struct cells cells;
	g_snprintf(name, sizeof(name), "%s[%zu]", table->list, number);
	if (!table->row(flow->context, number, texts) || !cells_set(flow, table, texts, name, &style, &cells))
		return false;
	double height = cells.height;
	bool turned = flow->y + height <= flow->bottom || (paper_flow_page(flow) && head(flow, table));
	bool fits = flow->y + height <= flow->bottom;
	if (turned && fits && flow->drawing) {
		cells_draw(flow, table, &cells);
		flow->y += height;
		line_draw(flow, HAIR, 0.4);
		flow->y -= height;
	}
	flow->y += height;
	cells_release(&cells);
	if (turned && !fits)
		return paper_fault(flow->fault, name, "%s: the row is higher than a page", name);
	return turned;
}

bool
paper_table(struct paper_flow *flow, const struct paper_table *table)
{
	const struct paper_style title = {
		.size = 12.5, .least = 10, .rows = 1, .bold = true, .colour = RED, .beside = SOFT};
	const double room = 32 * PAPER_MM; /* a title and a head with nothing below them look lost */
	if (table->rows_count == 0)
		return true;
	if (flow->y + room > flow->bottom && !paper_flow_page(flow))
		return false;
	if (!paper_flow_text(flow, &title, table->vi, table->en, TITLE_BEFORE, "head"))
		return false;
	flow->y += 1 * PAPER_MM;
	if (!head(flow, table))
		return false;
	for (size_t i = 0; i < table->rows_count; i++) {
		if (!row(flow, table, i))
			return false;
	}
	return true;
}
