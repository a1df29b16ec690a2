/* common/core/mirror.h
 *
 * How a node that is not enrollment keeps its own copy of the authority tree, of the
 * access table, and of which records are one person: reactions to enrollment's facts,
 * journalled here as core facts. Such a service lists &mirror_reactions.base among its
 * handlers. */
#ifndef COMMON_CORE_MIRROR_H
#define COMMON_CORE_MIRROR_H

#include "matricula/node.pb-c.h"

extern Mt__MirrorReactions_Service mirror_reactions;

#endif
