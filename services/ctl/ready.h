/* services/ctl/ready.h
 *
 * Asks the gateway GET /readyz again and again until it answers 200 and the one who asked
 * believes it: another process may hold the port. */
#ifndef SERVICES_CTL_READY_H
#define SERVICES_CTL_READY_H

#include <netinet/in.h>
#include <stdbool.h>
#include <uv.h>

struct ready {
	uv_loop_t *loop;
	struct sockaddr_storage address;
	uv_timer_t again;
	uv_tcp_t tcp;
	uv_connect_t connecting;
	uv_write_t writing;
	bool asking;
	bool stopped;
	char answer[64];
	size_t size;
	bool (*on_ready)(void *context); /* false: ask again */
	void *context;
};

/* http is ADDR:PORT. False if it is no address. */
bool
ready_start(struct ready *ready, uv_loop_t *loop, const char *http, bool (*on_ready)(void *context), void *context);
void ready_stop(struct ready *ready);

#endif
