/* services/paper/paper_attach.c
 *
 * qpdf rewrites the document as one section with a classic table of objects and lengths
 * written where they belong: the only shape that paper_credential reads. Its C interface
 * catches every exception; one that happened is asked for at the end. */
#include "services/paper/paper_attach.h"

#include "common/base/date.h"
#include "services/paper/paper_canvas.h"

#include <qpdf/qpdf-c.h>
#include <stdio.h>

enum { INSTANT_BYTES = 48 };

/* Of Verifiable Credentials 2.0, 6.2. */
static const char MEDIA_TYPE[] = "/application/vc";

static void
key_set(qpdf_data qpdf, qpdf_oh object, const char *key, qpdf_oh value)
{
	qpdf_oh_replace_key(qpdf, object, key, value);
}

static qpdf_oh
array_of(qpdf_data qpdf, qpdf_oh first, const qpdf_oh *second)
{
	qpdf_oh array = qpdf_oh_new_array(qpdf);
	qpdf_oh_append_item(qpdf, array, first);
	if (second != NULL)
		qpdf_oh_append_item(qpdf, array, *second);
	return array;
}

/* As PDF writes an instant (7.9.4). */
static void
instant_write(int64_t us, char text[INSTANT_BYTES])
{
	int year, month, day;
	int32_t date = date_of_instant(us, 0);
	int seconds = (int)((us - date_begins_us(date, 0)) / SECOND_US);
	date_split(date, &year, &month, &day);
	snprintf(text, INSTANT_BYTES, "D:%04d%02d%02d%02d%02d%02dZ", year, month, day, seconds / 3600,
		 seconds / 60 % 60, seconds % 60);
}

static qpdf_oh
stream_make(qpdf_data qpdf, struct slice credential, const char *instant)
{
	qpdf_oh stream = qpdf_oh_new_stream(qpdf);
	qpdf_oh_replace_stream_data(qpdf, stream, credential.data, credential.size, qpdf_oh_new_null(qpdf),
				    qpdf_oh_new_null(qpdf));
	qpdf_oh parameters = qpdf_oh_new_dictionary(qpdf);
	key_set(qpdf, parameters, "/Size", qpdf_oh_new_integer(qpdf, (long long)credential.size));
	key_set(qpdf, parameters, "/ModDate", qpdf_oh_new_string(qpdf, instant));
	qpdf_oh dictionary = qpdf_oh_get_dict(qpdf, stream);
	key_set(qpdf, dictionary, "/Type", qpdf_oh_new_name(qpdf, "/EmbeddedFile"));
	key_set(qpdf, dictionary, "/Subtype", qpdf_oh_new_name(qpdf, MEDIA_TYPE));
	key_set(qpdf, dictionary, "/Params", parameters);
	return stream;
}

static void
attachment_add(qpdf_data qpdf, qpdf_oh root, struct slice credential, const char *instant)
{
	qpdf_oh stream = stream_make(qpdf, credential, instant);
	qpdf_oh name = qpdf_oh_new_string(qpdf, PAPER_ATTACHMENT_NAME);
	qpdf_oh files = qpdf_oh_new_dictionary(qpdf);
	key_set(qpdf, files, "/F", stream);
	key_set(qpdf, files, "/UF", stream);
	qpdf_oh specification = qpdf_oh_new_dictionary(qpdf);
	key_set(qpdf, specification, "/Type", qpdf_oh_new_name(qpdf, "/Filespec"));
	key_set(qpdf, specification, "/F", name);
	key_set(qpdf, specification, "/UF", name);
	key_set(qpdf, specification, "/Desc", qpdf_oh_new_string(qpdf, "W3C Verifiable Credential 2.0"));
	key_set(qpdf, specification, "/AFRelationship", qpdf_oh_new_name(qpdf, "/Data"));
	key_set(qpdf, specification, "/EF", files);
	specification = qpdf_make_indirect_object(qpdf, specification);
	qpdf_oh tree = qpdf_oh_new_dictionary(qpdf);
	key_set(qpdf, tree, "/Names", array_of(qpdf, name, &specification));
	qpdf_oh names = qpdf_oh_new_dictionary(qpdf);
	key_set(qpdf, names, "/EmbeddedFiles", tree);
	key_set(qpdf, root, "/Names", names);
	key_set(qpdf, root, "/AF", array_of(qpdf, specification, NULL));
}

static void
document_set(qpdf_data qpdf, qpdf_oh root, const char *instant)
{
	qpdf_set_info_key(qpdf, "/CreationDate", instant); /* cairo's lacks the D: */
	qpdf_oh viewer = qpdf_oh_new_dictionary(qpdf);
	key_set(qpdf, viewer, "/DisplayDocTitle", qpdf_oh_new_bool(qpdf, QPDF_TRUE));
	key_set(qpdf, root, "/ViewerPreferences", viewer);
	key_set(qpdf, root, "/Lang", qpdf_oh_new_string(qpdf, "vi-VN"));
}

static bool
file_write(qpdf_data qpdf, struct buf *pdf)
{
	if (((unsigned)qpdf_init_write_memory(qpdf) & QPDF_ERRORS) != 0)
		return false;
	qpdf_set_object_stream_mode(qpdf, qpdf_o_disable);
	qpdf_set_deterministic_ID(qpdf, QPDF_TRUE);
	qpdf_set_minimum_pdf_version(qpdf, "1.7");
	if (((unsigned)qpdf_write(qpdf) & QPDF_ERRORS) != 0)
		return false;
	buf_append(pdf, slice_of(qpdf_get_buffer(qpdf), qpdf_get_buffer_length(qpdf)));
	return true;
}

bool
paper_attach(struct slice drawn, struct slice credential, int64_t made_us, struct buf *pdf, struct fault *fault)
{
	char instant[INSTANT_BYTES];
	instant_write(made_us, instant);
	qpdf_data qpdf = qpdf_init();
	qpdf_silence_errors(qpdf);
	qpdf_set_suppress_warnings(qpdf, QPDF_TRUE);
	bool read = qpdf_read_memory(qpdf, "paper", (const char *)drawn.data, drawn.size, NULL) == QPDF_SUCCESS;
	if (read) {
		qpdf_oh root = qpdf_get_root(qpdf);
		document_set(qpdf, root, instant);
		if (credential.size > 0)
			attachment_add(qpdf, root, credential, instant);
	}
	bool made = read && !qpdf_has_error(qpdf) && file_write(qpdf, pdf);
	qpdf_cleanup(&qpdf);
	if (!made)
		return paper_fault(fault, "", "the credential could not be put into the document");
	if (buf_failed(pdf))
		return paper_fault(fault, "", "the document is larger than %zu bytes", pdf->limit);
	return true;
}
