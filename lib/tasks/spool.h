/* spool - a stream into a temporary file, for a reader that needs its end */
#ifndef ULP_TASKS_SPOOL_H
#define ULP_TASKS_SPOOL_H
#include "lines.h"

#define SPOOL_MAX ((uint64_t)16 << 30) /* bytes, decompressed */

/* All that is left of l into a file without a name in $TMPDIR or /tmp, which
 * is gone when *fd, the caller's to close, is closed. */
int spool_lines(int *fd, struct lines *l, struct err *e) MUST_CHECK;

#endif
