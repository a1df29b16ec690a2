/* tests/unit/warm_test.c
 *
 * What is missing of a file is read ahead of many changes, and not ahead of few; and all of
 * it in the background, which may be ended at any time. */
#include "common/host/warm.h"

#include "common/host/files.h"
#include "tests/unit/temp_folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { FILE_BYTES = 4 << 20, PAGE_BYTES = 4096, FILE_PAGES = FILE_BYTES / PAGE_BYTES };

static size_t
pages_there(int fd)
{
	unsigned char there[FILE_PAGES];
	size_t count = 0;
	void *map = mmap(NULL, FILE_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	assert_true(map != MAP_FAILED);
	assert_int_equal(mincore(map, FILE_BYTES, there), 0);
	for (size_t i = 0; i < FILE_PAGES; i++)
		count += there[i] & 1;
	munmap(map, FILE_BYTES);
	return count;
}

static void
forget(int fd)
{
	assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
}

/* Of which nothing is in the cache. */
static int
cold_file(char path[PATH_BYTES_MAX])
{
	int fd = open(temp_path(path, "file"), O_RDWR | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(file_fill(fd, 0, FILE_BYTES), FILE_BYTES);
	assert_int_equal(fsync(fd), 0);
	forget(fd);
	if (pages_there(fd) > 0) {
		close(fd);
		print_message("this file system keeps its pages in memory: nothing can be missing\n");
		skip();
	}
	return fd;
}

static void
missing_pages_are_read_for_many_rows_only(void **state)
{
	(void)state;
	char path[PATH_BYTES_MAX];
	int fd = cold_file(path);
	file_warm(fd, 1);
	assert_int_equal(pages_there(fd), 0);
	file_warm(fd, FILE_PAGES);
	assert_int_equal(pages_there(fd), FILE_PAGES);
	close(fd);
}

static void
a_whole_file_is_read_in_the_background(void **state)
{
	(void)state;
	char path[PATH_BYTES_MAX];
	uv_loop_t loop;
	int fd = cold_file(path);
	uv_loop_init(&loop);
	struct warming *warming = warming_begin(&loop, path);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(pages_there(fd), FILE_PAGES);
	warming_end(warming);
	warming = warming_begin(&loop, path);
	warming_end(warming); /* before it began, or while it reads */
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(missing_pages_are_read_for_many_rows_only, temp_make, temp_remove),
		cmocka_unit_test_setup_teardown(a_whole_file_is_read_in_the_background, temp_make, temp_remove),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
