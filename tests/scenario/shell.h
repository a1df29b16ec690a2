/* tests/scenario/shell.h
 *
 * What the live way does by the operators' command line: a command of matricula run
 * against the deployment's folder, its output kept. */
#ifndef TESTS_SCENARIO_SHELL_H
#define TESTS_SCENARIO_SHELL_H

#include <stdbool.h>

enum { SHELL_WORDS_MAX = 20 };

/* Runs matricula with these words (a list that ends with NULL) and --data; the output without its last
 * newline, to be freed, or NULL if it failed. said: if it failed, what it said, to be freed; NULL: that goes
 * where ours goes. The binary lies in $MATRICULA_BIN, default build/release/bin. */
char *shell_matricula(const char *data, const char *const *words, char **said);

/* Kills DIR/SERVICE/pid without warning and waits for another to be there; false if none comes. */
bool shell_kill(const char *data, const char *service);
void shell_sleep_ms(int ms);

#endif
