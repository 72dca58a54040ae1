/* code_clock - when an item has had its time
 *
 * Two limits, neither of which depends on what else the machine does. CPU time
 * is counted for all processes of a side together. Waiting is what is left of
 * the wall clock when CPU time, and time in which a process was ready to run
 * and the machine was busy with others, are taken off: what a program sleeps,
 * or waits for what never comes. Where the kernel does not tell
 * (sandbox_use), all of the wall clock counts as waiting, and CPU time is
 * bounded for each process alone, by its limit.
 */
#ifndef ULP_VERIFY_CODE_CLOCK_H
#define ULP_VERIFY_CODE_CLOCK_H
#include "sandbox.h"

/* What code_clock_look says: go on; the time to wait is over; CPU time is
 * over. */
enum code_time { TIME_LEFT, TIME_WAITED, TIME_CPU };

struct code_clock {
    const struct sandbox *side[2];
    struct sandbox_use first[2], last[2];
    double wait_s, cpu_s; /* the limits */
    double seen_s;        /* the monotonic clock when last looked at */
    double waited_s;
};

/* When the item is about to begin. */
void code_clock_start(struct code_clock *c, const struct sandbox *u,
                      const struct sandbox *t, double wait_s, double cpu_s);
/* Call it every CODE_TICK_MS or so. */
enum { CODE_TICK_MS = 100 };
enum code_time code_clock_look(struct code_clock *c);

#endif
