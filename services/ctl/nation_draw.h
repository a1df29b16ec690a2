/* services/ctl/nation_draw.h
 *
 * Chance and text for the nation, cheap enough to be called a dozen times for each of
 * millions: every person has random numbers of their own, which follow from seed and number
 * alone, so anybody can be made again at any time and nothing is remembered. Texts are
 * appended at a pointer, with a NUL, and the new end is answered. */
#ifndef SERVICES_CTL_NATION_DRAW_H
#define SERVICES_CTL_NATION_DRAW_H

#include "common/base/random.h"

#include <stddef.h>
#include <string.h>

/* What is drawn independently of each other about one person. */
enum draw_stream { STREAM_PERSON, STREAM_NAME, STREAM_CAREER, STREAM_LENGTH, STREAM_NOISE, STREAM_ORDER, STREAM_UNIT };

static inline struct random
draw_begin(uint64_t seed, uint64_t number, enum draw_stream stream)
{
	struct random random = {.state = seed * UINT64_C(0xd1342543de82ef95) + (uint64_t)stream};
	random.state = random_next(&random) ^ number * UINT64_C(0x9e3779b97f4a7c15);
	random.state = random_next(&random);
	return random;
}

/* Below bound, which is far below 2^32: what is biased is nothing anybody could see. */
static inline uint32_t
draw_below(struct random *random, uint32_t bound)
{
	return (uint32_t)((random_next(random) >> 32) * bound >> 32);
}

static inline int32_t
draw_between(struct random *random, int32_t low, int32_t high)
{
	return high <= low ? low : low + (int32_t)draw_below(random, (uint32_t)(high - low + 1));
}

static inline bool
draw_permille(struct random *random, uint32_t permille)
{
	return draw_below(random, 1000) < permille;
}

/* The place of the weight that is hit, among count weights. */
static inline size_t
draw_weighted(struct random *random, const uint16_t *weights, size_t count)
{
	uint32_t total = 0;
	for (size_t i = 0; i < count; i++)
		total += weights[i];
	uint32_t at = draw_below(random, total);
	size_t place = 0;
	for (; at >= weights[place]; place++)
		at -= weights[place];
	return place;
}

static inline char *
put_text(char *at, const char *text)
{
	size_t size = strlen(text);
	memcpy(at, text, size + 1);
	return at + size;
}

/* At least digits_min digits. */
static inline char *
put_number(char *at, uint64_t number, unsigned digits_min)
{
	char digits[24];
	unsigned size = 0;
	for (; number > 0 || size < digits_min; number /= 10)
		digits[size++] = (char)('0' + number % 10);
	while (size > 0)
		*at++ = digits[--size];
	*at = '\0';
	return at;
}

#endif
