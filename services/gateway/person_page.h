/* services/gateway/person_page.h
 *
 * A person's whole file as a page to read and to print: Vietnamese first, English beside. */
#ifndef SERVICES_GATEWAY_PERSON_PAGE_H
#define SERVICES_GATEWAY_PERSON_PAGE_H

#include "services/gateway/subject.h"

/* The page and the headers it wants. */
void person_page_write(struct request *request, struct buf *body, const struct subject_file *file);

#endif
