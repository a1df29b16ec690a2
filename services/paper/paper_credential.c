/* services/paper/paper_credential.c
 *
 * From a presented file to the credential in it. The file is anything at all, so: its size,
 * then its shape (paper_scan, which bounds what a parser can be made to do), then qpdf finds
 * the attachment by the document's own structure, without recovery, any warning being a
 * fault. qpdf decompresses nothing: the stream's bytes are taken from the scan and inflated
 * here, no further than a credential may be long. A bomb costs its first 64 KiB. */
#include "services/paper/paper.h"

#include "services/paper/paper_attach.h"
#include "services/paper/paper_canvas.h"
#include "services/paper/paper_scan.h"

#include <qpdf/qpdf-c.h>
#include <zlib.h>

enum { INFLATE_BYTES = 8 << 10 };

struct attachment {
	int object;     /* number of the stream's object */
	bool deflated;  /* else it is stored as it is */
	long long size; /* bytes, as the file says */
};

static bool
string_is(qpdf_data qpdf, qpdf_oh object, const char *text)
{
	const char *value = NULL;
	size_t size = 0;
	return qpdf_oh_get_value_as_utf8(qpdf, object, &value, &size) &&
	       slice_equal(slice_of(value, size), slice_text(text));
}

static qpdf_oh
key(qpdf_data qpdf, qpdf_oh object, const char *name)
{
	return qpdf_oh_get_key_if_dict(qpdf, object, name);
}

/* The file specification of the only attachment by its place in the catalogue. */
static bool
specification_find(qpdf_data qpdf, qpdf_oh *specification, struct fault *fault)
{
	qpdf_oh files = key(qpdf, key(qpdf, qpdf_get_root(qpdf), "/Names"), "/EmbeddedFiles");
	qpdf_oh names = key(qpdf, files, "/Names");
	if (!qpdf_oh_is_array(qpdf, names) || qpdf_oh_get_array_n_items(qpdf, names) != 2 ||
	    qpdf_oh_has_key(qpdf, files, "/Kids"))
		return paper_fault(fault, "", "the file's attachment is not where a certificate of ours has it");
	*specification = qpdf_oh_get_array_item(qpdf, names, 1);
	if (!string_is(qpdf, qpdf_oh_get_array_item(qpdf, names, 0), PAPER_ATTACHMENT_NAME) ||
	    !string_is(qpdf, key(qpdf, *specification, "/UF"), PAPER_ATTACHMENT_NAME))
		return paper_fault(fault, "", "the file's attachment is not called " PAPER_ATTACHMENT_NAME);
	return true;
}

static bool
attachment_find(qpdf_data qpdf, struct attachment *attachment, struct fault *fault)
{
	qpdf_oh specification = 0;
	if (!specification_find(qpdf, &specification, fault))
		return false;
	qpdf_oh files = key(qpdf, specification, "/EF");
	qpdf_oh stream = key(qpdf, files, "/F");
	if (!qpdf_oh_is_stream(qpdf, stream) ||
	    qpdf_oh_get_object_id(qpdf, stream) != qpdf_oh_get_object_id(qpdf, key(qpdf, files, "/UF")))
		return paper_fault(fault, "", "the file's attachment does not hold one file");
	qpdf_oh dictionary = qpdf_oh_get_dict(qpdf, stream);
	qpdf_oh filter = key(qpdf, dictionary, "/Filter");
	attachment->deflated = qpdf_oh_is_name_and_equals(qpdf, filter, "/FlateDecode");
	if ((!attachment->deflated && !qpdf_oh_is_null(qpdf, filter)) ||
	    !qpdf_oh_is_null(qpdf, key(qpdf, dictionary, "/DecodeParms")))
		return paper_fault(fault, "",
				   "the file's attachment is packed in a way that no certificate of ours is");
	attachment->object = qpdf_oh_get_object_id(qpdf, stream);
	if (!qpdf_oh_get_value_as_longlong(qpdf, key(qpdf, key(qpdf, dictionary, "/Params"), "/Size"),
					   &attachment->size))
		return paper_fault(fault, "", "the file does not say how long its attachment is");
	return true;
}

static bool
structure_read(struct slice pdf, struct attachment *attachment, struct fault *fault)
{
	qpdf_data qpdf = qpdf_init();
	qpdf_silence_errors(qpdf);
	qpdf_set_suppress_warnings(qpdf, QPDF_TRUE);
	qpdf_set_attempt_recovery(qpdf, QPDF_FALSE);
	qpdf_set_ignore_xref_streams(qpdf, QPDF_TRUE);
	bool read = qpdf_read_memory(qpdf, "presented", (const char *)pdf.data, pdf.size, NULL) == QPDF_SUCCESS;
	bool found = read && attachment_find(qpdf, attachment, fault);
	bool clean = !qpdf_has_error(qpdf) && !qpdf_more_warnings(qpdf);
	qpdf_cleanup(&qpdf);
	if (!read || !clean)
		return paper_fault(fault, "", "the file's objects are damaged");
	return found;
}

/* All of the stream and nothing after it, at most PAPER_CREDENTIAL_BYTES_MAX. */
static bool
inflate_bounded(z_stream *zlib, struct buf *credential, size_t *size)
{
	uint8_t piece[INFLATE_BYTES];
	int result = Z_OK;
	while (result == Z_OK && *size <= PAPER_CREDENTIAL_BYTES_MAX) {
		zlib->next_out = piece;
		zlib->avail_out = sizeof(piece);
		result = inflate(zlib, Z_NO_FLUSH);
		size_t made = sizeof(piece) - zlib->avail_out;
		*size += made;
		buf_append(credential, slice_of(piece, made));
	}
	return result == Z_STREAM_END && zlib->avail_in == 0;
}

static bool
stream_unpack(struct slice stream, bool deflated, struct buf *credential, size_t *size, struct fault *fault)
{
	z_stream zlib = {.next_in = (uint8_t *)(uintptr_t)stream.data, .avail_in = (uInt)stream.size};
	bool whole = !deflated;
	*size = 0;
	if (!deflated) {
		*size = stream.size;
		if (stream.size <= PAPER_CREDENTIAL_BYTES_MAX)
			buf_append(credential, stream);
	} else if (inflateInit(&zlib) == Z_OK) {
		whole = inflate_bounded(&zlib, credential, size);
		inflateEnd(&zlib);
	}
	if (*size > PAPER_CREDENTIAL_BYTES_MAX)
		return paper_fault(fault, "", "the file's attachment is larger than %d bytes",
				   PAPER_CREDENTIAL_BYTES_MAX);
	return whole || paper_fault(fault, "", "the file's attachment is damaged");
}

static bool
credential_take(const struct paper_scan *scan, const struct attachment *attachment, struct buf *credential,
		struct fault *fault)
{
	size_t size = 0;
	for (size_t i = 0; i < scan->count; i++) {
		const struct paper_object *object = &scan->objects[i];
		if (object->number != (uint32_t)attachment->object || object->stream.data == NULL)
			continue;
		if (!stream_unpack(object->stream, attachment->deflated, credential, &size, fault))
			return false;
		if ((long long)size != attachment->size)
			return paper_fault(fault, "", "the file's attachment is not as long as the file says");
		if (buf_failed(credential))
			return paper_fault(fault, "", "the file's attachment is larger than %zu bytes",
					   credential->limit);
		return true;
	}
	return paper_fault(fault, "", "the file's attachment does not hold one file");
}

bool
paper_credential(struct slice pdf, struct buf *credential, struct fault *fault)
{
	struct paper_scan scan;
	struct attachment attachment = {.object = 0};
	if (pdf.size > PAPER_PRESENTED_BYTES_MAX)
		return paper_fault(fault, "", "the file is larger than %d bytes", PAPER_PRESENTED_BYTES_MAX);
	if (!slice_begins(pdf, slice_text("%PDF-1.")))
		return paper_fault(fault, "", "the file is not a PDF");
	if (!paper_scan(pdf, &scan, fault))
		return false;
	if (scan.attachments != 1)
		return paper_fault(fault, "",
				   scan.attachments == 0 ? "the file has no attachment"
							 : "the file has more than one attachment");
	return structure_read(pdf, &attachment, fault) && credential_take(&scan, &attachment, credential, fault);
}
