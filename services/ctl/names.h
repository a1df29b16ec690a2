/* services/ctl/names.h
 *
 * Names of people who do not exist, made from parts with about the weights they have in
 * Viet Nam: two in five are called Nguyễn. No list of real persons is behind it. */
#ifndef SERVICES_CTL_NAMES_H
#define SERVICES_CTL_NAMES_H

#include "common/base/random.h"

#include <stddef.h>

/* "Nguyễn Thị Thu Hà"; size at least 96. */
void name_make(struct random *random, char *name, size_t size);

#endif
