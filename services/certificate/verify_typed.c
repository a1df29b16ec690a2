/* services/certificate/verify_typed.c
 *
 * A photocopy shows no code: whoever holds it types what it says. The answer is "match" or
 * "no_match" and never why, so that nobody finds out anything of a person that he did not
 * have on paper already. A match is a certificate on record that is good today; one that
 * was revoked, ended, or was never confirmed matches as little as one that does not exist.
 *
 * What is compared is the register's retained entry, which outlives an erasure. Names are
 * compared without regard to case and spaces; diacritics count only if any were typed. */
#include "services/certificate/verify_inside.h"

#include "common/base/text.h"
#include "common/core/access.h"
#include "services/certificate/certificate.h"
#include "services/certificate/content.h"
#include "services/certificate/issue.h"
#include "services/certificate/paper.h"
#include "services/certificate/tables.h"

enum {
	/* Institutions that ever issued, looked through for a name: each costs a look-up of some 3 us. */
	INSTITUTIONS_LOOKED_MAX = 2000,
	PLACE_DIGITS_MAX = 9,
};

/* --- names ------------------------------------------------------------------------------------------------------ */

static bool
same_name(struct arena *arena, const char *typed, const char *recorded)
{
	const char *ours = text_fold_case(arena, text_spaced(arena, recorded));
	const char *its = text_fold_case(arena, text_spaced(arena, typed));
	if (strcmp(ours, its) == 0)
		return true;
	bool is_plain = strcmp(text_fold(arena, its), its) == 0;
	return is_plain && strcmp(text_fold(arena, ours), its) == 0;
}

/* --- the institution -------------------------------------------------------------------------------------------- */

/* The id behind this one; false after the last. */
static bool
id_step(uint8_t id[ID_BYTES])
{
	for (size_t i = ID_BYTES; i-- > 0;) {
		if (++id[i] != 0)
			return true;
	}
	return false;
}

/* Those that have a register. A call with many rows reads them once: names are folded for all rows together. */
static void
institutions_read(struct call *call, struct verify_institutions *all)
{
	struct arena *arena = call_arena(call);
	struct key prefix = key_of(TABLE_REGISTER_ENTRY);
	struct key from = prefix;
	all->is_read = true;
	all->list = arena_alloc(arena, INSTITUTIONS_LOOKED_MAX * sizeof(*all->list));
	for (int looked = 0; looked < INSTITUTIONS_LOOKED_MAX; looked++) {
		bool ambiguous;
		struct id id;
		char text[ID_TEXT_BYTES];
		struct store_walk walk = store_walk_from(call_store(call), key_slice(&prefix), key_slice(&from));
		if (!store_walk_next(&walk))
			return;
		memcpy(id.bytes, walk.key.data + prefix.size, ID_BYTES);
		id_format(id, text);
		const Mt__AuthorityRecord *school = tree_find(call_store(call), arena, text, &ambiguous);
		if (school != NULL) {
			struct verify_named *named = &all->list[all->count++];
			named->authority_id = school->authority_id;
			named->name = text_fold_case(arena, text_spaced(arena, school->name));
			named->plain = text_fold(arena, named->name);
		}
		if (!id_step(id.bytes))
			return;
		from = prefix;
		key_bytes(&from, slice_of(id.bytes, ID_BYTES));
	}
}

/* NULL if none or several bear the name; compared as same_name does. */
static const char *
institution_named(struct call *call, struct verify_institutions *all, const char *typed)
{
	const char *found = NULL;
	struct arena *arena = call_arena(call);
	const char *name = text_fold_case(arena, text_spaced(arena, typed));
	bool is_plain = strcmp(text_fold(arena, name), name) == 0;
	if (!all->is_read)
		institutions_read(call, all);
	for (size_t i = 0; i < all->count; i++) {
		const struct verify_named *one = &all->list[i];
		if (strcmp(one->name, name) != 0 && (!is_plain || strcmp(one->plain, name) != 0))
			continue;
		if (found != NULL)
			return NULL;
		found = one->authority_id;
	}
	return found;
}

static const char *
institution_find(struct call *call, struct verify_institutions *all, const char *typed)
{
	bool ambiguous;
	const char *reference = text_spaced(call_arena(call), typed);
	const Mt__AuthorityRecord *school = tree_find(call_store(call), call_arena(call), reference, &ambiguous);
	return school != NULL ? school->authority_id : institution_named(call, all, reference);
}

/* --- the number ------------------------------------------------------------------------------------------------- */

static bool
digits_read(const char *text, uint32_t *number)
{
	*number = 0;
	size_t count = strspn(text, "0123456789");
	if (count == 0 || count > PLACE_DIGITS_MAX || text[count] != '\0')
		return false;
	for (size_t i = 0; i < count; i++)
		*number = *number * 10 + (uint32_t)(text[i] - '0');
	return true;
}

/* "123" or "2026/000123" of the register that we keep; false if it is of another form, or of another year. */
static bool
place_read(struct call *call, const char *number, uint32_t *year, uint32_t *place)
{
	uint32_t its_year;
	const char *slash = strchr(number, '/');
	if (slash == NULL)
		return digits_read(number, place) && *year != 0;
	const char *before = arena_format(call_arena(call), "%.*s", (int)(slash - number), number);
	if (!digits_read(before, &its_year) || !digits_read(slash + 1, place) || its_year == 0)
		return false;
	if (*year != 0 && *year != its_year)
		return false;
	*year = its_year;
	return true;
}

static bool
entry_matches(struct call *call, const struct key *key, const Mt__VerifyRequest *in)
{
	struct arena *arena = call_arena(call);
	const Mt__RegisterRecord *entry = call_record(call, key, &mt__register_record__descriptor);
	if (entry == NULL || entry->retained == NULL)
		return false;
	const Mt__CertificateRecord *certificate = certificate_find(call, entry->certificate_id);
	const Mt__EditionRecord *edition = certificate == NULL ? NULL : certificate_edition(call, certificate, 0);
	return same_name(arena, in->name, entry->retained->name) &&
	       strcmp(text_spaced(arena, in->birth_date), entry->retained->birth_date) == 0 && edition != NULL &&
	       verify_is_good(call, certificate, edition);
}

bool
verify_typed_matches(struct call *call, const Mt__VerifyRequest *in, struct verify_institutions *all)
{
	uint32_t place;
	uint32_t year = in->year;
	const char *school_id = institution_find(call, all, in->institution);
	const char *number = text_spaced(call_arena(call), in->register_number);
	if (school_id == NULL)
		return false;
	if (place_read(call, number, &year, &place) && place != REGISTER_PAPER) {
		struct key key = register_entry_key(school_id, year, place, NULL);
		if (entry_matches(call, &key, in))
			return true;
	}
	const char *printed = paper_number(call_arena(call), number);
	if (in->year == 0 || printed == NULL)
		return false;
	struct key key = register_entry_key(school_id, in->year, REGISTER_PAPER, printed);
	return entry_matches(call, &key, in);
}

void
verify_typed(struct verifying *verifying, const Mt__VerifyRequest *in)
{
	struct call *call = verifying->call;
	struct verify_institutions all = {.is_read = false};
	if (call_text(call, "register_number", in->register_number, NAME_BYTES_MAX, false) == NULL ||
	    call_text(call, "institution", in->institution, NAME_BYTES_MAX, false) == NULL ||
	    call_text(call, "name", in->name, NAME_BYTES_MAX, false) == NULL ||
	    call_text(call, "birth_date", in->birth_date, DATE_TEXT_BYTES, true) == NULL ||
	    !content_birth_date(call, "birth_date", text_spaced(call_arena(call), in->birth_date)))
		return;
	if (in->year == 0 && strchr(in->register_number, '/') == NULL) {
		call_refuse_field(call, "year", "year is missing");
		return;
	}
	verify_add(verifying, verify_typed_matches(call, in, &all) ? REASON_MATCH : REASON_NO_MATCH,
		   &(struct reason_words){.by = NULL});
}
