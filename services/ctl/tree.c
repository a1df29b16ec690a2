/* services/ctl/tree.c
 *
 * Registering the same authority again changes nothing, so nobody needs to ask first. */
#include "services/ctl/tree.h"

#include "matricula/authority.pb-c.h"

bool
tree_ensure_root(struct link *link)
{
	Mt__AddAuthorityRequest request = MT__ADD_AUTHORITY_REQUEST__INIT;
	Mt__GetAuthorityRequest get = MT__GET_AUTHORITY_REQUEST__INIT;
	get.authority = (char *)ROOT_CODE;
	const Mt__Reply *there = link_ask(link, &(struct link_ask){.method = "Authorities.Get"}, &get.base);
	if (there == NULL)
		return false;
	if (there->status == MT__STATUS__OK)
		return true;
	request.code_list = (char *)UNITS_LIST;
	request.list_version = (char *)UNITS_VERSION;
	request.code = (char *)ROOT_CODE;
	request.name = (char *)"Việt Nam";
	request.name_en = (char *)"Viet Nam";
	request.kind = (char *)"nation";
	return link_call(link, &(struct link_ask){.method = "Authorities.Add"}, &request.base) != NULL;
}
