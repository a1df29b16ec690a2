/* common/host/probe.h
 *
 * What a node asks about its process and its disk, and the named steps at which a
 * test may end the process:
 *
 *   MATRICULA_CRASH=POINT:N      _exit(77) when POINT is reached the N-th time
 *   MATRICULA_CRASH_LOG=FILE     the name of each point appended when first reached */
#ifndef COMMON_HOST_PROBE_H
#define COMMON_HOST_PROBE_H

#include <stddef.h>
#include <stdint.h>

enum { CRASH_EXIT_CODE = 77, CRASH_POINTS_MAX = 128 };

struct probe {
	const char *folder; /* on the disk to look at */
	uint64_t space_bytes;
	int64_t space_seen_us;
	uint64_t memory_bytes;
	int64_t memory_seen_us;
	char crash_at[64]; /* "" for none */
	unsigned long crash_left;
	const char *crash_log; /* NULL for none */
	const char *reached[CRASH_POINTS_MAX];
	size_t reached_count;
};

void probe_init(struct probe *probe, const char *folder);
int64_t probe_now_us(void);
int64_t probe_monotonic_us(void);

/* Bytes left on the disk, looked up ten times a second at most; 0 if it cannot be told. */
uint64_t probe_space_free(struct probe *probe);
/* Private memory of the process, looked up once a second at most. Pages of what is mapped
 * (state, journal, persons' keys) are the kernel's cache, given back when wanted, and not counted. */
uint64_t probe_memory_used(struct probe *probe);

/* name is a constant. */
void probe_crash_point(struct probe *probe, const char *name);

#endif
