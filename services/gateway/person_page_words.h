/* services/gateway/person_page_words.h
 *
 * What fields and values of a person's file are called. */
#ifndef SERVICES_GATEWAY_PERSON_PAGE_WORDS_H
#define SERVICES_GATEWAY_PERSON_PAGE_WORDS_H

struct page_words {
	const char *name; /* of the field, or of the value of an enum, as in the .proto */
	const char *vi;
	const char *en;
};

/* NULL if there are none. */
const struct page_words *page_words_of_field(const char *name);
const struct page_words *page_words_of_value(const char *name);

#endif
