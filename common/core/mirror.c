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
mirror_authority_renamed(Mt__MirrorReactions_Service *service, const Mt__AuthorityRenamed *in, Mt__Noted_Closure reply,
			 void *call)
{
	(void)service;
	mirror(&in->base, reply, call);
}

static void
mirror_authority_moved(Mt__MirrorReactions_Service *service, const Mt__AuthorityMoved *in, Mt__Noted_Closure reply,
		       void *call)
{
	(void)service;
	mirror(&in->base, reply, call);
}

static void
mirror_authority_merged(Mt__MirrorReactions_Service *service, const Mt__AuthorityMerged *in, Mt__Noted_Closure reply,
			void *call)
{
	(void)service;
	mirror(&in->base, reply, call);
}

static void
mirror_authority_split(Mt__MirrorReactions_Service *service, const Mt__AuthoritySplit *in, Mt__Noted_Closure reply,
		       void *call)
{
	(void)service;
	mirror(&in->base, reply, call);
}

static void
mirror_authority_coded(Mt__MirrorReactions_Service *service, const Mt__AuthorityCoded *in, Mt__Noted_Closure reply,
		       void *call)
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

static void
mirror_persons_merged(Mt__MirrorReactions_Service *service, const Mt__PersonsMerged *in, Mt__Noted_Closure reply,
		      void *call)
{
	(void)service;
	mirror(&in->base, reply, call);
}

static void
mirror_persons_split(Mt__MirrorReactions_Service *service, const Mt__PersonsSplit *in, Mt__Noted_Closure reply,
		     void *call)
{
	(void)service;
	mirror(&in->base, reply, call);
}

/* Mirrored as a fact of this node's own: each destroys its own key of the person. */
static void
mirror_person_erased(Mt__MirrorReactions_Service *service, const Mt__PersonErased *in, Mt__Noted_Closure reply,
		     void *call)
{
	(void)service;
	Mt__SubjectErased fact = MT__SUBJECT_ERASED__INIT;
	fact.person_id = in->person_id;
	mirror(&fact.base, reply, call);
}

Mt__MirrorReactions_Service mirror_reactions = MT__MIRROR_REACTIONS__INIT(mirror_);
