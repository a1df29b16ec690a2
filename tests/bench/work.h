/* tests/bench/work.h
 *
 * What the load generator asks for, request by request: a work makes the next request of
 * an operation and looks at each answer. Most operations are one request; an exam is two. */
#ifndef TESTS_BENCH_WORK_H
#define TESTS_BENCH_WORK_H

#include "tests/bench/people.h"

struct lines {
	char **at;
	size_t count;
};

/* Everything a work may draw on; told on the command line as NAME=VALUE. */
struct supply {
	struct nation nation;
	const char *token;    /* empty: a stranger asks */
	const char *events;   /* "hired", "mixed" and so on */
	unsigned batch;       /* events a request */
	struct lines rooms;   /* ids of classes or exams */
	struct lines persons; /* ids */
	uint64_t stride;      /* room r begins at person r * stride */
	struct lines paths;
	struct lines bodies; /* of searches, or credentials to present */
	const char *etag;    /* what the asker holds; NULL: nothing. Then 304 is a good answer, too */
};

struct operation {
	uint64_t number;
	unsigned step; /* requests of it that were answered */
	char attempt_id[DEED_TEXT_BYTES];
};

struct work {
	const char *name;
	/* The whole HTTP request of this step. */
	void (*ask)(const struct supply *supply, const struct operation *operation, struct buf *out);
	/* How many things a good answer did; 0: it was none. *more: another step follows. */
	unsigned (*answered)(const struct supply *supply, struct operation *operation, struct slice body, bool *more);
	/* Numbers one operation takes: a batch takes as many as it holds. */
	bool takes_batch;
	/* How many operations there are; 0: no end. */
	uint64_t (*limit)(const struct supply *supply);
};

/* NULL if there is none of that name. */
const struct work *work_find(const char *name);
bool lines_read(struct lines *lines, const char *path);

#endif
