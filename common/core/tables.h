/* common/core/tables.h
 *
 * The core's tables: first bytes of keys from 0xEC on. A service numbers its own from 1
 * to 0xEB, in one enum of its own header. */
#ifndef COMMON_CORE_TABLES_H
#define COMMON_CORE_TABLES_H

enum { FIGURE_BYTES = 8, FIGURE_OWN_BYTES = 16 }; /* of a value in TABLE_FIGURE */

enum core_table {
	TABLE_HEAD = 0xF0,             /* -> StateHead */
	TABLE_SAVED = 0xF1,            /* day, subject, call id -> SavedReply */
	TABLE_CURSOR = 0xF2,           /* producer -> Position */
	TABLE_TIMER = 0xF3,            /* due, method, name -> TimerRecord */
	TABLE_FIGURE = 0xF4,           /* authority id, metric, category, month -> int64; if some of it was counted at
					* exactly that authority, another: how much */
	TABLE_AUTHORITY = 0xF5,        /* id -> AuthorityRecord */
	TABLE_AUTHORITY_CODE = 0xF6,   /* code, list, version -> id, first day, last day */
	TABLE_AUTHORITY_CHILD = 0xF7,  /* parent id, id -> nothing, or how and when it came */
	TABLE_TOKEN = 0xF8,            /* hash -> TokenRecord */
	TABLE_TOKEN_OF = 0xF9,         /* authority id, hash -> nothing */
	TABLE_DOOR_KEY = 0xFA,         /* z85 key -> DoorKeyRecord */
	TABLE_REFUSED = 0xFB,          /* seq, index -> ReactionRefused */
	TABLE_AUTHORITY_PARENT = 0xFC, /* id -> parent id, former ones; empty for the root */
	TABLE_SLOT = 0xFD,             /* subject id -> slot of its key (u32); a fifth byte: erased */
	TABLE_ERASED = 0xFE,           /* seq, subject id -> slot (u32), u8: for good */
	TABLE_AUTHORITY_FORMER = 0xEE, /* former parent id, id -> the last day it stood there */
	TABLE_PERSON_STAYS = 0xED,     /* id of a merged record -> id of the one that stays */
	TABLE_PERSON_MERGED = 0xEC,    /* id that stays, id merged into it -> nothing */
};

#endif
