/* common/core/mirror.c
 *
 * Each reaction journals the fact it was given as a core fact of this node; applying
 * that keeps the mirror. Nothing is refused: enrollment has decided already. */
#include "common/core/mirror.h"

#include "common/core/call.h"

static void
mirror(const ProtobufCMessage *fact, Mt__Noted_Closure reply, void *call)
{
	Mt__Noted out = MT__NOTED__INIT;
	call_emit(call, fact);
	reply(&out, call);
}

static void
mirror_authority_registered(Mt__MirrorReactions_Service *service, const Mt__AuthorityRegistered *in,
			    Mt__Noted_Closure reply, void *call)
{
	(void)service;
	mirror(&in->base, reply, call);
}

static void
mirror_token_granted(Mt__MirrorReactions_Service *service, const Mt__TokenGranted *in, Mt__Noted_Closure reply,
		     void *call)
{
	(void)service;
	mirror(&in->base, reply, call);
}

static void
mirror_token_revoked(Mt__MirrorReactions_Service *service, const Mt__TokenRevoked *in, Mt__Noted_Closure reply,
		     void *call)
{
	(void)service;
	mirror(&in->base, reply, call);
}

static void
mirror_door_key_registered(Mt__MirrorReactions_Service *service, const Mt__DoorKeyRegistered *in,
			   Mt__Noted_Closure reply, void *call)
{
	(void)service;
	mirror(&in->base, reply, call);
}

static void
mirror_door_key_removed(Mt__MirrorReactions_Service *service, const Mt__DoorKeyRemoved *in, Mt__Noted_Closure reply,
			void *call)
{
	(void)service;
	mirror(&in->base, reply, call);
}

Mt__MirrorReactions_Service mirror_reactions = MT__MIRROR_REACTIONS__INIT(mirror_);
