/* common/core/crash.h
 *
 * The steps in the life of a call at which a process may die. Tests end it at each one;
 * a point that no run ever reached fails the test. */
#ifndef COMMON_CORE_CRASH_H
#define COMMON_CORE_CRASH_H

#define CRASH_DECIDED "call.decided"          /* facts are known, nothing is applied */
#define CRASH_APPLIED "entry.applied"         /* in the memtable, not in the batch */
#define CRASH_APPENDED "entry.appended"       /* in the batch, no commit begun */
#define CRASH_COMMITTING "journal.committing" /* the commit is about to begin */
#define CRASH_COMMITTED "journal.committed"   /* durable, nobody was told */
#define CRASH_REPLIED "reply.sent"
#define CRASH_FROZEN "state.frozen"
#define CRASH_FLUSHING "state.flushing"
#define CRASH_FLUSHED "state.flushed"
#define CRASH_FOLLOWED "follow.decided" /* a followed batch is decided, not appended */
#define CRASH_TIMER "timer.fired"       /* the timer's call is decided, not appended */

#define CRASH_ERASING "slot.erasing" /* an erasure is in the state on disk, its key is still there */
#define CRASH_ERASED "slot.erased"

extern const char *const crash_points[]; /* all of them, then NULL */

#endif
