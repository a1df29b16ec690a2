/* common/core/tables.h
 *
 * The core's tables: first bytes of keys from 0xF0 on. A service numbers its own from 1
 * to 0xEF, in one enum of its own header. */
#ifndef COMMON_CORE_TABLES_H
#define COMMON_CORE_TABLES_H

enum core_table {
	TABLE_HEAD = 0xF0,             /* -> StateHead */
	TABLE_SAVED = 0xF1,            /* day, subject, call id -> SavedReply */
	TABLE_CURSOR = 0xF2,           /* producer -> Position */
	TABLE_TIMER = 0xF3,            /* due, method, name -> TimerRecord */
	TABLE_FIGURE = 0xF4,           /* authority id, metric, category, month -> int64 */
	TABLE_AUTHORITY = 0xF5,        /* id -> AuthorityRecord */
	TABLE_AUTHORITY_CODE = 0xF6,   /* code, list, version -> id */
	TABLE_AUTHORITY_CHILD = 0xF7,  /* parent id, id -> nothing */
	TABLE_TOKEN = 0xF8,            /* hash -> TokenRecord */
	TABLE_TOKEN_OF = 0xF9,         /* authority id, hash -> nothing */
	TABLE_DOOR_KEY = 0xFA,         /* z85 key -> DoorKeyRecord */
	TABLE_REFUSED = 0xFB,          /* seq, index -> ReactionRefused */
	TABLE_AUTHORITY_PARENT = 0xFC, /* id -> parent id, 16 bytes; empty for the root */
};

#endif
