/* services/ctl/spawn.h
 *
 * The servers' programs, which lie beside this one, and one of them started for the time
 * of a single command. Whatever is started ends with us, however we end. */
#ifndef SERVICES_CTL_SPAWN_H
#define SERVICES_CTL_SPAWN_H

#include "services/ctl/args.h"

#include "common/host/files.h"

#include <sys/types.h>

/* BIN/matricula-NAME, beside this program. False, and said, if it is not there. */
bool server_path(char path[PATH_BYTES_MAX], const char *name);

/* The file of Viet Nam's units that came with this program; false if there is none. */
bool units_path(char path[PATH_BYTES_MAX]);

/* The data folder with its run folder and whatever keys are missing. False, and said. */
bool data_prepare(const char *data);

/* Waits, 15 s at most, until the process in DIR/NAME/pid is no such server: it may still drain. */
void server_await_end(const char *data, const char *name);

/* Starts that server on the data folder, its words in DIR/run/NAME.log, and waits until somebody
 * listens. -1, and said, if it does not come. */
pid_t server_start(const struct args *args, const char *name);
/* Drains it. */
void server_stop(pid_t pid);

#endif
