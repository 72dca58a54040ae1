/* clock - the time of a clock of POSIX, in seconds or nanoseconds
 *
 * CLOCK_MONOTONIC for what a person waits, CLOCK_PROCESS_CPUTIME_ID for the
 * processor time of all threads.
 */
#ifndef ULP_BASE_CLOCK_H
#define ULP_BASE_CLOCK_H
#include <stdint.h>
#include <time.h>

/* The clock in nanoseconds. */
static inline int64_t clock_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* CLOCK_MONOTONIC in milliseconds: for time limits. */
static inline int64_t clock_ms(void)
{
    return clock_ns(CLOCK_MONOTONIC) / 1000000;
}

/* The clock in seconds. */
static inline double clock_s(clockid_t clock)
{
    return 1e-9 * (double)clock_ns(clock);
}

#endif
