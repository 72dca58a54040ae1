/* worker - a process that compares two answers under hard limits
 *
 * Forked at its first use, and again after it was killed. The kernel ends it
 * when one item has used its CPU time (SIGPROF of ITIMER_PROF, by default
 * fatal) or memory (RLIMIT_AS): the item's verdict is then a timeout, unless
 * the worker had already sent a provisional one (numerics agree and only the
 * exact proof was still running).
 */
#ifndef ULP_VERIFY_WORKER_H
#define ULP_VERIFY_WORKER_H
#include "norm.h"
#include "verify.h"

struct worker;

struct worker *worker_open(int cpu_ms, int mem_mb); /* forks nothing yet */
void worker_close(struct worker **w);
/* Fills correct, status, rule, well_formed and the trees; strings in a. */
int worker_compare(struct worker *w, struct arena *a, struct text gold,
                   struct text answer, const struct verify_opts *o,
                   struct verdict *out, struct err *e) MUST_CHECK;

#endif
