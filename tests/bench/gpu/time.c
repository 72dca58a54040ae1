/* time - timing, and the rows of the table; see gpu.h */
#include <stdlib.h>
#include "../../../lib/base/clock.h"
#include "gpu.h"

enum { SAMPLES = 7, MAX_CALLS = 200 };
#define SAMPLE_S 0.01 /* a sample lasts about this long, or one call */
#define MOST_S 6.0    /* samples of a slow call are fewer */

/* Seconds a call, over n calls. */
static int sample(struct kernels *k, call_fn *fn, void *ctx, int n, double *s,
                  struct err *e)
{
    double t0;
    int r = k->sync(k, e);

    t0 = clock_s(CLOCK_MONOTONIC);
    for (int i = 0; i < n && !r; i++)
        r = fn(ctx, e);
    if (!r)
        r = k->sync(k, e);
    *s = (clock_s(CLOCK_MONOTONIC) - t0) / n;
    return r;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int bench_time(struct bench *b, struct kernels *k, call_fn *fn, void *ctx,
               struct timing *t, struct err *e)
{
    double s[SAMPLES], first;
    int calls, n = SAMPLES;
    int r = sample(k, fn, ctx, 1, &first, e); /* loads code, chooses */

    if (b->toy) {
        *t = (struct timing){first, 0};
        return r;
    }
    if (!r)
        r = sample(k, fn, ctx, 1, &first, e);
    calls = (int)(SAMPLE_S / (first + 1e-9)) + 1;
    calls = calls > MAX_CALLS ? MAX_CALLS : calls;
    while (n > 3 && n * calls * first > MOST_S)
        n--;
    for (int i = 0; i < n && !r; i++)
        r = sample(k, fn, ctx, calls, &s[i], e);
    if (r)
        return r;
    qsort(s, (size_t)n, sizeof *s, ascending);
    t->s = s[n / 2];
    t->spread = (s[n - 1] - s[0]) / t->s;
    return 0;
}

/* ---- rows ---- */
static const char *const roof_name[N_ROOFS] = {"bf16 rate", "fp32 rate",
                                               "copy rate", ""};

/* Seconds that the bound allows, and its name. */
static double bound(const struct bench *b, const struct row *r,
                    const char **name)
{
    double compute = r->unit == ROOF_COPY ? 0 : r->flops / b->roof[r->unit];
    double memory = r->bytes / b->roof[ROOF_COPY];

    if (r->unit == ROOF_OTHER) {
        *name = r->other;
        return r->other_s;
    }
    *name = roof_name[compute > memory ? r->unit : ROOF_COPY];
    return compute > memory ? compute : memory;
}

static const char *verdict(const struct row *r, double share)
{
    return r->target <= 0 ? "" : share >= r->target ? "met" : "NOT MET";
}

static void head(struct bench *b)
{
    static const char *printed;

    if (printed == b->section)
        return;
    printed = b->section;
    printf("\n%s\n%-34s %-26s %10s %10s  %-12s %10s %6s  %15s %6s %6s\n",
           b->section, "what", "shape", "GFLOP", "MB", "bound", "ms", "spread",
           "achieved", "share", "target");
}

void bench_row(struct bench *b, const struct row *r, const struct timing *t)
{
    const char *name;
    double share = bound(b, r, &name) / t->s;
    int memory = r->flops <= 0 || name == roof_name[ROOF_COPY];
    char achieved[32], target[24] = "", rate[40] = "";

    head(b);
    snprintf(achieved, sizeof achieved, memory ? "%.1f GB/s" : "%.1f TFLOP/s",
             memory ? r->bytes / t->s / 1e9 : r->flops / t->s / 1e12);
    if (r->target > 0)
        snprintf(target, sizeof target, "%.0f%%", 100 * r->target);
    if (r->items > 0)
        snprintf(rate, sizeof rate, "  %.0f tokens/s", r->items / t->s);
    printf("%-34s %-26s %10.2f %10.1f  %-12s ", r->what, r->shape,
           r->flops / 1e9, r->bytes / 1e6, b->toy ? "-" : name);
    if (b->toy)
        printf("%10s %6s  %15s %6s %6s\n", "-", "-", "-", "-",
               *target ? target : "-");
    else
        printf("%10.4f %5.1f%%  %15s %5.1f%% %6s %s%s\n", 1e3 * t->s,
               100 * t->spread, achieved, 100 * share, target,
               verdict(r, share), rate);
    fflush(stdout);
    if (b->table)
        fprintf(b->table,
                "%s\t%s\t%s\t%.9g\t%.9g\t%s\t%.9g\t%.4g\t%.4g\t%.4g\t%s\t%.9g"
                "\n",
                b->section, r->what, r->shape, r->flops, r->bytes, name,
                b->toy ? 0 : t->s, b->toy ? 0 : t->spread, b->toy ? 0 : share,
                r->target, b->toy ? "" : verdict(r, share),
                b->toy || r->items <= 0 ? 0 : r->items / t->s);
    if (b->table)
        fflush(b->table);
}

void bench_failed(struct bench *b, const struct row *r, const struct err *e)
{
    head(b);
    printf("%-34s %-26s not measured: %s\n", r->what, r->shape, e->msg);
    fflush(stdout);
    b->n_failed++;
    if (b->table)
        fprintf(b->table, "%s\t%s\t%s\t0\t0\t\t0\t0\t0\t%.4g\tfailed\t0\n",
                b->section, r->what, r->shape, r->target);
}

int bench_measure(struct bench *b, struct kernels *k, struct row *r,
                  call_fn *fn, void *ctx, struct timing *t)
{
    struct timing mine;
    struct err e = *bench_error();
    int rc = e.code ? -e.code : bench_time(b, k, fn, ctx, &mine, &e);

    if (rc) {
        bench_failed(b, r, &e);
        return rc;
    }
    bench_row(b, r, &mine);
    if (t)
        *t = mine;
    return 0;
}
