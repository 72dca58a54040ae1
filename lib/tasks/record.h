/* record - what a task set was prepared from, as a file that sha256sum -c
 * checks
 *
 * Comment lines (#) say the command and the account of rows; then the files
 * that were read, excluded and written, each with its SHA-256. Nothing in it
 * depends on when or where it was made.
 */
#ifndef ULP_TASKS_RECORD_H
#define ULP_TASKS_RECORD_H
#include "../base/buf.h"
#include "../base/err.h"
#include "import.h"

/* The line that sha256sum prints for a file, at the end of b. */
int record_sum(struct buf *b, const char *path, struct err *e) MUST_CHECK;
/* "# prepare" and its n arguments, each quoted for a shell where it must be. */
void record_command(struct buf *b, char *const *words, int n);
/* "# " before each line of the account. */
void record_account(struct buf *b, const struct import *im);

#endif
