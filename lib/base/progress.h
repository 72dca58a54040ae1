/* progress - "how far, how fast, how long yet" on stderr
 *
 * On a terminal a live line, at most ten times a second; elsewhere one line at
 * the end. quiet silences both, and no warning. Never on stdout, never in an
 * output file.
 */
#ifndef ULP_BASE_PROGRESS_H
#define ULP_BASE_PROGRESS_H
#include <stdint.h>
#include "err.h"

struct progress;

/* total = 0 when unknown; unit is a plural noun ("records", "tokens"). */
struct progress *progress_open(const char *program, const char *unit,
                               uint64_t total, int quiet);
void progress_add(struct progress *p, uint64_t n);
/* A short remark shown at the end of the line ("loss 2.31"); copied. */
void progress_note(struct progress *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* A line of its own, at once, quiet or not: "program: warning: what: text". */
void progress_warn(struct progress *p, const char *what, const char *text);
/* A line of its own, at once: "program: text". */
void progress_say(struct progress *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void progress_close(struct progress **p); /* prints the closing line */
void progress_drop(struct progress **p);  /* prints none */
/* After an error: the closing line says how far it got; none where no work was
 * done or a pipe's reader left. */
void progress_fail(struct progress **p, const struct err *e);

#endif
