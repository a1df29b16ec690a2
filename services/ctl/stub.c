#include "services/ctl/ctl.h"
#define S(n) int command_##n(const struct args *a) { (void)a; return fail("not yet"); }
S(backup) S(restore) S(rejoin)
