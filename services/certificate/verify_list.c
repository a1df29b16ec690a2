/* services/certificate/verify_list.c
 *
 * A pile of papers at once, for staff: each row is a code or typed fields, and has its own
 * answer. A row that lacks something matches nothing; it does not stop the others. */
#include "services/certificate/verify.h"

#include "services/certificate/verify_inside.h"

#include <string.h>

enum {
	ROWS_MAX = 100,        /* each a look-up or two: some milliseconds in all */
	FIELD_BYTES_MAX = 400, /* more than any name that was ever registered */
};

static bool
is_readable(const Mt__VerifyRequest *row)
{
	const char *const fields[] = {row->register_number, row->institution, row->name, row->birth_date};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strlen(fields[i]) > FIELD_BYTES_MAX)
			return false;
	}
	return row->register_number[0] != '\0' && row->institution[0] != '\0' && row->name[0] != '\0';
}

static Mt__VerifyReply *
row_verify(struct call *call, const Mt__VerifyRequest *row, struct verify_institutions *all)
{
	struct verifying *verifying = arena_alloc(call_arena(call), sizeof(*verifying));
	Mt__VerifyReply *out = arena_alloc(call_arena(call), sizeof(*out));
	mt__verify_reply__init(out);
	verify_begin(verifying, call, out);
	if (row->code[0] != '\0')
		verify_code(verifying, row->code);
	else
		verify_add(verifying,
			   is_readable(row) && verify_typed_matches(call, row, all) ? REASON_MATCH : REASON_NO_MATCH,
			   &(struct reason_words){.by = NULL});
	return out;
}

static void
verification_lists_verify_list(Mt__VerificationLists_Service *service, const Mt__VerifyListRequest *in,
			       Mt__VerifyListReply_Closure reply, void *call)
{
	(void)service;
	struct verify_institutions all = {.is_read = false};
	Mt__VerifyListReply out = MT__VERIFY_LIST_REPLY__INIT;
	if (in->n_rows > ROWS_MAX) {
		call_refuse_field(call, "rows", "at most %d rows may be checked at once", ROWS_MAX);
		return;
	}
	out.rows = arena_alloc(call_arena(call), (in->n_rows + 1) * sizeof(*out.rows));
	for (size_t i = 0; i < in->n_rows; i++)
		out.rows[out.n_rows++] = row_verify(call, in->rows[i], &all);
	reply(&out, call);
}

Mt__VerificationLists_Service verification_lists = MT__VERIFICATION_LISTS__INIT(verification_lists_);
