/* services/paper/paper_attach.h
 *
 * A document as cairo made it becomes the file that is handed out: language, and if there is a
 * credential, that as its one attachment (PDF 2.0, 7.11.4 and 14.13: AFRelationship Data). */
#ifndef SERVICES_PAPER_PAPER_ATTACH_H
#define SERVICES_PAPER_PAPER_ATTACH_H

#include "services/paper/paper.h"

#define PAPER_ATTACHMENT_NAME "credential.json"

/* Appends to pdf. credential may be empty: then nothing is attached. */
bool paper_attach(struct slice drawn, struct slice credential, int64_t made_us, struct buf *pdf, struct fault *fault);

#endif
