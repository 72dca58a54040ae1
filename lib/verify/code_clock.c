/* code_clock - see code_clock.h */
#include "code_clock.h"
#include "../base/clock.h"

/* A process that is over its limit is ended by the kernel, and says so better
 * than this clock; which is for those that share their work. */
static const double grace_s = 0.5;

void code_clock_start(struct code_clock *c, const struct sandbox *u,
                      const struct sandbox *t, double wait_s, double cpu_s)
{
    *c = (struct code_clock){.side = {u, t},
                             .wait_s = wait_s,
                             .cpu_s = cpu_s,
                             .seen_s = clock_s(CLOCK_MONOTONIC)};
    for (int i = 0; i < 2; i++) {
        (void)sandbox_use(c->side[i], &c->first[i]);
        c->last[i] = c->first[i];
    }
}

static double grown(double *last, double now)
{
    double d = now > *last ? now - *last : 0.0;

    *last = now;
    return d;
}

enum code_time code_clock_look(struct code_clock *c)
{
    double now = clock_s(CLOCK_MONOTONIC), waited = now - c->seen_s;
    enum code_time verdict = TIME_LEFT;

    c->seen_s = now;
    for (int i = 0; i < 2; i++) {
        struct sandbox_use use;

        if (sandbox_use(c->side[i], &use))
            continue;
        waited -= grown(&c->last[i].cpu_s, use.cpu_s);
        waited -= grown(&c->last[i].delay_s, use.delay_s);
        if (use.cpu_s - c->first[i].cpu_s > c->cpu_s + grace_s)
            verdict = TIME_CPU;
    }
    /* Delay is booked when it is over: it may take off what was counted as
     * waiting before, but none that is still to come. */
    c->waited_s += waited;
    if (c->waited_s < 0.0)
        c->waited_s = 0.0;
    return verdict == TIME_LEFT && c->waited_s > c->wait_s ? TIME_WAITED
                                                           : verdict;
}
