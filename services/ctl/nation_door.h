/* services/ctl/nation_door.h
 *
 * Senders that send: through the ZeroMQ door with several frames under way, or by HTTP.
 * Both are patient with a gateway that is away or busy, and draw the progress bar. */
#ifndef SERVICES_CTL_NATION_DOOR_H
#define SERVICES_CTL_NATION_DOOR_H

#include "services/ctl/link.h"
#include "services/ctl/nation_play.h"
#include "services/ctl/nation_report.h"

/* NULL, and said, on error. --door, --flight, --batch; the link is to enrollment, where a key made for this run is
 * registered for the root and removed by close. */
struct nation_sender *nation_door_open(const struct args *args, struct link *link, struct nation_report *report);
/* --http, --token, --batch. */
struct nation_sender *nation_http_open(const struct args *args, struct nation_report *report);

#endif
