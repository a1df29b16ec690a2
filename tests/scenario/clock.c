/* tests/scenario/clock.c
 *
 * The file is replaced as a whole, because libfaketime may read it at any moment. */
#include "tests/scenario/clock.h"

#include "common/base/date.h"

#include <stdio.h>
#include <time.h>

enum { CLOCK_PATH_BYTES = 4096 };

static bool
offset_write(const char *path, long long seconds)
{
	char beside[CLOCK_PATH_BYTES];
	snprintf(beside, sizeof(beside), "%s.new", path);
	FILE *file = fopen(beside, "w");
	if (file == NULL)
		return false;
	fprintf(file, "%+lld\n", seconds);
	return fclose(file) == 0 && rename(beside, path) == 0;
}

bool
clock_set(const char *path, int64_t wanted_us)
{
	return offset_write(path, (long long)(wanted_us / SECOND_US) - (long long)time(NULL));
}

bool
clock_advance(const char *path, int64_t us)
{
	long long seconds;
	FILE *file = fopen(path, "r");
	if (file == NULL)
		return false;
	bool read = fscanf(file, "%lld", &seconds) == 1;
	fclose(file);
	return read && offset_write(path, seconds + (long long)(us / SECOND_US));
}
