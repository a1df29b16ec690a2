/* tests/fuzz/pdf_fuzz.c
 *
 * Files presented as certificates. The first byte says how the rest is taken: as it is, or
 * as what is written over a certificate of ours, from a place on. Whatever comes: no crash
 * and no exception, a sentence for every refusal, and a credential no longer than one may be. */
#include "services/paper/paper.h"

#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct buf genuine;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct paper_certificate in = {
		.institution_vi = "Trường",
		.kind_vi = "Chứng chỉ",
		.holder_name = "Nguyễn Thị Hường",
		.programme_vi = "Tin học",
		.issued_on = "2026-05-05",
		.verification_url = "https://matricula.example/1",
		.credential = slice_text("{\"type\":\"VerifiableCredential\"}"),
	};
	struct fault fault;
	(void)argc;
	(void)argv;
	buf_init(&genuine, PAPER_PDF_BYTES_MAX);
	if (!paper_certificate(&in, &genuine, &fault))
		abort();
	return 0;
}

static void
present(struct slice pdf)
{
	struct fault fault = {.message = ""};
	struct buf credential;
	buf_init(&credential, PAPER_PDF_BYTES_MAX);
	bool taken = paper_credential(pdf, &credential, &fault);
	if (taken && credential.size > PAPER_CREDENTIAL_BYTES_MAX)
		abort();
	if (!taken && fault.message[0] == '\0')
		abort();
	buf_free(&credential);
}

/* Two bytes of a place, then what stands there instead; the places are those outside the large streams. */
static void
overwrite(struct slice change)
{
	struct buf pdf;
	if (change.size < 2)
		return;
	size_t at = (size_t)change.data[0] << 8 | change.data[1];
	at = at < 0x8000 ? at % 2048 : genuine.size - at % 4096;
	change = slice_of(change.data + 2, change.size - 2);
	if (at > genuine.size || change.size > genuine.size - at)
		return;
	buf_init(&pdf, PAPER_PDF_BYTES_MAX);
	buf_append(&pdf, buf_slice(&genuine));
	memcpy(pdf.data + at, change.data, change.size);
	present(buf_slice(&pdf));
	buf_free(&pdf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct slice rest = slice_of(data + 1, size - 1);
	if ((data[0] & 1) == 0)
		present(rest);
	else
		overwrite(rest);
	return 0;
}
