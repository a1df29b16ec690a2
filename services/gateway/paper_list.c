/* services/gateway/paper_list.c
 *
 * A sheet of older paper certificates, a call for every few hundred rows; each row has its
 * own outcome, and rows that cannot be read are answered between the others. */
#include "services/gateway/certificate_lists.h"

#include "common/wire/pb.h"
#include "services/gateway/long_list.h"

#include "matricula/paper.pb-c.h"

enum {
	PAPER_NUMBER,
	PAPER_YEAR,
	PAPER_PERSON,
	PAPER_AUTHORITY,
	PAPER_NAME,
	PAPER_BIRTH_DATE,
	PAPER_PROGRAMME,
	PAPER_PROGRAMME_EN,
	PAPER_HOURS,
	PAPER_COMPLETED,
	PAPER_ISSUED,
	PAPER_UNTIL,
	PAPER_SERIAL,
	PAPER_KIND,
	PAPER_COLUMNS
};

static const struct sheet_column paper_columns[PAPER_COLUMNS] = {
	[PAPER_NUMBER] = {"register_number", {"registernumber", "sovaoso"}, true},
	[PAPER_YEAR] = {"year", {"year", "nam"}, true},
	[PAPER_PERSON] = {"person_id", {"personid", "macanhan", "madinhdanhnguoihoc"}, true},
	[PAPER_AUTHORITY] = {"person_authority", {"personauthority", "macoquan", "coquan"}, true},
	[PAPER_NAME] = {"name", {"name", "hovaten", "hoten"}, true},
	[PAPER_BIRTH_DATE] = {"birth_date", {"birthdate", "dateofbirth", "ngaysinh"}, false},
	[PAPER_PROGRAMME] = {"programme_title", {"programmetitle", "programme", "chuongtrinh", "khoahoc"}, true},
	[PAPER_PROGRAMME_EN] = {"programme_title_en", {"programmetitleen", "chuongtrinhtienganh"}, false},
	[PAPER_HOURS] = {"hours", {"hours", "sotiet", "sogio"}, false},
	[PAPER_COMPLETED] = {"completed_on", {"completedon", "ngayhoanthanh"}, false},
	[PAPER_ISSUED] = {"issued_on", {"issuedon", "ngaycap"}, true},
	[PAPER_UNTIL] = {"valid_until", {"validuntil", "cogiatriden"}, false},
	[PAPER_SERIAL] = {"blank_serial", {"blankserial", "sohieu"}, false},
	[PAPER_KIND] = {"kind_code", {"kindcode", "maloai"}, false},
};

static Mt__PaperRow *
paper_row(struct arena *arena, const struct sheet_row *row)
{
	Mt__PaperRow *paper = (Mt__PaperRow *)pb_new(&mt__paper_row__descriptor, arena);
	Mt__CertificateContent *content = (Mt__CertificateContent *)pb_new(&mt__certificate_content__descriptor, arena);
	const char *const *cells = row->cells;
	paper->register_number = (char *)(uintptr_t)cells[PAPER_NUMBER];
	paper->year = list_number_cell(cells[PAPER_YEAR]);
	paper->person_id = (char *)(uintptr_t)cells[PAPER_PERSON];
	paper->person_authority = (char *)(uintptr_t)cells[PAPER_AUTHORITY];
	paper->issued_on = (char *)(uintptr_t)list_date_cell(arena, cells[PAPER_ISSUED], false);
	paper->valid_until = (char *)(uintptr_t)list_date_cell(arena, cells[PAPER_UNTIL], false);
	paper->kind_code = (char *)(uintptr_t)cells[PAPER_KIND];
	paper->blank_serial = (char *)(uintptr_t)cells[PAPER_SERIAL];
	paper->content = content;
	content->name = (char *)(uintptr_t)cells[PAPER_NAME];
	content->birth_date = (char *)(uintptr_t)list_date_cell(arena, cells[PAPER_BIRTH_DATE], true);
	content->programme_title = (char *)(uintptr_t)cells[PAPER_PROGRAMME];
	content->programme_title_en = (char *)(uintptr_t)cells[PAPER_PROGRAMME_EN];
	content->hours = cells[PAPER_HOURS][0] == '\0' ? 0 : list_number_cell(cells[PAPER_HOURS]);
	content->completed_on = (char *)(uintptr_t)list_date_cell(arena, cells[PAPER_COMPLETED], false);
	return paper;
}

static void
paper_write(struct list *list, const struct sheet_row *row, const Mt__PaperOutcome *outcome)
{
	static const char *const words[] = {
		[MT__PAPER_OUTCOME__RESULT__UNSET] = "rejected",
		[MT__PAPER_OUTCOME__RESULT__RECORDED] = "recorded",
		[MT__PAPER_OUTCOME__RESULT__UNCHANGED] = "unchanged",
		[MT__PAPER_OUTCOME__RESULT__REJECTED] = "rejected",
	};
	const char *const cells[] = {
		arena_format(&list->page, "%u", row->number),          row->cells[PAPER_NUMBER],
		outcome == NULL ? "rejected" : words[outcome->result], outcome == NULL ? "" : outcome->field,
		outcome == NULL ? row->fault : outcome->message_vi,    outcome == NULL ? row->fault : outcome->message,
		outcome == NULL ? "" : outcome->certificate_id,
	};
	list_row_write(list, cells, sizeof(cells) / sizeof(cells[0]));
}

static void paper_next(struct list *list);

static void
on_recorded(void *context, size_t number, const Mt__Reply *reply)
{
	struct list *list = context;
	(void)number;
	const Mt__ImportPaperReply *outcomes = list_reply(list, reply, &mt__import_paper_reply__descriptor);
	if (outcomes == NULL)
		return;
	for (size_t i = 0; i < list->sent_count && i < outcomes->n_outcomes; i++)
		paper_write(list, &list->sheet.rows[list->sent[i]], outcomes->outcomes[i]);
	paper_next(list);
}

static void
paper_next(struct list *list)
{
	Mt__ImportPaperRequest batch = MT__IMPORT_PAPER_REQUEST__INIT;
	batch.authority = (char *)(uintptr_t)request_path_value(list->request, "authority");
	batch.list_digest = (char *)(uintptr_t)list->digest;
	batch.rows = arena_alloc(&list->page, PAPER_LIST_BATCH_ROWS * sizeof(*batch.rows));
	list->sent_count = 0;
	for (; list->next < list->sheet.count && batch.n_rows < PAPER_LIST_BATCH_ROWS; list->next++) {
		const struct sheet_row *row = &list->sheet.rows[list->next];
		if (row->fault != NULL) {
			if (batch.n_rows > 0)
				break; /* rows are answered in their order */
			paper_write(list, row, NULL);
			continue;
		}
		list->sent[list->sent_count++] = list->next;
		batch.rows[batch.n_rows++] = paper_row(&list->page, row);
	}
	if (batch.n_rows == 0)
		list_end(list, "outcomes.csv");
	else
		list_ask(list, "Papers.Import", false, &batch.base, on_recorded);
}

void
paper_csv_serve(struct request *request, void *context)
{
	static const char *const header[] = {"row",        "register_number", "result",        "field",
					     "giải thích", "message",         "certificate_id"};
	struct list *list = list_begin(request, context);
	if (!list_key_read(list) || !list_read(list, paper_columns, PAPER_COLUMNS, PAPER_LIST_ROWS_MAX))
		return;
	list_row_write(list, header, sizeof(header) / sizeof(header[0]));
	list->sent = arena_alloc(&request->arena, PAPER_LIST_BATCH_ROWS * sizeof(*list->sent));
	paper_next(list);
}
