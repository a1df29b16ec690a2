#include "tests/scenario/driver.h"
struct driver *driver_live_new(const char *url, const char *data) { (void)url; (void)data; return 0; }
void driver_live_free(struct driver *driver) { (void)driver; }
