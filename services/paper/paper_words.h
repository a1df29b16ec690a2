/* services/paper/paper_words.h
 *
 * Texts from outside on their way to a page: checked, composed (NFC), capitals, and civil
 * dates in words of both languages. All in the arena. */
#ifndef SERVICES_PAPER_PAPER_WORDS_H
#define SERVICES_PAPER_PAPER_WORDS_H

#include "services/paper/paper.h"

/* The text in NFC as a line shows it: control characters and ends of lines are spaces, what nobody sees (joiners, marks
 * of direction) is left out. NULL if nothing is left; false and the fault if it is no text: not UTF-8, too long, or
 * with characters that stand for nothing. */
bool paper_clean(struct arena *arena, const char *field, const char *text, const char **clean, struct fault *fault);

const char *paper_capitals(struct arena *arena, const char *text);

/* A day, a month or a year: "ngày 05 tháng 02 năm 2026" (two digits below 10, for months 1 and 2: Decree
 * 30/2020/NĐ-CP, appendix I) and "5 February 2026". Both NULL if it is absent. */
struct paper_date {
	const char *vi, *en;
	const char *brief; /* 05/02/2026 */
};
bool paper_date(struct arena *arena, const char *field, const char *text, struct paper_date *date, struct fault *fault);

#endif
