/* services/enrollment/service.h
 *
 * The enrollment service as the host, the simulator and the tests take it: one module. */
#ifndef SERVICES_ENROLLMENT_SERVICE_H
#define SERVICES_ENROLLMENT_SERVICE_H

#include "common/core/node.h"

extern const struct module enrollment_module;

#endif
