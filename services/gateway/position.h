/* services/gateway/position.h
 *
 * Where a reader of figures stands: in each of the four services' journals the
 * incarnation and the sequence, or nothing known yet (incarnation 0). To clients it
 * is one opaque word, the id of a server-sent event, that any gateway can resume. Pure. */
#ifndef SERVICES_GATEWAY_POSITION_H
#define SERVICES_GATEWAY_POSITION_H

#include <stdbool.h>
#include <stdint.h>

enum service { SERVICE_ENROLLMENT, SERVICE_ASSESSMENT, SERVICE_CERTIFICATE, SERVICE_NOTIFICATION, SERVICES };

/* Hexadecimal numbers "INCARNATION.SEQ", with the NUL; a position is four of them joined by "_". */
enum { PLACE_TEXT_BYTES = 16 + 1 + 16 + 1, POSITION_TEXT_BYTES = SERVICES * PLACE_TEXT_BYTES };

struct place {
	uint64_t incarnation;
	uint64_t seq;
};

struct position {
	struct place places[SERVICES];
};

const char *service_name(enum service service);
/* False if there is no such service. */
bool service_find(const char *name, enum service *service);

void place_format(const struct place *place, char text[PLACE_TEXT_BYTES]);
/* False unless text is exactly what place_format writes. */
bool place_parse(const char *text, struct place *place);
void position_format(const struct position *position, char text[POSITION_TEXT_BYTES]);
/* False unless text is exactly what position_format writes. */
bool position_parse(const char *text, struct position *position);

#endif
