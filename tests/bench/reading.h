/* reading - bytes a second that several threads read from memory at once
 *
 * Each thread goes once over its part of one buffer, larger than any cache:
 * the bound of what reads every weight once, such as decoding one stream. One
 * thread is timed by its processor, so that a shared machine's other work is
 * left out; more by the clock, from the first's beginning to the last's end.
 */
#ifndef ULP_BENCH_READING_H
#define ULP_BENCH_READING_H
#include <pthread.h>
#include "../../lib/base/clock.h"
#include "roof.h"

struct reading_part {
    pthread_t thread;
    pthread_barrier_t *start;
    const char *variant;
    char *p;
    size_t n;
    double began, ended;
};

static inline void *reading_part_run(void *arg)
{
    struct reading_part *r = arg;

    pthread_barrier_wait(r->start);
    r->began = clock_s(CLOCK_MONOTONIC);
    roof_move(r->variant, r->p, r->n, 0);
    r->ended = clock_s(CLOCK_MONOTONIC);
    return NULL;
}

static inline double reading_once(const char *variant, char *p, size_t n,
                                  int threads)
{
    struct reading_part r[64];
    pthread_barrier_t start;
    double began, ended;
    size_t each = n / (size_t)threads / 4096 * 4096;

    pthread_barrier_init(&start, NULL, (unsigned)threads);
    for (int i = 0; i < threads; i++) {
        r[i] = (struct reading_part){.start = &start,
                                     .variant = variant,
                                     .p = p + (size_t)i * each,
                                     .n = each};
        if (i && pthread_create(&r[i].thread, NULL, reading_part_run, &r[i]))
            abort();
    }
    reading_part_run(&r[0]);
    began = r[0].began;
    ended = r[0].ended;
    for (int i = 1; i < threads; i++) {
        pthread_join(r[i].thread, NULL);
        began = r[i].began < began ? r[i].began : began;
        ended = r[i].ended > ended ? r[i].ended : ended;
    }
    pthread_barrier_destroy(&start);
    return (double)each * threads / (ended - began);
}

/* The best of `repeat` passes over n bytes; 0 without memory. */
static inline double reading_rate(const char *variant, int threads, size_t n,
                                  int repeat)
{
    char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                   -1, 0);
    double best = 0;

    if (p == MAP_FAILED)
        return 0;
#ifdef MADV_HUGEPAGE
    madvise(p, n, MADV_HUGEPAGE);
#endif
    memset(p, 1, n);
    for (int i = 0; i < repeat; i++) {
        double t = roof_now(), rate;

        if (threads == 1) {
            roof_move(variant, p, n, 0);
            rate = (double)n / (roof_now() - t);
        } else {
            rate = reading_once(variant, p, n, threads > 64 ? 64 : threads);
        }
        best = rate > best ? rate : best;
    }
    munmap(p, n);
    return best;
}

#endif
