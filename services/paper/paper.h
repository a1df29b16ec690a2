/* services/paper/paper.h
 *
 * The paper side of a certificate, made at the edge from data: the certificate to hang on
 * the wall with its credential inside, the training passport, and the way back from a
 * presented file to the credential. No function keeps anything between two calls or shares
 * anything with another thread: any of them may run in any worker, several at once. The
 * same input gives the same bytes; nothing here asks for the time.
 *
 * Texts are UTF-8 in any normal form. NULL and "" are absent, and a line that needs what is
 * absent is left out. A character that no installed font can draw is a fault, never a box.
 * The field of a fault is the member of these structs whose text is to blame, as in
 * "trainings[3].programme"; "" and others ("boxes[1]") blame no text but the machine or the layout. */
#ifndef SERVICES_PAPER_PAPER_H
#define SERVICES_PAPER_PAPER_H

#include "common/base/buf.h"
#include "common/wire/pb.h"

enum {
	/* Of one text on paper: names and titles are limited to less where they are registered. */
	PAPER_TEXT_BYTES_MAX = 1024,
	/* A QR code larger than this no longer reads at the size it is printed. */
	PAPER_URL_BYTES_MAX = 256,
	/* A credential takes about 2 KiB. */
	PAPER_CREDENTIAL_BYTES_MAX = 64 << 10,
	/* A certificate takes about 100 KiB, most of it fonts. */
	PAPER_PDF_BYTES_MAX = 4 << 20,
	/* Lines of one kind in a passport: a training a week for forty years. */
	PAPER_ROWS_MAX = 2000,

	/* A presented file; ours have about 120 KiB, 40 objects and 2,000 tokens. */
	PAPER_PRESENTED_BYTES_MAX = 512 << 10,
	PAPER_OBJECTS_MAX = 256,
	PAPER_TOKENS_MAX = 20000,
};

struct paper_certificate {
	const char *institution_vi, *institution_en;
	const char *kind_vi, *kind_en; /* "Chứng chỉ bồi dưỡng", "Certificate of training" */
	const char *holder_name;
	const char *birth_date; /* YYYY-MM-DD, YYYY-MM or YYYY */
	const char *programme_vi, *programme_en;
	uint32_t hours;                    /* 0 is absent */
	const char *begins_on, *ends_on;   /* civil dates */
	const char *result_vi, *result_en; /* "Giỏi", "Very good" */
	const char *register_number;
	const char *serial; /* of a blank form */
	const char *decision_number, *decision_date;
	const char *place, *issued_on;
	const char *signatory_title_vi, *signatory_title_en, *signatory_name;
	const char *valid_until;
	uint32_t edition;             /* 0, or the number of the correction */
	const char *verification_url; /* in the QR code */
	const char *short_url;        /* printed below it */
	bool specimen;                /* says so across the page */
	struct slice credential;      /* JSON, attached as it is */
	int64_t made_us;              /* the file's own date: the credential's, so that the bytes stay the same */
};

/* Appends the PDF to pdf; false and the fault, and pdf to be thrown away. */
bool paper_certificate(const struct paper_certificate *in, struct buf *pdf, struct fault *fault);

struct paper_training {
	const char *completed_on;
	const char *institution;
	const char *programme;
	uint32_t hours;
	const char *result;
	const char *register_number;
	const char *state; /* "Còn hiệu lực / valid" */
};

struct paper_recognition {
	const char *recognised_on;
	const char *what;
	const char *authority; /* who recognised it */
	uint32_t hours;
};

struct paper_post {
	const char *begins_on, *ends_on; /* no end: today's */
	const char *title;
	const char *authority;
};

struct paper_year {
	uint32_t year, trainings, hours;
	const char *points; /* as a decimal text, if points are counted */
};

struct paper_passport {
	const char *holder_name, *birth_date;
	const char *authority; /* that keeps the record */
	const struct paper_post *posts;
	size_t posts_count;
	const struct paper_training *trainings;
	size_t trainings_count;
	const struct paper_recognition *recognitions;
	size_t recognitions_count;
	const struct paper_year *years;
	size_t years_count;
	const char *points;  /* in all */
	const char *made_on; /* civil date */
	const char *check_url, *short_url;
	bool specimen;
	int64_t made_us;
};

bool paper_passport(const struct paper_passport *in, struct buf *pdf, struct fault *fault);

/* The credential inside a presented file, which may be anything: appended to credential, or
 * false and a sentence, and credential to be thrown away. It is only carried by the file: what it says is proven by its
 * signature. */
bool paper_credential(struct slice pdf, struct buf *credential, struct fault *fault);

#endif
