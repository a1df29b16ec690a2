/* tests/unit/temp_folder.h - a folder of its own for each test, gone after it. */
#ifndef TESTS_UNIT_TEMP_FOLDER_H
#define TESTS_UNIT_TEMP_FOLDER_H

#include "common/host/files.h"

#include <assert.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>

static char temp[64];

static int
remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)type;
	(void)walk;
	return remove(path);
}

static inline int
temp_make(void **state)
{
	(void)state;
	snprintf(temp, sizeof(temp), "/tmp/matricula-test-XXXXXX");
	return mkdtemp(temp) == NULL;
}

static inline int
temp_remove(void **state)
{
	(void)state;
	umount2(temp, MNT_DETACH); /* few tests mount; elsewhere this fails and does nothing */
	return nftw(temp, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline const char *
temp_path(char path[PATH_BYTES_MAX], const char *name)
{
	bool fits = path_format(path, "%s/%s", temp, name);
	assert(fits);
	return path;
}

/* A disk of its own of so many MiB, of which 6 are filled by a file of that name; false if none can be mounted here. */
static inline bool
temp_tiny_disk(unsigned mib, const char *filler)
{
	char options[32];
	snprintf(options, sizeof(options), "size=%um", mib);
	if (mount("tmpfs", temp, "tmpfs", 0, options) != 0)
		return false;
	FILE *file = fopen(filler, "w");
	static const char block[1 << 20];
	for (unsigned i = 0; i < 6; i++)
		fwrite(block, 1, sizeof(block), file);
	fclose(file);
	return true;
}

#endif
