/* services/gateway/pages.h
 *
 * Web pages made here: small, Vietnamese first, English beside it, no external resource. */
#ifndef SERVICES_GATEWAY_PAGES_H
#define SERVICES_GATEWAY_PAGES_H

#include "services/gateway/request.h"

void html_write(struct buf *body, const char *text); /* escaped */
/* html is empty, or what this page has: a <style> of its own, which goes into the head, and what stands first. */
void page_open(struct buf *body, const char *title, struct slice html);
/* A page that is nothing but its html, with a script. */
void page_serve(struct request *request, const char *title, struct slice html);
/* A refusal in both languages, whole. */
void page_refusal(struct buf *body, const struct problem *problem);
void page_close(struct buf *body);
/* Content-Security-Policy and the like: of the page's html, if it has any, one script runs and no other. */
void page_headers(struct request *request, struct slice html);

void home_serve(struct request *request, void *context);
void dashboard_serve(struct request *request, void *context);

#endif
