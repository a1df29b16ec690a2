/* services/notification/service.h
 *
 * What the notification service is made of, and what it counts. */
#ifndef SERVICES_NOTIFICATION_SERVICE_H
#define SERVICES_NOTIFICATION_SERVICE_H

#include "common/core/node.h"

enum notification_metric { METRIC_MESSAGES_QUEUED, METRIC_MESSAGES_SENT, METRIC_MESSAGES_FAILED };

extern const struct metric notification_metrics[]; /* by enum notification_metric */
extern const struct module notification_module;

#endif
