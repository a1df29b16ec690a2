/* services/paper/paper_scan.h
 *
 * The shape of a presented file, before anything parses it: one section as paper_attach
 * writes it, a header, objects one after the other, their table, %%EOF and nothing more.
 * Appended updates, object and cross-reference streams, encryption and everything that
 * acts (scripts, launches, forms, media) are faults. */
#ifndef SERVICES_PAPER_PAPER_SCAN_H
#define SERVICES_PAPER_PAPER_SCAN_H

#include "services/paper/paper.h"

struct paper_object {
	uint32_t number;
	size_t at;           /* bytes from the beginning */
	struct slice stream; /* as it is stored; data is NULL if it has none */
};

struct paper_scan {
	struct paper_object objects[PAPER_OBJECTS_MAX];
	size_t count;
	size_t tokens;
	unsigned attachments; /* file specifications that hold a file */
};

bool paper_scan(struct slice pdf, struct paper_scan *scan, struct fault *fault);

#endif
