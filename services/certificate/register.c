/* services/certificate/register.c
 *
 * The register ("sổ gốc") of an institution and year: every place taken, in order, and who took it. The names in it are
 * sealed for the institution, so that what the law keeps outlives the erasure of a holder. Specimens have a
 * register of their own, of year 0; recorded paper stands behind the places of its year, under its own number.
 *
 * Blank forms ("phôi") are counted by the serial ("số hiệu") printed on them: each is used once or spoiled, and a
 * certificate is on one at a time. One that was spoiled after it was noted is said to be, and then the certificate may
 * be printed on another. */
#include "services/certificate/register.h"

#include "common/base/date.h"
#include "common/wire/pb.h"
#include "services/certificate/certificate.h"
#include "services/certificate/content.h"
#include "services/certificate/issue.h"
#include "services/certificate/kind.h"
#include "services/certificate/paper.h"
#include "services/certificate/tables.h"

/* --- the register ----------------------------------------------------------------------------------------------- */

const Mt__RegisterRecord *
register_entry_of(struct call *call, const Mt__CertificateRecord *certificate)
{
	uint32_t year = certificate->paper_year;
	uint32_t place = REGISTER_PAPER;
	const char *printed = NULL;
	if (year == 0)
		register_place(certificate->register_number, &year, &place);
	else
		printed = paper_number(call_arena(call), certificate->register_number);
	struct key key = register_entry_key(certificate->school_id, year, place, printed);
	const Mt__RegisterRecord *entry = call_record(call, &key, &mt__register_record__descriptor);
	assert(entry != NULL);
	return entry;
}

static Mt__RegisterRow *
row_of(struct call *call, struct slice value)
{
	const Mt__RegisterRecord *entry = call_unpack(call, &mt__register_record__descriptor, value);
	Mt__RegisterRow *row = (Mt__RegisterRow *)pb_new(&mt__register_row__descriptor, call_arena(call));
	row->register_number = entry->register_number;
	if (entry->retained != NULL) {
		row->name = entry->retained->name;
		row->birth_date = entry->retained->birth_date;
		row->programme_title = entry->retained->programme_title;
	}
	const Mt__CertificateRecord *certificate = certificate_find(call, entry->certificate_id);
	assert(certificate != NULL);
	row->certificate = certificate_view(call, certificate, NULL);
	return row;
}

void
certificates_read_register(Mt__Certificates_Service *service, const Mt__RegisterRequest *in,
			   Mt__RegisterReply_Closure reply, void *call)
{
	(void)service;
	struct page page;
	const Mt__AuthorityRecord *authority = call_authority_ref(call, "authority", in->authority);
	if (authority == NULL || !call_scope(call, authority->authority_id))
		return;
	struct key prefix = register_year_key(authority->authority_id, in->year);
	if (!page_begin(&page, call, &prefix, in->page_size, in->page_token))
		return;
	while (page_next(&page))
		page_add(&page, row_of(call, page.walk.value));
	Mt__RegisterReply out = MT__REGISTER_REPLY__INIT;
	out.rows = (Mt__RegisterRow **)page.items;
	out.n_rows = page.count;
	out.next_page_token = page_token(&page);
	reply(&out, call);
}

/* --- blank forms ------------------------------------------------------------------------------------------------ */

static struct key
blank_key(const char *authority_id, const char *serial)
{
	struct key key = key_of(TABLE_BLANK_FORM);
	key_id_of(&key, authority_id);
	key_text(&key, serial);
	return key;
}

static const char *
serial_check(struct call *call, const char *in)
{
	const char *serial = content_text(call, "serial", in, false);
	if (serial == NULL)
		return NULL;
	size_t size = strlen(serial);
	if (size <= BLANK_SERIAL_BYTES_MAX && serial[0] != ' ' && serial[size - 1] != ' ')
		return serial;
	call_refuse_field(call, "serial", "serial is longer than %d bytes, or begins or ends with a space",
			  BLANK_SERIAL_BYTES_MAX);
	return NULL;
}

bool
register_form_is_used(struct call *call, const char *authority_id, const char *serial)
{
	struct key key = blank_key(authority_id, serial);
	return store_has(call_store(call), key_slice(&key));
}

void
register_form_use(struct call *call, const char *authority_id, const char *serial, const char *certificate_id)
{
	char today[DATE_TEXT_BYTES];
	Mt__BlankFormUsed fact = MT__BLANK_FORM_USED__INIT;
	date_format(call_today(call), today);
	fact.school_id = (char *)authority_id;
	fact.serial = (char *)serial;
	fact.certificate_id = (char *)certificate_id;
	fact.used_on = today;
	call_emit(call, &fact.base);
}

/* The form is printed on, or already spoiled, in this institution. */
static bool
form_is_free(struct call *call, const struct key *key, const char *serial)
{
	struct slice holder;
	char certificate_id[ID_TEXT_BYTES];
	struct id id;
	if (!store_get(call_store(call), key_slice(key), &holder))
		return true;
	if (holder.size == 0) {
		call_refuse(call, MT__STATUS__ALREADY_EXISTS, "blank form %s was spoiled", serial);
		return false;
	}
	memcpy(id.bytes, holder.data, ID_BYTES);
	id_format(id, certificate_id);
	call_refuse(call, MT__STATUS__ALREADY_EXISTS, "blank form %s bears certificate %s", serial, certificate_id);
	return false;
}

static bool
may_be_printed(struct call *call, const Mt__CertificateRecord *certificate, const char *authority_id)
{
	const char *id = certificate->certificate_id;
	if (strcmp(certificate->school_id, authority_id) != 0)
		call_refuse_field(call, "certificate_id", "certificate %s was issued by another institution", id);
	else if (certificate->state != MT__CERTIFICATE__STATE__VALID)
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "certificate %s is not valid", id);
	else if (certificate->blank_serial[0] != '\0')
		call_refuse(call, MT__STATUS__FAILED_PRECONDITION,
			    "certificate %s is printed on blank form %s; if that was spoiled, say so first", id,
			    certificate->blank_serial);
	if (call_refused(call))
		return false;
	const Mt__CertificateKindRecord *kind = kind_find(call, authority_id, certificate->kind_code);
	if (kind != NULL && kind->blank_forms)
		return true;
	call_refuse(call, MT__STATUS__FAILED_PRECONDITION, "certificate kind %s is not printed on blank forms",
		    certificate->kind_code);
	return false;
}

/* Spoiled: one that was never noted, or one that bears a certificate. */
static bool
may_be_spoiled(struct call *call, const struct key *key, const char *serial)
{
	struct slice holder;
	if (!store_get(call_store(call), key_slice(key), &holder) || holder.size > 0)
		return true;
	call_refuse(call, MT__STATUS__ALREADY_EXISTS, "blank form %s was spoiled", serial);
	return false;
}

void
certificates_print_on_blank(Mt__Certificates_Service *service, const Mt__PrintOnBlankRequest *in,
			    Mt__PrintOnBlankReply_Closure reply, void *call)
{
	(void)service;
	const Mt__AuthorityRecord *authority = call_authority_ref(call, "authority", in->authority);
	if (authority == NULL || !call_scope(call, authority->authority_id))
		return;
	const char *serial = serial_check(call, in->serial);
	if (serial == NULL)
		return;
	struct key key = blank_key(authority->authority_id, serial);
	bool spoiled = in->certificate_id[0] == '\0';
	if (spoiled && !may_be_spoiled(call, &key, serial))
		return;
	if (!spoiled) {
		const Mt__CertificateRecord *certificate = certificate_or_refuse(call, in->certificate_id);
		if (certificate == NULL || !may_be_printed(call, certificate, authority->authority_id) ||
		    !form_is_free(call, &key, serial))
			return;
	}
	register_form_use(call, authority->authority_id, serial, in->certificate_id);
	Mt__PrintOnBlankReply out = MT__PRINT_ON_BLANK_REPLY__INIT;
	reply(&out, call);
}

/* --- apply ------------------------------------------------------------------------------------------------------ */

static void
set_serial(struct apply *apply, struct slice certificate_id, char *serial)
{
	struct key key = key_of(TABLE_CERTIFICATE);
	key_bytes(&key, certificate_id);
	Mt__CertificateRecord *certificate = apply_record(apply, &key, &mt__certificate_record__descriptor);
	assert(certificate != NULL);
	certificate->blank_serial = serial;
	certificate->version++;
	apply_put(apply, &key, &certificate->base);
}

void
register_apply_blank(struct apply *apply, const Mt__BlankFormUsed *fact)
{
	static char none[] = "";
	struct key key = blank_key(fact->school_id, fact->serial);
	struct slice holder;
	struct id id;
	if (id_parse(fact->certificate_id, &id)) {
		set_serial(apply, slice_of(id.bytes, ID_BYTES), fact->serial);
		apply_put_bytes(apply, &key, slice_of(id.bytes, ID_BYTES));
		return;
	}
	if (store_get(apply_store(apply), key_slice(&key), &holder) && holder.size > 0)
		set_serial(apply, arena_copy(apply_arena(apply), holder), none);
	apply_put_bytes(apply, &key, slice_text(""));
}
